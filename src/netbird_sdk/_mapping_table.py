"""The records of all services: news are folded in, what is due comes out."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from netbird_sdk._mapping_records import (
    Failure,
    Service,
    Turn,
    addresses,
    blocking,
    retry_delay,
)
from netbird_sdk._mapping_slices import Slice, same_mapping
from netbird_sdk.models.proxy import ProxyMapping

__all__ = ["ServiceTable"]


class ServiceTable:
    """Services by id, those not in effect as wanted, and those to look at."""

    def __init__(self) -> None:
        self._services: dict[str, Service] = {}
        self._failing: dict[str, Failure] = {}
        self._queue: dict[str, None] = {}
        """Ids to look at in the next turn."""
        self._changes = 0
        self._snapshot = 0
        """The number of the snapshot that the current stream began with."""
        self._present = 0
        """Services wanted on the current stream."""
        self._new_claims = False
        """A rejected service wants a domain or port that it did not want before."""

    def __len__(self) -> int:
        return len(self._services)

    def __getitem__(self, service_id: str) -> Service:
        return self._services[service_id]

    def get(self, service_id: str) -> Service | None:
        """Return the record of a service, if there is one."""
        return self._services.get(service_id)

    def __iter__(self) -> Iterator[Service]:
        return iter(self._services.values())

    @property
    def failures(self) -> int:
        """How many services are not in effect as wanted."""
        return len(self._failing)

    @property
    def next_retry(self) -> float | None:
        """When the first rejected service is due."""
        times = (f.retry_at for f in self._failing.values() if not f.refused)
        return min(times, default=None)

    @property
    def waiting(self) -> int:
        """How many services are queued for the next turn."""
        return len(self._queue)

    # What management says.

    def begin_snapshot(self, snapshot: int) -> None:
        """A new stream begins: what it does not repeat is dropped at its end."""
        self._snapshot = snapshot
        self._present = 0

    def admits(self, service_id: str, limit: int) -> bool:
        """Whether wanting a service keeps their number within `limit`.

        While a snapshot takes the place of another, both are remembered.
        """
        service = self._services.get(service_id)
        if service is not None and self._is_present(service):
            return True
        return self._present < limit and (
            service is not None or len(self._services) < 2 * limit
        )

    def _is_present(self, service: Service) -> bool:
        return service.wanted is not None and service.snapshot == self._snapshot

    def want(self, item: Slice) -> bool:
        """Note the state management wants; say whether it is news."""
        service = self._services.get(item.id)
        if service is None:
            service = self._services[item.id] = Service(item.id)
        if not self._is_present(service):
            self._present += 1
        service.snapshot = self._snapshot
        service.token = item.token
        if service.wanted is not None and same_mapping(service.wanted, item.body):
            return False
        told = service.told
        # The same bytes for the same state, so that nothing is told twice.
        known = told is not None and same_mapping(told, item.body)
        service.wanted = told if known else item.body
        if known:
            service.leaving = False  # what had to go is what is wanted again
        self._failing.pop(item.id, None)
        self._enqueue(service)
        return True

    def drop(self, service_id: str, flying: Container[str]) -> None:
        """Note that management wants a service no more.

        `flying` are the services whose upsert is under way: the sink may yet have them.
        """
        service = self._services.get(service_id)
        if service is None or service.wanted is None:
            return
        if self._is_present(service):
            self._present -= 1
        service.wanted = None
        self._failing.pop(service_id, None)
        if service.told is not None or service_id in flying:
            self._enqueue(service)
        else:
            self.forget_if_idle(service)  # gone before the sink saw it

    def end_snapshot(self, flying: Container[str]) -> None:
        """Drop what a complete snapshot lacked, and try what was rejected again."""
        lacking = [
            service.id
            for service in self._services.values()
            if service.snapshot != self._snapshot and service.wanted is not None
        ]
        for service_id in lacking:
            self.drop(service_id, flying)
        self.retry_rejected()

    def _enqueue(self, service: Service) -> None:
        self._changes += 1
        service.order = self._changes
        self._queue.pop(service.id, None)
        self._queue[service.id] = None

    def forget_if_idle(self, service: Service) -> None:
        """Delete a record when nobody wants the service and the sink is rid of it."""
        if service.wanted is None and service.told is None and not service.gone:
            del self._services[service.id]
            self._queue.pop(service.id, None)

    # What is due.

    def retry_rejected(self, now: float | None = None) -> None:
        """Queue the rejected services that are due at `now`, or all of them."""
        for service_id, failure in self._failing.items():
            if not failure.refused and (now is None or failure.retry_at <= now):
                self._queue.setdefault(service_id)

    def requeue(self, services: Iterable[Service]) -> None:
        """Queue services whose telling came to nothing."""
        for service in services:
            known = self._services.get(service.id) is service
            if known and (service.must_go or not self._refused(service.id)):
                self._queue.setdefault(service.id)

    def fill(self, turn: Turn) -> None:
        """Move what is queued into `turn`, in place of what it held."""
        turn.removals.clear()
        turn.upserts.clear()
        if any(self._services[service_id].must_go for service_id in self._queue):
            self.retry_rejected()  # a domain or a port may be free after a removal
        queue, self._queue = self._queue, {}
        for service_id in queue:
            service = self._services[service_id]
            if service.must_go:
                turn.removals.append(service)
            if service.wanted is None:
                self.forget_if_idle(service)
            elif self._refused(service_id) or service.settled:
                continue
            elif service.leaving or service.gone:
                # Not in one commit with its removal: if that commit rejected it, the
                # sink might bring back what had to go.
                self._queue[service_id] = None
                turn.late = True
            else:
                turn.upserts.append(service)

    def make_way(self, freed: set[str]) -> bool:
        """Queue what rejections and `freed` domains and ports call for.

        Returns whether a version is served that may not be served any more: one whose
        access rules have changed, or one in the way of another rejected service. It has
        to go before the messages of this turn are acknowledged.
        """
        waiting = [i for i, failure in self._failing.items() if not failure.refused]
        if self._new_claims:
            pairs = ((self._services[i], self._failing[i]) for i in waiting)
            for service in blocking(pairs):
                service.leaving = True
                self._queue.setdefault(service.id)
        self._new_claims = False
        for service_id in waiting if freed else ():
            if self._failing[service_id].claims & freed:
                self._queue.setdefault(service_id)
        return any(self._services[service_id].leaving for service_id in self._queue)

    # What became of it.

    def _refused(self, service_id: str) -> bool:
        failure = self._failing.get(service_id)
        return failure is not None and failure.refused

    def fail(
        self,
        service: Service,
        mapping: ProxyMapping,
        reason: str,
        now: float,
        *,
        refused: bool,
    ) -> bool:
        """Note that what is wanted is not in effect; say whether the reason is news."""
        earlier = self._failing.get(service.id)
        attempts = earlier.attempts + 1 if earlier else 1
        claims = addresses(mapping)
        self._new_claims |= earlier is None or earlier.claims != claims
        self._failing[service.id] = Failure(
            reason, refused, attempts, now + retry_delay(attempts), claims
        )
        service.leaving = service.told is not None and (
            refused or not service.may_stay(mapping)
        )
        if service.leaving:
            self._queue.setdefault(service.id)
        return earlier is None or earlier.reason != reason

    def succeed(self, service: Service) -> None:
        """Note that the wanted state has been accepted."""
        self._failing.pop(service.id, None)
