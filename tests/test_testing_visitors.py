"""The test server's answers about visitors."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import attrs
import grpc
import nacl.signing
import pytest
from grpc.aio import Channel

from bare_client import BarePeer, BareProxy, open_channel, refusal_of
from netbird_sdk.models.proxy import (
    AuthenticateRequest,
    AuthenticateResponse,
    Authentication,
    GetOIDCURLRequest,
    GetOIDCURLResponse,
    HeaderAuthRequest,
    PasswordRequest,
    PinRequest,
    ProxyMapping,
    ValidateSessionRequest,
    ValidateSessionResponse,
    ValidateTunnelPeerRequest,
    ValidateTunnelPeerResponse,
)
from netbird_sdk.testing import Credential, ManagementServer

ACCOUNT = "account-1"
WEB = ProxyMapping(
    id="web",
    account_id=ACCOUNT,
    domain="web.example.com",
    mode="http",
    auth=Authentication(password=True),
)


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer() as server:
        await server.put(WEB)
        yield server


@pytest.fixture
async def channel(server: ManagementServer) -> AsyncIterator[Channel]:
    async with open_channel(server.url) as channel:
        yield channel


@pytest.fixture
def proxy(server: ManagementServer, channel: Channel) -> BareProxy:
    return BareProxy(channel, server.add_proxy_token())


async def authenticate(
    proxy: BareProxy, shown: Credential | None, service: str = "web"
) -> AuthenticateResponse:
    request = AuthenticateRequest(id=service, account_id=ACCOUNT, request=shown)
    return await proxy.call("Authenticate", request, AuthenticateResponse)


async def validate(
    proxy: BareProxy, domain: str, token: str
) -> ValidateSessionResponse:
    request = ValidateSessionRequest(domain=domain, session_token=token)
    return await proxy.call("ValidateSession", request, ValidateSessionResponse)


async def validate_peer(
    proxy: BareProxy, domain: str, ip: str
) -> ValidateTunnelPeerResponse:
    request = ValidateTunnelPeerRequest(domain=domain, tunnel_ip=ip)
    return await proxy.call("ValidateTunnelPeer", request, ValidateTunnelPeerResponse)


class TestAuthenticate:
    @pytest.mark.parametrize(
        ("accepted", "wrong"),
        [
            (PasswordRequest(password="right"), PasswordRequest(password="wrong")),
            (PinRequest(pin="123456"), PinRequest(pin="654321")),
            (
                HeaderAuthRequest(header_name="X-Key", header_value="right"),
                HeaderAuthRequest(header_name="X-Key", header_value="wrong"),
            ),
            (PinRequest(pin="123456"), PasswordRequest(password="123456")),
            (PinRequest(pin="123456"), None),
        ],
    )
    async def test_lets_in_who_shows_what_is_expected(
        self,
        server: ManagementServer,
        proxy: BareProxy,
        accepted: Credential,
        wrong: Credential | None,
    ) -> None:
        assert not (await authenticate(proxy, accepted)).success
        server.accept_credential("web", accepted)
        response = await authenticate(proxy, accepted)
        assert response.success
        assert response.session_token
        assert await authenticate(proxy, wrong) == AuthenticateResponse()

    async def test_takes_header_names_in_any_case(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        accepted = HeaderAuthRequest(header_name="X-Key", header_value="right")
        server.accept_credential("web", accepted)
        shown = attrs.evolve(accepted, header_name="x-key")
        assert (await authenticate(proxy, shown)).success

    async def test_signs_the_session_with_the_key_in_the_mapping(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        server.accept_credential("web", PinRequest(pin="123456"))
        token = (await authenticate(proxy, PinRequest(pin="123456"))).session_token
        auth = server.mappings["web"].auth
        assert auth is not None
        key = nacl.signing.VerifyKey(base64.b64decode(auth.session_key))
        signed, _, signature = token.rpartition(".")
        key.verify(signed.encode(), base64.urlsafe_b64decode(signature + "=="))
        claims = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
        assert claims["aud"] == ["web.example.com"]
        assert claims["sub"] == "pin-user"

    async def test_of_an_unknown_service_fails(self, proxy: BareProxy) -> None:
        code, details = await refusal_of(authenticate(proxy, None, "other"))
        assert code is grpc.StatusCode.FAILED_PRECONDITION
        assert details is not None
        assert "service other not found" in details


class TestValidateSession:
    async def test_lets_a_user_in(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        server.add_user("user-1", email="user@example.com")
        token = server.mint_session_token("web", "user-1")
        response = await validate(proxy, "web.example.com", token)
        assert response == ValidateSessionResponse(
            valid=True, user_id="user-1", user_email="user@example.com"
        )

    async def test_says_why_it_does_not(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        await server.put(attrs.evolve(WEB, id="api", domain="api.example.com"))
        server.add_user("user-1")
        server.add_user("blocked", denied_reason="user_blocked")
        server.add_user("foreign", account_id="account-2")
        server.accept_credential("web", PinRequest(pin="123456"))
        by_pin = (await authenticate(proxy, PinRequest(pin="123456"))).session_token
        token = server.mint_session_token("web", "user-1")
        web = "web.example.com"
        for domain, shown, reason in (
            ("", token, "missing domain or session_token"),
            (web, "", "missing domain or session_token"),
            ("other.example.com", token, "service_not_found"),
            (web, "a.b.c", "invalid_token"),
            (web, "\N{SNOWMAN}", "invalid_token"),
            (web, token[:-8] + "AAAAAAAA", "invalid_token"),
            ("api.example.com", token, "invalid_token"),
            (web, by_pin, "user_not_found"),
            (web, server.mint_session_token("web", "foreign"), "account_mismatch"),
            (web, server.mint_session_token("web", "blocked"), "user_blocked"),
        ):
            response = await validate(proxy, domain, shown)
            assert (response.valid, response.denied_reason) == (False, reason)

    async def test_lets_nobody_in_after_a_day(self) -> None:
        now = 1_000_000.0
        async with (
            ManagementServer(clock=lambda: now) as server,
            open_channel(server.url) as channel,
        ):
            await server.put(WEB)
            proxy = BareProxy(channel, server.add_proxy_token())
            server.add_user("user-1")
            token = server.mint_session_token("web", "user-1")
            assert (await validate(proxy, WEB.domain, token)).valid
            now += timedelta(days=1).total_seconds()
            response = await validate(proxy, WEB.domain, token)
        assert response.denied_reason == "invalid_token"


class TestValidateTunnelPeer:
    async def test_lets_an_enrolled_peer_in(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        peer = server.add_peer("laptop")
        response = await validate_peer(proxy, WEB.domain, str(peer.address))
        assert response.valid
        assert (response.user_id, response.user_email) == (peer.id, "laptop")
        assert response.session_token

    async def test_names_the_user_of_the_peer(
        self, server: ManagementServer, proxy: BareProxy, channel: Channel
    ) -> None:
        server.add_user("user-1", email="user@example.com")
        peer = BarePeer(channel, server.public_key)
        await peer.login(jwt_token=server.mint_login_token("user-1"))
        address = str(server.peers[peer.public_key].address)
        response = await validate_peer(proxy, WEB.domain, address)
        assert (response.user_id, response.user_email) == ("user-1", "user@example.com")
        server.add_user("user-1", denied_reason="user_blocked")
        response = await validate_peer(proxy, WEB.domain, address)
        assert (response.valid, response.denied_reason) == (False, "user_blocked")

    async def test_says_why_it_does_not(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        stranger = server.add_peer("stranger", account_id="account-2")
        for domain, ip, reason in (
            ("", "100.64.0.1", "missing domain or tunnel_ip"),
            (WEB.domain, "", "missing domain or tunnel_ip"),
            (WEB.domain, "nonsense", "invalid_tunnel_ip"),
            ("other.example.com", "100.64.0.1", "service_not_found"),
            (WEB.domain, "100.64.200.1", "peer_not_found"),
            (WEB.domain, str(stranger.address), "peer_not_found"),
        ):
            response = await validate_peer(proxy, domain, ip)
            assert (response.valid, response.denied_reason) == (False, reason)


class TestGetOIDCURL:
    async def test_is_a_login_page_of_its_own_each_time(self, proxy: BareProxy) -> None:
        request = GetOIDCURLRequest(
            id="web", account_id=ACCOUNT, redirect_url="https://web.example.com/x"
        )
        urls = {
            (await proxy.call("GetOIDCURL", request, GetOIDCURLResponse)).url
            for _ in range(2)
        }
        assert len(urls) == 2

    @pytest.mark.parametrize(
        ("url", "code"),
        [
            ("ftp://web.example.com/", grpc.StatusCode.INVALID_ARGUMENT),
            ("http://[", grpc.StatusCode.INVALID_ARGUMENT),
            ("https://other.example.com/", grpc.StatusCode.FAILED_PRECONDITION),
        ],
    )
    async def test_is_refused_for_other_places(
        self, proxy: BareProxy, url: str, code: grpc.StatusCode
    ) -> None:
        request = GetOIDCURLRequest(account_id=ACCOUNT, redirect_url=url)
        call = proxy.call("GetOIDCURL", request, GetOIDCURLResponse)
        assert (await refusal_of(call))[0] is code
