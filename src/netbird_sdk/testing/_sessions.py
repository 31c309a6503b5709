"""Users, and the tokens that stand for them: browser sessions and login JWTs."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final, cast

import attrs
from grpc import StatusCode

from netbird_sdk.models.proxy import ProxyMapping
from netbird_sdk.testing._refusal import Refusal

if TYPE_CHECKING:
    from nacl.signing import SigningKey

__all__ = ["Sessions", "User"]

_ISSUER: Final = "netbird-management"
_SECONDS_OF_SESSION: Final = 86_400


@attrs.frozen(kw_only=True)
class User:
    """Somebody who logs in at the identity provider."""

    id: str
    account_id: str
    email: str
    denied_reason: str
    """Why the user may not use services: "user_blocked", say; empty when allowed."""


class Sessions:
    """Signs session tokens with a key for each service, and checks them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.users: dict[str, User] = {}
        self._clock = clock
        self._keys: dict[str, SigningKey] = {}
        self._login_tokens: dict[str, tuple[str, float]] = {}
        self._used_login_tokens: set[str] = set()

    def public_key(self, service_id: str) -> str:
        """Return what `Authentication.session_key` of a service holds."""
        return base64.b64encode(bytes(self._key(service_id).verify_key)).decode()

    def mint(
        self, mapping: ProxyMapping, *, subject: str, method: str, email: str = ""
    ) -> str:
        """Return a session token: a JWT for the domain of the service."""
        now = int(self._clock())
        claims: dict[str, object] = {
            "iss": _ISSUER,
            "sub": subject,
            "aud": [mapping.domain],
            "exp": now + _SECONDS_OF_SESSION,
            "nbf": now,
            "iat": now,
            "method": method,
        }
        if email:
            claims["email"] = email
        signed = f"{_part({'alg': 'EdDSA', 'typ': 'JWT'})}.{_part(claims)}"
        signature = self._key(mapping.id).sign(signed.encode()).signature
        return f"{signed}.{_base64url(signature)}"

    def subject_of(self, mapping: ProxyMapping, token: str) -> str | None:
        """Return whom a session token is for, or None if it is not one of ours."""
        from nacl.exceptions import CryptoError

        signed, _, signature = token.rpartition(".")
        try:
            self._key(mapping.id).verify_key.verify(signed.encode(), _bytes(signature))
            claims = cast(
                "Mapping[str, object]", json.loads(_bytes(signed.partition(".")[2]))
            )
        except (CryptoError, ValueError, binascii.Error):
            return None
        # Signed by us: the claims are as `mint` made them.
        if claims["aud"] != [mapping.domain]:
            return None
        if self._clock() >= cast("int", claims["exp"]):
            return None
        return cast("str", claims["sub"])

    def mint_login_token(self, user: User, lifetime: timedelta) -> str:
        """Return a JWT as the identity provider hands it to a user who logs in."""
        expires_at = self._clock() + lifetime.total_seconds()
        claims = {"sub": user.id, "aud": "netbird", "exp": int(expires_at)}
        signature = secrets.token_urlsafe(32)
        token = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}.{signature}"
        self._login_tokens[token] = (user.id, expires_at)
        return token

    def use_login_token(self, token: str) -> User:
        """Return the user a JWT is for; each JWT works once.

        Raises:
            Refusal: It is not ours, has expired or was used before.
        """
        if token not in self._login_tokens:
            raise Refusal(
                StatusCode.INVALID_ARGUMENT,
                "invalid jwt token, err: token is not from this identity provider",
            )
        user_id, expires_at = self._login_tokens[token]
        if self._clock() > expires_at:
            raise Refusal(StatusCode.UNAUTHENTICATED, "JWT expired")
        if token in self._used_login_tokens:
            raise Refusal(StatusCode.UNAUTHENTICATED, "JWT already used")
        self._used_login_tokens.add(token)
        return self.users[user_id]

    def _key(self, service_id: str) -> SigningKey:
        from nacl.signing import SigningKey

        if service_id not in self._keys:
            self._keys[service_id] = SigningKey.generate()
        return self._keys[service_id]


def _part(value: Mapping[str, object]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
