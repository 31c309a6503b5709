"""Mapping sessions over a bad network, on real sockets: they converge, nothing is lost.

What a sink serves has to equal what the server publishes in the end, whatever happened
on the way; and a session must leave nothing behind.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from grpc_tasks import is_lost_by_grpc
from live import (
    QUICKLY,
    Events,
    Sink,
    client_of,
    mapping,
    mappings,
    through,
    url_of,
)
from netbird_sdk import (
    Backoff,
    CutByServer,
    Disconnected,
    ProxyClient,
    SessionState,
    Synced,
    TransportError,
)
from netbird_sdk.testing import Fault, FaultProxy, ManagementServer

COUNT = 40


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer(batch_size=10) as server:
        await server.put(*mappings(COUNT))
        yield server


@pytest.fixture
async def network(server: ManagementServer) -> AsyncIterator[FaultProxy]:
    async with through(server) as network:
        yield network


@pytest.fixture
async def client(
    server: ManagementServer, network: FaultProxy
) -> AsyncIterator[ProxyClient]:
    async with client_of(server, url_of(network)) as client:
        yield client


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.mark.parametrize(
    "fault",
    [
        Fault(latency=0.03, jitter=0.02),
        Fault(bytes_per_second=40_000),
        Fault(latency=0.01, bytes_per_second=100_000),
    ],
    ids=["latency", "throttled", "both"],
)
async def test_a_slow_network_only_takes_longer(
    server: ManagementServer,
    network: FaultProxy,
    client: ProxyClient,
    sink: Sink,
    fault: Fault,
) -> None:
    network.fault = fault
    async with client.sync_mappings(sink) as session:
        await session.wait_synced()
        await server.put(*mappings(10, revision=1))
        await server.delete("service-39")
        await sink.until_serving(server)
        assert session.counters.connections == 1


async def test_resets_at_any_time_lose_nothing(
    server: ManagementServer,
    network: FaultProxy,
    client: ProxyClient,
    sink: Sink,
    events: Events,
) -> None:
    """Also those in the middle of a snapshot, which the latency makes likely."""
    random = Random(3)
    network.fault = Fault(latency=0.002)
    session = client.sync_mappings(sink, backoff=QUICKLY, on_event=events)
    async with session:
        await session.wait_synced()
        for revision in range(1, 26):
            await server.put(*mappings(random.randrange(1, 20), revision))
            connections, streams = network.accepted, len(server.stream_history)
            syncs = len(events.of(Synced))
            await network.reset()
            match random.randrange(4):
                case 0:
                    await network.wait_until(newer_connection_than(connections))
                case 1:
                    await server.wait_until(newer_stream_than(streams))
                case 2:
                    await events.first(Synced, after=syncs)
        await sink.until_serving(server)
    assert not [call for call in sink.calls if call.startswith("remove")]


async def test_a_cut_after_any_number_of_bytes_loses_and_removes_nothing(
    server: ManagementServer,
    network: FaultProxy,
    client: ProxyClient,
    sink: Sink,
    events: Events,
) -> None:
    """Each connection gets further: through the handshake, the snapshot, the acks."""
    network.fault = Fault(cut_after=0)
    session = client.sync_mappings(sink, backoff=QUICKLY, on_event=events)
    async with session:
        allowed, step = 0, 97
        while not sink.complete:
            network.fault = Fault(cut_after=allowed)
            failures = len(events.of(Disconnected))
            # As many bytes as it may: it syncs, or it fails.
            await failure_or_sync(events, failures, sink)
            allowed += step
        assert allowed > 40 * step, "the snapshot went through too soon to say much"
        network.heal()
        await sink.until_serving(server)
    assert not [call for call in sink.calls if call.startswith("remove")]
    told = [call for call in sink.calls if call.startswith("upsert")]
    assert len(told) == COUNT, "what was told before the cut was told again"


async def test_a_slow_close_does_not_hold_up_the_next_connection(
    server: ManagementServer,
    network: FaultProxy,
    client: ProxyClient,
    sink: Sink,
    events: Events,
) -> None:
    session = client.sync_mappings(sink, backoff=QUICKLY, on_event=events)
    async with session:
        await session.wait_synced()
        network.fault = Fault(close_delay=0.2)
        await server.put(mapping("late"), announce=False)
        await server.restart()
        await sink.until_serving(server)
        await events.first(Synced, after=1)


async def test_a_server_that_accepts_and_closes_is_not_hammered(
    network: FaultProxy, client: ProxyClient, sink: Sink, events: Events
) -> None:
    """A failure that comes at once is followed by a wait all the same."""
    network.fault = Fault(cut_after=0)
    backoff = Backoff(initial=0.2, factor=2, maximum=1, jitter=0)
    start = asyncio.get_running_loop().time()
    session = client.sync_mappings(sink, backoff=backoff, on_event=events)
    async with session:
        await events.first(Disconnected, after=2)
    delays = [event.retry_in for event in events.of(Disconnected)]
    assert delays == [0.2, 0.4, 0.8]
    assert asyncio.get_running_loop().time() - start > 0.2 + 0.4
    # gRPC may have tried once more by itself each time.
    assert network.accepted <= 2 * len(delays)


async def test_a_refusing_network_is_tried_until_it_is_back(
    server: ManagementServer,
    network: FaultProxy,
    client: ProxyClient,
    sink: Sink,
    events: Events,
) -> None:
    network.fault = Fault(refuses=True)
    session = client.sync_mappings(sink, backoff=QUICKLY, on_event=events)
    async with session:
        lost = await events.first(Disconnected, after=3)
        assert isinstance(lost.error, TransportError)
        assert session.state is not SessionState.READY
        network.heal()
        await sink.until_serving(server)


async def test_a_stalled_sink_is_not_cut_off_by_ten_thousand_updates(
    server: ManagementServer, client: ProxyClient, sink: Sink, events: Events
) -> None:
    """Of 4 KiB each, as fast as a client takes them that does nothing but read.

    The server has room for a hundred; the windows of HTTP/2 for some thousand more.
    """
    asyncio.get_running_loop().set_debug(False)  # it would be three times as slow
    rounds, size = 250, 4096
    async with client.sync_mappings(sink, on_event=events) as session:
        await session.wait_synced()
        sink.may_commit.clear()
        sink.calls.clear()
        await server.put(mapping("first"))
        await sink.until(lambda: "commit, complete" in sink.calls)
        for revision in range(1, rounds + 1):
            await server.put(*mappings(COUNT, revision, size))
        assert session.counters.waiting == COUNT
        sink.may_commit.set()
        await sink.until_serving(server)
        # Every message is acknowledged once, although most were superseded.
        sent = COUNT // 10 + 1 + rounds * COUNT
        await server.wait_until(lambda s: s.streams[0].acks == sent)
        assert session.counters.messages == session.counters.acks == sent
        assert session.counters.connections == 1
    assert not events.of(CutByServer)
    assert len(sink.calls) < 500, "of ten thousand updates"


async def test_a_closed_client_has_closed_its_connection(
    server: ManagementServer, network: FaultProxy
) -> None:
    """At once: not when garbage is collected, and also if events are kept."""
    kept = Events()
    gc.disable()
    try:
        for loses_one in (False, True):
            sink = Sink()
            async with client_of(server, url_of(network)) as client:
                session = client.sync_mappings(sink, backoff=QUICKLY, on_event=kept)
                async with session:
                    await session.wait_synced()
                    if loses_one:
                        await server.drop_streams()
                        await kept.first(Synced, after=2)
            await network.wait_until(lambda n: not n.connections)
    finally:
        gc.enable()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="there is no /proc")
async def test_no_socket_and_no_task_is_left_after_many_faults(
    server: ManagementServer, network: FaultProxy
) -> None:
    async def use_and_lose_a_client() -> None:
        sink, events = Sink(), Events()
        async with client_of(server, url_of(network)) as client:
            session = client.sync_mappings(sink, backoff=QUICKLY, on_event=events)
            async with session:
                await session.wait_synced()
                await network.reset()
                await events.first(Disconnected)
                network.fault = Fault(swallows="both")
                await server.put(mapping("missed", pass_host_header=True))
                network.heal()
                await sink.until_serving(server)

    await use_and_lose_a_client()  # what gRPC makes once for all comes into being
    await network.wait_until(lambda n: not n.connections)
    tasks, sockets = live_tasks(), open_sockets()
    for _ in range(10):
        await use_and_lose_a_client()
    await network.wait_until(lambda n: not n.connections)
    # gRPC closes its sockets in threads of its own, and the server here ends its calls,
    # a moment later. Nobody sends an event when they have.
    async with asyncio.timeout(10):
        while open_sockets() > sockets or live_tasks() > tasks:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def live_tasks() -> int:
    return sum(1 for task in asyncio.all_tasks() if not is_lost_by_grpc(task))


def newer_connection_than(number: int) -> Callable[[FaultProxy], bool]:
    return lambda network: network.accepted > number


def newer_stream_than(number: int) -> Callable[[ManagementServer], bool]:
    return lambda server: len(server.stream_history) > number


async def failure_or_sync(events: Events, failures: int, sink: Sink) -> None:
    await events.until(lambda: len(events.of(Disconnected)) > failures or sink.complete)


def open_sockets() -> int:
    count = 0
    for entry in os.scandir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            count += os.readlink(entry.path).startswith("socket:")
    return count
