"""The heart of a mapping session: a state machine without I/O, tasks or clocks.

Batches of mappings and the results of sink calls go in; steps come out: tell the sink
to upsert, remove or commit, acknowledge messages, report a rejection, announce that a
snapshot is whole. Time is a number that the caller passes.

Each service has one record: what management wants, what the sink was told, and what is
in effect. Work is done in turns: removals first, then upserts, one commit, then the
acks of the messages that the turn covers. What arrives during a turn is folded into the
records and waits for the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain

from netbird_sdk._mapping_records import Service, Turn, addresses
from netbird_sdk._mapping_slices import Slice, read_mapping, same_mapping
from netbird_sdk._mapping_steps import Ack, Commit, Reject, Remove, Step, Synced, Upsert
from netbird_sdk._mapping_table import ServiceTable
from netbird_sdk.errors import ProtocolError
from netbird_sdk.models.proxy import ProxyMapping

__all__ = ["MappingSync"]

Refusal = Callable[[ProxyMapping], str | None]


class MappingSync:
    """See the module's docstring."""

    def __init__(
        self, *, refusal: Refusal = lambda _: None, max_services: int | None = None
    ) -> None:
        """Start with an empty table.

        `refusal` says why a mapping can't be served, or None; `max_services` bounds
        what a server can make this process remember.
        """
        self._refusal = refusal
        self._max_services = max_services
        self._table = ServiceTable()
        self._stream = 0
        self._acks = False
        self._owed = 0
        """Messages of this stream that no turn covers yet."""
        self._complete_due = False
        """A snapshot has ended and no turn covers it yet."""
        self._paused_on: int | None = None
        """The stream during which the sink failed: nothing is told until the next."""
        self._touched: list[Service] = []
        """Services of which the sink was told something since its last commit."""
        self._gone: list[Service] = []
        """Services that the sink has removed since its last commit."""
        self._reports: list[Reject] = []
        self._start = (0, 0, 0)
        """The three counters below when the stream came up."""
        self._now = 0.0
        self._turn: Turn | None = None
        self._steps = self._turns()
        self.upserted = 0
        """Upserts the sink has accepted."""
        self.removed = 0
        """Removals the sink has carried out."""
        self.unchanged = 0
        """Mappings received that were wanted already."""
        self.snapshot_open = False
        """The stream's snapshot has not ended yet."""
        self.whole = False
        """A whole snapshot has been put into effect."""
        self.uncommitted = False
        """The sink has been told something since its last commit."""

    @property
    def services(self) -> int:
        """How many services are wanted or still known to the sink."""
        return len(self._table)

    @property
    def waiting(self) -> int:
        """How many services the sink is to be told of in the next turn."""
        return self._table.waiting

    @property
    def streams(self) -> int:
        """How many streams there have been."""
        return self._stream

    @property
    def rejected_services(self) -> int:
        """How many services are not in effect as wanted."""
        return self._table.failures

    @property
    def next_retry(self) -> float | None:
        """When `step` is worth calling again although nothing has happened."""
        idle = self._paused_on is None and self._turn is None
        return self._table.next_retry if idle else None

    def served(self) -> Iterator[bytes]:
        """Yield the body of every mapping that is in effect."""
        return (service.served for service in self._table if service.served is not None)

    # What happened on the wire.

    def restore(self, slices: Iterable[Slice]) -> None:
        """Begin with a complete table kept from an earlier run."""
        for item in slices:
            self._table.want(item)
        self._complete_due = True

    def connected(self, *, acks: bool) -> None:
        """A new stream begins, with a snapshot; acks owed to the old one are void."""
        self._stream += 1
        self._table.begin_snapshot(self._stream)
        self._acks = acks
        self._owed = 0
        self.snapshot_open = True
        self._start = (self.upserted, self.removed, self.unchanged)

    def received(self, slices: Iterable[Slice], complete: bool) -> None:
        """A message arrived on the current stream.

        Raises:
            ProtocolError: More services than allowed; the rest of the message is
            dropped.
        """
        if self._paused_on is not None and self._stream > self._paused_on:
            self._paused_on = None
        limit = self._max_services
        for item in slices:
            if item.removed:
                self._table.drop(item.id, self._flying)
            elif limit is not None and not self._table.admits(item.id, limit):
                raise ProtocolError(
                    f"the server sends more than {limit} services: raise"
                    " SinkLimits(services=...), or ask why there are so many"
                )
            elif not self._table.want(item):
                self.unchanged += 1
        if self._acks:
            self._owed += 1
        if complete and self.snapshot_open:
            self.snapshot_open = False
            self._complete_due = True
            self._table.end_snapshot(self._flying)

    @property
    def _flying(self) -> Mapping[str, bytes]:
        return self._turn.flying if self._turn is not None else {}

    # What to do next.

    def step(self, now: float) -> Step | None:
        """Return what to do now; None: nothing until something arrives or comes back.

        Carry out Remove and Commit before the next step, and say so: `done` for both,
        `rejected_at_commit`, or `failed`. Several Upserts may be under way at once;
        answer each with `accepted` or `rejected`.
        """
        self._now = now
        return next(self._steps)

    def _turns(self) -> Iterator[Step | None]:
        while True:
            self._turn = self._begin()
            if self._turn is None:
                yield None
            else:
                yield from self._run(self._turn)

    def _begin(self) -> Turn | None:
        if self._paused_on is not None:
            return None
        self._table.retry_rejected(self._now)
        due = self._table.waiting or self._complete_due or self._owed
        if not (due or self.uncommitted):
            return None
        turn = Turn(self._stream, acks=self._owed, completes=self._complete_due)
        self._owed = 0
        self._complete_due = False
        self._table.fill(turn)
        return turn

    def _run(self, turn: Turn) -> Iterator[Step | None]:
        yield from self._apply(turn)
        while self._make_way(turn):
            self._table.fill(turn)
            yield from self._apply(turn)
        self._turn = None
        if turn.acks and turn.stream == self._stream:
            yield Ack(turn.acks)
        if turn.completes:
            yield self._synced(turn)

    def _synced(self, turn: Turn) -> Synced:
        upserted, removed, unchanged = self._start
        return Synced(
            services=sum(1 for s in self._table if s.wanted is not None),
            upserted=self.upserted - upserted,
            removed=self.removed - removed,
            rejected=self._table.failures,
            unchanged=self.unchanged - unchanged,
            from_stream=turn.stream > 0,
        )

    def _make_way(self, turn: Turn) -> bool:
        freed, turn.freed = turn.freed, set()
        late, turn.late = turn.late, False
        return self._table.make_way(freed) or late

    def _apply(self, turn: Turn) -> Iterator[Step | None]:
        for service in turn.removals:
            if service.must_go:
                yield from self._remove(turn, service)
            elif not service.settled:
                turn.late = True  # wanted again in the meantime, but otherwise
        for service in turn.upserts_in_order():
            yield from self._upsert(turn, service)
        while turn.flying:
            yield None
        yield from self._drain()
        whole = self.whole or (turn.completes and not turn.late)
        if self.uncommitted or whole > self.whole:
            yield Commit(whole)
            self.whole = whole
            yield from self._drain()

    def _remove(self, turn: Turn, service: Service) -> Iterator[Step]:
        self.uncommitted = service.doubtful = True  # even when it fails half-way
        yield Remove(service.last_told())
        if self._table.failures:
            turn.freed |= service.held()
        service.told, service.leaving, service.gone = None, False, True
        self._touched.append(service)
        self._gone.append(service)
        self.removed += 1

    def _upsert(self, turn: Turn, service: Service) -> Iterator[Step]:
        body = service.wanted
        if body is None or service.settled:  # superseded in the meantime
            turn.late = turn.late or service.must_go
            return
        try:
            mapping = read_mapping(body, service.token)
            reason = self._refusal(mapping)
        except ProtocolError as error:
            mapping, reason = ProxyMapping(id=service.id), str(error)
        if reason is not None:
            self._fail(service, mapping, reason, refused=True)
        else:
            turn.flying[service.id] = body
            yield Upsert(mapping)
        yield from self._drain()

    def _drain(self) -> Iterator[Reject]:
        while self._reports:
            yield self._reports.pop(0)

    # What came of it.

    def accepted(self, step: Upsert) -> None:
        """The sink's `upsert` returned."""
        turn, service = self._under_way(step)
        body = turn.flying.pop(service.id)
        if service.told is not None and self._table.failures:
            turn.freed |= service.held() - addresses(step.mapping)
        service.told, service.leaving = body, False
        if service.wanted is not None and same_mapping(service.wanted, body):
            service.wanted = body  # changed in the meantime, and changed back
        self._touched.append(service)
        self.uncommitted = True
        self.upserted += 1

    def rejected(self, step: Upsert, reason: str, now: float) -> None:
        """The sink's `upsert` raised."""
        self._now = now
        turn, service = self._under_way(step)
        if service.wanted == turn.flying.pop(service.id):
            self._fail(service, step.mapping, reason, refused=False)
        else:
            turn.late = True  # superseded, and queued

    def done(self, step: Remove | Commit | None = None) -> None:
        """The sink's `remove` or `commit` returned; None: a commit nobody asked for."""
        if isinstance(step, Remove):
            return
        self.uncommitted = False
        for service in self._gone:
            service.gone_for_good()
            self._table.forget_if_idle(service)
        for service in self._touched:
            service.in_effect()
            if service.wanted == service.told:
                self._table.succeed(service)
        self._gone, self._touched = [], []

    def rejected_at_commit(self, reasons: Mapping[str, str], now: float) -> list[str]:
        """The sink's `commit` raised Rejected. Returns the ids the sink cannot know."""
        self._now = now
        self._touched = [s for s in self._touched if s.id not in reasons]
        self.done()
        unknown: list[str] = []
        for service_id, reason in reasons.items():
            service = self._table.get(service_id)
            if service is None or service.told is None:
                unknown.append(service_id)
                continue
            if service.served == service.told:
                service.served = None  # it was in effect and no longer is
            if service.wanted == service.told:
                self._fail(service, service.last_told(), reason, refused=False)
            elif self._turn is not None:
                self._turn.late = True  # superseded, and queued
        return unknown

    def failed(self) -> None:
        """The sink's `remove` or `commit` raised: what is in effect is uncertain.

        The stream has to be dropped; nothing is told until the next one brings news.
        """
        turn, self._turn = self._turn, None
        assert turn is not None
        for service in self._touched:
            service.in_doubt()
        self._table.requeue(chain(turn.removals, turn.upserts, self._touched))
        self._touched.clear()
        self._complete_due, self._owed = False, 0
        self._paused_on = self._stream
        self._steps = self._turns()

    def _under_way(self, step: Upsert) -> tuple[Turn, Service]:
        assert self._turn is not None
        return self._turn, self._table[step.mapping.id]

    def _fail(
        self, service: Service, mapping: ProxyMapping, reason: str, *, refused: bool
    ) -> None:
        news = self._table.fail(service, mapping, reason, self._now, refused=refused)
        self._reports.append(
            Reject(
                service_id=service.id,
                account_id=mapping.account_id,
                reason=reason,
                refused=refused,
                still_served=service.served is not None and not service.leaving,
                news=news,
            )
        )
