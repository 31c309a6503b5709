"""The demo's reverse proxy, which people will start theirs from."""

from __future__ import annotations

import asyncio
import re
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from netbird_sdk import ProxyMapping
from netbird_sdk.models.proxy import PathMapping, PathRewriteMode, PathTargetOptions

sys.path.append(str(Path(__file__).parent.parent / "examples"))

from demo_parts.http1 import Listener, Request, answer, get
from demo_parts.proxy import ReverseProxy


class Mirror(Listener):
    """Answers with the request it got."""

    async def handle(
        self, request: Request, reader: StreamReader, writer: StreamWriter
    ) -> None:
        body = await reader.readexactly(request.body_length)
        headers = sorted(f"{name}={value}" for name, value in request.headers)
        lines = [f"{request.method} {request.target}", *headers, body.decode()]
        answer(writer, HTTPStatus.OK, "\n".join(lines))


@pytest.fixture
async def mirror() -> AsyncIterator[Mirror]:
    async with Mirror() as mirror:
        yield mirror


@pytest.fixture
async def proxy() -> AsyncIterator[ReverseProxy]:
    async with ReverseProxy() as proxy:
        yield proxy


def mapping(target: str, path: str = "/", **fields: Any) -> ProxyMapping:
    options = fields.pop("options", None)
    paths = (PathMapping(path=path, target=target, options=options),)
    return ProxyMapping(id="web", domain="web.example.com", path=paths, **fields)


async def serve(proxy: ReverseProxy, *mappings: ProxyMapping) -> None:
    for item in mappings:
        await proxy.upsert(item)
    await proxy.commit(complete=True)


async def send(proxy: ReverseProxy, request: str) -> str:
    """Send any text, with line ends as HTTP has them, and return the whole answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(request.replace("\n", "\r\n").encode())
    response = await reader.read()
    writer.close()
    await writer.wait_closed()
    return response.decode()


async def asked(proxy: ReverseProxy, path: str) -> str:
    """Return the path that the backend was asked for."""
    return (await get(proxy.port, "web.example.com", path)).splitlines()[0]


async def test_the_request_arrives_whole(proxy: ReverseProxy, mirror: Mirror) -> None:
    await serve(proxy, mapping(f"http://127.0.0.1:{mirror.port}"))
    head = "POST /a?b=c HTTP/1.1\nHost: WEB.example.com:80\nContent-Length: 5\nX-Y: z"
    response = await send(proxy, f"{head}\nConnection: keep-alive\n\nhello")
    assert response.splitlines()[0] == "HTTP/1.1 200 OK"
    assert response.partition("\r\n\r\n")[2].splitlines() == [
        "POST /a?b=c",
        "Connection=close",
        "Content-Length=5",
        f"Host=127.0.0.1:{mirror.port}",
        "X-Forwarded-For=127.0.0.1",
        "X-Y=z",
        "hello",
    ]


async def test_options_of_the_target_are_kept(
    proxy: ReverseProxy, mirror: Mirror
) -> None:
    options = PathTargetOptions(custom_headers={"X-Team": "blue"})
    target = f"http://127.0.0.1:{mirror.port}"
    await serve(proxy, mapping(target, options=options, pass_host_header=True))
    answered = await get(proxy.port, "web.example.com")
    assert "Host=web.example.com" in answered
    assert "X-Team=blue" in answered


@pytest.mark.parametrize(
    ("rewrite", "base", "arriving"),
    [
        (PathRewriteMode.DEFAULT, "", {"/api": "/", "/api/x?y=1": "/x?y=1"}),
        (PathRewriteMode.DEFAULT, "/v1/", {"/api": "/v1/", "/api/x": "/v1/x"}),
        (PathRewriteMode.DEFAULT, "/v1", {"/apiary": "/v1/ary"}),
        (PathRewriteMode.PRESERVE, "", {"/api": "/api", "/apiary": "/apiary"}),
        (PathRewriteMode.PRESERVE, "/v1", {"/api/x": "/v1/api/x"}),
    ],
)
async def test_paths_are_rewritten(
    proxy: ReverseProxy,
    rewrite: PathRewriteMode,
    base: str,
    arriving: dict[str, str],
) -> None:
    options = PathTargetOptions(path_rewrite=rewrite)
    async with Mirror() as mirror:
        target = f"http://127.0.0.1:{mirror.port}{base}"
        await serve(proxy, mapping(target, "/api", options=options))
        for path, arrives in arriving.items():
            assert await asked(proxy, path) == f"200 GET {arrives}"


async def test_the_longest_path_counts_and_others_are_not_served(
    proxy: ReverseProxy, mirror: Mirror
) -> None:
    target = f"http://127.0.0.1:{mirror.port}"
    paths = [
        PathMapping(path="/a", target=f"{target}/short"),
        PathMapping(path="/a/b", target=f"{target}/long"),
    ]
    await serve(proxy, ProxyMapping(id="web", domain="web.example.com", path=paths))
    assert await asked(proxy, "/a/x") == "200 GET /short/x"
    assert await asked(proxy, "/a/b/x") == "200 GET /long/x"
    assert await asked(proxy, "/") == "404 No service here"


async def test_nothing_changes_before_a_commit(
    proxy: ReverseProxy, mirror: Mirror
) -> None:
    target = f"http://127.0.0.1:{mirror.port}"
    await proxy.upsert(mapping(target))
    assert await asked(proxy, "/") == "404 No service here"
    await proxy.commit(complete=True)
    await proxy.remove(mapping(target))
    assert await asked(proxy, "/") == "200 GET /"
    await proxy.commit(complete=False)
    assert await asked(proxy, "/") == "404 No service here"


async def test_a_backend_that_is_down_is_a_bad_gateway(proxy: ReverseProxy) -> None:
    async with Mirror() as gone:
        await serve(proxy, mapping(f"http://127.0.0.1:{gone.port}"))
    assert await asked(proxy, "/") == "502 The backend is down"


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("nonsense\n\n", 400),
        ("GET / HTTP/1.1\n\n", 400),
        ("GET / HTTP/1.1\nHost: a\nHost: b\n\n", 400),
        ("GET / HTTP/1.1\nHost: a\nContent-Length: 1\nContent-Length: 2\n\n", 400),
        ("GET / HTTP/1.1\nHost: a\nContent-Length: +1\n\n", 400),
        ("GET / HTTP/1.1\nHost : a\n\n", 400),
        ("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n", 411),
        (f"GET / HTTP/1.1\nHost: a\nX: {70_000 * 'x'}\n\n", 431),
    ],
)
async def test_what_a_backend_could_misread_is_not_passed_on(
    proxy: ReverseProxy, request_text: str, status: int
) -> None:
    assert (await send(proxy, request_text)).startswith(f"HTTP/1.1 {status} ")


@pytest.mark.parametrize(
    ("target", "options", "reason"),
    [
        ("https://127.0.0.1", None, "http targets only"),
        ("127.0.0.1:80", None, "http targets only"),
        (
            "http://127.0.0.1",
            PathTargetOptions(proxy_protocol=True),
            "PROXY protocol",
        ),
        (
            "http://127.0.0.1",
            PathTargetOptions(custom_headers={"X-A": "b\r\nX-C: d"}),
            "'X-A' cannot be sent",
        ),
    ],
)
async def test_a_mapping_it_cannot_serve_is_rejected_with_the_reason(
    proxy: ReverseProxy, target: str, options: PathTargetOptions | None, reason: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)):
        await proxy.upsert(mapping(target, options=options))
