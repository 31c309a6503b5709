"""What differs between two states of a network."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from netbird_sdk.keys import PrivateKey
from netbird_sdk.models.management import (
    Checks,
    CustomZone,
    DNSConfig,
    FirewallRule,
    ForwardingRule,
    MachineUserIndexes,
    NameServerGroup,
    NetbirdConfig,
    NetworkMap,
    PeerConfig,
    RemotePeerConfig,
    Route,
    RouteFirewallRule,
    RuleProtocol,
    SimpleRecord,
    SSHAuth,
    SyncResponse,
)
from netbird_sdk.network_state import NetworkChange, NetworkState, PeerChange

OWN_KEY = PrivateKey.generate().public_key
NOW = datetime(2026, 7, 1, tzinfo=UTC)
ALICE = RemotePeerConfig(wg_pub_key="alice", fqdn="alice.example")
BOB = RemotePeerConfig(wg_pub_key="bob", fqdn="bob.example")
RULE = FirewallRule(peer_ip="100.64.0.2", protocol=RuleProtocol.TCP, port="443")


def fold(state: NetworkState, *updates: SyncResponse) -> NetworkState:
    for update in updates:
        state = state.folded(update, own_key=OWN_KEY, now=NOW)
    return state


def with_map(**fields: Any) -> SyncResponse:
    fields = {"firewall_rules_is_empty": True, "serial": 1} | fields
    network = NetworkMap(**fields)
    return SyncResponse(network_map=network)


def test_is_false_when_nothing_but_the_order_differs() -> None:
    records = [SimpleRecord(name="a"), SimpleRecord(name="b")]
    users = [b"1", b"2"]
    one = with_map(
        remote_peers=[ALICE, BOB],
        firewall_rules=[RULE, FirewallRule(peer_ip="::")],
        routes=[Route(id="1"), Route(id="2")],
        dns_config=DNSConfig(custom_zones=[CustomZone(domain="z", records=records)]),
        ssh_auth=SSHAuth(
            authorized_users=users,
            machine_users={"root": MachineUserIndexes(indexes=[0])},
        ),
    )
    other = with_map(
        serial=2,
        remote_peers=[BOB, ALICE],
        firewall_rules=[FirewallRule(peer_ip="::"), RULE, RULE],
        routes=[Route(id="2"), Route(id="1")],
        dns_config=DNSConfig(
            custom_zones=[CustomZone(domain="z", records=records[::-1])]
        ),
        ssh_auth=SSHAuth(
            authorized_users=users[::-1],
            machine_users={"root": MachineUserIndexes(indexes=[1])},
        ),
    )
    checks = [Checks(files=["/a"]), Checks(files=["/b"])]
    old = fold(NetworkState(), attrs.evolve(one, checks=checks))
    new = fold(old, attrs.evolve(other, checks=checks[::-1]))
    assert new != old
    assert new.changes_since(old) == NetworkChange()
    assert not new.changes_since(old)


def test_tells_peers_apart() -> None:
    carol = RemotePeerConfig(wg_pub_key="carol")
    newer = attrs.evolve(BOB, agent_version="0.78.0")
    old = fold(NetworkState(), with_map(remote_peers=[ALICE, BOB]))
    new = fold(old, with_map(remote_peers=[newer, carol]))
    assert new.changes_since(old) == NetworkChange(
        peers_added=(carol,),
        peers_removed=(ALICE,),
        peers_changed=(PeerChange(before=BOB, after=newer),),
    )


def test_holds_what_came_and_what_went_of_each_list() -> None:
    old = fold(
        NetworkState(),
        with_map(
            routes=[Route(id="1")],
            firewall_rules=[RULE],
            routes_firewall_rules=[RouteFirewallRule(route_id="1")],
            forwarding_rules=[ForwardingRule(translated_address=b"1")],
        ),
    )
    rule = FirewallRule(peer_ip="100.64.0.3")
    new = fold(
        old,
        with_map(
            routes=[Route(id="2")],
            firewall_rules=[rule],
            routes_firewall_rules=[RouteFirewallRule(route_id="2")],
            forwarding_rules=[ForwardingRule(translated_address=b"2")],
        ),
    )
    assert new.changes_since(old) == NetworkChange(
        routes_added=(Route(id="2"),),
        routes_removed=(Route(id="1"),),
        firewall_rules_added=(rule,),
        firewall_rules_removed=(RULE,),
        routes_firewall_rules_added=(RouteFirewallRule(route_id="2"),),
        routes_firewall_rules_removed=(RouteFirewallRule(route_id="1"),),
        forwarding_rules_added=(ForwardingRule(translated_address=b"2"),),
        forwarding_rules_removed=(ForwardingRule(translated_address=b"1"),),
    )


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("offline_peers", {"alice": ALICE}),
        ("routes_unfiltered", True),
        ("peer_config", PeerConfig(address="100.64.0.1/16")),
        ("netbird_config", NetbirdConfig()),
        ("ssh_auth", SSHAuth()),
        ("checks", (Checks(files=["/a"]),)),
        ("session_expires_at", NOW),
        ("dns_config", DNSConfig(service_enable=True)),
        ("dns_config", DNSConfig(name_server_groups=[NameServerGroup()])),
        ("dns_config", DNSConfig(custom_zones=[CustomZone(domain="z")])),
    ],
)
def test_names_each_other_part(part: str, value: Any) -> None:
    new = attrs.evolve(NetworkState(), **{part: value})
    changed: dict[str, Any] = {part: True}
    expected = NetworkChange(**changed)
    assert new.changes_since(NetworkState()) == expected
    assert NetworkState().changes_since(new) == expected


@pytest.mark.parametrize(
    "zone",
    [
        CustomZone(domain="z", records=[SimpleRecord(name="a")]),
        CustomZone(domain="z", non_authoritative=True),
        CustomZone(domain="y"),
    ],
)
def test_sees_into_zones(zone: CustomZone) -> None:
    old = NetworkState(dns_config=DNSConfig(custom_zones=[CustomZone(domain="z")]))
    new = NetworkState(dns_config=DNSConfig(custom_zones=[zone]))
    assert new.changes_since(old) == NetworkChange(dns_config=True)


def test_sees_another_user_behind_the_same_positions() -> None:
    indexes = {"root": MachineUserIndexes(indexes=[0, 9])}
    auths = [
        SSHAuth(authorized_users=[user], machine_users=indexes) for user in (b"1", b"2")
    ]
    old, new = (NetworkState(ssh_auth=auth) for auth in auths)
    assert new.changes_since(old) == NetworkChange(ssh_auth=True)
