"""Channels on real sockets: what arrives, what is refused, what an error says."""

from __future__ import annotations

import asyncio
import socket

import grpc
import grpc.aio
import pytest

from loopback import (
    ECHO,
    FAIL,
    GROW,
    HANG,
    METADATA,
    TIMEOUT,
    Call,
    ask,
    connect_proxy,
    grpc_server,
    http1_answer,
    http2_answer,
    opened,
    silence,
    tcp_server,
)
from netbird_sdk._channel import (
    call_unary,
    channel_options,
    open_channel,
    user_agent,
)
from netbird_sdk._endpoint import parse_url
from netbird_sdk.config import TLS, Keepalive
from netbird_sdk.errors import (
    AuthenticationError,
    ClosedError,
    NetBirdError,
    RPCError,
    TransportError,
    UnsupportedError,
)

# --- without TLS


async def test_bytes_travel_both_ways() -> None:
    async with grpc_server() as port:
        assert await ask(f"http://127.0.0.1:{port}", request=b"\x00\xff") == b"\x00\xff"


async def test_an_ipv6_literal_is_dialled() -> None:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("this machine has no IPv6 loopback address")
    async with grpc_server(host="[::1]") as port:
        assert await ask(f"http://[::1]:{port}") == b"hello"


async def test_user_agent_and_metadata_arrive() -> None:
    async with grpc_server() as port, opened(f"http://127.0.0.1:{port}") as channel:
        call: Call = channel.unary_unary(METADATA)
        seen = await call_unary(
            call,
            b"",
            method="Metadata",
            timeout=TIMEOUT,
            metadata=(("authorization", "Bearer nbx_1"),),
        )
    lines = seen.decode().splitlines()
    assert "authorization=Bearer nbx_1" in lines
    assert any(line.startswith(f"user-agent={user_agent()} ") for line in lines)


async def test_messages_up_to_16_mib_are_received_and_larger_ones_refused() -> None:
    async with grpc_server() as port:
        channel = await open_channel(parse_url(f"http://127.0.0.1:{port}"))
        grow: Call = channel.unary_unary(GROW)
        limit = 16 * 1024 * 1024
        answer = await call_unary(
            grow, str(limit).encode(), method="Grow", timeout=TIMEOUT
        )
        assert len(answer) == limit
        with pytest.raises(RPCError, match=r"RESOURCE_EXHAUSTED.*max_message_bytes"):
            await call_unary(
                grow, str(limit + 1).encode(), method="Grow", timeout=TIMEOUT
            )
        await channel.close()


async def test_the_size_limit_holds_for_requests_too_and_can_be_lifted() -> None:
    async with grpc_server() as port:
        url = f"http://127.0.0.1:{port}"
        with pytest.raises(RPCError, match="Sent message larger than max"):
            await ask(url, GROW, b"5".zfill(1001), max_message_bytes=1000)
        assert len(await ask(url, GROW, b"5000000", max_message_bytes=None)) == 5000000


async def test_a_proxy_of_the_environment_is_used_but_never_to_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("grpc_proxy", "https_proxy", "no_grpc_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    asked: list[str] = []
    async with (
        grpc_server() as port,
        tcp_server(connect_proxy(port, asked)) as proxy,
    ):
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy}")
        assert await ask(f"http://127.0.0.1:{port}") == b"hello"
        assert asked == []
        assert await ask("http://management.example:8080") == b"hello"
        assert asked == ["CONNECT management.example:8080 HTTP/1.1"]


# --- statuses


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("UNAVAILABLE", TransportError),
        ("DEADLINE_EXCEEDED", TransportError),
        ("UNAUTHENTICATED", AuthenticationError),
        ("PERMISSION_DENIED", AuthenticationError),
        ("UNIMPLEMENTED", UnsupportedError),
        ("INTERNAL", RPCError),
        ("NOT_FOUND", RPCError),
        # Not to be taken for a cancellation of our own task.
        ("CANCELLED", RPCError),
    ],
)
async def test_a_status_becomes_its_error(code: str, kind: type[NetBirdError]) -> None:
    async with grpc_server() as port:
        with pytest.raises(kind) as caught:
            await ask(f"http://127.0.0.1:{port}", FAIL, f"{code} the reason".encode())
    error = caught.value
    assert type(error) is kind
    assert isinstance(error, RPCError | TransportError)
    assert (error.method, error.code.name, error.details) == (
        "Echo",
        code,
        "the reason",
    )
    assert str(error) == f"Echo failed with {code}: the reason"
    assert isinstance(error.__cause__, grpc.aio.AioRpcError)


async def test_an_unknown_method_hints_at_an_older_server() -> None:
    async with grpc_server() as port:
        with pytest.raises(UnsupportedError, match=r"Hint: the server is older"):
            await ask(f"http://127.0.0.1:{port}", "/test.Service/Later")


async def test_no_answer_within_the_timeout_is_a_transport_error() -> None:
    async with grpc_server() as port, tcp_server(silence) as silent:
        with pytest.raises(TransportError, match="DEADLINE_EXCEEDED"):
            await ask(f"http://127.0.0.1:{port}", HANG, timeout=0.2)
        with pytest.raises(TransportError, match="DEADLINE_EXCEEDED"):
            await ask(f"http://127.0.0.1:{silent}", timeout=0.2)


async def test_a_refused_connection_says_so_at_once() -> None:
    async with tcp_server(silence) as port:
        pass
    with pytest.raises(TransportError, match="Hint: nothing listens there"):
        await ask(f"http://127.0.0.1:{port}")


# --- servers that are no gRPC servers


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RPCError),
        (401, AuthenticationError),
        (403, AuthenticationError),
        (404, UnsupportedError),
        (429, TransportError),
        (500, RPCError),
        (502, TransportError),
        (503, TransportError),
    ],
)
async def test_a_page_over_http2_is_not_taken_for_netbird(
    status: int, kind: type[NetBirdError]
) -> None:
    async with tcp_server(http2_answer(status)) as port:
        with pytest.raises(kind, match=rf"{status}\. Hint: this is the HTTP answer of"):
            await ask(f"http://127.0.0.1:{port}")


async def test_a_page_with_status_200_over_http2_is_explained() -> None:
    async with tcp_server(http2_answer(200)) as port:
        with pytest.raises(RPCError, match="Hint: the answer was no gRPC"):
            await ask(f"http://127.0.0.1:{port}")


async def test_a_server_of_http1_only_is_explained() -> None:
    page = http1_answer("502 Bad Gateway", b"<html>Bad Gateway</html>")
    async with tcp_server(page) as port:
        with pytest.raises(TransportError, match=r"Hint: the server speaks HTTP/1\.1"):
            await ask(f"http://127.0.0.1:{port}")


# --- closing and cancelling


async def test_a_closed_channel_makes_no_calls() -> None:
    async with grpc_server() as port:
        async with opened(f"http://127.0.0.1:{port}") as channel:
            call: Call = channel.unary_unary(ECHO)
        with pytest.raises(ClosedError, match="Echo: the client was closed"):
            await call_unary(call, b"", method="Echo", timeout=TIMEOUT)


async def test_closing_ends_a_call_under_way_with_an_error_not_a_cancellation() -> None:
    async with grpc_server() as port, opened(f"http://127.0.0.1:{port}") as channel:
        call: Call = channel.unary_unary(HANG)
        task = asyncio.create_task(
            call_unary(call, b"", method="Hang", timeout=TIMEOUT)
        )
        await channel_is_ready(channel)
        await channel.close()
        with pytest.raises(ClosedError):
            await task


async def test_cancelling_the_caller_stays_a_cancellation() -> None:
    async with grpc_server() as port, opened(f"http://127.0.0.1:{port}") as channel:
        call: Call = channel.unary_unary(HANG)
        task = asyncio.create_task(
            call_unary(call, b"", method="Hang", timeout=TIMEOUT)
        )
        await channel_is_ready(channel)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def channel_is_ready(channel: grpc.aio.Channel) -> None:
    async with asyncio.timeout(TIMEOUT):
        await channel.channel_ready()


# --- what cannot be seen within a test's time


def test_keepalive_options_are_those_that_notice_a_silent_server() -> None:
    endpoint = parse_url("https://netbird.example")
    options = dict(channel_options(endpoint, TLS(), Keepalive(), None))
    assert options["grpc.keepalive_time_ms"] == 20_000
    assert options["grpc.keepalive_timeout_ms"] == 10_000
    assert options["grpc.http2.ping_timeout_ms"] == 10_000
    assert options["grpc.keepalive_permit_without_calls"] == 1
    assert options["grpc.http2.max_pings_without_data"] == 0
    assert "grpc.enable_http_proxy" not in options
    without = dict(channel_options(endpoint, TLS(), None, None))
    assert not [name for name in without if "ping" in name or "keepalive" in name]


def test_grpc_reconnects_sooner_than_our_own_backoff_ends() -> None:
    options = dict(channel_options(parse_url("http://a"), TLS(), None, None))
    assert options["grpc.initial_reconnect_backoff_ms"] == 500
    assert options["grpc.max_reconnect_backoff_ms"] == 2_000
    assert options["grpc.use_local_subchannel_pool"] == 1
