"""Keeping the login of a person's peer from expiring."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from netbird_sdk.config import Backoff
from netbird_sdk.errors import (
    ClosedError,
    NetBirdError,
    TokenError,
    is_transient,
)
from netbird_sdk.network_state import NetworkState

__all__ = ["RENEW_BACKOFF", "LoginSession", "watch_deadline"]

RENEW_BACKOFF: Final = Backoff(initial=15.0, factor=2.0, maximum=60.0, jitter=0.2)
_LONGEST_WAIT: Final = 60.0
"""Seconds without a look at the clock: a machine sleeps, and clocks are set."""

_logger: Final = logging.getLogger(__name__)


class LoginSession(Protocol):
    """What is watched: a `SyncSession`."""

    @property
    def network(self) -> NetworkState:
        """Says in `session_expires_at` when the login expires."""
        ...

    async def wait_until(
        self, condition: Callable[[NetworkState], bool]
    ) -> NetworkState:
        """Wait for a network that fulfils a condition.

        Raises:
            ClosedError: The session is over.
        """
        ...

    async def extend_auth_session(self, jwt: str) -> datetime | None:
        """Extend the login and return its new end.

        Raises:
            NetBirdError: It was not extended, as far as is known.
        """
        ...


async def watch_deadline(
    session: LoginSession,
    renew: Callable[[], Awaitable[str]],
    *,
    lead: timedelta = timedelta(minutes=10),
    backoff: Backoff = RENEW_BACKOFF,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> None:
    """Extend the login of a peer in time, again and again, while its session runs.

    Returns when the session is over; cancel it before if you like. A login that does
    not expire, or whose deadline the server moves by itself, is only watched.

    Args:
        session: Where the deadline is known from.
        renew: Has the same person log in at the identity provider, and returns the
            fresh JWT. It is called again for each attempt, since servers take a token
            once: whatever becomes of an attempt, its token is not sent again.
        lead: How long before the deadline to begin; at the earliest when half of an
            extended login is over.
        backoff: The waits between attempts.
        clock: The time of day.

    Raises:
        NetBirdError: What no other token can mend, such as UserMismatchError, or
            RPCError FAILED_PRECONDITION where the login cannot be extended. What
            `renew` itself raises is logged and met with another attempt.
    """
    renewal = _Renewal(session, renew, clock)
    begin_at: datetime | None = None
    with suppress(ClosedError):
        while True:
            deadline = session.network.session_expires_at
            if deadline is None:
                await session.wait_until(lambda n: n.session_expires_at is not None)
                continue
            due = deadline - lead
            if begin_at is not None and begin_at < deadline:
                due = max(due, begin_at)
            if (remaining := (due - clock()).total_seconds()) > 0:
                await _change_of(session, deadline, min(remaining, _LONGEST_WAIT))
                continue
            for delay in backoff.delays():
                if await renewal.attempt():
                    break
                if await _change_of(session, deadline, delay):
                    break
            new = session.network.session_expires_at
            begin_at = None if new is None else clock() + (new - clock()) / 2


class _Renewal:
    def __init__(
        self,
        session: LoginSession,
        renew: Callable[[], Awaitable[str]],
        clock: Callable[[], datetime],
    ) -> None:
        self._session = session
        self._renew = renew
        self._clock = clock
        self._last_used = b""
        """Digest of the token sent last."""

    async def attempt(self) -> bool:
        """Extend the login; return False for another attempt.

        Raises:
            NetBirdError: No further attempt can help.
        """
        try:
            jwt = await self._renew()
        except Exception:
            _logger.exception("renewing the login: no token could be had")
            return False
        digest = hashlib.sha256(jwt.encode()).digest()
        if digest == self._last_used:
            _logger.warning("renewing the login: renew() returned a token sent before")
            return False
        self._last_used = digest
        try:
            deadline = await self._session.extend_auth_session(jwt)
        except NetBirdError as error:
            if not (is_transient(error) or isinstance(error, TokenError)):
                raise
            _logger.warning("renewing the login: %s", error)
            return False
        _logger.info("the login was extended until %s", deadline)
        return deadline is None or deadline > self._clock()


async def _change_of(session: LoginSession, deadline: datetime, seconds: float) -> bool:
    """Wait for another deadline; return False if there was none in time."""
    try:
        async with asyncio.timeout(seconds):
            await session.wait_until(lambda n: n.session_expires_at != deadline)
    except TimeoutError:
        return False
    return True
