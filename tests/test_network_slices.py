"""Reading updates quickly: it says what `decode` says, and shares what repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product
from typing import Any

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from netbird_sdk._codec import decode, encode
from netbird_sdk._network_slices import UpdateReader
from netbird_sdk.errors import ProtocolError
from netbird_sdk.keys import PrivateKey
from netbird_sdk.models.management import (
    Checks,
    CustomZone,
    DNSConfig,
    FirewallRule,
    ForwardingRule,
    NetbirdConfig,
    NetworkMap,
    NetworkMapEnvelope,
    PeerConfig,
    PortInfo,
    PortInfoRange,
    RelayConfig,
    RemotePeerConfig,
    Route,
    RouteFirewallRule,
    RuleProtocol,
    SimpleRecord,
    SSHAuth,
    SSHConfig,
    SyncResponse,
)
from netbird_sdk.network_state import NetworkChange, NetworkState, applies, changes

OWN_KEY = PrivateKey.generate().public_key
NOW = datetime(2026, 7, 1, tzinfo=UTC)

# Few values, so that the same ones come again and again.
few = st.sampled_from
names = few(["", "a", "b", "ü"])
peers = st.builds(
    RemotePeerConfig,
    wg_pub_key=few(["", "a", "b", "c", str(OWN_KEY)]),
    fqdn=names,
    allowed_ips=st.lists(names, max_size=2),
    ssh_config=few([None, SSHConfig(), SSHConfig(ssh_pub_key=b"k")]),
)
ports = few(
    [
        None,
        PortInfo(),
        PortInfo(port_selection=0),
        PortInfo(port_selection=443),
        PortInfo(port_selection=PortInfoRange(start=1, end=2)),
    ]
)
protocols = few([RuleProtocol.TCP, RuleProtocol(77)])
rules = st.builds(
    FirewallRule,
    peer_ip=names,
    protocol=protocols,
    port_info=ports,
    policy_id=few([b""]),
)
records = st.builds(SimpleRecord, name=names, ttl=few([0, -1, 300]))
zones = st.builds(
    CustomZone,
    domain=names,
    records=st.lists(records, max_size=3),
    non_authoritative=st.booleans(),
)
maps = st.builds(
    NetworkMap,
    serial=few([0, 1, 2, 3]),
    peer_config=few([None, PeerConfig(), PeerConfig(fqdn="me")]),
    remote_peers=st.lists(peers, max_size=4),
    remote_peers_is_empty=few([False, False, True]),
    routes=st.lists(st.builds(Route, id=names, domains=st.lists(names)), max_size=2),
    dns_config=st.none()
    | st.builds(
        DNSConfig, custom_zones=st.lists(zones, max_size=2), forwarder_port=few([0, 9])
    ),
    offline_peers=st.lists(peers, max_size=2),
    firewall_rules=st.lists(rules, max_size=4),
    firewall_rules_is_empty=st.booleans(),
    routes_firewall_rules=st.lists(
        st.builds(RouteFirewallRule, destination=names, port_info=ports), max_size=2
    ),
    routes_firewall_rules_is_empty=st.booleans(),
    forwarding_rules=st.lists(
        st.builds(ForwardingRule, destination_port=ports), max_size=2
    ),
    ssh_auth=few([None, SSHAuth(), SSHAuth(authorized_users=[b"u"])]),
)
updates = st.builds(
    SyncResponse,
    netbird_config=few([None, NetbirdConfig(), NetbirdConfig(relay=RelayConfig())]),
    peer_config=few([None, PeerConfig(fqdn="top")]),
    remote_peers=st.lists(peers, max_size=2),
    remote_peers_is_empty=few([False, False, True]),
    network_map=st.none() | maps,
    checks=st.lists(st.builds(Checks, files=st.lists(names, max_size=2)), max_size=2),
    session_expires_at=few([None, NOW, datetime(1970, 1, 1, tzinfo=UTC)]),
    network_map_envelope=few([None, None, None, NetworkMapEnvelope()]),
    version=few([0, 0, 0, 1]),
)

# What no server sends and every parser has to take, to be put behind a message: fields
# we do not know, the same sub-messages again, and bytes that are no message at all.
tails = st.lists(
    few(
        [
            b"",
            b"",
            b"\x92\x3f\x01x",
            b"\x2a\x00",
            b"\x2a\x02\x08\x02",
            b"\x2a\x03\x32\x01\x08",
            b"\x2a\x04\x32\x02\x20\x01",
            b"\x1a\x02\x0a\x00",
            b"\x2a\x05\x42\x03\x92\x3f\x00",
            b"\x2a\x09\x42\x07\x20\x02\x0a\x03\x61\x62\x63",
            b"\x2a\x04\x1a\x02\x0a\x09",
            b"\x2a\x05\x1a\x03\x0a\x01\xff",
            b"\x2a\x02\x18\x01",
            b"\x0b\x0c",
        ]
    )
    | st.binary(max_size=8),
    max_size=2,
).map(b"".join)
bodies = st.tuples(updates.map(encode), tails).map(b"".join)


class Followed:
    """Folds updates read quickly and plainly, side by side."""

    def __init__(self) -> None:
        self.reader = UpdateReader()
        self.quick = self.plain = NetworkState()

    def take(self, body: bytes) -> None:
        try:
            expected = decode(SyncResponse, body)
        except ProtocolError:
            with pytest.raises(ProtocolError, match="Sync: cannot read an update of"):
                self.reader.read(body)
            return
        update = self.reader.read(body)
        assert update == expected
        quick, plain = self.quick, self.plain
        if applies(update, quick):
            self.reader.keep()
        self.quick = quick.folded(update, own_key=OWN_KEY, now=NOW)
        self.plain = plain.folded(expected, own_key=OWN_KEY, now=NOW)
        assert self.quick == self.plain
        change = changes(quick, self.quick, self.reader.difference)
        assert as_sets(change) == as_sets(self.plain.changes_since(plain))
        assert as_sets(change) == as_sets(self.quick.changes_since(quick))


def as_sets(change: NetworkChange) -> dict[str, object]:
    """Return a change without the order of its lists; nothing is in one twice."""
    fields = attrs.asdict(change, recurse=False)
    return {
        name: Counter(value) if isinstance(value, tuple) else value
        for name, value in fields.items()
    }


@given(st.lists(bodies, max_size=6))
@settings(max_examples=300)
@example([b"\x2a\x02\x08\x01", b"\x2a\x02\x08\x00", b"\x2a\x01"])
def test_any_sequence_of_updates_reads_and_folds_alike(sequence: list[bytes]) -> None:
    followed = Followed()
    for body in sequence:
        followed.take(body)


@given(bodies, st.data())
def test_an_update_cut_short_changes_nothing(body: bytes, data: st.DataObject) -> None:
    """Neither the state nor what the reader remembers."""
    followed = Followed()
    followed.take(body)
    remembered = followed.reader.remembered
    short = body[: data.draw(st.integers(0, max(0, len(body) - 1)))]
    try:
        followed.reader.read(short)
    except ProtocolError:
        followed.take(body)
        assert followed.reader.remembered == remembered


def network(serial: int = 1, **fields: Any) -> bytes:
    network_map = NetworkMap(serial=serial, **fields)
    return encode(SyncResponse(network_map=network_map))


def peer(number: int, fqdn: str = "") -> RemotePeerConfig:
    return RemotePeerConfig(wg_pub_key=f"peer-{number}", fqdn=fqdn)


def rule(number: int) -> FirewallRule:
    return FirewallRule(peer_ip=f"100.64.0.{number}", port="443")


def followed_by(*sequence: bytes) -> Followed:
    followed = Followed()
    for body in sequence:
        followed.take(body)
    return followed


def test_what_did_not_change_is_the_same_object() -> None:
    many = [peer(i) for i in range(20)]
    followed = followed_by(network(remote_peers=many))
    before = followed.quick.peers
    changed = [peer(i, fqdn="new" if i == 7 else "") for i in reversed(range(20))]
    followed.take(network(2, remote_peers=changed))
    same = {key for key, p in followed.quick.peers.items() if p is before[key]}
    assert same == set(before) - {"peer-7"}


def test_a_list_that_did_not_change_is_the_same_list() -> None:
    followed = followed_by(network(firewall_rules=[rule(1), rule(2)]))
    before = followed.quick.firewall_rules
    followed.take(network(2, firewall_rules=[rule(1), rule(2)], remote_peers=[peer(1)]))
    assert followed.quick.firewall_rules is before


def test_lists_with_repetitions_read_as_they_are() -> None:
    """Every step from one list of up to three entries to another."""
    lists = [
        [peer(n) for n in numbers]
        for length in range(4)
        for numbers in product(range(2), repeat=length)
    ]
    for before, after in product(lists, repeat=2):
        followed = followed_by(network(1, remote_peers=before))
        followed.take(network(2, remote_peers=after))
        followed.take(network(3, remote_peers=before))


def test_entries_that_wander_between_lists_of_one_kind_read_as_they_are() -> None:
    records = [SimpleRecord(name=name) for name in "ab"]
    options = [[], records[:1], records[1:], records]
    configs = [
        DNSConfig(
            custom_zones=[
                CustomZone(domain=f"zone-{n}", records=entries)
                for n, entries in enumerate(zones)
            ]
        )
        for count in range(3)
        for zones in product(options, repeat=count)
    ]
    for before, after in product(configs, repeat=2):
        followed = followed_by(network(1, dns_config=before))
        for serial, config in enumerate((after, before), 2):
            followed.take(network(serial, dns_config=config))
            distinct = {r for zone in config.custom_zones for r in zone.records}
            assert followed.reader.remembered == len(distinct)


def test_no_more_is_remembered_than_the_network_has() -> None:
    """A peer that joins and leaves a thousand times costs nothing."""
    followed = Followed()
    for turn in range(1000):
        followed.take(
            network(
                turn,
                remote_peers=[peer(1), peer(turn)],
                firewall_rules=[rule(turn)],
                dns_config=DNSConfig(
                    custom_zones=[CustomZone(records=[SimpleRecord(name=str(turn))])]
                ),
            )
        )
        assert followed.reader.remembered <= 4


def test_an_outdated_network_is_not_remembered() -> None:
    followed = followed_by(network(5, remote_peers=[peer(1)]))
    kept = followed.quick.peers["peer-1"]
    followed.take(network(4, remote_peers=[peer(2)]))
    followed.take(network(6, remote_peers=[peer(1)]))
    assert followed.quick.peers["peer-1"] is kept


@pytest.mark.parametrize(
    "odd",
    [
        lambda entry: entry + b"\x92\x3f\x01x",
        lambda entry: b"\x12\x01x" + entry + b"\x0a\x06peer-1",
        lambda entry: entry + b"\x22\x00",
    ],
    ids=["with an unknown field", "in another order", "with a default spelt out"],
)
def test_another_form_of_the_same_entry_is_the_same_object(
    odd: Callable[[bytes], bytes],
) -> None:
    """Whichever form comes first, or both come in one list."""
    usual = b"\x0a\x06peer-1\x12\x01x"
    other = odd(usual) if odd(b"") else usual
    if other.startswith(b"\x12\x01x"):
        other = b"\x12\x01x\x0a\x06peer-1"

    def body(serial: int, *entries: bytes) -> bytes:
        inner = bytes([8, serial])
        for entry in entries:
            inner += b"\x1a" + bytes([len(entry)]) + entry
        return b"\x2a" + bytes([len(inner)]) + inner

    for forms in ([[usual], [other], [usual, other], [other]], [[other], [usual]]):
        followed = Followed()
        followed.take(body(1, *forms[0]))
        first = followed.quick.peers["peer-1"]
        for serial, entries in enumerate(forms[1:], 2):
            followed.take(body(serial, *entries))
            assert followed.quick.peers["peer-1"] is first
        assert followed.reader.remembered == 1
