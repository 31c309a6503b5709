"""The steps that the mapping state machine hands out."""

from __future__ import annotations

from typing import TypeAlias

import attrs

from netbird_sdk.models.proxy import ProxyMapping

__all__ = ["Ack", "Commit", "Reject", "Remove", "Step", "Synced", "Upsert"]


@attrs.frozen
class Upsert:
    """Call the sink's `upsert`."""

    mapping: ProxyMapping


@attrs.frozen
class Remove:
    """Call the sink's `remove`."""

    mapping: ProxyMapping


@attrs.frozen
class Commit:
    """Call the sink's `commit`."""

    complete: bool


@attrs.frozen
class Ack:
    """Acknowledge that many messages on the current stream."""

    count: int


@attrs.frozen(kw_only=True)
class Reject:
    """Tell whoever listens that a mapping is not in effect."""

    service_id: str
    account_id: str
    reason: str
    refused: bool
    still_served: bool
    news: bool
    """The reason differs from what was reported of the service before."""


@attrs.define
class Synced:
    """A whole snapshot is in effect; the counts are those since the stream began."""

    services: int = 0
    upserted: int = 0
    removed: int = 0
    rejected: int = 0
    unchanged: int = 0
    from_stream: bool = True
    """False for a table restored from disk."""


Step: TypeAlias = Upsert | Remove | Commit | Ack | Reject | Synced
