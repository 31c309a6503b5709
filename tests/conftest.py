"""What holds for every test: no skips in CI, no task left behind."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
from collections.abc import AsyncIterator, Generator

import pytest
from hypothesis import HealthCheck, settings

from grpc_tasks import is_lost_by_grpc

# A shell starts background jobs with SIGINT ignored, and programs that tests start and
# interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

SKIPS_ALLOWED = os.environ.get("NETBIRD_SDK_NO_SKIPS") != "1"
SECONDS_TO_WIND_DOWN = 2.0

# No deadlines: how fast one example is says more about the machine than about the code.
settings.register_profile(
    "dev", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "ci", settings.get_profile("dev"), derandomize=True, print_blob=True
)
settings.register_profile("fuzz", settings.get_profile("dev"), max_examples=20_000)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("dev" if SKIPS_ALLOWED else "ci")
)


@pytest.fixture(autouse=True)
def no_task_left_behind(request: pytest.FixtureRequest) -> None:
    """Fail an asynchronous test that ends while tasks of its making still run."""
    # Asked for first, so that it looks last: after the test's own fixtures are closed.
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("watch_tasks")


@pytest.fixture
async def watch_tasks() -> AsyncIterator[None]:
    """Compare the tasks before and after, giving ending ones a moment."""
    before = asyncio.all_tasks()
    yield
    started = {
        task
        for task in asyncio.all_tasks() - before - {asyncio.current_task()}
        if not is_lost_by_grpc(task)
    }
    if started:
        # What was closed just now may need a turn of the loop to end.
        _, running = await asyncio.wait(started, timeout=SECONDS_TO_WIND_DOWN)
        assert not running, f"tasks left behind: {sorted(map(repr, running))}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    report = yield
    if not hasattr(report, "wasxfail"):
        refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[
    None, pytest.CollectReport, pytest.CollectReport
]:
    report = yield
    refuse_skip(report)
    return report


def refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure where skips are not allowed."""
    if report.skipped and not SKIPS_ALLOWED:
        reason = report.longrepr
        text = reason[2] if isinstance(reason, tuple) else str(reason)
        report.outcome = "failed"
        report.longrepr = f"{text} (NETBIRD_SDK_NO_SKIPS=1 allows no skip)"
