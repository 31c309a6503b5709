"""What a peer tells management of the machine it runs on."""

from __future__ import annotations

import platform
import socket
from typing import Final

from netbird_sdk.models.management import PeerCapability, PeerSystemMeta

__all__ = ["NETBIRD_VERSION", "system_meta"]

NETBIRD_VERSION: Final = "0.77.1"
"""The release whose behaviour this library follows, told as the peer's version.

Management lowers the DNS port of the whole account for one peer whose version is no
semantic version of 0.59.0 or later.
"""


def system_meta() -> PeerSystemMeta:
    """Describe this machine; change what you like with `attrs.evolve`.

    Reads a few small files and takes well below a millisecond.
    """
    uname = platform.uname()
    try:
        release = platform.freedesktop_os_release()
    except OSError:  # not Linux, or a very bare one
        release = {}
    version = release.get("VERSION_ID", uname.release)
    return PeerSystemMeta(
        hostname=socket.gethostname(),
        go_os=uname.system.lower(),
        kernel=uname.system,
        kernel_version=uname.release,
        platform=uname.machine,
        os=release.get("NAME", uname.system),
        os_version=version,
        core=version,
        netbird_version=NETBIRD_VERSION,
        capabilities=[PeerCapability.SOURCE_PREFIXES, PeerCapability.IPV6_OVERLAY],
    )
