"""What each NetBird release can do, so that the server can play an older one."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from netbird_sdk.errors import ConfigurationError

__all__ = [
    "BATCHED_SNAPSHOTS",
    "SESSION_DEADLINES",
    "Release",
    "parse_release",
    "serves",
]

Release: TypeAlias = tuple[int, int, int]

BATCHED_SNAPSHOTS: Final[Release] = (0, 70, 5)
"""Snapshots come in batches, and a proxy that connects again ends its older stream."""
SESSION_DEADLINES: Final[Release] = (0, 72, 0)
"""Login and Sync answers say when the login session ends."""

_PROXY_SERVICE: Final[Release] = (0, 65, 0)
_ADDED: Final[dict[str, Release]] = {
    "Logout": (0, 53, 0),
    "Job": (0, 64, 0),
    "CreateExpose": (0, 66, 0),
    "RenewExpose": (0, 66, 0),
    "StopExpose": (0, 66, 0),
    "SyncMappings": (0, 71, 3),
    "ExtendAuthSession": (0, 72, 0),
    "ValidateTunnelPeer": (0, 72, 0),
    "CheckLLMPolicyLimits": (0, 74, 0),
    "RecordLLMUsage": (0, 74, 0),
}


def parse_release(text: str) -> Release:
    """Read a release such as "0.77.1" or "v0.71.0".

    Raises:
        ConfigurationError: `text` is not one.
    """
    match = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)", text, re.ASCII)
    if match is None:
        raise ConfigurationError(
            f"{text!r} is not a NetBird release: write it like 0.77.1"
        )
    return int(match[1]), int(match[2]), int(match[3])


def serves(release: Release, path: str) -> bool:
    """Whether servers of `release` have the RPC at `path`."""
    service, _, name = path.rpartition("/")
    added = _ADDED.get(name, (0, 0, 0))
    if service.endswith("ProxyService"):
        added = max(added, _PROXY_SERVICE)
    return release >= added
