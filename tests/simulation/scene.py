"""A session over the simulated server, set up in one line and checked at its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import TypeVar

import attrs

from netbird_sdk.config import Backoff
from netbird_sdk.events import SessionEvent
from netbird_sdk.mapping_session import MappingSession
from netbird_sdk.session import OnEvent, RetryOn
from netbird_sdk.sink import MappingSink, SinkLimits

from .ledger import Ledger
from .server import SimulatedServer
from .sink import SimulatedSink
from .stream import Plan
from .versions import SERVES, Version

E = TypeVar("E", bound=SessionEvent)


class Scene:
    """Everything a test looks at."""

    def __init__(
        self,
        *services: Version,
        limits: SinkLimits = SinkLimits(),  # noqa: B008 - frozen
        backoff: Backoff = Backoff(jitter=0.0),  # noqa: B008 - frozen
        retry_on: RetryOn | None = None,
        on_event: OnEvent | None = None,
        sink: MappingSink | None = None,
    ) -> None:
        self.ledger = Ledger(concurrency=limits.concurrency)
        self.server = SimulatedServer(self.ledger, Random(1))
        self.server.services = {version.id: version for version in services}
        self.sink = SimulatedSink(self.ledger, Random(2))
        self.events: list[SessionEvent] = []
        self.session = MappingSession(
            self.server,
            sink or self.sink,
            SERVES,
            limits=limits,
            backoff=backoff,
            retry_on=retry_on,
            on_event=on_event or self.events.append,
            random=Random(3),
        )

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[asyncio.Task[object]]:
        """Run the session, and end it; nothing may have been broken on the way."""
        task = asyncio.create_task(self.session.run())
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait({task})
        self.check()

    def check(self) -> None:
        assert not self.ledger.violations, self.ledger.violations

    def check_served(self) -> None:
        self.ledger.check_served(self.server.services, self.sink.serving)
        self.check()

    def heard(self, kind: type[E]) -> list[E]:
        """Return the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def waits(self) -> list[float]:
        """Return the seconds between one attempt and the next."""
        times = self.server.opened_at
        pairs = zip(times[1:], times, strict=False)
        return [round(later - earlier, 3) for later, earlier in pairs]


def in_turn(*plans: Plan) -> Callable[[], Plan]:
    """Hand out one plan after the other, and the last for ever."""
    left = list(plans)
    return lambda: left.pop(0) if len(left) > 1 else attrs.evolve(left[0])
