"""Models to bytes and back: the one door to the generated converters.

Callers use `encode` and `decode` only, so the layer below can be replaced.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any, Final, TypeVar, cast

import attrs
from google.protobuf.message import DecodeError

from netbird_sdk._codec.runtime import Codec
from netbird_sdk._model import Model, masked
from netbird_sdk.errors import ConfigurationError, ProtocolError

__all__ = ["decode", "encode"]

ModelT = TypeVar("ModelT", bound=Model)

# What protobuf and our converters raise for a value that does not fit its field.
_MISFIT: Final = (TypeError, ValueError, OverflowError, AttributeError)


def codec_of(model: type[Model]) -> Codec:
    """Look up the generated converters of a model class.

    Raises:
        TypeError: `model` is not one of the generated classes.
    """
    codec = codecs_of(model.__module__).get(model)
    if codec is None:
        raise TypeError(f"{model.__qualname__} is not a message of NetBird's protocols")
    return codec


@cache
def codecs_of(module: str) -> dict[type[Model], Codec]:
    """Import the converters of a module of models when they are first needed."""
    package, _, name = module.rpartition(".")
    if package != "netbird_sdk.models":
        return {}
    converters = import_module(f"netbird_sdk._codec.{name}")
    return cast(dict[type[Model], Codec], converters.CODECS)


def encode(model: Model) -> bytes:
    """Return the protobuf wire form of `model`.

    Raises:
        ConfigurationError: A field holds what the protocol cannot carry, such as a number
            out of range or a datetime without a time zone.
    """
    codec = codec_of(type(model))
    message = codec.wire()
    try:
        codec.fill(message, model)
        return message.SerializeToString()
    except _MISFIT as error:
        where, is_secret = misfit(model) or (type(model).__name__, False)
        if is_secret:
            # Neither the text nor the cause: both can quote the value.
            raise ConfigurationError(
                f"{where} cannot be sent: its value (a secret, not shown) does not fit"
            ) from None
        raise ConfigurationError(f"{where} cannot be sent: {error}") from error


def decode(model: type[ModelT], data: bytes, *, method: str = "") -> ModelT:
    """Read an instance of `model` from its protobuf wire form.

    Fields this version does not know are dropped. Times are cut to microseconds.
    `method` is the RPC whose message it is, for what errors say.

    Raises:
        ProtocolError: `data` is not such a message, or holds a time that Python cannot.
    """
    codec = codec_of(model)
    try:
        return cast(ModelT, codec.read(codec.source.FromString(data)))
    except (DecodeError, OverflowError, ValueError) as error:
        whose = f"{method}: " if method else ""
        raise ProtocolError(
            f"{whose}cannot read a {model.__name__} of {len(data)} bytes: {error}",
            method=method,
        ) from error


def misfit(model: Model) -> tuple[str, bool] | None:
    """Find the innermost field that cannot be sent, and whether it is a secret.

    It is named with its model, such as `PathMapping.target`.
    """
    kind = type(model)
    codec = codec_of(kind)
    for name in kind.__slots__:
        value: object = getattr(model, name)
        parts = (
            cast(tuple[object, ...], value) if isinstance(value, tuple) else (value,)
        )
        for part in parts:
            if isinstance(part, Model) and (found := misfit(part)):
                return found
        try:
            codec.fill(codec.wire(), kind(**{name: value}))
        except _MISFIT:
            attribute = attrs.fields_dict(cast(Any, kind))[name]
            return f"{kind.__name__}.{name}", attribute.repr is masked
    return None
