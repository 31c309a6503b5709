"""Runs the bare state machine through one random history: no tasks, no session."""

from __future__ import annotations

from collections.abc import Coroutine
from random import Random
from typing import Any

import attrs
import grpc

from netbird_sdk import _mapping_steps as steps
from netbird_sdk._mapping_slices import read_batch
from netbird_sdk._mapping_sync import MappingSync
from netbird_sdk.sink import Rejected

from .broken import Broken
from .ledger import Ledger
from .server import SimulatedServer
from .sink import SimulatedSink
from .stream import Plan, SimulatedStream
from .versions import SERVES
from .world import World

LONGEST_RETRY = 300.0


def play(seed: int) -> None:
    """Run the history of a seed.

    Raises:
        Broken: A guarantee did not hold.
    """
    history = MachineHistory(seed)
    try:
        history.run()
    except Exception as error:
        history.ledger.breach(f"{type(error).__name__}: {error}")
        raise Broken("machine", seed, history.ledger.violations) from error
    finally:
        for call in history.calls:
            call.work.close()
    if history.ledger.violations:
        raise Broken("machine", seed, history.ledger.violations)


@attrs.define
class Call:
    """A sink call that goes on."""

    step: steps.Upsert | steps.Remove | steps.Commit
    work: Coroutine[Any, Any, None]


class MachineHistory:
    """Messages arrive and calls come back in any order that a session allows."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.concurrency = self.random.choice((1, 1, 3))
        self.ledger = Ledger(concurrency=self.concurrency)
        self.server = SimulatedServer(self.ledger, self.random)
        self.sink = SimulatedSink(
            self.ledger, self.random, conflicts_at_commit=self.random.random() < 0.3
        )
        self.world = World(self.random, self.server, self.sink)
        self.machine = MappingSync(refusal=SERVES.refusal)
        self.now = 0.0
        self.stream: SimulatedStream | None = None
        self.calls: list[Call] = []
        self._faults = self.random.choice((0.0, 0.02, 0.1))

    def run(self) -> None:
        for _ in range(self.random.choice((50, 200, 600))):
            self._sober_up()
            happening = self.random.random()
            if happening < 0.25:
                self.world.happen()
            elif happening < 0.5:
                self._read()
            elif happening < 0.5 + self._faults:
                self._disconnect()
            elif happening < 0.62:
                self.now += self.random.expovariate(1 / 5)
            else:
                self._work()
        self._settle()

    def _sober_up(self) -> None:
        # Calls come back when they are driven to; none of them waits for time.
        mood = self.sink.mood
        if mood.slowest or mood.stall:
            self.sink.mood = attrs.evolve(mood, slowest=0.0, stall=0.0)

    def _settle(self) -> None:
        self.world.settle()
        self._faults = 0.0
        if self.stream is not None and self.stream.never_completes:
            self._disconnect()
        until = self.now + 4 * LONGEST_RETRY
        while self.now < until:
            if not (self._read() or self._work()):
                self.now = max(self.now, self.machine.next_retry or until)
        self.ledger.check_served(self.server.services, self.sink.serving)
        stream = self.stream
        assert stream is not None
        if stream.acks and stream.acknowledged != len(stream.delivered):
            self.ledger.breach(
                f"G1: {len(stream.delivered)} messages, {stream.acknowledged} acks"
            )

    # The connection.

    def _read(self) -> bool:
        if self.stream is None:
            self._connect()
        assert self.stream is not None
        first = not self.stream.delivered
        message = self.stream.poll()
        if message is None:
            if self.stream.over:
                self._disconnect()
            return self.stream is None
        if first:
            self.machine.connected(acks=self.stream.acks)
        self.machine.received(*read_batch(message, self.stream.method))
        return True

    def _connect(self) -> None:
        plan = Plan(batch=self.random.choice((1, 3, 500)))
        if self.random.random() < 3 * self._faults:
            plan.cut_after = self.random.randrange(4)
        plan.forgets_flag = self.random.random() < self._faults
        number = len(self.server.streams) + 1
        acks = self.random.random() < 0.7
        self.stream = SimulatedStream(self.server, number, plan, acks=acks)
        self.server.streams.append(self.stream)

    def _disconnect(self) -> None:
        if self.stream is not None:
            self.stream.end(grpc.StatusCode.UNAVAILABLE, lose=True)
            self.stream = None

    # The sink.

    def _work(self) -> bool:
        """Let a call go on, or take a step; say whether there was one."""
        upserting = all(isinstance(call.step, steps.Upsert) for call in self.calls)
        free = len(self.calls) < self.concurrency and upserting
        if self.calls and (not free or self.random.random() < 0.5):
            self._advance(self.random.choice(self.calls))
            return True
        match step := self.machine.step(self.now):
            case None:
                if not self.calls:
                    return False
                self._advance(self.random.choice(self.calls))
            case steps.Upsert(mapping):
                self._begin(Call(step, self.sink.upsert(mapping)))
            case steps.Remove(mapping):
                self._begin(Call(step, self.sink.remove(mapping)))
            case steps.Commit(complete):
                self._begin(Call(step, self.sink.commit(complete)))
            case steps.Ack(count):
                if self.stream is not None and self.stream.delivered:
                    for _ in range(count):
                        self.stream.acknowledge()
            case _:
                pass
        return True

    def _begin(self, call: Call) -> None:
        self.calls.append(call)
        self._advance(call)

    def _advance(self, call: Call) -> None:
        try:
            call.work.send(None)
        except StopIteration:
            self.calls.remove(call)
            if isinstance(call.step, steps.Upsert):
                self.machine.accepted(call.step)
            else:
                self.machine.done(call.step)
        except Rejected as rejected:
            self.calls.remove(call)
            self.machine.rejected_at_commit(rejected.reasons, self.now)
        except Exception as error:  # noqa: BLE001 - the sink may raise anything
            self.calls.remove(call)
            if isinstance(call.step, steps.Upsert):
                self.machine.rejected(call.step, str(error), self.now)
            else:
                self.machine.failed()
                self._disconnect()
