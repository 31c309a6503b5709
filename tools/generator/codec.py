"""Emit the converters of one module: wire message to model and back, field by field.

No reflection at run time. Reading fills in a mutable twin of the frozen class and then
turns it into that class; writing sets what differs from the default. Sub-messages that
many messages share are read as bytes, and built once for each distinct content.
"""

from __future__ import annotations

from generator.schema import Field, Message, Module
from generator.text import HEADER

IMPORTS = """
from __future__ import annotations

from typing import Any, Final

from netbird_sdk._codec.runtime import {runtime}
from netbird_sdk._model import {model_runtime}
from netbird_sdk._wire import {wire}_pb2 as pb
from netbird_sdk.models import {module} as models
"""
KNOWN_WIRE = {"datetime": "Timestamp", "timedelta": "Duration"}
ACCESSORS = {
    "datetime": ("read_timestamp", "fill_timestamp"),
    "timedelta": ("read_duration", "fill_duration"),
}


def emit_codec(module: Module, wire: str) -> str:
    """Return the source of netbird_sdk/_codec/<module>.py."""
    messages = sorted(module.messages, key=lambda m: m.name)
    used = {f.type for m in messages for f in _flat(m) if _value_kind(f) == "enum"}
    body = "".join(
        f"_{e.name}: Final = Members(models.{e.name})\n"
        for e in module.enums
        if e.name in used
    )
    for message in messages:
        body += _reader(message) + _filler(message)
    body += _shared(messages)
    read_from = "shadow" if shadowed(module) else "pb"
    body += "\n\nCODECS: Final[dict[type[Model], Codec]] = {\n"
    for m in messages:
        wires = f"{read_from}.{m.wire_name}, pb.{m.wire_name}"
        converters = f"read_{m.snake_name}, fill_{m.snake_name}"
        body += f"    models.{m.name}: Codec({wires}, {converters}),\n"
    body += "}\n"
    candidates = (
        "Codec",
        "Members",
        "draft",
        "fill_duration",
        "fill_timestamp",
        "memo",
        "read_duration",
        "read_timestamp",
        "unknown_fields",
    )
    runtime = [name for name in candidates if f"{name}(" in body]
    model_runtime = [
        name for name in ("EMPTY_MAP", "FrozenMap", "Model") if name in body
    ]
    return (
        HEADER.format(doc=f"Converters of the {module.name} protocol's models.")
        + IMPORTS.format(
            runtime=", ".join(runtime),
            model_runtime=", ".join(model_runtime),
            wire=wire,
            module=module.name,
        )
        + _more_imports(module, wire, body)
        + "\n"
        + body
    )


def shadowed(module: Module) -> bool:
    """Whether messages of this module are read through a second schema."""
    return any(f.memo for message in module.messages for f in message.fields)


def _more_imports(module: Module, wire: str, body: str) -> str:
    source = ""
    if shadowed(module):
        source += f"from netbird_sdk._wire import {wire}_shadow_pb2 as shadow\n"
    for name in KNOWN_WIRE.values():
        if f"({name}," in body:
            file = f"google.protobuf.{name.lower()}_pb2"
            source += f"from {file} import {name}\n"
    return source


def _flat(message: Message) -> list[Field]:
    return [a for f in message.fields for a in (f.alternatives or (f,))]


def _value_kind(item: Field) -> str:
    return item.value_kind if item.kind == "map" else item.kind


def _read_value(item: Field, value: str) -> str:
    """Expression that turns one element, `value`, into what the model holds."""
    match _value_kind(item):
        case "message":
            return f"read_{item.snake_type}({value})"
        case "enum":
            return f"_{item.type}[{value}]"
        case "time":
            return f"{ACCESSORS[item.type][0]}({value})"
        case _:
            return value


def _reader(message: Message) -> str:
    name = message.name
    source = (
        f"\n\n_{name}Draft: Final = draft(models.{name})\n" if message.fields else ""
    )
    source += f"\n\ndef read_{message.snake_name}(m: Any) -> models.{name}:\n"
    if not message.fields:
        return source + f"    return models.{name}()\n"
    source += f"    o = _{name}Draft()\n"
    for item in message.fields:
        source += _read_memo(item) if item.memo else _read_field(item)
    if message.reports_unknown:
        source += "    o.unknown_fields = unknown_fields(m)\n"
    return (
        source
        + f"    o.__class__ = models.{name}\n    return o  # type: ignore[no-any-return]\n"
    )


def _read_memo(item: Field) -> str:
    return (
        f"    v = m.{item.wire_name}\n"
        f"    o.{item.name} = _shared_{item.snake_type}(v) if v else None\n"
    )


def _shared(messages: list[Message]) -> str:
    """Emit what builds memoised fields, after the readers they call."""
    source = ""
    for item in {f.type: f for m in messages for f in m.fields if f.memo}.values():
        wire, read = f"shadow.{item.type}", f"read_{item.snake_type}"
        if item.kind == "time":
            wire, read = KNOWN_WIRE[item.type], ACCESSORS[item.type][0]
        source += f"_shared_{item.snake_type}: Final = memo({wire}, {read})\n"
    return "\n\n" + source if source else ""


def _read_field(item: Field) -> str:
    target, wire = f"o.{item.name}", f"m.{item.wire_name}"
    if item.kind == "oneof":
        source = f'    match m.WhichOneof("{item.wire_name}"):\n'
        for one in item.alternatives:
            source += f'        case "{one.wire_name}":\n'
            source += (
                f"            {target} = {_read_value(one, f'm.{one.wire_name}')}\n"
            )
        return source + f"        case _:\n            {target} = None\n"
    if item.kind == "map":
        value = _read_value(item, "v[k]")
        return (
            f"    v = {wire}\n"
            f"    {target} = FrozenMap({{k: {value} for k in v}}) if v else EMPTY_MAP\n"
        )
    if item.repeated:
        plain = item.kind == "scalar"
        each = "v[:]" if plain else f"[{_read_value(item, 'x')} for x in v]"
        return f"    v = {wire}\n    {target} = tuple({each}) if v else ()\n"
    if item.optional:
        value = _read_value(item, wire)
        return f'    {target} = {value} if m.HasField("{item.wire_name}") else None\n'
    return f"    {target} = {_read_value(item, wire)}\n"


def _filler(message: Message) -> str:
    source = f"\n\ndef fill_{message.snake_name}(m: Any, o: models.{message.name}) -> None:\n"
    if not message.fields:
        return source + "    pass\n"
    return source + "".join(_fill_field(item) for item in message.fields)


def _fill_present(item: Field, wire: str, value: str, indent: str) -> str:
    """Statements that write `value`, known to be present, to the singular field `wire`."""
    if item.kind == "message":
        return f"{indent}{wire}.SetInParent()\n{indent}fill_{item.snake_type}({wire}, {value})\n"
    if item.kind == "time":
        return f"{indent}{ACCESSORS[item.type][1]}({wire}, {value})\n"
    return f"{indent}{wire} = {value}\n"


def _fill_field(item: Field) -> str:
    source, wire = f"o.{item.name}", f"m.{item.wire_name}"
    if item.kind == "oneof":
        lines = f"    v = {source}\n"
        keyword = "if"
        for one in item.alternatives:
            type_ = one.type if one.kind == "scalar" else f"models.{one.type}"
            lines += f"    {keyword} isinstance(v, {type_}):\n"
            lines += _fill_present(one, f"m.{one.wire_name}", "v", " " * 8)
            keyword = "elif"
        return lines + (
            "    elif v is not None:\n"
            f'        raise TypeError(f"{item.name} cannot be a {{type(v).__name__}}")\n'
        )
    # A name of its own for every loop: a type checker gives a variable one type only.
    each = f"each_{item.name}"
    if item.kind == "map":
        if item.value_kind == "message":
            return (
                f"    for k, {each} in {source}.items():\n"
                f"        fill_{item.snake_type}({wire}[k], {each})\n"
            )
        return f"    if {source}:\n        {wire}.update({source})\n"
    if item.repeated:
        if item.kind == "message":
            return (
                f"    for {each} in {source}:\n"
                f"        fill_{item.snake_type}({wire}.add(), {each})\n"
            )
        return f"    if {source}:\n        {wire}.extend({source})\n"
    if item.optional:
        return f"    if {source} is not None:\n" + _fill_present(
            item, wire, source, " " * 8
        )
    if item.type == "float":
        return f"    {wire} = {source}\n"  # -0.0 is falsy and yet not the default
    return f"    if {source}:\n        {wire} = {source}\n"
