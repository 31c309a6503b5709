"""The questions proxies ask about visitors: may this one in?"""

from __future__ import annotations

import ipaddress
import secrets
from typing import Final, TypeAlias
from urllib.parse import urlencode, urlsplit

from grpc import StatusCode

from netbird_sdk._methods import proxy as methods
from netbird_sdk.models import proxy as models
from netbird_sdk.testing._peers import Peers
from netbird_sdk.testing._proxy_tokens import ProxyToken, check_scope
from netbird_sdk.testing._refusal import Refusal
from netbird_sdk.testing._rpc_table import RpcTable
from netbird_sdk.testing._services import Services
from netbird_sdk.testing._sessions import Sessions

__all__ = ["Credential", "VisitorChecks"]

Credential: TypeAlias = (
    models.PasswordRequest | models.PinRequest | models.HeaderAuthRequest
)
"""What a visitor shows to be let in."""

_LOGIN_PAGE: Final = "https://login.netbird.invalid/authorize"


class VisitorChecks:
    """Answers whether a visitor may use a service, and opens sessions."""

    def __init__(self, services: Services, sessions: Sessions, peers: Peers) -> None:
        self.credentials: dict[str, list[Credential]] = {}
        self._services = services
        self._sessions = sessions
        self._peers = peers

    def register(self, table: RpcTable[ProxyToken]) -> None:
        """Serve these RPCs."""
        table.unary(methods.AUTHENTICATE, self.authenticate)
        table.unary(methods.GET_OIDCURL, self.get_oidc_url)
        table.unary(methods.VALIDATE_SESSION, self.validate_session)
        table.unary(methods.VALIDATE_TUNNEL_PEER, self.validate_tunnel_peer)

    def authenticate(
        self, request: models.AuthenticateRequest, token: ProxyToken
    ) -> models.AuthenticateResponse:
        check_scope(token, request.account_id)
        service = self._services.of_account(request.account_id, request.id)
        if service is None:
            raise Refusal(
                StatusCode.FAILED_PRECONDITION,
                f"get service from store: service {request.id} not found",
            )
        shown = request.request
        accepted = self.credentials.get(request.id, [])
        if shown is None or not any(_opens(c, shown) for c in accepted):
            return models.AuthenticateResponse()
        method = _METHODS[type(shown)]
        session = self._sessions.mint(
            service.mapping, subject=f"{method}-user", method=method
        )
        return models.AuthenticateResponse(success=True, session_token=session)

    def get_oidc_url(
        self, request: models.GetOIDCURLRequest, token: ProxyToken
    ) -> models.GetOIDCURLResponse:
        check_scope(token, request.account_id)
        try:
            url = urlsplit(request.redirect_url)
            host = url.hostname
        except ValueError as error:
            raise Refusal(
                StatusCode.INVALID_ARGUMENT, f"parse redirect url: {error}"
            ) from error
        if url.scheme not in {"http", "https"}:
            raise Refusal(
                StatusCode.INVALID_ARGUMENT,
                "redirect URL must use http or https scheme",
            )
        service = self._services.at_domain(host or "")
        if service is None or service.mapping.account_id != request.account_id:
            raise Refusal(StatusCode.FAILED_PRECONDITION, "service not found in store")
        query = urlencode(
            {
                "client_id": "netbird",
                "response_type": "code",
                "scope": "openid profile email",
                "state": secrets.token_urlsafe(24),
                "code_challenge": secrets.token_urlsafe(32),
                "code_challenge_method": "S256",
            }
        )
        return models.GetOIDCURLResponse(url=f"{_LOGIN_PAGE}?{query}")

    def validate_session(
        self, request: models.ValidateSessionRequest, token: ProxyToken
    ) -> models.ValidateSessionResponse:
        if not request.domain or not request.session_token:
            return models.ValidateSessionResponse(
                denied_reason="missing domain or session_token"
            )
        service = self._services.at_domain(request.domain)
        if service is None:
            return models.ValidateSessionResponse(denied_reason="service_not_found")
        check_scope(token, service.mapping.account_id)
        subject = self._sessions.subject_of(service.mapping, request.session_token)
        if subject is None:
            return models.ValidateSessionResponse(denied_reason="invalid_token")
        user = self._sessions.users.get(subject)
        if user is None:
            return models.ValidateSessionResponse(denied_reason="user_not_found")
        if user.account_id != service.mapping.account_id:
            return models.ValidateSessionResponse(denied_reason="account_mismatch")
        return models.ValidateSessionResponse(
            valid=not user.denied_reason,
            user_id=user.id,
            user_email=user.email,
            denied_reason=user.denied_reason,
        )

    def validate_tunnel_peer(
        self, request: models.ValidateTunnelPeerRequest, token: ProxyToken
    ) -> models.ValidateTunnelPeerResponse:
        if not request.domain or not request.tunnel_ip:
            return _denied("missing domain or tunnel_ip")
        try:
            ip = ipaddress.ip_address(request.tunnel_ip)
        except ValueError:
            return _denied("invalid_tunnel_ip")
        service = self._services.at_domain(request.domain)
        if service is None:
            return _denied("service_not_found")
        check_scope(token, service.mapping.account_id)
        peer = self._peers.at_address(service.mapping.account_id, ip)
        if peer is None:
            return _denied("peer_not_found")
        user = self._sessions.users.get(peer.user_id)
        subject, email = (peer.id, peer.hostname)
        reason = ""
        if user is not None:
            subject, email = user.id, user.email or peer.hostname
            reason = user.denied_reason
        session = ""
        if not reason:
            session = self._sessions.mint(
                service.mapping, subject=subject, method="oidc", email=email
            )
        return models.ValidateTunnelPeerResponse(
            valid=not reason,
            user_id=subject,
            user_email=email,
            denied_reason=reason,
            session_token=session,
        )


_METHODS: Final[dict[type[Credential], str]] = {
    models.PasswordRequest: "password",
    models.PinRequest: "pin",
    models.HeaderAuthRequest: "header",
}


def _opens(accepted: Credential, shown: Credential) -> bool:
    if isinstance(accepted, models.HeaderAuthRequest) and isinstance(
        shown, models.HeaderAuthRequest
    ):
        name = shown.header_name.lower()
        return (
            name in {"", accepted.header_name.lower()}
            and shown.header_value == accepted.header_value
        )
    return accepted == shown


def _denied(reason: str) -> models.ValidateTunnelPeerResponse:
    return models.ValidateTunnelPeerResponse(denied_reason=reason)
