"""How connections are made and kept: TLS, keepalive, and the wait between attempts."""

from __future__ import annotations

import os
import random as _random
from collections.abc import Iterator
from typing import Final

import attrs

from netbird_sdk.errors import ConfigurationError

__all__ = ["TLS", "Backoff", "Keepalive"]

_MIN_KEEPALIVE_INTERVAL: Final = 15.0
# gRPC counts milliseconds in a signed 32-bit number.
_MAX_SECONDS: Final = 2_000_000.0


def _file_name(value: str | os.PathLike[str] | None) -> str | None:
    return None if value is None else os.fspath(value)


def _number(
    instance: object, field: attrs.Attribute[float], value: object, minimum: float
) -> float:
    name = f"{type(instance).__name__}.{field.name}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigurationError(f"{name} must be a number, got {value!r}")
    if not minimum <= value <= _MAX_SECONDS:
        raise ConfigurationError(
            f"{name} must be between {minimum:g} and {_MAX_SECONDS:.0f}, got {value!r}"
        )
    return value


def _positive(instance: object, field: attrs.Attribute[float], value: object) -> None:
    if _number(instance, field, value, 0) == 0:
        raise ConfigurationError(
            f"{type(instance).__name__}.{field.name} must be greater than 0"
        )


def _at_least_one(
    instance: object, field: attrs.Attribute[float], value: object
) -> None:
    _number(instance, field, value, 1)


def _share(instance: object, field: attrs.Attribute[float], value: object) -> None:
    if _number(instance, field, value, 0) > 1:
        raise ConfigurationError(
            f"{type(instance).__name__}.{field.name} must be between 0 and 1, "
            f"got {value!r}"
        )


def _keepalive_interval(
    instance: object, field: attrs.Attribute[float], value: object
) -> None:
    if _number(instance, field, value, 0) < _MIN_KEEPALIVE_INTERVAL:
        raise ConfigurationError(
            f"Keepalive.interval must be at least {_MIN_KEEPALIVE_INTERVAL:g} seconds, "
            f"got {value!r}: NetBird servers allow one ping in 15 seconds and close "
            "the connection of a client that sends more (too_many_pings)"
        )


@attrs.frozen(kw_only=True)
class TLS:
    """Whom to trust, and which certificate to show, on https connections.

    Without it the certificate authorities that this machine trusts are used. Files are
    read each time a connection is opened, so renewed ones are picked up.
    """

    ca_file: str | None = attrs.field(default=None, converter=_file_name)
    """PEM file of the authorities to trust instead of the machine's."""
    ca_pem: str | None = attrs.field(default=None, repr=False)
    """The same as text; give one of the two."""
    certificate_file: str | None = attrs.field(default=None, converter=_file_name)
    """PEM file of our own certificate and its chain, for servers that ask for one."""
    private_key_file: str | None = attrs.field(default=None, converter=_file_name)
    """PEM file of the private key of `certificate_file`, without a passphrase."""
    server_name: str | None = None
    """The name the server's certificate must carry, when it is not the URL's host."""

    def __attrs_post_init__(self) -> None:
        if self.ca_file is not None and self.ca_pem is not None:
            raise ConfigurationError("TLS: give ca_file or ca_pem, not both")
        if (self.certificate_file is None) != (self.private_key_file is None):
            missing = (
                "certificate_file"
                if self.certificate_file is None
                else "private_key_file"
            )
            raise ConfigurationError(
                "TLS: a client certificate takes both certificate_file and "
                f"private_key_file; {missing} is missing"
            )
        if self.server_name is not None and not self.server_name.strip():
            raise ConfigurationError("TLS.server_name must not be empty")


@attrs.frozen(kw_only=True)
class Backoff:
    """How long to wait between attempts: ever longer, at random, without end.

    The interval starts at `initial` seconds and grows by `factor` up to `maximum`. Each
    delay is drawn evenly from `interval * (1 - jitter)` to `interval * (1 + jitter)`,
    and from no further than `maximum`: no delay is longer, and clients that lost the
    same server do not gather there. With the defaults the first delay is up to 1.6 s
    and from the sixth on any is equally likely between 0 and 10 s.
    """

    initial: float = attrs.field(default=0.8, validator=_positive)
    """Seconds; what the first delay is around."""
    factor: float = attrs.field(default=1.7, validator=_at_least_one)
    """How much longer each interval is than the one before."""
    maximum: float = attrs.field(default=10.0, validator=_positive)
    """Seconds; no delay is longer."""
    jitter: float = attrs.field(default=1.0, validator=_share)
    """How far a delay may be from its interval: 0 not at all, 1 down to no delay."""

    def __attrs_post_init__(self) -> None:
        if self.maximum < self.initial:
            raise ConfigurationError(
                f"Backoff.maximum ({self.maximum:g}) must not be less than "
                f"Backoff.initial ({self.initial:g})"
            )

    def delays(self, random: _random.Random | None = None) -> Iterator[float]:
        """Yield the delays in seconds, for ever; take a new iterator to start over.

        Give a seeded `random` to get the same delays again.
        """
        uniform = _random.uniform if random is None else random.uniform
        interval = self.initial
        while True:
            shortest = interval * (1 - self.jitter)
            longest = min(interval * (1 + self.jitter), self.maximum)
            # Rounding may carry a draw past the end of its range.
            yield min(uniform(shortest, longest), longest)
            interval = min(interval * self.factor, self.maximum)


@attrs.frozen(kw_only=True)
class Keepalive:
    """HTTP/2 pings that notice a server, or a way to it, that went away silently."""

    interval: float = attrs.field(default=20.0, validator=_keepalive_interval)
    """Seconds between pings; servers forbid less than 15."""
    timeout: float = attrs.field(default=10.0, validator=_positive)
    """Seconds to wait for the answer before the connection is given up."""
