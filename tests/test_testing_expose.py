"""How the test server publishes the ports that peers expose."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from grpc.aio import Channel

from bare_client import BarePeer, BareProxy, open_channel, refusal_of
from netbird_sdk.models.management import (
    Empty,
    ExposeProtocol,
    ExposeServiceRequest,
    ExposeServiceResponse,
    RenewExposeRequest,
    RenewExposeResponse,
    StopExposeRequest,
    StopExposeResponse,
)
from netbird_sdk.models.proxy import (
    AuthenticateRequest,
    AuthenticateResponse,
    PathMapping,
    PinRequest,
    ProxyCapabilities,
    ProxyMapping,
    ProxyMappingUpdateType,
)
from netbird_sdk.testing import ManagementServer

CLUSTER = "edge.example.com"
DENIED = grpc.StatusCode.PERMISSION_DENIED
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND


class Clock:
    now = 1_767_225_600.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[ManagementServer]:
    async with ManagementServer(clock=clock) as server:
        server.allow_expose(cluster=CLUSTER)
        yield server


@pytest.fixture
async def channel(server: ManagementServer) -> AsyncIterator[Channel]:
    async with open_channel(server.url) as channel:
        yield channel


@pytest.fixture
async def peer(server: ManagementServer, channel: Channel) -> BarePeer:
    return await enrolled(server, channel)


async def enrolled(server: ManagementServer, channel: Channel) -> BarePeer:
    peer = BarePeer(channel, server.public_key)
    await peer.login(setup_key=server.add_setup_key())
    return peer


async def expose(peer: BarePeer, **fields: Any) -> ExposeServiceResponse:
    request = ExposeServiceRequest(**({"port": 8080} | fields))
    answer = await peer.send("CreateExpose", peer.seal(request))
    return peer.open(ExposeServiceResponse, answer)


async def renew(peer: BarePeer, domain: str) -> None:
    answer = await peer.send(
        "RenewExpose", peer.seal(RenewExposeRequest(domain=domain))
    )
    assert peer.open(RenewExposeResponse, answer) == RenewExposeResponse()


async def stop(peer: BarePeer, domain: str) -> None:
    answer = await peer.send("StopExpose", peer.seal(StopExposeRequest(domain=domain)))
    assert peer.open(StopExposeResponse, answer) == StopExposeResponse()


class TestExposedPort:
    async def test_reaches_proxies_like_any_service(
        self, server: ManagementServer, peer: BarePeer, channel: Channel
    ) -> None:
        stream, _ = await BareProxy(channel, server.add_proxy_token()).synced()
        service = await expose(peer, name_prefix="web")
        assert service.domain == f"{service.service_name}.{CLUSTER}"
        assert service.service_name.startswith("web-")
        assert service.service_url == f"https://{service.domain}"
        assert not service.port_auto_assigned
        mapping = await stream.update()
        assert mapping.type is ProxyMappingUpdateType.CREATED
        assert (mapping.domain, mapping.mode) == (service.domain, "http")
        target = f"http://{server.peers[peer.public_key].address}:8080/"
        assert mapping.path == (PathMapping(path="/", target=target),)
        assert mapping.auth_token
        (port,) = server.exposed_ports
        assert port.public_key == peer.public_key
        assert server.mappings[mapping.id] == port.mapping
        await stop(peer, service.domain)
        removed = await stream.update()
        assert removed.type is ProxyMappingUpdateType.REMOVED
        assert removed.id == mapping.id
        assert server.exposed_ports == ()

    async def test_leaves_out_the_port_that_goes_without_saying(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        await expose(peer, port=443, protocol=ExposeProtocol.HTTPS)
        (port,) = server.exposed_ports
        address = server.peers[peer.public_key].address
        assert port.mapping.path[0].target == f"https://{address}/"

    async def test_asks_visitors_for_what_it_was_made_with(
        self, server: ManagementServer, peer: BarePeer, channel: Channel
    ) -> None:
        await expose(peer, pin="123456", user_groups=["All"])
        (port,) = server.exposed_ports
        auth = port.mapping.auth
        assert auth is not None
        assert (auth.pin, auth.password, auth.oidc) == (True, False, True)
        proxy = BareProxy(channel, server.add_proxy_token())
        request = AuthenticateRequest(
            id=port.mapping.id, account_id="account-1", request=PinRequest(pin="123456")
        )
        answer = await proxy.call("Authenticate", request, AuthenticateResponse)
        assert answer.success

    async def test_of_tcp_listens_where_the_proxy_can(
        self, server: ManagementServer, peer: BarePeer, channel: Channel
    ) -> None:
        service = await expose(peer, protocol=ExposeProtocol.TCP)
        assert service.port_auto_assigned
        (port,) = server.exposed_ports
        assert service.service_url == (
            f"tcp://{service.domain}:{port.mapping.listen_port}"
        )
        assert port.mapping.listen_port >= 10_000
        capabilities = ProxyCapabilities(supports_custom_ports=True)
        proxy = BareProxy(channel, server.add_proxy_token())
        await proxy.synced(capabilities=capabilities)
        udp = ExposeProtocol.UDP
        service = await expose(peer, protocol=udp, listen_port=5353)
        assert service.service_url == f"udp://{service.domain}:5353"
        assert not service.port_auto_assigned
        code, details = await refusal_of(expose(peer, protocol=udp, listen_port=5353))
        assert code is grpc.StatusCode.ALREADY_EXISTS
        assert details == (
            f'udp port 5353 is already in use by service "{service.service_name}" '
            f"on cluster {CLUSTER}"
        )

    async def test_of_tls_shares_its_port(self, peer: BarePeer) -> None:
        for _ in range(2):
            service = await expose(peer, protocol=ExposeProtocol.TLS, listen_port=443)
            assert service.service_url == f"tls://{service.domain}:443"
            assert not service.port_auto_assigned

    async def test_keeps_its_peer_from_logging_out(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        service = await expose(peer)
        code, details = await refusal_of(peer.send("Logout", peer.seal(Empty())))
        assert code is grpc.StatusCode.FAILED_PRECONDITION
        assert details is not None
        assert "is in use by proxy" in details
        await stop(peer, service.domain)
        await peer.send("Logout", peer.seal(Empty()))
        assert server.peers == {}

    async def test_goes_with_its_peer(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        await expose(peer)
        server.remove_peer(peer.public_key)
        assert server.exposed_ports == ()
        assert server.mappings == {}


class TestLifetime:
    async def test_is_90_seconds_from_the_last_renewal(
        self, server: ManagementServer, peer: BarePeer, clock: Clock
    ) -> None:
        service = await expose(peer)
        clock.now += 90
        await renew(peer, service.domain)
        clock.now += 90
        await renew(peer, service.domain)
        clock.now += 91
        gone = (NOT_FOUND, f"service with domain {service.domain} not found")
        assert await refusal_of(renew(peer, service.domain)) == gone
        assert await refusal_of(stop(peer, service.domain)) == gone
        assert server.mappings == {}

    async def test_ends_without_a_call_too(
        self, server: ManagementServer, peer: BarePeer, channel: Channel, clock: Clock
    ) -> None:
        await expose(peer)
        stream, _ = await BareProxy(channel, server.add_proxy_token()).synced()
        server.withdraw_expired_ports()
        assert len(server.exposed_ports) == 1
        clock.now += 91
        server.withdraw_expired_ports()
        assert (await stream.update()).type is ProxyMappingUpdateType.REMOVED

    async def test_ends_when_an_administrator_deletes_it(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        service = await expose(peer)
        await server.delete(*server.mappings)
        assert server.exposed_ports == ()
        code, _ = await refusal_of(renew(peer, service.domain))
        assert code is NOT_FOUND


class TestRefusals:
    @pytest.mark.parametrize(
        ("fields", "details"),
        [
            ({"port": 70_000}, "port out of range: 70000"),
            ({"listen_port": 70_000}, "listen_port out of range: 70000"),
            ({"protocol": ExposeProtocol(9)}, "unsupported expose protocol: 9"),
            (
                {"port": 0},
                "validate expose request: port must be between 1 and 65535, got 0",
            ),
            (
                {"protocol": ExposeProtocol.TCP, "pin": "123456"},
                (
                    "validate expose request: authentication is not supported for tcp "
                    "mode"
                ),
            ),
            (
                {"pin": "12345"},
                "validate expose request: invalid pin: must be exactly 6 digits",
            ),
            (
                {"user_groups": [""]},
                "validate expose request: user group name cannot be empty",
            ),
            (
                {"name_prefix": "A"},
                (
                    'validate expose request: invalid name prefix "A": must be '
                    "lowercase alphanumeric with optional hyphens, 1-32 characters"
                ),
            ),
        ],
    )
    async def test_of_what_cannot_be(
        self, peer: BarePeer, fields: dict[str, Any], details: str
    ) -> None:
        assert await refusal_of(expose(peer, **fields)) == (INVALID, details)

    async def test_of_an_eleventh_port(self, peer: BarePeer) -> None:
        for _ in range(10):
            service = await expose(peer)
        assert await refusal_of(expose(peer)) == (
            EXHAUSTED,
            "peer has reached the maximum number of active expose sessions (10)",
        )
        await stop(peer, service.domain)
        await expose(peer)

    async def test_of_an_unknown_group(self, peer: BarePeer) -> None:
        assert await refusal_of(expose(peer, user_groups=["Staff"])) == (
            NOT_FOUND,
            "group: Staff not found",
        )

    async def test_of_a_domain_that_no_proxy_serves(self, peer: BarePeer) -> None:
        assert (await expose(peer, domain=CLUSTER)).domain.endswith(f".{CLUSTER}")
        code, details = await refusal_of(expose(peer, domain="other.example.com"))
        assert code is EXHAUSTED
        assert details is not None
        assert details.endswith("does not match any available proxy cluster")

    async def test_without_any_proxy(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        server.allow_expose()
        assert await refusal_of(expose(peer)) == (
            grpc.StatusCode.INTERNAL,
            "internal error",
        )
        code, details = await refusal_of(expose(peer, domain=CLUSTER))
        assert code is EXHAUSTED
        assert details is not None
        assert details.endswith("no proxy clusters available")

    async def test_of_peers_that_may_not(
        self, server: ManagementServer, peer: BarePeer, channel: Channel
    ) -> None:
        server.allow_expose(cluster=CLUSTER, peers=[peer.public_key])
        await expose(peer)
        other = await enrolled(server, channel)
        assert await refusal_of(expose(other)) == (
            DENIED,
            "peer is not in an allowed expose group",
        )
        server.forbid_expose()
        assert await refusal_of(expose(peer)) == (
            DENIED,
            "peer expose is not enabled for this account",
        )

    async def test_of_strangers(
        self, server: ManagementServer, channel: Channel
    ) -> None:
        stranger = BarePeer(channel, server.public_key)
        refused = (DENIED, "peer is not registered")
        assert await refusal_of(expose(stranger)) == refused
        assert await refusal_of(renew(stranger, "x.example.com")) == refused
        assert await refusal_of(stop(stranger, "x.example.com")) == refused

    async def test_of_ports_of_others(
        self, server: ManagementServer, peer: BarePeer, channel: Channel
    ) -> None:
        service = await expose(peer)
        other = await enrolled(server, channel)
        code, details = await refusal_of(renew(other, service.domain))
        assert code is NOT_FOUND
        assert details is not None
        assert details.startswith("no active expose session for service ")
        assert await refusal_of(stop(other, service.domain)) == (
            DENIED,
            "cannot delete service exposed by another peer",
        )
        await server.put(ProxyMapping(id="web", domain="web.example.com", mode="http"))
        assert await refusal_of(stop(peer, "web.example.com")) == (
            DENIED,
            "cannot delete API-created service via peer expose",
        )
        assert await refusal_of(renew(peer, "")) == (
            grpc.StatusCode.INTERNAL,
            "internal error",
        )

    async def test_by_releases_before_0_66_0(self) -> None:
        async with (
            ManagementServer(release="0.65.3") as server,
            open_channel(server.url) as channel,
        ):
            peer = await enrolled(server, channel)
            for call in (expose(peer), renew(peer, "x"), stop(peer, "x")):
                code, _ = await refusal_of(call)
                assert code is grpc.StatusCode.UNIMPLEMENTED
