"""How updates are folded into what is known of the network."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest

from netbird_sdk.keys import PrivateKey
from netbird_sdk.models.management import (
    Checks,
    DNSConfig,
    FirewallRule,
    ForwardingRule,
    HostConfig,
    MetricsConfig,
    NetbirdConfig,
    NetworkMap,
    NetworkMapEnvelope,
    PeerConfig,
    ProtectedHostConfig,
    RelayConfig,
    RemotePeerConfig,
    Route,
    RouteFirewallRule,
    RuleAction,
    RuleDirection,
    RuleProtocol,
    SSHAuth,
    SyncResponse,
)
from netbird_sdk.network_state import NetworkState

OWN_KEY = PrivateKey.generate().public_key
NOW = datetime(2026, 7, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
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


class TestPeers:
    def test_are_known_by_their_keys_and_without_oneself(self) -> None:
        oneself = RemotePeerConfig(wg_pub_key=str(OWN_KEY))
        state = fold(
            NetworkState(),
            with_map(remote_peers=[ALICE, oneself, BOB], offline_peers=[oneself]),
        )
        assert state.peers == {"alice": ALICE, "bob": BOB}
        assert state.offline_peers == {}

    def test_are_replaced_as_a_whole(self) -> None:
        state = fold(NetworkState(), with_map(remote_peers=[ALICE, BOB]))
        assert fold(state, with_map(remote_peers=[BOB])).peers == {"bob": BOB}
        assert fold(state, with_map()).peers == {}

    def test_go_all_at_once_when_the_flag_says_so(self) -> None:
        state = fold(NetworkState(), with_map(remote_peers=[ALICE]))
        farewell = with_map(remote_peers=[ALICE], remote_peers_is_empty=True)
        assert fold(state, farewell).peers == {}

    def test_are_found_where_old_servers_put_them(self) -> None:
        beside = attrs.evolve(with_map(), remote_peers=[ALICE])
        assert fold(NetworkState(), beside).peers == {"alice": ALICE}
        alone = SyncResponse(remote_peers=[ALICE], peer_config=PeerConfig(fqdn="me"))
        state = fold(NetworkState(), alone)
        assert state.peers == {"alice": ALICE}
        assert state.peer_config == PeerConfig(fqdn="me")
        assert fold(state, SyncResponse(remote_peers_is_empty=True)).peers == {}

    def test_of_the_network_map_come_before_those_beside_it(self) -> None:
        both = attrs.evolve(with_map(remote_peers=[BOB]), remote_peers=[ALICE])
        assert fold(NetworkState(), both).peers == {"bob": BOB}

    def test_that_come_twice_are_as_they_were_named_last(self) -> None:
        newer = attrs.evolve(ALICE, fqdn="alice-2.example")
        state = fold(NetworkState(), with_map(remote_peers=[ALICE, newer]))
        assert state.peers == {"alice": newer}


class TestAbsentParts:
    def test_keep_their_value(self) -> None:
        """A renewed relay token does not touch the network, nor a map the token."""
        relay = NetbirdConfig(relay=RelayConfig(urls=["rels://a"]))
        state = fold(
            NetworkState(),
            SyncResponse(netbird_config=relay),
            with_map(remote_peers=[ALICE], peer_config=PeerConfig(fqdn="me")),
        )
        assert state.netbird_config == relay
        assert state.peer_config == PeerConfig(fqdn="me")
        renewed = NetbirdConfig(relay=RelayConfig(urls=["rels://a"], token_payload="1"))
        newer = fold(state, SyncResponse(netbird_config=renewed))
        assert newer == attrs.evolve(state, netbird_config=renewed)

    def test_of_the_servers_keep_theirs_all_but_the_relay(self) -> None:
        first = NetbirdConfig(
            stuns=[HostConfig(uri="stun:a")],
            turns=[ProtectedHostConfig(user="u")],
            signal=HostConfig(uri="signal"),
            relay=RelayConfig(urls=["rels://a"]),
        )
        then = NetbirdConfig(metrics=MetricsConfig(enabled=True))
        state = fold(
            NetworkState(),
            SyncResponse(netbird_config=first),
            SyncResponse(netbird_config=then),
        )
        assert state.netbird_config == attrs.evolve(
            first, relay=None, metrics=MetricsConfig(enabled=True)
        )

    def test_of_a_map_are_empty(self) -> None:
        """A map stands for itself: no DNS in it is no DNS, no SSH users are none."""
        full = with_map(
            dns_config=DNSConfig(service_enable=True),
            ssh_auth=SSHAuth(user_id_claim="sub"),
            routes=[Route(id="r")],
            forwarding_rules=[ForwardingRule()],
        )
        assert fold(NetworkState(), full, with_map()) == fold(
            NetworkState(), with_map()
        )


class TestSerial:
    def test_never_goes_back(self) -> None:
        state = fold(NetworkState(), with_map(serial=7, remote_peers=[ALICE]))
        assert fold(state, with_map(serial=6, remote_peers=[BOB])) == state

    def test_applies_again_when_it_is_the_same(self) -> None:
        state = fold(NetworkState(), with_map(serial=7, remote_peers=[ALICE]))
        state = fold(state, with_map(serial=7, remote_peers=[BOB]))
        assert state.peers == {"bob": BOB}

    def test_is_not_asked_for_the_peer_itself_and_its_checks(self) -> None:
        """A peer's own address can change without the network's serial."""
        state = fold(NetworkState(), with_map(serial=7, remote_peers=[ALICE]))
        outdated = attrs.evolve(
            with_map(serial=6, peer_config=PeerConfig(fqdn="new")),
            checks=[Checks(files=["/a"])],
        )
        assert fold(state, outdated) == attrs.evolve(
            state,
            peer_config=PeerConfig(fqdn="new"),
            checks=(Checks(files=["/a"]),),
        )


class TestFirewall:
    def test_without_rules_on_purpose_allows_nothing(self) -> None:
        state = fold(
            NetworkState(),
            with_map(firewall_rules_is_empty=True, routes_firewall_rules_is_empty=True),
        )
        assert state.firewall_rules == ()
        assert not state.routes_unfiltered

    def test_of_a_server_too_old_for_rules_allows_everything(self) -> None:
        too_old = with_map(firewall_rules_is_empty=False, routes=[Route(id="r")])
        state = fold(NetworkState(), too_old)
        assert {rule.direction for rule in state.firewall_rules} == {
            RuleDirection.IN,
            RuleDirection.OUT,
        }
        for rule in state.firewall_rules:
            assert rule.peer_ip == "0.0.0.0"
            assert rule.action is RuleAction.ACCEPT
            assert rule.protocol is RuleProtocol.ALL
        assert state.routes_unfiltered

    def test_of_a_deleted_peer_has_nothing_to_filter(self) -> None:
        """Servers leave a flag out of its last map; without routes that is no sign."""
        state = fold(NetworkState(), with_map(remote_peers_is_empty=True))
        assert not state.routes_unfiltered

    def test_with_rules_has_these(self) -> None:
        route_rule = RouteFirewallRule(route_id="r")
        state = fold(
            NetworkState(),
            with_map(firewall_rules=[RULE], routes_firewall_rules=[route_rule]),
        )
        assert state.firewall_rules == (RULE,)
        assert state.routes_firewall_rules == (route_rule,)
        assert not state.routes_unfiltered


class TestChecks:
    def test_come_and_go_with_maps_only(self) -> None:
        asked = attrs.evolve(with_map(), checks=[Checks(files=["/a"])])
        state = fold(NetworkState(), asked)
        assert state.checks == (Checks(files=["/a"]),)
        assert fold(state, SyncResponse()).checks == state.checks
        assert fold(state, with_map()).checks == ()


class TestDeadline:
    @pytest.mark.parametrize(
        ("end", "expected"),
        [
            (None, NOW),
            (EPOCH, None),
            (NOW + timedelta(days=1), NOW + timedelta(days=1)),
            (NOW - timedelta(days=29), NOW - timedelta(days=29)),
            (NOW - timedelta(days=31), None),
            (NOW + timedelta(days=4000), None),
            (EPOCH - timedelta(days=1), None),
        ],
        ids=["absent", "never", "later", "past", "long past", "far", "before 1970"],
    )
    def test_is_kept_cleared_or_set(
        self, end: datetime | None, expected: datetime | None
    ) -> None:
        state = NetworkState(session_expires_at=NOW)
        update = SyncResponse(session_expires_at=end)
        assert fold(state, update).session_expires_at == expected


class TestComponents:
    def test_leave_the_network_as_it_was(self) -> None:
        state = fold(NetworkState(), with_map(remote_peers=[ALICE]))
        update = attrs.evolve(
            with_map(serial=2),
            version=1,
            network_map_envelope=NetworkMapEnvelope(),
            session_expires_at=NOW,
        )
        assert fold(state, update) == attrs.evolve(state, session_expires_at=NOW)


def test_a_state_shows_numbers_and_no_secret() -> None:
    config = NetbirdConfig(relay=RelayConfig(token_signature="hush"))
    state = NetworkState(serial=3, peers={"alice": ALICE}, netbird_config=config)
    assert repr(state) == (
        "NetworkState(serial=3, peers=1, routes=0, firewall_rules=0)"
    )
