"""ManagementClient against a real server: its key, its health, and logging in."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import attrs
import grpc
import pytest

from live import tampering, through, url_of
from netbird_sdk import (
    AuthenticationError,
    ConfigurationError,
    ManagementClient,
    PrivateKey,
    ProtocolError,
    RPCError,
    TokenReusedError,
    TransportError,
    _codec,
)
from netbird_sdk.models.management import ServerKeyResponse
from netbird_sdk.system import system_meta
from netbird_sdk.testing import Fault, ManagementServer


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer() as server:
        yield server


def peer_of(
    server: ManagementServer, url: str | None = None, **fields: Any
) -> ManagementClient:
    fields = {"private_key": PrivateKey.generate()} | fields
    return ManagementClient(url or server.url, **fields)


@pytest.fixture
async def client(server: ManagementServer) -> AsyncIterator[ManagementClient]:
    async with peer_of(server) as client:
        yield client


class TestTheServer:
    async def test_tells_its_key(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        assert await client.get_server_key() == server.public_key

    async def test_is_healthy_when_it_answers(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        assert await client.is_healthy()
        server.fail_next("isHealthy", grpc.StatusCode.INTERNAL)
        assert not await client.is_healthy()
        await server.stop()
        assert not await client.is_healthy()

    async def test_is_not_healthy_when_it_is_silent(
        self, server: ManagementServer
    ) -> None:
        async with through(server) as network:
            network.fault = Fault(stalled=True)
            async with peer_of(server, url_of(network)) as client:
                assert not await client.is_healthy(timeout=0.1)
                with pytest.raises(TransportError, match="GetServerKey failed with"):
                    await client.get_server_key(timeout=0.1)

    async def test_with_a_key_that_is_none_is_a_protocol_error(
        self, server: ManagementServer
    ) -> None:
        def no_key(_name: str, _answer: bytes) -> bytes:
            return _codec.encode(ServerKeyResponse(key="bm90IGEga2V5"))

        async with (
            tampering(server.url, no_key) as (url, passed),
            peer_of(server, url) as client,
        ):
            with pytest.raises(ProtocolError, match="no WireGuard key"):
                await client.login()
        assert passed == ["GetServerKey"]


class TestLogin:
    async def test_of_an_unknown_peer_says_what_is_missing(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        with pytest.raises(AuthenticationError, match="pass setup_key=") as caught:
            await client.login()
        assert caught.value.code is grpc.StatusCode.PERMISSION_DENIED
        assert server.calls["Login"] == 1

    async def test_with_a_setup_key_registers_once_and_then_needs_none(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        setup_key = server.add_setup_key(usage_limit=1)
        answer = await client.login(setup_key=setup_key)
        assert answer.peer_config is not None
        assert answer.netbird_config is not None
        peer = server.peers[client.public_key]
        assert answer.peer_config.address == f"{peer.address}/16"
        # First without: it might have been known. Last again, see _login.
        assert server.calls["Login"] == 3
        await client.login(setup_key=setup_key)
        await client.login()
        assert server.calls["Login"] == 5
        assert len(server.peers) == 1

    async def test_takes_a_setup_key_as_people_copy_it(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        await client.login(setup_key=f"  {server.add_setup_key().lower()}\n")
        assert client.public_key in server.peers

    @pytest.mark.parametrize("text", ["", "ABC", "A1B2C3D4-0000", "nbx_secret", "  "])
    async def test_refuses_what_is_no_setup_key_before_any_traffic(
        self, server: ManagementServer, client: ManagementClient, text: str
    ) -> None:
        with pytest.raises(
            ConfigurationError, match="the setup key is no UUID"
        ) as info:
            await client.login(setup_key=text)
        assert not server.calls
        assert "secret" not in str(info.value)

    async def test_with_an_unknown_setup_key_says_to_make_a_new_one(
        self, client: ManagementClient
    ) -> None:
        setup_key = str(uuid.uuid4())
        with pytest.raises(RPCError, match="make a new one in the dashboard") as caught:
            await client.login(setup_key=setup_key)
        assert caught.value.code is grpc.StatusCode.NOT_FOUND
        assert setup_key not in str(caught.value)

    async def test_with_a_jwt_registers_a_persons_peer(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        server.add_user("ada")
        await client.login(jwt=server.mint_login_token("ada"))
        assert server.peers[client.public_key].user_id == "ada"

    async def test_with_a_used_jwt_says_to_get_a_fresh_one(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        server.add_user("ada")
        token = server.mint_login_token("ada")
        await client.login(jwt=token)
        async with peer_of(server) as another:
            with pytest.raises(AuthenticationError, match="get a fresh one") as caught:
                await another.login(jwt=token)
        assert token not in str(caught.value)

    async def test_never_sends_a_jwt_again_when_the_answer_is_lost(
        self, server: ManagementServer
    ) -> None:
        """The server takes each only once: a second attempt would hide the reason."""
        server.add_user("ada")
        logins = 0

        def lose_the_second_login(name: str, answer: bytes) -> bytes:
            nonlocal logins
            logins += name == "Login"
            if logins == 1:  # the first one, without the JWT, was refused and raised
                return b"\xff\xff"
            return answer

        async with (
            tampering(server.url, lose_the_second_login) as (url, passed),
            peer_of(server, url) as client,
        ):
            with pytest.raises(TokenReusedError) as caught:
                await client.login(jwt=server.mint_login_token("ada"), retry_for=0)
            assert isinstance(caught.value.__cause__, ProtocolError)
            assert passed == ["GetServerKey", "Login", "Login"]
            await client.login()

    async def test_sends_no_credentials_when_something_else_fails(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        for code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNAUTHENTICATED):
            server.fail_next("Login", code)
            with pytest.raises((TransportError, AuthenticationError)):
                await client.login(setup_key=server.add_setup_key(), retry_for=0)
        assert server.calls["Login"] == 2
        assert not server.peers

    async def test_takes_one_credential_and_not_two(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        with pytest.raises(ConfigurationError, match="a setup_key or a jwt, not both"):
            await client.login(setup_key=server.add_setup_key(), jwt="a.b.c")
        assert not server.calls

    @pytest.mark.parametrize("jwt", ["", "Bearer a.b.c", "a.b.secret\n", "jwt.sécret."])
    async def test_refuses_what_is_no_jwt_before_any_traffic(
        self, server: ManagementServer, client: ManagementClient, jwt: str
    ) -> None:
        with pytest.raises(ConfigurationError, match="the JWT") as caught:
            await client.login(jwt=jwt)
        assert not server.calls
        assert "cret" not in str(caught.value)

    async def test_refuses_a_machine_without_a_name(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        meta = attrs.evolve(system_meta(), hostname="")
        with pytest.raises(ConfigurationError, match=r"meta\.hostname is empty"):
            await client.login(meta, setup_key=server.add_setup_key())
        assert not server.calls

    async def test_tells_the_server_what_it_is_given(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        meta = attrs.evolve(system_meta(), hostname="build-7", os="Plan 9")
        await client.login(
            meta,
            setup_key=server.add_setup_key(allow_dns_labels=True),
            ssh_public_key="ssh-ed25519 AAAA",
            dns_labels=["build"],
        )
        peer = server.peers[client.public_key]
        assert peer.hostname == "build-7"
        assert peer.meta == meta
        assert peer.ssh_pub_key == b"ssh-ed25519 AAAA"

    async def test_describes_this_machine_unless_told(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        await client.login(setup_key=server.add_setup_key())
        assert server.peers[client.public_key].meta == system_meta()

    async def test_gives_up_at_its_deadline(self, server: ManagementServer) -> None:
        """Asking for the key counts, too."""
        async with through(server) as network:
            network.fault = Fault(stalled=True)
            for of_client, of_call in ((None, 0.1), (0.1, None), (9, 0.1)):
                async with (
                    asyncio.timeout(3),
                    peer_of(server, url_of(network), timeout=of_client) as client,
                ):
                    with pytest.raises(TransportError, match="DEADLINE_EXCEEDED"):
                        await client.login(timeout=of_call, retry_for=0)
                assert "GetServerKey" not in server.calls
