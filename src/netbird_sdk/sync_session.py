"""A session that follows the network of a peer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from datetime import UTC, datetime
from random import Random
from typing import Final, Protocol, TypeAlias

import attrs
import grpc
from typing_extensions import override

from netbird_sdk._network_diff import same_checks
from netbird_sdk._network_slices import UpdateReader
from netbird_sdk.config import Backoff
from netbird_sdk.errors import ClosedError, NetBirdError, RPCError, TransportError
from netbird_sdk.events import (
    ChecksNotReported,
    NetworkSynced,
    UpdateFailed,
    UpdateIgnored,
)
from netbird_sdk.keys import PublicKey
from netbird_sdk.models.management import (
    Checks,
    File,
    NetworkMapEnvelope,
    PeerSystemMeta,
    SyncResponse,
)
from netbird_sdk.network_state import (
    NO_EXPIRY,
    NetworkChange,
    NetworkState,
    applies,
    changes,
    left_out,
)
from netbird_sdk.session import OnEvent, RetryOn, Session
from netbird_sdk.system import system_meta

__all__ = ["EvaluateChecks", "NetworkSource", "OnUpdate", "SyncSession", "UpdateStream"]

OnUpdate: TypeAlias = Callable[[NetworkState, NetworkChange], Awaitable[None]]
EvaluateChecks: TypeAlias = Callable[[Sequence[Checks]], Awaitable[Sequence[File]]]

CHECKS_TIMEOUT: Final = 15.0
"""Seconds the files of posture checks may take to look up."""
CHECKS_RETRY: Final = 60.0
_METHOD: Final = "Sync"


class UpdateStream(Protocol):
    """One connection's worth of updates."""

    async def read_bytes(self) -> bytes | None:
        """Return the next update, opened; None when the server ended the stream.

        Raises:
            NetBirdError: The stream broke.
        """
        ...

    async def aclose(self) -> None:
        """End the stream and let go of it."""
        ...


class NetworkSource(Protocol):
    """Where updates come from: a server, or a simulation of one."""

    async def open(self, meta: PeerSystemMeta) -> UpdateStream:
        """Open a stream of updates, beginning with the whole network."""
        ...

    async def sync_meta(self, meta: PeerSystemMeta) -> None:
        """Tell of this machine while a stream is open."""
        ...

    async def extend(self, jwt: str, meta: PeerSystemMeta) -> datetime | None:
        """Extend the login; return its new end, None if there is none."""
        ...


class SyncSession(Session):
    """Made by `ManagementClient.sync`.

    Updates are read and folded into `network` as they come. `on_update` is called with
    one network at a time: what arrives meanwhile is told by its next call, as one
    change. What it raises is told by an `UpdateFailed` event, and the next change then
    holds what it had been told in vain. The end of the session cancels it.

    The session is in sync once the network of a stream has been told to `on_update`.
    When the server changes the set of files it wants to know of, they are looked up and
    told. A refusal with PERMISSION_DENIED ends the session: the peer has been deleted,
    blocked, or its login has expired. Everything else is met with another attempt.
    """

    def __init__(
        self,
        source: NetworkSource,
        *,
        own_key: PublicKey,
        meta: PeerSystemMeta | None,
        on_update: OnUpdate | None,
        evaluate_checks: EvaluateChecks,
        backoff: Backoff,
        retry_on: RetryOn | None,
        on_event: OnEvent | None,
        random: Random | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Follow a source; `clock` is the time of day."""
        super().__init__(
            backoff=backoff,
            retry_on=retry_on,
            on_event=on_event,
            random=random,
            logger=logging.getLogger(__name__),
        )
        self._source = source
        self._own_key = own_key
        self._meta = meta
        self._on_update = on_update
        self._evaluate_checks = evaluate_checks
        self._clock = clock
        self._reader = UpdateReader()
        self._network = NetworkState()
        self._told = self._network
        """What `on_update` was told last, without raising."""
        self._components: NetworkMapEnvelope | None = None
        self._news = asyncio.Event()
        """Set, and replaced by another, whenever there is news."""
        self._stream_number = 0
        self._whole_stream = 0
        """Number of the newest stream whose network is known."""
        self._over = False

    @property
    def network(self) -> NetworkState:
        """The newest network; it is kept through outages."""
        return self._network

    @property
    def components(self) -> NetworkMapEnvelope | None:
        """What a server last sent in place of a network map, though never asked to.

        It is not folded into `network`, see `UpdateIgnored`.
        """
        return self._components

    async def wait_until(
        self, condition: Callable[[NetworkState], bool]
    ) -> NetworkState:
        """Wait for a network that fulfils a condition, and return it.

        Raises:
            ClosedError: The session is over; `run` says why.
        """
        while not condition(self._network):
            if self._over:
                raise ClosedError("the session ended before that came true")
            await self._news.wait()
        return self._network

    async def extend_auth_session(self, jwt: str) -> datetime | None:
        """Do what `ManagementClient.extend_auth_session` does, and note the deadline.

        `network` has the new deadline at once.

        Raises:
            NetBirdError: See there. The token may be used up all the same.
        """
        deadline = await self._source.extend(jwt, await self._current_meta())
        self._fold(SyncResponse(session_expires_at=deadline or NO_EXPIRY))
        return deadline

    # The connection: reads ahead, whatever `on_update` is doing.

    @override
    async def _connect(self) -> None:
        stream = await self._source.open(await self._current_meta())
        self._stream_number += 1
        try:
            while (body := await stream.read_bytes()) is not None:
                update = self._reader.read(body)
                if self._up_since is None:
                    self._stream_up(_METHOD)
                self._take(update)
            raise TransportError(
                f"{_METHOD}: the server ended the stream",
                method=_METHOD,
                code=grpc.StatusCode.UNAVAILABLE,
            )
        finally:
            await stream.aclose()

    def _take(self, update: SyncResponse) -> None:
        for reason in left_out(update, self._network, self._clock()):
            self._emit(UpdateIgnored(reason=reason))
        if applies(update, self._network):
            self._reader.keep()
        if update.network_map is not None or update.remote_peers:
            self._whole_stream = self._stream_number
        if update.network_map_envelope is not None:
            self._components = update.network_map_envelope
        self._fold(update)

    def _fold(self, update: SyncResponse) -> None:
        self._network = self._network.folded(
            update, own_key=self._own_key, now=self._clock()
        )
        self._notify()

    def _notify(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _current_meta(self) -> PeerSystemMeta:
        if self._meta is None:
            self._meta = await asyncio.to_thread(system_meta)
        return self._meta

    @override
    def _worth_retrying(self, error: NetBirdError) -> bool:
        if isinstance(error, RPCError) and self._retry_on is None:
            return error.code is not grpc.StatusCode.PERMISSION_DENIED
        return super()._worth_retrying(error)

    # Beside the connections: `on_update` and posture checks.

    @override
    def _alongside(self) -> AbstractAsyncContextManager[object]:
        return self._working()

    @asynccontextmanager
    async def _working(self) -> AsyncGenerator[None]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._tell_updates()),
                group.create_task(self._report_checks()),
            ]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                self._over = True
                self._notify()

    async def _tell_updates(self) -> None:
        synced_stream = 0
        while True:
            news, network, stream = self._news, self._network, self._whole_stream
            if self._on_update is not None:
                await self._tell(self._on_update, network)
            if stream > synced_stream:
                synced_stream = stream
                self._now_synced(network, current=stream == self._stream_number)
            await news.wait()

    async def _tell(self, on_update: OnUpdate, network: NetworkState) -> None:
        change = changes(self._told, network, self._reader.difference)
        if change:
            try:
                await on_update(network, change)
            except Exception as error:
                self._logger.exception("on_update raised for %r", network)
                self._emit(UpdateFailed(serial=network.serial, error=error))
                return
        self._told = network

    def _now_synced(self, network: NetworkState, *, current: bool) -> None:
        self._in_sync(current=current)
        if current:
            self._emit(NetworkSynced(serial=network.serial, peers=len(network.peers)))

    async def _report_checks(self) -> None:
        reported: tuple[Checks, ...] = ()
        while True:
            news, wanted = self._news, self._network.checks
            due = not same_checks(reported, wanted)
            if due and await self._report(wanted):
                reported, due = wanted, False
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECKS_RETRY if due else None):
                    await news.wait()

    async def _report(self, wanted: tuple[Checks, ...]) -> bool:
        try:
            async with asyncio.timeout(CHECKS_TIMEOUT):
                files = await self._evaluate_checks(wanted)
            meta = attrs.evolve(await self._current_meta(), files=files)
            await self._source.sync_meta(meta)
        except Exception as error:  # noqa: BLE001 - whatever it is, there is no answer
            self._emit(ChecksNotReported(retry_in=CHECKS_RETRY, error=error))
            return False
        self._meta = meta
        return True
