"""Logging a peer in: what is sent when, what is tried again, and what is not."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from random import Random
from typing import Final

import attrs
import grpc

from netbird_sdk._credentials import check_setup_key, check_token
from netbird_sdk._methods import management as rpc
from netbird_sdk._sealed import SealedCalls
from netbird_sdk.config import Backoff
from netbird_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    LoginExpiredError,
    NetBirdError,
    ProtocolError,
    RPCError,
    SetupKeyError,
    TokenReusedError,
    TransportError,
    UserBlockedError,
    is_transient,
)
from netbird_sdk.keys import PublicKey
from netbird_sdk.models.management import (
    LoginRequest,
    LoginResponse,
    PeerKeys,
    PeerSystemMeta,
)
from netbird_sdk.system import check_meta

__all__ = ["LOGIN_BACKOFF", "Credential", "Patience", "log_in", "login_request"]

LOGIN_BACKOFF: Final = Backoff(initial=0.5, maximum=10.0)

_logger = logging.getLogger(__name__)

_DNS_LABEL: Final = re.compile(
    r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*"
    r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?",
    re.IGNORECASE,
)
_MAX_DNS_LABELS: Final = 32
# The way to the server is wrong in itself: waiting mends none of these.
_WRONG_SERVER: Final = re.compile(
    r"CERTIFICATE_VERIFY_FAILED|not in peer certificate|Hostname Verification|"
    r"WRONG_VERSION_NUMBER|http1\.x server|missing selected ALPN|Expected SETTINGS",
    re.IGNORECASE,
)
_WEB_SERVER: Final = re.compile(r"http2 header with status", re.IGNORECASE)


@attrs.frozen(kw_only=True)
class Credential:
    """What registers a peer: one of the two is set."""

    setup_key: str = attrs.field(default="", repr=False)
    jwt: str = attrs.field(default="", repr=False)

    @classmethod
    def given(cls, *, setup_key: str | None, jwt: str | None) -> Credential | None:
        """Return what a caller gave, checked; None for nothing.

        Raises:
            ConfigurationError: It is both, or malformed.
        """
        if setup_key is not None and jwt is not None:
            raise ConfigurationError("give login a setup_key or a jwt, not both")
        if setup_key is not None:
            return cls(setup_key=check_setup_key(setup_key))
        if jwt is not None:
            return cls(jwt=check_token(jwt, what="JWT"))
        return None

    @property
    def name(self) -> str:
        """What errors call it."""
        return "setup key" if self.setup_key else "JWT"


@attrs.frozen(kw_only=True)
class Patience:
    """How long failures that may pass are met with another attempt."""

    retry_for: float = 30.0
    """No attempt begins later than so many seconds after the first."""
    backoff: Backoff = LOGIN_BACKOFF
    random: Random | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.retry_for < float("inf"):
            raise ConfigurationError(
                f"retry_for must be 0 or a number of seconds, got {self.retry_for!r}"
            )


def login_request(
    public_key: PublicKey,
    meta: PeerSystemMeta,
    *,
    ssh_public_key: str = "",
    dns_labels: Iterable[str] = (),
) -> LoginRequest:
    """Return the request of a login without credentials.

    Raises:
        ConfigurationError: The server would refuse it without saying why, or it would
            do harm.
    """
    check_meta(meta)
    return LoginRequest(
        meta=meta,
        peer_keys=PeerKeys(
            ssh_pub_key=ssh_public_key.encode(), wg_pub_key=str(public_key).encode()
        ),
        dns_labels=_checked_dns_labels(dns_labels),
    )


async def log_in(
    calls: SealedCalls,
    request: LoginRequest,
    credential: Credential | None,
    *,
    timeout: float | None,
    patience: Patience,
) -> LoginResponse:
    """Log a peer in, register it if it is unknown, and try again within bounds.

    Raises:
        NetBirdError: The last attempt's, or one that no other attempt can mend.
    """
    peer = _Attempts(calls, request, credential, timeout)
    delays = patience.backoff.delays(patience.random)
    began = patience.clock()
    number = 0
    while True:
        number += 1
        try:
            return await peer.attempt()
        except NetBirdError as error:
            delay = next(delays)
            elapsed = patience.clock() - began
            if not _may_pass(error):
                raise
            if elapsed + delay > patience.retry_for:
                if patience.retry_for:
                    error.add_note(f"given up after {number} attempts, {elapsed:.1f} s")
                peer.raise_if_token_was_sent()
                raise
            level = logging.WARNING if number == 1 else logging.DEBUG
            _logger.log(level, "login is tried again in %.1f s: %s", delay, error)
        await patience.sleep(delay)


class _Attempts:
    """The attempts of one login, and what they have left behind at the server."""

    def __init__(
        self,
        calls: SealedCalls,
        request: LoginRequest,
        credential: Credential | None,
        timeout: float | None,
    ) -> None:
        self._calls = calls
        self._request = request
        self._credential = credential
        self._timeout = timeout
        self._unanswered: TransportError | RPCError | ProtocolError | None = None
        """How a registration ended that the server may have gone through with."""

    async def attempt(self) -> LoginResponse:
        """Log in without credentials; if the server wants some, send them."""
        try:
            return await self._send(self._request)
        except AuthenticationError as denied:
            credential = self._credential
            if credential is None or not _helps(credential, denied):
                raise
        self.raise_if_token_was_sent()
        try:
            await self._register(credential)
        except SetupKeyError as refused:
            if self._unanswered is None:
                raise
            # Our own earlier registration may have been what used the setup key up.
            try:
                return await self._send(self._request)
            except AuthenticationError:
                raise refused from None
        # When one key is registered twice at once, by two processes say, real servers
        # answer one of them with an address that nobody has. Only a login tells.
        return await self._send(self._request)

    def raise_if_token_was_sent(self) -> None:
        """Raise if the token went out and the server never said what came of it."""
        error = self._unanswered
        if error is None or self._credential is None or not self._credential.jwt:
            return
        code, details = grpc.StatusCode.UNKNOWN, ""
        if not isinstance(error, ProtocolError):
            code, details = error.code, error.details
        raise TokenReusedError(
            f"{error}. The JWT was sent and may have been taken, so it is not sent "
            "again. Hint: get a fresh token from the identity provider and log in with "
            "that",
            method=rpc.LOGIN.name,
            code=code,
            details=details,
        ) from error

    async def _register(self, credential: Credential) -> None:
        request = attrs.evolve(
            self._request, setup_key=credential.setup_key, jwt_token=credential.jwt
        )
        try:
            await self._send(request)
        except (TransportError, RPCError, ProtocolError) as error:
            # Failing to get the server's key comes before anything is sent.
            if error.method != rpc.GET_SERVER_KEY.name and _may_pass(error):
                self._unanswered = error
            raise

    async def _send(self, request: LoginRequest) -> LoginResponse:
        return await self._calls.sealed(rpc.LOGIN, request, self._timeout)


def _helps(credential: Credential, denied: AuthenticationError) -> bool:
    """Whether a refused peer gets in with its credential."""
    if denied.code is not grpc.StatusCode.PERMISSION_DENIED:
        return False
    if isinstance(denied, UserBlockedError) or _WEB_SERVER.search(denied.details):
        return False
    # A setup key registers; only the person can renew.
    return not isinstance(denied, LoginExpiredError) or bool(credential.jwt)


def _may_pass(error: NetBirdError) -> bool:
    """Whether the same login may succeed a little later."""
    if isinstance(error, TransportError):
        return not _WRONG_SERVER.search(error.details)
    if isinstance(error, RPCError):
        if "with the same public key is already logged in" in error.details:
            return False  # a ban of ten minutes or longer
        # The peer's own registration of a moment ago: the next login finds it.
        return "peer has been already registered" in error.details or is_transient(
            error
        )
    # An answer damaged on the way, or sealed with the key of before a restart; but
    # what has no key to tell is no management server.
    return isinstance(error, ProtocolError) and error.method != rpc.GET_SERVER_KEY.name


def _checked_dns_labels(labels: Iterable[str]) -> tuple[str, ...]:
    if isinstance(labels, str):
        raise ConfigurationError("dns_labels takes a list of names, not one text")
    checked = tuple(map(_dns_label, labels))
    if len(checked) > _MAX_DNS_LABELS:
        raise ConfigurationError(
            f"a peer may have {_MAX_DNS_LABELS} dns_labels, not {len(checked)}"
        )
    return checked


def _dns_label(label: str) -> str:
    try:
        ascii_label = label.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_label = ""
    if not _DNS_LABEL.fullmatch(ascii_label):
        raise ConfigurationError(
            f"the DNS label {label!r} is no host name: letters, digits and inner "
            "hyphens, 63 characters between dots"
        )
    return ascii_label
