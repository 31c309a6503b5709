"""One connection through a fault proxy: two directions, each read and written."""

from __future__ import annotations

import asyncio
import math
import socket
import struct
from random import Random
from typing import Final, Literal, TypeAlias

import attrs

from netbird_sdk.errors import ConfigurationError
from netbird_sdk.testing._changes import Changes

__all__ = ["Conditions", "Direction", "Fault", "FaultyConnection"]

Direction: TypeAlias = Literal["to_server", "to_client", "both"]

_CHUNK: Final = 65_536
_CHUNKS_UNDER_WAY: Final = 16
_PIECES_A_SECOND: Final = 20
"""In how many pieces a throttled connection lets a second's worth through."""
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


@attrs.frozen(kw_only=True)
class Fault:
    """What is wrong with a network; by default nothing."""

    latency: float = 0.0
    """Seconds that everything takes longer, each way."""
    jitter: float = 0.0
    """Up to so many seconds more, at random; the order of the bytes stays."""
    bytes_per_second: float | None = None
    """What each connection carries at most, each way."""
    stalled: bool = False
    """Nothing is passed on. Connections stay, and go on once this is over."""
    swallows: Direction | None = None
    """What goes this way vanishes, as when the other machine has lost its power.

    Connections stay, and those that have lost something are reset once this is over.
    """
    cut_after: int | None = None
    """Close each connection as soon as it has carried so many bytes, both ways."""
    close_delay: float = 0.0
    """Seconds until one end hears that the other has closed."""
    refuses: bool = False
    """Refuse new connections; those that are there stay."""

    def __attrs_post_init__(self) -> None:
        for name in ("latency", "jitter", "close_delay"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ConfigurationError(f"Fault.{name} must be a number from 0 on")
        if self.cut_after is not None and self.cut_after < 0:
            raise ConfigurationError("Fault.cut_after must be a number from 0 on")
        if self.bytes_per_second is not None and not self.bytes_per_second > 0:
            raise ConfigurationError(
                "Fault.bytes_per_second must be greater than 0; to let nothing through "
                "set `stalled`"
            )


@attrs.define(eq=False)
class Conditions:
    """The fault that is in force, for all connections of a proxy."""

    random: Random
    changes: Changes = attrs.Factory(Changes)
    fault: Fault = Fault()

    async def wait(self, until: float, fault: Fault) -> None:
        """Wait until a time of the loop, but no longer than `fault` is in force."""
        try:
            async with asyncio.timeout_at(until):
                await self.changes.wait_until(lambda: self.fault is not fault)
        except TimeoutError:
            return


class _Cut(Exception):  # noqa: N818 - ends a connection, no error
    """The connection has carried all that it may."""


@attrs.frozen
class _Chunk:
    data: bytes
    """Empty when the sender has closed its side."""
    due: float
    fault: Fault
    """The one that was in force when this was sent."""


class FaultyConnection:
    """A client's connection and the one to the server that belongs to it."""

    def __init__(self, client: socket.socket, conditions: Conditions) -> None:
        self._client = client
        self._sockets = [client]
        self._conditions = conditions
        self._carried = 0
        self.has_lost_bytes = False
        self.resets = False
        """Whether closing the two sockets is to be a reset."""

    async def run(self, host: str, port: int) -> None:
        """Connect to the server and pass bytes on until both ends have closed."""
        client = self._client
        try:
            server = await _connect(host, port)
            self._sockets.append(server)
            to_server = asyncio.Queue[_Chunk](_CHUNKS_UNDER_WAY)
            to_client = asyncio.Queue[_Chunk](_CHUNKS_UNDER_WAY)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(client, to_server))
                group.create_task(self._write(to_server, server, "to_server"))
                group.create_task(self._read(server, to_client))
                group.create_task(self._write(to_client, client, "to_client"))
        except* _Cut:
            pass
        except* OSError:  # one end is gone, or never was there: so is the other
            self.resets = True

    def close(self) -> None:
        """Close both sockets; only once `run` is over."""
        for end in self._sockets:
            if self.resets:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            end.close()

    async def _read(self, source: socket.socket, chunks: asyncio.Queue[_Chunk]) -> None:
        loop = asyncio.get_running_loop()
        due, data = 0.0, b"more"
        while data:
            data = await loop.sock_recv(source, _CHUNK)
            fault = self._conditions.fault
            delay = fault.latency + self._conditions.random.uniform(0, fault.jitter)
            if not data:
                delay += fault.close_delay
            due = max(due, loop.time() + delay)
            await chunks.put(_Chunk(data, due, fault))

    async def _write(
        self, chunks: asyncio.Queue[_Chunk], sink: socket.socket, direction: Direction
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            chunk = await chunks.get()
            if chunk.due > loop.time():
                await self._conditions.wait(chunk.due, chunk.fault)
            if not chunk.data:
                await self._until_not_stalled()
                if self._swallows(direction):
                    self.has_lost_bytes = True
                else:
                    sink.shutdown(socket.SHUT_WR)
                return
            await self._deliver(chunk.data, sink, direction)

    async def _deliver(
        self, data: bytes, sink: socket.socket, direction: Direction
    ) -> None:
        loop = asyncio.get_running_loop()
        while data:
            await self._until_not_stalled()
            if self._swallows(direction):
                self.has_lost_bytes = True
                return
            fault = self._conditions.fault
            piece, data = self._split(data, fault)
            await loop.sock_sendall(sink, piece)
            if fault.cut_after is not None and self._carried >= fault.cut_after:
                raise _Cut
            if fault.bytes_per_second is not None:
                seconds = len(piece) / fault.bytes_per_second
                await self._conditions.wait(loop.time() + seconds, fault)

    def _split(self, data: bytes, fault: Fault) -> tuple[bytes, bytes]:
        """Return what may be sent now, and the rest."""
        size = len(data)
        if fault.bytes_per_second is not None:
            size = min(size, max(1, int(fault.bytes_per_second / _PIECES_A_SECOND)))
        if fault.cut_after is not None:
            size = min(size, max(0, fault.cut_after - self._carried))
        self._carried += size  # before it is sent: the other direction counts, too
        return data[:size], data[size:]

    def _swallows(self, direction: Direction) -> bool:
        return self._conditions.fault.swallows in {direction, "both"}

    async def _until_not_stalled(self) -> None:
        await self._conditions.changes.wait_until(
            lambda: not self._conditions.fault.stalled
        )


async def _connect(host: str, port: int) -> socket.socket:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    family, _, _, _, address = found[0]
    server = socket.socket(family, socket.SOCK_STREAM)
    try:
        server.setblocking(False)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await loop.sock_connect(server, address)
    except BaseException:
        server.close()
        raise
    return server
