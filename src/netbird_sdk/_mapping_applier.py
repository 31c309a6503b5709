"""Carries out the state machine's steps on a sink, one turn after the other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from netbird_sdk import _mapping_steps as steps
from netbird_sdk._call_limit import CallLimit
from netbird_sdk.errors import NetBirdError, SinkError
from netbird_sdk.sink import MappingSink, Rejected, SinkLimits

if TYPE_CHECKING:
    from netbird_sdk._mapping_sync import MappingSync
    from netbird_sdk.models.proxy import ProxyMapping

__all__ = ["Applier", "Observer"]

SLICE: Final = 64
"""Steps after which the event loop gets a turn, for sinks that never wait."""
MAX_REASON: Final = 500

T = TypeVar("T")
_logger = logging.getLogger(__name__)


class Observer(Protocol):
    """What happens beyond the sink: done by the session."""

    async def acknowledge(self, count: int) -> None:
        """Acknowledge that many messages."""
        ...

    def rejected(self, step: steps.Reject) -> None:
        """A mapping is not in effect."""
        ...

    def committed(self, mappings: list[ProxyMapping]) -> None:
        """These have been put into effect, and what is served has changed."""
        ...

    def synced(self, step: steps.Synced) -> None:
        """A whole snapshot is in effect."""
        ...

    def drop_stream(self, error: NetBirdError) -> None:
        """The sink failed: everything has to be told again."""
        ...


class Applier:
    """Runs from a session's start to its end, whether a stream is up or not."""

    def __init__(
        self,
        machine: MappingSync,
        sink: MappingSink,
        limits: SinkLimits,
        observer: Observer,
    ) -> None:
        """Take the machine's steps to `sink`, and to `observer` what is not its."""
        self._machine = machine
        self._sink = sink
        self._limits = limits
        self._observer = observer
        self._news = asyncio.Event()
        self._stopping = False
        self._limit = CallLimit(limits.call)
        self._flying: set[asyncio.Task[None]] = set()
        self.busy_since: float | None = None
        """Since when there has been news that is not in effect, on the loop's clock."""
        self._told: dict[str, ProxyMapping] = {}
        """What the sink has accepted since the last commit."""

    def wake(self) -> None:
        """Note that the machine may have another step to give."""
        self._news.set()
        if self.busy_since is None:
            self.busy_since = asyncio.get_running_loop().time()

    def stop(self) -> None:
        """Begin no further upsert or remove; commit what was told, and end."""
        self._stopping = True
        self._news.set()

    async def run(self) -> None:
        """Carry out steps until stopped."""
        loop = asyncio.get_running_loop()
        count = 0
        try:
            while not self._stopping:
                await self._carry_out(self._machine.step(loop.time()))
                count += 1
                if count % SLICE == 0:
                    await asyncio.sleep(0)
            await self._last_commit()
        finally:
            self._limit.close()
            for task in self._flying:
                task.cancel()
            if self._flying:
                await asyncio.wait(self._flying)

    async def _carry_out(self, step: steps.Step | None) -> None:
        match step:
            case steps.Upsert():
                await self._upsert(step)
            case None:
                await self._wait_for_news()
            case steps.Remove():
                await self._remove(step)
            case steps.Commit():
                await self._commit(step)
            case steps.Ack(count):
                await self._observer.acknowledge(count)
            case steps.Reject():
                self._observer.rejected(step)
            case steps.Synced():
                self._observer.synced(step)

    async def _wait_for_news(self) -> None:
        self._news.clear()
        if not self._flying and not self._machine.waiting:
            self.busy_since = None
        try:
            async with asyncio.timeout_at(self._machine.next_retry):
                await self._news.wait()
        except TimeoutError:
            return

    async def _upsert(self, step: steps.Upsert) -> None:
        if self._limits.concurrency == 1:
            failure = await self._outcome(self._sink.upsert, step.mapping)
            self._answer(step, failure)
            return
        while len(self._flying) >= self._limits.concurrency:
            await asyncio.wait(self._flying, return_when=asyncio.FIRST_COMPLETED)
        if self._stopping:
            return
        task = asyncio.create_task(self._upsert_beside_others(step))
        self._flying.add(task)
        task.add_done_callback(self._landed)

    async def _upsert_beside_others(self, step: steps.Upsert) -> None:
        if self._stopping:
            return
        limit = CallLimit(self._limits.call)
        try:
            failure = await self._outcome(self._sink.upsert, step.mapping, limit)
        finally:
            limit.close()
        self._answer(step, failure)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self._news.set()

    def _answer(self, step: steps.Upsert, failure: Exception | None) -> None:
        if failure is None:
            self._machine.accepted(step)
            self._told[step.mapping.id] = step.mapping
        else:
            now = asyncio.get_running_loop().time()
            self._machine.rejected(step, _reason(failure), now)

    async def _remove(self, step: steps.Remove) -> None:
        failure = await self._outcome(self._sink.remove, step.mapping)
        if failure is None:
            self._machine.done(step)
            self._told.pop(step.mapping.id, None)
        else:
            self._failed("remove", failure)

    async def _commit(self, step: steps.Commit) -> None:
        failure = await self._outcome(self._sink.commit, step.complete)
        if failure is None:
            self._machine.done(step)
        elif isinstance(failure, Rejected):
            self._rejected_at_commit(failure)
        else:
            self._failed("commit", failure)
            return
        told, self._told = self._told, {}
        self._observer.committed(list(told.values()))

    def _rejected_at_commit(self, failure: Rejected) -> None:
        reasons = {i: shorten(reason) for i, reason in failure.reasons.items()}
        for service_id in reasons:
            self._told.pop(service_id, None)
        now = asyncio.get_running_loop().time()
        if unknown := self._machine.rejected_at_commit(reasons, now):
            _logger.warning("the sink rejected services it was not given: %s", unknown)

    def _failed(self, call: str, failure: Exception) -> None:
        error = SinkError(f"the sink's {call} failed: {_reason(failure)}")
        error.__cause__ = failure
        self._told.clear()
        self._machine.failed()
        self._observer.drop_stream(error)

    async def _outcome(
        self,
        call: Callable[[T], Awaitable[None]],
        argument: T,
        limit: CallLimit | None = None,
    ) -> Exception | None:
        """Make a sink call within its limit; return what it raised."""
        try:
            with limit or self._limit:
                await call(argument)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            failure = RuntimeError("the call was cancelled from within the sink")
            failure.__cause__ = error
            return failure
        except Exception as error:  # noqa: BLE001 - whatever a sink raises is an answer
            return error
        return None

    async def _last_commit(self) -> None:
        """Put into effect what was told before the session was cancelled."""
        if self._flying:
            await asyncio.wait(self._flying)
        if not self._machine.uncommitted:
            return
        failure = await self._outcome(self._sink.commit, self._machine.whole)
        if failure is None:
            self._machine.done()
        else:
            _logger.warning("the sink's last commit failed: %s", _reason(failure))


def _reason(failure: Exception) -> str:
    return shorten(str(failure) or type(failure).__name__)


def shorten(text: str) -> str:
    """Bound what a sink can make us send and log."""
    return text if len(text) <= MAX_REASON else text[: MAX_REASON - 1] + "…"
