"""The version a peer reports, and which ones an account gets along with."""

from __future__ import annotations

import re
from typing import Final

from netbird_sdk.errors import ConfigurationError

__all__ = ["NETBIRD_VERSION", "check_version"]

NETBIRD_VERSION: Final = "0.77.1"
"""The release whose behaviour this library follows, told as the peer's version."""

_LOWEST: Final = (0, 59, 0)
# Servers before v0.77 know this word alone, newer ones also words that begin with it.
_UNRELEASED: Final = "development"
_NUMBER: Final = r"(0|[1-9][0-9]{0,8})"
_LABEL: Final = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_SEMANTIC: Final = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
    rf"(-{_LABEL}(?:\.{_LABEL})*)?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)


def check_version(version: str) -> None:
    """Refuse a version that would make the server degrade the whole account.

    One peer whose version is older than 0.59.0, or not understood, moves the DNS
    forwarders of every peer of the account to their old port.

    Raises:
        ConfigurationError: It is neither "development" nor a semantic version of
            0.59.0 or later.
    """
    if version == _UNRELEASED:
        return
    match = _SEMANTIC.fullmatch(version)
    if match is not None:
        major, minor, patch, prerelease = match.groups()
        numbers = (int(major), int(minor), int(patch))
        if numbers > _LOWEST or (numbers == _LOWEST and not prerelease):
            return
    raise ConfigurationError(
        f"netbird_version {version[:64]!r} would move the DNS forwarders of the whole "
        "account to their old port: give a version like "
        f"{NETBIRD_VERSION!r}, at least '0.59.0' and without a leading 'v', or begin "
        "with attrs.evolve(system_meta(), ...)"
    )
