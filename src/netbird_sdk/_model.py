"""What the generated models are made of: the base class, open enums, frozen maps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any, Final, NoReturn, Self, TypeVar

from typing_extensions import override

__all__ = [
    "EMPTY_MAP",
    "FrozenMap",
    "Model",
    "OpenEnum",
    "frozen_map",
    "masked",
    "tuple_of",
]

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


class Model:
    """Base of every model: a frozen, slotted, keyword-only attrs class.

    Models compare and hash by value, can be pickled, copied and weakly referenced, and
    work with `attrs.evolve` and `attrs.asdict`.
    """

    # Kept here and not in each class so that the converters' mutable twins share the
    # memory layout of the frozen classes.
    __slots__ = ("__weakref__",)


class OpenEnum(IntEnum):
    """An enum that keeps numbers it does not know, as members named `UNKNOWN_<number>`.

    Servers newer than this library send such numbers; they survive a round trip.
    """

    @override
    def __reduce_ex__(self, _protocol: object) -> tuple[type[Self], tuple[int]]:
        # Python before 3.11.4 pickles by name, which an unknown number does not have.
        return type(self), (int(self),)

    @classmethod
    @override
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int) or not -(2**31) <= value < 2**31:
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = value
        return member

    @property
    def is_known(self) -> bool:
        """Whether this version of the library has a name for the number."""
        return self._value_ in type(self)._value2member_map_


class FrozenMap(dict[K, V]):
    """A dict that cannot be changed and therefore can be hashed.

    It equals a dict of the same items, whatever their order.
    """

    __slots__ = ("__weakref__",)

    def _refuse(self, *_args: object, **_kwargs: object) -> NoReturn:
        raise TypeError("a FrozenMap cannot be changed: build a new one")

    __setitem__ = _refuse
    __delitem__ = _refuse
    __ior__ = _refuse
    clear = _refuse
    pop = _refuse
    popitem = _refuse
    setdefault = _refuse  # pyright: ignore[reportAssignmentType]
    update = _refuse  # pyright: ignore[reportAssignmentType]

    @override
    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    @override
    def __reduce__(self) -> tuple[type[Self], tuple[dict[K, V]]]:
        return (type(self), (dict(self),))

    @override
    def copy(self) -> Self:
        """Return the map itself: it cannot change."""
        return self

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self


# One for all: it cannot change, so it serves every kind of map.
EMPTY_MAP: Final[FrozenMap[Any, Any]] = FrozenMap()


def frozen_map(value: Mapping[K, V]) -> FrozenMap[K, V]:
    """Return `value` as a `FrozenMap`, itself when it is one."""
    return value if isinstance(value, FrozenMap) else FrozenMap(value)


def tuple_of(value: Iterable[T]) -> tuple[T, ...]:
    """Return `value` as a tuple; a single str or bytes is refused as a slip.

    Raises:
        TypeError: `value` is a str or bytes, or not iterable.
    """
    if isinstance(value, str | bytes):
        raise TypeError(
            f"expected several values, got one {type(value).__name__}: put it in a list"
        )
    return tuple(value)


def masked(value: object) -> str:
    """Show only whether a secret is set."""
    return "<hidden>" if value else repr(value)
