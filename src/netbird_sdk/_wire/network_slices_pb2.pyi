from google.protobuf import timestamp_pb2 as _timestamp_pb2
from netbird_sdk._wire import management_pb2 as _management_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Update(_message.Message):
    __slots__ = ("netbird_config", "peer_config", "remote_peers", "remote_peers_is_empty", "network_map", "checks", "session_expires_at", "network_map_envelope", "version")
    NETBIRD_CONFIG_FIELD_NUMBER: _ClassVar[int]
    PEER_CONFIG_FIELD_NUMBER: _ClassVar[int]
    REMOTE_PEERS_FIELD_NUMBER: _ClassVar[int]
    REMOTE_PEERS_IS_EMPTY_FIELD_NUMBER: _ClassVar[int]
    NETWORK_MAP_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    SESSION_EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    NETWORK_MAP_ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    netbird_config: _management_pb2.NetbirdConfig
    peer_config: _management_pb2.PeerConfig
    remote_peers: _containers.RepeatedScalarFieldContainer[bytes]
    remote_peers_is_empty: bool
    network_map: Map
    checks: _containers.RepeatedCompositeFieldContainer[_management_pb2.Checks]
    session_expires_at: _timestamp_pb2.Timestamp
    network_map_envelope: _management_pb2.NetworkMapEnvelope
    version: int
    def __init__(self, netbird_config: _Optional[_Union[_management_pb2.NetbirdConfig, _Mapping]] = ..., peer_config: _Optional[_Union[_management_pb2.PeerConfig, _Mapping]] = ..., remote_peers: _Optional[_Iterable[bytes]] = ..., remote_peers_is_empty: bool = ..., network_map: _Optional[_Union[Map, _Mapping]] = ..., checks: _Optional[_Iterable[_Union[_management_pb2.Checks, _Mapping]]] = ..., session_expires_at: _Optional[_Union[_timestamp_pb2.Timestamp, _Mapping]] = ..., network_map_envelope: _Optional[_Union[_management_pb2.NetworkMapEnvelope, _Mapping]] = ..., version: _Optional[int] = ...) -> None: ...

class Map(_message.Message):
    __slots__ = ("serial", "peer_config", "remote_peers", "remote_peers_is_empty", "routes", "dns_config", "offline_peers", "firewall_rules", "firewall_rules_is_empty", "routes_firewall_rules", "routes_firewall_rules_is_empty", "forwarding_rules", "ssh_auth")
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    PEER_CONFIG_FIELD_NUMBER: _ClassVar[int]
    REMOTE_PEERS_FIELD_NUMBER: _ClassVar[int]
    REMOTE_PEERS_IS_EMPTY_FIELD_NUMBER: _ClassVar[int]
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    DNS_CONFIG_FIELD_NUMBER: _ClassVar[int]
    OFFLINE_PEERS_FIELD_NUMBER: _ClassVar[int]
    FIREWALL_RULES_FIELD_NUMBER: _ClassVar[int]
    FIREWALL_RULES_IS_EMPTY_FIELD_NUMBER: _ClassVar[int]
    ROUTES_FIREWALL_RULES_FIELD_NUMBER: _ClassVar[int]
    ROUTES_FIREWALL_RULES_IS_EMPTY_FIELD_NUMBER: _ClassVar[int]
    FORWARDING_RULES_FIELD_NUMBER: _ClassVar[int]
    SSH_AUTH_FIELD_NUMBER: _ClassVar[int]
    serial: int
    peer_config: _management_pb2.PeerConfig
    remote_peers: _containers.RepeatedScalarFieldContainer[bytes]
    remote_peers_is_empty: bool
    routes: _containers.RepeatedScalarFieldContainer[bytes]
    dns_config: DNS
    offline_peers: _containers.RepeatedScalarFieldContainer[bytes]
    firewall_rules: _containers.RepeatedScalarFieldContainer[bytes]
    firewall_rules_is_empty: bool
    routes_firewall_rules: _containers.RepeatedScalarFieldContainer[bytes]
    routes_firewall_rules_is_empty: bool
    forwarding_rules: _containers.RepeatedScalarFieldContainer[bytes]
    ssh_auth: _management_pb2.SSHAuth
    def __init__(self, serial: _Optional[int] = ..., peer_config: _Optional[_Union[_management_pb2.PeerConfig, _Mapping]] = ..., remote_peers: _Optional[_Iterable[bytes]] = ..., remote_peers_is_empty: bool = ..., routes: _Optional[_Iterable[bytes]] = ..., dns_config: _Optional[_Union[DNS, _Mapping]] = ..., offline_peers: _Optional[_Iterable[bytes]] = ..., firewall_rules: _Optional[_Iterable[bytes]] = ..., firewall_rules_is_empty: bool = ..., routes_firewall_rules: _Optional[_Iterable[bytes]] = ..., routes_firewall_rules_is_empty: bool = ..., forwarding_rules: _Optional[_Iterable[bytes]] = ..., ssh_auth: _Optional[_Union[_management_pb2.SSHAuth, _Mapping]] = ...) -> None: ...

class DNS(_message.Message):
    __slots__ = ("service_enable", "name_server_groups", "custom_zones", "forwarder_port")
    SERVICE_ENABLE_FIELD_NUMBER: _ClassVar[int]
    NAME_SERVER_GROUPS_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_ZONES_FIELD_NUMBER: _ClassVar[int]
    FORWARDER_PORT_FIELD_NUMBER: _ClassVar[int]
    service_enable: bool
    name_server_groups: _containers.RepeatedCompositeFieldContainer[_management_pb2.NameServerGroup]
    custom_zones: _containers.RepeatedCompositeFieldContainer[Zone]
    forwarder_port: int
    def __init__(self, service_enable: bool = ..., name_server_groups: _Optional[_Iterable[_Union[_management_pb2.NameServerGroup, _Mapping]]] = ..., custom_zones: _Optional[_Iterable[_Union[Zone, _Mapping]]] = ..., forwarder_port: _Optional[int] = ...) -> None: ...

class Zone(_message.Message):
    __slots__ = ("domain", "records", "search_domain_disabled", "non_authoritative")
    DOMAIN_FIELD_NUMBER: _ClassVar[int]
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    SEARCH_DOMAIN_DISABLED_FIELD_NUMBER: _ClassVar[int]
    NON_AUTHORITATIVE_FIELD_NUMBER: _ClassVar[int]
    domain: str
    records: _containers.RepeatedScalarFieldContainer[bytes]
    search_domain_disabled: bool
    non_authoritative: bool
    def __init__(self, domain: _Optional[str] = ..., records: _Optional[_Iterable[bytes]] = ..., search_domain_disabled: bool = ..., non_authoritative: bool = ...) -> None: ...
