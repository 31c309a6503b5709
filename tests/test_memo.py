"""Sub-messages are shared by content: never to another result than protobuf's own."""

from __future__ import annotations

from datetime import timedelta

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from netbird_sdk._codec import decode, encode
from netbird_sdk._codec.runtime import MEMO_BYTES, MEMO_ENTRIES, memo
from netbird_sdk._wire import proxy_service_pb2 as pb
from netbird_sdk.errors import ProtocolError
from netbird_sdk.models import PathMapping, PathTargetOptions, ProxyMapping
from wire import MESSAGES, expected, messages, same

DESCRIPTOR = MESSAGES["netbird_sdk.proxy_service.ProxyMapping"]


def field(number: int, body: bytes) -> bytes:
    """Return an embedded message as it stands on the wire."""
    return bytes([number << 3 | 2, len(body)]) + body


@settings(max_examples=200)
@given(data=st.data())
def test_a_mapping_sent_in_pieces_is_merged_as_protobuf_merges_it(
    data: st.DataObject,
) -> None:
    """Each singular sub-message then comes twice, at every depth."""
    pieces = [data.draw(messages(DESCRIPTOR)).SerializeToString() for _ in range(2)]
    whole = b"".join(pieces)
    assert same(
        decode(ProxyMapping, whole), expected(pb.ProxyMapping.FromString(whole))
    )


def test_options_that_come_twice_are_merged() -> None:
    first = pb.PathTargetOptions(skip_tls_verify=True, custom_headers={"a": "1"})
    second = pb.PathTargetOptions(direct_upstream=True, custom_headers={"b": "2"})
    wire = field(3, first.SerializeToString()) + field(3, second.SerializeToString())
    options = decode(PathMapping, wire).options
    assert options == PathTargetOptions(
        skip_tls_verify=True, direct_upstream=True, custom_headers={"a": "1", "b": "2"}
    )


def test_options_that_are_empty_but_present_are_no_absent_ones() -> None:
    assert decode(PathMapping, b"").options is None
    assert decode(PathMapping, field(3, b"")).options == PathTargetOptions()


def test_equal_options_are_built_once() -> None:
    wire = encode(PathMapping(options=PathTargetOptions(direct_upstream=True)))
    assert decode(PathMapping, wire).options is decode(PathMapping, wire).options


def test_damaged_options_are_refused_however_often_they_come() -> None:
    wire = field(3, b"\x22\x05\x0a\x03\xff\xff\xff")
    with pytest.raises(DecodeError):
        pb.PathMapping.FromString(wire)
    for _ in range(2):
        with pytest.raises(ProtocolError):
            decode(PathMapping, wire)


def test_what_is_remembered_is_bounded_in_number_and_in_size() -> None:
    """A server must not be able to fill the memory with distinct options."""
    built: list[str] = []

    def read(message: pb.PathMapping) -> str:
        built.append(message.path)
        return message.path

    shared = memo(pb.PathMapping, read)
    for number in range(MEMO_ENTRIES + 1):
        shared([pb.PathMapping(path=str(number)).SerializeToString()])
    built.clear()
    shared([pb.PathMapping(path="0").SerializeToString()])
    assert built == ["0"]
    long = pb.PathMapping(path="x" * MEMO_BYTES).SerializeToString()
    built.clear()
    shared([long])
    shared([long])
    assert len(built) == 2


def test_durations_are_shared_too() -> None:
    wire = encode(PathTargetOptions(request_timeout=timedelta(seconds=30)))
    one = decode(PathTargetOptions, wire).request_timeout
    assert one == timedelta(seconds=30)
    assert one is decode(PathTargetOptions, wire).request_timeout
