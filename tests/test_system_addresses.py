"""Network addresses: what the kernel lists, and which of it is worth telling."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface
from pathlib import Path
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbird_sdk import ConfigurationError
from netbird_sdk.models.management import NetworkAddress
from netbird_sdk.system import system_meta
from netbird_sdk.system._addresses import network_addresses, overlay_ips
from netbird_sdk.system._interfaces import Interface, interfaces_of
from netbird_sdk.system._netlink import Message, attributes, dump, receive

LINUX = sys.platform == "linux"
MAC = bytes.fromhex("02fc00000001")
ETHERNET, LOOPBACK, IPIP, SIT, GRE, IP6TNL, GRE6 = 1, 772, 768, 776, 778, 769, 823
UP, DOWN = 0x1003, 0x1002
DONE, ERROR = 3, 2


def attribute(kind: int, value: bytes) -> bytes:
    return pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def link(
    index: int, mac: bytes = MAC, *, hardware: int = ETHERNET, flags: int = UP
) -> Message:
    body = pack("=BBHiII", 0, 0, hardware, index, flags, 0)
    return 16, body + attribute(3, b"eth0\0") + attribute(1, mac)


def address(index: int, cidr: str, *, far_end: str = "") -> Message:
    own = ip_interface(cidr)
    local = own.ip.packed
    prefix = own.network.prefixlen
    family = 2 if own.version == 4 else 10
    listed = [attribute(1, local)]
    if family == 2:  # there the kernel tells both ends
        far = IPv4Address(far_end).packed if far_end else local
        listed = [attribute(1, far), attribute(2, local)]
    head = pack("=BBBBI", family, prefix, 0x80, 0, index)
    return 20, b"".join((head, *listed, attribute(8, bytes(4))))


def told(links: list[Message], addresses: list[Message]) -> list[str]:
    return [a.net_ip for a in network_addresses(interfaces_of(links, addresses))]


# --- What is told -------------------------------------------------------------------


def test_addresses_come_with_prefix_and_mac_in_the_kernels_order() -> None:
    links = [link(4, b"\x02\xfc\0\0\0\x04"), link(2)]
    addresses = [
        address(2, "192.0.2.7/24"),
        address(4, "203.0.113.5/32"),
        address(2, "192.0.2.8/24"),
        address(4, "2001:db8::7/64"),
    ]
    assert network_addresses(interfaces_of(links, addresses)) == (
        NetworkAddress(net_ip="203.0.113.5/32", mac="02:fc:00:00:00:04"),
        NetworkAddress(net_ip="2001:db8::7/64", mac="02:fc:00:00:00:04"),
        NetworkAddress(net_ip="192.0.2.7/24", mac="02:fc:00:00:00:01"),
        NetworkAddress(net_ip="192.0.2.8/24", mac="02:fc:00:00:00:01"),
    )


@pytest.mark.parametrize(
    "cidr",
    [
        "127.5.5.5/8",
        "::1/128",
        "169.254.7.7/16",
        "fe80::1/64",
        "224.0.0.9/4",
        "ff02::1/8",
    ],
)
def test_addresses_that_lead_nowhere_are_left_out(cidr: str) -> None:
    assert told([link(2)], [address(2, cidr)]) == []


def test_an_address_is_told_once_however_many_interfaces_have_it() -> None:
    links = [link(2), link(3, bytes(range(6)))]
    addresses = [address(2, "192.0.2.7/24"), address(3, "192.0.2.7/24")]
    assert told(links, addresses) == ["192.0.2.7/24"]
    addresses.append(address(3, "192.0.2.7/32"))
    assert told(links, addresses) == ["192.0.2.7/24", "192.0.2.7/32"]


@pytest.mark.parametrize(
    "silent",
    [
        link(2, flags=DOWN),
        link(2, bytes(6), hardware=LOOPBACK),
        link(2, b"", hardware=65534),
        link(2, IPv4Address("192.0.2.1").packed, hardware=IPIP),
        link(2, IPv4Address("192.0.2.1").packed, hardware=SIT),
        link(2, IPv4Address("192.0.2.1").packed, hardware=GRE),
        link(2, IPv6Address("2001:db8::1").packed, hardware=IP6TNL),
        link(2, IPv6Address("2001:db8::1").packed, hardware=GRE6),
    ],
    ids=["down", "loopback", "no MAC", "ipip", "sit", "gre", "ip6tnl", "gre6"],
)
def test_interfaces_that_are_down_or_without_a_mac_are_left_out(
    silent: Message,
) -> None:
    assert told([silent], [address(2, "192.0.2.7/24")]) == []


def test_a_long_hardware_address_is_a_mac_too() -> None:
    (interface,) = interfaces_of([link(2, bytes(range(20)), hardware=32)], [])
    assert interface.mac.count(":") == 19


def test_the_near_end_of_a_point_to_point_link_is_told() -> None:
    pair = address(2, "10.5.0.1/30", far_end="10.5.0.2")
    assert told([link(2)], [pair]) == ["10.5.0.1/30"]


def test_an_ipv4_address_in_the_guise_of_ipv6_is_unmasked() -> None:
    mapped = [address(2, "::ffff:198.51.100.9/120"), address(2, "::ffff:127.0.0.1/128")]
    assert told([link(2)], mapped) == ["198.51.100.9/24"]
    assert told([link(2)], [address(2, "::ffff:198.51.100.9/64")]) == []


def test_the_peers_own_overlay_addresses_are_left_out() -> None:
    """Whatever their prefix: a tunnel that comes and goes is no news."""
    interface = Interface(
        mac="02:fc:00:00:00:01",
        addresses=(
            ip_interface("100.64.0.1/16"),
            ip_interface("fd00::1/64"),
            ip_interface("192.0.2.7/24"),
        ),
    )
    overlay = overlay_ips(["100.64.0.1/32", "fd00:0::1", ""])
    assert network_addresses([interface], without=overlay) == (
        NetworkAddress(net_ip="192.0.2.7/24", mac="02:fc:00:00:00:01"),
    )


def test_an_overlay_address_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="'wt0' does not appear"):
        system_meta(overlay_addresses=["wt0"])
    with pytest.raises(ConfigurationError, match="a list"):
        system_meta(overlay_addresses="100.64.0.1")


# --- This machine -------------------------------------------------------------------


def test_this_machines_addresses_are_those_that_other_sources_know() -> None:
    ours = {a.net_ip: a.mac for a in system_meta().network_addresses}
    for cidr, mac in ours.items():
        assert ip_interface(cidr).ip.packed
        assert len(bytes.fromhex(mac.replace(":", ""))) >= 6
    if LINUX:
        routable = set(ipv6_in_proc())
        assert {cidr for cidr in ours if ":" in cidr} <= routable
    if LINUX and shutil.which("ip"):
        known = list(known_to_iproute())
        assert list(ours) == list(dict(known))  # of equal ones the first counts
        assert ours.items() <= set(known)


def test_overlay_addresses_are_taken_off_this_machines() -> None:
    addresses = system_meta().network_addresses
    for address in addresses:
        rest = system_meta(overlay_addresses=[address.net_ip]).network_addresses
        assert {a.net_ip for a in addresses} > {a.net_ip for a in rest}


def ipv6_in_proc() -> Iterator[str]:
    source = Path("/proc/net/if_inet6")
    for line in source.read_text().splitlines() if source.exists() else []:
        raw, _, prefix, *_ = line.split()
        yield f"{IPv6Address(bytes.fromhex(raw))}/{int(prefix, 16)}"


def known_to_iproute() -> Iterator[tuple[str, str]]:
    listed = subprocess.run(
        ["ip", "-j", "addr"], capture_output=True, check=True, text=True
    )
    for entry in json.loads(listed.stdout):
        mac = entry.get("address", "")
        if "UP" not in entry["flags"] or not mac.strip("0:") or mac.count(":") < 5:
            continue
        for found in entry["addr_info"]:
            ip = ip_address(found["local"])
            if not (ip.is_loopback or ip.is_link_local or ip.is_multicast):
                yield f"{found['local']}/{found['prefixlen']}", mac


# --- The routing socket -------------------------------------------------------------


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The kernel's end, and ours."""
    kernel, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with kernel, ours:
        ours.settimeout(5)
        yield kernel, ours


Pair = tuple[socket.socket, socket.socket]


def packet(kind: int, body: bytes = b"", *, flags: int = 2, sequence: int = 7) -> bytes:
    head = pack("=IHHII", 16 + len(body), kind, flags, sequence, 0)
    return head + body + bytes(-len(body) % 4)


def test_a_list_may_come_in_any_number_of_parts(pair: Pair) -> None:
    kernel, ours = pair
    kernel.send(packet(16, b"a") + packet(16, b"bb"))
    kernel.send(packet(16, b"late", sequence=6))
    kernel.send(packet(16, b"ccc") + packet(DONE, bytes(4)))
    assert receive(ours, 7) == (True, [(16, b"a"), (16, b"bb"), (16, b"ccc")])


def test_a_list_that_changed_meanwhile_says_so(pair: Pair) -> None:
    kernel, ours = pair
    kernel.send(packet(16, b"a", flags=0x12))
    kernel.send(packet(DONE, bytes(4)))
    assert receive(ours, 7) == (False, [(16, b"a")])


def test_a_refusal_is_the_error_it_names(pair: Pair) -> None:
    kernel, ours = pair
    kernel.send(packet(ERROR, pack("=i", -1) + bytes(16)))
    with pytest.raises(PermissionError):
        receive(ours, 7)


@pytest.mark.parametrize("end", [b"", packet(ERROR)], ids=["closed", "short error"])
def test_a_list_without_an_end_is_an_error(pair: Pair, end: bytes) -> None:
    kernel, ours = pair
    kernel.send(packet(16, b"a"))
    kernel.send(end)
    with pytest.raises(OSError):  # noqa: PT011 - any will do
        receive(ours, 7)


def test_a_kind_that_does_not_exist_is_refused_by_the_kernel() -> None:
    with pytest.raises(OSError):  # noqa: PT011 - the kernel's choice
        dump(0x7FE)


@given(st.lists(st.tuples(st.sampled_from([16, 20, 3]), st.binary(max_size=80))))
def test_no_message_is_too_odd(garbage: list[Message]) -> None:
    """Malformed parts are left out; nothing is raised."""
    interfaces = interfaces_of([*garbage, link(2)], garbage)
    assert all(interface.mac for interface in interfaces)


@given(st.binary(max_size=80))
def test_no_attribute_is_too_odd(garbage: bytes) -> None:
    assert all(len(value) < 80 for value in attributes(garbage).values())
    assert attributes(attribute(1, MAC)[:-3]) == {}
    intact = attribute(1, MAC) + attribute(0x8002, b"nested")
    assert attributes(intact) == {1: MAC, 2: b"nested"}


@pytest.mark.parametrize(
    ("family", "prefix", "raw"), [(2, 33, 4), (10, 129, 16), (2, 8, 16), (7, 8, 4)]
)
def test_an_address_that_cannot_be_is_left_out(
    family: int, prefix: int, raw: int
) -> None:
    head = pack("=BBBBI", family, prefix, 0, 0, 2)
    assert told([link(2)], [(20, head + attribute(1, bytes([11] * raw)))]) == []
