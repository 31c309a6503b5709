"""A connection that can be cut: a TCP relay between the proxy and management."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import attrs

from demo_parts.http1 import relay
from netbird_sdk import TLS

__all__ = ["Cable"]


class Cable:
    """Leads to a server, through a port of 127.0.0.1, for as long as it is whole."""

    def __init__(self, url: str, tls: TLS | None = None) -> None:
        """`tls` is what a connection to the server itself would take."""
        parts = urlsplit(url)
        self._scheme = parts.scheme
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        # The server's certificate carries its own name, not that of this end.
        self.tls = attrs.evolve(tls or TLS(), server_name=self._host)
        self._whole = True
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @property
    def url(self) -> str:
        """This end of the cable."""
        assert self._server is not None
        return f"{self._scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        """Break all connections, and let no new one through."""
        self._whole = False
        for connection in self._connections:
            connection.cancel()

    def mend(self) -> None:
        """Let connections through again."""
        self._whole = True

    async def _carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if self._whole:
                await self._join(reader, writer)
        except OSError:
            pass  # one end is gone: so is the connection
        except asyncio.CancelledError:
            pass  # cut: asyncio would log a handler that ends as cancelled
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _join(self, reader: StreamReader, writer: StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        ways = (
            asyncio.create_task(relay(reader, far_writer)),
            asyncio.create_task(relay(far_reader, writer)),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            far_writer.transport.abort()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
