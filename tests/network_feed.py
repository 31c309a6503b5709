"""A source of updates of the network that a test writes by hand; no sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any

import attrs

from netbird_sdk._codec import encode
from netbird_sdk.config import Backoff
from netbird_sdk.errors import NetBirdError
from netbird_sdk.events import SessionEvent
from netbird_sdk.keys import PrivateKey
from netbird_sdk.models.management import (
    File,
    NetworkMap,
    PeerSystemMeta,
    RemotePeerConfig,
    SyncResponse,
)
from netbird_sdk.network_state import NetworkChange, NetworkState
from netbird_sdk.sync_session import EvaluateChecks, OnUpdate, SyncSession

OWN_KEY = PrivateKey.generate().public_key
META = PeerSystemMeta(hostname="host", netbird_version="0.77.1")


def update(serial: int, *peers: str, **fields: Any) -> SyncResponse:
    """Make an update with a map of peers of these names."""
    network = NetworkMap(
        serial=serial,
        remote_peers=[RemotePeerConfig(wg_pub_key=name) for name in peers],
        firewall_rules_is_empty=True,
    )
    return SyncResponse(network_map=network, **fields)


class FeedStream:
    """One stream; `push` and `end` are the server's side."""

    def __init__(self) -> None:
        self.closed = False
        self._waiting: asyncio.Queue[bytes | NetBirdError | None] = asyncio.Queue()

    def push(self, *bodies: SyncResponse | bytes) -> None:
        for body in bodies:
            self._waiting.put_nowait(body if isinstance(body, bytes) else encode(body))

    def end(self, error: NetBirdError | None = None) -> None:
        self._waiting.put_nowait(error)

    @property
    def all_read(self) -> bool:
        return self._waiting.empty()

    async def read_bytes(self) -> bytes | None:
        body = await self._waiting.get()
        if isinstance(body, NetBirdError):
            raise body
        return body

    async def aclose(self) -> None:
        self.closed = True


@attrs.define(kw_only=True)
class Feed:
    """Implements `NetworkSource`."""

    on_open: Callable[[FeedStream], None] = lambda _: None
    """What the server does first on each stream."""
    streams: list[FeedStream] = attrs.field(factory=list)
    opened_at: list[float] = attrs.field(factory=list)
    opened_with: list[PeerSystemMeta] = attrs.field(factory=list)
    metas: list[PeerSystemMeta] = attrs.field(factory=list)
    """What SyncMeta was called with."""
    meta_errors: list[NetBirdError] = attrs.field(factory=list)
    """What the next calls of SyncMeta fail with."""
    deadline: datetime | None = None
    """What extending a login leads to."""
    tokens: list[str] = attrs.field(factory=list)

    async def open(self, meta: PeerSystemMeta) -> FeedStream:
        stream = FeedStream()
        self.streams.append(stream)
        self.opened_at.append(asyncio.get_running_loop().time())
        self.opened_with.append(meta)
        self.on_open(stream)
        return stream

    async def sync_meta(self, meta: PeerSystemMeta) -> None:
        if self.meta_errors:
            raise self.meta_errors.pop(0)
        self.metas.append(meta)

    async def extend(self, jwt: str, meta: PeerSystemMeta) -> datetime | None:
        self.tokens.append(jwt)
        return self.deadline


class Log:
    """An `on_update` that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[NetworkState, NetworkChange]] = []

    async def __call__(self, network: NetworkState, change: NetworkChange) -> None:
        self.told.append((network, change))

    @property
    def peers(self) -> list[list[str]]:
        return [list(network.peers) for network, _ in self.told]


async def nothing_is_there(checks: Any) -> list[File]:
    """Find no file that the checks ask for."""
    return [File(path=path) for check in checks for path in check.files]


def follow(
    feed: Feed,
    events: list[SessionEvent],
    *,
    on_update: OnUpdate | None = None,
    evaluate_checks: EvaluateChecks = nothing_is_there,
    clock: Callable[[], datetime] | None = None,
) -> SyncSession:
    """Make a session on a feed."""
    more: dict[str, Any] = {} if clock is None else {"clock": clock}
    return SyncSession(
        feed,
        own_key=OWN_KEY,
        meta=META,
        on_update=on_update,
        evaluate_checks=evaluate_checks,
        backoff=Backoff(),
        retry_on=None,
        on_event=events.append,
        random=Random(1),
        **more,
    )
