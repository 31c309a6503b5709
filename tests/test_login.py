"""Logging in: what a refusal is called, and when credentials are sent."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import grpc
import pytest

from logins import BAD_KEY, DENIED, META, NO_METHOD, peer_of, refused
from netbird_sdk import (
    AuthenticationError,
    ConfigurationError,
    LoginExpiredError,
    LoginRequiredError,
    ManagementClient,
    PrivateKey,
    RPCError,
    SetupKeyError,
    TokenError,
    TokenReusedError,
    UserBlockedError,
    UserMismatchError,
)
from netbird_sdk._login import login_request
from netbird_sdk.testing import ManagementServer


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer() as server:
        server.add_user("ada")
        yield server


@pytest.fixture
async def client(server: ManagementServer) -> AsyncIterator[ManagementClient]:
    async with peer_of(server) as client:
        yield client


REFUSALS = [
    (DENIED, NO_METHOD, LoginRequiredError, "pass setup_key="),
    (DENIED, "peer is not registered", LoginRequiredError, "login()"),
    (
        DENIED,
        "peer login has expired, please log in once more",
        LoginExpiredError,
        "jwt=",
    ),
    (*BAD_KEY, SetupKeyError, "make a new one"),
    (grpc.StatusCode.FAILED_PRECONDITION, BAD_KEY[1], SetupKeyError, "used up"),
    (
        grpc.StatusCode.FAILED_PRECONDITION,
        "couldn't add peer: setup key doesn't allow extra DNS labels",
        SetupKeyError,
        "leave dns_labels out",
    ),
    (
        DENIED,
        "peer is already registered by a different User or a Setup Key",
        UserMismatchError,
        "as the user who registered",
    ),
    (
        DENIED,
        "user pending approval cannot add peers",
        UserBlockedError,
        "administrator",
    ),
    (DENIED, "user is pending approval", UserBlockedError, "administrator"),
    (DENIED, "user is blocked", UserBlockedError, "unblock"),
    (
        DENIED,
        "user does not belong to any of the allowed JWT groups",
        UserBlockedError,
        "group",
    ),
    (
        grpc.StatusCode.INVALID_ARGUMENT,
        "invalid jwt token, err: token is malformed: invalid token",
        TokenError,
        "fresh token",
    ),
    (grpc.StatusCode.UNAUTHENTICATED, "JWT expired", TokenError, "fresh token"),
    (
        grpc.StatusCode.UNAUTHENTICATED,
        "jwt token has no expiration",
        TokenError,
        "fresh token",
    ),
    (
        grpc.StatusCode.UNAUTHENTICATED,
        "JWT already used",
        TokenReusedError,
        "logs in once",
    ),
    (DENIED, "some new reason", AuthenticationError, ""),
    (
        grpc.StatusCode.UNKNOWN,
        "peer with the same public key is already logged in",
        RPCError,
        "ten minutes",
    ),
    (grpc.StatusCode.INVALID_ARGUMENT, "provided wgPubKey is invalid", RPCError, ""),
]


class TestARefusal:
    @pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal[1])
    async def test_is_typed_by_its_cause_has_a_hint_and_is_final(
        self,
        server: ManagementServer,
        client: ManagementClient,
        refusal: tuple[grpc.StatusCode, str, type[RPCError], str],
    ) -> None:
        code, details, kind, hint = refusal
        server.fail_next("Login", code, details)
        error = await refused(client, kind)
        assert (error.code, error.details, error.method) == (code, details, "Login")
        assert hint in str(error).partition("Hint: ")[2]
        assert server.calls["Login"] == 1

    async def test_of_a_stranger_without_credentials(
        self, client: ManagementClient
    ) -> None:
        assert (await refused(client, LoginRequiredError)).code is DENIED

    async def test_of_a_setup_key(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        used_up = server.add_setup_key(usage_limit=0)
        late = server.add_setup_key(expires=timedelta(seconds=-1))
        for setup_key in (used_up, late, str(uuid.uuid4())):
            error = await refused(client, SetupKeyError, setup_key=setup_key)
            assert setup_key not in str(error)
        assert server.calls["Login"] == 6

    async def test_of_dns_labels_that_the_setup_key_does_not_allow(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        setup_key = server.add_setup_key()
        await refused(client, SetupKeyError, setup_key=setup_key, dns_labels=["db"])

    async def test_of_a_token(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        used = server.mint_login_token("ada")
        async with peer_of(server) as another:
            await another.login(META, jwt=used)
        late = server.mint_login_token("ada", lifetime=timedelta(seconds=-1))
        await refused(client, TokenReusedError, jwt=used)
        await refused(client, TokenError, jwt=late)
        await refused(client, TokenError, jwt="a.b.c")

    async def test_of_a_user(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        server.add_user("bob", denied_reason="pending_approval")
        await refused(client, UserBlockedError, jwt=server.mint_login_token("bob"))

    async def test_of_somebody_elses_peer(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        """A login that has expired is renewed by the same person only."""
        await client.login(META, jwt=server.mint_login_token("ada"))
        server.add_user("bob")
        server.fail_next("Login", DENIED, "peer login has expired")
        await refused(client, UserMismatchError, jwt=server.mint_login_token("bob"))


class TestCredentials:
    @pytest.mark.parametrize(
        ("code", "details", "kind"),
        [
            (DENIED, "user is blocked", UserBlockedError),
            (DENIED, "Received http2 header with status: 403", AuthenticationError),
            (grpc.StatusCode.UNAUTHENTICATED, "who are you?", AuthenticationError),
        ],
    )
    async def test_are_not_spent_where_they_cannot_help(
        self,
        server: ManagementServer,
        code: grpc.StatusCode,
        details: str,
        kind: type[RPCError],
    ) -> None:
        server.fail_next("Login", code, details)
        token = server.mint_login_token("ada")
        async with peer_of(server) as client:
            await refused(client, kind, jwt=token)
            assert server.calls["Login"] == 1
            await client.login(META, jwt=token)

    async def test_only_a_token_renews_a_login_that_has_expired(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        await client.login(META, jwt=server.mint_login_token("ada"))
        before = server.calls["Login"]
        server.fail_next("Login", DENIED, "peer login has expired", times=2)
        await refused(client, LoginExpiredError, setup_key=server.add_setup_key())
        assert server.calls["Login"] == before + 1
        await client.login(META, jwt=server.mint_login_token("ada"))
        assert server.calls["Login"] == before + 4

    async def test_are_sent_on_a_denial_in_words_we_do_not_know(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        server.fail_next("Login", DENIED, "who are you?")
        await client.login(META, setup_key=server.add_setup_key())


class TestDnsLabels:
    @pytest.mark.parametrize(
        "labels",
        [["a b"], [""], ["-a"], ["a-"], ["a..b"], ["x" * 64], ["*"], ["a"] * 33, "db"],
    )
    async def test_that_are_none_are_refused_before_any_traffic(
        self, server: ManagementServer, client: ManagementClient, labels: Any
    ) -> None:
        """The server would only say that it failed."""
        error = await refused(client, ConfigurationError, dns_labels=labels)
        assert "label" in str(error)
        assert not server.calls

    def test_travel_in_the_ascii_form(self) -> None:
        key = PrivateKey.generate().public_key
        labels = ("db", "*.web", "bücher", "_srv.db-1")
        request = login_request(key, META, dns_labels=labels)
        assert request.dns_labels == ("db", "*.web", "xn--bcher-kva", "_srv.db-1")
