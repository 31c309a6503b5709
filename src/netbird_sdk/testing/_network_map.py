"""What peers are told: about themselves, about the others, and where to find help."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from netbird_sdk.models.management import (
    DNSConfig,
    FirewallRule,
    HostConfig,
    HostProtocol,
    LoginResponse,
    NetbirdConfig,
    NetworkMap,
    PeerConfig,
    RelayConfig,
    RemotePeerConfig,
    RuleAction,
    RuleDirection,
    RuleProtocol,
    SSHConfig,
    SyncResponse,
)
from netbird_sdk.testing._logins import Logins
from netbird_sdk.testing._peers import Peer, Peers
from netbird_sdk.testing._release import SESSION_DEADLINES, Release

__all__ = ["DEFAULT_NETBIRD_CONFIG", "NetworkMaps"]

_DNS_FORWARDER_PORT: Final = 22054

DEFAULT_NETBIRD_CONFIG: Final = NetbirdConfig(
    stuns=[HostConfig(uri="stun:stun.netbird.invalid:3478")],
    signal=HostConfig(uri="signal.netbird.invalid:443", protocol=HostProtocol.HTTPS),
    relay=RelayConfig(
        urls=["rels://relay.netbird.invalid:443"],
        token_payload="1767225600",  # noqa: S106 - no relay would take it
        token_signature="bm90IGEgcmVhbCBzaWduYXR1cmU=",  # noqa: S106 - nor this
    ),
)
"""Names that nobody serves: peers of a test server reach each other by no relay."""


class NetworkMaps:
    """Writes the answers to Login and the updates of Sync."""

    def __init__(
        self, peers: Peers, logins: Logins, config: NetbirdConfig, release: Release
    ) -> None:
        self._peers = peers
        self._logins = logins
        self._config = config
        self._tells_deadlines = release >= SESSION_DEADLINES

    def login_response(self, peer: Peer) -> LoginResponse:
        return LoginResponse(
            netbird_config=self._config,
            peer_config=self._peer_config(peer),
            session_expires_at=self._session_end(peer),
        )

    def first_update(self, peer: Peer) -> SyncResponse:
        """Return the complete state."""
        return self._update(peer, self._config)

    def map_update(self, peer: Peer) -> SyncResponse:
        """Return a new map alone: everything else stays as it was."""
        return self._update(peer, None)

    def farewell(self, peer: Peer) -> SyncResponse:
        """Return what a deleted peer is sent last: a map without anybody."""
        return SyncResponse(
            remote_peers_is_empty=True,
            network_map=NetworkMap(
                serial=self._peers.serial(peer.account_id),
                remote_peers_is_empty=True,
                firewall_rules_is_empty=True,
                dns_config=DNSConfig(forwarder_port=_DNS_FORWARDER_PORT),
            ),
        )

    def _update(self, peer: Peer, config: NetbirdConfig | None) -> SyncResponse:
        others = self._peers.others(peer)
        remote_peers = [_remote_peer(other) for other in others]
        peer_config = self._peer_config(peer)
        return SyncResponse(
            netbird_config=config,
            # Deprecated, but still filled. The remote peers beside it are not.
            peer_config=peer_config,
            remote_peers_is_empty=not others,
            network_map=NetworkMap(
                serial=self._peers.serial(peer.account_id),
                peer_config=peer_config,
                remote_peers=remote_peers,
                remote_peers_is_empty=not others,
                dns_config=DNSConfig(
                    service_enable=True, forwarder_port=_DNS_FORWARDER_PORT
                ),
                firewall_rules=[rule for o in others for rule in _allow(o)],
                firewall_rules_is_empty=not others,
                routes_firewall_rules_is_empty=True,
            ),
            session_expires_at=self._session_end(peer),
        )

    def _session_end(self, peer: Peer) -> datetime | None:
        return self._logins.deadline(peer) if self._tells_deadlines else None

    def _peer_config(self, peer: Peer) -> PeerConfig:
        prefix_length = self._peers.prefix_length(peer.account_id)
        return PeerConfig(
            address=f"{peer.address}/{prefix_length}",
            fqdn=peer.fqdn,
            ssh_config=SSHConfig(),
        )


def _remote_peer(peer: Peer) -> RemotePeerConfig:
    return RemotePeerConfig(
        wg_pub_key=str(peer.public_key),
        allowed_ips=[f"{peer.address}/32"],
        fqdn=peer.fqdn,
        ssh_config=SSHConfig(ssh_pub_key=peer.ssh_pub_key),
        agent_version=peer.meta.netbird_version,
    )


def _allow(peer: Peer) -> list[FirewallRule]:
    # As the policy that a new account starts with: everybody may reach everybody.
    return [
        FirewallRule(
            peer_ip=str(peer.address),
            direction=direction,
            action=RuleAction.ACCEPT,
            protocol=RuleProtocol.ALL,
        )
        for direction in (RuleDirection.IN, RuleDirection.OUT)
    ]
