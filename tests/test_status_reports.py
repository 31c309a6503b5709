"""Status reports on virtual time: what is sent, in which order, how much at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import grpc
import pytest

from netbird_sdk import (
    AuthenticationError,
    ConfigurationError,
    NetBirdError,
    RPCError,
    TransportError,
)
from netbird_sdk._status_reports import CONCURRENCY, RATE, Report, StatusReporter
from netbird_sdk.models.proxy import ProxyStatus
from simulation.virtual_time import on_virtual_time

GONE = RPCError("no such service", method="M", code=grpc.StatusCode.NOT_FOUND)
LOST = TransportError("unreachable", method="M", code=grpc.StatusCode.UNAVAILABLE)
REFUSED = AuthenticationError("no", method="M", code=grpc.StatusCode.UNAUTHENTICATED)


def report(service_id: str = "web", text: str | None = None) -> Report:
    return Report(service_id, "account", ProxyStatus.ERROR, error_message=text)


class Management:
    """Takes reports, each call lasting `seconds`; fails as often as it is told."""

    def __init__(self, seconds: float = 0.1) -> None:
        self.seconds = seconds
        self.calls: list[tuple[float, Report]] = []
        self.taken: list[Report] = []
        self.failures: list[NetBirdError] = []
        self.open = 0
        self.most_open = 0
        self.open_ids: list[str] = []

    async def take(self, report: Report) -> None:
        self.calls.append((asyncio.get_running_loop().time(), report))
        assert report.service_id not in self.open_ids, "two calls for one service"
        self.open_ids.append(report.service_id)
        self.most_open = max(self.most_open, len(self.open_ids))
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.open_ids.remove(report.service_id)
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append(report)

    def texts(self, service_id: str) -> list[str | None]:
        return [r.error_message for r in self.taken if r.service_id == service_id]


@asynccontextmanager
async def reporting(management: Management) -> AsyncGenerator[StatusReporter]:
    reporter = StatusReporter(management.take)
    task = asyncio.create_task(reporter.run())
    try:
        yield reporter
    finally:
        assert not task.done(), task
        task.cancel()
        await asyncio.wait({task})


async def until(happened: Callable[[], bool]) -> None:
    """Wait on virtual time, which costs nothing."""
    async with asyncio.timeout(600):
        while not happened():  # noqa: ASYNC110 - on virtual time
            await asyncio.sleep(0.01)


@on_virtual_time
async def test_a_report_is_sent_without_waiting_for_more() -> None:
    management = Management()
    async with reporting(management) as reporter:
        reporter.report(report())
        assert reporter.waiting == 1
        await until(lambda: management.taken == [report()])
        assert management.calls[0][0] < 0.1
        assert reporter.waiting == 0


@on_virtual_time
async def test_only_the_newest_of_what_waits_is_sent() -> None:
    management = Management()
    async with reporting(management) as reporter:
        for i in range(1000):
            reporter.report(report(text=str(i)))
        assert reporter.waiting == 1
        await until(lambda: bool(management.taken))
        await asyncio.sleep(60)
    assert management.texts("web") == ["999"]


@on_virtual_time
async def test_a_newer_one_waits_for_the_older_one_under_way() -> None:
    """Two calls for one service could arrive in the wrong order."""
    management = Management(seconds=5)
    async with reporting(management) as reporter:
        reporter.report(report(text="old"))
        await until(lambda: len(management.calls) == 1)
        reporter.report(report(text="newer"))
        reporter.report(report(text="newest"))
        reporter.report(report("other"))
        await until(lambda: len(management.taken) == 3)
    assert management.texts("web") == ["old", "newest"]
    assert management.calls[2][0] >= 5
    assert management.calls[1][1].service_id == "other"


@on_virtual_time
async def test_a_hundred_thousand_are_not_as_many_calls_at_once() -> None:
    management = Management(seconds=0.5)
    count = 100_000
    async with reporting(management) as reporter:
        for i in range(count):
            reporter.report(report(f"service-{i}"))
        await asyncio.sleep(60)
        within_a_minute = len(management.calls)
        assert reporter.waiting >= count - within_a_minute - CONCURRENCY
    assert management.most_open <= CONCURRENCY
    # Eight at once, each half a second long: the calls' length is what holds them up.
    assert 0.8 * 60 * CONCURRENCY / 0.5 < within_a_minute <= 60 * CONCURRENCY / 0.5 + 8


@on_virtual_time
async def test_quick_answers_do_not_raise_the_rate() -> None:
    management = Management(seconds=0)
    async with reporting(management) as reporter:
        for i in range(1000):
            reporter.report(report(f"service-{i}"))
        await until(lambda: len(management.taken) == 1000)
    times = [time for time, _ in management.calls]
    for start in range(1000 - int(RATE)):
        assert times[start + int(RATE)] - times[start] > 0.99
    assert times[-1] < 1.1 * 1000 / RATE


@on_virtual_time
async def test_idle_time_is_not_saved_up_for_a_burst() -> None:
    management = Management(seconds=0)
    async with reporting(management) as reporter:
        reporter.report(report())
        await asyncio.sleep(3600)
        start = asyncio.get_running_loop().time()
        for i in range(100):
            reporter.report(report(f"service-{i}"))
        await until(lambda: len(management.taken) == 101)
        assert asyncio.get_running_loop().time() - start > 0.9 * 100 / RATE


@on_virtual_time
async def test_one_that_fails_for_a_passing_reason_is_sent_again_later() -> None:
    management = Management()
    management.failures = [LOST] * 8
    async with reporting(management) as reporter:
        reporter.report(report())
        await until(lambda: bool(management.taken))
    times = [time for time, _ in management.calls]
    assert len(times) == 9
    # The waits grow to a few seconds: about half a minute for all of them.
    assert 5 < times[-1] < 80


@on_virtual_time
async def test_an_outage_holds_all_of_them_up_and_loses_none() -> None:
    management = Management()
    async with reporting(management) as reporter:
        management.failures = [LOST] * 30
        for i in range(100):
            reporter.report(report(f"service-{i}"))
        await until(lambda: len(management.taken) == 100)
        assert {r.service_id for r in management.taken} == {
            f"service-{i}" for i in range(100)
        }
        # Not one wait for each report: management was away for all of them.
        assert len(management.calls) == 130


@on_virtual_time
async def test_a_newer_one_takes_the_place_of_one_that_failed() -> None:
    management = Management()
    management.failures = [LOST]
    async with reporting(management) as reporter:
        reporter.report(report(text="old"))
        await until(lambda: len(management.calls) == 1)
        reporter.report(report(text="new"))
        await asyncio.sleep(60)
    assert management.texts("web") == ["new"]
    assert len(management.calls) == 2


@pytest.mark.parametrize("error", [GONE, REFUSED], ids=["NOT_FOUND", "refused"])
def test_one_that_cannot_be_taken_is_dropped(
    error: NetBirdError, caplog: pytest.LogCaptureFixture
) -> None:
    @on_virtual_time
    async def scenario() -> None:
        management = Management()
        management.failures = [error]
        async with reporting(management) as reporter:
            reporter.report(report())
            await asyncio.sleep(60)
            assert len(management.calls) == 1
            assert reporter.waiting == 0
            reporter.report(report("other"))
            await until(lambda: management.taken == [report("other")])

    scenario()
    # That a service is gone in the meantime is normal, anything else is worth a line.
    assert ("status of web not reported" in caplog.text) is (error is REFUSED)


@on_virtual_time
async def test_one_that_cannot_even_be_encoded_does_not_stop_the_others() -> None:
    management = Management()
    management.failures = [ConfigurationError("a character that cannot be sent")]
    async with reporting(management) as reporter:
        reporter.report(report())
        reporter.report(report("other"))
        await until(lambda: management.taken == [report("other")])


@on_virtual_time
async def test_cancelling_ends_calls_in_progress() -> None:
    management = Management(seconds=3600)
    async with reporting(management) as reporter:
        for i in range(20):
            reporter.report(report(f"service-{i}"))
        await until(lambda: len(management.open_ids) == CONCURRENCY)
    assert management.open_ids == []
