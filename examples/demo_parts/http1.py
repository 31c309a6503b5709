"""As much of HTTP/1.1 as a small reverse proxy needs, on asyncio streams."""

from __future__ import annotations

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterable
from contextlib import suppress
from http import HTTPStatus
from types import TracebackType
from typing import Self

import attrs

__all__ = ["BadRequest", "Listener", "Request", "answer", "get", "relay"]

REQUEST_LINE = re.compile(r"([A-Z]+) (/[!-~]*) HTTP/1\.[01]")
HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*)")
# Of one connection only, so not to be passed on. Ours carries a single request.
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "upgrade", "expect"}
SECONDS_FOR_A_HEAD = 10.0
CHUNK = 64 * 1024


class BadRequest(Exception):  # noqa: N818 - an answer
    """A request that is not passed on."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@attrs.frozen
class Request:
    """The head of a request; its body is still unread."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]

    @classmethod
    async def read(cls, reader: StreamReader) -> Self:
        """Read the head of a request.

        Raises:
            BadRequest: It is none that can safely be passed on.
        """
        try:
            async with asyncio.timeout(SECONDS_FOR_A_HEAD):
                head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError as error:
            raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from error
        first, *lines = head[:-4].decode("latin-1").split("\r\n")
        start = REQUEST_LINE.fullmatch(first)
        fields = [HEADER.fullmatch(line) for line in lines]
        if start is None or None in fields:
            raise BadRequest(HTTPStatus.BAD_REQUEST)
        headers = tuple((f[1], f[2].rstrip()) for f in fields if f)
        request = cls(start[1], start[2], headers)
        if (
            len(request.values("host")) != 1
            or len(request.values("content-length")) > 1
        ):
            raise BadRequest(HTTPStatus.BAD_REQUEST)
        if request.values("transfer-encoding"):
            raise BadRequest(HTTPStatus.LENGTH_REQUIRED)
        return request

    def values(self, name: str) -> list[str]:
        """Return the values of a header."""
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def host(self) -> str:
        """The host that the request is for, without a port."""
        return self.values("host")[0].partition(":")[0].rstrip(".").lower()

    @property
    def body_length(self) -> int:
        """How many bytes follow the head."""
        length = (self.values("content-length") or ["0"])[0]
        if not re.fullmatch("[0-9]{1,15}", length):
            raise BadRequest(HTTPStatus.BAD_REQUEST)
        return int(length)

    def passed_on(self, target: str, replaced: Iterable[tuple[str, str]]) -> bytes:
        """Return the head to send on, with some headers replaced."""
        replaced = [*replaced, ("Connection", "close")]
        drop = HOP_BY_HOP | {name.lower() for name, _ in replaced}
        kept = [(n, v) for n, v in self.headers if n.lower() not in drop]
        lines = [f"{self.method} {target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in (*replaced, *kept)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Listener:
    """Serves one request per connection on a free port of 127.0.0.1."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def handle(
        self, request: Request, reader: StreamReader, writer: StreamWriter
    ) -> None:
        """Answer a request; the connection is closed afterwards."""
        raise NotImplementedError

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            request = await Request.read(reader)
            await self.handle(request, reader, writer)
        except BadRequest as error:
            answer(writer, error.status)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the visitor left, or is too slow
        except asyncio.CancelledError:
            pass  # closed: asyncio would log a handler that ends as cancelled
        finally:
            self._connections.discard(task)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def answer(writer: StreamWriter, status: HTTPStatus, text: str = "") -> None:
    """Write a whole answer of plain text."""
    body = f"{text or status.phrase}\n".encode()
    writer.write(
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        + body
    )


async def relay(reader: StreamReader, writer: StreamWriter, length: int = -1) -> int:
    """Copy so many bytes, or all there are; return how many those were."""
    copied = 0
    while copied != length:
        most = CHUNK if length < 0 else min(CHUNK, length - copied)
        chunk = await reader.read(most)
        if not chunk:
            break
        copied += len(chunk)
        writer.write(chunk)
        await writer.drain()
    return copied


async def get(port: int, host: str, path: str = "/") -> str:
    """Ask a server on this machine as a browser would: `200 Hello` or `404 ...`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        async with asyncio.timeout(10):
            response = await reader.read()
    finally:
        writer.close()
    head, _, body = response.decode().partition("\r\n\r\n")
    return f"{head.split(' ')[1]} {body.strip()}" if head else "no answer"
