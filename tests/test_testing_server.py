"""The test server's life, and what a test makes it do."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import grpc
import pytest
import trustme
from grpc.aio import Channel

from bare_client import BarePeer, BareProxy, open_channel, refusal_of
from netbird_sdk import _codec
from netbird_sdk.errors import ConfigurationError, ProtocolError
from netbird_sdk.models.proxy import (
    CheckLLMPolicyLimitsRequest,
    CheckLLMPolicyLimitsResponse,
    ProxyMapping,
    SyncMappingsResponse,
)
from netbird_sdk.testing import ManagementServer, ServerTLS

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


async def check_limits(proxy: BareProxy) -> CheckLLMPolicyLimitsResponse:
    """Make the simplest call that needs a token."""
    return await proxy.call(
        "CheckLLMPolicyLimits",
        CheckLLMPolicyLimitsRequest(account_id="account-1"),
        CheckLLMPolicyLimitsResponse,
    )


def port_of(server: ManagementServer) -> int:
    return int(server.url.rpartition(":")[2])


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer() as server:
        yield server


@pytest.fixture
async def channel(server: ManagementServer) -> AsyncIterator[Channel]:
    async with open_channel(server.url) as channel:
        yield channel


@pytest.fixture
def proxy(server: ManagementServer, channel: Channel) -> BareProxy:
    return BareProxy(channel, server.add_proxy_token())


class TestLife:
    async def test_it_has_no_url_before_it_is_started(self) -> None:
        with pytest.raises(ConfigurationError, match="async with"):
            _ = ManagementServer().url

    async def test_it_listens_on_loopback_and_two_do_not_meet(
        self, server: ManagementServer
    ) -> None:
        async with ManagementServer() as other:
            assert server.url.startswith("http://127.0.0.1:")
            assert server.url != other.url
            assert server.public_key != other.public_key

    async def test_leaving_it_ends_its_streams_and_frees_the_port(self) -> None:
        async with AsyncExitStack() as after:
            async with ManagementServer() as server:
                channel = await after.enter_async_context(open_channel(server.url))
                token = server.add_proxy_token()
                stream, _ = await BareProxy(channel, token).synced()
            assert (await refusal_of(stream.read()))[0] is UNAVAILABLE
        assert server.streams == ()
        with socket.socket() as mine:
            mine.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            mine.bind(("127.0.0.1", port_of(server)))

    async def test_a_restart_keeps_the_url_and_what_it_holds(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        await server.put(ProxyMapping(id="web"))
        stream, _ = await proxy.synced()
        url = server.url
        await server.restart()
        assert (await refusal_of(stream.read()))[0] is UNAVAILABLE
        _, (received,) = await proxy.synced()
        assert received.id == "web"
        assert server.url == url

    async def test_while_it_is_down_connections_are_refused(
        self, server: ManagementServer
    ) -> None:
        await server.stop()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port_of(server))

    async def test_it_cannot_be_started_twice(self, server: ManagementServer) -> None:
        with pytest.raises(ConfigurationError, match="running already"):
            await server.start()

    @pytest.mark.parametrize("release", ["", "0.77", "latest"])
    def test_a_release_that_cannot_be_is_refused(self, release: str) -> None:
        with pytest.raises(ConfigurationError, match="not a NetBird release"):
            ManagementServer(release=release)

    def test_a_batch_size_that_cannot_be_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="batch_size"):
            ManagementServer(batch_size=0)

    async def test_it_serves_https_with_a_certificate(self) -> None:
        authority = trustme.CA()
        certificate = authority.issue_cert("localhost")
        tls = ServerTLS(
            certificate_pem=certificate.cert_chain_pems[0].bytes(),
            private_key_pem=certificate.private_key_pem.bytes(),
        )
        async with ManagementServer(tls=tls) as server:
            assert server.url.startswith("https://localhost:")
            roots = authority.cert_pem.bytes()
            async with open_channel(server.url, roots) as channel:
                peer = BarePeer(channel, server.public_key)
                response = await peer.login(setup_key=server.add_setup_key())
        assert response.peer_config is not None


class TestScript:
    async def test_the_next_calls_of_an_rpc_fail(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        server.fail_next("CheckLLMPolicyLimits", UNAVAILABLE, "try later", times=2)
        for _ in range(2):
            assert await refusal_of(check_limits(proxy)) == (UNAVAILABLE, "try later")
        assert (await check_limits(proxy)).decision == "allow"
        assert server.calls == {"CheckLLMPolicyLimits": 3}

    async def test_the_next_stream_fails(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        server.fail_next("SyncMappings", grpc.StatusCode.INTERNAL, "boom")
        stream = proxy.sync()
        assert await refusal_of(stream.read()) == (grpc.StatusCode.INTERNAL, "boom")
        await proxy.synced()

    async def test_a_method_that_is_not_there_cannot_fail(
        self, server: ManagementServer
    ) -> None:
        with pytest.raises(ConfigurationError, match="there is no RPC 'Sink'"):
            server.fail_next("Sink")

    async def test_streams_are_dropped_with_any_status(
        self, server: ManagementServer, proxy: BareProxy, channel: Channel
    ) -> None:
        stream, _ = await proxy.synced()
        peer = BarePeer(channel, server.public_key)
        await peer.login(setup_key=server.add_setup_key())
        updates = peer.sync()
        await peer.next_update(updates)
        await server.drop_streams(grpc.StatusCode.ABORTED, "gone")
        dropped = (grpc.StatusCode.ABORTED, "gone")
        assert await refusal_of(stream.read()) == dropped
        assert await refusal_of(updates.read()) == dropped
        assert server.streams == ()
        assert server.stream_history[0].status is grpc.StatusCode.ABORTED
        assert not server.peers[peer.public_key].connected

    async def test_streams_are_dropped_in_the_middle_of_a_snapshot(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        stream = proxy.sync()
        await stream.init()
        await stream.read()
        await server.drop_streams()
        assert (await refusal_of(stream.read()))[0] is UNAVAILABLE

    async def test_garbage_is_sent_as_it_is(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        stream, _ = await proxy.synced()
        server.send_bytes(b"\xff\xff")
        data = await stream.call.read()
        with pytest.raises(ProtocolError):
            _codec.decode(SyncMappingsResponse, data)

    async def test_waiting_ends_as_soon_as_it_happened(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        waiting = asyncio.create_task(server.wait_until(lambda s: s.acks_total))
        await proxy.synced()
        await waiting

    async def test_waiting_in_vain_says_what_there_was(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        await check_limits(proxy)
        with pytest.raises(TimeoutError, match="1 CheckLLMPolicyLimits"):
            await server.wait_until(lambda s: s.acks_total, timeout=0)

    async def test_a_mapping_that_is_not_there_cannot_be_deleted(
        self, server: ManagementServer
    ) -> None:
        with pytest.raises(ConfigurationError, match="'web'"):
            await server.delete("web")

    async def test_an_rpc_of_a_later_release_is_not_there(self) -> None:
        async with (
            ManagementServer(release="0.73.9") as server,
            open_channel(server.url) as channel,
        ):
            proxy = BareProxy(channel, server.add_proxy_token())
            code, _ = await refusal_of(check_limits(proxy))
        assert code is grpc.StatusCode.UNIMPLEMENTED


class TestTokens:
    @pytest.mark.parametrize(
        ("header", "details"),
        [
            (None, "missing authorization header"),
            ("Basic x", "invalid authorization format"),
            ("bearer x", "invalid authorization format"),
            ("Bearer x", "invalid token format"),
            ("Bearer nbx_" + "a" * 36, "invalid token format"),
            # Another token with a checksum that is right.
            ("Bearer nbx_" + "a" * 30 + "1yLcDB", "invalid token"),
        ],
    )
    async def test_that_are_wrong_are_told_apart(
        self, proxy: BareProxy, header: str | None, details: str
    ) -> None:
        proxy.metadata = [] if header is None else [("authorization", header)]
        refused = (grpc.StatusCode.UNAUTHENTICATED, details)
        assert await refusal_of(check_limits(proxy)) == refused
        assert await refusal_of(proxy.sync().read()) == refused

    async def test_look_like_real_ones(self, server: ManagementServer) -> None:
        token = server.add_proxy_token()
        assert len(token) == 40
        assert token.startswith("nbx_")

    async def test_expire(self) -> None:
        now = 1_000_000.0
        async with (
            ManagementServer(clock=lambda: now) as server,
            open_channel(server.url) as channel,
        ):
            token = server.add_proxy_token(lifetime=timedelta(minutes=1))
            proxy = BareProxy(channel, token)
            await check_limits(proxy)
            now += 61
            assert await refusal_of(check_limits(proxy)) == (
                grpc.StatusCode.UNAUTHENTICATED,
                "token expired or revoked",
            )

    async def test_that_are_revoked_end_their_streams(
        self, server: ManagementServer, channel: Channel
    ) -> None:
        token = server.add_proxy_token()
        stream, _ = await BareProxy(channel, token).synced()
        server.revoke_proxy_token(token)
        assert await refusal_of(stream.read()) == (
            grpc.StatusCode.CANCELLED,
            "context canceled",
        )
        assert await refusal_of(BareProxy(channel, token).sync().read()) == (
            grpc.StatusCode.UNAUTHENTICATED,
            "token expired or revoked",
        )

    async def test_of_an_account_are_refused_for_another(
        self, server: ManagementServer, channel: Channel
    ) -> None:
        proxy = BareProxy(channel, server.add_proxy_token("account-2"))
        assert await refusal_of(check_limits(proxy)) == (
            grpc.StatusCode.PERMISSION_DENIED,
            "account-scoped token cannot access account account-1",
        )

    async def test_five_wrong_ones_lock_out_for_a_while(self) -> None:
        now = 1_000_000.0
        async with (
            ManagementServer(clock=lambda: now) as server,
            open_channel(server.url) as channel,
        ):
            good = BareProxy(channel, server.add_proxy_token())
            bad = BareProxy(channel, "wrong")
            for _ in range(5):
                code, _ = await refusal_of(check_limits(bad))
                assert code is grpc.StatusCode.UNAUTHENTICATED
            for proxy in (bad, good):
                assert await refusal_of(check_limits(proxy)) == (
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    "too many failed authentication attempts",
                )
            now += 12
            await check_limits(good)
            await refusal_of(check_limits(bad))
            code, _ = await refusal_of(check_limits(good))
            assert code is grpc.StatusCode.RESOURCE_EXHAUSTED

    async def test_wrong_ones_do_not_lock_out_when_told_so(self) -> None:
        async with (
            ManagementServer(limit_failed_logins=False) as server,
            open_channel(server.url) as channel,
        ):
            bad = BareProxy(channel, "wrong")
            codes = {(await refusal_of(check_limits(bad)))[0] for _ in range(8)}
        assert codes == {grpc.StatusCode.UNAUTHENTICATED}
