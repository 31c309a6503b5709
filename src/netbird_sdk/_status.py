"""From gRPC statuses to the error tree, with a hint where the usual reason is known."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import attrs

from netbird_sdk.errors import (
    AuthenticationError,
    LoginExpiredError,
    LoginRequiredError,
    NetBirdError,
    RPCError,
    SetupKeyError,
    TokenError,
    TokenReusedError,
    TransportError,
    UnsupportedError,
    UserBlockedError,
    UserMismatchError,
)

if TYPE_CHECKING:
    import grpc
    import grpc.aio

__all__ = ["call_error", "error_from_status", "hides_status"]

_MAX_DETAILS: Final = 500

_KINDS: Final[dict[str, type[TransportError | RPCError]]] = {
    "UNAVAILABLE": TransportError,
    "DEADLINE_EXCEEDED": TransportError,
    "UNAUTHENTICATED": AuthenticationError,
    "PERMISSION_DENIED": AuthenticationError,
    "UNIMPLEMENTED": UnsupportedError,
}


@attrs.frozen
class _Hint:
    """What to try when the details of a status match a pattern."""

    pattern: str
    text: str
    kind: type[RPCError] | None = None
    """What the details are worth more than the status code for."""


_NO_HINT: Final = _Hint("", "")

# The first match counts. The wording of gRPC differs between its releases.
_HINTS: Final = (
    # Something that is no gRPC server answered
    _Hint(
        r"http2 header with status: \d+",
        "this is the HTTP answer of a web server or reverse proxy, not of NetBird: let "
        "it pass the paths /management.ManagementService/ and /management.ProxyService/"
        " on to the management server over HTTP/2",
    ),
    _Hint(
        r"http1\.x server|missing selected ALPN|Expected SETTINGS frame",
        "the server speaks HTTP/1.1 only, which cannot carry gRPC: check host and port,"
        " and that a reverse proxy in between speaks HTTP/2",
    ),
    _Hint(
        r"Stream removed(?!.*(larger than max|reset|closed|ping timeout))",
        "the answer was no gRPC, or broke off: a server that is being stopped does "
        "that, and a web server or reverse proxy that sends a page of its own",
    ),
    # TLS
    _Hint(
        r"WRONG_VERSION_NUMBER",
        "the server does not speak TLS on this port: check the port, or use http:// if "
        "it is meant to be so",
    ),
    _Hint(
        r"not in peer certificate|Hostname Verification",
        "the server's certificate is for another name: use that name in the URL, or set"
        " TLS(server_name=...)",
    ),
    _Hint(
        r"CERTIFICATE_VERIFY_FAILED",
        "the server's certificate is expired or not from an authority this machine "
        "trusts: give yours with TLS(ca_file=...)",
    ),
    _Hint(
        r"handshake",
        "no TLS connection came about: the server may not speak TLS on this port, or "
        "may ask for a client certificate",
    ),
    # The way there
    _Hint(
        r"DNS resolution failed|errors resolving|address lookup failed",
        "the host name of the URL could not be looked up: check its spelling and this "
        "machine's DNS",
    ),
    _Hint(
        r"Connection refused",
        "nothing listens there: check the port, and that the server runs",
    ),
    _Hint(
        r"Socket closed|Connection reset",
        "the server closed the connection: it may want TLS (https:// in the URL), or a "
        "client certificate",
    ),
    _Hint(
        r"ping timeout|keepalive",
        "the server, or something on the way to it, has fallen silent",
    ),
    _Hint(
        r"Deadline Exceeded",
        "no answer in time: the server is overloaded, or a firewall drops the traffic",
    ),
    # Limits
    _Hint(
        r"message larger than max",
        "a message is beyond the size limit of one side; the limit of this client is "
        "max_message_bytes",
    ),
    _Hint(
        r"too many failed authentication attempts",
        "the server refuses this address for a while after wrong tokens, even with the "
        "right one: correct the token and wait a minute",
    ),
    # Tokens of identity providers
    _Hint(
        r"JWT already used",
        "each token logs in once: get a fresh one from the identity provider (servers "
        "also say so when they failed after taking the token)",
        TokenReusedError,
    ),
    _Hint(
        r"invalid jwt token|JWT expired|jwt token (has no|did not|is required)",
        "get a fresh token from the identity provider that this server trusts",
        TokenError,
    ),
    # Proxy tokens
    _Hint(
        r"missing authorization header|invalid authorization format",
        "the proxy token did not arrive: a reverse proxy may have removed the header",
    ),
    _Hint(
        r"token validation: ",
        "the one-time token was used or is older than five minutes: a fresh one comes "
        "with the mapping's next message, at the latest after a reconnect",
    ),
    _Hint(
        r"invalid token|token expired or revoked",
        "the proxy token is unknown, expired or revoked (some servers also say so when "
        "their database fails): make a new one on the management server",
    ),
    # Peers
    _Hint(
        r"no peer auth method provided",
        "the server does not know this peer's key yet: pass setup_key=... or jwt=... "
        "to login()",
        LoginRequiredError,
    ),
    _Hint(
        r"peer is not registered",
        "the peer was deleted or never registered: call login() first",
        LoginRequiredError,
    ),
    _Hint(
        r"setup key is invalid",
        "the setup key is unknown, expired, revoked or used up: make a new one in the "
        "dashboard",
        SetupKeyError,
    ),
    _Hint(
        r"setup key doesn't allow extra DNS labels",
        "leave dns_labels out, or make a setup key that allows them",
        SetupKeyError,
    ),
    _Hint(
        r"login has expired",
        "the user has to log in again through single sign-on and pass jwt=... to "
        "login(); a setup key does not help",
        LoginExpiredError,
    ),
    _Hint(
        r"user is blocked|pending approval|any of the allowed JWT groups",
        "an administrator has to unblock or approve the user, or to add them to a "
        "group that is allowed in",
        UserBlockedError,
    ),
    _Hint(
        r"registered by a different User",
        "log in as the user who registered this peer, or delete the peer in the "
        "dashboard and register it again",
        UserMismatchError,
    ),
    _Hint(
        r"with the same public key is already logged in",
        "the server blocks this key for ten minutes or longer, for it logged in too "
        "often or from machines that differ: see that each machine has its own key",
    ),
    _Hint(
        r"peer expose is not enabled|no group is set for peer expose|allowed expose",
        "an administrator has to allow this peer's group to expose services, in the "
        "settings of the account",
    ),
    _Hint(
        r"could not derive cluster",
        "a service is published below the domain of a connected proxy, or below a "
        "custom domain of the account",
    ),
    _Hint(
        r"is in use by proxy",
        "a service leads to this peer: end what it exposes, or delete the service",
    ),
    _Hint(
        r"unknown (service|method)|Method not found",
        "the server is older than this RPC, or is not NetBird's management server",
    ),
)


def error_from_status(
    method: str, code: grpc.StatusCode, details: str | None, *, hint: str | None = None
) -> NetBirdError:
    """Return the error for a status that `method` ended with.

    `hint` takes the place of the one that the details would give.
    """
    shown = _printable(details or "")
    known = _known(shown)
    hint = known.text if hint is None else hint
    message = f"{method} failed with {code.name}"
    if shown:
        message += f": {shown}"
    if hint:
        message += f". Hint: {hint}"
    kind = _KINDS.get(code.name, RPCError)
    if known.kind is not None and issubclass(kind, RPCError):
        kind = known.kind
    return kind(message, method=method, code=code, details=shown)


def call_error(method: str, error: grpc.aio.AioRpcError) -> NetBirdError:
    """Return the error for a failed call; raise it `from` the one of gRPC."""
    return error_from_status(method, error.code(), error.details())


def hides_status(error: RPCError) -> bool:
    """Whether gRPC lost the status with which a server ended a stream at once.

    It does so when the status overtakes the stream's first message: seen on one call in
    eight to a real server without SyncMappings, and on every second one of a new
    connection. A call without messages of our own never suffers from it.
    """
    return error.code.name == "INTERNAL" and error.details == "Internal error from Core"


def _known(details: str) -> _Hint:
    for hint in _HINTS:
        if re.search(hint.pattern, details, re.IGNORECASE):
            return hint
    return _NO_HINT


def _printable(details: str) -> str:
    """Make text of a server fit for a terminal and a log line."""
    # Cut first with room to spare: a server may send megabytes.
    cut = details[: 4 * _MAX_DETAILS]
    text = " ".join("".join(c if c.isprintable() else " " for c in cut).split())
    if len(text) > _MAX_DETAILS or len(cut) < len(details):
        return text[:_MAX_DETAILS].rstrip() + "…"
    return text
