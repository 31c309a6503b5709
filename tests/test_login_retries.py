"""Logging in on a bad day: what is tried again, for how long, and what never."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from random import Random

import attrs
import grpc
import pytest
import trustme

from live import QUICKLY, tampering
from logins import BAD_KEY, DENIED, META, NO_METHOD, lost, lost_answer, peer_of, refused
from netbird_sdk import (
    ConfigurationError,
    ManagementClient,
    PrivateKey,
    SetupKeyError,
    TokenReusedError,
    Transport,
    TransportError,
    _codec,
)
from netbird_sdk._connection import Connection
from netbird_sdk._login import Patience, log_in, login_request
from netbird_sdk._seal import Sealer
from netbird_sdk._sealed import SealedCalls
from netbird_sdk.models.management import (
    EncryptedMessage,
    LoginResponse,
    ServerKeyResponse,
)
from netbird_sdk.testing import ManagementServer, ServerTLS


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer() as server:
        server.add_user("ada")
        yield server


@pytest.fixture
async def client(server: ManagementServer) -> AsyncIterator[ManagementClient]:
    async with peer_of(server) as client:
        yield client


async def logged_in(
    server: ManagementServer, key: PrivateKey, patience: Patience
) -> LoginResponse:
    """Log in with a clock of one's own."""
    connection = Connection("test", server.url, transport=Transport(), timeout=10)
    await connection.open()
    try:
        return await log_in(
            SealedCalls(connection, key, None),
            login_request(key.public_key, META),
            None,
            timeout=None,
            patience=patience,
        )
    finally:
        await connection.aclose()


class TestAnotherAttempt:
    @pytest.mark.parametrize(
        ("code", "details"),
        [
            (grpc.StatusCode.UNAVAILABLE, "Socket closed"),
            (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"),
            (grpc.StatusCode.INTERNAL, "failed handling request"),
            (grpc.StatusCode.UNKNOWN, "database is locked"),
            (grpc.StatusCode.CANCELLED, "context canceled"),
            (grpc.StatusCode.RESOURCE_EXHAUSTED, "too many requests"),
            (
                grpc.StatusCode.FAILED_PRECONDITION,
                "peer has been already registered",
            ),
        ],
    )
    @pytest.mark.parametrize("registering", [False, True])
    async def test_follows_what_may_pass(
        self,
        server: ManagementServer,
        client: ManagementClient,
        registering: bool,
        code: grpc.StatusCode,
        details: str,
    ) -> None:
        for _ in range(2):
            if registering:
                server.fail_next("Login", DENIED, NO_METHOD)
            server.fail_next("Login", code, details)
        setup_key = server.add_setup_key()
        await client.login(META, setup_key=setup_key, backoff=QUICKLY)
        assert client.public_key in server.peers

    async def test_follows_a_server_that_comes_up_late(
        self, server: ManagementServer
    ) -> None:
        waits = 0

        async def sleep(seconds: float) -> None:
            nonlocal waits
            waits += 1
            if waits == 1:
                await server.start()
            await asyncio.sleep(seconds)

        key = PrivateKey.generate()
        server.add_peer("host", public_key=key.public_key)
        await server.stop()
        answer = await logged_in(server, key, Patience(sleep=sleep))
        assert answer.peer_config is not None
        assert waits

    async def test_does_not_follow_a_certificate_nobody_trusts(self) -> None:
        issued = trustme.CA().issue_cert("127.0.0.1")
        tls = ServerTLS(
            certificate_pem=issued.cert_chain_pems[0].bytes(),
            private_key_pem=issued.private_key_pem.bytes(),
        )
        async with ManagementServer(tls=tls) as server, peer_of(server) as client:
            async with asyncio.timeout(10):
                await refused(client, TransportError, retry_for=60)

    async def test_with_the_setup_key_registers_once_when_an_answer_was_lost(
        self, server: ManagementServer
    ) -> None:
        setup_key = server.add_setup_key(usage_limit=1)
        async with (
            tampering(server.url, lost({1})) as (url, _),
            peer_of(server, url) as client,
        ):
            await client.login(META, setup_key=setup_key, backoff=QUICKLY)
        assert (len(server.peers), server.calls["Login"]) == (1, 3)

    async def test_is_no_new_registration_when_only_the_last_answer_was_lost(
        self, server: ManagementServer
    ) -> None:
        setup_key = server.add_setup_key(usage_limit=1)
        async with (
            tampering(server.url, lost({2})) as (url, passed),
            peer_of(server, url) as client,
        ):
            await client.login(META, setup_key=setup_key, backoff=QUICKLY)
        assert passed == ["GetServerKey", "Login", "Login", "Login", "Login"]

    async def test_looks_whether_our_own_lost_attempt_used_the_setup_key_up(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        server.add_peer("host", public_key=client.public_key)
        for code, details in (
            (DENIED, NO_METHOD),
            (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded"),
            (DENIED, NO_METHOD),
            BAD_KEY,
        ):
            server.fail_next("Login", code, details)
        await client.login(META, setup_key=server.add_setup_key(), backoff=QUICKLY)
        assert server.calls["Login"] == 5

    async def test_keeps_the_refusal_of_the_setup_key_when_it_did_not(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        server.fail_next("Login", DENIED, NO_METHOD)
        server.fail_next("Login", grpc.StatusCode.UNAVAILABLE)
        await refused(client, SetupKeyError, setup_key=str(uuid.uuid4()))
        assert server.calls["Login"] == 5


async def test_the_answer_to_a_registration_is_not_taken_for_the_truth() -> None:
    """Two programs that register one key at once are told two addresses.

    So do servers of v0.71.0 and v0.77.1: there is one peer, and only a login tells its
    address.
    """
    server_key, key = PrivateKey.generate(), PrivateKey.generate()
    sealer = Sealer(server_key, key.public_key)
    answered: list[str] = []

    def tell_another_address_first(name: str, answer: bytes) -> bytes:
        if name != "Login":
            return answer
        envelope = _codec.decode(EncryptedMessage, answer)
        login = _codec.decode(LoginResponse, sealer.open(envelope.body))
        assert login.peer_config is not None
        answered.append(login.peer_config.address)
        if len(answered) > 1:
            return answer
        nowhere = attrs.evolve(login.peer_config, address="100.99.9.9/16")
        login = attrs.evolve(login, peer_config=nowhere)
        body = sealer.seal(_codec.encode(login))
        return _codec.encode(attrs.evolve(envelope, body=body))

    async with (
        ManagementServer(private_key=server_key) as server,
        tampering(server.url, tell_another_address_first) as (url, _),
        ManagementClient(url, private_key=key) as client,
    ):
        login = await client.login(META, setup_key=server.add_setup_key())
        assert login.peer_config is not None
        assert login.peer_config.address == f"{server.peers[key.public_key].address}/16"
    assert len(answered) == 2


class TestAToken:
    @pytest.mark.parametrize(
        "code",
        [
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.DEADLINE_EXCEEDED,
            grpc.StatusCode.INTERNAL,
        ],
    )
    @pytest.mark.parametrize("retry_for", [0, 5])
    async def test_that_was_sent_is_not_sent_again_and_the_error_says_so(
        self,
        server: ManagementServer,
        client: ManagementClient,
        code: grpc.StatusCode,
        retry_for: float,
    ) -> None:
        server.fail_next("Login", DENIED, NO_METHOD)
        server.fail_next("Login", code, "no answer")
        token = server.mint_login_token("ada")
        error = await refused(client, TokenReusedError, jwt=token, retry_for=retry_for)
        assert (error.code, error.details) == (code, "no answer")
        assert "may have been taken, so it is not sent again" in str(error)
        assert token not in str(error)
        # With time left it is looked whether the peer got in: without the token.
        assert server.calls["Login"] == (3 if retry_for else 2)
        await client.login(META, jwt=token)  # as the server never saw it here

    async def test_whose_answer_was_lost_has_let_the_peer_in(
        self, server: ManagementServer
    ) -> None:
        async with (
            tampering(server.url, lost({1})) as (url, passed),
            peer_of(server, url) as client,
        ):
            await client.login(
                META, jwt=server.mint_login_token("ada"), backoff=QUICKLY
            )
            assert server.peers[client.public_key].user_id == "ada"
        assert passed.count("Login") == 3

    async def test_that_was_not_sent_yet_is_kept_for_the_next_attempt(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        server.fail_next("GetServerKey", grpc.StatusCode.UNAVAILABLE)
        server.fail_next("Login", grpc.StatusCode.UNAVAILABLE)
        await client.login(META, jwt=server.mint_login_token("ada"), backoff=QUICKLY)

    @pytest.mark.parametrize("key_is_late", [False, True])
    async def test_that_the_server_could_not_open_is_sent_sealed_anew(
        self, server: ManagementServer, key_is_late: bool
    ) -> None:
        """It has another key since a restart: it cannot have taken the token."""
        old = _codec.encode(
            ServerKeyResponse(key=str(PrivateKey.generate().public_key))
        )
        late = [lost_answer()] if key_is_late else []
        answers: list[bytes | Exception] = [old, *late]

        def first_an_old_key(name: str, answer: bytes) -> bytes:
            if name != "GetServerKey" or not answers:
                return answer
            instead = answers.pop(0)
            if isinstance(instead, Exception):
                raise instead
            return instead

        server.fail_next("Login", DENIED, NO_METHOD)
        async with (
            tampering(server.url, first_an_old_key) as (url, passed),
            peer_of(server, url) as client,
        ):
            token = server.mint_login_token("ada")
            await client.login(META, jwt=token, backoff=QUICKLY)
        assert passed[:4] == ["GetServerKey", "Login", "Login", "GetServerKey"]
        assert len(passed) == (9 if key_is_late else 6)


class TestTheBudget:
    async def test_is_kept_on_the_clock(self, server: ManagementServer) -> None:
        """No attempt begins after it, and none is waited for in vain."""
        now, waits = 1000.0, list[float]()

        async def sleep(seconds: float) -> None:
            nonlocal now
            waits.append(seconds)
            now += seconds

        patience = Patience(
            retry_for=30, random=Random(7), clock=lambda: now, sleep=sleep
        )
        server.fail_next("Login", grpc.StatusCode.UNAVAILABLE, times=1000)
        with pytest.raises(TransportError) as caught:
            await logged_in(server, PrivateKey.generate(), patience)
        assert sum(waits) <= 30
        assert server.calls["Login"] == len(waits) + 1 > 5
        note = f"given up after {len(waits) + 1} attempts, {sum(waits):.1f} s"
        assert caught.value.__notes__ == [note]
        assert max(waits) <= 10

    async def test_of_nothing_is_one_attempt(
        self, server: ManagementServer, client: ManagementClient
    ) -> None:
        server.fail_next("Login", grpc.StatusCode.UNAVAILABLE)
        await refused(client, TransportError, retry_for=0)
        assert server.calls["Login"] == 1

    @pytest.mark.parametrize("retry_for", [-1, float("nan"), float("inf")])
    async def test_is_a_number_of_seconds(
        self, server: ManagementServer, client: ManagementClient, retry_for: float
    ) -> None:
        error = await refused(client, ConfigurationError, retry_for=retry_for)
        assert "retry_for" in str(error)
        assert not server.calls
