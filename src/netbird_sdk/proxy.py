"""The client of ProxyService, for programs that are a reverse proxy."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from random import Random
from types import TracebackType
from typing import Literal, Self, TypeVar

from netbird_sdk._channel import user_agent
from netbird_sdk._codec import decode, encode
from netbird_sdk._connection import Connection, Transport
from netbird_sdk._credentials import bearer, check_token, refuse_plaintext
from netbird_sdk._mapping_stream import GrpcMappingSource
from netbird_sdk._methods import proxy as rpc
from netbird_sdk._methods.method import Method
from netbird_sdk._model import Model
from netbird_sdk._state_file import StateFile
from netbird_sdk._status_reports import Report
from netbird_sdk.config import Backoff
from netbird_sdk.errors import ConfigurationError
from netbird_sdk.mapping_session import MappingSession
from netbird_sdk.models.proxy import (
    AccessLog,
    AuthenticateRequest,
    AuthenticateResponse,
    CheckLLMPolicyLimitsRequest,
    CheckLLMPolicyLimitsResponse,
    CreateProxyPeerRequest,
    CreateProxyPeerResponse,
    GetOIDCURLRequest,
    HeaderAuthRequest,
    PasswordRequest,
    PinRequest,
    ProxyInboundListener,
    ProxyStatus,
    RecordLLMUsageRequest,
    SendAccessLogRequest,
    SendStatusUpdateRequest,
    SyncMappingsInit,
    ValidateSessionRequest,
    ValidateSessionResponse,
    ValidateTunnelPeerRequest,
    ValidateTunnelPeerResponse,
)
from netbird_sdk.serves import Serves
from netbird_sdk.session import OnEvent, RetryOn
from netbird_sdk.sink import MappingSink, SinkLimits

__all__ = ["ProxyClient"]

RequestT = TypeVar("RequestT", bound=Model)
ResponseT = TypeVar("ResponseT", bound=Model)


class ProxyClient:
    """Talks to a management server as one of its reverse proxies.

    Use it as `async with ProxyClient(...) as client`. Nothing is sent before the first
    call, which connects. Every RPC raises:

    - `TransportError`: the server was not reached, or did not answer in time,
    - `AuthenticationError`: it refused the token, or what the token may do,
    - `RPCError`: it answered with another error status,
    - `ConfigurationError`: an argument cannot be sent,
    - `ClosedError`: the client is not open.

    A denial, such as a wrong password, is an answer and not an error.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str,
        address: str,
        proxy_id: str | None = None,
        version: str | None = None,
        timeout: float | None = 10.0,
        allow_insecure: bool = False,
        transport: Transport = Transport(),  # noqa: B008 - frozen
    ) -> None:
        """Describe the connection.

        Args:
            url: `https://host[:port]`, or `http://` for a server on this machine.
            token: The proxy's access token (`nbx_...`).
            address: The cluster this proxy serves: a domain or an IP address.
            proxy_id: Identifies this process to management. By default a fresh one: two
                processes with one id steal the stream from each other.
            version: What to report as the proxy's version.
            timeout: Seconds an RPC may take, unless the call says otherwise.
            allow_insecure: Send the token over plaintext to another machine.
            transport: TLS, keepalive, message size, interceptors.

        Raises:
            ConfigurationError: One of these cannot work.
        """
        self._connection = Connection(
            "ProxyClient", url, transport=transport, timeout=timeout
        )
        self._token = check_token(token, what="proxy token")
        refuse_plaintext(
            self._connection.endpoint, "proxy token", allow_insecure=allow_insecure
        )
        if not address.strip() or any(c in address for c in "/ @"):
            raise ConfigurationError(
                f"address must be the cluster's domain or IP address, got {address!r}"
            )
        self._address = address.strip()
        self._proxy_id = proxy_id or f"netbird-sdk-python-{uuid.uuid4()}"
        self._version = version

    @property
    def proxy_id(self) -> str:
        """How management knows this process."""
        return self._proxy_id

    def __repr__(self) -> str:
        url = self._connection.endpoint.url
        return f"ProxyClient({url!r}, address={self._address!r})"

    async def __aenter__(self) -> Self:
        await self._connection.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection; calls and sessions in progress end with ClosedError."""
        await self._connection.aclose()

    def sync_mappings(
        self,
        sink: MappingSink,
        *,
        serves: Serves | None = None,
        limits: SinkLimits = SinkLimits(),  # noqa: B008 - frozen
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
        retry_on: RetryOn | None = None,
        on_event: OnEvent | None = None,
        report_status: Literal["all", "errors", "none"] = "all",
        state: StateFile | None = None,
        random: Random | None = None,
    ) -> MappingSession:
        """Keep `sink` in step with the cluster's mappings, for as long as `run` runs.

        Args:
            sink: What to do with a mapping.
            serves: What the sink can enforce; by default its attribute `serves`, or
                else plain HTTP services only. Mappings that ask for more are refused.
            limits: Time limits and concurrency of sink calls.
            backoff: The waits between attempts.
            retry_on: Whether to go on after an error. By default every error is retried
                once the server has accepted this client, and before that only those
                that another attempt can mend.
            on_event: Called with each event; it should return quickly.
            report_status: What to tell management by itself: ERROR with the reason for
                each rejected mapping, and ACTIVE for each that is in effect.
            state: Keep the last complete table on disk, and begin with it.
            random: Draws the waits; for tests.

        Raises:
            ConfigurationError: `sink` lacks a method.
        """
        for name in ("upsert", "remove", "commit"):
            if not callable(getattr(sink, name, None)):
                raise ConfigurationError(
                    f"{type(sink).__name__} is no MappingSink: it has no method {name}"
                )
        if isinstance(sink, type):
            raise ConfigurationError(
                f"sync_mappings takes a sink, not its class: {sink.__name__}(...)"
            )
        if serves is None:
            serves = getattr(sink, "serves", Serves())
        if not isinstance(serves, Serves):
            raise ConfigurationError(
                f"serves must be a Serves, got {type(serves).__name__}"
            )
        init = SyncMappingsInit(
            proxy_id=self._proxy_id,
            version=self._version or user_agent(),
            started_at=datetime.now(UTC),
            address=self._address,
            capabilities=serves.capabilities(),
        )
        return MappingSession(
            GrpcMappingSource(self._connection, lambda: bearer(self._token), init),
            sink,
            serves,
            limits=limits,
            backoff=backoff,
            retry_on=retry_on,
            on_event=on_event,
            random=random,
            send_report=None if report_status == "none" else self._send_report,
            report_active=report_status == "all",
            state=state,
            proxy_id=self._proxy_id,
            cluster=f"{self._connection.endpoint.url} {self._address}",
        )

    async def _send_report(self, report: Report) -> None:
        await self.send_status_update(
            report.service_id,
            report.account_id,
            report.status,
            certificate_issued=report.certificate_issued,
            error_message=report.error_message,
        )

    async def send_access_log(
        self, log: AccessLog, *, timeout: float | None = None
    ) -> None:
        """Store one entry in the access log.

        `log.log_id` is the server's key of the entry: sending one twice fails.
        """
        await self._call(rpc.SEND_ACCESS_LOG, SendAccessLogRequest(log=log), timeout)

    async def send_status_update(
        self,
        service_id: str,
        account_id: str,
        status: ProxyStatus,
        *,
        certificate_issued: bool = False,
        error_message: str | None = None,
        inbound_listener: ProxyInboundListener | None = None,
        timeout: float | None = None,
    ) -> None:
        """Tell management how a service fares; sessions do so by themselves."""
        request = SendStatusUpdateRequest(
            service_id=service_id,
            account_id=account_id,
            status=status,
            certificate_issued=certificate_issued,
            error_message=error_message,
            inbound_listener=inbound_listener,
        )
        await self._call(rpc.SEND_STATUS_UPDATE, request, timeout)

    async def authenticate(
        self,
        service_id: str,
        account_id: str,
        credential: PasswordRequest | PinRequest | HeaderAuthRequest,
        *,
        timeout: float | None = None,
    ) -> AuthenticateResponse:
        """Check what a visitor gave; if `success`, a session token comes with it."""
        request = AuthenticateRequest(
            id=service_id, account_id=account_id, request=credential
        )
        return await self._call(rpc.AUTHENTICATE, request, timeout)

    async def create_proxy_peer(
        self,
        service_id: str,
        account_id: str,
        *,
        token: str,
        wireguard_public_key: str,
        timeout: float | None = 30.0,
    ) -> CreateProxyPeerResponse:
        """Enrol a WireGuard key as a peer of the account that owns a service.

        `token` is the one-time `auth_token` of the service's mapping, good for five
        minutes and one call. A refusal is an answer with `success=False`.
        """
        request = CreateProxyPeerRequest(
            service_id=service_id,
            account_id=account_id,
            token=token,
            wireguard_public_key=wireguard_public_key,
            cluster=self._address,
        )
        return await self._call(rpc.CREATE_PROXY_PEER, request, timeout)

    async def get_oidc_url(
        self,
        service_id: str,
        account_id: str,
        redirect_url: str,
        *,
        timeout: float | None = None,
    ) -> str:
        """Return the page on which a visitor logs in through the identity provider.

        The visitor comes back to `redirect_url`, on a domain of the service.
        """
        request = GetOIDCURLRequest(
            id=service_id, account_id=account_id, redirect_url=redirect_url
        )
        return (await self._call(rpc.GET_OIDCURL, request, timeout)).url

    async def validate_session(
        self, domain: str, session_token: str, *, timeout: float | None = None
    ) -> ValidateSessionResponse:
        """Check the session token that a visitor brings back from the login page."""
        request = ValidateSessionRequest(domain=domain, session_token=session_token)
        return await self._call(rpc.VALIDATE_SESSION, request, timeout)

    async def validate_tunnel_peer(
        self, tunnel_ip: str, domain: str, *, timeout: float | None = None
    ) -> ValidateTunnelPeerResponse:
        """Check whether the peer with an overlay address may use a service."""
        request = ValidateTunnelPeerRequest(tunnel_ip=tunnel_ip, domain=domain)
        return await self._call(rpc.VALIDATE_TUNNEL_PEER, request, timeout)

    async def check_llm_policy_limits(
        self, request: CheckLLMPolicyLimitsRequest, *, timeout: float | None = 2.0
    ) -> CheckLLMPolicyLimitsResponse:
        """Ask whether a request to a language model is within its limits.

        NetBird's own proxy lets requests through when this call fails.
        """
        return await self._call(rpc.CHECK_LLM_POLICY_LIMITS, request, timeout)

    async def record_llm_usage(
        self, request: RecordLLMUsageRequest, *, timeout: float | None = 5.0
    ) -> None:
        """Book what a request to a language model has used."""
        await self._call(rpc.RECORD_LLM_USAGE, request, timeout)

    async def _call(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        timeout: float | None,
    ) -> ResponseT:
        answer = await self._connection.call(
            method, encode(request), timeout, bearer(self._token)
        )
        return decode(method.response, answer, method=method.name)
