"""All facts of this machine put together."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from netbird_sdk.errors import ConfigurationError
from netbird_sdk.models.management import Flags, PeerCapability, PeerSystemMeta
from netbird_sdk.system._addresses import network_addresses, overlay_ips
from netbird_sdk.system._environment import read_environment
from netbird_sdk.system._hardware import read_hardware
from netbird_sdk.system._interfaces import interfaces
from netbird_sdk.system._operating_system import read_operating_system
from netbird_sdk.system._version import NETBIRD_VERSION, check_version

__all__ = ["check_meta", "system_meta", "system_meta_below"]

_ROOT: Final = Path("/")


def system_meta(
    *, flags: Flags | None = None, overlay_addresses: Iterable[str] = ()
) -> PeerSystemMeta:
    """Describe this machine the way NetBird's own agent does.

    Every field can be replaced: `attrs.evolve(system_meta(), hostname="web-1")`.

    Reads a few small files and asks the kernel for its interfaces; that takes about a
    millisecond and no network traffic, but belongs in `asyncio.to_thread` all the same
    inside an event loop. On an unchanged machine the answer is always the same. Serial
    numbers can be read by root only and are empty for others.

    `environment` comes from the firmware and from files alone. NetBird's agent also
    sends HTTP requests to the link-local addresses where clouds serve instance
    metadata. This does not: outside a cloud these requests reach whoever answers
    there, they take time where nobody does, and some clouds log or alarm on them. So a
    cloud that leaves no mark in the firmware goes unnoticed.

    Outside Linux there are no addresses, no hardware and no cloud in it.

    Args:
        flags: What the machine's owner has switched on or off; `disable_ipv6` is also
            what takes IPv6 out of `capabilities`.
        overlay_addresses: The peer's own addresses inside the NetBird network, to be
            left out of `network_addresses`; with or without a prefix length.

    Raises:
        ConfigurationError: An overlay address is none.
    """
    return system_meta_below(
        _ROOT, os.environ, flags=flags, overlay_addresses=overlay_addresses
    )


def system_meta_below(
    root: Path,
    environ: Mapping[str, str],
    *,
    flags: Flags | None = None,
    overlay_addresses: Iterable[str] = (),
) -> PeerSystemMeta:
    """Describe the machine whose file system is at `root`; see `system_meta`."""
    flags = flags or Flags()
    system = read_operating_system(root)
    hardware = read_hardware(root)
    capabilities = [PeerCapability.SOURCE_PREFIXES]
    if not flags.disable_ipv6:
        capabilities.append(PeerCapability.IPV6_OVERLAY)
    return PeerSystemMeta(
        hostname=socket.gethostname(),
        go_os=system.go_os,
        kernel=system.kernel,
        kernel_version=system.kernel_version,
        platform=system.machine,
        os=system.name,
        os_version=system.version,
        core=system.version,
        netbird_version=NETBIRD_VERSION,
        network_addresses=network_addresses(
            interfaces(), without=overlay_ips(overlay_addresses)
        ),
        sys_serial_number=hardware.serial,
        sys_product_name=hardware.product,
        sys_manufacturer=hardware.manufacturer,
        environment=read_environment(root, environ),
        flags=flags,
        capabilities=capabilities,
    )


def check_meta(meta: PeerSystemMeta) -> None:
    """Refuse a description of a machine that must not reach a server.

    Raises:
        ConfigurationError: The host name is empty, or the version would make the
            server degrade the whole account.
    """
    if not meta.hostname:
        raise ConfigurationError(
            "meta.hostname is empty: the server names the peer by it"
        )
    check_version(meta.netbird_version)
