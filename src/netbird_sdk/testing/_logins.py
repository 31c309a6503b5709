"""When the logins of users' peers end, and how they are extended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from grpc import StatusCode

from netbird_sdk.keys import PublicKey
from netbird_sdk.testing._peers import Peer
from netbird_sdk.testing._refusal import Refusal
from netbird_sdk.testing._sessions import User

__all__ = ["Logins"]

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""How servers say that a login does not end."""
_A_DAY: Final = timedelta(days=1)


class Logins:
    """Knows since when each user's peer is logged in; other peers' never end."""

    def __init__(self, clock: Callable[[], float], users: dict[str, User]) -> None:
        self._clock = clock
        self._users = users
        self._lifetimes: dict[str, timedelta | None] = {}
        self._since: dict[PublicKey, float] = {}

    def set_lifetime(self, account_id: str, lifetime: timedelta | None) -> None:
        self._lifetimes[account_id] = lifetime

    def begin(self, peer: Peer) -> None:
        """Note that a peer's user has just logged in."""
        self._since[peer.public_key] = self._clock()

    def expire(self, peer: Peer) -> None:
        """Let a login be over from now on."""
        lifetime = self._lifetime(peer)
        assert lifetime is not None
        self._since[peer.public_key] = self._clock() - lifetime.total_seconds()

    def has_end(self, peer: Peer) -> bool:
        return self._lifetime(peer) is not None

    def deadline(self, peer: Peer) -> datetime:
        """Return the end of a peer's login; 1970 if it has none."""
        lifetime = self._lifetime(peer)
        if lifetime is None:
            return _NEVER
        since = self._since[peer.public_key]
        return datetime.fromtimestamp(since, UTC) + lifetime

    def has_expired(self, peer: Peer) -> bool:
        lifetime = self._lifetime(peer)
        if lifetime is None:
            return False
        since = self._since[peer.public_key]
        return self._clock() >= since + lifetime.total_seconds()

    def refuse_expired(self, peer: Peer) -> None:
        """Turn a peer away whose login is over.

        Raises:
            Refusal: It is.
        """
        if self.has_expired(peer):
            raise Refusal(
                StatusCode.PERMISSION_DENIED,
                "peer login has expired, please log in once more",
            )

    def refuse_blocked(self, peer: Peer) -> None:
        """Turn a peer away whose user is blocked.

        Raises:
            Refusal: The user is.
        """
        user = self._users.get(peer.user_id)
        if user is not None and user.denied_reason == "user_blocked":
            raise Refusal(StatusCode.PERMISSION_DENIED, "user is blocked")

    def extend(self, peer: Peer, user: User) -> datetime:
        """Begin a peer's login anew, and return its end.

        Raises:
            Refusal: It has no end, or belongs to another user.
        """
        if self._lifetimes.get(peer.account_id, _A_DAY) is None:
            raise Refusal(
                StatusCode.FAILED_PRECONDITION,
                "peer login expiration is disabled for the account",
            )
        if not peer.user_id:
            raise Refusal(
                StatusCode.FAILED_PRECONDITION,
                "peer is not eligible for session extension",
            )
        if peer.user_id != user.id:
            raise Refusal(
                StatusCode.PERMISSION_DENIED,
                "peer is already registered by a different User or a Setup Key",
            )
        self.begin(peer)
        return self.deadline(peer)

    def _lifetime(self, peer: Peer) -> timedelta | None:
        if not peer.user_id:
            return None
        return self._lifetimes.get(peer.account_id, _A_DAY)
