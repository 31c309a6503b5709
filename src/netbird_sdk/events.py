"""What a session tells its `on_event` callback, each as a frozen object."""

from __future__ import annotations

from typing import TypeAlias

import attrs

from netbird_sdk.errors import NetBirdError

__all__ = [
    "ChecksNotReported",
    "Connected",
    "CutByServer",
    "Disconnected",
    "FellBack",
    "JobFinished",
    "MappingRejected",
    "NetworkSynced",
    "RPCMissing",
    "SessionEvent",
    "SnapshotOverdue",
    "StateIgnored",
    "StateRestored",
    "Synced",
    "UpdateFailed",
    "UpdateIgnored",
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
class JobFinished:
    """A job is done, and the server has been sent the outcome."""

    job_id: str
    succeeded: bool
    reason: str
    """Why not; empty for success."""
    seconds: float
    """How long it took."""


@attrs.frozen(kw_only=True)
class RPCMissing:
    """The server lacks the RPC that the session is for: the session is over."""

    method: str


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
    missing: bool = False
    """There is no file, as before the first run."""


@attrs.frozen(kw_only=True)
class NetworkSynced:
    """The whole network has come on this stream, and been told to `on_update`."""

    serial: int
    peers: int
    """How many peers there are to connect to."""


@attrs.frozen(kw_only=True)
class UpdateIgnored:
    """Part of what a server sent about the network is not followed."""

    reason: str


@attrs.frozen(kw_only=True)
class UpdateFailed:
    """`on_update` raised. The next change it is told of includes this one."""

    serial: int
    error: Exception


@attrs.frozen(kw_only=True)
class ChecksNotReported:
    """The files that posture checks ask for could not be looked up, or not be told."""

    error: Exception
    retry_in: float
    """Seconds until the next attempt, unless there is an update before."""


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
    | JobFinished
    | RPCMissing
    | NetworkSynced
    | UpdateIgnored
    | UpdateFailed
    | ChecksNotReported
)
