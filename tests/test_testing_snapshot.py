"""How the test server opens a mapping stream and sends the snapshot."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import attrs
import grpc
import pytest
from grpc.aio import Channel

from bare_client import BareProxy, open_channel, refusal_of
from netbird_sdk.models.proxy import (
    Authentication,
    CreateProxyPeerRequest,
    CreateProxyPeerResponse,
    ProxyCapabilities,
    ProxyMapping,
    ProxyMappingUpdateType,
    SyncMappingsAck,
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


class TestSnapshot:
    async def test_comes_in_batches_and_the_last_is_flagged(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
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
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        await server.put(*mappings(6))
        _, received = await proxy.synced()
        await server.wait_until(lambda s: s.streams[0].is_synced)
        assert len(received) == 6
        assert server.streams[0].messages == 2

    async def test_without_services_is_one_empty_flagged_message(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        stream = proxy.sync()
        await stream.init()
        response = await stream.read()
        assert response.mapping == ()
        assert response.initial_sync_complete
        assert not server.streams[0].is_synced
        await stream.ack()
        await server.wait_until(lambda s: s.streams[0].is_synced)

    async def test_the_next_batch_waits_for_the_ack(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        await server.put(*mappings(4))
        stream = proxy.sync()
        await stream.init()
        await stream.read()
        await proxy.call(
            "CreateProxyPeer", CreateProxyPeerRequest(), CreateProxyPeerResponse
        )
        assert server.streams[0].messages == 1
        await stream.ack()
        assert (await stream.read()).initial_sync_complete

    async def test_holds_what_was_put_plus_a_token_each(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
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

    async def test_a_changed_service_is_created_in_it(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        await server.put(mapping("web"))
        await server.put(mapping("web", pass_host_header=True))
        _, (received,) = await proxy.synced()
        assert received.type is CREATED
        assert received.pass_host_header

    async def test_a_session_key_is_filled_in_where_none_was_given(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        await server.put(mapping("web", auth=Authentication(password=True)))
        _, (received,) = await proxy.synced()
        assert received.auth is not None
        assert len(received.auth.session_key) == 44

    async def test_is_filtered_by_cluster(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        await server.put(mapping("here"), cluster="edge.example.com")
        await server.put(mapping("there"), cluster="other.example.com")
        _, received = await proxy.synced()
        assert [m.id for m in received] == ["here"]

    async def test_is_filtered_by_the_account_of_the_token(
        self, server: ManagementServer, channel: Channel
    ) -> None:
        await server.put(mapping("mine"), mapping("theirs", account_id="account-2"))
        proxy = BareProxy(channel, server.add_proxy_token("account-1"))
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
        self,
        server: ManagementServer,
        proxy: BareProxy,
        capabilities: ProxyCapabilities | None,
        expected: list[str],
    ) -> None:
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

    async def test_of_100_000_services_costs_little(self) -> None:
        """Sending must not be what a client's test waits for."""
        async with (
            ManagementServer() as server,
            open_channel(server.url) as channel,
        ):
            await server.put(*mappings(100_000))
            token = server.add_proxy_token()
            stream = BareProxy(channel, token).sync()
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
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
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

    async def test_ends_with_unknown_if_the_client_closes_its_side(
        self, proxy: BareProxy
    ) -> None:
        stream = proxy.sync()
        await stream.init()
        await stream.read()
        await stream.call.done_writing()
        assert await refusal_of(stream.read()) == (
            grpc.StatusCode.UNKNOWN,
            "send snapshot to proxy proxy-1: receive ack: EOF",
        )


class TestOpening:
    async def test_needs_an_init_first(self, proxy: BareProxy) -> None:
        stream = proxy.sync()
        await stream.send(SyncMappingsAck())
        assert await refusal_of(stream.read()) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            "first message must be init",
        )

    async def test_needs_a_message(self, proxy: BareProxy) -> None:
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
    async def test_needs_an_id_and_an_address(
        self, proxy: BareProxy, init: dict[str, str], details: str
    ) -> None:
        stream = proxy.sync()
        await stream.init(**init)
        invalid = grpc.StatusCode.INVALID_ARGUMENT
        assert await refusal_of(stream.read()) == (invalid, details)
        legacy = proxy.mapping_updates(**init)
        assert await refusal_of(legacy.read()) == (invalid, details)

    @pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "*.Example.com"])
    async def test_takes_addresses_and_domains(
        self, proxy: BareProxy, address: str
    ) -> None:
        await proxy.synced(address=address)

    async def test_a_scoped_token_cannot_take_an_address_that_others_use(
        self, server: ManagementServer, channel: Channel, proxy: BareProxy
    ) -> None:
        await proxy.synced()
        scoped = BareProxy(channel, server.add_proxy_token("account-1"))
        stream = scoped.sync()
        await stream.init(proxy_id="proxy-2")
        assert await refusal_of(stream.read()) == (
            grpc.StatusCode.ALREADY_EXISTS,
            "cluster address edge.example.com is already in use",
        )
        await scoped.synced(proxy_id="proxy-2", address="mine.example.com")

    async def test_again_with_the_same_id_ends_the_older_stream(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
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
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        await server.put(*mappings(4))
        older = proxy.sync()
        await older.init()
        await older.read()
        await proxy.synced()
        await older.ack()
        assert (await older.read()).initial_sync_complete
        await older.ack()
        assert await refusal_of(older.read()) == CANCELLED
