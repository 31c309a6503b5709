"""Setup keys: what lets a new peer in without a user."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta

import attrs
from grpc import StatusCode

from netbird_sdk._model import masked
from netbird_sdk.errors import ConfigurationError
from netbird_sdk.models.management import LoginRequest
from netbird_sdk.testing._refusal import Refusal

__all__ = ["SetupKey", "SetupKeys"]


@attrs.define(eq=False)
class SetupKey:
    """A setup key, and how often it was used."""

    text: str = attrs.field(repr=masked)
    account_id: str
    usage_limit: int | None
    expires_at: float | None
    allows_dns_labels: bool
    revoked: bool
    used: int = 0


class SetupKeys:
    """The setup keys that were handed out."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_text: dict[str, SetupKey] = {}

    def add(
        self,
        account_id: str,
        usage_limit: int | None,
        lifetime: timedelta | None,
        *,
        allows_dns_labels: bool,
        revoked: bool,
    ) -> str:
        text = str(uuid.uuid4()).upper()
        expires_at = None
        if lifetime is not None:
            expires_at = self._clock() + lifetime.total_seconds()
        self._by_text[text] = SetupKey(
            text, account_id, usage_limit, expires_at, allows_dns_labels, revoked
        )
        return text

    def revoke(self, text: str) -> None:
        try:
            self._by_text[text.upper()].revoked = True
        except KeyError:
            raise ConfigurationError(
                "this server has not issued the setup key that is to be revoked"
            ) from None

    def valid_for(self, request: LoginRequest) -> SetupKey:
        """Return the setup key of a login.

        Raises:
            Refusal: It lets nobody in, or not this peer.
        """
        key = self._by_text.get(request.setup_key.upper())
        if (
            key is None
            or key.revoked
            or (key.usage_limit is not None and key.used >= key.usage_limit)
            or (key.expires_at is not None and self._clock() > key.expires_at)
        ):
            raise Refusal(
                StatusCode.NOT_FOUND, "couldn't add peer: setup key is invalid"
            )
        if request.dns_labels and not key.allows_dns_labels:
            raise Refusal(
                StatusCode.FAILED_PRECONDITION,
                "couldn't add peer: setup key doesn't allow extra DNS labels",
            )
        return key
