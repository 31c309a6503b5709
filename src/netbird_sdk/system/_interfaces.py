"""The network interfaces of this machine, from Linux's routing socket.

Files below /sys show neither second addresses nor those of another network namespace
reliably; the routing socket answers for the namespace of the process.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv6Address,
    IPv6Interface,
)
from struct import Struct
from typing import Final, TypeAlias

import attrs

from netbird_sdk.system._netlink import Message, attributes, dump

__all__ = ["Interface", "interfaces", "interfaces_of"]

CIDR: TypeAlias = IPv4Interface | IPv6Interface

_log = logging.getLogger(__name__)

_NEW_LINK: Final = 16
_GET_LINK: Final = 18
_NEW_ADDRESS: Final = 20
_GET_ADDRESS: Final = 22
_LINK: Final = Struct("=BxHiII")  # family, hardware type, index, flags, change mask
_ADDRESS: Final = Struct("=BBBBI")  # family, prefix length, flags, scope, link index
_LINK_ADDRESS: Final = 1
_LINK_IS_UP: Final = 1
_FAR_END: Final = 1  # of a point-to-point link; elsewhere the address itself
_LOCAL: Final = 2
_INET: Final = 2
_INET6: Final = 10
_MAPPED: Final = 96  # length of the prefix before an IPv4 address within IPv6

# Tunnels keep the IP address of one end where others keep their MAC address.
_TUNNELS: Final = {4: (768, 776, 778), 16: (769, 823)}


@attrs.frozen(kw_only=True)
class Interface:
    """An interface that is up and has a MAC address."""

    mac: str
    addresses: tuple[CIDR, ...]


def interfaces() -> tuple[Interface, ...]:
    """Return this machine's interfaces in the kernel's order; none where unknown."""
    if sys.platform != "linux":
        return ()
    try:
        links, addresses = dump(_GET_LINK), dump(_GET_ADDRESS)
    except OSError as error:  # some sandboxes forbid the routing socket
        _log.debug("the kernel did not list its network interfaces: %s", error)
        return ()
    return interfaces_of(links, addresses)


def interfaces_of(
    links: Iterable[Message], addresses: Iterable[Message]
) -> tuple[Interface, ...]:
    """Put together what the kernel listed; what is malformed is left out."""
    of_link: dict[int, list[CIDR]] = {}
    for index, cidr in _addresses(addresses):
        of_link.setdefault(index, []).append(cidr)
    return tuple(
        Interface(mac=mac, addresses=tuple(of_link.get(index, ())))
        for index, mac in _macs(links)
    )


def _macs(links: Iterable[Message]) -> Iterator[tuple[int, str]]:
    for kind, body in links:
        if kind != _NEW_LINK or len(body) < _LINK.size:
            continue
        _, hardware, index, flags, _ = _LINK.unpack_from(body)
        mac = attributes(body[_LINK.size :]).get(_LINK_ADDRESS, b"")
        if hardware in _TUNNELS.get(len(mac), ()) or not any(mac):
            continue
        if flags & _LINK_IS_UP:
            yield index, mac.hex(":")


def _addresses(addresses: Iterable[Message]) -> Iterator[tuple[int, CIDR]]:
    for kind, body in addresses:
        if kind != _NEW_ADDRESS or len(body) < _ADDRESS.size:
            continue
        family, prefix, _, _, index = _ADDRESS.unpack_from(body)
        found = attributes(body[_ADDRESS.size :])
        raw = found.get(_LOCAL) or found.get(_FAR_END, b"")
        if family == _INET and len(raw) == 4 and prefix <= 32:
            yield index, IPv4Interface((IPv4Address(raw), prefix))
        elif family == _INET6 and len(raw) == 16 and prefix <= 128:
            ip = IPv6Address(raw)
            if ip.ipv4_mapped is None:
                yield index, IPv6Interface((ip, prefix))
            elif prefix >= _MAPPED:
                yield index, IPv4Interface((ip.ipv4_mapped, prefix - _MAPPED))
