"""What proxies report and ask for, beside mappings and visitors."""

from __future__ import annotations

import math

from grpc import StatusCode

from netbird_sdk import keys
from netbird_sdk._methods import proxy as methods
from netbird_sdk.errors import ConfigurationError
from netbird_sdk.models import proxy as models
from netbird_sdk.testing._one_time_tokens import OneTimeTokens
from netbird_sdk.testing._peers import Peers
from netbird_sdk.testing._proxy_tokens import ProxyToken, check_scope
from netbird_sdk.testing._refusal import Refusal
from netbird_sdk.testing._rpc_table import RpcTable
from netbird_sdk.testing._services import Services

__all__ = ["ProxyService"]


class ProxyService:
    """Answers proxies, and keeps what they report."""

    def __init__(
        self,
        services: Services,
        peers: Peers,
        one_time_tokens: OneTimeTokens,
    ) -> None:
        self.status_updates: list[models.SendStatusUpdateRequest] = []
        self.access_logs: dict[str, models.AccessLog] = {}
        self.llm_usage: list[models.RecordLLMUsageRequest] = []
        self._services = services
        self._peers = peers
        self._one_time_tokens = one_time_tokens

    def register(self, table: RpcTable[ProxyToken]) -> None:
        """Serve these RPCs."""
        table.unary(methods.SEND_ACCESS_LOG, self.send_access_log)
        table.unary(methods.SEND_STATUS_UPDATE, self.send_status_update)
        table.unary(methods.CREATE_PROXY_PEER, self.create_proxy_peer)
        table.unary(methods.CHECK_LLM_POLICY_LIMITS, self.check_llm_policy_limits)
        table.unary(methods.RECORD_LLM_USAGE, self.record_llm_usage)

    def send_access_log(
        self, request: models.SendAccessLogRequest, token: ProxyToken
    ) -> models.SendAccessLogResponse:
        log = request.log or models.AccessLog()
        check_scope(token, log.account_id)
        if log.log_id in self.access_logs:
            raise Refusal(
                StatusCode.INTERNAL,
                "save access log: an entry with this id is there already",
            )
        self.access_logs[log.log_id] = log
        return models.SendAccessLogResponse()

    def send_status_update(
        self, request: models.SendStatusUpdateRequest, token: ProxyToken
    ) -> models.SendStatusUpdateResponse:
        check_scope(token, request.account_id)
        if not request.service_id or not request.account_id:
            raise Refusal(
                StatusCode.INVALID_ARGUMENT, "service_id and account_id are required"
            )
        if self._services.of_account(request.account_id, request.service_id) is None:
            raise Refusal(
                StatusCode.NOT_FOUND, f"service {request.service_id} not found"
            )
        self.status_updates.append(request)
        return models.SendStatusUpdateResponse()

    def create_proxy_peer(
        self, request: models.CreateProxyPeerRequest, token: ProxyToken
    ) -> models.CreateProxyPeerResponse:
        check_scope(token, request.account_id)
        if not (request.service_id and request.account_id and request.token):
            return models.CreateProxyPeerResponse(
                error_message="missing required fields: service_id, account_id, and "
                "token are required"
            )
        reason = self._one_time_tokens.use(
            request.token, request.account_id, request.service_id
        )
        if reason is not None:
            raise Refusal(StatusCode.UNAUTHENTICATED, f"token validation: {reason}")
        try:
            key = keys.PublicKey.parse(request.wireguard_public_key)
        except ConfigurationError:
            # Not looked at by the real server either: no peer can log in with it.
            return models.CreateProxyPeerResponse(success=True)
        self._peers.add_proxy_peer(key, request.account_id)
        return models.CreateProxyPeerResponse(success=True)

    def check_llm_policy_limits(
        self, request: models.CheckLLMPolicyLimitsRequest, token: ProxyToken
    ) -> models.CheckLLMPolicyLimitsResponse:
        _check_account(request.account_id, token)
        return models.CheckLLMPolicyLimitsResponse(decision="allow")

    def record_llm_usage(
        self, request: models.RecordLLMUsageRequest, token: ProxyToken
    ) -> models.RecordLLMUsageResponse:
        _check_account(request.account_id, token)
        counters = (
            request.window_seconds,
            request.tokens_input,
            request.tokens_output,
            request.cost_usd,
        )
        if any(not math.isfinite(c) or c < 0 for c in counters):
            raise Refusal(
                StatusCode.INVALID_ARGUMENT,
                "usage counters must be non-negative and finite",
            )
        self.llm_usage.append(request)
        return models.RecordLLMUsageResponse()


def _check_account(account_id: str, token: ProxyToken) -> None:
    if not account_id:
        raise Refusal(StatusCode.INVALID_ARGUMENT, "account_id is required")
    check_scope(token, account_id)
