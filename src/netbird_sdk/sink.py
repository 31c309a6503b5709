"""The one interface a custom proxy implements, and a ready-made table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import attrs

from netbird_sdk.errors import ConfigurationError

if TYPE_CHECKING:
    from netbird_sdk.models.proxy import ProxyMapping

__all__ = ["MappingSink", "MappingTable", "Rejected", "SinkLimits"]


@runtime_checkable
class MappingSink(Protocol):
    """What is done with mappings: the part of a reverse proxy that is yours.

    A session calls the three methods, one at a time, and sees to everything else. All
    of them state what should be, not what happened, and may be repeated: after a
    failure or a restart the same mapping can be told again. Key everything by
    `mapping.id`; a domain can move from one service to another.

    A sink may have an attribute `serves`, a `Serves`, saying what it can enforce;
    `sync_mappings(serves=...)` overrides it.
    """

    async def upsert(self, mapping: ProxyMapping) -> None:
        """Serve `mapping`, in place of what was served for its id before.

        Raising rejects this mapping only: management is told the reason, what was
        served before stays (or is removed, when its access rules changed), and it is
        tried again.
        """
        ...

    async def remove(self, mapping: ProxyMapping) -> None:
        """Stop serving `mapping.id`. The rest of `mapping` may be out of date.

        Raising drops the stream; after a reconnect everything is told again.
        """
        ...

    async def commit(self, complete: bool) -> None:
        """Put what was told since the last commit into effect.

        Management gets its acknowledgement after this returned. Until `complete` is
        true for the first time, not every service has been told yet: a data plane that
        replaces its configuration as a whole keeps the old one until then, and then
        drops what it was never told of. Raise `Rejected` for mappings that turn out
        bad only now; any other exception drops the stream.
        """
        ...


class Rejected(Exception):  # noqa: N818 - an answer of the sink, not a fault
    """Raised by `commit`: these services could not be put into effect, the others were.

    `reasons` maps service id to a reason that the person who set the service up can act
    on; management shows it.
    """

    def __init__(self, reasons: Mapping[str, str]) -> None:
        self.reasons: Mapping[str, str] = dict(reasons)
        super().__init__(
            f"rejected {len(self.reasons)} service(s): {sorted(self.reasons)}"
        )

    def __reduce__(self) -> tuple[type[Rejected], tuple[Mapping[str, str]]]:
        return (type(self), (self.reasons,))


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
    """Services a server may send; twice as many are remembered while a new snapshot
    takes the place of the old one.
    """

    def __attrs_post_init__(self) -> None:
        for name in ("call", "snapshot", "services"):
            limit = getattr(self, name)
            if limit is not None and not limit > 0:
                raise ConfigurationError(
                    f"SinkLimits.{name} must be greater than 0, or None for no limit"
                )
        if not self.shutdown >= 0:
            raise ConfigurationError("SinkLimits.shutdown must not be negative")
        if self.concurrency < 1:
            raise ConfigurationError("SinkLimits.concurrency must be at least 1")


OnAdded = Callable[["ProxyMapping"], Awaitable[None]]
OnModified = Callable[["ProxyMapping", "ProxyMapping"], Awaitable[None]]


class MappingTable:
    """A sink that keeps the mappings in memory, for programs that look them up.

    The view is kept through outages. The callbacks are told real differences, once;
    raising from `on_added` or `on_modified` rejects the mapping.
    """

    def __init__(
        self,
        *,
        on_added: OnAdded | None = None,
        on_modified: OnModified | None = None,
        on_removed: OnAdded | None = None,
    ) -> None:
        self._mappings: dict[str, ProxyMapping] = {}
        self._on_added = on_added
        self._on_modified = on_modified
        self._on_removed = on_removed
        self.complete: bool = False
        """Whether the table has held everything at least once."""

    @property
    def mappings(self) -> Mapping[str, ProxyMapping]:
        """A live read-only view by service id."""
        return MappingProxyType(self._mappings)

    async def upsert(self, mapping: ProxyMapping) -> None:
        """See `MappingSink.upsert`."""
        old = self._mappings.get(mapping.id)
        if old is None:
            if self._on_added is not None:
                await self._on_added(mapping)
        elif old != mapping and self._on_modified is not None:
            await self._on_modified(old, mapping)
        self._mappings[mapping.id] = mapping

    async def remove(self, mapping: ProxyMapping) -> None:
        """See `MappingSink.remove`."""
        old = self._mappings.get(mapping.id)
        if old is None:
            return
        if self._on_removed is not None:
            await self._on_removed(old)
        del self._mappings[mapping.id]

    async def commit(self, complete: bool) -> None:
        """See `MappingSink.commit`."""
        self.complete = self.complete or complete
