"""What the generated converters call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, TypeVar

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from netbird_sdk._model import Model, OpenEnum

T = TypeVar("T")
EnumT = TypeVar("EnumT", bound=OpenEnum)

MEMO_ENTRIES: Final = 8192
MEMO_BYTES: Final = 1024
"""Longer ones are rare, and a server must not be able to fill the memory with them."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Codec(NamedTuple):
    """The wire classes of a model, to read from and to fill, and its two converters."""

    source: type[Message]
    wire: type[Message]
    read: Callable[[Any], Model]
    fill: Callable[[Any, Any], None]


class Members(dict[int, EnumT]):
    """The members of an enum by number, several times faster than calling the enum."""

    def __init__(self, enum: type[EnumT]) -> None:
        super().__init__({int(member): member for member in enum})
        self._enum = enum

    def __missing__(self, number: int) -> EnumT:
        return self._enum(number)


def draft(model: type[Model]) -> Callable[[], Any]:
    """Make a mutable class with the memory layout of the frozen class `model`.

    Setting a draft's attributes and then its `__class__` costs half of what the frozen
    class's own `__init__` does, which must go through `object.__setattr__`.
    """
    return type(f"{model.__name__}Draft", (Model,), {"__slots__": model.__slots__})


def memo(
    wire: type[Message], read: Callable[[Any], T]
) -> Callable[[Sequence[bytes]], T]:
    """Make a reader of sub-messages left as bytes, which builds equal ones once.

    It takes the pieces in which the sub-message came: more than one are merged, as
    protobuf does. What it remembers is bounded.
    """
    known: dict[bytes, T] = {}
    parse = wire.FromString

    def shared(pieces: Sequence[bytes]) -> T:
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        found = known.get(data)
        if found is None:
            found = read(parse(data))
            if len(data) <= MEMO_BYTES:
                if len(known) >= MEMO_ENTRIES:
                    known.clear()
                known[data] = found
        return found

    return shared


def unknown_fields(message: Message) -> tuple[int, ...]:
    """Return the numbers of the fields of `message` that are not in our protos."""
    found = UnknownFieldSet(message)
    count = len(found)
    # Nearly always there is none.
    return tuple(sorted({found[i].field_number for i in range(count)})) if count else ()


def read_timestamp(wire: Any) -> datetime:
    return _EPOCH + timedelta(seconds=wire.seconds, microseconds=wire.nanos // 1000)


def fill_timestamp(wire: Any, value: datetime) -> None:
    if value.tzinfo is None:
        raise ValueError("a datetime needs a time zone, as in datetime.now(UTC)")
    # Converted first: an instant that UTC has no datetime for could not be read back.
    micros = (value.astimezone(UTC) - _EPOCH) // _MICROSECOND
    wire.seconds, rest = divmod(micros, 1_000_000)
    wire.nanos = rest * 1000
    wire.SetInParent()


def read_duration(wire: Any) -> timedelta:
    # Both parts of a negative duration are negative: cut towards zero.
    return timedelta(seconds=wire.seconds, microseconds=int(wire.nanos / 1000))


def fill_duration(wire: Any, value: timedelta) -> None:
    micros = value // _MICROSECOND
    sign = -1 if micros < 0 else 1
    seconds, rest = divmod(abs(micros), 1_000_000)
    wire.seconds = sign * seconds
    wire.nanos = sign * rest * 1000
    wire.SetInParent()
