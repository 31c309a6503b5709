"""What a port can be exposed with: checked here, so that errors name the argument."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from netbird_sdk.errors import ConfigurationError
from netbird_sdk.models.management import ExposeProtocol, ExposeServiceRequest

__all__ = ["ExposeProtocolName", "expose_request"]

ExposeProtocolName: TypeAlias = Literal["http", "https", "tcp", "udp", "tls"]
"""How a port is published; `https`: the port itself speaks HTTPS."""

_HTTP: Final = ("http", "https")
_PROTOCOLS: Final = {
    "http": ExposeProtocol.HTTP,
    "https": ExposeProtocol.HTTPS,
    "tcp": ExposeProtocol.TCP,
    "udp": ExposeProtocol.UDP,
    "tls": ExposeProtocol.TLS,
}
_HIGHEST_PORT: Final = 65_535
_PIN: Final = re.compile(r"[0-9]{6}")
_NAME_PREFIX: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
_LABEL: Final = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"({_LABEL}\.)*{_LABEL}")
_LONGEST_DOMAIN: Final = 253 - len("." + "-abcd" + "x" * 32)
"""The server puts a label in front of it."""


def expose_request(
    *,
    port: int,
    protocol: ExposeProtocolName,
    name_prefix: str | None,
    domain: str | None,
    pin: str | None,
    password: str | None,
    user_groups: Iterable[str],
    listen_port: int | None,
) -> ExposeServiceRequest:
    """Return the request for these arguments of `ManagementClient.expose`.

    Raises:
        ConfigurationError: The server would refuse one of them, or ignore it.
    """
    if protocol not in _PROTOCOLS:
        known = ", ".join(_PROTOCOLS)
        raise ConfigurationError(f"protocol must be one of {known}, got {protocol!r}")
    if isinstance(user_groups, str):
        raise ConfigurationError(
            f"user_groups must be several names, not the text {user_groups!r}"
        )
    groups = tuple(user_groups)
    if "" in groups:
        raise ConfigurationError("user_groups has an empty name")
    _check_port("port", port)
    if listen_port is not None:
        _check_port("listen_port", listen_port)
    given = {"pin": pin, "password": password, "user_groups": groups or None}
    _check_mode(protocol, {k for k, v in given.items() if v is not None}, listen_port)
    # An empty one would leave the service open to everybody without a word.
    if pin is not None and not _PIN.fullmatch(pin):
        raise ConfigurationError("pin must be exactly 6 digits")
    if password == "":
        raise ConfigurationError("password is empty: leave it out for none")
    if name_prefix is not None and not _NAME_PREFIX.fullmatch(name_prefix):
        raise ConfigurationError(
            f"name_prefix {name_prefix!r} must be 1 to 32 lower-case letters, digits "
            "and hyphens, and neither begin nor end with a hyphen"
        )
    if domain is not None and (
        not _DOMAIN.fullmatch(domain) or len(domain) > _LONGEST_DOMAIN
    ):
        raise ConfigurationError(
            f"domain {domain!r} must be a lower-case DNS name with room for a label in "
            "front of it, such as proxy.example.com"
        )
    return ExposeServiceRequest(
        port=port,
        protocol=_PROTOCOLS[protocol],
        pin=pin or "",
        password=password or "",
        user_groups=groups,
        domain=domain or "",
        name_prefix=name_prefix or "",
        listen_port=listen_port or 0,
    )


def _check_port(name: str, port: int) -> None:
    if type(port) is not int or not 1 <= port <= _HIGHEST_PORT:
        raise ConfigurationError(f"{name} must be from 1 to 65535, got {port!r}")


def _check_mode(protocol: str, secured_by: set[str], listen_port: int | None) -> None:
    if protocol in _HTTP:
        if listen_port is not None:
            raise ConfigurationError(
                f"listen_port is for tcp, udp and tls; {protocol} is served on the "
                "proxy's own port"
            )
    elif secured_by:
        names = " and ".join(sorted(secured_by))
        raise ConfigurationError(
            f"{names} cannot protect {protocol}: only http and https can ask visitors "
            "who they are"
        )
