"""A session that keeps a sink in step with the mappings of a cluster."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from random import Random
from typing import TYPE_CHECKING, Final

import attrs

from netbird_sdk import _mapping_steps as steps
from netbird_sdk._call_limit import CallLimit
from netbird_sdk._mapping_slices import read_batch
from netbird_sdk._mapping_sync import MappingSync
from netbird_sdk._status import hides_status
from netbird_sdk.config import Backoff
from netbird_sdk.errors import RPCError, SinkError, TransportError, UnsupportedError
from netbird_sdk.events import FellBack, MappingRejected, SnapshotOverdue, Synced
from netbird_sdk.session import OnEvent, RetryOn, Session
from netbird_sdk.sink import MappingSink, Rejected

if TYPE_CHECKING:
    from netbird_sdk._mapping_stream import MappingSource, MappingStream
    from netbird_sdk.serves import Serves

__all__ = ["MappingSession", "SinkLimits"]

SLICE: Final = 64
"""Sink calls after which the event loop gets a turn, for sinks that never wait."""
MAX_REASON: Final = 500


@attrs.frozen(kw_only=True)
class SinkLimits:
    """How a session treats its sink. Seconds; None for no limit."""

    call: float | None = 120.0
    """For each single call. One that overruns is cancelled and awaited."""
    shutdown: float = 10.0
    """On cancellation: for the call in progress and the last commit."""
    snapshot: float | None = 120.0
    """Until the end of a snapshot is called overdue, in an event."""
    concurrency: int = 1
    """Upserts of different services at once; only for a sink that can take it."""
    services: int | None = None
    """Services a server may make this process remember."""


class MappingSession(Session):
    """Made by `ProxyClient.sync_mappings`."""

    def __init__(
        self,
        source: MappingSource,
        sink: MappingSink,
        serves: Serves,
        *,
        limits: SinkLimits,
        backoff: Backoff,
        retry_on: RetryOn | None,
        on_event: OnEvent | None,
        random: Random | None = None,
    ) -> None:
        """Wire a source of streams to a sink."""
        super().__init__(
            backoff=backoff,
            retry_on=retry_on,
            on_event=on_event,
            random=random,
            logger=logging.getLogger(__name__),
        )
        self._source = source
        self._sink = sink
        self._limits = limits
        self._machine = MappingSync(
            refusal=serves.refusal, max_services=limits.services
        )
        self._stream: MappingStream | None = None
        self._news = asyncio.Event()
        """The machine may have another step to give."""
        self._stopping = False
        self._flying: set[asyncio.Task[None]] = set()
        self._limit = CallLimit(limits.call)
        self._synced_from = 0.0

    # The connection: reads ahead, whatever the sink is doing.

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        overdue = None
        if (limit := self._limits.snapshot) is not None:
            overdue = loop.call_later(limit, self._overdue, limit)
        stream: MappingStream | None = None
        try:
            stream, message = await self._open()
            if message is not None:
                self._stream_up(stream.method)
                self._synced_from = loop.time()
                self._machine.connected(acks=stream.acks)
                self._stream = stream
            while message is not None:
                self._machine.received(*read_batch(message, stream.method))
                self._news.set()
                if overdue is not None and not self._machine.snapshot_open:
                    overdue.cancel()
                message = await stream.read()
            raise _ended(stream.method)
        finally:
            self._stream = None
            if overdue is not None:
                overdue.cancel()
            if stream is not None:
                await stream.aclose()

    async def _open(self) -> tuple[MappingStream, bytes | None]:
        """Open a stream and read a first message: it tells whether the RPC exists."""
        for _ in range(2):
            newer = await self._source.open(acks=True)
            try:
                return newer, await _first_message(newer)
            except UnsupportedError:
                break
            except RPCError as error:
                if not hides_status(error):
                    raise
        # The older RPC's request cannot race its status: it shows every one.
        older = await self._source.open(acks=False)
        message = await _first_message(older)
        self._emit(FellBack(used=older.method))
        return older, message

    def _overdue(self, seconds: float) -> None:
        self._emit(SnapshotOverdue(seconds=seconds))

    # The sink: one turn after the other, from the session's start to its end.

    def _alongside(self) -> AbstractAsyncContextManager[object]:
        return self._applying()

    @asynccontextmanager
    async def _applying(self) -> AsyncGenerator[None]:
        async with asyncio.TaskGroup() as group:
            applier = group.create_task(self._apply())
            try:
                yield
            finally:
                # Not cancelled at once: the call in progress may still come to its end.
                self._stopping = True
                self._news.set()
                await asyncio.wait({applier}, timeout=self._limits.shutdown)
                applier.cancel()

    async def _apply(self) -> None:
        loop = asyncio.get_running_loop()
        calls = 0
        try:
            while not self._stopping:
                await self._carry_out(self._machine.step(loop.time()))
                calls += 1
                if calls % SLICE == 0:
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
            case steps.Remove() | steps.Commit():
                await self._remove_or_commit(step)
            case steps.Ack(count):
                for _ in range(count):
                    await self._ack()
            case steps.Reject():
                self._reject(step)
            case steps.Synced():
                self._synced(step)

    async def _wait_for_news(self) -> None:
        self._news.clear()
        retry = self._machine.next_retry
        try:
            async with asyncio.timeout_at(retry):
                await self._news.wait()
        except TimeoutError:
            return

    async def _upsert(self, step: steps.Upsert) -> None:
        if self._limits.concurrency == 1:
            self._answer(step, await self._outcome(self._sink.upsert(step.mapping)))
            return
        while len(self._flying) >= self._limits.concurrency:
            await asyncio.wait(self._flying, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._upsert_beside_others(step))
        self._flying.add(task)
        task.add_done_callback(self._landed)

    async def _upsert_beside_others(self, step: steps.Upsert) -> None:
        limit = CallLimit(self._limits.call)
        try:
            outcome = await self._outcome(self._sink.upsert(step.mapping), limit)
        finally:
            limit.close()
        self._answer(step, outcome)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self._news.set()

    def _answer(self, step: steps.Upsert, failure: Exception | None) -> None:
        if failure is None:
            self._machine.accepted(step)
        else:
            self._machine.rejected(step, _reason(failure))

    async def _remove_or_commit(self, step: steps.Remove | steps.Commit) -> None:
        if isinstance(step, steps.Remove):
            name, failure = (
                "remove",
                await self._outcome(self._sink.remove(step.mapping)),
            )
        else:
            name, failure = (
                "commit",
                await self._outcome(self._sink.commit(step.complete)),
            )
        if failure is None:
            self._machine.done(step)
        elif isinstance(failure, Rejected) and name == "commit":
            self._rejected_at_commit(failure)
        else:
            self._drop_stream(name, failure)

    def _rejected_at_commit(self, failure: Rejected) -> None:
        reasons = {i: _shorten(reason) for i, reason in failure.reasons.items()}
        if unknown := self._machine.rejected_at_commit(reasons):
            self._logger.warning(
                "the sink rejected services it was not given: %s", unknown
            )

    def _drop_stream(self, name: str, failure: Exception) -> None:
        error = SinkError(f"the sink's {name} failed: {_reason(failure)}")
        error.__cause__ = failure
        self._machine.failed()
        if self._stream is not None:
            self._stream.drop(error)

    async def _outcome(
        self, call: Awaitable[None], limit: CallLimit | None = None
    ) -> Exception | None:
        """Await a sink call within its limit; return what it raised."""
        try:
            with limit or self._limit:
                await call
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
        failure = await self._outcome(self._sink.commit(self._machine.whole))
        if failure is None:
            self._machine.done()
        else:
            self._logger.warning("the sink's last commit failed: %s", _reason(failure))

    async def _ack(self) -> None:
        if self._stream is not None:
            await self._stream.ack()

    def _reject(self, step: steps.Reject) -> None:
        if step.news:
            self._emit(
                MappingRejected(
                    service_id=step.service_id,
                    account_id=step.account_id,
                    reason=step.reason,
                    refused=step.refused,
                    still_served=step.still_served,
                )
            )

    def _synced(self, step: steps.Synced) -> None:
        self._in_sync(current=not self._machine.snapshot_open)
        self._emit(
            Synced(
                services=step.services,
                upserted=step.upserted,
                removed=step.removed,
                rejected=step.rejected,
                unchanged=step.unchanged,
                seconds=asyncio.get_running_loop().time() - self._synced_from,
            )
        )


async def _first_message(stream: MappingStream) -> bytes | None:
    try:
        return await stream.read()
    except BaseException:
        await stream.aclose()
        raise


def _ended(method: str) -> TransportError:
    import grpc

    return TransportError(
        f"{method}: the server ended the stream",
        method=method,
        code=grpc.StatusCode.UNAVAILABLE,
    )


def _reason(failure: Exception) -> str:
    return _shorten(str(failure) or type(failure).__name__)


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_REASON else text[: MAX_REASON - 1] + "…"
