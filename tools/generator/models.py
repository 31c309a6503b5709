"""Emit the attrs classes and enums of one module."""

from __future__ import annotations

from collections.abc import Iterator

from generator.schema import DEFAULTS, Enum, Field, Message, Module
from generator.text import HEADER, docstring

IMPORTS = """
from __future__ import annotations

{stdlib}
import attrs

from netbird_sdk._model import {runtime}

__all__ = [{names}]
"""


def emit_models(module: Module) -> str:
    """Return the source of netbird_sdk/models/<module>.py."""
    messages = sorted(module.messages, key=lambda m: m.name)
    enums = sorted(module.enums, key=lambda e: e.name)
    body = "".join(_enum(enum) for enum in enums)
    body += "".join(_tuple_converters(messages))
    body += "".join(_message(message) for message in messages)
    exports = sorted([*(m.name for m in messages), *(e.name for e in enums)])
    names = ", ".join(f'"{name}"' for name in exports)
    stdlib = ""
    if "Iterable[" in body or "Mapping[" in body:
        stdlib += "from collections.abc import Iterable, Mapping\n"
    times = [name for name in ("datetime", "timedelta") if name in body]
    if times:
        stdlib += f"from datetime import {', '.join(times)}\n"
    runtime = [
        name
        for name in (
            "EMPTY_MAP",
            "Model",
            "OpenEnum",
            "frozen_map",
            "masked",
            "tuple_of",
        )
        if name in body
    ]
    return (
        HEADER.format(doc=f"Models of the {module.name} protocol.")
        + IMPORTS.format(names=names, stdlib=stdlib, runtime=", ".join(runtime))
        + body
    )


def _enum(enum: Enum) -> str:
    source = f"\n\nclass {enum.name}(OpenEnum):\n" + docstring(enum.doc, "    ") + "\n"
    for name, number, doc in enum.members:
        source += f"    {name} = {number}\n" + docstring(doc, "    ")
    return source


def _tuple_converters(messages: list[Message]) -> Iterator[str]:
    """One function for each element type: mypy wants attrs converters free of TypeVars."""
    types = {f.type for m in messages for f in m.fields if f.repeated}
    if any(m.reports_unknown for m in messages):
        types.add("int")
    for name in sorted(types):
        yield (
            f"\n\ndef _tuple_of_{name}(value: Iterable[{name}]) -> tuple[{name}, ...]:\n"
            "    return tuple_of(value)\n"
        )
    maps = {(f.key_type, f.type) for m in messages for f in m.fields if f.kind == "map"}
    for key, value in sorted(maps):
        yield (
            f"\n\ndef _map_of_{key}_{value}("
            f"value: Mapping[{key}, {value}]) -> Mapping[{key}, {value}]:\n"
            "    return frozen_map(value)\n"
        )


def _message(message: Message) -> str:
    source = (
        "\n\n@attrs.frozen(kw_only=True, weakref_slot=False)\n"
        f"class {message.name}(Model):\n" + docstring(message.doc, "    ")
    )
    if message.doc:
        source += "\n"
    for item in message.fields:
        source += f"    {item.name}: {annotation(item)} = {_default(item)}\n"
        doc = item.doc
        if item.kind == "oneof" and not doc:
            doc = "At most one of these."
        if item.deprecated and "eprecated" not in doc:
            doc = f"Deprecated. {doc}".rstrip()
        source += docstring(doc, "    ")
    if message.reports_unknown:
        source += (
            "    unknown_fields: tuple[int, ...] = "
            "attrs.field(default=(), converter=_tuple_of_int)\n"
            '    """Numbers of the fields a newer server sent that this version cannot read;'
            ' never sent."""\n'
        )
    if not message.fields and not message.doc:
        source += "    pass\n"
    return source


def annotation(item: Field) -> str:
    """The declared type of the attribute."""
    if item.kind == "map":
        return f"Mapping[{item.key_type}, {item.type}]"
    if item.repeated:
        return f"tuple[{item.type}, ...]"
    return f"{item.type} | None" if item.optional else item.type


def _default(item: Field) -> str:
    extras = ""
    if item.secret:
        extras += ", repr=masked"
    if not item.compared:
        extras += ", eq=False"
    if item.kind == "map":
        return f"attrs.field(default=EMPTY_MAP, converter=_map_of_{item.key_type}_{item.type}{extras})"
    if item.repeated:
        return f"attrs.field(default=(), converter=_tuple_of_{item.type}{extras})"
    if item.optional:
        default = "None"
    elif item.kind == "enum":
        default = f"{item.type}(0)"
    else:
        default = DEFAULTS[item.type]
    return f"attrs.field(default={default}{extras})" if extras else default
