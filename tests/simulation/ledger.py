"""Keeps the books of a history and notes each breach of a guarantee.

The ledger hears what the client has read and what the sink was told, works out by
itself what that must mean, and compares. It shares no code with the engine.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from netbird_sdk.models.proxy import ProxyMapping

from .versions import Fate, Version


@attrs.frozen
class Message:
    """What one message of the stream says."""

    data: bytes
    items: tuple[tuple[str, Version | None, bytes], ...]
    """Service, its state or None when removed, and the token."""
    complete: bool


@attrs.frozen
class Receipt:
    """A message that the client has read, with the changes it made."""

    changes: tuple[tuple[str, int], ...]
    """Services and the order of their new state."""


@attrs.define
class Known:
    """What management last said of a service, as far as the client has read."""

    version: Version | None
    order: int
    """Rises with every change to any service."""
    stream: int = 0
    token: bytes = b""
    past: list[tuple[int, Version | None]] = attrs.Factory(list)
    """All states so far, with their orders."""

    def change(self, version: Version | None, order: int) -> None:
        self.version, self.order = version, order
        self.past.append((order, version))


@attrs.frozen
class Telling:
    """A state that the sink was offered."""

    id: str
    order: int
    mapping: ProxyMapping | None
    """None: a removal."""


class Ledger:
    """See the module's docstring."""

    def __init__(self, *, concurrency: int = 1) -> None:
        self.violations: list[str] = []
        self.known: dict[str, Known] = {}
        self.told: dict[str, Telling] = {}
        """What the sink accepted last and was not told to remove."""
        self.settled: dict[str, Telling] = {}
        """What is in effect, by the last commit that succeeded."""
        self.unsettled: dict[str, Telling] = {}
        """What was accepted or removed since."""
        self.rejections: dict[str, Telling] = {}
        """What the sink rejected since it last accepted the service."""
        self.completed = False
        """A commit with `complete` has succeeded."""
        self.cancel_requested = False
        self.cancelled = False
        """The session has had the time to notice."""
        self.commits_after_cancel = 0
        """Counted from the request on."""
        self._last_commits = 0
        self.calls = 0
        self._concurrency = concurrency
        self._orders = 0
        self._stream = 0
        self._whole_at: int | None = None
        self._settled_order: dict[str, int] = {}
        self._ungrateful: set[str] = set()
        """Asked for what can't be enforced since the sink last accepted them."""
        self._running: list[str] = []
        self._accepted_one = False
        self._last_order = 0
        self._uncertain = False
        """A remove or a commit failed since the last commit that succeeded."""
        self._doubtful: set[str] = set()
        """Told before a commit that failed, and not again since."""

    def breach(self, text: str) -> None:
        self.violations.append(text)

    # What the client reads.

    def connected(self, stream: int) -> None:
        self._stream = stream

    def received(self, message: Message) -> Receipt:
        changes = []
        for service_id, version, token in message.items:
            known = self.known.get(service_id)
            if version is None:
                if known is not None and known.version is not None:
                    self._orders += 1
                    known.change(None, self._orders)
                    changes.append((service_id, known.order))
                continue
            if known is None:
                known = self.known[service_id] = Known(None, 0)
            known.stream, known.token = self._stream, token
            if known.version != version:
                self._orders += 1
                known.change(version, self._orders)
                changes.append((service_id, known.order))
            if version.fate is Fate.REFUSED:
                self._ungrateful.add(service_id)
        if message.complete:
            self._snapshot_ends(changes)
        return Receipt(tuple(changes))

    def _snapshot_ends(self, changes: list[tuple[str, int]]) -> None:
        for service_id, known in self.known.items():
            if known.version is not None and known.stream != self._stream:
                self._orders += 1
                known.change(None, self._orders)
                changes.append((service_id, known.order))
        if self._whole_at is None:
            self._whole_at = self._orders

    def acked(self, receipt: Receipt) -> None:
        """Check that what a message said is in effect, or superseded by what is."""
        if self.cancelled:
            self.breach("G12: acknowledged after the cancellation")
        for service_id, order in receipt.changes:
            if why := self._not_in_effect(service_id, order):
                self.breach(f"G1: acknowledged before it was in effect: {why}")

    def _not_in_effect(self, service_id: str, order: int) -> str | None:
        served = self.settled.get(service_id)
        if self._settled_order.get(service_id, 0) >= order:
            return None
        since = [v for o, v in self.known[service_id].past if o >= order]
        for version in since:
            if version is None or version.fate is Fate.REFUSED:
                if served is None:
                    return None
            elif served is not None and served.mapping == version.model:
                return None
        rejection = self.rejections.get(service_id)
        if rejection is not None and rejection.order >= order:
            return self._fails_open(service_id)
        return f"{service_id} is served as {served}, and not as one of {since}"

    def _fails_open(self, service_id: str) -> str | None:
        served, rejection = self.settled.get(service_id), self.rejections[service_id]
        if served is None or _rules(served.mapping) == _rules(rejection.mapping):
            return None
        return f"{service_id} is served with access rules that have changed (G6)"

    # What the sink is told.

    def _begin(self, name: str) -> None:
        self.calls += 1
        others = self._running
        if others and not (
            name == "upsert"
            and set(others) == {"upsert"}
            and len(others) < self._concurrency
        ):
            self.breach(f"G2: {name} while {others} is running")
        if self.cancelled and name != "commit":
            self.breach(f"G12: {name} begun after the cancellation")
        self._running.append(name)

    def upsert_begins(self, mapping: ProxyMapping) -> Telling:
        self._begin("upsert")
        known = self.known.get(mapping.id)
        version = known.version if known is not None else None
        if known is None or version is None or version.fate is Fate.REFUSED:
            if self._concurrency == 1:
                self.breach(f"G2: upsert of {mapping.id}, newest is {version}")
            return Telling(mapping.id, self._order_of(mapping), mapping)
        if self._concurrency == 1:
            if mapping != version.model:
                self.breach(f"G2: upsert of {mapping.id} with an old state")
            if mapping.auth_token.encode() != known.token:
                self.breach(f"G4: upsert of {mapping.id} with an old token")
            if known.order < self._last_order:
                self.breach(f"G2: upsert of {mapping.id} out of order")
        told, settled = self.told.get(mapping.id), self.settled.get(mapping.id)
        if (
            told is not None
            and told is settled
            and told.mapping == mapping
            and mapping.id not in self._doubtful
        ):
            self.breach(f"G4: needless upsert of {mapping.id}")
        return Telling(mapping.id, self._order_of(mapping), mapping)

    def _order_of(self, mapping: ProxyMapping) -> int:
        # With several upserts at once, news may arrive before a handed out one begins.
        for order, version in reversed(self.known[mapping.id].past):
            if version is not None and not version.damaged and version.model == mapping:
                return order
        self.breach(f"upsert of {mapping.id} with what was never sent")
        return 0

    def upsert_accepted(self, telling: Telling) -> None:
        self._running.remove("upsert")
        self._accepted_one, self._last_order = True, telling.order
        self.told[telling.id] = self.unsettled[telling.id] = telling
        self.rejections.pop(telling.id, None)
        self._doubtful.discard(telling.id)
        version = self.known[telling.id].version
        if version is None or version.fate is not Fate.REFUSED:
            self._ungrateful.discard(telling.id)

    def upsert_rejected(self, telling: Telling) -> None:
        self._running.remove("upsert")
        self.rejections[telling.id] = telling

    def remove_begins(self, mapping: ProxyMapping) -> Telling:
        self._begin("remove")
        service_id = mapping.id
        if service_id not in self.told:
            self.breach(f"G3: remove of {service_id}, which the sink does not have")
        if self._accepted_one:
            self.breach(f"G2: remove of {service_id} after an upsert in one commit")
        known = self.known.get(service_id)
        if (
            known is not None
            and known.version is not None
            and service_id not in self.rejections
            and service_id not in self._ungrateful
        ):
            self.breach(f"G3: remove of {service_id}, which is wanted")
        return Telling(service_id, known.order if known is not None else 0, None)

    def remove_done(self, telling: Telling) -> None:
        self._running.remove("remove")
        self.told.pop(telling.id, None)
        self.unsettled[telling.id] = telling

    def remove_failed(self, telling: Telling) -> None:
        self._running.remove("remove")
        self._uncertain = True
        self._doubtful.add(telling.id)

    def commit_begins(self, *, complete: bool) -> None:
        self._begin("commit")
        if self.cancel_requested:
            self.commits_after_cancel += 1
            self._last_commits += self.cancelled
            if self._last_commits > 1:
                self.breach("G12: more than one commit after the cancellation")
        if complete:
            self._check_complete()
        elif self.completed:
            self.breach("G3: commit(False) after commit(True)")
        if (
            not self.unsettled
            and not self._uncertain
            and (self.completed or not complete)
        ):
            self.breach("G4: a commit although nothing was told")
        self._accepted_one, self._last_order = False, 0

    def _check_complete(self) -> None:
        if self._whole_at is None:
            self.breach("G3: commit(True) before a whole snapshot has arrived")
            return
        for service_id, known in self.known.items():
            if (
                not self.completed
                and known.version is not None
                and known.version.fate is not Fate.REFUSED
                and known.order <= self._whole_at
                and service_id not in self.told
                and service_id not in self.rejections
            ):
                self.breach(f"G3: commit(True) before {service_id} was told")

    def commit_done(self, complete: bool, rejected: Mapping[str, str]) -> None:
        self._running.remove("commit")
        for service_id in rejected:
            told = self.unsettled.pop(service_id, None)
            if told is None:
                told = self.told[service_id]  # in effect until now, found bad only now
                self.settled.pop(service_id, None)
            earlier = self.rejections.get(service_id)
            if earlier is None or earlier.order < told.order:
                self.rejections[service_id] = told
        for service_id, telling in self.unsettled.items():
            self._settled_order[service_id] = telling.order
            if telling.mapping is None:
                self.settled.pop(service_id, None)
            else:
                self.settled[service_id] = telling
        self.unsettled.clear()
        self._uncertain = False
        self.completed = self.completed or complete

    def commit_failed(self) -> None:
        self._running.remove("commit")
        self._uncertain = True
        for service_id, telling in list(self.unsettled.items()):
            if telling.mapping is not None:
                self._doubtful.add(service_id)
                del self.unsettled[service_id]

    # The end.

    def check_served(
        self, wanted: Mapping[str, Version], served: Mapping[str, ProxyMapping]
    ) -> None:
        """Check what is served when the dust has settled."""
        for service_id, version in wanted.items():
            mapping = served.get(service_id)
            match version.fate:
                case Fate.SERVED if mapping != version.model:
                    self.breach(f"not served: {version}, but {mapping}")
                case Fate.REFUSED if mapping is not None:
                    self.breach(f"G6: served although refused: {version}")
                case Fate.REJECTED | Fate.REJECTED_AT_COMMIT if mapping is not None:
                    if mapping == version.model:
                        self.breach(f"served although rejected: {version}")
                    elif _rules(mapping) != _rules(version.model):
                        self.breach(f"G6: old access rules are served: {version}")
                case _:
                    pass
        for service_id in served.keys() - wanted.keys():
            self.breach(f"still served: {served[service_id]}")
        if not self.completed:
            self.breach("G3: the first complete commit was never called")


def _rules(mapping: ProxyMapping | None) -> object:
    assert mapping is not None
    return mapping.auth, mapping.access_restrictions, mapping.private
