"""The entries of long lists, each built once for as long as it keeps being sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, compress, count
from operator import ne
from typing import Any, Generic, TypeVar

from netbird_sdk._codec import codec_of
from netbird_sdk._model import Model

__all__ = ["EntryPool"]

ModelT = TypeVar("ModelT", bound=Model)


class EntryPool(dict[bytes, ModelT], Generic[ModelT]):
    """The entries of one kind, as of the last message kept, by their wire form.

    The wire form is the one we would write, without fields we do not know. Should a
    server write another, that is found out each time: it is slower and no less right.
    Equal entries are thereby one object.
    """

    def __init__(self, kind: type[ModelT]) -> None:
        super().__init__()
        codec = codec_of(kind)
        self._parse, self._build = codec.source.FromString, codec.read
        self._kept: list[_List[ModelT]] = []
        self._delta: tuple[object, object, _Difference[ModelT]] | None = None
        self.begin()

    def begin(self) -> None:
        """Forget what was read and not kept."""
        self._read: list[_List[ModelT]] = []
        self._new: dict[bytes, Any] = {}
        self._canonical: dict[bytes, bytes] = {}
        # The parts of the lists, old and new, that are not known to be the same.
        self._before: list[list[bytes]] = []
        self._after: list[list[bytes]] = []

    def read(self, wire: Iterable[bytes]) -> tuple[ModelT, ...]:
        """Return the entries of a list; lists have their order in a message."""
        forms = list(wire)
        position = len(self._read)
        old_forms, old = (
            self._kept[position] if position < len(self._kept) else ([], ())
        )
        start, end = _same_ends(old_forms, forms)
        # Found by comparing, which is several times cheaper than by looking up.
        middle = forms[start : len(forms) - end]
        self._before.append(old_forms[start : len(old_forms) - end])
        self._after.append(middle)
        models = old
        if middle or len(forms) != len(old):
            found = tuple(map(self.__getitem__, middle))
            models = old[:start] + found + old[len(old) - end :]
        self._read.append((forms, models))
        return models

    def __missing__(self, form: bytes) -> ModelT:
        message = self._parse(form)
        message.DiscardUnknownFields()
        canonical = message.SerializeToString()
        if canonical == form:
            canonical = form
        else:
            self._canonical[form] = canonical
            if canonical in self:
                return self[canonical]
        if canonical not in self._new:
            self._new[canonical] = self._build(message)
        model: ModelT = self._new[canonical]
        return model

    def keep(self) -> None:
        """Replace what is remembered by what was read last."""
        # The lists of the message that is forgotten, and what they have lost.
        before = [*self._before, *(forms for forms, _ in self._kept[len(self._read) :])]
        if len(self) == sum(len(forms) for forms, _ in self._kept):
            gone, still = set(chain(*before)), self._after
        else:  # entries that came several times, or in another form
            gone, still = set(self), [forms for forms, _ in self._read]
        gone.difference_update(*still, self._canonical.values())
        removed = tuple([self.pop(form) for form in sorted(gone)])
        added = tuple(self._new.values())
        self.update(self._new)
        self._delta = None
        if len(self._kept) == len(self._read) == 1:
            self._delta = (self._kept[0][1], self._read[0][1], (added, removed))
        # Lists with entries in other forms are not compared: they would seem the same.
        self._kept = [
            ([], models) if self._canonical else (forms, models)
            for forms, models in self._read
        ]
        self.begin()

    def difference(self, old: object, new: object) -> _Difference[ModelT] | None:
        """Return what was added and removed, if these are the last two lists kept."""
        if self._delta is None:
            return None
        before, after, answer = self._delta
        return answer if before is old and after is new else None


_List = tuple[list[bytes], tuple[ModelT, ...]]
_Difference = tuple[tuple[ModelT, ...], tuple[ModelT, ...]]


def _same_ends(old: Sequence[bytes], new: Sequence[bytes]) -> tuple[int, int]:
    """Return how many entries are the same from the start, and then from the end."""
    shorter = min(len(old), len(new))
    start = next(compress(count(), map(ne, old, new)), shorter)
    backwards = map(ne, reversed(old), reversed(new))
    end = next(compress(count(), backwards), shorter)
    return start, min(end, shorter - start)
