"""States of services as management has them, and how they look on the wire."""

from __future__ import annotations

from enum import Enum
from functools import cached_property
from random import Random
from typing import Final

import attrs

from netbird_sdk._codec import decode, encode
from netbird_sdk.models.proxy import (
    AccessRestrictions,
    Authentication,
    PathMapping,
    ProxyMapping,
    ProxyMappingUpdateType,
)
from netbird_sdk.serves import Serves

SERVES: Final = Serves(
    modes={"http", "tcp"},
    custom_ports=True,
    cidr_rules=True,
    auth={"password"},
    private_services=True,
)
"""What simulated sinks declare: everything that `Version` can ask for but mode quic."""


class Fate(Enum):
    """What has to become of a version in the end."""

    SERVED = "served"
    REFUSED = "refused"
    """The session must not even offer it to the sink."""
    REJECTED = "rejected"
    """Every upsert of it fails."""
    REJECTED_AT_COMMIT = "rejected at commit"


@attrs.frozen(kw_only=True, slots=False)
class Version:
    """One state of one service."""

    id: str
    domain: str
    port: int = 0
    mode: str = "http"
    revision: int = 0
    password: bool = False
    cidrs: tuple[str, ...] = ()
    private: bool = False
    headers: int = 0
    """Entries of a map, whose order on the wire is random."""
    damaged: bool = False
    """A part of it cannot be decoded."""

    @property
    def fate(self) -> Fate:
        if self.damaged or (self.mode or "http") not in SERVES.modes:
            return Fate.REFUSED
        if self.domain.startswith("bad"):
            return Fate.REJECTED
        if self.domain.startswith("late"):
            return Fate.REJECTED_AT_COMMIT
        return Fate.SERVED

    @property
    def addresses(self) -> frozenset[str]:
        return frozenset({self.domain} | ({f":{self.port}"} if self.port else set()))

    @cached_property
    def model(self) -> ProxyMapping:
        """What a sink should be told."""
        assert not self.damaged
        return decode(ProxyMapping, self.wire(ProxyMappingUpdateType.CREATED, b""))

    @cached_property
    def _parts(self) -> tuple[bytes, bytes, bytes]:
        head = ProxyMapping(id=self.id, account_id="account", domain=self.domain)
        tail = ProxyMapping(
            auth=Authentication(password=True) if self.password else None,
            mode=self.mode,
            listen_port=self.port,
            access_restrictions=(
                AccessRestrictions(allowed_cidrs=self.cidrs) if self.cidrs else None
            ),
            private=self.private,
        )
        path = PathMapping(path="/", target=f"http://10.0.0.1/{self.revision}")
        return encode(head), encode(path), encode(tail)

    def wire(
        self, kind: ProxyMappingUpdateType, token: bytes, random: Random | None = None
    ) -> bytes:
        """Write it as a Go server does: fields by number, map entries in any order."""
        head, path, tail = self._parts
        entries = [
            field(4, field(1, b"X-%d" % i) + field(2, b"value"))
            for i in range(self.headers)
        ]
        if random is not None:
            random.shuffle(entries)
        if self.damaged:
            path = b"\xff\xff" + b"%d" % self.revision
        elif entries:
            path += field(3, b"".join(entries))
        prefix = bytes((0x08, kind)) if kind else b""
        with_token = field(6, token) if token else b""
        return prefix + head + field(5, path) + with_token + tail


def removal(service_id: str, domain: str) -> bytes:
    """Write a REMOVED; as in reality, it may name the service's next domain."""
    return encode(
        ProxyMapping(type=ProxyMappingUpdateType.REMOVED, id=service_id, domain=domain)
    )


def batch(mappings: list[bytes], *, complete: bool) -> bytes:
    """Write a SyncMappingsResponse or GetMappingUpdateResponse."""
    return b"".join(field(1, body) for body in mappings) + (b"\x10\x01" * complete)


def field(number: int, payload: bytes) -> bytes:
    """Write one length-delimited field."""
    return bytes((number << 3 | 2,)) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return out + bytes((value,))
