"""Updates of the network, read without building again what the last one held.

Management sends the whole network map for every change. Here an update is read through
a second schema (tools/network_slices.proto) that leaves the entries of long lists as
bytes, and an entry whose bytes were in the update before is that update's very object.
What is read equals what `decode` reads; and since equal entries of a list are one
object, what changed from one network to the next is told by identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, Generic, TypeVar

from google.protobuf.message import DecodeError

from netbird_sdk._codec import codec_of
from netbird_sdk._codec.runtime import read_timestamp
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
        self._legacy_peers = _Pool(RemotePeerConfig)
        self._peers = _Pool(RemotePeerConfig)
        self._offline_peers = _Pool(RemotePeerConfig)
        self._routes = _Pool(Route)
        self._rules = _Pool(FirewallRule)
        self._route_rules = _Pool(RouteFirewallRule)
        self._forwarding = _Pool(ForwardingRule)
        self._records = _Pool(SimpleRecord)

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

    def _pools(self) -> Iterable[_Pool[Any]]:
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


class _Pool(dict[bytes, ModelT], Generic[ModelT]):
    """The entries of one list, as of the last update kept, by their wire form.

    The wire form is the one we would write, without fields we do not know. Should a
    server write another, that is found out each time: it is slower and no less right.
    """

    def __init__(self, kind: type[ModelT]) -> None:
        super().__init__()
        codec = codec_of(kind)
        self._parse, self._build = codec.source.FromString, codec.read
        self._kept: list[tuple[ModelT, ...]] = []
        self._delta: _Delta[ModelT] | None = None
        self.begin()

    def begin(self) -> None:
        """Forget what was read and not kept."""
        self._new: dict[bytes, Any] = {}
        self._canonical: dict[bytes, bytes] = {}
        self._read: list[tuple[ModelT, ...]] = []
        self._forms: list[list[bytes]] = []

    def read(self, wire: Iterable[bytes]) -> tuple[ModelT, ...]:
        """Return the entries of a list."""
        forms = list(wire)
        models = tuple(map(self.__getitem__, forms))
        position = len(self._read)
        if position < len(self._kept) and self._kept[position] == models:
            models = self._kept[position]
        self._read.append(models)
        self._forms.append(forms)
        return models

    def __missing__(self, form: bytes) -> ModelT:
        message = self._parse(form)
        message.DiscardUnknownFields()
        canonical = message.SerializeToString()
        if canonical != form:
            self._canonical[form] = canonical
            if canonical in self:
                return self[canonical]
        if canonical not in self._new:
            self._new[canonical] = self._build(message)
        model: ModelT = self._new[canonical]
        return model

    def keep(self) -> None:
        """Replace what is remembered by what was read last."""
        gone = set(self)
        for forms in (*self._forms, self._canonical.values()):
            gone.difference_update(forms)
        removed = tuple([self.pop(form) for form in sorted(gone)])
        self.update(self._new)
        self._delta = None
        if len(self._kept) == len(self._read) == 1:
            added = tuple(self._new.values())
            self._delta = (self._kept[0], self._read[0], added, removed)
        self._kept = self._read
        self.begin()

    def difference(self, old: object, new: object) -> _Difference[ModelT] | None:
        """Return what was added and removed, if these are the last two lists kept."""
        if self._delta is None:
            return None
        before, after, added, removed = self._delta
        return (added, removed) if before is old and after is new else None


_Difference = tuple[tuple[ModelT, ...], tuple[ModelT, ...]]
_Delta = tuple[
    tuple[ModelT, ...], tuple[ModelT, ...], tuple[ModelT, ...], tuple[ModelT, ...]
]


def _optional(kind: type[ModelT], wire: Any, name: str) -> ModelT | None:  # noqa: ANN401
    if not wire.HasField(name):
        return None
    model: Any = codec_of(kind).read(getattr(wire, name))
    built: ModelT = model
    return built


def _several(kind: type[ModelT], wire: Iterable[object]) -> tuple[ModelT, ...]:
    read: Any = codec_of(kind).read
    return tuple(read(message) for message in wire)
