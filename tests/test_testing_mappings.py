"""The mapping streams of the test server, checked by a bare gRPC client."""

from __future__ import annotations

import time

import attrs
import grpc
import pytest

from netbird_sdk.models.proxy import (
    Authentication,
    CreateProxyPeerRequest,
    ProxyCapabilities,
    ProxyMapping,
    ProxyMappingUpdateType,
    SyncMappingsAck,
)
from netbird_sdk.testing import ManagementServer
from wire_client import PROXY, Proxy, open_channel, refusal_of

CREATED, MODIFIED, REMOVED = list(ProxyMappingUpdateType)
CANCELLED = (grpc.StatusCode.CANCELLED, "context canceled")


def mapping(name, **fields):
    fields = {"account_id": "account-1", "domain": f"{name}.example.com"} | fields
    return ProxyMapping(id=name, mode="http", **fields)


def mappings(count):
    return [mapping(f"service-{i}") for i in range(count)]


@pytest.fixture
async def server():
    async with ManagementServer(batch_size=3) as server:
        yield server


@pytest.fixture
async def channel(server):
    async with open_channel(server.url) as channel:
        yield channel


@pytest.fixture
def proxy(server, channel):
    return Proxy(channel, server.add_proxy_token())


class TestSnapshot:
    async def test_comes_in_batches_and_the_last_is_flagged(self, server, proxy):
        await server.put(*mappings(7))
        stream = proxy.sync()
        await stream.init()
        sizes = []
        for _ in range(3):
            response = await stream.read()
            sizes.append((len(response.mapping), response.initial_sync_complete))
            await stream.ack()
        assert sizes == [(3, False), (3, False), (1, True)]
        await server.wait_until(lambda s: s.acks_total == 3)
        assert server.acks == {"proxy-1": 3}

    async def test_a_full_last_batch_is_not_followed_by_an_empty_one(
        self, server, proxy
    ):
        await server.put(*mappings(6))
        _, received = await proxy.synced()
        await server.wait_until(lambda s: s.streams[0].is_synced)
        assert len(received) == 6
        assert server.streams[0].messages == 2

    async def test_without_services_is_one_empty_flagged_message(self, server, proxy):
        stream = proxy.sync()
        await stream.init()
        response = await stream.read()
        assert response.mapping == ()
        assert response.initial_sync_complete
        assert not server.streams[0].is_synced
        await stream.ack()
        await server.wait_until(lambda s: s.streams[0].is_synced)

    async def test_the_next_batch_waits_for_the_ack(self, server, proxy):
        await server.put(*mappings(4))
        stream = proxy.sync()
        await stream.init()
        await stream.read()
        await proxy.call("CreateProxyPeer", CreateProxyPeerRequest())
        assert server.streams[0].messages == 1
        await stream.ack()
        assert (await stream.read()).initial_sync_complete

    async def test_holds_what_was_put_plus_a_token_each(self, server, proxy):
        original = mapping("web", private=False, pass_host_header=True)
        await server.put(original, mapping("other"))
        stream, first = await proxy.synced()
        assert first[0] == original
        assert server.mappings["web"] == original
        stream.call.cancel()
        _, second = await proxy.synced(proxy_id="proxy-2")
        tokens = {m.auth_token for m in (*first, *second)}
        assert len(tokens) == 4
        assert {len(t) for t in tokens} == {44}

    async def test_a_changed_service_is_created_in_it(self, server, proxy):
        await server.put(mapping("web"))
        await server.put(mapping("web", pass_host_header=True))
        _, (received,) = await proxy.synced()
        assert received.type is CREATED
        assert received.pass_host_header

    async def test_a_session_key_is_filled_in_where_none_was_given(self, server, proxy):
        await server.put(mapping("web", auth=Authentication(password=True)))
        _, (received,) = await proxy.synced()
        assert len(received.auth.session_key) == 44

    async def test_is_filtered_by_cluster(self, server, proxy):
        await server.put(mapping("here"), cluster="edge.example.com")
        await server.put(mapping("there"), cluster="other.example.com")
        _, received = await proxy.synced()
        assert [m.id for m in received] == ["here"]

    async def test_is_filtered_by_the_account_of_the_token(self, server, channel):
        await server.put(mapping("mine"), mapping("theirs", account_id="account-2"))
        proxy = Proxy(channel, server.add_proxy_token("account-1"))
        _, received = await proxy.synced()
        assert [m.id for m in received] == ["mine"]

    @pytest.mark.parametrize(
        ("capabilities", "expected"),
        [
            (None, ["web", "tls"]),
            (ProxyCapabilities(), ["web", "tls"]),
            (ProxyCapabilities(supports_custom_ports=False), ["web", "tcp", "tls"]),
            (
                ProxyCapabilities(supports_private_service=True),
                ["web", "tls", "private"],
            ),
            (ProxyCapabilities(supports_private_service=False), ["web", "tls"]),
        ],
    )
    async def test_is_filtered_by_capabilities(
        self, server, proxy, capabilities, expected
    ):
        await server.put(
            mapping("web"),
            attrs.evolve(mapping("tcp"), mode="tcp", listen_port=5432),
            attrs.evolve(mapping("tls"), mode="tls", listen_port=5433),
            mapping("private", private=True),
        )
        stream, received = await proxy.synced(capabilities=capabilities)
        assert [m.id for m in received] == expected
        await server.delete("private")
        assert (await stream.update()).id == "private"

    async def test_of_100_000_services_costs_little(self):
        """Sending must not be what a client's test waits for."""
        async with (
            ManagementServer() as server,
            open_channel(server.url) as channel,
        ):
            await server.put(*mappings(100_000))
            token = server.add_proxy_token()
            stream = Proxy(channel, token).sync()
            await stream.init()
            received = 0
            started = time.perf_counter()
            for _ in range(200):
                received += len(await stream.call.read())
                await stream.ack()
            seconds = time.perf_counter() - started
            await server.wait_until(lambda s: s.streams[0].is_synced)
        assert received > 100_000 * 100
        assert seconds < 5

    async def test_ends_with_unknown_if_something_else_than_an_ack_comes(
        self, server, proxy
    ):
        stream = proxy.sync()
        await stream.init()
        await stream.read()
        await stream.init()
        assert await refusal_of(stream.read()) == (
            grpc.StatusCode.UNKNOWN,
            (
                "send snapshot to proxy proxy-1: expected ack, got "
                "*proto.SyncMappingsRequest_Init"
            ),
        )

    async def test_ends_with_unknown_if_the_client_closes_its_side(self, proxy):
        stream = proxy.sync()
        await stream.init()
        await stream.read()
        await stream.call.done_writing()
        assert await refusal_of(stream.read()) == (
            grpc.StatusCode.UNKNOWN,
            "send snapshot to proxy proxy-1: receive ack: EOF",
        )


class TestOpening:
    async def test_needs_an_init_first(self, proxy):
        stream = proxy.sync()
        await stream.send(SyncMappingsAck())
        assert await refusal_of(stream.read()) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            "first message must be init",
        )

    async def test_needs_a_message(self, proxy):
        stream = proxy.sync()
        await stream.call.done_writing()
        assert await refusal_of(stream.read()) == (
            grpc.StatusCode.INTERNAL,
            "receive init: EOF",
        )

    @pytest.mark.parametrize(
        ("init", "details"),
        [
            ({"proxy_id": ""}, "proxy_id is required"),
            ({"address": ""}, "proxy address is invalid"),
            ({"address": "not a domain"}, "proxy address is invalid"),
        ],
    )
    async def test_needs_an_id_and_an_address(self, proxy, init, details):
        stream = proxy.sync()
        await stream.init(**init)
        invalid = grpc.StatusCode.INVALID_ARGUMENT
        assert await refusal_of(stream.read()) == (invalid, details)
        legacy = proxy.mapping_updates(**init)
        assert await refusal_of(legacy.read()) == (invalid, details)

    @pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "*.Example.com"])
    async def test_takes_addresses_and_domains(self, proxy, address):
        await proxy.synced(address=address)

    async def test_a_scoped_token_cannot_take_an_address_that_others_use(
        self, server, channel, proxy
    ):
        await proxy.synced()
        scoped = Proxy(channel, server.add_proxy_token("account-1"))
        stream = scoped.sync()
        await stream.init(proxy_id="proxy-2")
        assert await refusal_of(stream.read()) == (
            grpc.StatusCode.ALREADY_EXISTS,
            "cluster address edge.example.com is already in use",
        )
        await scoped.synced(proxy_id="proxy-2", address="mine.example.com")

    async def test_again_with_the_same_id_ends_the_older_stream(self, server, proxy):
        older, _ = await proxy.synced()
        newer, _ = await proxy.synced()
        assert await refusal_of(older.read()) == CANCELLED
        await server.wait_until(lambda s: len(s.streams) == 1)
        await server.put(mapping("web"))
        assert (await newer.update()).id == "web"
        assert [s.status for s in server.stream_history] == [
            grpc.StatusCode.CANCELLED,
            None,
        ]

    async def test_again_ends_an_older_stream_only_after_its_snapshot(
        self, server, proxy
    ):
        await server.put(*mappings(4))
        older = proxy.sync()
        await older.init()
        await older.read()
        await proxy.synced()
        await older.ack()
        assert (await older.read()).initial_sync_complete
        await older.ack()
        assert await refusal_of(older.read()) == CANCELLED


class TestUpdates:
    async def test_say_what_happened(self, server, proxy):
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

    async def test_are_never_flagged_and_their_acks_are_counted(self, server, proxy):
        stream, _ = await proxy.synced()
        await server.put(mapping("web"))
        assert not (await stream.read()).initial_sync_complete
        await stream.ack()
        await server.wait_until(lambda s: s.streams[0].acks == 2)

    async def test_of_a_moved_domain_are_a_removal_and_a_creation(self, server, proxy):
        await server.put(mapping("web"))
        stream, _ = await proxy.synced()
        await server.put(mapping("web", domain="new.example.com"))
        first, second = await stream.update(), await stream.update()
        assert (first.type, first.domain) == (REMOVED, "new.example.com")
        assert (second.type, second.domain) == (CREATED, "new.example.com")

    async def test_of_a_moved_cluster_reach_both(self, server, proxy):
        await server.put(mapping("web"), cluster="edge.example.com")
        here, _ = await proxy.synced()
        there, _ = await proxy.synced(proxy_id="proxy-2", address="other.example.com")
        await server.put(mapping("web"), cluster="other.example.com")
        assert (await here.update()).type is REMOVED
        assert (await there.update()).type is CREATED

    async def test_can_be_lost(self, server, proxy):
        stream, _ = await proxy.synced()
        await server.put(mapping("lost"), announce=False)
        await server.put(mapping("seen"))
        assert (await stream.update()).id == "seen"
        await server.delete("lost", announce=False)
        assert list(server.mappings) == ["seen"]

    async def test_during_the_snapshot_come_after_it(self, server, proxy):
        await server.put(*mappings(4))
        stream = proxy.sync()
        await stream.init()
        await stream.read()
        await server.put(mapping("late"))
        await stream.ack()
        assert (await stream.read()).initial_sync_complete
        await stream.ack()
        assert (await stream.update()).id == "late"

    async def test_too_many_during_the_snapshot_end_the_stream(self, server, proxy):
        stream = proxy.sync()
        await stream.init()
        assert (await stream.read()).initial_sync_complete
        await server.put(*mappings(101))
        await stream.ack()
        assert await refusal_of(stream.read()) == CANCELLED

    async def test_in_great_number_reach_a_client_that_reads(self, server, proxy):
        stream, _ = await proxy.synced()
        await server.wait_until(lambda s: s.streams[0].is_synced)
        expected = [m.id for m in mappings(400)]
        await server.put(*mappings(400))
        assert [(await stream.update()).id for _ in expected] == expected

    async def test_in_a_burst_end_the_stream(self, server, proxy):
        stream, _ = await proxy.synced()
        await server.wait_until(lambda s: s.streams[0].is_synced)
        await server.put(*mappings(400), burst=True)
        await server.wait_until(lambda s: not s.streams)
        assert server.stream_history[0].status is grpc.StatusCode.CANCELLED
        stream.call.cancel()

    async def test_stay_with_the_account_of_the_token(self, server, channel):
        scoped = Proxy(channel, server.add_proxy_token("account-1"))
        stream, _ = await scoped.synced()
        await server.put(mapping("theirs", account_id="account-2"))
        await server.delete("theirs")
        await server.put(mapping("mine"))
        assert (await stream.update()).id == "mine"

    async def test_after_the_client_closed_its_side_the_stream_ends_well(
        self, server, proxy
    ):
        stream, _ = await proxy.synced()
        await server.wait_until(lambda s: s.streams[0].is_synced)
        await stream.call.done_writing()
        assert await stream.read() is None
        await server.wait_until(lambda s: not s.streams)
        assert server.stream_history[0].status is grpc.StatusCode.OK


class TestOlderReleases:
    async def test_have_no_sync_mappings(self):
        async with ManagementServer(release="0.71.2") as server:
            async with open_channel(server.url) as channel:
                call = channel.stream_stream(PROXY + "SyncMappings")()
                code, _ = await refusal_of(call.read())
            assert code is grpc.StatusCode.UNIMPLEMENTED
            assert server.calls == {}

    async def test_send_batches_from_0_70_5_on(self):
        sizes = {}
        for release in ("0.70.4", "v0.70.5"):
            async with ManagementServer(release=release, batch_size=2) as server:
                await server.put(*mappings(3))
                async with open_channel(server.url) as channel:
                    proxy = Proxy(channel, server.add_proxy_token())
                    stream = proxy.mapping_updates()
                    sizes[release] = []
                    complete = False
                    while not complete:
                        response = await stream.read()
                        complete = response.initial_sync_complete
                        sizes[release].append(len(response.mapping))
                    stream.call.cancel()
        assert sizes == {"0.70.4": [1, 1, 1], "v0.70.5": [2, 1]}

    async def test_get_updates_on_the_older_stream(self):
        async with (
            ManagementServer(release="0.71.0") as server,
            open_channel(server.url) as channel,
        ):
            proxy = Proxy(channel, server.add_proxy_token())
            stream = proxy.mapping_updates()
            assert (await stream.read()).initial_sync_complete
            await server.put(mapping("web"))
            assert (await stream.update()).id == "web"
            newer = proxy.mapping_updates()
            assert (await newer.read()).initial_sync_complete
            assert await refusal_of(stream.read()) == CANCELLED
            newer.call.cancel()
