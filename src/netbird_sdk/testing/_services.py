"""The services a server publishes, kept ready to be sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import attrs

from netbird_sdk import _codec
from netbird_sdk.errors import ConfigurationError
from netbird_sdk.models.proxy import ProxyMapping, ProxyMappingUpdateType
from netbird_sdk.testing._one_time_tokens import OneTimeTokens

__all__ = ["Service", "Services", "encode_batch", "encode_update"]

# A snapshot of 100,000 mappings must not wait for this server: each is encoded once,
# without its one-time token, and the token's field is appended every time it is sent.
# These are the keys of the fields: number << 3 | 2, for length-delimited values.
_MAPPING: Final = (
    b"\x0a"  # SyncMappingsResponse.mapping, GetMappingUpdateResponse.mapping
)
_AUTH_TOKEN: Final = b"\x32"  # ProxyMapping.auth_token
_SYNC_COMPLETE: Final = b"\x10\x01"  # initial_sync_complete = true
_TOKEN_LENGTH: Final = 44


@attrs.define(eq=False, kw_only=True)
class Service:
    """A service, and where it is published."""

    mapping: ProxyMapping
    cluster: str | None
    """The only address that serves it; None for all."""
    unfinished: bytes = attrs.field(repr=False)
    """A response's mapping entry, up to the token it ends with."""

    def entry(self, token: bytes) -> bytes:
        """Return the entry that tells a proxy of the service, as newly created."""
        return self.unfinished + token

    def is_served_at(self, address: str) -> bool:
        return self.cluster is None or self.cluster == address


class Services:
    """The services by id."""

    def __init__(self, session_key: Callable[[str], str]) -> None:
        self.mappings: dict[str, ProxyMapping] = {}
        self._services: dict[str, Service] = {}
        self._session_key = session_key

    def __iter__(self) -> Iterator[Service]:
        return iter(self._services.values())

    def get(self, service_id: str) -> Service | None:
        return self._services.get(service_id)

    def of_account(self, account_id: str, service_id: str) -> Service | None:
        service = self.get(service_id)
        if service is None or service.mapping.account_id != account_id:
            return None
        return service

    def at_domain(self, domain: str) -> Service | None:
        return next((s for s in self if s.mapping.domain == domain), None)

    def put(self, mapping: ProxyMapping, cluster: str | None) -> Service:
        auth = mapping.auth
        if auth is not None and not auth.session_key:
            auth = attrs.evolve(auth, session_key=self._session_key(mapping.id))
        mapping = attrs.evolve(
            mapping, type=ProxyMappingUpdateType.CREATED, auth_token="", auth=auth
        )
        body = _codec.encode(mapping) + _AUTH_TOKEN + _varint(_TOKEN_LENGTH)
        unfinished = _MAPPING + _varint(len(body) + _TOKEN_LENGTH) + body
        service = Service(mapping=mapping, cluster=cluster, unfinished=unfinished)
        self._services[mapping.id] = service
        self.mappings[mapping.id] = mapping
        return service

    def delete(self, service_id: str) -> Service:
        try:
            service = self._services.pop(service_id)
        except KeyError:
            raise ConfigurationError(
                f"there is no mapping with the id {service_id!r} to delete"
            ) from None
        del self.mappings[service_id]
        return service


def encode_batch(
    services: Sequence[Service], tokens: OneTimeTokens, *, complete: bool
) -> bytes:
    """Return a response with services, all created and each with a new token."""
    issued = tokens.issue([(s.mapping.account_id, s.mapping.id) for s in services])
    entries = [s.entry(t) for s, t in zip(services, issued, strict=True)]
    if complete:
        entries.append(_SYNC_COMPLETE)
    return b"".join(entries)


def encode_update(
    mapping: ProxyMapping, kind: ProxyMappingUpdateType, tokens: OneTimeTokens
) -> bytes:
    """Return a response with one mapping that was created, modified or removed."""
    token = ""
    if kind is not ProxyMappingUpdateType.REMOVED:
        token = tokens.issue([(mapping.account_id, mapping.id)])[0].decode()
    body = _codec.encode(attrs.evolve(mapping, type=kind, auth_token=token))
    return _MAPPING + _varint(len(body)) + body


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
