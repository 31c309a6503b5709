"""ProxyClient as an object: made, opened, closed, and its connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from live import ACCOUNT, ADDRESS, Sink, client_of, through, url_of
from netbird_sdk import (
    TLS,
    ClosedError,
    ConfigurationError,
    ProxyClient,
    Transport,
    TransportError,
)
from netbird_sdk.models.proxy import CheckLLMPolicyLimitsRequest
from netbird_sdk.testing import Fault, ManagementServer, ServerTLS

LIMITS = CheckLLMPolicyLimitsRequest(account_id=ACCOUNT)


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer() as server:
        yield server


@pytest.fixture
async def client(server: ManagementServer) -> AsyncIterator[ProxyClient]:
    async with client_of(server) as client:
        yield client


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trust(authority: trustme.CA) -> Transport:
    return Transport(tls=TLS(ca_pem=authority.cert_pem.bytes().decode()))


def server_tls(authority: trustme.CA, *, asks: bool = False) -> ServerTLS:
    leaf = authority.issue_cert("localhost")
    return ServerTLS(
        certificate_pem=b"".join(pem.bytes() for pem in leaf.cert_chain_pems),
        private_key_pem=leaf.private_key_pem.bytes(),
        client_ca_pem=authority.cert_pem.bytes() if asks else None,
    )


class TestLifeCycle:
    async def test_before_opening_and_after_closing_calls_are_refused(
        self, server: ManagementServer
    ) -> None:
        client: ProxyClient = client_of(server)
        not_open = "^the ProxyClient is not open: use it in `async with`$"
        with pytest.raises(ClosedError, match=not_open):
            await client.check_llm_policy_limits(LIMITS)
        async with client:
            pass
        with pytest.raises(ClosedError, match=r"^the ProxyClient is closed$"):
            await client.check_llm_policy_limits(LIMITS)
        assert not server.calls

    async def test_sessions_of_a_client_that_is_not_open_are_refused(
        self, server: ManagementServer
    ) -> None:
        client: ProxyClient = client_of(server)
        with pytest.raises(ClosedError, match="is not open"):
            await client.sync_mappings(Sink()).run()
        async with client:
            pass
        with pytest.raises(ClosedError, match="is closed"):
            await client.sync_mappings(Sink()).run()

    async def test_it_is_opened_only_once(self, client: ProxyClient) -> None:
        with pytest.raises(ClosedError, match="opened only once"):
            await client.__aenter__()
        await client.aclose()
        with pytest.raises(ClosedError, match="opened only once"):
            await client.__aenter__()

    async def test_closing_twice_does_nothing(self, client: ProxyClient) -> None:
        await client.aclose()
        await client.aclose()

    async def test_a_client_that_was_never_opened_can_be_closed(
        self, server: ManagementServer
    ) -> None:
        client: ProxyClient = client_of(server)
        await client.aclose()
        with pytest.raises(ClosedError, match="is closed"):
            await client.check_llm_policy_limits(LIMITS)

    async def test_closing_ends_a_call_in_progress(
        self, server: ManagementServer
    ) -> None:
        async with through(server) as network:
            network.fault = Fault(stalled=True)
            async with client_of(server, url_of(network)) as client:
                call = asyncio.ensure_future(client.check_llm_policy_limits(LIMITS))
                await network.wait_until(lambda n: n.connections)
                await client.aclose()
                with pytest.raises(ClosedError, match="the client was closed"):
                    await call

    async def test_a_cancelled_call_is_cancelled_and_the_next_one_works(
        self, server: ManagementServer
    ) -> None:
        async with through(server) as network:
            network.fault = Fault(stalled=True)
            async with client_of(server, url_of(network)) as client:
                call = asyncio.ensure_future(client.check_llm_policy_limits(LIMITS))
                await network.wait_until(lambda n: n.connections)
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call
                network.heal()
                await client.check_llm_policy_limits(LIMITS)

    async def test_nothing_is_sent_before_the_first_call(
        self, server: ManagementServer
    ) -> None:
        async with through(server) as network, client_of(server, url_of(network)):
            assert network.accepted == 0

    async def test_calls_at_once_share_one_connection(
        self, server: ManagementServer
    ) -> None:
        async with (
            through(server) as network,
            client_of(server, url_of(network)) as client,
        ):
            await asyncio.gather(
                *(client.check_llm_policy_limits(LIMITS) for _ in range(50))
            )
            assert network.accepted == 1


class TestConstruction:
    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"url": "edge.example.com:443"}, "URL"),
            ({"url": "ftp://edge.example.com"}, "URL"),
            ({"url": "https://user:pw@edge.example.com"}, "URL"),
            ({"url": "https://"}, "URL"),
            ({"url": "http://nb.example.com"}, "unencrypted.*use https"),
            ({"url": "http://10.0.0.1:8080"}, "unencrypted.*use https"),
            ({"token": ""}, "the proxy token is empty"),
            ({"token": "Bearer nbx_secret"}, "holds a blank"),
            ({"token": "nbx_secret\n"}, "a line end"),
            ({"token": "nbx_sécret"}, "beyond ASCII"),
            ({"address": ""}, "address must be the cluster's domain"),
            ({"address": "  "}, "address must be the cluster's domain"),
            ({"address": "https://edge.example.com"}, "address must be"),
            ({"address": "edge.example.com/path"}, "address must be"),
            ({"address": "user@edge.example.com"}, "address must be"),
        ],
    )
    def test_what_cannot_work_is_refused_at_once(
        self, fields: dict[str, str], message: str
    ) -> None:
        good = {
            "url": "https://nb.example.com",
            "token": "nbx_secret",
            "address": ADDRESS,
        }
        arguments: Any = good | fields
        with pytest.raises(ConfigurationError, match=message) as caught:
            ProxyClient(**arguments)
        assert "cret" not in str(caught.value)

    def test_plaintext_can_be_allowed_by_name(self) -> None:
        ProxyClient(
            "http://10.0.0.1:8080",
            token="nbx_secret",
            address=ADDRESS,
            allow_insecure=True,
        )

    def test_its_repr_keeps_the_token_to_itself(self) -> None:
        client = ProxyClient("https://a.example", token="nbx_secret", address=ADDRESS)
        assert repr(client) == (
            "ProxyClient('https://a.example:443', address='edge.example.com')"
        )

    def test_two_clients_have_ids_of_their_own_unless_told(self) -> None:
        def client(**fields: Any) -> ProxyClient:
            return ProxyClient(
                "https://a.example", token="nbx_x", address=ADDRESS, **fields
            )

        assert client().proxy_id != client().proxy_id
        assert client(proxy_id="edge-1").proxy_id == "edge-1"


class TestTLS:
    async def test_an_authority_of_ones_own_is_trusted(
        self, authority: trustme.CA, trust: Transport
    ) -> None:
        async with ManagementServer(tls=server_tls(authority)) as server:
            assert server.url.startswith("https://")
            async with client_of(server, transport=trust) as client:
                await client.check_llm_policy_limits(LIMITS)
            async with client_of(server) as client:
                with pytest.raises(TransportError, match=r"TLS\(ca_file=\.\.\.\)"):
                    await client.check_llm_policy_limits(LIMITS)

    async def test_a_certificate_of_ones_own_is_shown(
        self, authority: trustme.CA, trust: Transport, tmp_path: Path
    ) -> None:
        leaf = authority.issue_cert("edge.example.com")
        leaf.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
        leaf.cert_chain_pems[0].write_to_path(str(tmp_path / "edge.pem"))
        shown = TLS(
            ca_pem=authority.cert_pem.bytes().decode(),
            certificate_file=tmp_path / "edge.pem",
            private_key_file=tmp_path / "key.pem",
        )
        async with ManagementServer(tls=server_tls(authority, asks=True)) as server:
            transport = Transport(tls=shown)
            async with client_of(server, transport=transport) as client:
                await client.check_llm_policy_limits(LIMITS)
            async with client_of(server, transport=trust) as client:
                with pytest.raises(TransportError, match="client certificate"):
                    await client.check_llm_policy_limits(LIMITS)

    async def test_a_missing_file_is_named_when_it_is_opened(self) -> None:
        client = ProxyClient(
            "https://a.example",
            token="nbx_x",
            address=ADDRESS,
            transport=Transport(tls=TLS(ca_file="/nowhere/ca.pem")),
        )
        with pytest.raises(ConfigurationError, match=r"/nowhere/ca\.pem"):
            async with client:
                pass
