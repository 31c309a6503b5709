"""A session that keeps a sink in step with the mappings of a cluster."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from random import Random
from typing import Final

import attrs
import grpc

from netbird_sdk import _mapping_steps as steps
from netbird_sdk._mapping_applier import Applier, shorten
from netbird_sdk._mapping_slices import read_batch
from netbird_sdk._mapping_stream import MappingSource, MappingStream
from netbird_sdk._mapping_sync import MappingSync
from netbird_sdk._state_keeper import StateFile, StateKeeper
from netbird_sdk._status import hides_status
from netbird_sdk._status_reports import Report, StatusReporter
from netbird_sdk.config import Backoff
from netbird_sdk.errors import (
    NetBirdError,
    RPCError,
    TransportError,
    UnsupportedError,
)
from netbird_sdk.events import (
    CutByServer,
    FellBack,
    MappingRejected,
    SnapshotOverdue,
    Synced,
)
from netbird_sdk.models.proxy import ProxyMapping, ProxyStatus
from netbird_sdk.serves import Serves
from netbird_sdk.session import OnEvent, RetryOn, Session
from netbird_sdk.sink import MappingSink, SinkLimits

__all__ = ["MappingCounters", "MappingSession"]

_CANCELLED: Final = grpc.StatusCode.CANCELLED

SendReport = Callable[[Report], Awaitable[None]]


@attrs.frozen(kw_only=True)
class MappingCounters:
    """What a session has done so far, and where it stands."""

    messages: int
    """Received from management."""
    acks: int
    """Sent to management."""
    unchanged: int
    """Mappings received that equalled what was wanted already."""
    upserted: int
    removed: int
    rejections: int
    """Times a mapping was refused by `serves` or rejected by the sink."""
    commits: int
    connections: int
    """Streams that came up."""
    services: int
    """Services known now."""
    rejected_services: int
    """Services that are not in effect as wanted now."""
    waiting: int
    """Services whose news the sink has not been told yet."""
    lag: float
    """Seconds since the oldest news that is not in effect arrived; 0.0 without any."""
    waiting_reports: int
    """Status reports not yet sent."""


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
        send_report: SendReport | None = None,
        report_active: bool = True,
        state: StateFile | None = None,
        cluster: str = "",
        proxy_id: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Wire a source of streams to a sink; `clock` is the time of day."""
        super().__init__(
            backoff=backoff,
            retry_on=retry_on,
            on_event=on_event,
            random=random,
            logger=logging.getLogger(__name__),
        )
        self._source = source
        self._proxy_id = proxy_id
        self._limits = limits
        self._machine = MappingSync(
            refusal=serves.refusal, max_services=limits.services
        )
        self._applier = Applier(self._machine, sink, limits, self)
        self._reporter = StatusReporter(send_report) if send_report else None
        self._report_active = report_active
        self._keeper = (
            StateKeeper(state, cluster, clock, lambda: self.stale_for)
            if state
            else None
        )
        self._stream: MappingStream | None = None
        self._synced_from = 0.0
        self._cuts: deque[float] = deque()
        """When the server cut a stream, within the last minute."""
        self._messages = self._acks = self._rejections = self._commits = 0

    @property
    def counters(self) -> MappingCounters:
        """What the session has done so far, and where it stands."""
        machine = self._machine
        return MappingCounters(
            messages=self._messages,
            acks=self._acks,
            unchanged=machine.unchanged,
            upserted=machine.upserted,
            removed=machine.removed,
            rejections=self._rejections,
            commits=self._commits,
            connections=machine.streams,
            services=machine.services,
            rejected_services=machine.rejected_services,
            waiting=machine.waiting,
            lag=self._lag(),
            waiting_reports=self._reporter.waiting if self._reporter else 0,
        )

    def _lag(self) -> float:
        since = self._applier.busy_since
        return 0.0 if since is None else asyncio.get_running_loop().time() - since

    def report_status(
        self,
        mapping: ProxyMapping,
        status: ProxyStatus,
        *,
        certificate_issued: bool = False,
        error_message: str | None = None,
    ) -> None:
        """Tell management more of a service than that it is active or in error.

        Returns at once; the newest report of each service is sent beside the session.
        """
        if self._reporter is not None:
            self._reporter.report(
                Report(
                    mapping.id,
                    mapping.account_id,
                    status,
                    certificate_issued,
                    shorten(error_message) if error_message else None,
                )
            )

    # The connection: reads ahead, whatever the sink is doing.

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        overdue: asyncio.TimerHandle | None = None
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
                self._messages += 1
                self._machine.received(*read_batch(message, stream.method))
                self._applier.wake()
                if overdue is not None and not self._machine.snapshot_open:
                    overdue.cancel()
                message = await stream.read()
            raise TransportError(
                f"{stream.method}: the server ended the stream",
                method=stream.method,
                code=grpc.StatusCode.UNAVAILABLE,
            )
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

    def _stream_lost(self, error: NetBirdError) -> None:
        if not isinstance(error, RPCError) or error.code is not _CANCELLED:
            return
        now = asyncio.get_running_loop().time()
        self._cuts.append(now)
        while self._cuts[0] < now - 60:
            self._cuts.popleft()
        self._emit(CutByServer(proxy_id=self._proxy_id, times=len(self._cuts)))

    def _overdue(self, seconds: float) -> None:
        self._emit(SnapshotOverdue(seconds=seconds))

    # Beside the connections: the sink, status reports, the state file.

    def _alongside(self) -> AbstractAsyncContextManager[object]:
        return self._applying()

    @asynccontextmanager
    async def _applying(self) -> AsyncGenerator[None]:
        if self._keeper is not None:
            event, slices = await self._keeper.load()
            self._emit(event)
            if slices:
                self._machine.restore(slices)
        async with asyncio.TaskGroup() as group:
            applier = group.create_task(self._applier.run())
            others: list[asyncio.Task[None]] = []
            if self._reporter is not None:
                others.append(group.create_task(self._reporter.run()))
            if self._keeper is not None:
                others.append(group.create_task(self._keeper.run(self._machine)))
            try:
                yield
            finally:
                # Not cancelled at once: the call in progress may still come to its end.
                self._applier.stop()
                await asyncio.wait({applier}, timeout=self._limits.shutdown)
                for task in (applier, *others):
                    task.cancel()

    async def acknowledge(self, count: int) -> None:
        """Part of `Observer`."""
        if (stream := self._stream) is None:
            return
        for _ in range(count):
            await stream.ack()
            self._acks += 1

    def rejected(self, step: steps.Reject) -> None:
        """Part of `Observer`."""
        self._rejections += 1
        if self._reporter is not None:
            self._reporter.report(
                Report(
                    step.service_id,
                    step.account_id,
                    ProxyStatus.ERROR,
                    error_message=step.reason,
                )
            )
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

    def committed(self, mappings: list[ProxyMapping]) -> None:
        """Part of `Observer`."""
        self._commits += 1
        if self._keeper is not None and self._machine.whole:
            self._keeper.changed()
        if self._report_active:
            for mapping in mappings:
                self.report_status(mapping, ProxyStatus.ACTIVE)

    def synced(self, step: steps.Synced) -> None:
        """Part of `Observer`."""
        if self._keeper is not None:
            self._keeper.changed()
        if not step.from_stream:
            return
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

    def drop_stream(self, error: NetBirdError) -> None:
        """Part of `Observer`."""
        if self._stream is not None:
            self._stream.drop(error)


async def _first_message(stream: MappingStream) -> bytes | None:
    try:
        return await stream.read()
    except BaseException:
        await stream.aclose()
        raise
