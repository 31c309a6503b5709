"""One simulated mapping stream, seen from both ends."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

import attrs
import grpc

from netbird_sdk._status import error_from_status
from netbird_sdk.errors import ClosedError, NetBirdError

from .ledger import Message, Receipt
from .versions import Version

if TYPE_CHECKING:
    from .server import SimulatedServer

CHANNEL: Final = 100
"""Updates that the server holds for one proxy; one more, and it is cut off."""
WINDOW: Final = 8
"""Messages that are on their way before the sender has to wait."""
KEEPALIVE: Final = 30.0
"""Seconds after which a silent server is given up, by the pings of HTTP/2."""


@attrs.define
class Plan:
    """What befalls a stream."""

    latency: float = 0.0
    status: grpc.StatusCode | None = None
    """Ends it before the first message; OK too."""
    details: str = ""
    hangs: bool = False
    """No message ever comes."""
    cut_after: int | None = None
    """Messages after which it ends with `cut_status`."""
    cut_status: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE
    forgets_flag: bool = False
    """The snapshot's last message does not say so, as happened before v0.70.5."""
    batch: int | None = None


class SimulatedStream:
    """Implements `MappingStream`; `send` and `end` are the server's side."""

    def __init__(
        self, server: SimulatedServer, number: int, plan: Plan, *, acks: bool
    ) -> None:
        self.method = "SyncMappings" if acks else "GetMappingUpdate"
        self.acks = acks
        self.delivered: list[Receipt] = []
        """What the client has read."""
        self.acknowledged = 0
        self.over = False
        self.unread = 0
        """Acks that arrived when the stream was over."""
        self._server = server
        self._number = number
        self._plan = plan
        self._status = grpc.StatusCode.OK
        self._details = plan.details
        self._wire: deque[Message] = deque()
        self._channel: deque[Message] = deque()
        self._overflown = False
        self._sent = 0
        self._waiter: asyncio.Future[None] | None = None
        self._dropped: NetBirdError | None = None
        self._closed = False
        self._snapshot: deque[list[Version]] | None = deque(
            server.snapshot(plan.batch or server.era.batch)
        )
        self._timer: asyncio.TimerHandle | None = None
        if plan.status is not None:
            self.end(plan.status)
        elif plan.hangs:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(
                KEEPALIVE, self.end, grpc.StatusCode.UNAVAILABLE
            )
        else:
            self._pump()

    @property
    def never_completes(self) -> bool:
        """No client can tell when its snapshot is whole."""
        return self._plan.hangs or self._plan.forgets_flag

    # The client's side: MappingStream.

    async def read(self) -> bytes | None:
        assert self._waiter is None, "two readers"
        await asyncio.sleep(self._plan.latency)
        while True:
            if self._dropped is not None:
                raise self._dropped
            if self._closed:
                raise ClosedError(f"{self.method}: the client was closed")
            if (message := self.poll()) is not None:
                return message
            if self.over:
                self._raise_status()
                return None
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    def poll(self) -> bytes | None:
        """Take a message that has arrived, if there is one."""
        if not self._wire:
            return None
        message = self._wire.popleft()
        ledger = self._server.ledger
        if not self.delivered:
            self._server.accepted = True
            ledger.connected(self._number)
        self.delivered.append(ledger.received(message))
        self._pump()
        return message.data

    def _raise_status(self) -> None:
        if self._status is not grpc.StatusCode.OK:
            if self._details != "Internal error from Core":
                self._server.answered(self, self._status)
            raise error_from_status(self.method, self._status, self._details)

    async def ack(self) -> None:
        if not self.acks:
            self._server.ledger.breach("G1: an ack where there are none")
        await asyncio.sleep(self._plan.latency)
        self.acknowledge()

    def acknowledge(self) -> None:
        """Let the server know, if it still listens."""
        if self.over or self._closed:
            self.unread += 1
            return
        if self.acknowledged >= len(self.delivered):
            self._server.ledger.breach("G1: an ack for a message not read yet")
            return
        self.acknowledged += 1
        self._server.ledger.acked(self.delivered[self.acknowledged - 1])
        self._pump()

    def drop(self, error: NetBirdError) -> None:
        self._dropped = self._dropped or error
        self._close()

    async def aclose(self) -> None:
        self._close()

    def _close(self) -> None:
        self._closed = True
        self.end(grpc.StatusCode.CANCELLED, lose=True)

    # The server's side.

    def send(self, message: Message) -> None:
        """Send an update, now or when there is room for it."""
        if self.over:
            return
        self._channel.append(message)
        self._pump()
        if len(self._channel) > CHANNEL:
            self._overflown = True
            if self._snapshot is None:
                self.end(grpc.StatusCode.CANCELLED)

    def end(self, code: grpc.StatusCode, *, lose: bool = False) -> None:
        """End the stream; `lose` also what is on its way."""
        if not self.over:
            self.over, self._status = True, code
            if self._timer is not None:
                self._timer.cancel()
        if lose:
            self._wire.clear()
        self._wake()

    def _pump(self) -> None:
        """Put on its way what may go."""
        while not self.over and len(self._wire) < WINDOW:
            if self._plan.hangs:
                break
            if self._snapshot is not None:
                if self.acks and self.acknowledged < self._sent:
                    break
                if not self._snapshot:
                    self._snapshot = None
                    if self._overflown:
                        self.end(grpc.StatusCode.CANCELLED)
                    continue
                versions = self._snapshot.popleft()
                complete = not self._snapshot and not self._plan.forgets_flag
                self._put(self._server.message(versions, complete=complete))
            elif self._channel:
                self._put(self._channel.popleft())
            else:
                break
        self._wake()

    def _put(self, message: Message) -> None:
        if self._sent == self._plan.cut_after:
            self.end(self._plan.cut_status)
            return
        self._sent += 1
        self._wire.append(message)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
