"""How sessions of ProxyClient connect: fallback, refusals, takeovers, ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest

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
    AuthenticationError,
    ClosedError,
    Connected,
    CutByServer,
    Disconnected,
    FellBack,
    MappingTable,
    ProxyClient,
    RPCError,
    SessionState,
    Synced,
    TransportError,
    UnsupportedError,
)
from netbird_sdk.testing import ManagementServer


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer(batch_size=3) as server:
        yield server


@pytest.fixture
async def client(server: ManagementServer) -> AsyncIterator[ProxyClient]:
    async with client_of(server) as client:
        yield client


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def events() -> Events:
    return Events()


class TestFallback:
    @pytest.mark.parametrize("release", ["0.70.4", "0.71.0"])
    async def test_an_old_server_is_served_through_the_older_rpc(
        self, release: str, sink: Sink, events: Events
    ) -> None:
        async with (
            ManagementServer(release=release) as server,
            client_of(server) as client,
        ):
            await server.put(*mappings(5))
            async with client.sync_mappings(sink, on_event=events) as session:
                await sink.until_serving(server)
                await server.put(mapping("late"))
                await server.delete("service-0")
                await sink.until_serving(server)
                assert session.counters.acks == 0
            assert {s.method for s in server.stream_history} == {"GetMappingUpdate"}
            assert server.acks_total == 0
        assert events.of(FellBack) == [FellBack(used="GetMappingUpdate")]
        assert events.of(Connected) == [Connected(method="GetMappingUpdate")]
        assert not events.of(Disconnected)

    async def test_an_upgraded_server_is_used_at_the_next_connection(
        self, sink: Sink, events: Events
    ) -> None:
        async with (
            ManagementServer(release="0.71.0") as old,
            ManagementServer() as new,
            through(old) as network,
            client_of(old, url_of(network)) as client,
        ):
            session = client.sync_mappings(sink, backoff=QUICKLY, on_event=events)
            async with session:
                await session.wait_synced()
                # The new one has other tokens: what counts is what it is asked for.
                network.target = through(new).target
                await network.reset()
                await new.wait_until(lambda s: s.calls.get("SyncMappings"))
            assert "GetMappingUpdate" not in new.calls

    async def test_a_server_with_neither_rpc_is_given_up(self, sink: Sink) -> None:
        async with (
            ManagementServer(release="0.64.0") as server,
            client_of(server) as client,
        ):
            with pytest.raises(UnsupportedError, match="older than this RPC"):
                await client.sync_mappings(sink, backoff=QUICKLY).run()


class TestConnections:
    async def test_a_second_proxy_of_the_same_id_takes_the_stream_over(
        self, server: ManagementServer, sink: Sink, events: Events
    ) -> None:
        async with (
            client_of(server, proxy_id="edge") as first,
            client_of(server, proxy_id="edge") as second,
        ):
            session = first.sync_mappings(sink, backoff=QUICKLY, on_event=events)
            async with session:
                await session.wait_synced()
                other = Events()
                async with second.sync_mappings(Sink(), on_event=other) as thief:
                    await thief.wait_synced()
                    error = (await events.first(Disconnected)).error
                    assert isinstance(error, RPCError)
                    assert error.code is grpc.StatusCode.CANCELLED
                    assert (await events.first(CutByServer)).proxy_id == "edge"
                    # And back: nobody took the server's word for a cancellation.
                    await other.first(Disconnected)
                await events.first(Synced, after=1)
                await server.put(mapping("web"))
                await sink.until_serving(server)

    async def test_a_wrong_token_ends_a_first_run_at_once(
        self, server: ManagementServer, sink: Sink, events: Events
    ) -> None:
        token = server.add_proxy_token()
        server.revoke_proxy_token(token)
        async with client_of(server, token=token) as client:
            session = client.sync_mappings(sink, on_event=events)
            with pytest.raises(AuthenticationError, match="make a new one"):
                await session.run()
            with pytest.raises(AuthenticationError):
                await session.wait_synced()
        assert session.state is SessionState.CLOSED
        # gRPC hides some statuses of SyncMappings, which is then asked once more.
        assert sum(server.calls.values()) <= 3
        assert events.all == []

    async def test_a_token_revoked_later_is_tried_again_after_a_long_wait(
        self, server: ManagementServer, sink: Sink, events: Events
    ) -> None:
        token = server.add_proxy_token()
        async with client_of(server, token=token) as client:
            session = client.sync_mappings(sink, backoff=QUICKLY, on_event=events)
            async with session:
                await session.wait_synced()
                server.revoke_proxy_token(token)
                refused = await events.first(Disconnected, after=1)
                assert isinstance(refused.error, AuthenticationError)
                assert refused.retry_in >= 15
                assert session.state is SessionState.WAITING

    async def test_retry_on_decides_when_it_is_given(
        self, server: ManagementServer, client: ProxyClient, sink: Sink
    ) -> None:
        session = client.sync_mappings(sink, retry_on=lambda _: False)
        task = asyncio.ensure_future(session.run())
        await session.wait_synced()
        await server.drop_streams(grpc.StatusCode.UNAVAILABLE, "enough")
        with pytest.raises(TransportError, match="enough"):
            await task
        with pytest.raises(ClosedError, match="runs only once"):
            await session.run()

    async def test_closing_the_client_ends_its_session(
        self, client: ProxyClient, sink: Sink
    ) -> None:
        session = client.sync_mappings(sink)
        running = asyncio.ensure_future(session.run())
        await session.wait_synced()
        await client.aclose()
        with pytest.raises(ClosedError, match="the client was closed"):
            await running

    async def test_garbage_from_the_server_is_an_error_and_then_a_resync(
        self,
        server: ManagementServer,
        client: ProxyClient,
        sink: Sink,
        events: Events,
    ) -> None:
        await server.put(*mappings(2))
        session = client.sync_mappings(sink, backoff=QUICKLY, on_event=events)
        async with session:
            await session.wait_synced()
            await server.wait_until(lambda s: s.streams[0].is_synced)
            server.send_bytes(b"\xff\xff")
            error = (await events.first(Disconnected)).error
            assert "SyncMappings: cannot read a message of 2 bytes" in str(error)
            await events.first(Synced, after=1)
            await server.put(mapping("web"))
            await sink.until_serving(server)

    async def test_two_sessions_of_one_client_are_two_streams_of_one_proxy(
        self, server: ManagementServer, client: ProxyClient
    ) -> None:
        """Not useful, as each supersedes the other, and yet it does no harm."""
        one, two = MappingTable(), MappingTable()
        await server.put(mapping("web"))
        async with (
            client.sync_mappings(one, backoff=QUICKLY) as first,
            client.sync_mappings(two, backoff=QUICKLY) as second,
        ):
            await first.wait_synced()
            await second.wait_synced()
        assert one.mappings == two.mappings == server.mappings
