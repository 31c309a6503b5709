"""Mappings as bytes: told apart, compared and kept without being decoded.

A batch is read through a second schema (see tools/slices.proto) that leaves each
mapping as its bytes. What changes although nothing has changed, the one-time token and
the update type, is cut out; two mappings are then equal when their bytes are. Only
where bytes of one length differ does it take the models to tell: servers written in Go
put the entries of a map in any order.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from google.protobuf.message import DecodeError

from netbird_sdk._codec import decode
from netbird_sdk._wire import slices_pb2 as pb
from netbird_sdk.errors import ProtocolError
from netbird_sdk.models.proxy import ProxyMapping, ProxyMappingUpdateType

__all__ = ["Slice", "read_batch", "read_mapping", "same_mapping"]

REMOVED: Final = int(ProxyMappingUpdateType.REMOVED)
# Tag and value of `type` as every encoder writes them: first, and CREATED not at all.
_MODIFIED_PREFIX: Final = b"\x08\x01"
_TOKEN_TAG: Final = b"\x32"


class Slice(NamedTuple):
    """One mapping of a batch."""

    id: str
    removed: bool
    body: bytes
    """Its wire form, less the update type and the token."""
    token: bytes


def read_batch(data: bytes, method: str) -> tuple[list[Slice], bool]:
    """Take a SyncMappingsResponse or GetMappingUpdateResponse apart.

    Returns the mappings and whether this message ends the snapshot. Mappings without
    an id are left out: nothing could ever be said of them.

    Raises:
        ProtocolError: `data` is no such message.
    """
    try:
        batch = pb.MappingBatch.FromString(data)
        read_key = pb.MappingKey.FromString
        slices: list[Slice] = []
        for body in batch.mapping:
            key = read_key(body)
            if not (service_id := key.id):
                continue
            token = key.auth_token
            if token:
                field = _token_field(token)
                if body.count(field) == 1:
                    body = body.replace(field, b"")  # noqa: PLW2901
            if body.startswith(_MODIFIED_PREFIX):
                body = body[2:]  # noqa: PLW2901
            slices.append(Slice(service_id, key.type == REMOVED, body, token))
    except DecodeError as error:
        raise ProtocolError(
            f"{method}: cannot read a message of {len(data)} bytes: {error}",
            method=method,
        ) from error
    return slices, batch.initial_sync_complete


def read_mapping(body: bytes, token: bytes = b"") -> ProxyMapping:
    """Build the model of a slice.

    Raises:
        ProtocolError: The mapping is damaged.
    """
    return decode(ProxyMapping, body + _token_field(token) if token else body)


def same_mapping(one: bytes, other: bytes) -> bool:
    """Whether two bodies mean the same, whatever their token and update type."""
    if one == other:
        return True
    if len(one) != len(other):
        return False
    try:
        # Models compare without auth_token.
        return decode(ProxyMapping, one) == decode(ProxyMapping, other)
    except ProtocolError:
        return False


def _token_field(token: bytes) -> bytes:
    size, length = b"", len(token)
    while length > 0x7F:
        size += bytes((length & 0x7F | 0x80,))
        length >>= 7
    return _TOKEN_TAG + size + bytes((length,)) + token
