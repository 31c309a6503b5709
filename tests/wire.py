"""Instances of every message, drawn from the descriptors and not by our converters.

What a model must hold is worked out here a second time, slowly and reflectively, so
that a fault of the generator does not hide itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

from netbird_sdk import models
from netbird_sdk._codec import codec_of
from netbird_sdk._model import FrozenMap, Model, OpenEnum
from netbird_sdk._wire import management_pb2, proxy_service_pb2

F: TypeAlias = FieldDescriptor
# Descriptors: the type stubs have two classes for each, and much of them optional.
Field: TypeAlias = Any
Leaf: TypeAlias = Callable[[Field], Any]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
RANGES: Final = {
    F.TYPE_INT32: (-(2**31), 2**31 - 1),
    F.TYPE_INT64: (-(2**63), 2**63 - 1),
    F.TYPE_UINT32: (0, 2**32 - 1),
    F.TYPE_UINT64: (0, 2**64 - 1),
    F.TYPE_ENUM: (-(2**31), 2**31 - 1),
}
NESTED_ENUMS: Final[dict[str, type[OpenEnum]]] = {
    "DeviceAuthorizationFlow.provider": models.DeviceAuthorizationFlowProvider,
    "HostConfig.Protocol": models.HostProtocol,
    "MiddlewareConfig.FailMode": models.MiddlewareFailMode,
}
# Microseconds from the epoch, and of a time span, as far as Python can hold them.
TIMES: Final = {
    "Timestamp": tuple(
        (t.replace(tzinfo=UTC) - EPOCH) // MICROSECOND
        for t in (datetime.min, datetime.max)  # noqa: DTZ901 - made aware at once
    ),
    "Duration": (timedelta.min // MICROSECOND, timedelta.max // MICROSECOND),
}


def _messages(descriptors: Mapping[str, Descriptor]) -> Iterator[Descriptor]:
    for descriptor in descriptors.values():
        if not descriptor.GetOptions().map_entry:
            yield descriptor
            yield from _messages(descriptor.nested_types_by_name)


FILES: Final = (management_pb2.DESCRIPTOR, proxy_service_pb2.DESCRIPTOR)
MESSAGES: Final[dict[str, Any]] = {
    message.full_name: message
    for file in FILES
    for message in _messages(file.message_types_by_name)
}
MODELS: Final[dict[str, type[Model]]] = {
    codec_of(model).wire.DESCRIPTOR.full_name: model
    for model in (getattr(models, name) for name in models.__all__)
    if issubclass(model, Model)
}


def is_map(field: Field) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def repeats(field: Field) -> bool:
    # Neither `label` nor `is_repeated` works without a warning on every protobuf.
    return isinstance(field.default_value, list)


def is_time(field: Field) -> bool:
    kind = field.message_type
    return kind is not None and kind.file.package == "google.protobuf"


def oneof_of(field: Field) -> str:
    """Return the oneof a field is an alternative of; `optional` is not one."""
    oneof = field.containing_oneof
    return "" if oneof is None or oneof.name == f"_{field.name}" else oneof.name


def plain(name: str) -> str:
    return name.replace("_", "").lower()


def attribute_of(field: Field) -> str:
    """Return the attribute for a field: its name, but for case and underscores."""
    wanted = plain(oneof_of(field) or field.name)
    slots = MODELS[field.containing_type.full_name].__slots__
    (found,) = [name for name in slots if plain(name) == wanted]
    return found


# --- Writing ------------------------------------------------------------------------


def put_time(message: Any, micros: int) -> None:
    sign = -1 if micros < 0 and message.DESCRIPTOR.name == "Duration" else 1
    seconds, rest = divmod(sign * micros, 1_000_000)
    message.seconds, message.nanos = sign * seconds, sign * rest * 1000
    message.SetInParent()


def put(message: Message, field: Field, value: Any) -> None:
    """Set a field to what `values` drew for it."""
    if is_map(field):
        entries = getattr(message, field.name)
        for key, item in value.items():
            if isinstance(item, Message):
                entries[key].CopyFrom(item)
            else:
                entries[key] = item
    elif repeats(field):
        getattr(message, field.name).extend(value)
    elif is_time(field):
        put_time(getattr(message, field.name), value)
    elif field.message_type is not None:
        getattr(message, field.name).SetInParent()
        getattr(message, field.name).MergeFrom(value)
    else:
        setattr(message, field.name, value)


def filled(descriptor: Any, leaf: Leaf, *, last: bool = False) -> Message:
    """Build a message with every field set; of a oneof its first or last one."""
    message = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        oneof = field.containing_oneof
        if oneof_of(field) and field is not oneof.fields[-1 if last else 0]:
            continue
        put(message, field, filling(field, leaf, last=last))
    return message


def filling(field: Field, leaf: Leaf, *, last: bool = False) -> Any:
    """Build the value of one field, all of it set: two elements where it repeats."""
    kind = field.message_type
    if is_map(field):
        value = kind.fields_by_name["value"].message_type
        one: Any = filled(value, leaf, last=last) if value else leaf(field)
        return {"one": one, "two": one}
    if is_time(field):
        one = 1_700_000_000_123_456
    else:
        one = filled(kind, leaf, last=last) if kind else leaf(field)
    return [one, one] if repeats(field) else one


def ordinary(field: Field) -> Any:
    """Return a scalar that is not the default."""
    kind = field.message_type.fields_by_name["value"] if is_map(field) else field
    match kind.type:
        case F.TYPE_STRING:
            return f"{field.name} ✓"
        case F.TYPE_BYTES:
            return f"{field.name}\0".encode()
        case F.TYPE_BOOL:
            return True
        case F.TYPE_DOUBLE:
            return 0.25
        case F.TYPE_ENUM:
            return 98_765
        case _:
            return 7


# --- Drawing ------------------------------------------------------------------------


def whole_range(low: int, high: int) -> st.SearchStrategy[int]:
    return st.sampled_from((low, high, 0, 1)) | st.integers(low, high)


def values(field: Field, depth: int) -> st.SearchStrategy[Any]:
    """Draw a value of a field, which can be its default."""
    if is_map(field):
        entry = field.message_type.fields_by_name
        return st.dictionaries(
            values(entry["key"], depth), values(entry["value"], depth), max_size=3
        )
    one = elements(field, depth)
    return st.lists(one, max_size=3) if repeats(field) else one


def elements(  # noqa: PLR0911 - one for every type
    field: Field, depth: int
) -> st.SearchStrategy[Any]:
    if is_time(field):
        low, high = TIMES[field.message_type.name]
        return whole_range(low, high) | whole_range(-1, 2 * 10**15)
    if field.message_type is not None:
        return messages(field.message_type, depth - 1)
    match field.type:
        case F.TYPE_STRING:
            return st.text(max_size=8)
        case F.TYPE_BYTES:
            return st.binary(max_size=8)
        case F.TYPE_BOOL:
            return st.booleans()
        case F.TYPE_DOUBLE:
            return st.floats(allow_nan=False)
        case F.TYPE_ENUM:
            known = st.sampled_from([v.number for v in field.enum_type.values])
            return known | whole_range(*RANGES[field.type])
        case _:
            return whole_range(*RANGES[field.type])


@st.composite
def messages(draw: st.DrawFn, descriptor: Any, depth: int = 3) -> Message:
    """Draw a message with some of its fields set, down to `depth` messages deep."""
    message = GetMessageClass(descriptor)()
    if descriptor.fields and depth > 0:
        some = st.lists(
            st.sampled_from(list(descriptor.fields)), unique=True, max_size=6
        )
        for field in draw(some):
            put(message, field, draw(values(field, depth)))
    return message


# --- What the model has to hold -----------------------------------------------------


def expected(message: Message) -> Model:
    """Build the model of a message through its class, field by field."""
    arguments: dict[str, Any] = {}
    descriptor: Any = message.DESCRIPTOR
    for field in descriptor.fields:
        if oneof := oneof_of(field):
            if message.WhichOneof(oneof) != field.name:
                continue
        elif field.has_presence and not message.HasField(field.name):
            continue
        value = getattr(message, field.name)
        if is_map(field):
            entry = field.message_type.fields_by_name["value"]
            value = {key: held(entry, value[key]) for key in value}
        elif repeats(field):
            value = [held(field, item) for item in value]
        else:
            value = held(field, value)
        arguments[attribute_of(field)] = value
    return MODELS[descriptor.full_name](**arguments)


def held(field: Field, value: Any) -> Any:
    if is_time(field):
        span = timedelta(seconds=value.seconds, microseconds=value.nanos // 1000)
        return EPOCH + span if field.message_type.name == "Timestamp" else span
    if field.message_type is not None:
        return expected(value)
    if field.enum_type is not None:
        return enum_of(field.enum_type)(value)
    return value


def enum_of(descriptor: Any) -> type[OpenEnum]:
    """Return the enum of the models that stands for one of the protos."""
    dotted = descriptor.full_name.removeprefix(f"{descriptor.file.package}.")
    enum: type[OpenEnum] = NESTED_ENUMS.get(dotted) or getattr(models, dotted)
    return enum


def same(one: object, other: object) -> bool:
    """Compare in full: also the types, and the fields that `==` leaves out."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Model):
        return all(same(getattr(one, n), getattr(other, n)) for n in one.__slots__)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, FrozenMap) and isinstance(other, FrozenMap):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    return one == other
