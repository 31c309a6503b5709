"""Updates of the network, read without building again what the last one held.

Management sends the whole network map for every change. Here an update is read through
a second schema (tools/network_slices.proto) that leaves the entries of long lists as
bytes, and an entry whose bytes were in the update before is that update's very object.
What is read equals what `decode` reads; and since equal entries of a list are one
object, what changed from one network to the next is told by identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

from google.protobuf.message import DecodeError

from netbird_sdk._codec import codec_of
from netbird_sdk._codec.runtime import read_timestamp
from netbird_sdk._entry_pool import EntryPool
from netbird_sdk._model import Model
from netbird_sdk._network_diff import difference
from netbird_sdk._wire import network_slices_pb2 as pb
from netbird_sdk.errors import ProtocolError
from netbird_sdk.models.management import (
    Checks,
    CustomZone,
    DNSConfig,
    FirewallRule,
    ForwardingRule,
    NameServerGroup,
    NetbirdConfig,
    NetworkMap,
    NetworkMapEnvelope,
    PeerConfig,
    RemotePeerConfig,
    Route,
    RouteFirewallRule,
    SimpleRecord,
    SSHAuth,
    SyncResponse,
)

__all__ = ["UpdateReader"]

ModelT = TypeVar("ModelT", bound=Model)

_UNREADABLE: Final = (DecodeError, OverflowError, ValueError)


class UpdateReader:
    """Reads the bodies of SyncResponses, one after the other."""

    def __init__(self) -> None:
        self._legacy_peers = EntryPool(RemotePeerConfig)
        self._peers = EntryPool(RemotePeerConfig)
        self._offline_peers = EntryPool(RemotePeerConfig)
        self._routes = EntryPool(Route)
        self._rules = EntryPool(FirewallRule)
        self._route_rules = EntryPool(RouteFirewallRule)
        self._forwarding = EntryPool(ForwardingRule)
        self._records = EntryPool(SimpleRecord)

    @property
    def remembered(self) -> int:
        """How many entries are kept: those of the last update kept."""
        return sum(len(pool) for pool in self._pools())

    def read(self, body: bytes) -> SyncResponse:
        """Return the update. It is not remembered before `keep` says so.

        Raises:
            ProtocolError: `body` is no SyncResponse.
        """
        for pool in self._pools():
            pool.begin()
        try:
            return self._update(pb.Update.FromString(body))
        except _UNREADABLE as error:
            raise ProtocolError(
                f"Sync: cannot read an update of {len(body)} bytes: {error}",
                method="Sync",
            ) from error

    def keep(self) -> None:
        """Remember the update read last, and forget those before it."""
        for pool in self._pools():
            pool.keep()

    def difference(
        self, old: Sequence[ModelT], new: Sequence[ModelT]
    ) -> tuple[tuple[ModelT, ...], tuple[ModelT, ...]]:
        """Return what was added and removed from one list of entries to another.

        Costs nothing when they are of the last two updates kept.
        """
        if old is new:
            return (), ()
        for pool in self._pools():
            if (found := pool.difference(old, new)) is not None:
                return found
        return difference(old, new)

    def _pools(self) -> Iterable[EntryPool[Any]]:
        yield self._legacy_peers
        yield self._peers
        yield self._offline_peers
        yield self._routes
        yield self._rules
        yield self._route_rules
        yield self._forwarding
        yield self._records

    def _update(self, wire: pb.Update) -> SyncResponse:
        return SyncResponse(
            netbird_config=_optional(NetbirdConfig, wire, "netbird_config"),
            peer_config=_optional(PeerConfig, wire, "peer_config"),
            remote_peers=self._legacy_peers.read(wire.remote_peers),
            remote_peers_is_empty=wire.remote_peers_is_empty,
            network_map=(
                self._map(wire.network_map) if wire.HasField("network_map") else None
            ),
            checks=_several(Checks, wire.checks),
            session_expires_at=(
                read_timestamp(wire.session_expires_at)
                if wire.HasField("session_expires_at")
                else None
            ),
            network_map_envelope=_optional(
                NetworkMapEnvelope, wire, "network_map_envelope"
            ),
            version=wire.version,
        )

    def _map(self, wire: pb.Map) -> NetworkMap:
        return NetworkMap(
            serial=wire.serial,
            peer_config=_optional(PeerConfig, wire, "peer_config"),
            remote_peers=self._peers.read(wire.remote_peers),
            remote_peers_is_empty=wire.remote_peers_is_empty,
            routes=self._routes.read(wire.routes),
            dns_config=(
                self._dns(wire.dns_config) if wire.HasField("dns_config") else None
            ),
            offline_peers=self._offline_peers.read(wire.offline_peers),
            firewall_rules=self._rules.read(wire.firewall_rules),
            firewall_rules_is_empty=wire.firewall_rules_is_empty,
            routes_firewall_rules=self._route_rules.read(wire.routes_firewall_rules),
            routes_firewall_rules_is_empty=wire.routes_firewall_rules_is_empty,
            forwarding_rules=self._forwarding.read(wire.forwarding_rules),
            ssh_auth=_optional(SSHAuth, wire, "ssh_auth"),
        )

    def _dns(self, wire: pb.DNS) -> DNSConfig:
        return DNSConfig(
            service_enable=wire.service_enable,
            name_server_groups=_several(NameServerGroup, wire.name_server_groups),
            custom_zones=[
                CustomZone(
                    domain=zone.domain,
                    records=self._records.read(zone.records),
                    search_domain_disabled=zone.search_domain_disabled,
                    non_authoritative=zone.non_authoritative,
                )
                for zone in wire.custom_zones
            ],
            forwarder_port=wire.forwarder_port,
        )


def _optional(kind: type[ModelT], wire: Any, name: str) -> ModelT | None:  # noqa: ANN401
    if not wire.HasField(name):
        return None
    model: Any = codec_of(kind).read(getattr(wire, name))
    built: ModelT = model
    return built


def _several(kind: type[ModelT], wire: Iterable[object]) -> tuple[ModelT, ...]:
    read: Any = codec_of(kind).read
    return tuple(read(message) for message in wire)
