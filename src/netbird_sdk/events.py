"""What a session tells its `on_event` callback, each as a frozen object."""

from __future__ import annotations

from typing import TypeAlias

import attrs

from netbird_sdk.errors import NetBirdError

__all__ = [
    "Connected",
    "CutByServer",
    "Disconnected",
    "FellBack",
    "MappingRejected",
    "SessionEvent",
    "SnapshotOverdue",
    "StateIgnored",
    "StateRestored",
    "Synced",
]


@attrs.frozen(kw_only=True)
class Connected:
    """A stream is up: the server's first message has arrived."""

    method: str
    """The RPC, such as `SyncMappings`."""


@attrs.frozen(kw_only=True)
class FellBack:
    """The server lacks an RPC, so an older one is used on this connection."""

    used: str
    """The RPC used instead."""


@attrs.frozen(kw_only=True)
class Synced:
    """A whole snapshot has been put into effect."""

    services: int
    """How many services the snapshot held."""
    upserted: int
    """Sink calls since the stream came up; 0 for an unchanged table."""
    removed: int
    rejected: int
    """Services that are not served as management wants, see `MappingRejected`."""
    unchanged: int
    """Mappings that equalled what is served already."""
    seconds: float
    """From the stream's first message on."""


@attrs.frozen(kw_only=True)
class MappingRejected:
    """A mapping is not put into effect; the others are not concerned."""

    service_id: str
    account_id: str
    reason: str
    refused: bool
    """Asks for what the sink can't enforce: not tried again until it changes."""
    still_served: bool
    """An older version of it goes on being served."""


@attrs.frozen(kw_only=True)
class SnapshotOverdue:
    """The snapshot's end has not come for a long time; nothing is removed meanwhile."""

    seconds: float


@attrs.frozen(kw_only=True)
class CutByServer:
    """The server ended the stream with CANCELLED; `Disconnected` follows.

    It does so when another process connects with the same proxy id, when its queue for
    this proxy has overflowed, or when the token was revoked or the proxy forced off,
    and does not say which. Three in a minute point to a shared proxy id.
    """

    proxy_id: str
    times: int
    """How often within the last minute."""


@attrs.frozen(kw_only=True)
class Disconnected:
    """The stream ended. What is served stays; the next attempt follows."""

    error: NetBirdError
    retry_in: float
    """Seconds until the next attempt."""
    stale_for: float | None = None
    """Seconds since all was known to be up to date; None if it never was."""


@attrs.frozen(kw_only=True)
class StateRestored:
    """The session begins with the table that an earlier run has kept on disk."""

    path: str
    services: int


@attrs.frozen(kw_only=True)
class StateIgnored:
    """The session begins with an empty table."""

    path: str
    reason: str


SessionEvent: TypeAlias = (
    Connected
    | FellBack
    | Synced
    | MappingRejected
    | SnapshotOverdue
    | CutByServer
    | Disconnected
    | StateRestored
    | StateIgnored
)
