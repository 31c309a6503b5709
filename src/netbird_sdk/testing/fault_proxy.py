"""A TCP proxy that behaves as badly as a network can.

    async with FaultProxy("127.0.0.1", port) as network:
        ...  # let a client connect to network.host and network.port
        network.fault = Fault(latency=0.2, jitter=0.1)
        await network.reset()
        network.heal()

It stands between a client and a server, both real, and works on bytes: it knows nothing
of what they say to each other.
"""

from __future__ import annotations

import asyncio
import functools
import socket
from collections.abc import Callable
from random import Random
from types import TracebackType
from typing import Final, Self

from netbird_sdk.errors import ConfigurationError
from netbird_sdk.testing._fault_connection import (
    Conditions,
    Direction,
    Fault,
    FaultyConnection,
)

__all__ = ["Direction", "Fault", "FaultProxy"]

_LOOPBACK: Final = "127.0.0.1"


class FaultProxy:
    """Passes TCP connections on to a server, as well as its `fault` lets it.

    Use it on one event loop, as an async context manager; leaving it closes everything
    and frees the port. Until then the port stays the same, and nobody else gets it.
    """

    host: Final[str] = _LOOPBACK
    """Where clients connect to."""

    def __init__(
        self, target_host: str, target_port: int, *, random: Random | None = None
    ) -> None:
        """Describe a proxy; `async with` starts it.

        Args:
            target_host: Where the server is.
            target_port: The server's port.
            random: Draws the jitter.
        """
        self.target: tuple[str, int] = (target_host, target_port)
        """Where new connections lead to; set it to put another server in place."""
        self._conditions = Conditions(random or Random())  # noqa: S311 - no secret
        self._changes = self._conditions.changes
        self._connections: dict[FaultyConnection, asyncio.Task[None]] = {}
        self._reservation: socket.socket | None = None
        self._listener: socket.socket | None = None
        self._accepted = 0

    async def __aenter__(self) -> Self:
        if self._reservation is not None:
            raise ConfigurationError("this fault proxy is running already")
        self._reservation = _bound_socket(0)
        self.fault = self.fault  # so that it can be set beforehand
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        reservation, self._reservation = self._reservation, None
        assert reservation is not None
        reservation.close()
        self._stop_listening()
        await self.disconnect()

    @property
    def port(self) -> int:
        """The port that clients connect to."""
        if self._reservation is None:
            raise ConfigurationError(
                "a fault proxy has a port only while it runs: use it as "
                "`async with FaultProxy(...) as network`"
            )
        port: int = self._reservation.getsockname()[1]
        return port

    @property
    def fault(self) -> Fault:
        """What is wrong at present.

        Another one set here is in force at once, also for what is under way.
        """
        return self._conditions.fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        self._conditions.fault = fault
        if fault.swallows is None:
            for connection, task in self._connections.items():
                if connection.has_lost_bytes:
                    connection.resets = True
                    task.cancel()
        if self._reservation is not None:
            if fault.refuses:
                self._stop_listening()
            else:
                self._listen()
        self._changes.notify()

    def heal(self) -> None:
        """Let everything through again; the same as setting `fault` to `Fault()`."""
        self.fault = Fault()

    async def reset(self) -> None:
        """End all connections at once, both ends with a TCP reset."""
        for connection in self._connections:
            connection.resets = True
        await self.disconnect()

    async def disconnect(self) -> None:
        """Close all connections, in both directions."""
        tasks = set(self._connections.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
            await asyncio.sleep(0)  # their callbacks close the sockets

    @property
    def connections(self) -> int:
        """How many connections there are at present."""
        return len(self._connections)

    @property
    def accepted(self) -> int:
        """How many connections there have ever been."""
        return self._accepted

    async def wait_until(
        self, condition: Callable[[Self], object], *, timeout: float | None = 10.0
    ) -> None:
        """Return as soon as `condition(proxy)` is true.

        It is asked again whenever a connection has come or gone.

        Raises:
            TimeoutError: It was not true within `timeout` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._changes.wait_until(lambda: condition(self))
        except TimeoutError as error:
            raise TimeoutError(
                f"what was waited for did not happen within {timeout} seconds; there "
                f"are {self.connections} connections, of {self.accepted} ever"
            ) from error

    def _listen(self) -> None:
        if self._listener is None:
            self._listener = _bound_socket(self.port)
            self._listener.listen()
            loop = asyncio.get_running_loop()
            loop.add_reader(self._listener, self._accept, self._listener)

    def _stop_listening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            asyncio.get_running_loop().remove_reader(listener)
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, _ = listener.accept()
        except OSError:  # it is gone already
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = FaultyConnection(client, self._conditions)
        task = asyncio.create_task(connection.run(*self.target))
        self._connections[connection] = task
        task.add_done_callback(functools.partial(self._gone, connection))
        self._accepted += 1
        self._changes.notify()

    def _gone(self, connection: FaultyConnection, _: asyncio.Task[None]) -> None:
        connection.close()
        del self._connections[connection]
        self._changes.notify()


def _bound_socket(port: int) -> socket.socket:
    # One that is bound but does not listen keeps the port from others, while connecting
    # to it is refused; the one that listens shares the port with it.
    bound = socket.socket()
    bound.setblocking(False)
    option = getattr(socket, "SO_REUSEPORT", socket.SO_REUSEADDR)
    bound.setsockopt(socket.SOL_SOCKET, option, 1)
    bound.bind((_LOOPBACK, port))
    return bound
