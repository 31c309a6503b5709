"""ManagementClient as an object: whose key it seals for, what it refuses, its end."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import attrs
import grpc
import pytest

from live import tampering, through, url_of
from loopback import connect_proxy, tcp_server
from netbird_sdk import (
    ClosedError,
    ConfigurationError,
    ManagementClient,
    PrivateKey,
    RPCError,
    SealError,
    _codec,
)
from netbird_sdk.models.management import EncryptedMessage
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


class TestTheServersKey:
    async def test_is_asked_for_once_by_all_calls_at_once(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        setup_key = server.add_setup_key()
        await asyncio.gather(*(client.login(setup_key=setup_key) for _ in range(5)))
        await client.login()
        assert server.calls["GetServerKey"] == 1

    async def test_is_asked_for_again_when_the_server_has_a_new_one(
        self, server: ManagementServer
    ) -> None:
        """One more request for the key and one more attempt, whatever the number."""
        async with (
            ManagementServer() as restarted,
            through(server) as network,
            peer_of(server, url_of(network)) as client,
        ):
            await client.login(setup_key=server.add_setup_key())
            restarted.add_peer("self", public_key=client.public_key)
            network.target = through(restarted).target
            await network.reset()
            await client.is_healthy()  # takes the error of the lost connection
            await asyncio.gather(*(client.login() for _ in range(4)))
            assert restarted.calls["GetServerKey"] == 1
            assert restarted.calls["Login"] == 8

    async def test_is_not_asked_for_again_when_a_request_is_refused(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        await client.login(setup_key=server.add_setup_key())
        server.fail_next("Login", grpc.StatusCode.INVALID_ARGUMENT, "bad DNS label")
        with pytest.raises(RPCError, match="bad DNS label"):
            await client.login()
        assert server.calls["GetServerKey"] == 1

    async def test_that_has_not_changed_makes_no_second_attempt(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        server.fail_next(
            "Login", grpc.StatusCode.INVALID_ARGUMENT, "invalid request message"
        )
        with pytest.raises(RPCError, match="invalid request message"):
            await client.login()
        assert (server.calls["Login"], server.calls["GetServerKey"]) == (1, 2)

    async def test_that_is_pinned_is_never_asked_for(
        self, server: ManagementServer
    ) -> None:
        async with peer_of(server, server_key=server.public_key) as client:
            await client.login(setup_key=server.add_setup_key())
        assert "GetServerKey" not in server.calls

    async def test_that_is_pinned_and_wrong_is_named_and_nothing_more_is_sent(
        self, server: ManagementServer
    ) -> None:
        wrong = PrivateKey.generate().public_key
        async with peer_of(server, server_key=wrong) as client:
            with pytest.raises(RPCError, match=r"Hint: .*server_key") as caught:
                await client.login(setup_key=server.add_setup_key())
        assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT
        assert dict(server.calls) == {"Login": 1}


class TestATamperedAnswer:
    async def test_does_not_open_and_the_next_call_asks_for_the_key_again(
        self, server: ManagementServer
    ) -> None:
        damages = 1

        def damage(name: str, answer: bytes) -> bytes:
            nonlocal damages
            if name != "Login" or not damages:
                return answer
            damages -= 1
            envelope = _codec.decode(EncryptedMessage, answer)
            body = bytes([envelope.body[0] ^ 1]) + envelope.body[1:]
            return _codec.encode(attrs.evolve(envelope, body=body))

        async with (
            tampering(server.url, damage) as (url, passed),
            peer_of(server, url) as client,
        ):
            server.add_peer("self", public_key=client.public_key)
            with pytest.raises(SealError, match="Login"):
                await client.login(retry_for=0)
            assert passed == ["GetServerKey", "Login"]
            await client.login()
            assert passed == ["GetServerKey", "Login"] * 2

    async def test_of_no_length_at_all_is_an_error_too(
        self, server: ManagementServer
    ) -> None:
        def empty(name: str, answer: bytes) -> bytes:
            return b"" if name == "Login" else answer

        async with (
            tampering(server.url, empty) as (url, _),
            peer_of(server, url) as client,
        ):
            server.add_peer("self", public_key=client.public_key)
            with pytest.raises(SealError):
                await client.login(retry_for=0)


class TestPlaintext:
    @pytest.mark.parametrize(
        "secret", [{"setup_key": str(uuid.uuid4())}, {"jwt": "a.b.c"}]
    )
    async def test_carries_no_credentials_to_another_machine(
        self, secret: dict[str, Any]
    ) -> None:
        key = PrivateKey.generate()
        async with ManagementClient("http://nb.example", private_key=key) as client:
            with pytest.raises(ConfigurationError, match="unencrypted"):
                await client.login(**secret)

    @pytest.mark.parametrize("pinned", [True, False])
    async def test_carries_them_when_that_is_safe_or_asked_for(
        self, server: ManagementServer, monkeypatch: pytest.MonkeyPatch, pinned: bool
    ) -> None:
        """Safe with a pinned key: nobody else can open what is sent."""
        for name in ("grpc_proxy", "https_proxy", "no_grpc_proxy", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        port = urlsplit(server.url).port
        assert port is not None
        asked: list[str] = []
        async with tcp_server(connect_proxy(port, asked)) as tunnel:
            monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{tunnel}")
            async with peer_of(
                server,
                "http://nb.example",
                server_key=server.public_key if pinned else None,
                allow_insecure=not pinned,
            ) as client:
                await client.login(setup_key=server.add_setup_key())
        assert asked == ["CONNECT nb.example:80 HTTP/1.1"]


class TestLifeCycle:
    async def test_calls_before_and_after_are_refused(
        self, server: ManagementServer
    ) -> None:
        client = peer_of(server)
        not_open = "the ManagementClient is not open: use it in `async with`"
        for call in (client.login, client.get_server_key, client.is_healthy):
            with pytest.raises(ClosedError, match=not_open):
                await call()
        async with client:
            with pytest.raises(ClosedError, match="opened only once"):
                await client.__aenter__()
        await client.aclose()
        for call in (client.login, client.get_server_key, client.is_healthy):
            with pytest.raises(ClosedError, match="the ManagementClient is closed"):
                await call()
        assert not server.calls

    async def test_a_cancelled_login_leaves_the_client_as_it_was(
        self, server: ManagementServer
    ) -> None:
        async with (
            through(server) as network,
            peer_of(server, url_of(network)) as client,
        ):
            network.fault = Fault(stalled=True)
            call = asyncio.ensure_future(client.login())
            await network.wait_until(lambda n: n.connections)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            network.heal()
            await client.login(setup_key=server.add_setup_key())

    async def test_closing_ends_a_login_in_progress(
        self, server: ManagementServer
    ) -> None:
        async with (
            through(server) as network,
            peer_of(server, url_of(network)) as client,
        ):
            network.fault = Fault(stalled=True)
            call = asyncio.ensure_future(client.login())
            await network.wait_until(lambda n: n.connections)
            await client.aclose()
            with pytest.raises(ClosedError, match="the client was closed"):
                await call

    def test_its_repr_shows_the_public_key_only(self) -> None:
        key = PrivateKey.generate()
        client = ManagementClient("https://nb.example", private_key=key)
        assert repr(client) == (
            f"ManagementClient('https://nb.example:443', peer={key.public_key})"
        )
