"""Connections and servers that die without a word, and servers that are killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from live import (
    QUICKLY,
    Events,
    Sink,
    client_of,
    mapping,
    through,
    url_of,
)
from netbird_sdk import (
    Backoff,
    Disconnected,
    Keepalive,
    Transport,
    TransportError,
)
from netbird_sdk.testing import Fault, FaultProxy, ManagementServer
from netbird_sdk.testing.fault_proxy import Direction
from server_process import ServerProcess, server_process

KEEPALIVE = Transport(keepalive=Keepalive(interval=15, timeout=1))


@pytest.fixture
async def process() -> AsyncIterator[ServerProcess]:
    async with server_process() as process:
        yield process


async def test_a_killed_server_is_found_again_within_the_backoff(
    process: ServerProcess,
) -> None:
    """Killed when synced, within its snapshot, and before the first message."""
    random = Random(7)
    backoff = Backoff(initial=0.1, maximum=0.5)
    sink = Sink()
    loop = asyncio.get_running_loop()
    await process.start(40, revision=0)
    async with (
        FaultProxy(*process.target) as network,
        client_of(process, url_of(network), transport=KEEPALIVE) as client,
        client.sync_mappings(sink, backoff=backoff) as session,
    ):
        await sink.until(lambda: sink.served == process.mappings)
        for revision in range(1, 9):
            sink.calls.clear()
            process.kill()
            await process.start(random.randrange(1, 60), revision)
            network.target = process.target
            started = loop.time()
            if revision % 2:
                await sink.until_called(random.randrange(30))
                if session.counters.services != len(process.mappings):
                    continue  # killed in the middle of this one's snapshot
            await sink.until(lambda: sink.served == process.mappings)
            # The longest wait of ours, and the longest of gRPC.
            assert loop.time() - started < 0.5 + 2 + 1


async def test_a_stopped_server_that_goes_on_is_as_good_as_ever(
    process: ServerProcess,
) -> None:
    sink, events = Sink(), Events()
    await process.start(40, revision=0)
    async with (
        client_of(process, process.url) as client,
        client.sync_mappings(sink, backoff=QUICKLY, on_event=events) as session,
    ):
        await session.wait_synced()
        process.stop()
        call = asyncio.ensure_future(client.validate_session("a", "b"))
        with pytest.raises(TransportError, match="DEADLINE_EXCEEDED"):
            await client.validate_session("a", "b", timeout=0.2)
        process.resume()
        await call
        assert not events.of(Disconnected)


@pytest.mark.slow
async def test_silence_is_noticed_by_keepalive(process: ServerProcess) -> None:
    """After an interval and a timeout at the latest, on an idle stream: all at once."""

    async def in_the_network(direction: Direction) -> None:
        sink, events = Sink(), Events()
        async with (
            ManagementServer() as server,
            through(server) as network,
            client_of(server, url_of(network), transport=KEEPALIVE) as client,
            client.sync_mappings(sink, backoff=QUICKLY, on_event=events) as session,
        ):
            await session.wait_synced()
            await server.wait_until(lambda s: s.streams[0].is_synced)
            network.fault = Fault(swallows=direction)
            await server.put(mapping("missed"))
            await noticed(events)
            network.heal()
            await sink.until_serving(server)

    async def of_the_server() -> None:
        sink, events = Sink(), Events()
        await process.start(30, revision=0)
        async with (
            FaultProxy(*process.target) as network,
            client_of(process, url_of(network), transport=KEEPALIVE) as client,
            client.sync_mappings(sink, backoff=QUICKLY, on_event=events) as session,
        ):
            await session.wait_synced()
            process.stop()
            await noticed(events)
            process.kill()
            await process.start(40, revision=1)
            network.target = process.target
            await sink.until(lambda: sink.served == process.mappings)

    async def noticed(events: Events) -> None:
        lost = await events.first(Disconnected, timeout=20)
        assert isinstance(lost.error, TransportError)

    async with asyncio.TaskGroup() as group:
        for direction in ("both", "to_client", "to_server"):
            group.create_task(in_the_network(direction))
        group.create_task(of_the_server())
