"""What the mapping state machine keeps: services, their failures, and turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import Final

import attrs

from netbird_sdk._mapping_slices import read_mapping
from netbird_sdk.errors import ProtocolError
from netbird_sdk.models.proxy import ProxyMapping

__all__ = ["Failure", "Service", "Turn", "addresses", "blocking", "retry_delay"]

RETRY_FIRST: Final = 10.0
RETRY_MAXIMUM: Final = 300.0


@attrs.define(eq=False)
class Service:
    """What is known of one service. States are bodies, see `_mapping_slices`."""

    id: str
    wanted: bytes | None = None
    """The newest state management sent; None: not to be served."""
    token: bytes = b""
    """The one-time token that came with it, or with the newest repetition of it."""
    order: int = 0
    """Rises with every change, to keep upserts in the order of their newest message."""
    snapshot: int = 0
    """The last snapshot that held it."""
    told: bytes | None = None
    """What the sink accepted last; None: the sink does not have it."""
    served: bytes | None = None
    """What was told at the last commit that succeeded."""
    leaving: bool = False
    """What the sink has must go although a state is wanted: it may not be served."""
    gone: bool = False
    """The sink has removed it, and no commit has succeeded since."""
    doubtful: bool = False
    """A removal or commit of it failed: nobody knows what is in effect."""
    perhaps: frozenset[bytes] = frozenset()
    """What was told before commits that failed, and may be in effect all the same."""

    @property
    def must_go(self) -> bool:
        """The sink has it and should not."""
        return self.told is not None and (self.wanted is None or self.leaving)

    @property
    def settled(self) -> bool:
        """What is wanted is in effect, and is to stay."""
        in_effect = self.wanted == self.told == self.served
        return in_effect and not (self.doubtful or self.leaving)

    def in_effect(self) -> None:
        """A commit that carried what was told has succeeded."""
        self.served, self.doubtful, self.perhaps = self.told, False, frozenset()

    def gone_for_good(self) -> None:
        """A commit that carried the removal has succeeded."""
        self.served, self.gone, self.perhaps = None, False, frozenset()

    def in_doubt(self) -> None:
        """A commit that carried what was told has failed."""
        self.doubtful = True
        if self.told is not None:
            self.perhaps |= {self.told}

    def held(self) -> frozenset[str]:
        """The domains and ports of what the sink has, in effect or not."""
        return frozenset[str]().union(*map(addresses, self._bodies()))

    def _bodies(self) -> set[bytes]:
        known = {body for body in (self.told, self.served) if body is not None}
        return known | self.perhaps

    def last_told(self) -> ProxyMapping:
        """The mapping the sink accepted last."""
        assert self.told is not None
        try:
            return read_mapping(self.told, self.token)
        except ProtocolError:
            return ProxyMapping(id=self.id)

    def may_stay(self, new: ProxyMapping) -> bool:
        """Whether what is served may stay although `new` could not be put in its place.

        Only with the same access rules: else people would get in who should not.
        """
        rules = (new.auth, new.access_restrictions, new.private)
        for body in self._bodies():
            try:
                old = read_mapping(body)
            except ProtocolError:
                return False
            if (old.auth, old.access_restrictions, old.private) != rules:
                return False
        return True


@attrs.define(eq=False)
class Failure:
    """Why a service's wanted state is not in effect."""

    reason: str
    refused: bool
    """It asks for what the sink can't enforce: pointless to try again unchanged."""
    attempts: int
    retry_at: float
    claims: frozenset[str]
    """The domain and port it wants, see `addresses`."""


@attrs.define(eq=False)
class Turn:
    """One pass over what there is to do."""

    stream: int
    acks: int = 0
    late: bool = False
    """Some of what it set out to do was superseded and is not in effect in any form."""
    completes: bool = False
    """Its commit puts a whole snapshot into effect."""
    removals: list[Service] = attrs.Factory(list[Service])
    upserts: list[Service] = attrs.Factory(list[Service])
    flying: dict[str, bytes] = attrs.Factory(dict[str, bytes])
    """Upserts handed out and not yet answered, with the body they carry."""
    freed: set[str] = attrs.Factory(set[str])
    """Domains and ports that services have given up."""

    def upserts_in_order(self) -> Iterator[Service]:
        """Yield them in the order of their newest message, which may come meanwhile."""
        waiting = [(service.order, service.id, service) for service in self.upserts]
        heapify(waiting)
        while waiting:
            order, _, service = heappop(waiting)
            if service.order == order:
                yield service
            else:
                heappush(waiting, (service.order, service.id, service))


def retry_delay(attempts: int) -> float:
    """Seconds from a rejection, the `attempts`th, to the next try: 10, 20, ... 300."""
    return min(RETRY_MAXIMUM, RETRY_FIRST * 2.0 ** min(attempts - 1, 16))


def addresses(what: ProxyMapping | bytes) -> frozenset[str]:
    """What only one service can have: a domain, a port."""
    try:
        mapping = read_mapping(what) if isinstance(what, bytes) else what
    except ProtocolError:
        return frozenset()
    names = {mapping.domain.lower()} if mapping.domain else set[str]()
    if mapping.listen_port:
        names.add(f":{mapping.listen_port}")
    return frozenset(names)


def blocking(waiting: Iterable[tuple[Service, Failure]]) -> list[Service]:
    """Find rejected services that stand in each other's way.

    Their old version still holds a domain or port that they themselves want to leave
    and another rejected service waits for: two services that swap domains, for
    instance.
    """
    waiting = list(waiting)
    claims = Counter(name for _, failure in waiting for name in failure.claims)
    found: list[Service] = []
    for service, failure in waiting:
        if service.told is None or service.leaving:
            continue
        given_up = service.held() - failure.claims
        if any(claims[name] for name in given_up):
            found.append(service)
    return found
