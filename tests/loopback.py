"""Small servers on 127.0.0.1, right ones and wrong ones, and a way to call them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeAlias

import grpc
import grpc.aio

from netbird_sdk._channel import call_unary, open_channel
from netbird_sdk._endpoint import parse_url
from netbird_sdk.config import TLS, Keepalive

Call: TypeAlias = "grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]"
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Context: TypeAlias = "grpc.aio.ServicerContext[bytes, bytes]"

TIMEOUT: Final = 10.0

ECHO = "/test.Service/Echo"
METADATA = "/test.Service/Metadata"
FAIL = "/test.Service/Fail"
HANG = "/test.Service/Hang"
GROW = "/test.Service/Grow"


async def _echo(request: bytes, _context: Context) -> bytes:
    return request


async def _metadata(_request: bytes, context: Context) -> bytes:
    pairs = context.invocation_metadata() or ()
    return "\n".join(f"{key}={value!s}" for key, value in pairs).encode()


async def _fail(request: bytes, context: Context) -> bytes:
    name, _, details = request.decode().partition(" ")
    await context.abort(grpc.StatusCode[name], details)


async def _hang(_request: bytes, _context: Context) -> bytes:
    await asyncio.Event().wait()
    return b""


async def _grow(request: bytes, _context: Context) -> bytes:
    return bytes(int(request))


_METHODS: Final[dict[str, grpc.RpcMethodHandler[bytes, bytes]]] = {
    path.rpartition("/")[2]: grpc.unary_unary_rpc_method_handler(behaviour)
    for path, behaviour in (
        (ECHO, _echo),
        (METADATA, _metadata),
        (FAIL, _fail),
        (HANG, _hang),
        (GROW, _grow),
    )
}


@asynccontextmanager
async def opened(
    url: str,
    *,
    tls: TLS | None = None,
    keepalive: Keepalive | None = None,
    max_message_bytes: int | None = None,
) -> AsyncGenerator[grpc.aio.Channel, None]:
    channel = await open_channel(
        parse_url(url),
        tls=tls,
        keepalive=keepalive,
        max_message_bytes=max_message_bytes,
    )
    try:
        yield channel
    finally:
        await channel.close()


async def ask(
    url: str,
    path: str = ECHO,
    request: bytes = b"hello",
    *,
    tls: TLS | None = None,
    timeout: float = TIMEOUT,
    max_message_bytes: int | None = None,
) -> bytes:
    async with opened(url, tls=tls, max_message_bytes=max_message_bytes) as channel:
        call: Call = channel.unary_unary(path)
        return await call_unary(call, request, method="Echo", timeout=timeout)


@asynccontextmanager
async def grpc_server(
    credentials: grpc.ServerCredentials | None = None, host: str = "127.0.0.1"
) -> AsyncGenerator[int, None]:
    """Serve the methods above and yield the port."""
    server = grpc.aio.server()
    service = grpc.method_handlers_generic_handler("test.Service", _METHODS)
    server.add_generic_rpc_handlers((service,))
    if credentials is None:
        port = server.add_insecure_port(f"{host}:0")
    else:
        port = server.add_secure_port(f"{host}:0", credentials)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(None)


@asynccontextmanager
async def tcp_server(
    handler: Handler, context: ssl.SSLContext | None = None
) -> AsyncGenerator[int, None]:
    """Serve connections with `handler` and yield the port."""
    connections: set[asyncio.Task[None]] = set()

    async def connected(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await handler(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(connected(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
    try:
        port: int = server.sockets[0].getsockname()[1]
        yield port
    finally:
        server.close()
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


def http1_answer(status: str, body: bytes) -> Handler:
    """Answer anything with one HTTP/1.1 page, as a web server does."""

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.read(100)
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return handle


def http2_answer(status: int) -> Handler:
    """Answer every request with a page over HTTP/2, as a reverse proxy does."""
    data, headers, settings, ping = 0, 1, 4, 6
    ack = end_stream = 1
    end_headers = 4

    def frame(kind: int, flags: int, stream: bytes, payload: bytes) -> bytes:
        return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream + payload

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        await reader.readexactly(len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
        writer.write(frame(settings, 0, bytes(4), b""))
        while True:
            header = await reader.readexactly(9)
            kind, flags, stream = header[3], header[4], header[5:]
            payload = await reader.readexactly(int.from_bytes(header[:3], "big"))
            if kind in (settings, ping) and not flags & ack:
                writer.write(frame(kind, ack, stream, payload * (kind == ping)))
            if kind == headers:
                # Both fields as literals: the names are entries 8 and 31 of HPACK.
                fields = b"\x08\x03" + str(status).encode() + b"\x0f\x10\x09text/html"
                writer.write(frame(headers, end_headers, stream, fields))
                writer.write(frame(data, end_stream, stream, b"<html>no gRPC</html>"))

    return handle


async def silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accept and never say a word."""
    while await reader.read(1000):
        pass


def connect_proxy(port: int, asked: list[str]) -> Handler:
    """Tunnel every CONNECT to `port`, noting what was asked for."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(65_536):
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def handle(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        asked.append(request.split(b"\r\n", 1)[0].decode())
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        try:
            await asyncio.gather(pump(reader, there_writer), pump(there_reader, writer))
        finally:
            there_writer.close()

    return handle
