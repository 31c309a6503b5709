"""How a port is published, kept up and withdrawn, against the test server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final

import grpc
import pytest

from live import through, url_of
from netbird_sdk import (
    AuthenticationError,
    ClosedError,
    ConfigurationError,
    ExposeLostError,
    ManagementClient,
    PrivateKey,
    RPCError,
    Transport,
    TransportError,
    UnsupportedError,
    is_transient,
)
from netbird_sdk._connection import Connection
from netbird_sdk._sealed import SealedCalls
from netbird_sdk.config import Backoff
from netbird_sdk.expose import ExposePace, Exposure
from netbird_sdk.models.management import ExposeProtocol, ExposeServiceRequest
from netbird_sdk.testing import Fault, FaultProxy, ManagementServer

CLUSTER: Final = "edge.example.com"
REQUEST: Final = ExposeServiceRequest(port=8080)
QUICKLY: Final = Backoff(initial=0.01, factor=1, maximum=0.02)
EAGER: Final = ExposePace(renew_every=0.02, backoff=QUICKLY)
"""Renews all the time, and has the usual 90 seconds to do so."""
SHORT_LIVED: Final = ExposePace(lifetime=0.3, renew_every=0.02, backoff=QUICKLY)
UNAVAILABLE: Final = grpc.StatusCode.UNAVAILABLE


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer() as server:
        server.allow_expose(cluster=CLUSTER)
        yield server


@asynccontextmanager
async def enrolled(server: ManagementServer) -> AsyncGenerator[ManagementClient]:
    async with ManagementClient(
        server.url, private_key=PrivateKey.generate()
    ) as client:
        await client.login(setup_key=server.add_setup_key())
        yield client


@asynccontextmanager
async def calls_of(
    server: ManagementServer, url: str | None = None
) -> AsyncGenerator[SealedCalls]:
    """Give what an exposure makes its calls with, as an enrolled peer."""
    key = PrivateKey.generate()
    server.add_peer("host", public_key=key.public_key)
    connection = Connection(
        "ManagementClient", url or server.url, transport=Transport(), timeout=10.0
    )
    await connection.open()
    try:
        yield SealedCalls(connection, key, None)
    finally:
        await connection.aclose()


class Script:
    """Exposes a port until it is cancelled."""

    def __init__(self, client: ManagementClient) -> None:
        self.client = client
        self.entered = asyncio.Event()
        self.leaving = asyncio.Event()
        self.task = asyncio.create_task(self.run())

    async def run(self) -> None:
        async with self.client.expose(port=8080):
            self.entered.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.leaving.set()


def stall(network: FaultProxy) -> None:
    network.fault = Fault(stalled=True)


async def expose(
    calls: SealedCalls,
    happens: Callable[[], Awaitable[object] | None],
    pace: ExposePace = EAGER,
) -> None:
    """Expose a port, let something happen, and wait as scripts do: for ever."""
    async with asyncio.timeout(10), Exposure(calls, REQUEST, pace=pace):
        if (happening := happens()) is not None:
            await happening
        await asyncio.Event().wait()


async def expose_around(
    calls: SealedCalls, body: Callable[[], Awaitable[object]]
) -> None:
    async with Exposure(calls, REQUEST, pace=EAGER):
        await body()


def renewals(server: ManagementServer) -> int:
    return server.calls.get("RenewExpose", 0)


class TestPublishing:
    async def test_says_where_and_withdraws_at_the_end(
        self, server: ManagementServer
    ) -> None:
        async with enrolled(server) as client:
            async with client.expose(port=8080, name_prefix="web") as service:
                assert service.name.startswith("web-")
                assert service.domain == f"{service.name}.{CLUSTER}"
                assert service.url == f"https://{service.domain}"
                assert not service.port_auto_assigned
                (port,) = server.exposed_ports
                assert port.public_key == client.public_key
                assert port.mapping.domain == service.domain
            assert server.exposed_ports == ()

    async def test_sends_what_it_was_given(self, server: ManagementServer) -> None:
        async with enrolled(server) as client:
            async with client.expose(
                port=8443,
                protocol="https",
                name_prefix="web",
                domain=CLUSTER,
                pin="012345",
                password="secret",
                user_groups=["All"],
            ):
                (port,) = server.exposed_ports
            assert port.request == ExposeServiceRequest(
                port=8443,
                protocol=ExposeProtocol.HTTPS,
                name_prefix="web",
                domain=CLUSTER,
                pin="012345",
                password="secret",
                user_groups=["All"],
            )
            async with client.expose(
                port=5432, protocol="tls", listen_port=443
            ) as service:
                assert service.url == f"tls://{service.domain}:443"

    async def test_withdraws_after_an_error_of_the_body(
        self, server: ManagementServer
    ) -> None:
        async with enrolled(server) as client:
            with pytest.raises(ZeroDivisionError):
                async with client.expose(port=8080):
                    _ = 1 / 0
            assert server.exposed_ports == ()

    async def test_withdraws_when_its_task_is_cancelled(
        self, server: ManagementServer
    ) -> None:
        async with enrolled(server) as client:
            script = Script(client)
            await script.entered.wait()
            script.task.cancel()
            await asyncio.wait({script.task})
            assert script.task.cancelled()
            assert server.exposed_ports == ()

    async def test_withdraws_when_it_is_cancelled_before_it_knows_what(
        self, server: ManagementServer
    ) -> None:
        """The server publishes the port before its answer is there."""
        async with enrolled(server) as client:
            script = Script(client)
            await server.wait_until(lambda s: s.exposed_ports)
            assert not script.entered.is_set()
            script.task.cancel()
            await asyncio.wait({script.task})
            assert script.task.cancelled()
            assert not script.entered.is_set()
            assert server.exposed_ports == ()

    async def test_withdraws_when_it_is_cancelled_while_it_withdraws(
        self, server: ManagementServer
    ) -> None:
        async with enrolled(server) as client:
            script = Script(client)
            await script.entered.wait()
            script.task.cancel()
            await script.leaving.wait()
            script.task.cancel()
            await asyncio.wait({script.task})
            assert script.task.cancelled()
            assert server.exposed_ports == ()

    async def test_leaves_even_if_the_server_does_not_withdraw(
        self, server: ManagementServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with enrolled(server) as client:
            async with client.expose(port=8080) as service:
                server.fail_next("StopExpose")
            assert len(server.exposed_ports) == 1
        (warning,) = (r for r in caplog.records if r.levelno == logging.WARNING)
        assert warning.getMessage().startswith(f"{service.domain} was not withdrawn")

    async def test_leaves_in_time_when_nobody_answers(
        self, server: ManagementServer
    ) -> None:
        pace = ExposePace(stop_timeout=0.05)
        async with (
            asyncio.timeout(5),
            through(server) as network,
            calls_of(server, url_of(network)) as calls,
            Exposure(calls, REQUEST, pace=pace),
        ):
            stall(network)

    async def test_is_done_once(self, server: ManagementServer) -> None:
        async with enrolled(server) as client:
            exposure = client.expose(port=8080)
            async with exposure:
                pass
            with pytest.raises(ClosedError, match="only once"):
                await exposure.__aenter__()

    async def test_that_is_refused_says_why(self, server: ManagementServer) -> None:
        server.forbid_expose()
        async with enrolled(server) as client:
            with pytest.raises(AuthenticationError, match="administrator has to allow"):
                async with client.expose(port=8080):
                    raise AssertionError
            server.allow_expose(cluster=CLUSTER)
            with pytest.raises(RPCError, match="custom domain of the account"):
                async with client.expose(port=8080, domain="example.org"):
                    raise AssertionError
        assert "RenewExpose" not in server.calls

    async def test_keeps_the_peer_from_logging_out(
        self, server: ManagementServer
    ) -> None:
        async with enrolled(server) as client:
            async with client.expose(port=8080):
                with pytest.raises(RPCError, match="end what it exposes"):
                    await client.logout()
            await client.logout()

    async def test_needs_0_66_0(self) -> None:
        async with (
            ManagementServer(release="0.65.3") as server,
            enrolled(server) as client,
        ):
            with pytest.raises(UnsupportedError):
                await client.expose(port=8080).__aenter__()


class TestRenewing:
    async def test_goes_on_while_the_body_runs(self, server: ManagementServer) -> None:
        async with calls_of(server) as calls:
            async with Exposure(calls, REQUEST, pace=EAGER):
                await server.wait_until(lambda s: renewals(s) >= 3)
            last = renewals(server)
        assert renewals(server) == last

    async def test_comes_after_30_seconds_at_first(
        self, server: ManagementServer
    ) -> None:
        pace = ExposePace()
        assert (pace.renew_every, pace.lifetime, pace.renew_timeout) == (30, 90, 10)
        async with calls_of(server) as calls, Exposure(calls, REQUEST):
            pass
        assert "RenewExpose" not in server.calls

    async def test_survives_failures_that_pass(
        self, server: ManagementServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, "netbird_sdk.expose")
        for code in (
            UNAVAILABLE,
            grpc.StatusCode.INTERNAL,
            # What a reverse proxy's 404 looks like while the server is restarted.
            grpc.StatusCode.UNIMPLEMENTED,
        ):
            server.fail_next("RenewExpose", code)
        async with (
            calls_of(server) as calls,
            Exposure(calls, REQUEST, pace=EAGER) as service,
        ):
            await server.wait_until(lambda s: renewals(s) >= 5)
            assert server.exposed_ports[0].mapping.domain == service.domain
        messages = [(r.levelname, r.getMessage().split()[1:3]) for r in caplog.records]
        assert [m for m in messages if m[1] == ["was", "not"]] == [
            ("WARNING", ["was", "not"]),
            ("DEBUG", ["was", "not"]),
            ("DEBUG", ["was", "not"]),
        ]
        assert ("INFO", ["is", "renewed"]) in messages

    async def test_survives_a_restart_of_the_server(
        self, server: ManagementServer
    ) -> None:
        async with (
            calls_of(server) as calls,
            Exposure(calls, REQUEST, pace=EAGER) as service,
        ):
            await server.restart()
            before = renewals(server)
            await server.wait_until(lambda s: renewals(s) >= before + 2)
            assert server.exposed_ports[0].mapping.domain == service.domain

    async def test_survives_a_cut_connection(self, server: ManagementServer) -> None:
        async with (
            through(server) as network,
            calls_of(server, url_of(network)) as calls,
            Exposure(calls, REQUEST, pace=EAGER),
        ):
            await network.reset()
            before = renewals(server)
            await server.wait_until(lambda s: renewals(s) >= before + 2)

    async def test_tries_again_when_an_answer_is_late(
        self, server: ManagementServer
    ) -> None:
        pace = ExposePace(renew_every=0.02, renew_timeout=0.05, backoff=QUICKLY)
        async with (
            through(server) as network,
            calls_of(server, url_of(network)) as calls,
            Exposure(calls, REQUEST, pace=pace),
        ):
            await server.wait_until(lambda s: renewals(s) >= 1)
            network.fault = Fault(latency=0.1)
            before = renewals(server)
            await server.wait_until(lambda s: renewals(s) >= before + 2)


class TestLoss:
    async def test_ends_the_body_and_says_why(self, server: ManagementServer) -> None:
        domains: list[str] = []

        def delete() -> Awaitable[None]:
            domains.extend(m.domain for m in server.mappings.values())
            return server.delete(*server.mappings)

        async with calls_of(server) as calls:
            with pytest.raises(ExposeLostError, match="has it no more") as raised:
                await expose(calls, delete)
        assert [raised.value.domain] == domains
        assert f"https://{raised.value.domain}" in str(raised.value)
        cause = raised.value.__cause__
        assert isinstance(cause, RPCError)
        assert cause.code is grpc.StatusCode.NOT_FOUND
        assert not is_transient(raised.value)
        assert "StopExpose" not in server.calls

    async def test_leaves_no_cancellation_behind(
        self, server: ManagementServer
    ) -> None:
        async with calls_of(server) as calls:
            with pytest.raises(ExposeLostError):
                await expose(calls, lambda: server.delete(*server.mappings))
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    async def test_comes_when_the_lifetime_passes_without_a_renewal(
        self, server: ManagementServer
    ) -> None:
        server.fail_next("RenewExpose", UNAVAILABLE, times=1000)
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with calls_of(server) as calls:
            with pytest.raises(ExposeLostError, match="was not renewed") as raised:
                await expose(calls, lambda: None, SHORT_LIVED)
        assert loop.time() - began > SHORT_LIVED.lifetime - QUICKLY.maximum
        assert isinstance(raised.value.__cause__, TransportError)
        assert renewals(server) > 3
        # The server had it still, so it was withdrawn.
        assert server.exposed_ports == ()

    async def test_comes_when_nobody_answers_for_the_lifetime(
        self, server: ManagementServer
    ) -> None:
        pace = ExposePace(lifetime=0.2, renew_every=0.05, stop_timeout=0.05)
        async with (
            through(server) as network,
            calls_of(server, url_of(network)) as calls,
        ):
            with pytest.raises(ExposeLostError, match="no answer in time"):
                await expose(calls, lambda: stall(network), pace)

    async def test_comes_at_once_when_the_peer_is_gone(
        self, server: ManagementServer
    ) -> None:
        async with calls_of(server) as calls:
            with pytest.raises(ExposeLostError, match="peer is not registered"):
                await expose(calls, lambda: server.remove_peer(*server.peers))

    async def test_comes_when_the_client_is_closed(
        self, server: ManagementServer
    ) -> None:
        async with AsyncExitStack() as stack:
            calls = await stack.enter_async_context(calls_of(server))
            with pytest.raises(ExposeLostError, match="closed"):
                await expose(calls, stack.aclose)

    async def test_is_raised_though_the_body_swallowed_its_cancellation(
        self, server: ManagementServer
    ) -> None:
        async def stubborn() -> None:
            await server.delete(*server.mappings)
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

        async with calls_of(server) as calls:
            with pytest.raises(ExposeLostError):
                await expose_around(calls, stubborn)

    async def test_gives_way_to_an_error_of_the_body(
        self, server: ManagementServer
    ) -> None:
        async def clumsy() -> None:
            await server.delete(*server.mappings)
            try:
                await asyncio.Event().wait()
            finally:
                _ = 1 / 0

        async with calls_of(server) as calls:
            with pytest.raises(ZeroDivisionError):
                await expose_around(calls, clumsy)

    async def test_gives_way_to_a_cancellation_from_elsewhere(
        self, server: ManagementServer
    ) -> None:
        async def cancelled_too() -> None:
            await server.delete(*server.mappings)
            try:
                await asyncio.Event().wait()
            finally:
                task.cancel()

        async with calls_of(server) as calls:
            task = asyncio.create_task(expose_around(calls, cancelled_too))
            await asyncio.wait({task})
        assert task.cancelled()


class TestArguments:
    @pytest.mark.parametrize(
        ("arguments", "named"),
        [
            ({"port": 0}, "port"),
            ({"port": 65_536}, "port"),
            ({"port": True}, "port"),
            ({"port": "80"}, "port"),
            ({"protocol": "ftp"}, "protocol"),
            ({"listen_port": 80}, "listen_port"),
            ({"protocol": "tcp", "listen_port": 0}, "listen_port"),
            ({"protocol": "tcp", "listen_port": 65_536}, "listen_port"),
            ({"protocol": "tcp", "pin": "123456"}, "pin"),
            ({"protocol": "udp", "password": "secret"}, "password"),
            ({"protocol": "tls", "user_groups": ["All"]}, "user_groups"),
            ({"pin": ""}, "pin"),
            ({"pin": "12345"}, "pin"),
            ({"pin": "1234567"}, "pin"),
            ({"pin": "12345\n"}, "pin"),
            ({"pin": "١٢٣٤٥٦"}, "pin"),
            ({"password": ""}, "password"),
            ({"user_groups": "All"}, "user_groups"),
            ({"user_groups": ["All", ""]}, "user_groups"),
            ({"name_prefix": ""}, "name_prefix"),
            ({"name_prefix": "Web"}, "name_prefix"),
            ({"name_prefix": "web-"}, "name_prefix"),
            ({"name_prefix": "a" * 33}, "name_prefix"),
            ({"domain": ""}, "domain"),
            ({"domain": "https://edge.example.com"}, "domain"),
            ({"domain": "Edge.example.com"}, "domain"),
            ({"domain": ".example.com"}, "domain"),
            ({"domain": ".".join(["a" * 60] * 4)}, "domain"),
        ],
    )
    def test_that_the_server_would_refuse_are_named(
        self, arguments: dict[str, Any], named: str
    ) -> None:
        client = ManagementClient(
            "https://netbird.example.com", private_key=PrivateKey.generate()
        )
        with pytest.raises(ConfigurationError, match=rf"^{named}\b") as raised:
            client.expose(**({"port": 8080} | arguments))
        for secret in ("pin", "password"):
            assert not arguments.get(secret) or arguments[secret] not in str(
                raised.value
            )

    @pytest.mark.parametrize(
        "arguments",
        [
            {"port": 1, "name_prefix": "a", "domain": "proxy"},
            {"port": 65_535, "name_prefix": "a-b" + "0" * 29, "pin": "000000"},
            {"port": 53, "protocol": "udp", "listen_port": 65_535},
        ],
    )
    def test_at_the_edge_are_taken(self, arguments: dict[str, Any]) -> None:
        client = ManagementClient(
            "https://netbird.example.com", private_key=PrivateKey.generate()
        )
        client.expose(**arguments)

    def test_that_are_secret_do_not_travel_in_plain_sight(self) -> None:
        client = ManagementClient(
            "http://netbird.example.com", private_key=PrivateKey.generate()
        )
        with pytest.raises(ConfigurationError, match="PIN or password"):
            client.expose(port=8080, pin="123456")
        client.expose(port=8080)
