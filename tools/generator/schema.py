"""What the emitters work on: the protos' descriptors under their Python names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as F

SCALARS: Final = {
    F.TYPE_DOUBLE: "float",
    F.TYPE_INT32: "int",
    F.TYPE_INT64: "int",
    F.TYPE_UINT32: "int",
    F.TYPE_UINT64: "int",
    F.TYPE_BOOL: "bool",
    F.TYPE_STRING: "str",
    F.TYPE_BYTES: "bytes",
}
DEFAULTS: Final = {
    "float": "0.0",
    "int": "0",
    "bool": "False",
    "str": '""',
    "bytes": 'b""',
}
KNOWN: Final = {"Timestamp": "datetime", "Duration": "timedelta"}


@dataclass(frozen=True)
class Field:
    """One attribute of a model: a proto field, or a oneof with its alternatives."""

    wire_name: str
    name: str
    kind: str
    """scalar, enum, message, time (Timestamp, Duration), map or oneof."""
    type: str
    """Python name of the element: str, ProxyStatus, PathMapping, datetime, ..."""
    repeated: bool = False
    optional: bool = False
    """Has presence, so None stands for unset."""
    deprecated: bool = False
    secret: bool = False
    compared: bool = True
    doc: str = ""
    key_type: str = ""
    value_kind: str = ""
    memo: bool = False
    """Read through a schema that leaves it as bytes, and shared when equal."""
    alternatives: tuple[Field, ...] = ()

    @property
    def snake_type(self) -> str:
        return snake(self.type)


@dataclass(frozen=True)
class Message:
    wire_name: str
    name: str
    doc: str
    fields: tuple[Field, ...]
    reports_unknown: bool

    @property
    def snake_name(self) -> str:
        return snake(self.name)


@dataclass(frozen=True)
class Enum:
    wire_name: str
    name: str
    doc: str
    members: tuple[tuple[str, int, str], ...]
    """(name, number, doc)"""


@dataclass(frozen=True)
class Method:
    name: str
    path: str
    doc: str
    request: str
    response: str
    client_streaming: bool
    server_streaming: bool
    sealed_request: bool
    sealed_response: bool


@dataclass
class Module:
    """One proto file."""

    name: str
    """proxy or management."""
    messages: list[Message] = field(default_factory=list)
    enums: list[Enum] = field(default_factory=list)
    methods: list[Method] = field(default_factory=list)


def snake(name: str) -> str:
    """Turn `wgPubKey`, `OSVersion` and `GetOIDCURL` into snake_case."""
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


class Overlay:
    """overlay.toml, remembering which entries were used."""

    def __init__(self, path: Path) -> None:
        data = tomllib.loads(path.read_text())
        self.rename: dict[str, str] = data["rename"]
        self.rename_types: dict[str, str] = data["rename_types"]
        self.enum_prefix: dict[str, str] = data["enum_prefix"]
        self.secrets = {name for group in data["secrets"].values() for name in group}
        self.not_compared: dict[str, str] = data["not_compared"]
        self.unknown_fields: list[str] = data["unknown_fields"]["messages"]
        self.memo: list[str] = data["memo"]["fields"]
        self.sealed: dict[str, dict[str, str]] = data["sealed"]
        self._used: set[str] = set()

    def use(self, key: str, entries: Container[str]) -> bool:
        if key in entries:
            self._used.add(key)
            return True
        return False

    def unused(self) -> set[str]:
        """Entries that name nothing in the protos: a typing slip, or gone upstream."""
        every = {
            *self.rename,
            *self.rename_types,
            *self.enum_prefix,
            *self.secrets,
            *self.not_compared,
            *self.unknown_fields,
            *self.memo,
            *self.sealed,
        }
        return every - self._used


class Reader:
    """Turns one FileDescriptorProto into a Module."""

    def __init__(
        self, file: descriptor_pb2.FileDescriptorProto, overlay: Overlay
    ) -> None:
        self.file = file
        self.overlay = overlay
        self.docs = {
            tuple(place.path): _clean(place.leading_comments)
            for place in file.source_code_info.location
        }

    def read(self, name: str) -> Module:
        module = Module(name)
        for number, enum in enumerate(self.file.enum_type):
            module.enums.append(self._enum(enum, (), (5, number)))
        for number, message in enumerate(self.file.message_type):
            self._message(module, message, (), (4, number))
        for number, service in enumerate(self.file.service):
            for index, method in enumerate(service.method):
                doc = self.docs.get((6, number, 2, index), "")
                module.methods.append(self._method(service.name, method, doc))
        return module

    def _type_name(self, full: str) -> str:
        """`.package.Outer.Inner` -> `OuterInner`, or what the overlay says."""
        dotted = full.removeprefix(f".{self.file.package}.")
        if self.overlay.use(dotted, self.overlay.rename_types):
            return self.overlay.rename_types[dotted]
        return dotted.replace(".", "")

    def _message(
        self,
        module: Module,
        message: descriptor_pb2.DescriptorProto,
        outer: tuple[str, ...],
        path: tuple[int, ...],
    ) -> None:
        names = (*outer, message.name)
        dotted = ".".join(names)
        for number, enum in enumerate(message.enum_type):
            module.enums.append(self._enum(enum, names, (*path, 4, number)))
        maps = {}
        for number, nested in enumerate(message.nested_type):
            if nested.options.map_entry:
                maps[f".{self.file.package}.{dotted}.{nested.name}"] = nested
            else:
                self._message(module, nested, names, (*path, 3, number))
        module.messages.append(
            Message(
                wire_name=dotted,
                name=self._type_name(f".{self.file.package}.{dotted}"),
                doc=self.docs.get(path, ""),
                fields=tuple(self._fields(message, dotted, path, maps)),
                reports_unknown=self.overlay.use(dotted, self.overlay.unknown_fields),
            )
        )

    def _fields(
        self,
        message: descriptor_pb2.DescriptorProto,
        dotted: str,
        path: tuple[int, ...],
        maps: dict[str, descriptor_pb2.DescriptorProto],
    ) -> Iterator[Field]:
        oneofs: dict[int, list[Field]] = {}
        order: list[Field | int] = []
        for number, proto in enumerate(message.field):
            read = self._field(
                proto, dotted, self.docs.get((*path, 2, number), ""), maps
            )
            if proto.HasField("oneof_index") and not proto.proto3_optional:
                if proto.oneof_index not in oneofs:
                    order.append(proto.oneof_index)
                oneofs.setdefault(proto.oneof_index, []).append(read)
            else:
                order.append(read)
        for item in order:
            if isinstance(item, Field):
                yield item
                continue
            alternatives = oneofs[item]
            types = [f.type for f in alternatives]
            if len(set(types)) != len(types):
                raise SystemExit(
                    f"{dotted}: alternatives of a oneof share a Python type"
                )
            name = message.oneof_decl[item].name
            yield Field(
                wire_name=name,
                name=snake(name),
                kind="oneof",
                type=" | ".join(types),
                optional=True,
                secret=any(f.secret for f in alternatives),
                doc=self.docs.get((*path, 8, item), ""),
                alternatives=tuple(alternatives),
            )

    def _field(
        self,
        proto: F,
        dotted: str,
        doc: str,
        maps: dict[str, descriptor_pb2.DescriptorProto],
    ) -> Field:
        key = f"{dotted}.{proto.name}"
        overlay = self.overlay
        kind, type_ = self._kind(proto)
        repeated = proto.label == F.LABEL_REPEATED
        key_type = value_kind = ""
        if proto.type_name in maps:
            entry = maps[proto.type_name]
            key_type = SCALARS[entry.field[0].type]
            value_kind, type_ = self._kind(entry.field[1])
            kind, repeated = "map", False
        name = (
            overlay.rename[key]
            if overlay.use(key, overlay.rename)
            else snake(proto.name)
        )
        return Field(
            wire_name=proto.name,
            name=name,
            kind=kind,
            type=type_,
            repeated=repeated,
            optional=not repeated
            and (proto.proto3_optional or kind in ("message", "time")),
            deprecated=proto.options.deprecated,
            secret=overlay.use(key, overlay.secrets),
            compared=not overlay.use(key, overlay.not_compared),
            doc=doc,
            key_type=key_type,
            value_kind=value_kind,
            memo=overlay.use(key, overlay.memo),
        )

    def _kind(self, proto: F) -> tuple[str, str]:
        if proto.type == F.TYPE_ENUM:
            return "enum", self._type_name(proto.type_name)
        if proto.type != F.TYPE_MESSAGE:
            return "scalar", SCALARS[proto.type]
        if proto.type_name.startswith(".google.protobuf."):
            return "time", KNOWN[proto.type_name.rpartition(".")[2]]
        return "message", self._type_name(proto.type_name)

    def _enum(
        self,
        enum: descriptor_pb2.EnumDescriptorProto,
        outer: Sequence[str],
        path: tuple[int, ...],
    ) -> Enum:
        dotted = ".".join((*outer, enum.name))
        name = self._type_name(f".{self.file.package}.{dotted}")
        if self.overlay.use(name, self.overlay.enum_prefix):
            prefix = self.overlay.enum_prefix[name]
        else:
            prefix = snake(name).upper() + "_"
        members = []
        for number, value in enumerate(enum.value):
            member = (
                snake(value.name).upper()
                if value.name != value.name.upper()
                else value.name
            )
            member = member.replace("I_PV6", "IPV6").removeprefix(prefix)
            members.append(
                (member, value.number, self.docs.get((*path, 2, number), ""))
            )
        return Enum(dotted, name, self.docs.get(path, ""), tuple(members))

    def _method(
        self, service: str, method: descriptor_pb2.MethodDescriptorProto, doc: str
    ) -> Method:
        sealed = self.overlay.sealed.get(method.name, {})
        self.overlay.use(method.name, self.overlay.sealed)
        plain_request = self._type_name(method.input_type)
        plain_response = self._type_name(method.output_type)
        if plain_request == "EncryptedMessage" and "request" not in sealed:
            raise SystemExit(f"overlay.toml: [sealed] lacks {method.name}")
        return Method(
            name=method.name,
            # Upstream's package: ours is renamed, and names are not on the wire.
            path=f"/management.{service}/{method.name}",
            doc=doc,
            request=sealed.get("request", plain_request),
            response=sealed.get("response", plain_response),
            client_streaming=method.client_streaming,
            server_streaming=method.server_streaming,
            sealed_request="request" in sealed,
            sealed_response="response" in sealed,
        )


def _clean(comment: str) -> str:
    return "\n".join(
        line.removeprefix(" ").rstrip() for line in comment.strip("\n").split("\n")
    )
