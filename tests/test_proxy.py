"""ProxyClient's unary calls, against a real server on a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest

from live import ACCOUNT, Sink, client_of, mapping, through, url_of
from netbird_sdk import (
    AuthenticationError,
    NetBirdError,
    PrivateKey,
    ProxyClient,
    RPCError,
    Serves,
    TransportError,
    UnsupportedError,
    is_transient,
)
from netbird_sdk.models.proxy import (
    AccessLog,
    Authentication,
    CheckLLMPolicyLimitsRequest,
    HeaderAuthRequest,
    PasswordRequest,
    PinRequest,
    ProxyInboundListener,
    ProxyStatus,
    RecordLLMUsageRequest,
)
from netbird_sdk.testing import Fault, ManagementServer

Call = Callable[[ProxyClient], Awaitable[object]]

LIMITS = CheckLLMPolicyLimitsRequest(account_id=ACCOUNT)
CALLS: dict[str, Call] = {
    "SendAccessLog": lambda c: c.send_access_log(
        AccessLog(log_id="1", account_id=ACCOUNT)
    ),
    "SendStatusUpdate": lambda c: c.send_status_update(
        "web", ACCOUNT, ProxyStatus.ACTIVE
    ),
    "Authenticate": lambda c: c.authenticate("web", ACCOUNT, PinRequest(pin="1")),
    "CreateProxyPeer": lambda c: c.create_proxy_peer(
        "web", ACCOUNT, token="", wireguard_public_key=""
    ),
    "GetOIDCURL": lambda c: c.get_oidc_url("web", ACCOUNT, "https://web.example.com/"),
    "ValidateSession": lambda c: c.validate_session("web.example.com", "a.b.c"),
    "ValidateTunnelPeer": lambda c: c.validate_tunnel_peer(
        "100.64.0.1", "web.example.com"
    ),
    "CheckLLMPolicyLimits": lambda c: c.check_llm_policy_limits(LIMITS),
    "RecordLLMUsage": lambda c: c.record_llm_usage(
        RecordLLMUsageRequest(account_id=ACCOUNT)
    ),
}


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer() as server:
        await server.put(mapping("web", auth=Authentication(password=True)))
        yield server


@pytest.fixture
async def client(server: ManagementServer) -> AsyncIterator[ProxyClient]:
    async with client_of(server) as client:
        yield client


class TestCalls:
    async def test_an_access_log_entry_is_stored_as_it_is(
        self, server: ManagementServer, client: ProxyClient
    ) -> None:
        log = AccessLog(
            log_id="1", account_id=ACCOUNT, host="web", metadata={"verdict": "ban"}
        )
        await client.send_access_log(log)
        assert server.access_logs == (log,)
        with pytest.raises(RPCError, match="SendAccessLog failed with INTERNAL"):
            await client.send_access_log(log)

    async def test_a_status_update_carries_all_that_is_told(
        self, server: ManagementServer, client: ProxyClient
    ) -> None:
        listener = ProxyInboundListener(tunnel_ip="100.64.0.9", http_port=80)
        await client.send_status_update(
            "web",
            ACCOUNT,
            ProxyStatus.ERROR,
            certificate_issued=True,
            error_message="no upstream",
            inbound_listener=listener,
        )
        (update,) = server.status_updates
        assert (update.service_id, update.account_id) == ("web", ACCOUNT)
        assert update.status is ProxyStatus.ERROR
        assert update.certificate_issued
        assert update.error_message == "no upstream"
        assert update.inbound_listener == listener

    async def test_a_status_of_an_unknown_service_is_an_error(
        self, client: ProxyClient
    ) -> None:
        with pytest.raises(RPCError) as caught:
            await client.send_status_update("gone", ACCOUNT, ProxyStatus.ACTIVE)
        assert caught.value.code is grpc.StatusCode.NOT_FOUND

    @pytest.mark.parametrize(
        ("right", "wrong"),
        [
            (PasswordRequest(password="right"), PasswordRequest(password="wrong")),
            (PinRequest(pin="123456"), PinRequest(pin="654321")),
            (
                HeaderAuthRequest(header_name="X-Key", header_value="right"),
                HeaderAuthRequest(header_name="X-Key", header_value="wrong"),
            ),
        ],
    )
    async def test_a_wrong_credential_is_an_answer_and_a_right_one_opens_a_session(
        self, server: ManagementServer, client: ProxyClient, right: Any, wrong: Any
    ) -> None:
        server.accept_credential("web", right)
        denied = await client.authenticate("web", ACCOUNT, wrong)
        assert not denied.success
        assert denied.session_token == ""
        allowed = await client.authenticate("web", ACCOUNT, right)
        assert allowed.success
        assert allowed.session_token.count(".") == 2

    async def test_a_proxy_peer_is_made_with_the_token_of_a_mapping(
        self, server: ManagementServer, client: ProxyClient
    ) -> None:
        sink = Sink()
        async with client.sync_mappings(sink, serves=Serves(auth={"password"})) as it:
            await it.wait_synced()
        token = sink.served["web"].auth_token
        key = PrivateKey.generate().public_key
        made = await client.create_proxy_peer(
            "web", ACCOUNT, token=token, wireguard_public_key=str(key)
        )
        assert made.success
        assert key in server.peers
        with pytest.raises(AuthenticationError, match="token validation"):
            await client.create_proxy_peer(
                "web", ACCOUNT, token=token, wireguard_public_key=str(key)
            )

    async def test_a_proxy_peer_without_a_token_is_refused_in_an_answer(
        self, client: ProxyClient
    ) -> None:
        refused = await client.create_proxy_peer(
            "web", ACCOUNT, token="", wireguard_public_key="key"
        )
        assert not refused.success
        assert "token are required" in (refused.error_message or "")

    async def test_the_login_page_is_a_url(self, client: ProxyClient) -> None:
        url = await client.get_oidc_url("web", ACCOUNT, "https://web.example.com/back")
        assert url.startswith("https://")

    async def test_sessions_are_checked_and_a_denial_is_an_answer(
        self, server: ManagementServer, client: ProxyClient
    ) -> None:
        server.add_user("ada", email="ada@example.com")
        server.add_user("bob", denied_reason="not_in_group")
        token = server.mint_session_token("web", "ada")
        allowed = await client.validate_session("web.example.com", token)
        assert (allowed.valid, allowed.user_email) == (True, "ada@example.com")
        token = server.mint_session_token("web", "bob")
        denied = await client.validate_session("web.example.com", token)
        assert (denied.valid, denied.denied_reason) == (False, "not_in_group")

    async def test_tunnel_peers_are_checked_and_a_denial_is_an_answer(
        self, server: ManagementServer, client: ProxyClient
    ) -> None:
        peer = server.add_peer("laptop")
        allowed = await client.validate_tunnel_peer(
            str(peer.address), "web.example.com"
        )
        assert allowed.valid
        denied = await client.validate_tunnel_peer("100.99.99.99", "web.example.com")
        assert (denied.valid, denied.denied_reason) == (False, "peer_not_found")

    async def test_model_limits_are_asked_and_usage_is_booked(
        self, server: ManagementServer, client: ProxyClient
    ) -> None:
        assert (await client.check_llm_policy_limits(LIMITS)).decision == "allow"
        usage = RecordLLMUsageRequest(account_id=ACCOUNT, tokens_input=7)
        await client.record_llm_usage(usage)
        assert server.llm_usage == (usage,)

    @pytest.mark.parametrize("method", CALLS)
    async def test_each_reaches_its_own_rpc_with_the_token(
        self, server: ManagementServer, client: ProxyClient, method: str
    ) -> None:
        """The server admits no call without a valid bearer token."""
        await CALLS[method](client)
        assert dict(server.calls) == {method: 1}


class TestErrors:
    @pytest.mark.parametrize("method", CALLS)
    async def test_name_the_rpc_and_keep_code_details_and_cause(
        self, server: ManagementServer, client: ProxyClient, method: str
    ) -> None:
        server.fail_next(method, grpc.StatusCode.DATA_LOSS, "a disk broke")
        with pytest.raises(RPCError, match=f"^{method} failed with DATA_LOSS") as info:
            await CALLS[method](client)
        assert info.value.code is grpc.StatusCode.DATA_LOSS
        assert info.value.details == "a disk broke"
        assert info.value.method == method
        assert isinstance(info.value.__cause__, grpc.aio.AioRpcError)

    @pytest.mark.parametrize(
        ("code", "kind", "transient"),
        [
            ("UNAVAILABLE", TransportError, True),
            ("DEADLINE_EXCEEDED", TransportError, True),
            ("UNAUTHENTICATED", AuthenticationError, False),
            ("PERMISSION_DENIED", AuthenticationError, False),
            ("UNIMPLEMENTED", UnsupportedError, False),
            ("NOT_FOUND", RPCError, False),
            ("INVALID_ARGUMENT", RPCError, False),
            ("FAILED_PRECONDITION", RPCError, False),
            ("INTERNAL", RPCError, True),
            ("RESOURCE_EXHAUSTED", RPCError, True),
            # What the server cancels is an error, never our own cancellation.
            ("CANCELLED", RPCError, True),
        ],
    )
    async def test_are_of_the_class_of_their_status(
        self,
        server: ManagementServer,
        client: ProxyClient,
        code: str,
        kind: type[NetBirdError],
        transient: bool,
    ) -> None:
        server.fail_next("CheckLLMPolicyLimits", grpc.StatusCode[code])
        with pytest.raises(NetBirdError) as caught:
            await client.check_llm_policy_limits(LIMITS)
        assert type(caught.value) is kind
        assert is_transient(caught.value) is transient

    @pytest.mark.parametrize("method", CALLS)
    async def test_of_a_wrong_token_say_so_and_do_not_repeat_it(
        self, server: ManagementServer, method: str
    ) -> None:
        token = server.add_proxy_token()
        server.revoke_proxy_token(token)
        async with client_of(server, token=token) as client:
            with pytest.raises(AuthenticationError, match="make a new one") as caught:
                await CALLS[method](client)
        assert token not in str(caught.value)
        assert token not in repr(caught.value)

    async def test_of_an_old_server_are_unsupported(self) -> None:
        async with (
            ManagementServer(release="0.71.0") as server,
            client_of(server) as client,
        ):
            with pytest.raises(UnsupportedError, match="older than this RPC"):
                await client.validate_tunnel_peer("100.64.0.1", "web.example.com")

    async def test_of_a_server_that_is_down_say_that_nobody_listens(
        self, server: ManagementServer, client: ProxyClient
    ) -> None:
        await server.stop()
        with pytest.raises(TransportError, match="nothing listens there"):
            await client.check_llm_policy_limits(LIMITS)

    async def test_of_a_silent_server_come_at_the_clients_deadline(
        self, server: ManagementServer
    ) -> None:
        async with through(server) as network:
            network.fault = Fault(stalled=True)
            async with client_of(server, url_of(network), timeout=0.1) as client:
                with pytest.raises(TransportError, match="no answer in time") as caught:
                    await client.validate_session("web.example.com", "a.b.c")
        assert caught.value.code is grpc.StatusCode.DEADLINE_EXCEEDED

    async def test_of_a_silent_server_come_at_the_deadline_given_to_the_call(
        self, server: ManagementServer
    ) -> None:
        async with through(server) as network:
            network.fault = Fault(stalled=True)
            async with client_of(server, url_of(network), timeout=None) as client:
                for call in (
                    client.check_llm_policy_limits(LIMITS, timeout=0.1),
                    client.validate_session("web.example.com", "a.b.c", timeout=0.1),
                ):
                    with pytest.raises(TransportError, match="no answer in time"):
                        await call
