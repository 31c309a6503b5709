"""FrozenMap, open enums and the converters of arguments."""

from __future__ import annotations

import copy
import json
import pickle
import weakref
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from netbird_sdk import models
from netbird_sdk._model import EMPTY_MAP, FrozenMap, Model, OpenEnum
from wire import MESSAGES, enum_of

ENUMS = {
    field.enum_type.full_name: field.enum_type
    for message in MESSAGES.values()
    for field in message.fields
    if field.enum_type is not None
}
EVERY_ENUM = pytest.mark.parametrize("descriptor", ENUMS.values(), ids=list(ENUMS))
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


# --- FrozenMap ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.__setitem__("a", 9),
        lambda m: m.__delitem__("a"),
        lambda m: m.__ior__({"b": 9}),
        lambda m: m.clear(),
        lambda m: m.pop("a"),
        lambda m: m.pop("missing", None),
        lambda m: m.popitem(),
        lambda m: m.setdefault("b", 9),
        lambda m: m.setdefault("a", 9),
        lambda m: m.update({"b": 9}),
        lambda m: m.update(b=9),
        lambda m: setattr(m, "b", 9),
    ],
)
def test_a_frozen_map_cannot_be_changed(change: Callable[[Any], object]) -> None:
    frozen = FrozenMap({"a": 1})
    with pytest.raises((TypeError, AttributeError)):
        change(frozen)
    assert frozen == {"a": 1}


def test_a_frozen_map_is_made_as_a_dict_is() -> None:
    expected = {"a": 1, "b": 2}
    made = (
        FrozenMap(expected),
        FrozenMap([("a", 1), ("b", 2)]),
        FrozenMap(a=1, b=2),
        FrozenMap({"a": 1}, b=2),
        FrozenMap(FrozenMap(expected)),
    )
    assert all(m == expected and type(m) is FrozenMap for m in made)
    assert FrozenMap() == {} == EMPTY_MAP


def test_equal_frozen_maps_hash_equal_whatever_their_order() -> None:
    one, other = FrozenMap({"a": 1, "b": 2}), FrozenMap({"b": 2, "a": 1})
    assert one == other
    assert hash(one) == hash(other)
    assert len({one, other, FrozenMap({"a": 1})}) == 2


def test_a_frozen_map_of_what_cannot_be_hashed_cannot_be_hashed() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(FrozenMap({"a": []}))


def test_a_frozen_map_equals_a_dict_and_merges_into_one() -> None:
    frozen = FrozenMap({"a": 1})
    assert frozen == {"a": 1}
    assert frozen != {"a": 2}
    assert frozen | {"b": 2} == {"a": 1, "b": 2}
    assert json.dumps(frozen) == '{"a": 1}'


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_frozen_map_pickles(protocol: int) -> None:
    frozen = FrozenMap({"a": models.ProxyStatus(77), "b": models.PinRequest(pin="1")})
    again = pickle.loads(pickle.dumps(frozen, protocol))
    assert again == frozen
    assert type(again) is FrozenMap
    assert hash(again) == hash(frozen)


def test_copies_of_a_frozen_map_are_the_map_itself() -> None:
    frozen = FrozenMap({"a": 1})
    assert frozen.copy() is copy.copy(frozen) is copy.deepcopy(frozen) is frozen
    assert weakref.ref(frozen)() is frozen
    assert not hasattr(frozen, "__dict__")


def test_asdict_turns_maps_of_messages_into_plain_values() -> None:
    indexes = models.MachineUserIndexes(indexes=[1, 2])
    plain = attrs.asdict(models.SSHAuth(machine_users={"root": indexes}))
    assert plain["machine_users"] == {"root": attrs.asdict(indexes)}
    assert type(plain["machine_users"]) is dict
    assert type(plain["machine_users"]["root"]) is dict


# --- Open enums ---------------------------------------------------------------------


@EVERY_ENUM
def test_an_enum_has_the_numbers_of_the_protos_and_no_other(descriptor: Any) -> None:
    enum = enum_of(descriptor)
    assert {m.value for m in enum} == {v.number for v in descriptor.values}
    assert len(enum) == len(descriptor.values)
    assert all(member.is_known for member in enum)
    for value in descriptor.values:
        assert (
            value.name.upper()
            .replace("_", "")
            .endswith(enum(value.number).name.replace("_", ""))
        )


@EVERY_ENUM
@pytest.mark.parametrize("number", [-(2**31), -1, 987_654, 2**31 - 1])
def test_an_enum_keeps_a_number_it_does_not_know(descriptor: Any, number: int) -> None:
    enum = enum_of(descriptor)
    unknown = enum(number)
    assert (unknown, unknown.value, int(unknown)) == (number, number, number)
    assert unknown.name == f"UNKNOWN_{number}"
    assert not unknown.is_known
    assert isinstance(unknown, enum)
    assert unknown == enum(number) != enum(0)
    assert hash(unknown) == hash(enum(number)) == hash(number)
    assert f"UNKNOWN_{number}" in repr(unknown)
    assert unknown not in list(enum)
    for again in (
        *(pickle.loads(pickle.dumps(unknown, protocol)) for protocol in PROTOCOLS),
        copy.copy(unknown),
        copy.deepcopy(unknown),
    ):
        assert again == unknown
        assert type(again) is enum
        assert again.name == unknown.name


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, "ACTIVE", 1.5, None])
def test_an_enum_refuses_what_the_wire_cannot_carry(number: Any) -> None:
    with pytest.raises(ValueError, match="not a valid ProxyStatus"):
        models.ProxyStatus(number)


def test_a_known_member_is_one_object_and_an_int() -> None:
    assert models.ProxyStatus(1) is models.ProxyStatus.ACTIVE
    assert models.ProxyStatus["ACTIVE"] == 1
    assert json.dumps([models.ProxyStatus.ACTIVE, models.ProxyStatus(99)]) == "[1, 99]"


def test_every_public_name_of_the_models_is_a_model_or_an_enum() -> None:
    for name in models.__all__:
        assert issubclass(getattr(models, name), Model | OpenEnum)
        assert getattr(models, name).__name__ == name
    assert set(models.__all__) <= set(dir(models))
    with pytest.raises(AttributeError, match="no attribute 'NoSuchMessage'"):
        _ = models.NoSuchMessage


# --- Arguments ----------------------------------------------------------------------


def test_lists_and_dicts_given_are_taken_over_frozen() -> None:
    groups, headers = ["a"], {"X-A": "1"}
    peer = models.ValidateTunnelPeerResponse(peer_group_ids=groups)
    options = models.PathTargetOptions(custom_headers=headers)
    groups.append("b")
    headers["X-B"] = "2"
    assert peer.peer_group_ids == ("a",)
    assert options.custom_headers == {"X-A": "1"}
    assert type(options.custom_headers) is FrozenMap
    generated = models.ValidateTunnelPeerResponse(peer_group_ids=(x for x in "ab"))
    assert generated.peer_group_ids == ("a", "b")


@pytest.mark.parametrize("slip", ["10.0.0.0/8", b"10.0.0.0/8", None, 5])
def test_a_single_value_for_a_tuple_is_refused(slip: Any) -> None:
    with pytest.raises(TypeError):
        models.AccessRestrictions(allowed_cidrs=slip)
