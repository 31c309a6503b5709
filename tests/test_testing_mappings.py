"""What the test server sends after the snapshot, and what older releases do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import attrs
import grpc
import pytest
from grpc.aio import Channel

from bare_client import BareProxy, open_channel, refusal_of
from netbird_sdk.models.proxy import (
    ProxyMapping,
    ProxyMappingUpdateType,
)
from netbird_sdk.testing import ManagementServer

CREATED, MODIFIED, REMOVED = list(ProxyMappingUpdateType)
CANCELLED = (grpc.StatusCode.CANCELLED, "context canceled")


def mapping(name: str, **fields: Any) -> ProxyMapping:
    fields = {"account_id": "account-1", "domain": f"{name}.example.com"} | fields
    return ProxyMapping(id=name, mode="http", **fields)


def mappings(count: int) -> list[ProxyMapping]:
    return [mapping(f"service-{i}") for i in range(count)]


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer(batch_size=3) as server:
        yield server


@pytest.fixture
async def channel(server: ManagementServer) -> AsyncIterator[Channel]:
    async with open_channel(server.url) as channel:
        yield channel


@pytest.fixture
def proxy(server: ManagementServer, channel: Channel) -> BareProxy:
    return BareProxy(channel, server.add_proxy_token())


class TestUpdates:
    async def test_say_what_happened(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        stream, _ = await proxy.synced()
        await server.put(mapping("web"))
        await server.put(mapping("web", pass_host_header=True))
        await server.delete("web")
        created, modified, removed = [await stream.update() for _ in range(3)]
        assert [m.type for m in (created, modified, removed)] == [
            CREATED,
            MODIFIED,
            REMOVED,
        ]
        assert modified.pass_host_header
        assert created.auth_token != modified.auth_token
        assert removed == attrs.evolve(modified, type=REMOVED)
        assert removed.auth_token == ""
        assert server.mappings == {}

    async def test_are_never_flagged_and_their_acks_are_counted(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        stream, _ = await proxy.synced()
        await server.put(mapping("web"))
        assert not (await stream.read()).initial_sync_complete
        await stream.ack()
        await server.wait_until(lambda s: s.streams[0].acks == 2)

    async def test_of_a_moved_domain_are_a_removal_and_a_creation(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        await server.put(mapping("web"))
        stream, _ = await proxy.synced()
        await server.put(mapping("web", domain="new.example.com"))
        first, second = await stream.update(), await stream.update()
        assert (first.type, first.domain) == (REMOVED, "new.example.com")
        assert (second.type, second.domain) == (CREATED, "new.example.com")

    async def test_of_a_moved_cluster_reach_both(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        await server.put(mapping("web"), cluster="edge.example.com")
        here, _ = await proxy.synced()
        there, _ = await proxy.synced(proxy_id="proxy-2", address="other.example.com")
        await server.put(mapping("web"), cluster="other.example.com")
        assert (await here.update()).type is REMOVED
        assert (await there.update()).type is CREATED

    async def test_can_be_lost(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        stream, _ = await proxy.synced()
        await server.put(mapping("lost"), announce=False)
        await server.put(mapping("seen"))
        assert (await stream.update()).id == "seen"
        await server.delete("lost", announce=False)
        assert list(server.mappings) == ["seen"]

    async def test_during_the_snapshot_come_after_it(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        await server.put(*mappings(4))
        stream = proxy.sync()
        await stream.init()
        await stream.read()
        await server.put(mapping("late"))
        await stream.ack()
        assert (await stream.read()).initial_sync_complete
        await stream.ack()
        assert (await stream.update()).id == "late"

    async def test_too_many_during_the_snapshot_end_the_stream(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        stream = proxy.sync()
        await stream.init()
        assert (await stream.read()).initial_sync_complete
        await server.put(*mappings(101))
        await stream.ack()
        assert await refusal_of(stream.read()) == CANCELLED

    async def test_in_great_number_reach_a_client_that_reads(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        stream, _ = await proxy.synced()
        await server.wait_until(lambda s: s.streams[0].is_synced)
        expected = [m.id for m in mappings(400)]
        await server.put(*mappings(400))
        assert [(await stream.update()).id for _ in expected] == expected

    async def test_in_a_burst_end_the_stream(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        stream, _ = await proxy.synced()
        await server.wait_until(lambda s: s.streams[0].is_synced)
        await server.put(*mappings(400), burst=True)
        await server.wait_until(lambda s: not s.streams)
        assert server.stream_history[0].status is grpc.StatusCode.CANCELLED
        stream.call.cancel()

    async def test_stay_with_the_account_of_the_token(
        self, server: ManagementServer, channel: Channel
    ) -> None:
        scoped = BareProxy(channel, server.add_proxy_token("account-1"))
        stream, _ = await scoped.synced()
        await server.put(mapping("theirs", account_id="account-2"))
        await server.delete("theirs")
        await server.put(mapping("mine"))
        assert (await stream.update()).id == "mine"

    async def test_after_the_client_closed_its_side_the_stream_ends_well(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        stream, _ = await proxy.synced()
        await server.wait_until(lambda s: s.streams[0].is_synced)
        await stream.call.done_writing()
        assert await stream.has_ended_well()
        await server.wait_until(lambda s: not s.streams)
        assert server.stream_history[0].status is grpc.StatusCode.OK


class TestOlderReleases:
    async def test_have_no_sync_mappings(self) -> None:
        async with ManagementServer(release="0.71.2") as server:
            async with open_channel(server.url) as channel:
                stream = BareProxy(channel, server.add_proxy_token()).sync()
                code, _ = await refusal_of(stream.read())
            assert code is grpc.StatusCode.UNIMPLEMENTED
            assert server.calls == {"SyncMappings": 1}

    async def test_send_batches_from_0_70_5_on(self) -> None:
        sizes: dict[str, list[int]] = {}
        for release in ("0.70.4", "v0.70.5"):
            async with ManagementServer(release=release, batch_size=2) as server:
                await server.put(*mappings(3))
                async with open_channel(server.url) as channel:
                    proxy = BareProxy(channel, server.add_proxy_token())
                    stream = proxy.mapping_updates()
                    sizes[release] = []
                    complete = False
                    while not complete:
                        response = await stream.read()
                        complete = response.initial_sync_complete
                        sizes[release].append(len(response.mapping))
                    stream.call.cancel()
        assert sizes == {"0.70.4": [1, 1, 1], "v0.70.5": [2, 1]}

    async def test_get_updates_on_the_older_stream(self) -> None:
        async with (
            ManagementServer(release="0.71.0") as server,
            open_channel(server.url) as channel,
        ):
            proxy = BareProxy(channel, server.add_proxy_token())
            stream = proxy.mapping_updates()
            assert (await stream.read()).initial_sync_complete
            await server.put(mapping("web"))
            assert (await stream.update()).id == "web"
            newer = proxy.mapping_updates()
            assert (await newer.read()).initial_sync_complete
            assert await refusal_of(stream.read()) == CANCELLED
            newer.call.cancel()
