"""The tokens in mappings, each good for making one proxy peer."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Sequence
from typing import Final

__all__ = ["OneTimeTokens"]

_SECONDS_VALID: Final = 300.0
_TOKEN_BYTES: Final = 32


class OneTimeTokens:
    """Tokens bound to an account and a service, valid once and for five minutes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        # In the order they were issued, hence in the order they expire.
        self._issued: dict[str, tuple[str, str, float]] = {}

    def issue(self, bindings: Sequence[tuple[str, str]]) -> list[bytes]:
        """Return a new token for each pair of account id and service id."""
        now = self._clock()
        self._drop_expired(now)
        expires_at = now + _SECONDS_VALID
        random = os.urandom(_TOKEN_BYTES * len(bindings))
        tokens: list[bytes] = []
        for i, (account_id, service_id) in enumerate(bindings):
            start = i * _TOKEN_BYTES
            token = base64.urlsafe_b64encode(random[start : start + _TOKEN_BYTES])
            self._issued[token.decode()] = (account_id, service_id, expires_at)
            tokens.append(token)
        return tokens

    def use(self, token: str, account_id: str, service_id: str) -> str | None:
        """Use a token up; return why it is refused, or None."""
        self._drop_expired(self._clock())
        if token not in self._issued:
            return "invalid token"
        account, service, _ = self._issued[token]
        # A token named for another account or service stays valid.
        if account != account_id:
            return "account ID mismatch"
        if service != service_id:
            return "service ID mismatch"
        del self._issued[token]
        return None

    def forget(self) -> None:
        """Make every token invalid."""
        self._issued.clear()

    def _drop_expired(self, now: float) -> None:
        while self._issued:
            token = next(iter(self._issued))
            if self._issued[token][2] > now:
                return
            del self._issued[token]
