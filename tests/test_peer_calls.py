"""The calls of a peer that is logged in, one by one, against the test server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import attrs
import grpc
import pytest

from netbird_sdk import (
    Backoff,
    ConfigurationError,
    LoginExpiredError,
    LoginRequiredError,
    ManagementClient,
    PrivateKey,
    RPCError,
    TokenError,
    TokenReusedError,
    UnsupportedError,
    UserMismatchError,
    watch_deadline,
)
from netbird_sdk.models.management import (
    DeviceAuthorizationFlow,
    PeerSystemMeta,
    PKCEAuthorizationFlow,
    ProviderConfig,
)
from netbird_sdk.testing import ManagementServer

META = PeerSystemMeta(hostname="host", netbird_version="0.77.1")
AT_ONCE = Backoff(initial=0.01, maximum=0.05)


@asynccontextmanager
async def peer(
    server: ManagementServer, *, jwt: str | None = None
) -> AsyncIterator[ManagementClient]:
    """Make a client that is logged in."""
    key = PrivateKey.generate()
    async with ManagementClient(server.url, private_key=key) as client:
        setup_key = None if jwt else server.add_setup_key()
        await client.login(META, setup_key=setup_key, jwt=jwt)
        yield client


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer() as server:
        yield server


@pytest.fixture
async def client(server: ManagementServer) -> AsyncIterator[ManagementClient]:
    async with peer(server) as client:
        yield client


def user_token(server: ManagementServer, user: str = "ann") -> str:
    server.add_user(user)
    return server.mint_login_token(user)


class TestSyncMeta:
    async def test_tells_of_the_machine(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        meta = attrs.evolve(META, os="Plan 9")
        await client.sync_meta(meta)
        assert server.peers[client.public_key].meta == meta

    async def test_of_a_stranger_is_refused(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        server.remove_peer(client.public_key)
        with pytest.raises(RPCError) as caught:
            await client.sync_meta(META)
        assert caught.value.code is grpc.StatusCode.NOT_FOUND


class TestLogout:
    async def test_deletes_the_peer_once(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        """A second logout finds nothing to do; the key can register again."""
        assert await client.logout()
        assert client.public_key not in server.peers
        assert not await client.logout()
        await client.login(META, setup_key=server.add_setup_key())
        assert client.public_key in server.peers

    async def test_ends_the_session(self, client: ManagementClient) -> None:
        session = client.sync(META, backoff=AT_ONCE)
        running = asyncio.create_task(session.run())
        await session.wait_synced()
        assert await client.logout()
        with pytest.raises(LoginRequiredError):
            await running

    async def test_tells_other_errors(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        server.fail_next("Logout", grpc.StatusCode.INTERNAL)
        with pytest.raises(RPCError):
            await client.logout()


class TestExtendAuthSession:
    async def test_moves_the_deadline(self, server: ManagementServer) -> None:
        async with peer(server, jwt=user_token(server)) as client:
            before = datetime.now(UTC)
            deadline = await client.extend_auth_session(server.mint_login_token("ann"))
        assert deadline is not None
        assert timedelta(hours=23) < deadline - before < timedelta(hours=25)

    async def test_takes_each_token_once(self, server: ManagementServer) -> None:
        token = user_token(server)
        async with peer(server, jwt=token) as client:
            with pytest.raises(TokenReusedError):
                await client.extend_auth_session(token)

    async def test_says_why_not(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        with pytest.raises(TokenError):
            await client.extend_auth_session("nonsense")
        with pytest.raises(RPCError) as caught:
            await client.extend_auth_session(user_token(server))
        assert caught.value.code is grpc.StatusCode.FAILED_PRECONDITION
        async with peer(server, jwt=user_token(server)) as anns:
            with pytest.raises(UserMismatchError):
                await anns.extend_auth_session(user_token(server, "bob"))

    async def test_needs_a_server_that_knows_it(self) -> None:
        async with ManagementServer(release="0.71.4") as server, peer(server) as client:
            with pytest.raises(UnsupportedError):
                await client.extend_auth_session("token")

    async def test_does_not_send_a_token_that_others_could_read(self) -> None:
        key = PrivateKey.generate()
        url = "http://netbird.example.com"
        async with ManagementClient(url, private_key=key) as client:
            with pytest.raises(ConfigurationError, match="JWT would cross"):
                await client.extend_auth_session("token")
            with pytest.raises(ConfigurationError, match="JWT would cross"):
                await client.sync(META).extend_auth_session("token")

    async def test_is_done_in_time_by_who_watches_the_deadline(
        self, server: ManagementServer
    ) -> None:
        """A login of five minutes is within the ten in which renewal begins."""
        token = user_token(server)
        server.set_login_lifetime(timedelta(minutes=5))
        asked = asyncio.Event()

        async def renew() -> str:
            asked.set()
            return server.mint_login_token("ann")

        async with peer(server, jwt=token) as client:
            async with client.sync(META) as session, asyncio.TaskGroup() as group:
                watching = group.create_task(watch_deadline(session, renew))
                await session.wait_synced()
                before = session.network.session_expires_at
                await session.wait_until(lambda n: n.session_expires_at != before)
                assert asked.is_set()
                watching.cancel()
            assert server.calls["ExtendAuthSession"] == 1

    async def test_in_vain_ends_the_session_when_the_login_expires(
        self, server: ManagementServer
    ) -> None:
        async with peer(server, jwt=user_token(server)) as client:
            session = client.sync(META, backoff=AT_ONCE)
            running = asyncio.create_task(session.run())
            await session.wait_synced()
            server.expire_login(client.public_key)
            with pytest.raises(LoginExpiredError):
                await running


class TestLoginFlows:
    async def test_are_none_where_the_server_has_none(
        self, client: ManagementClient
    ) -> None:
        assert await client.get_device_authorization_flow() is None
        assert await client.get_pkce_authorization_flow() is None

    async def test_are_what_the_server_has(self) -> None:
        provider = ProviderConfig(client_id="netbird", scope="openid")
        device = DeviceAuthorizationFlow(provider_config=provider)
        pkce = PKCEAuthorizationFlow(provider_config=provider)
        async with (
            ManagementServer(device_flow=device, pkce_flow=pkce) as server,
            ManagementClient(server.url, private_key=PrivateKey.generate()) as stranger,
        ):
            assert await stranger.get_device_authorization_flow() == device
            assert await stranger.get_pkce_authorization_flow() == pkce

    async def test_that_fail_otherwise_are_errors(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        for name, ask in (
            ("GetDeviceAuthorizationFlow", client.get_device_authorization_flow),
            ("GetPKCEAuthorizationFlow", client.get_pkce_authorization_flow),
        ):
            server.fail_next(name, grpc.StatusCode.INTERNAL)
            with pytest.raises(RPCError):
                await ask()
