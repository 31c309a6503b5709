"""FaultProxy on plain sockets: each fault does what it says, and no more."""

from __future__ import annotations

import asyncio
import gc
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any

import pytest

from loopback import tcp_server
from netbird_sdk.errors import ConfigurationError
from netbird_sdk.testing import Fault, FaultProxy

Stream = tuple[StreamReader, StreamWriter]


async def echo(reader: StreamReader, writer: StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


@pytest.fixture
async def network() -> AsyncIterator[FaultProxy]:
    async with (
        tcp_server(echo) as port,
        FaultProxy("127.0.0.1", port, random=Random(1)) as network,
    ):
        yield network


@asynccontextmanager
async def connected(network: FaultProxy) -> AsyncGenerator[Stream]:
    reader, writer = await asyncio.open_connection(network.host, network.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        await asyncio.wait({asyncio.ensure_future(writer.wait_closed())})


async def sent(stream: Stream, data: bytes) -> bytes:
    """Send `data` and return the answer, which has its length."""
    reader, writer = stream
    writer.write(data)
    return await reader.readexactly(len(data))


async def has_silence(stream: Stream, seconds: float = 0.05) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await stream[0].readexactly(1)
    except TimeoutError:
        return True
    return False


def seconds_since(start: float) -> float:
    return asyncio.get_running_loop().time() - start


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_without_a_fault_every_byte_arrives_in_order(network: FaultProxy) -> None:
    data = Random(2).randbytes(3_000_000)
    async with connected(network) as stream:
        answer = asyncio.create_task(sent(stream, data))
        assert await answer == data


async def test_one_end_that_closes_its_side_can_still_read(network: FaultProxy) -> None:
    async with connected(network) as (reader, writer):
        writer.write(b"last words")
        writer.write_eof()
        assert await reader.read() == b"last words"
        await network.wait_until(lambda n: not n.connections)


async def test_latency_holds_everything_up_each_way(network: FaultProxy) -> None:
    async with connected(network) as stream:
        await sent(stream, b"warm")
        network.fault = Fault(latency=0.1)
        start = now()
        assert await sent(stream, b"hello") == b"hello"
        assert 0.19 <= seconds_since(start) < 1.5


async def test_latency_is_not_paid_once_for_each_chunk(network: FaultProxy) -> None:
    network.fault = Fault(latency=0.1)
    async with connected(network) as stream:
        start = now()
        await sent(stream, bytes(2_000_000))
        assert seconds_since(start) < 1.5


async def test_jitter_keeps_the_order(network: FaultProxy) -> None:
    network.fault = Fault(jitter=0.02)
    pieces = [b"%04d" % i for i in range(50)]
    async with connected(network) as (reader, writer):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        assert await reader.readexactly(200) == b"".join(pieces)


async def test_throttling_bounds_the_rate(network: FaultProxy) -> None:
    network.fault = Fault(bytes_per_second=100_000)
    async with connected(network) as stream:
        start = now()
        await sent(stream, bytes(30_000))
        assert 0.2 <= seconds_since(start) < 3


async def test_a_stall_keeps_connections_and_loses_nothing(network: FaultProxy) -> None:
    async with connected(network) as stream:
        network.fault = Fault(stalled=True)
        stream[1].write(b"hello")
        assert await has_silence(stream)
        network.heal()
        assert await stream[0].readexactly(5) == b"hello"


@pytest.mark.parametrize("direction", ["to_server", "to_client", "both"])
async def test_what_is_swallowed_never_comes_and_the_connection_stays(
    network: FaultProxy, direction: Any
) -> None:
    async with connected(network) as stream:
        await sent(stream, b"before")
        network.fault = Fault(swallows=direction)
        stream[1].write(b"lost")
        assert await has_silence(stream)
        assert network.connections == 1


async def test_a_connection_that_has_lost_bytes_is_reset_when_healed(
    network: FaultProxy,
) -> None:
    async with connected(network) as lossy, connected(network) as idle:
        await sent(idle, b"before")
        network.fault = Fault(swallows="to_client")
        lossy[1].write(b"lost")
        assert await has_silence(lossy)
        network.heal()
        with pytest.raises(ConnectionResetError):
            await lossy[0].readexactly(1)
        assert await sent(idle, b"goes on") == b"goes on"


async def test_resets_reach_the_client_as_resets(network: FaultProxy) -> None:
    async with connected(network) as stream:
        await sent(stream, b"before")
        await network.reset()
        assert network.connections == 0
        with pytest.raises(ConnectionResetError):
            await stream[0].read()
        async with connected(network) as another:
            assert await sent(another, b"after") == b"after"


async def test_resets_reach_the_server_as_resets() -> None:
    seen: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    async def note(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"!")
        try:
            await reader.read()
        except ConnectionError as error:
            seen.set_result(error)

    async with (
        tcp_server(note) as port,
        FaultProxy("127.0.0.1", port) as network,
        connected(network) as stream,
    ):
        await stream[0].readexactly(1)
        await network.reset()
        assert isinstance(await seen, ConnectionResetError)


async def test_disconnecting_closes_in_good_order(network: FaultProxy) -> None:
    async with connected(network) as stream:
        await sent(stream, b"before")
        await network.disconnect()
        assert await stream[0].read() == b""


@pytest.mark.parametrize("after", [0, 1, 5, 10, 17])
async def test_a_cut_comes_after_exactly_so_many_bytes(
    network: FaultProxy, after: int
) -> None:
    """Ten bytes go there; the answer gets what is left of the allowance."""
    network.fault = Fault(cut_after=after)
    async with connected(network) as (reader, writer):
        writer.write(b"0123456789")
        # A read that ends early is an orderly end, a reset would raise.
        answer = await reader.read()
    assert answer == b"0123456789"[: max(0, after - 10)]


async def test_a_slow_close_is_heard_of_later(network: FaultProxy) -> None:
    network.fault = Fault(close_delay=0.1)
    async with connected(network) as (reader, writer):
        start = now()
        writer.write(b"bye")
        writer.write_eof()
        assert await reader.read() == b"bye"
        # Once for our side to reach the server, and once for its side to reach us.
        assert 0.19 <= seconds_since(start) < 1.5


async def test_healing_ends_a_delay_that_is_under_way(network: FaultProxy) -> None:
    network.fault = Fault(latency=3600)
    async with connected(network) as stream:
        stream[1].write(b"hello")
        assert await has_silence(stream)
        network.heal()
        assert await stream[0].readexactly(5) == b"hello"


async def test_refused_connections_are_refused_and_open_ones_stay(
    network: FaultProxy,
) -> None:
    async with connected(network) as stream:
        await sent(stream, b"before")
        for _ in range(3):
            network.fault = Fault(refuses=True)
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(network.host, network.port)
            assert await sent(stream, b"goes on") == b"goes on"
            network.heal()
            async with connected(network) as another:
                assert await sent(another, b"new") == b"new"


async def test_the_port_stays_the_same_and_others_cannot_take_it(
    network: FaultProxy,
) -> None:
    port = network.port
    network.fault = Fault(refuses=True)
    with pytest.raises(OSError, match="in use"):
        await asyncio.start_server(echo, network.host, port)
    network.heal()
    assert network.port == port


async def test_a_target_that_is_down_looks_like_a_reset() -> None:
    async with FaultProxy("127.0.0.1", 1) as network, connected(network) as stream:
        with pytest.raises(ConnectionResetError):
            await stream[0].read()


async def test_another_target_takes_over_for_new_connections(
    network: FaultProxy,
) -> None:
    async def shout(reader: StreamReader, writer: StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data.upper())

    async with tcp_server(shout) as port, connected(network) as old:
        await sent(old, b"before")
        network.target = ("127.0.0.1", port)
        async with connected(network) as new:
            assert await sent(new, b"hello") == b"HELLO"
        assert await sent(old, b"hello") == b"hello"


async def test_a_fault_can_be_set_before_it_runs() -> None:
    async with tcp_server(echo) as port:
        network = FaultProxy("127.0.0.1", port)
        network.fault = Fault(refuses=True)
        async with network:
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection(network.host, network.port)


async def test_connections_are_counted_and_waited_for(network: FaultProxy) -> None:
    async with connected(network), connected(network):
        await network.wait_until(lambda n: n.connections == 2)
    await network.wait_until(lambda n: n.connections == 0)
    assert network.accepted == 2
    with pytest.raises(TimeoutError, match="0 connections, of 2 ever"):
        await network.wait_until(lambda n: n.connections, timeout=0)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    "fault",
    [Fault(), Fault(stalled=True), Fault(latency=9), Fault(bytes_per_second=1)],
    ids=["none", "stalled", "latency", "throttled"],
)
async def test_leaving_it_closes_whatever_is_under_way(
    fault: Fault, count: int
) -> None:
    async with tcp_server(echo) as port:
        async with FaultProxy("127.0.0.1", port) as network:
            network.fault = fault
            streams = [
                await asyncio.open_connection(network.host, network.port)
                for _ in range(count)
            ]
            for _, writer in streams:
                writer.write(bytes(1000))
            await network.wait_until(lambda n: n.accepted == count)
        for reader, writer in streams:
            with suppress(ConnectionResetError):  # when it had not read everything
                await reader.read()
                writer.close()
                await writer.wait_closed()
    gc.collect()  # a socket left open would be a ResourceWarning


@pytest.mark.parametrize(
    "values",
    [
        {"latency": -1},
        {"jitter": float("nan")},
        {"close_delay": float("inf")},
        {"cut_after": -1},
        {"bytes_per_second": 0},
    ],
)
def test_faults_that_cannot_be_are_refused(values: dict[str, Any]) -> None:
    (name,) = values
    with pytest.raises(ConfigurationError, match=f"Fault.{name} must be"):
        Fault(**values)


async def test_it_says_how_it_is_used(network: FaultProxy) -> None:
    with pytest.raises(ConfigurationError, match="async with FaultProxy"):
        _ = FaultProxy("127.0.0.1", 1).port
    with pytest.raises(ConfigurationError, match="running already"):
        await network.__aenter__()
