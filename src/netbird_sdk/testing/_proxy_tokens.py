"""Who may call ProxyService: access tokens, and the limit on failed attempts."""

from __future__ import annotations

import binascii
import secrets
import string
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import attrs
from grpc import StatusCode

from netbird_sdk._model import masked
from netbird_sdk.errors import ConfigurationError
from netbird_sdk.testing._refusal import Refusal

if TYPE_CHECKING:
    from netbird_sdk.testing._live_call import Context

__all__ = ["FailureLimiter", "ProxyToken", "ProxyTokens", "check_scope", "ip_of"]

_PREFIX: Final = "nbx_"
_SECRET_CHARACTERS: Final = 30
_CHECKSUM_CHARACTERS: Final = 6
_ALPHABET: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_BURST: Final = 5
_SECONDS_PER_ATTEMPT: Final = 12.0


@attrs.define(eq=False)
class ProxyToken:
    """An access token of a proxy; without an account it is good for all of them."""

    text: str = attrs.field(repr=masked)
    account_id: str | None
    expires_at: float | None
    revoked: bool = False


class FailureLimiter:
    """Allows five failed attempts per address at once, and one more every 12 s."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def is_exhausted(self, ip: str) -> bool:
        return self._attempts_left(ip) < 1

    def record_failure(self, ip: str) -> None:
        self._left[ip] = (max(0.0, self._attempts_left(ip) - 1), self._clock())

    def forget(self) -> None:
        """Give every address all its attempts back."""
        self._left.clear()

    def _attempts_left(self, ip: str) -> float:
        left, since = self._left.get(ip, (float(_BURST), 0.0))
        return min(float(_BURST), left + (self._clock() - since) / _SECONDS_PER_ATTEMPT)


class ProxyTokens:
    """The access tokens, and the check that every ProxyService call passes."""

    def __init__(
        self, clock: Callable[[], float], limiter: FailureLimiter | None
    ) -> None:
        self._clock = clock
        self._limiter = limiter
        self._tokens: dict[str, ProxyToken] = {}

    def add(self, account_id: str | None, lifetime: timedelta | None) -> str:
        secret = "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_CHARACTERS))
        text = _PREFIX + secret + _checksum(secret)
        expires_at = None
        if lifetime is not None:
            expires_at = self._clock() + lifetime.total_seconds()
        self._tokens[text] = ProxyToken(text, account_id, expires_at)
        return text

    def revoke(self, text: str) -> ProxyToken:
        try:
            token = self._tokens[text]
        except KeyError:
            raise ConfigurationError(
                "this server has not issued the proxy token that is to be revoked"
            ) from None
        token.revoked = True
        return token

    def admit(self, context: Context) -> ProxyToken:
        """Return the token of a call.

        Raises:
            Refusal: There is none, it is not valid, or too many were not before.
        """
        ip = ip_of(context)
        if self._limiter is not None and self._limiter.is_exhausted(ip):
            raise Refusal(
                StatusCode.RESOURCE_EXHAUSTED, "too many failed authentication attempts"
            )
        try:
            return self._token_of(context)
        except Refusal:
            if self._limiter is not None:
                self._limiter.record_failure(ip)
            raise

    def _token_of(self, context: Context) -> ProxyToken:
        header = _authorization(context)
        if header is None:
            raise _unauthenticated("missing authorization header")
        if not header.startswith("Bearer "):
            raise _unauthenticated("invalid authorization format")
        text = header.removeprefix("Bearer ")
        if not _is_well_formed(text):
            raise _unauthenticated("invalid token format")
        token = self._tokens.get(text)
        if token is None:
            raise _unauthenticated("invalid token")
        expired = token.expires_at is not None and self._clock() > token.expires_at
        if token.revoked or expired:
            raise _unauthenticated("token expired or revoked")
        return token


def check_scope(token: ProxyToken, account_id: str) -> None:
    """Refuse a request about an account that the token is not for."""
    if token.account_id is not None and token.account_id != account_id:
        raise Refusal(
            StatusCode.PERMISSION_DENIED,
            f"account-scoped token cannot access account {account_id}",
        )


def ip_of(context: Context) -> str:
    """Return the address a call comes from, without its port."""
    _, _, address = unquote(context.peer()).partition(":")
    return address.rpartition(":")[0].strip("[]")


def _authorization(context: Context) -> str | None:
    for key, value in context.invocation_metadata() or ():
        if key == "authorization":
            return value if isinstance(value, str) else value.decode("latin-1")
    return None


def _unauthenticated(details: str) -> Refusal:
    return Refusal(StatusCode.UNAUTHENTICATED, details)


def _is_well_formed(text: str) -> bool:
    secret = text[len(_PREFIX) : -_CHECKSUM_CHARACTERS]
    return (
        text.startswith(_PREFIX)
        and len(secret) == _SECRET_CHARACTERS
        and text.endswith(_checksum(secret))
    )


def _checksum(secret: str) -> str:
    number = binascii.crc32(secret.encode())
    digits = ""
    while number:
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits.rjust(_CHECKSUM_CHARACTERS, _ALPHABET[0])
