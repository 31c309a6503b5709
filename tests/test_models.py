"""What every model promises: frozen, comparable, copyable, and silent about secrets."""

from __future__ import annotations

import copy
import pickle
import re
import tomllib
import traceback
import weakref
from pathlib import Path
from typing import Any

import attrs
import pytest
from google.protobuf.descriptor import Descriptor
from google.protobuf.descriptor import FieldDescriptor as F

from netbird_sdk import models
from netbird_sdk._codec import decode, encode
from netbird_sdk._model import Model
from netbird_sdk.errors import ConfigurationError
from wire import (
    MESSAGES,
    MODELS,
    Field,
    attribute_of,
    filled,
    is_map,
    ordinary,
    repeats,
    same,
)

EVERY_MESSAGE = pytest.mark.parametrize(
    "descriptor", MESSAGES.values(), ids=[name.split(".", 1)[1] for name in MESSAGES]
)
OVERLAY = tomllib.loads(
    Path(__file__).parents[1].joinpath("tools", "overlay.toml").read_text("utf-8")
)
SECRETS = {name for group in OVERLAY["secrets"].values() for name in group}

# Fields whose names sound secret, and why they are shown.
NOT_SECRET = {
    "CreateProxyPeerRequest.wireguard_public_key": "a public key",
    "EncryptedMessage.wgPubKey": "a public key",
    "HeaderAuth.header": "the name, not the value",
    "HeaderAuthRequest.header_name": "the name, not the value",
    "JWTConfig.keysLocation": "a URL that everybody may read",
    "PeerCompact.ssh_pub_key": "a public key",
    "PeerCompact.wg_pub_key": "a public key",
    "PeerKeys.sshPubKey": "a public key",
    "PeerKeys.wgPubKey": "a public key",
    "ProviderConfig.TokenEndpoint": "a URL that everybody may read",
    "RemotePeerConfig.wgPubKey": "a public key",
    "SSHConfig.sshPubKey": "a public key",
    "ServerKeyResponse.key": "a public key",
}


def sample(descriptor: Descriptor, leaf: Any = ordinary) -> Any:
    """Build a model with every field set, down to the last message."""
    message = filled(descriptor, leaf)
    return decode(MODELS[descriptor.full_name], message.SerializeToString())


def proto_name(field: Field) -> str:
    name: str = field.full_name
    return name.removeprefix(f"{field.file.package}.")


# --- Classes ------------------------------------------------------------------------


@EVERY_MESSAGE
def test_a_model_is_frozen_slotted_and_keyword_only(descriptor: Descriptor) -> None:
    model, kind = sample(descriptor), MODELS[descriptor.full_name]
    assert type(model) is kind
    assert issubclass(kind, Model)
    assert not hasattr(model, "__dict__")
    for name in (*model.__slots__, "invented"):
        with pytest.raises((attrs.exceptions.FrozenInstanceError, AttributeError)):
            setattr(model, name, None)
        with pytest.raises((attrs.exceptions.FrozenInstanceError, AttributeError)):
            delattr(model, name)
    with pytest.raises(TypeError, match="positional argument"):
        kind("value")  # type: ignore[call-arg]


@EVERY_MESSAGE
def test_a_decoded_model_is_like_one_built_by_hand(descriptor: Descriptor) -> None:
    model = sample(descriptor)
    kind: Any = type(model)
    by_hand = kind(**{name: getattr(model, name) for name in model.__slots__})
    assert same(model, by_hand)
    assert model == by_hand
    assert hash(model) == hash(by_hand)
    assert repr(model) == repr(by_hand)
    assert type(model) is MODELS[descriptor.full_name]
    if descriptor.fields:
        assert model != type(model)()


@EVERY_MESSAGE
def test_a_model_can_be_copied_pickled_and_weakly_referenced(
    descriptor: Descriptor,
) -> None:
    model = sample(descriptor)
    copies = [copy.copy(model), copy.deepcopy(model), attrs.evolve(model)]
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        copies += [pickle.loads(pickle.dumps(model, protocol))]
    for again in copies:
        assert same(again, model)
        assert hash(again) == hash(model)
    assert weakref.ref(model)() is model


@EVERY_MESSAGE
def test_every_attribute_can_be_evolved_and_counts(descriptor: Descriptor) -> None:
    """Equality sees every field, but for those the overlay leaves out with a reason."""
    model = sample(descriptor)
    default = type(model)()
    ignored = {
        attribute_of(field)
        for field in descriptor.fields
        if proto_name(field) in OVERLAY["not_compared"]
    }
    for name in model.__slots__:
        if name == "unknown_fields":
            continue
        changed = attrs.evolve(model, **{name: getattr(default, name)})
        assert getattr(changed, name) == getattr(default, name)
        assert (changed == model) is (name in ignored)


@EVERY_MESSAGE
def test_asdict_gives_plain_nested_values(descriptor: Descriptor) -> None:
    def check(value: object) -> None:
        assert not isinstance(value, Model)
        if isinstance(value, dict):
            assert type(value) is dict
            for item in value.values():
                check(item)
        elif isinstance(value, list | tuple):
            for item in value:
                check(item)

    model = sample(descriptor)
    plain = attrs.asdict(model)
    assert list(plain) == list(model.__slots__)
    check(plain)


@EVERY_MESSAGE
def test_a_model_can_be_matched_by_keyword(descriptor: Descriptor) -> None:
    """No positional patterns: the order of fields is not part of the interface."""
    assert MODELS[descriptor.full_name].__match_args__ == ()  # type: ignore[attr-defined]


# --- Secrets ------------------------------------------------------------------------


def secret_or_ordinary(field: Field) -> Any:
    """Return a marker for a field that has to be masked."""
    if proto_name(field) not in SECRETS:
        return ordinary(field)
    return b"MARKER" if field.type == F.TYPE_BYTES else "MARKER"


def test_the_overlay_names_secrets_that_exist() -> None:
    names = {proto_name(f) for m in MESSAGES.values() for f in m.fields}
    assert names >= SECRETS
    assert len(SECRETS) >= 25


@EVERY_MESSAGE
def test_no_repr_shows_a_secret_of_its_own_or_of_what_it_contains(
    descriptor: Descriptor,
) -> None:
    for last in (False, True):
        message = filled(descriptor, secret_or_ordinary, last=last)
        model = decode(MODELS[descriptor.full_name], message.SerializeToString())
        for shown in (repr(model), str(model), f"{model}", repr([model])):
            assert "MARKER" not in shown
        for field in descriptor.fields:
            name = attribute_of(field)
            if proto_name(field) in SECRETS:
                assert f"{name}=<hidden>" in repr(model)


@EVERY_MESSAGE
def test_a_repr_tells_whether_a_secret_is_set(descriptor: Descriptor) -> None:
    shown = repr(MODELS[descriptor.full_name]())
    assert "<hidden>" not in shown


def test_every_field_that_sounds_secret_is_masked_or_known_not_to_be() -> None:
    """A new field of that kind has to be judged before it can be shown."""
    telling = re.compile(
        "token|secret|passw|pin$|pins$|hash|jwt|key|credential|cookie|bearer|psk|"
        "signature|private|header"
    )
    found = set()
    for message in MESSAGES.values():
        for field in message.fields:
            kind = (
                field.message_type.fields_by_name["value"] if is_map(field) else field
            )
            if kind.type not in (F.TYPE_STRING, F.TYPE_BYTES):
                continue
            if telling.search(field.name.lower()) and proto_name(field) not in SECRETS:
                found.add(proto_name(field))
    assert sorted(found) == sorted(NOT_SECRET)


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_no_error_shows_a_secret_that_cannot_be_sent(name: str) -> None:
    message, _, wire_name = name.rpartition(".")
    (full,) = [m for m in MESSAGES if m.split(".", 2)[2] == message]
    (field,) = [f for f in MESSAGES[full].fields if f.name == wire_name]
    broken: Any = "MARKER" if field.type == F.TYPE_BYTES else "MARKER\ud800"
    if is_map(field):
        broken = {"X-Key": broken}
    elif repeats(field):
        broken = [broken]
    attribute = attribute_of(field)
    with pytest.raises(ConfigurationError, match=attribute) as caught:
        encode(MODELS[full](**{attribute: broken}))
    assert "MARKER" not in "".join(traceback.format_exception(caught.value))


def test_masked_values_are_still_there_for_the_program() -> None:
    request = models.PasswordRequest(password="correct horse")
    assert request.password == "correct horse"
    assert attrs.asdict(request) == {"password": "correct horse"}
