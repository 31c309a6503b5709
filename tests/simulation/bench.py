"""A bench for the bare state machine: say something, see what it wants done."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from netbird_sdk import _mapping_steps as steps
from netbird_sdk._mapping_slices import read_batch
from netbird_sdk._mapping_sync import MappingSync
from netbird_sdk.models.proxy import ProxyMapping, ProxyMappingUpdateType

from .versions import SERVES, Version, batch, removal

CREATED = ProxyMappingUpdateType.CREATED
A = Version(id="a", domain="a.example.com")
B = Version(id="b", domain="b.example.com")
C = Version(id="c", domain="c.example.com")


def changed(version: Version) -> Version:
    """Return another state of the same service, with the same access rules."""
    return attrs.evolve(version, revision=version.revision + 1)


class Bench:
    """Answers the machine's steps like a sink that obliges, unless told otherwise."""

    def __init__(self, *, max_services: int | None = None) -> None:
        self.machine = MappingSync(refusal=SERVES.refusal, max_services=max_services)
        self.now = 0.0
        self.unwelcome: dict[str, str] = {}
        """Services whose upsert is rejected, and why."""
        self.unloadable: dict[str, str] = {}
        """The same, found by `commit` only."""
        self.exclusive = False
        """A domain that another service has is rejected."""
        self.holds: dict[str, ProxyMapping] = {}
        self.told: list[ProxyMapping] = []
        """All mappings handed to upsert."""
        self.pending: steps.Step | None = None
        """What `run` stopped at."""
        self.synced: steps.Synced | None = None
        self.rejects: list[steps.Reject] = []

    def connect(self, *, acks: bool = True) -> None:
        self.machine.connected(acks=acks)

    def say(
        self,
        *items: Version | str | bytes,
        complete: bool = False,
        kind: ProxyMappingUpdateType = CREATED,
        token: str = "token",
    ) -> None:
        """Deliver a message: states, ids of removed services, or raw mappings."""
        bodies = []
        for item in items:
            match item:
                case Version():
                    bodies.append(item.wire(kind, token.encode()))
                case str():
                    bodies.append(removal(item, "anything.example.com"))
                case bytes():
                    bodies.append(item)
        self.machine.received(*read_batch(batch(bodies, complete=complete), "Test"))

    def snapshot(self, *versions: Version, token: str = "token") -> list[str]:
        """Connect, deliver a whole snapshot, and carry everything out."""
        self.connect()
        self.say(*versions, complete=True, token=token)
        return self.run()

    def step(self) -> steps.Step | None:
        return self.machine.step(self.now)

    def run(self, until: str = "") -> list[str]:
        """Carry out steps, up to one that is named; return what was done."""
        log: list[str] = []
        while (step := self.step()) is not None:
            if until and describe(step).startswith(until):
                self.pending = step
                return log
            log.append(describe(step))
            self.answer(step)
        assert not until, f"never came to {until}: {log}"
        return log

    def resume(self, answer: Callable[[steps.Step], None] | None = None) -> list[str]:
        """Answer the step that `run` stopped at, and carry out what follows."""
        step, self.pending = self.pending, None
        assert step is not None
        (answer or self.answer)(step)
        return [describe(step), *self.run()]

    def answer(self, step: steps.Step) -> None:
        match step:
            case steps.Upsert(mapping):
                self._upsert(step, mapping)
            case steps.Remove(mapping):
                self.holds.pop(mapping.id, None)
                self.machine.done(step)
            case steps.Commit():
                rejected = {
                    i: why for i, why in self.unloadable.items() if i in self.holds
                }
                if rejected:
                    self.machine.rejected_at_commit(rejected, self.now)
                else:
                    self.machine.done(step)
            case steps.Synced():
                self.synced = step
            case steps.Reject():
                self.rejects.append(step)
            case steps.Ack():
                pass

    def _upsert(self, step: steps.Upsert, mapping: ProxyMapping) -> None:
        self.told.append(mapping)
        others = [m.domain for i, m in self.holds.items() if i != mapping.id]
        if mapping.id in self.unwelcome:
            self.machine.rejected(step, self.unwelcome[mapping.id], self.now)
        elif self.exclusive and mapping.domain in others:
            self.machine.rejected(step, "domain in use", self.now)
        else:
            self.holds[mapping.id] = mapping
            self.machine.accepted(step)


def describe(step: steps.Step) -> str:
    match step:
        case steps.Upsert(mapping):
            return f"upsert {mapping.id}"
        case steps.Remove(mapping):
            return f"remove {mapping.id}"
        case steps.Commit(complete):
            return f"commit {complete}"
        case steps.Ack(count):
            return f"ack {count}"
        case steps.Reject():
            return f"reject {step.service_id}"
        case steps.Synced():
            return "synced"
