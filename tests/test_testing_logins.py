"""How the test server ends and extends the logins of users' peers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from grpc.aio import Channel

from bare_client import BarePeer, open_channel, refusal_of
from netbird_sdk.errors import ConfigurationError
from netbird_sdk.models.management import (
    ExtendAuthSessionRequest,
    ExtendAuthSessionResponse,
)
from netbird_sdk.testing import ManagementServer

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)
DENIED = grpc.StatusCode.PERMISSION_DENIED
PRECONDITION = grpc.StatusCode.FAILED_PRECONDITION
EXPIRED = (DENIED, "peer login has expired, please log in once more")
MISMATCH = (
    DENIED,
    "peer is already registered by a different User or a Setup Key",
)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now.timestamp()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[ManagementServer]:
    async with ManagementServer(clock=clock) as server:
        server.add_user("user-1")
        yield server


@pytest.fixture
async def channel(server: ManagementServer) -> AsyncIterator[Channel]:
    async with open_channel(server.url) as channel:
        yield channel


@pytest.fixture
def peer(server: ManagementServer, channel: Channel) -> BarePeer:
    return BarePeer(channel, server.public_key)


async def logged_in(server: ManagementServer, peer: BarePeer) -> BarePeer:
    await peer.login(jwt_token=server.mint_login_token("user-1"))
    return peer


async def extend(peer: BarePeer, token: str) -> datetime | None:
    request = peer.seal(ExtendAuthSessionRequest(jwt_token=token))
    answer = await peer.send("ExtendAuthSession", request)
    return peer.open(ExtendAuthSessionResponse, answer).session_expires_at


class TestDeadline:
    async def test_is_a_day_after_a_users_login(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        response = await peer.login(jwt_token=server.mint_login_token("user-1"))
        assert response.session_expires_at == START + timedelta(days=1)
        update = await peer.next_update(peer.sync())
        assert update is not None
        assert update.session_expires_at == START + timedelta(days=1)

    async def test_is_none_for_a_setup_key(
        self, server: ManagementServer, peer: BarePeer, clock: Clock
    ) -> None:
        response = await peer.login(setup_key=server.add_setup_key())
        assert response.session_expires_at == EPOCH
        clock.now += timedelta(days=365)
        await peer.login()

    async def test_passed_lets_the_peer_neither_log_in_nor_sync(
        self, server: ManagementServer, peer: BarePeer, clock: Clock
    ) -> None:
        await logged_in(server, peer)
        clock.now += timedelta(days=1)
        assert await refusal_of(peer.login()) == EXPIRED
        assert await refusal_of(peer.login(setup_key=server.add_setup_key())) == EXPIRED
        assert await refusal_of(peer.sync().read()) == EXPIRED
        response = await peer.login(jwt_token=server.mint_login_token("user-1"))
        assert response.session_expires_at == clock.now + timedelta(days=1)

    async def test_is_not_moved_by_a_login_before_it(
        self, server: ManagementServer, peer: BarePeer, clock: Clock
    ) -> None:
        await logged_in(server, peer)
        clock.now += timedelta(hours=1)
        response = await peer.login(jwt_token=server.mint_login_token("user-1"))
        assert response.session_expires_at == START + timedelta(days=1)

    async def test_follows_the_lifetime_of_the_account(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        await logged_in(server, peer)
        call = peer.sync()
        await peer.next_update(call)
        server.set_login_lifetime(timedelta(hours=1))
        update = await peer.next_update(call)
        assert update is not None
        assert update.session_expires_at == START + timedelta(hours=1)
        server.set_login_lifetime(None)
        update = await peer.next_update(call)
        assert update is not None
        assert update.session_expires_at == EPOCH

    async def test_can_be_made_to_pass_now_which_ends_the_stream(
        self, server: ManagementServer, peer: BarePeer, channel: Channel
    ) -> None:
        await logged_in(server, peer)
        call = peer.sync()
        await peer.next_update(call)
        server.expire_login(peer.public_key)
        assert await peer.next_update(call) is None
        assert await refusal_of(peer.login()) == EXPIRED
        other = BarePeer(channel, server.public_key)
        with pytest.raises(ConfigurationError, match="no peer"):
            server.expire_login(other.public_key)
        await other.login(setup_key=server.add_setup_key())
        with pytest.raises(ConfigurationError, match="never ends"):
            server.expire_login(other.public_key)

    async def test_or_not_a_blocked_users_peer_gets_no_updates(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        await logged_in(server, peer)
        server.add_user("user-1", denied_reason="user_blocked")
        assert await refusal_of(peer.sync().read()) == (DENIED, "user is blocked")


class TestExtension:
    async def test_begins_the_login_anew(
        self, server: ManagementServer, peer: BarePeer, clock: Clock
    ) -> None:
        await logged_in(server, peer)
        clock.now += timedelta(hours=3)
        token = server.mint_login_token("user-1")
        assert await extend(peer, token) == clock.now + timedelta(days=1)
        clock.now += timedelta(hours=23)
        await peer.login()
        assert await refusal_of(extend(peer, token)) == (
            grpc.StatusCode.UNAUTHENTICATED,
            "JWT expired",
        )

    async def test_takes_each_token_once(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        token = server.mint_login_token("user-1")
        await peer.login(jwt_token=token)
        assert await refusal_of(extend(peer, token)) == (
            grpc.StatusCode.UNAUTHENTICATED,
            "JWT already used",
        )

    async def test_without_a_token_is_refused(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        await logged_in(server, peer)
        assert await refusal_of(extend(peer, "")) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            "jwt token is required",
        )
        code, _ = await refusal_of(extend(peer, "a.b.c"))
        assert code is grpc.StatusCode.INVALID_ARGUMENT

    async def test_by_another_user_is_refused(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        await logged_in(server, peer)
        server.add_user("user-2")
        token = server.mint_login_token("user-2")
        assert await refusal_of(extend(peer, token)) == MISMATCH

    async def test_of_what_has_no_end_is_refused(
        self, server: ManagementServer, peer: BarePeer, channel: Channel
    ) -> None:
        await peer.login(setup_key=server.add_setup_key())
        assert await refusal_of(extend(peer, server.mint_login_token("user-1"))) == (
            PRECONDITION,
            "peer is not eligible for session extension",
        )
        other = await logged_in(server, BarePeer(channel, server.public_key))
        server.set_login_lifetime(None)
        assert await refusal_of(extend(other, server.mint_login_token("user-1"))) == (
            PRECONDITION,
            "peer login expiration is disabled for the account",
        )

    async def test_of_a_stranger_is_refused(
        self, server: ManagementServer, peer: BarePeer
    ) -> None:
        code, _ = await refusal_of(extend(peer, server.mint_login_token("user-1")))
        assert code is grpc.StatusCode.NOT_FOUND

    async def test_is_not_there_before_0_72_0(self, clock: Clock) -> None:
        async with (
            ManagementServer(release="0.71.4", clock=clock) as server,
            open_channel(server.url) as channel,
        ):
            code, _ = await refusal_of(
                extend(BarePeer(channel, server.public_key), "x.y.z")
            )
        assert code is grpc.StatusCode.UNIMPLEMENTED
