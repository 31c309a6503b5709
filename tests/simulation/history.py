"""Runs a whole session through one random history and checks what is left of it."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Final

from netbird_sdk.config import Backoff
from netbird_sdk.errors import RPCError
from netbird_sdk.events import SessionEvent
from netbird_sdk.mapping_session import MappingSession
from netbird_sdk.session import SessionState
from netbird_sdk.sink import SinkLimits

from . import virtual_time
from .broken import Broken
from .ledger import Ledger
from .server import SimulatedServer
from .sink import SimulatedSink
from .versions import SERVES
from .world import World

SHUTDOWN: Final = 5.0
CALL: Final = 20.0
DUST_SETTLES_IN: Final = 1500.0
"""Seconds: rejected mappings are tried again every five minutes."""


def play(seed: int, *, collect: bool = False) -> None:
    """Run the history of a seed.

    Raises:
        Broken: A guarantee did not hold.
    """
    history = History(seed)
    try:
        virtual_time.run(history.run(), collect=collect)
    except Broken:
        raise
    except BaseException as error:
        history.ledger.breach(f"{type(error).__name__}: {error}")
        raise Broken("session", seed, history.ledger.violations) from error
    if history.ledger.violations:
        raise Broken("session", seed, history.ledger.violations)


class History:
    """One session from start to end."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        concurrency = self.random.choice((1, 1, 1, 2, 8))
        self.ledger = Ledger(concurrency=concurrency)
        self.server = SimulatedServer(self.ledger, self.random)
        self.sink = SimulatedSink(
            self.ledger, self.random, conflicts_at_commit=self.random.random() < 0.3
        )
        self.world = World(self.random, self.server, self.sink)
        self.events: list[SessionEvent] = []
        self.session = MappingSession(
            self.server,
            self.sink,
            SERVES,
            limits=SinkLimits(
                call=CALL, shutdown=SHUTDOWN, snapshot=60.0, concurrency=concurrency
            ),
            backoff=Backoff(),
            retry_on=None,
            on_event=self.events.append,
            random=Random(seed),
        )

    async def run(self) -> None:
        task = asyncio.create_task(self.session.run())
        happenings = self.random.choice((5, 20, 80))
        pace = self.random.choice((0.01, 0.3, 3.0))
        for _ in range(happenings):
            await asyncio.sleep(self.random.expovariate(1 / pace))
            if task.done():
                break
            self.world.happen()
        if self.random.random() < 0.7:
            await self._settle(task)
        await self._cancel(task)

    async def _settle(self, task: asyncio.Task[object]) -> None:
        self.world.settle()
        await asyncio.wait({task}, timeout=DUST_SETTLES_IN)
        if task.done():
            return
        self.ledger.check_served(self.server.services, self.sink.serving)
        if self.session.state is not SessionState.READY:
            self.ledger.breach(f"not ready, but {self.session.state}")
        await self.session.wait_synced()
        stream = self.server.live
        assert stream is not None
        if stream.acks and stream.acknowledged != len(stream.delivered):
            self.ledger.breach(
                f"G1: {len(stream.delivered)} messages, {stream.acknowledged} acks"
            )

    async def _cancel(self, task: asyncio.Task[object]) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(1.5)  # what has been answered is now known to the client
        if not task.done():
            if self.server.fatal is not None:
                self.ledger.breach(f"G8: went on after {self.server.fatal}")
            self.ledger.cancel_requested = True
            task.cancel()
            for _ in range(3):
                await asyncio.sleep(0)
            self.ledger.cancelled = True
        since = loop.time()
        await asyncio.wait({task}, timeout=100.0)
        if not task.done():
            self.ledger.breach("G12: does not end")
            return
        self._check_end(task, loop.time() - since)

    def _check_end(self, task: asyncio.Task[object], seconds: float) -> None:
        if self.session.state is not SessionState.CLOSED:
            self.ledger.breach(f"over, but {self.session.state}")
        if not task.cancelled():
            error = task.exception()
            code = error.code if isinstance(error, RPCError) else None
            if code is None or code is not self.server.fatal:
                self.ledger.breach(f"G8: ended by {error!r}, not {self.server.fatal}")
        if seconds > SHUTDOWN + CALL + 2 * 3.0:
            self.ledger.breach(f"G12: took {seconds:.1f} s to end")
        in_time = seconds < SHUTDOWN - 0.01
        if in_time and self.ledger.unsettled and not self.ledger.commits_after_cancel:
            self.ledger.breach("G12: told, but not committed at the end")
        if self.server.live is not None:
            self.ledger.breach("G12: the stream was left open")
