"""Everything this library raises on purpose.

    NetBirdError
    ├── ConfigurationError (a ValueError)  bad URL, malformed key      fatal
    ├── ClosedError                        used when not open          fatal
    ├── TransportError                     unreachable, reset, late    transient
    ├── RPCError                           any other gRPC status       by its code
    │   ├── AuthenticationError            UNAUTHENTICATED,
    │   │   │                              PERMISSION_DENIED           fatal
    │   │   ├── LoginRequiredError         the server knows no such peer
    │   │   ├── LoginExpiredError          its user has to log in again
    │   │   ├── SetupKeyError              the setup key lets it in no more
    │   │   ├── TokenError                 the JWT is no good
    │   │   │   └── TokenReusedError       it was used before, or may have been
    │   │   ├── UserBlockedError           its user may not have peers
    │   │   └── UserMismatchError          it belongs to somebody else
    │   └── UnsupportedError               UNIMPLEMENTED               fatal
    ├── ProtocolError                      undecodable, out of order   transient
    │   └── SealError                      a sealed body did not open  transient
    ├── SinkError                          a sink call failed          transient
    └── ExposeLostError                    a published port is gone    fatal

The kinds of AuthenticationError say what a peer was refused for, whatever status the
server said it with. Transient errors are worth another attempt, see `is_transient`.
What caused an error is its `__cause__`. Every error can be pickled and copied; as with
any Python exception, its cause and its traceback stay behind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from typing_extensions import override

if TYPE_CHECKING:
    import grpc

__all__ = [
    "AuthenticationError",
    "ClosedError",
    "ConfigurationError",
    "ExposeLostError",
    "LoginExpiredError",
    "LoginRequiredError",
    "NetBirdError",
    "ProtocolError",
    "RPCError",
    "SealError",
    "SetupKeyError",
    "SinkError",
    "TokenError",
    "TokenReusedError",
    "TransportError",
    "UnsupportedError",
    "UserBlockedError",
    "UserMismatchError",
    "is_transient",
]

_E = TypeVar("_E", bound="NetBirdError")

_TRANSIENT_CODES: Final = frozenset(
    {
        "RESOURCE_EXHAUSTED",
        "ABORTED",
        "INTERNAL",
        "UNKNOWN",
        # The server's usual way to end a stream, never our own cancellation.
        "CANCELLED",
        # Another proxy still holds the cluster address: it may let go of it.
        "ALREADY_EXISTS",
    }
)


class NetBirdError(Exception):
    """Base of all errors of this library."""

    @override
    def __reduce__(
        self,
    ) -> tuple[Callable[..., NetBirdError], tuple[object, ...]]:
        # Exceptions rebuild themselves from their positional arguments alone, which
        # would lose (or miss) the keyword-only ones.
        return (_rebuild, (type(self), self.args, dict(self.__dict__)))


class ConfigurationError(NetBirdError, ValueError):
    """A value given to this library cannot work; raised before any traffic."""


class ClosedError(NetBirdError):
    """A client was used before it was opened or after it was closed."""


class TransportError(NetBirdError):
    """The server could not be reached, or did not answer in time."""

    method: str
    """The RPC that failed."""
    code: grpc.StatusCode
    """UNAVAILABLE or DEADLINE_EXCEEDED."""
    details: str
    """What gRPC said: printable and shortened."""

    def __init__(
        self, message: str, *, method: str, code: grpc.StatusCode, details: str = ""
    ) -> None:
        super().__init__(message)
        self.method = method
        self.code = code
        self.details = details


class RPCError(NetBirdError):
    """The server, or something on the way to it, refused a call."""

    method: str
    """The RPC that failed."""
    code: grpc.StatusCode
    """The gRPC status code."""
    details: str
    """What the other side said: printable and shortened."""

    def __init__(
        self, message: str, *, method: str, code: grpc.StatusCode, details: str = ""
    ) -> None:
        super().__init__(message)
        self.method = method
        self.code = code
        self.details = details


class AuthenticationError(RPCError):
    """The credentials were refused, or do not allow this call."""


class LoginRequiredError(AuthenticationError):
    """The server does not know this peer: it was never registered, or was deleted."""


class LoginExpiredError(AuthenticationError):
    """The person whose peer this is has to log in again; no setup key helps."""


class SetupKeyError(AuthenticationError):
    """The setup key is unknown, expired, revoked or used up, or allows less."""


class TokenError(AuthenticationError):
    """The identity provider's token was refused: a fresh one is needed."""


class TokenReusedError(TokenError):
    """The token was used before, or was sent once and no answer came: it may be used.

    Servers take each token once, so it is not sent again.
    """


class UserBlockedError(AuthenticationError):
    """The person is blocked, waits for approval or is in none of the groups allowed."""


class UserMismatchError(AuthenticationError):
    """The peer was registered by another person, or with a setup key."""


class UnsupportedError(RPCError):
    """The server does not know this RPC: it is older, or it is no NetBird server."""


class ProtocolError(NetBirdError):
    """A message of the server cannot be decoded or was not to be expected."""

    method: str
    """The RPC whose message it was, empty when none was involved."""

    def __init__(self, message: str, *, method: str = "") -> None:
        super().__init__(message)
        self.method = method


class SealError(ProtocolError):
    """A sealed body did not open: damaged, or sealed with other keys."""


class SinkError(NetBirdError):
    """A call of the sink failed or took too long; `__cause__` says what it raised."""


class ExposeLostError(NetBirdError):
    """A published port could not be kept; its `__cause__` says what happened.

    Expose it again to publish it under a new name.
    """

    domain: str
    """Where it was published."""

    def __init__(self, message: str, *, domain: str) -> None:
        super().__init__(message)
        self.domain = domain


def is_transient(error: NetBirdError) -> bool:
    """Say whether the same attempt may succeed later without a change on our side."""
    if isinstance(error, AuthenticationError):
        return False
    if isinstance(error, RPCError):
        return error.code.name in _TRANSIENT_CODES
    return isinstance(error, TransportError | ProtocolError | SinkError)


def _rebuild(
    kind: type[_E], args: tuple[object, ...], attributes: dict[str, object]
) -> _E:
    error = kind.__new__(kind, *args)
    error.__dict__.update(attributes)
    return error
