"""What happens in a history: changes, faults and moods, drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

import attrs
import grpc

from netbird_sdk.models.proxy import ProxyMappingUpdateType

from .server import TRANSIENT, Era, SimulatedServer
from .sink import Mood, SimulatedSink
from .stream import Plan
from .versions import Version

PASSING: Final = sorted(TRANSIENT, key=lambda code: code.name)
ANY: Final = sorted(grpc.StatusCode, key=lambda code: code.name)
MODIFIED, CREATED = ProxyMappingUpdateType.MODIFIED, ProxyMappingUpdateType.CREATED


class World:
    """Everything outside the session."""

    def __init__(
        self, random: Random, server: SimulatedServer, sink: SimulatedSink
    ) -> None:
        self._random = random
        self._server = server
        self._sink = sink
        self._names = 0
        self._free: list[str] = []
        self._server_faults = random.choice((0.0, 0.1, 0.4))
        self._sink_faults = random.choice((0.0, 0.2, 0.6))
        self._latency = random.choice((0.0, 0.0, 0.05, 1.0))
        self._down = False
        server.era = self._era()
        server.plan = self._plan
        for _ in range(random.choice((0, 1, 3, 10, 40))):
            self._create()
        self._change_mood()

    def happen(self) -> None:
        """Let something happen."""
        happenings: list[tuple[float, Callable[[], None]]] = [
            (5, self._create),
            (6, self._modify),
            (3, self._delete),
            (2, self._repeat),
            (2, self._move),
            (2, self._rotate),
            (2, self._take_over),
            (2, self._flap),
            (1, self._burst),
            (10 * self._server_faults, self._cut),
            (3 * self._server_faults, self._change_release),
            (3 * self._server_faults, self._toggle_outage),
            (8 * self._sink_faults, self._change_mood),
        ]
        weights = [weight for weight, _ in happenings]
        ((_, happening),) = self._random.choices(happenings, weights)
        happening()

    def settle(self) -> None:
        """From now on nothing changes and everybody is healthy."""
        server = self._server
        self._down = False
        server.plan = Plan
        if not (server.era.sync_mappings or server.era.get_mapping_update):
            server.era = Era()
        self._sink.mood = Mood()
        stream = server.live
        if stream is not None and stream.never_completes:
            stream.end(grpc.StatusCode.UNAVAILABLE)

    # Services.

    def _create(self) -> None:
        self._names += 1
        self._put(self._changed(Version(id=f"s{self._names}", domain=self._domain())))

    def _modify(self) -> None:
        if (version := self._any()) is not None:
            self._put(self._changed(version))

    def _delete(self) -> None:
        version = self._any()
        if version is None or self._random.random() < 0.1:
            self._server.remove(f"s{self._random.randint(1, 50)}")
            return
        self._server.remove(version.id)
        self._free.append(version.domain)
        if self._random.random() < 0.2:
            self._server.remove(version.id)  # twice

    def _repeat(self) -> None:
        if (version := self._any()) is not None:
            self._server.repeat(version.id, self._random.choice((MODIFIED, CREATED)))

    def _move(self) -> None:
        if (version := self._any()) is not None:
            self._free.append(version.domain)
            self._server.move(attrs.evolve(version, domain=self._domain()))

    def _rotate(self) -> None:
        """Two or three services pass their domains on in a circle."""
        services = list(self._server.services.values())
        count = min(self._random.choice((2, 3)), len(services))
        chosen = self._random.sample(services, count)
        domains = [version.domain for version in chosen]
        for version, domain in zip(chosen, domains[1:] + domains[:1], strict=True):
            self._put(attrs.evolve(version, domain=domain))

    def _take_over(self) -> None:
        """A service gives up its domain, and another one takes it."""
        one, other = self._any(), self._any()
        if one is None or other is None or one is other:
            return
        changes = [
            attrs.evolve(one, domain=self._domain()),
            attrs.evolve(other, domain=one.domain),
        ]
        self._free.append(other.domain)
        self._random.shuffle(changes)
        for version in changes:
            self._put(version)

    def _flap(self) -> None:
        """Changes so quick that the sink need not hear of all of them."""
        version = self._any() or Version(id="s0", domain=self._domain())
        for _ in range(self._random.randint(2, 6)):
            if self._random.random() < 0.4:
                self._server.remove(version.id)
            elif self._random.random() < 0.6:
                self._put(self._changed(version))
            else:
                self._put(version)

    def _burst(self) -> None:
        for _ in range(self._random.choice((20, 90, 150))):
            self._random.choice((self._create, self._modify, self._delete))()

    def _put(self, version: Version) -> None:
        self._server.put(version)

    def _any(self) -> Version | None:
        services = list(self._server.services.values())
        return self._random.choice(services) if services else None

    def _domain(self) -> str:
        used = {version.domain for version in self._server.services.values()}
        free = [domain for domain in self._free if domain not in used]
        if free and self._random.random() < 0.5:
            return self._random.choice(free)
        self._names += 1
        kind = self._random.choices(("d", "bad", "late"), (8, 1, 1))[0]
        return f"{kind}{self._names}.example.com"

    def _port(self) -> int:
        used = {version.port for version in self._server.services.values()}
        return self._random.choice([p for p in range(1, 400) if p not in used])

    def _changed(self, version: Version) -> Version:
        random = self._random
        self._names += 1
        changed = attrs.evolve(
            version,
            revision=self._names,
            headers=random.choice((0, 0, 1, 3)),
            damaged=random.random() < 0.04,
            mode="quic" if random.random() < 0.04 else random.choice(("", "http")),
        )
        if random.random() < 0.3:
            changed = attrs.evolve(changed, password=not version.password)
        if random.random() < 0.1:
            cidrs = random.choice(((), ("10.0.0.0/8",), ("10.0.0.0/8", "::/0")))
            changed = attrs.evolve(changed, cidrs=cidrs)
        if random.random() < 0.1:
            changed = attrs.evolve(changed, private=not version.private)
        if random.random() < 0.2:
            port = random.choice((0, self._port()))
            changed = attrs.evolve(changed, port=port, mode="tcp" if port else "http")
        return changed

    # Faults.

    def _cut(self) -> None:
        code = self._random.choice(ANY if self._random.random() < 0.3 else PASSING)
        self._server.cut(code, lose=self._random.random() < 0.5)

    def _change_release(self) -> None:
        self._server.era = self._era()
        self._server.cut(grpc.StatusCode.UNAVAILABLE)

    def _toggle_outage(self) -> None:
        self._down = not self._down
        if self._down:
            self._server.cut(grpc.StatusCode.UNAVAILABLE)

    def _era(self) -> Era:
        old, both_missing = self._random.random() < 0.3, self._random.random() < 0.05
        if both_missing and self._server.accepted:
            return Era(sync_mappings=False, get_mapping_update=False)
        batch = self._random.choice((1, 2, 7, 500))
        return Era(sync_mappings=not old, batch=1 if old and batch < 7 else batch)

    def _plan(self) -> Plan:
        random = self._random
        plan = Plan(latency=random.uniform(0, self._latency))
        if self._down:
            plan.status = grpc.StatusCode.UNAVAILABLE
        if random.random() >= self._server_faults:
            return plan
        match random.randrange(6):
            case 0:
                plan.status = random.choice(PASSING)
            case 1:
                # Before the client was ever accepted many a status is final.
                rare = self._server.accepted or random.random() < 0.2
                plan.status = random.choice(ANY if rare else PASSING)
            case 2:
                plan.status = grpc.StatusCode.INTERNAL
                plan.details = "Internal error from Core"
            case 3:
                plan.hangs = True
            case 4:
                plan.forgets_flag = True
            case _:
                plan.cut_after = random.randrange(4)
                plan.cut_status = random.choice(
                    ANY if self._server.accepted else PASSING
                )
        return plan

    def _change_mood(self) -> None:
        random = self._random

        def likely(share: float) -> float:
            often = random.random() < self._sink_faults
            return random.uniform(0, share) if often else 0.0

        self._sink.mood = Mood(
            slowest=random.choice((0.0, 0.0, 0.1, 4.0)),
            stall=likely(0.1),
            stubborn=likely(1.0),
            reject=likely(0.5),
            reject_at_commit=likely(0.5),
            remove_raises=likely(0.5),
            commit_raises=likely(0.5),
            back_end_away=likely(1.0) > 0.6,
        )
