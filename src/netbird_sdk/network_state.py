"""What a peer knows of its network, folded from the updates that management sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Final

import attrs
from typing_extensions import override

from netbird_sdk._model import EMPTY_MAP, FrozenMap
from netbird_sdk._network_diff import (
    Compare,
    difference,
    peer_changes,
    same_checks,
    same_dns,
    same_ssh,
)
from netbird_sdk.keys import PublicKey
from netbird_sdk.models.management import (
    Checks,
    DNSConfig,
    FirewallRule,
    ForwardingRule,
    NetbirdConfig,
    NetworkMap,
    PeerConfig,
    RemotePeerConfig,
    Route,
    RouteFirewallRule,
    RuleAction,
    RuleDirection,
    RuleProtocol,
    SSHAuth,
    SyncResponse,
)

__all__ = ["NetworkChange", "NetworkState", "PeerChange"]

NO_EXPIRY: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""How servers say that a login does not expire."""
_FURTHEST_DEADLINE: Final = timedelta(days=3650)
_OLDEST_DEADLINE: Final = timedelta(days=30)

_KEY_OF: Final = attrgetter("wg_pub_key")
_NO_DNS: Final = DNSConfig()
_ALLOW_ALL: Final = tuple(
    FirewallRule(
        peer_ip="0.0.0.0",  # noqa: S104 - how a rule says "any peer"
        direction=direction,
        action=RuleAction.ACCEPT,
        protocol=RuleProtocol.ALL,
    )
    for direction in (RuleDirection.IN, RuleDirection.OUT)
)


@attrs.frozen(kw_only=True, repr=False)
class NetworkState:
    """All that is known of the network at one moment. Before any update it is empty.

    Entries that did not change between two states are the same objects.
    """

    serial: int = 0
    """Version of the network; the network never goes back to a lower one."""
    peer_config: PeerConfig | None = None
    """This peer itself."""
    netbird_config: NetbirdConfig | None = None
    """The servers to use. Without a relay in it, relaying is off."""
    peers: Mapping[str, RemotePeerConfig] = EMPTY_MAP
    """The peers to connect to by their public keys as text, this peer left out."""
    offline_peers: Mapping[str, RemotePeerConfig] = EMPTY_MAP
    """Peers whose login has expired, by their keys: to be shown, not connected."""
    routes: tuple[Route, ...] = ()
    dns_config: DNSConfig = _NO_DNS
    firewall_rules: tuple[FirewallRule, ...] = ()
    """Traffic between peers that is allowed; with no rules nothing is.

    A server too old to have rules is spoken for by two rules that allow everything.
    """
    routes_firewall_rules: tuple[RouteFirewallRule, ...] = ()
    """Traffic to routed networks that is allowed; see `routes_unfiltered`."""
    routes_unfiltered: bool = False
    """The server is too old for such rules: routed traffic is not to be filtered."""
    forwarding_rules: tuple[ForwardingRule, ...] = ()
    ssh_auth: SSHAuth | None = None
    """Who may log in to this peer over SSH; None: nobody is named."""
    checks: tuple[Checks, ...] = ()
    """Files to look up and tell of, see `SyncSession`."""
    session_expires_at: datetime | None = None
    """When the login of this peer expires; None: never, or not known."""

    @override
    def __repr__(self) -> str:
        # Thousands of peers are of no use in a log.
        return (
            f"NetworkState(serial={self.serial}, peers={len(self.peers)}, "
            f"routes={len(self.routes)}, firewall_rules={len(self.firewall_rules)})"
        )

    def folded(
        self, update: SyncResponse, *, own_key: PublicKey, now: datetime | None = None
    ) -> NetworkState:
        """Return the state after an update: what is absent in it keeps its value.

        A network map older than this state changes only what is known of this peer
        itself and the checks. A network in components is left out.

        Args:
            update: The next update.
            own_key: This peer's key; it is no peer to connect to.
            now: The time of day, for telling a deadline from nonsense.
        """
        state = attrs.evolve(
            self,
            netbird_config=_merged(self.netbird_config, update.netbird_config),
            peer_config=update.peer_config or self.peer_config,
            session_expires_at=_deadline(update, self, now or datetime.now(UTC)),
        )
        if has_components(update):
            return state
        network = update.network_map
        if network is None:
            return _with_legacy_peers(state, update, own_key)
        state = attrs.evolve(
            state,
            peer_config=network.peer_config or state.peer_config,
            checks=update.checks,
        )
        if not applies(update, self):
            return state
        return _with_map(state, network, update.remote_peers, own_key)

    def changes_since(self, older: NetworkState) -> NetworkChange:
        """Return what differs from an older state, whatever was in between."""
        return changes(older, self)


@attrs.frozen(kw_only=True)
class PeerChange:
    """One peer, as it was and as it is."""

    before: RemotePeerConfig
    after: RemotePeerConfig


@attrs.frozen(kw_only=True)
class NetworkChange:
    """What differs between two states; false if nothing does.

    Order means nothing in lists of rules, routes, records and checks: entries that only
    changed places have not changed. A part without lists is named with True.
    """

    peers_added: tuple[RemotePeerConfig, ...] = ()
    peers_removed: tuple[RemotePeerConfig, ...] = ()
    peers_changed: tuple[PeerChange, ...] = ()
    offline_peers: bool = False
    routes_added: tuple[Route, ...] = ()
    routes_removed: tuple[Route, ...] = ()
    firewall_rules_added: tuple[FirewallRule, ...] = ()
    firewall_rules_removed: tuple[FirewallRule, ...] = ()
    routes_firewall_rules_added: tuple[RouteFirewallRule, ...] = ()
    routes_firewall_rules_removed: tuple[RouteFirewallRule, ...] = ()
    routes_unfiltered: bool = False
    forwarding_rules_added: tuple[ForwardingRule, ...] = ()
    forwarding_rules_removed: tuple[ForwardingRule, ...] = ()
    dns_config: bool = False
    ssh_auth: bool = False
    peer_config: bool = False
    netbird_config: bool = False
    """Also when only credentials in it were renewed, which happens every few hours."""
    checks: bool = False
    session_expires_at: bool = False

    def __bool__(self) -> bool:
        return any(attrs.astuple(self, recurse=False))


def changes(
    older: NetworkState, newer: NetworkState, compare: Compare = difference
) -> NetworkChange:
    """Return what differs between two states; `compare` compares lists of entries."""
    added, removed, changed = peer_changes(older.peers, newer.peers)
    routes = compare(older.routes, newer.routes)
    rules = compare(older.firewall_rules, newer.firewall_rules)
    route_rules = compare(older.routes_firewall_rules, newer.routes_firewall_rules)
    forwarding = compare(older.forwarding_rules, newer.forwarding_rules)
    return NetworkChange(
        peers_added=added,
        peers_removed=removed,
        peers_changed=tuple(PeerChange(before=b, after=a) for b, a in changed),
        offline_peers=any(peer_changes(older.offline_peers, newer.offline_peers)),
        routes_added=routes[0],
        routes_removed=routes[1],
        firewall_rules_added=rules[0],
        firewall_rules_removed=rules[1],
        routes_firewall_rules_added=route_rules[0],
        routes_firewall_rules_removed=route_rules[1],
        routes_unfiltered=older.routes_unfiltered != newer.routes_unfiltered,
        forwarding_rules_added=forwarding[0],
        forwarding_rules_removed=forwarding[1],
        dns_config=not same_dns(older.dns_config, newer.dns_config, compare),
        ssh_auth=not same_ssh(older.ssh_auth, newer.ssh_auth),
        peer_config=older.peer_config != newer.peer_config,
        netbird_config=older.netbird_config != newer.netbird_config,
        checks=not same_checks(older.checks, newer.checks),
        session_expires_at=older.session_expires_at != newer.session_expires_at,
    )


def has_components(update: SyncResponse) -> bool:
    """Whether the network comes as components, which we never ask for."""
    return update.version > 0 or update.network_map_envelope is not None


def applies(update: SyncResponse, state: NetworkState) -> bool:
    """Whether an update has a network map that takes the place of the state's."""
    network = update.network_map
    if network is None or has_components(update):
        return False
    return network.serial >= state.serial


def left_out(update: SyncResponse, state: NetworkState, now: datetime) -> list[str]:
    """Say what of an update is not folded into the state, and why."""
    reasons: list[str] = []
    end = update.session_expires_at
    if end not in {None, NO_EXPIRY} and _deadline(update, state, now) is None:
        reasons.append(f"a login that expires at {end} is nonsense: taken for none")
    if has_components(update):
        reasons.append(
            "the network came in components, which were not asked for: the last "
            "network map is kept"
        )
    elif (network := update.network_map) is not None and not applies(update, state):
        reasons.append(
            f"a network map has the serial {network.serial}, lower than that of the "
            f"one in effect ({state.serial}): it is outdated"
        )
    return reasons


def _deadline(
    update: SyncResponse, state: NetworkState, now: datetime
) -> datetime | None:
    """Fold the end of the login: absent keeps it, nonsense clears it."""
    end = update.session_expires_at
    if end is None:
        return state.session_expires_at
    if -_OLDEST_DEADLINE <= end - now <= _FURTHEST_DEADLINE:
        return end
    return None


def _with_legacy_peers(
    state: NetworkState, update: SyncResponse, own_key: PublicKey
) -> NetworkState:
    """Take peers from where servers without network maps put them."""
    if not update.remote_peers and not update.remote_peers_is_empty:
        return state
    peers = () if update.remote_peers_is_empty else update.remote_peers
    return attrs.evolve(state, peers=_by_key(peers, own_key))


def _with_map(
    state: NetworkState,
    network: NetworkMap,
    legacy_peers: tuple[RemotePeerConfig, ...],
    own_key: PublicKey,
) -> NetworkState:
    peers = network.remote_peers or legacy_peers
    if network.remote_peers_is_empty:
        peers = ()
    rules = network.firewall_rules
    if not rules and not network.firewall_rules_is_empty:
        rules = _ALLOW_ALL
    return attrs.evolve(
        state,
        serial=network.serial,
        peers=_by_key(peers, own_key),
        offline_peers=_by_key(network.offline_peers, own_key),
        routes=network.routes,
        dns_config=network.dns_config or _NO_DNS,
        firewall_rules=rules,
        routes_firewall_rules=network.routes_firewall_rules,
        routes_unfiltered=_is_unfiltered(network),
        forwarding_rules=network.forwarding_rules,
        ssh_auth=network.ssh_auth,
    )


def _is_unfiltered(network: NetworkMap) -> bool:
    # The last map of a deleted peer has neither routes nor the flag: no sign of age.
    if network.routes_firewall_rules_is_empty or not network.routes:
        return False
    return not network.routes_firewall_rules


def _by_key(
    peers: Iterable[RemotePeerConfig], own_key: PublicKey
) -> FrozenMap[str, RemotePeerConfig]:
    every = tuple(peers)
    by_key = FrozenMap(zip(map(_KEY_OF, every), every, strict=True))
    if (own := str(own_key)) not in by_key:
        return by_key
    return FrozenMap({key: peer for key, peer in by_key.items() if key != own})


def _merged(
    known: NetbirdConfig | None, news: NetbirdConfig | None
) -> NetbirdConfig | None:
    """Fold settings of servers: only a missing relay means that there is none."""
    if known is None or news is None:
        return news or known
    return NetbirdConfig(
        stuns=news.stuns or known.stuns,
        turns=news.turns or known.turns,
        signal=news.signal or known.signal,
        relay=news.relay,
        flow=news.flow or known.flow,
        metrics=news.metrics or known.metrics,
    )
