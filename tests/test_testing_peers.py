"""How the test server treats peers: login, sync and logout."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import Any

import grpc
import pytest
from grpc.aio import Channel

from bare_client import MANAGEMENT, BarePeer, open_channel, refusal_of
from netbird_sdk import _codec
from netbird_sdk.errors import ConfigurationError
from netbird_sdk.keys import PublicKey
from netbird_sdk.models.management import (
    Empty,
    NetbirdConfig,
    NetworkMap,
    PeerSystemMeta,
    ServerKeyResponse,
    SyncMetaRequest,
    SyncResponse,
)
from netbird_sdk.testing import ManagementServer

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INVALID = grpc.StatusCode.INVALID_ARGUMENT
DENIED = grpc.StatusCode.PERMISSION_DENIED
BAD_SETUP_KEY = (
    grpc.StatusCode.NOT_FOUND,
    "couldn't add peer: setup key is invalid",
)
META = PeerSystemMeta(hostname="host", netbird_version="0.77.1")


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer() as server:
        yield server


@pytest.fixture
async def channel(server: ManagementServer) -> AsyncIterator[Channel]:
    async with open_channel(server.url) as channel:
        yield channel


@pytest.fixture
def peer(server: ManagementServer, channel: Channel) -> BarePeer:
    return BarePeer(channel, server.public_key)


def map_of(update: SyncResponse | None) -> NetworkMap:
    assert update is not None
    assert update.network_map is not None
    return update.network_map


async def synced(peer: BarePeer) -> tuple[Any, SyncResponse]:
    """Open a Sync stream and take the first update."""
    call = peer.sync()
    update = await peer.next_update(call)
    assert update is not None
    return call, update


class TestServerKey:
    async def test_expires_in_1970_like_the_real_one(
        self, server: ManagementServer, channel: Channel
    ) -> None:
        method: Any = channel.unary_unary(MANAGEMENT + "GetServerKey")
        response = _codec.decode(ServerKeyResponse, await method(b""))
        assert PublicKey.parse(response.key) == server.public_key
        assert response.expires_at is not None
        assert response.expires_at - EPOCH < timedelta(minutes=1)

    async def test_is_there_on_a_healthy_server(self, channel: Channel) -> None:
        method: Any = channel.unary_unary(MANAGEMENT + "isHealthy")
        assert await method(b"") == b""


class TestLogin:
    async def test_without_credentials_asks_for_them(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        assert await refusal_of(peer.login()) == (
            DENIED,
            (
                "no peer auth method provided, please use a setup key or interactive "
                "SSO login"
            ),
        )
        assert server.peers == {}

    async def test_with_a_setup_key_enrols(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        response = await peer.login(setup_key=server.add_setup_key().lower())
        assert response.peer_config is not None
        assert response.peer_config.address == "100.64.0.1/16"
        assert response.peer_config.fqdn == "host.netbird.selfhosted"
        assert response.netbird_config is not None
        assert response.netbird_config.signal is not None
        assert response.session_expires_at == EPOCH
        known = server.peers[peer.public_key]
        assert known.address == IPv4Address("100.64.0.1")
        assert known.meta == META
        assert not known.connected

    async def test_of_a_known_peer_needs_no_credentials(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        setup_key = server.add_setup_key(usage_limit=1)
        first = await peer.login(setup_key=setup_key)
        newer = PeerSystemMeta(hostname="host", netbird_version="0.78.0")
        assert await peer.login(meta=newer) == first
        assert server.peers[peer.public_key].meta == newer

    async def test_of_the_same_host_name_gets_another_name(
        self, server: ManagementServer, channel: Channel
    ) -> None:
        names = []
        for _ in range(2):
            peer = BarePeer(channel, server.public_key)
            response = await peer.login(setup_key=server.add_setup_key())
            assert response.peer_config is not None
            names.append(response.peer_config.fqdn)
        assert names == ["host.netbird.selfhosted", "host-0-2.netbird.selfhosted"]

    async def test_with_a_setup_key_that_is_wrong_is_refused(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        revoked_later = server.add_setup_key()
        server.revoke_setup_key(revoked_later)
        for setup_key in (
            "A2C8E62B-38F5-4553-B31E-DD66C696CEBB",
            server.add_setup_key(revoked=True),
            server.add_setup_key(usage_limit=0),
            server.add_setup_key(expires=timedelta(seconds=-1)),
            revoked_later,
        ):
            assert await refusal_of(peer.login(setup_key=setup_key)) == BAD_SETUP_KEY

    async def test_with_a_setup_key_works_as_often_as_allowed(
        self, server: ManagementServer, channel: Channel
    ) -> None:
        setup_key = server.add_setup_key(usage_limit=2)
        peers = [BarePeer(channel, server.public_key) for _ in range(3)]
        for peer in peers[:2]:
            await peer.login(setup_key=setup_key)
        assert await refusal_of(peers[2].login(setup_key=setup_key)) == BAD_SETUP_KEY

    async def test_with_dns_labels_needs_a_setup_key_that_allows_them(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        plain = peer.login(setup_key=server.add_setup_key(), dns_labels=["db"])
        code, details = await refusal_of(plain)
        assert code is grpc.StatusCode.FAILED_PRECONDITION
        assert details is not None
        assert "extra DNS labels" in details
        setup_key = server.add_setup_key(allow_dns_labels=True)
        await peer.login(setup_key=setup_key, dns_labels=["db"])

    async def test_needs_machine_facts(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        code, details = await refusal_of(peer.login(meta=None))
        assert code is grpc.StatusCode.FAILED_PRECONDITION
        assert details is not None
        assert details.startswith("peer system meta has to be provided to log in")
        setup_key = server.add_setup_key(usage_limit=1)
        nameless = peer.login(setup_key=setup_key, meta=PeerSystemMeta())
        assert await refusal_of(nameless) == (
            grpc.StatusCode.INTERNAL,
            "failed handling request",
        )
        # The failure has not used the setup key up.
        await peer.login(setup_key=setup_key)

    async def test_with_a_jwt_works_once(
        self, server: ManagementServer, channel: Channel
    ) -> None:
        server.add_user("user-1", email="user@example.com")
        token = server.mint_login_token("user-1")
        peer = BarePeer(channel, server.public_key)
        await peer.login(jwt_token=token)
        assert server.peers[peer.public_key].user_id == "user-1"
        assert await refusal_of(peer.login(jwt_token=token)) == (
            grpc.StatusCode.UNAUTHENTICATED,
            "JWT already used",
        )
        server.add_user("user-2")
        other = peer.login(jwt_token=server.mint_login_token("user-2"))
        assert await refusal_of(other) == (
            DENIED,
            "peer is already registered by a different User or a Setup Key",
        )

    async def test_with_a_jwt_that_is_wrong_is_refused(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        assert (await refusal_of(peer.login(jwt_token="a.b.c")))[0] is INVALID
        server.add_user("user-1")
        expired = server.mint_login_token("user-1", lifetime=timedelta(seconds=-1))
        assert await refusal_of(peer.login(jwt_token=expired)) == (
            grpc.StatusCode.UNAUTHENTICATED,
            "JWT expired",
        )
        server.add_user("user-2", denied_reason="pending_approval")
        pending = server.mint_login_token("user-2")
        assert await refusal_of(peer.login(jwt_token=pending)) == (
            DENIED,
            "user pending approval cannot add peers",
        )
        with pytest.raises(ConfigurationError, match="'nobody'"):
            server.mint_login_token("nobody")

    async def test_before_0_72_0_says_nothing_of_a_session_end(self) -> None:
        async with (
            ManagementServer(release="0.71.4") as server,
            open_channel(server.url) as channel,
        ):
            peer = BarePeer(channel, server.public_key)
            response = await peer.login(setup_key=server.add_setup_key())
        assert response.session_expires_at is None


class TestSync:
    async def test_starts_with_everything(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        other = server.add_peer("other")
        server.add_peer("stranger", account_id="account-2")
        await peer.login(setup_key=server.add_setup_key())
        call, update = await synced(peer)
        assert server.peers[peer.public_key].connected
        assert update.netbird_config is not None
        assert update.session_expires_at == EPOCH
        network_map = map_of(update)
        assert network_map.serial == 2
        assert network_map.peer_config == update.peer_config
        (remote,) = network_map.remote_peers
        assert PublicKey.parse(remote.wg_pub_key) == other.public_key
        assert remote.allowed_ips == (f"{other.address}/32",)
        assert remote.fqdn == "other.netbird.selfhosted"
        assert len(network_map.firewall_rules) == 2
        call.cancel()
        await server.wait_until(lambda s: not s.peers[peer.public_key].connected)

    async def test_alone_says_that_it_is_alone_on_purpose(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        await peer.login(setup_key=server.add_setup_key())
        _, update = await synced(peer)
        assert map_of(update).remote_peers_is_empty
        assert map_of(update).firewall_rules_is_empty

    async def test_goes_on_with_maps_alone(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        await peer.login(setup_key=server.add_setup_key())
        call, first = await synced(peer)
        other = server.add_peer("other")
        second = await peer.next_update(call)
        assert second is not None
        assert second.netbird_config is None
        assert len(map_of(second).remote_peers) == 1
        assert map_of(second).serial > map_of(first).serial
        server.remove_peer(other.public_key)
        assert map_of(await peer.next_update(call)).remote_peers_is_empty

    async def test_takes_an_update_of_the_tests_own(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        await peer.login(setup_key=server.add_setup_key())
        with pytest.raises(ConfigurationError, match="no Sync stream"):
            server.publish(peer.public_key, SyncResponse())
        call, _ = await synced(peer)
        update = SyncResponse(netbird_config=NetbirdConfig())
        server.publish(peer.public_key, update)
        assert await peer.next_update(call) == update

    async def test_notes_new_machine_facts(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        await peer.login(setup_key=server.add_setup_key())
        meta = PeerSystemMeta(hostname="host", os="Plan 9")
        await peer.next_update(peer.sync(meta))
        assert server.peers[peer.public_key].meta == meta
        newer = PeerSystemMeta(hostname="host", os="Inferno")
        request = peer.seal(SyncMetaRequest(meta=newer))
        assert await peer.send("SyncMeta", request) == b""
        assert server.peers[peer.public_key].meta == newer

    async def test_again_ends_the_older_stream_well(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        await peer.login(setup_key=server.add_setup_key())
        older, _ = await synced(peer)
        newer, _ = await synced(peer)
        assert await peer.next_update(older) is None
        server.add_peer("other")
        assert await peer.next_update(newer) is not None
        assert server.peers[peer.public_key].connected

    async def test_of_a_stranger_is_refused(self, peer: BarePeer) -> None:
        assert await refusal_of(peer.sync().read()) == (
            DENIED,
            "peer is not registered",
        )
        meta = peer.seal(SyncMetaRequest(meta=META))
        code, _ = await refusal_of(peer.send("SyncMeta", meta))
        assert code is grpc.StatusCode.NOT_FOUND
        code, _ = await refusal_of(peer.send("SyncMeta", peer.seal(SyncMetaRequest())))
        assert code is grpc.StatusCode.FAILED_PRECONDITION


class TestLogout:
    async def test_deletes_the_peer_and_ends_its_stream(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        server.add_peer("other")
        await peer.login(setup_key=server.add_setup_key())
        call, _ = await synced(peer)
        assert await peer.send("Logout", peer.seal(Empty())) == b""
        assert map_of(await peer.next_update(call)).remote_peers_is_empty
        assert await peer.next_update(call) is None
        assert peer.public_key not in server.peers
        code, _ = await refusal_of(peer.send("Logout", peer.seal(Empty())))
        assert code is grpc.StatusCode.NOT_FOUND
