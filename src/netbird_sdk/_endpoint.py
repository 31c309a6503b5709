"""From a management URL to the address that gRPC dials."""

from __future__ import annotations

import ipaddress
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

import attrs

from netbird_sdk.errors import ConfigurationError

__all__ = ["Endpoint", "parse_url"]

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
# Underscores are no host name, but container networks hand out names with them.
_HOST_NAME: Final = re.compile(
    r"(?=.{1,253}\Z)[A-Z0-9_]([A-Z0-9_-]{0,61}[A-Z0-9_])?"
    r"(\.[A-Z0-9_]([A-Z0-9_-]{0,61}[A-Z0-9_])?)*\.?",
    re.IGNORECASE,
)
_LOOPBACK_V4: Final = ipaddress.IPv4Network("127.0.0.0/8")
_EXAMPLE: Final = 'expected one like "https://netbird.example.com:443"'


@attrs.frozen(kw_only=True)
class Endpoint:
    """Where a management server listens."""

    host: str
    """Host name or IP address, IPv6 without brackets."""
    port: int
    secure: bool
    """Whether to speak TLS."""

    @property
    def address(self) -> str:
        """Host and port as they stand in a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL in full, with the port."""
        return f"{'https' if self.secure else 'http'}://{self.address}"

    @property
    def target(self) -> str:
        """The address for gRPC.

        The scheme is spelt out because gRPC would take some host names for one, `unix`
        for example.
        """
        return f"dns:///{self.address}"

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine, so that nobody can listen in."""
        if self.host == "localhost":
            return True
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv4Address):
            return address in _LOOPBACK_V4
        return address == ipaddress.IPv6Address(1)


def parse_url(url: str) -> Endpoint:
    """Read the URL of a management server.

    Raises:
        ConfigurationError: It is no http or https URL of a bare host; the message does
            not repeat a user name or password in it.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        # Its own message may repeat parts of the URL.
        raise ConfigurationError(
            f"the URL has an invalid host or port; {_EXAMPLE}"
        ) from (None if "@" in text else error)
    if parts.scheme not in _DEFAULT_PORTS:
        raise ConfigurationError(
            f"the URL must begin with https:// or http://; {_EXAMPLE}"
        )
    if "@" in parts.netloc:
        raise ConfigurationError(
            "the URL must not hold a user name or password: NetBird takes none there"
        )
    if parts.path not in ("", "/") or parts.query or parts.fragment or "?" in text:
        raise ConfigurationError(
            "the URL must end after host and port: gRPC has its own paths, so a path, "
            f"query or fragment cannot be used; {_EXAMPLE}"
        )
    if port == 0:
        raise ConfigurationError(f"the URL must not name port 0; {_EXAMPLE}")
    return Endpoint(
        host=_host(parts),
        port=_DEFAULT_PORTS[parts.scheme] if port is None else port,
        secure=parts.scheme == "https",
    )


def _host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if ":" in host:
        return _ipv6(host)
    try:
        ascii_host = host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ConfigurationError(f"the URL's host is no host name: {error}") from error
    if not _HOST_NAME.fullmatch(ascii_host):
        raise ConfigurationError(
            f"the URL's host {host!r} is neither a host name nor an IP address; "
            f"{_EXAMPLE}"
        )
    return ascii_host


def _ipv6(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError as error:
        raise ConfigurationError(
            f"the URL's host [{host}] is no IPv6 address"
        ) from error
    if address.scope_id is not None:
        raise ConfigurationError(
            f"the URL's host [{host}] names a zone (%{address.scope_id}), which gRPC "
            "cannot dial: use an address without one"
        )
    return str(address)
