"""Which addresses of the machine are worth telling."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_interface
from typing import TypeAlias

from netbird_sdk.errors import ConfigurationError
from netbird_sdk.models.management import NetworkAddress
from netbird_sdk.system._interfaces import Interface

__all__ = ["network_addresses", "overlay_ips"]

IP: TypeAlias = IPv4Address | IPv6Address


def network_addresses(
    interfaces: Iterable[Interface], *, without: Collection[IP] = ()
) -> tuple[NetworkAddress, ...]:
    """Return the routable addresses, each once, of interfaces with a MAC address.

    The order is the kernel's, so that an unchanged machine gives an equal answer.
    """
    found: dict[str, NetworkAddress] = {}
    for interface in interfaces:
        for cidr in interface.addresses:
            ip = cidr.ip
            if ip.is_loopback or ip.is_link_local or ip.is_multicast or ip in without:
                continue
            told = str(cidr)
            found.setdefault(told, NetworkAddress(net_ip=told, mac=interface.mac))
    return tuple(found.values())


def overlay_ips(addresses: Iterable[str]) -> frozenset[IP]:
    """Return the bare addresses of texts like "100.64.0.1" and "100.64.0.1/16".

    Raises:
        ConfigurationError: One is no address.
    """
    if isinstance(addresses, str):
        raise ConfigurationError("give overlay_addresses a list, not a single text")
    try:
        return frozenset(ip_interface(address).ip for address in addresses if address)
    except ValueError as error:
        raise ConfigurationError(f"overlay_addresses: {error}") from error
