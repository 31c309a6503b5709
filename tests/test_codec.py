"""The generated converters, against what the descriptors say a message may hold."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor import FieldDescriptor as F
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netbird_sdk import models
from netbird_sdk._codec import codec_of, decode, encode
from netbird_sdk._model import Model
from netbird_sdk._wire import management_pb2, proxy_service_pb2
from netbird_sdk.errors import ConfigurationError, ProtocolError
from wire import (
    MESSAGES,
    MODELS,
    RANGES,
    attribute_of,
    expected,
    filled,
    filling,
    is_map,
    is_time,
    messages,
    oneof_of,
    ordinary,
    put,
    repeats,
    same,
)

EVERY_MESSAGE = pytest.mark.parametrize(
    "descriptor", MESSAGES.values(), ids=[name.split(".", 1)[1] for name in MESSAGES]
)
REPORTS_UNKNOWN = {
    models.AccessRestrictions,
    models.Authentication,
    models.PathTargetOptions,
    models.ProxyMapping,
}
# Fields no proto has: 1000 a varint, 1001 bytes, 1002 a group.
UNKNOWN = b"\xc0\x3e\x05" + b"\xca\x3e\x02hi" + b"\xd3\x3e\x08\x01\xd4\x3e"


def model_of(descriptor: Descriptor) -> type[Model]:
    return MODELS[descriptor.full_name]


def check(message: Message) -> None:
    """Pin that a message and its model turn into each other without loss."""
    model = decode(MODELS[message.DESCRIPTOR.full_name], message.SerializeToString())
    assert same(model, expected(message))
    data = encode(model)
    assert type(message).FromString(data) == message
    assert same(decode(type(model), data), model)


def test_there_is_one_model_for_every_message_of_the_protos() -> None:
    assert MODELS.keys() == MESSAGES.keys()
    assert len(MESSAGES) == 114
    assert len(set(MODELS.values())) == len(MESSAGES)


@EVERY_MESSAGE
@settings(max_examples=20)
@given(data=st.data())
def test_random_instances_survive_both_ways(
    descriptor: Descriptor, data: st.DataObject
) -> None:
    check(data.draw(messages(descriptor)))


@EVERY_MESSAGE
@pytest.mark.parametrize("last", [False, True], ids=["first", "last"])
def test_an_instance_with_every_field_set_survives(
    descriptor: Descriptor, last: bool
) -> None:
    check(filled(descriptor, ordinary, last=last))


@EVERY_MESSAGE
def test_every_field_alone_reaches_its_attribute_and_comes_back(
    descriptor: Descriptor,
) -> None:
    """A field that the models or the converters forgot makes no difference here."""
    default = model_of(descriptor)()
    for field in descriptor.fields:
        message = GetMessageClass(descriptor)()
        put(message, field, filling(field, ordinary))
        model = decode(type(default), message.SerializeToString())
        changed = {
            name
            for name in model.__slots__
            if not same(getattr(model, name), getattr(default, name))
        }
        assert changed == {attribute_of(field)}
        check(message)


@EVERY_MESSAGE
def test_every_attribute_stands_for_a_field(descriptor: Descriptor) -> None:
    attributes = {attribute_of(field) for field in descriptor.fields}
    if model_of(descriptor) in REPORTS_UNKNOWN:
        attributes.add("unknown_fields")
    assert set(model_of(descriptor).__slots__) == attributes


@EVERY_MESSAGE
def test_presence_is_kept_apart_from_the_default(descriptor: Descriptor) -> None:
    """Unset is None; a present default is the default, also after the way back."""
    for field in descriptor.fields:
        if not field.has_presence:
            continue
        message = GetMessageClass(descriptor)()
        assert getattr(decode(model_of(descriptor), b""), attribute_of(field)) is None
        if field.message_type is not None:
            getattr(message, field.name).SetInParent()
        else:
            setattr(message, field.name, field.default_value)
        model = decode(model_of(descriptor), message.SerializeToString())
        assert getattr(model, attribute_of(field)) is not None
        assert encode(model) == message.SerializeToString() != b""


@EVERY_MESSAGE
def test_fields_of_a_newer_server_are_dropped_and_reported_where_promised(
    descriptor: Descriptor,
) -> None:
    model = decode(model_of(descriptor), UNKNOWN)
    if type(model) in REPORTS_UNKNOWN:
        assert getattr(model, "unknown_fields") == (1000, 1001, 1002)  # noqa: B009
    else:
        assert same(model, type(model)())
    assert encode(model) == b""


def test_unknown_fields_are_found_at_every_depth_of_a_mapping() -> None:
    options = proxy_service_pb2.PathTargetOptions.FromString(UNKNOWN)
    mapping = proxy_service_pb2.ProxyMapping.FromString(UNKNOWN)
    mapping.path.add().options.CopyFrom(options)
    mapping.auth.MergeFromString(UNKNOWN)
    mapping.access_restrictions.MergeFromString(UNKNOWN)
    model = decode(models.ProxyMapping, mapping.SerializeToString())
    assert model.auth is not None
    assert model.access_restrictions is not None
    assert model.path[0].options is not None
    for found in (model, model.auth, model.access_restrictions, model.path[0].options):
        assert found.unknown_fields == (1000, 1001, 1002)


@pytest.mark.parametrize(
    "model",
    [models.SyncResponse, models.LoginResponse, models.ExtendAuthSessionResponse],
)
def test_the_session_deadline_has_three_states(model: type[Any]) -> None:
    """Unset, the zero time and a deadline are three things, on the wire too."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    deadline = datetime(2026, 5, 28, 12, 30, 0, 250_000, tzinfo=UTC)
    encoded = [encode(model(session_expires_at=x)) for x in (None, epoch, deadline)]
    assert len(set(encoded)) == 3
    decoded = [decode(model, data).session_expires_at for data in encoded]
    assert decoded == [None, epoch, deadline]
    wire = codec_of(model).wire
    fields = [wire.FromString(data).HasField("sessionExpiresAt") for data in encoded]
    assert fields == [False, True, True]


def test_times_are_cut_to_microseconds_and_come_back_in_utc() -> None:
    message = management_pb2.SyncResponse()
    message.sessionExpiresAt.seconds, message.sessionExpiresAt.nanos = 1, 1_999
    got = decode(models.SyncResponse, message.SerializeToString()).session_expires_at
    assert got == datetime(1970, 1, 1, 0, 0, 1, 1, tzinfo=UTC)
    assert got.tzinfo is UTC
    there = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    data = encode(models.SyncResponse(session_expires_at=there))
    assert decode(models.SyncResponse, data).session_expires_at == there


def test_a_negative_duration_is_cut_towards_zero() -> None:
    message = proxy_service_pb2.PathTargetOptions()
    message.request_timeout.seconds, message.request_timeout.nanos = -1, -1_999
    got = decode(models.PathTargetOptions, message.SerializeToString())
    assert got.request_timeout == timedelta(seconds=-1, microseconds=-1)


# --- Bad input ----------------------------------------------------------------------


def decode_or_refuse(model: type[Model], data: bytes) -> None:
    with suppress(ProtocolError):
        decode(model, data)


@EVERY_MESSAGE
@settings(max_examples=20)
@given(data=st.binary(max_size=64))
def test_random_bytes_are_read_or_refused(descriptor: Descriptor, data: bytes) -> None:
    decode_or_refuse(model_of(descriptor), data)


# What is drawn is large, and cutting it needs but few examples.
@settings(max_examples=100, suppress_health_check=[HealthCheck.data_too_large])
@given(
    name=st.sampled_from(sorted(MESSAGES)), at=st.integers(0, 2**20), byte=st.binary()
)
def test_damaged_messages_are_read_or_refused(name: str, at: int, byte: bytes) -> None:
    whole = filled(MESSAGES[name], ordinary).SerializeToString()
    at %= len(whole) + 1
    decode_or_refuse(MODELS[name], whole[:at])
    decode_or_refuse(MODELS[name], whole[:at] + byte + whole[at + len(byte) :])


@EVERY_MESSAGE
def test_text_that_is_not_utf_8_is_refused(descriptor: Descriptor) -> None:
    for field in descriptor.fields:
        if field.type == F.TYPE_STRING:
            tag = GetMessageClass(descriptor)()
            put(tag, field, ["x"] if repeats(field) else "x")
            with pytest.raises(ProtocolError, match=model_of(descriptor).__name__):
                decode(model_of(descriptor), tag.SerializeToString()[:-1] + b"\xff")


@pytest.mark.parametrize(
    "seconds", [2**63 - 1, -(2**63), 253_402_300_800, -62_135_596_801]
)
def test_a_time_that_python_cannot_hold_is_refused(seconds: int) -> None:
    message = management_pb2.SyncResponse()
    message.sessionExpiresAt.seconds = seconds
    with pytest.raises(ProtocolError, match="SyncResponse"):
        decode(models.SyncResponse, message.SerializeToString())


@pytest.mark.parametrize("seconds", [2**63 - 1, -(2**63)])
def test_a_time_span_that_python_cannot_hold_is_refused(seconds: int) -> None:
    message = management_pb2.FlowConfig()
    message.interval.seconds = seconds
    with pytest.raises(ProtocolError, match="FlowConfig"):
        decode(models.FlowConfig, message.SerializeToString())


def misfits(field: Any) -> list[object]:  # noqa: PLR0911 - one for every type
    """Return values that a field cannot carry."""
    if is_map(field):
        return [{5: "value"}, {"key": object()}]
    if is_time(field):
        naive = datetime(2026, 1, 1)  # noqa: DTZ001 - that it is naive is the point
        others = [naive, date(2026, 1, 1), "2026-01-01", 5]
        return [*others, timedelta(1) if "Time" in field.message_type.name else 1.5]
    if field.message_type is not None:
        return [object(), "text", 5]
    match field.type:
        case F.TYPE_STRING:
            return [5, object(), "\ud800"]
        case F.TYPE_BYTES:
            return [5, object(), "text"]
        case F.TYPE_BOOL:
            return ["text", object()]
        case F.TYPE_DOUBLE:
            return ["text", object(), 10**400]
    low, high = RANGES[field.type]
    return [low - 1, high + 1, 10**30, "text", object(), 1.5]


@EVERY_MESSAGE
def test_what_a_field_cannot_carry_is_refused_with_its_name(
    descriptor: Descriptor,
) -> None:
    model = model_of(descriptor)
    for field in descriptor.fields:
        name = attribute_of(field)
        for misfit in misfits(field):
            value = [misfit] if repeats(field) and not is_map(field) else misfit
            if oneof_of(field) and misfit == 5:
                continue  # the number is another alternative of PortInfo
            with pytest.raises(ConfigurationError) as caught:
                encode(model(**{name: value}))
            assert str(caught.value).startswith(
                f"{model.__name__}.{name} cannot be sent"
            )
            secret = f"{name}=<hidden>" in repr(model(**{name: value}))
            assert (caught.value.__cause__ is None) is secret


def test_the_innermost_field_is_named() -> None:
    options = models.PathTargetOptions(capture_max_request_bytes=2**63)
    path = models.PathMapping(path="/", options=options)
    batch = models.SyncMappingsResponse(mapping=[models.ProxyMapping(path=[path])])
    with pytest.raises(
        ConfigurationError, match=r"^PathTargetOptions\.capture_max_request_bytes "
    ):
        encode(batch)


@pytest.mark.parametrize(
    ("moment", "hours"),
    [(datetime.min, 1), (datetime.max, -1)],  # noqa: DTZ901
)
def test_an_instant_that_could_not_be_read_back_is_refused(
    moment: datetime, hours: int
) -> None:
    """Beyond the first and the last year of UTC, though not of its own time zone."""
    zone = timezone(timedelta(hours=hours))
    with pytest.raises(ConfigurationError, match="session_expires_at"):
        encode(models.SyncResponse(session_expires_at=moment.replace(tzinfo=zone)))


def test_what_is_no_message_is_a_type_error() -> None:
    class Stranger(models.Empty):
        pass

    for stranger in (Stranger, Model, int):
        with pytest.raises(TypeError, match="not a message"):
            decode(stranger, b"")  # type: ignore[type-var]
