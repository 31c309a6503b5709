"""How the test server enrols proxies, and what it keeps of their reports."""

from __future__ import annotations

from collections.abc import AsyncIterator

import attrs
import grpc
import pytest
from grpc.aio import Channel

from bare_client import BarePeer, BareProxy, open_channel, refusal_of
from netbird_sdk.keys import PrivateKey
from netbird_sdk.models.proxy import (
    AccessLog,
    Authentication,
    CreateProxyPeerRequest,
    CreateProxyPeerResponse,
    ProxyMapping,
    ProxyStatus,
    RecordLLMUsageRequest,
    RecordLLMUsageResponse,
    SendAccessLogRequest,
    SendAccessLogResponse,
    SendStatusUpdateRequest,
    SendStatusUpdateResponse,
)
from netbird_sdk.testing import ManagementServer

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


class TestCreateProxyPeer:
    async def test_needs_the_token_of_the_mapping_and_uses_it_up(
        self, server: ManagementServer, proxy: BareProxy, channel: Channel
    ) -> None:
        _, (mapping,) = await proxy.synced()
        peer = BarePeer(channel, server.public_key)
        request = CreateProxyPeerRequest(
            service_id="web",
            account_id=ACCOUNT,
            token=mapping.auth_token,
            wireguard_public_key=str(peer.public_key),
            cluster="edge.example.com",
        )

        async def create(**changes: str) -> CreateProxyPeerResponse:
            changed = attrs.evolve(request, **changes)
            return await proxy.call("CreateProxyPeer", changed, CreateProxyPeerResponse)

        unauthenticated = grpc.StatusCode.UNAUTHENTICATED
        for field, value, reason in (
            ("service_id", "other", "service ID mismatch"),
            ("account_id", "account-2", "account ID mismatch"),
            ("token", "other", "invalid token"),
        ):
            details = f"token validation: {reason}"
            refusal = await refusal_of(create(**{field: value}))
            assert refusal == (unauthenticated, details)
        assert (await create()).success
        assert server.peers[peer.public_key].account_id == ACCOUNT
        assert (await refusal_of(create()))[0] is unauthenticated
        response = await peer.login()
        assert response.peer_config is not None

    async def test_without_the_fields_it_needs_answers_without_success(
        self, proxy: BareProxy
    ) -> None:
        response = await proxy.call(
            "CreateProxyPeer", CreateProxyPeerRequest(), CreateProxyPeerResponse
        )
        assert not response.success
        assert response.error_message

    async def test_does_not_take_tokens_older_than_five_minutes(self) -> None:
        now = 1_000_000.0
        async with (
            ManagementServer(clock=lambda: now) as server,
            open_channel(server.url) as channel,
        ):
            await server.put(WEB)
            proxy = BareProxy(channel, server.add_proxy_token())
            _, (mapping,) = await proxy.synced()
            now += 300
            request = CreateProxyPeerRequest(
                service_id="web",
                account_id=ACCOUNT,
                token=mapping.auth_token,
                wireguard_public_key=str(PrivateKey.generate().public_key),
            )
            call = proxy.call("CreateProxyPeer", request, CreateProxyPeerResponse)
            assert await refusal_of(call) == (
                grpc.StatusCode.UNAUTHENTICATED,
                "token validation: invalid token",
            )


class TestReports:
    async def test_status_updates_are_kept(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        update = SendStatusUpdateRequest(
            service_id="web", account_id=ACCOUNT, status=ProxyStatus.ACTIVE
        )
        await proxy.call("SendStatusUpdate", update, SendStatusUpdateResponse)
        assert server.status_updates == (update,)

    async def test_status_updates_of_unknown_services_are_refused(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        for request, refusal in (
            (
                SendStatusUpdateRequest(service_id="other", account_id=ACCOUNT),
                (grpc.StatusCode.NOT_FOUND, "service other not found"),
            ),
            (
                SendStatusUpdateRequest(service_id="web"),
                (
                    grpc.StatusCode.INVALID_ARGUMENT,
                    "service_id and account_id are required",
                ),
            ),
        ):
            call = proxy.call("SendStatusUpdate", request, SendStatusUpdateResponse)
            assert await refusal_of(call) == refusal
        assert server.status_updates == ()

    async def test_access_logs_are_kept_once(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        log = AccessLog(log_id="log-1", account_id=ACCOUNT, path="/")
        request = SendAccessLogRequest(log=log)
        await proxy.call("SendAccessLog", request, SendAccessLogResponse)
        again = proxy.call("SendAccessLog", request, SendAccessLogResponse)
        code, details = await refusal_of(again)
        assert code is grpc.StatusCode.INTERNAL
        assert details is not None
        assert details.startswith("save access log")
        assert server.access_logs == (log,)

    async def test_usage_of_language_models_is_kept(
        self, server: ManagementServer, proxy: BareProxy
    ) -> None:
        usage = RecordLLMUsageRequest(account_id=ACCOUNT, tokens_input=7, cost_usd=0.5)
        await proxy.call("RecordLLMUsage", usage, RecordLLMUsageResponse)
        for wrong in (
            attrs.evolve(usage, tokens_output=-1),
            attrs.evolve(usage, cost_usd=float("nan")),
            attrs.evolve(usage, account_id=""),
        ):
            call = proxy.call("RecordLLMUsage", wrong, RecordLLMUsageResponse)
            assert (await refusal_of(call))[0] is grpc.StatusCode.INVALID_ARGUMENT
        assert server.llm_usage == (usage,)
