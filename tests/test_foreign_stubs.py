"""The library beside another program's copy of NetBird's stubs.

Protobuf keeps one pool of definitions for a process and refuses a second file or
message of the same name, so the two must not share any.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from wire import FILES, MESSAGES, filled, ordinary

PROGRAM = """
import base64, json, pathlib, sys, warnings

warnings.simplefilter("error")
stubs = json.loads(pathlib.Path(sys.argv[2]).read_text())

def import_foreign():
    # As an imported management_pb2 does it.
    from google.protobuf import descriptor_pool, duration_pb2, timestamp_pb2
    for serialized in stubs["files"]:
        descriptor_pool.Default().AddSerializedFile(base64.b64decode(serialized))

def import_library():
    from netbird_sdk import models
    from netbird_sdk._codec import encode
    encode(models.SyncResponse())
    encode(models.ProxyMapping())

steps = [import_foreign, import_library]
for step in steps if sys.argv[1] == "foreign first" else reversed(steps):
    step()

from google.protobuf import descriptor_pool
from google.protobuf.message_factory import GetMessageClass
from netbird_sdk import models
from netbird_sdk._codec import codec_of, decode, encode

ours = {}
for name in models.__all__:
    model = getattr(models, name)
    if hasattr(model, "__attrs_attrs__"):
        full = codec_of(model).wire.DESCRIPTOR.full_name
        ours["management." + full.split(".", 2)[2]] = model
assert ours.keys() == stubs["messages"].keys()

pool = descriptor_pool.Default()
for name, model in ours.items():
    foreign = GetMessageClass(pool.FindMessageTypeByName(name))
    assert foreign is not codec_of(model).wire
    theirs = foreign.FromString(base64.b64decode(stubs["messages"][name]))
    data = theirs.SerializeToString(deterministic=True)
    there_and_back = encode(decode(model, data))
    # Through the other side's class again: the order of map entries is free.
    again = foreign.FromString(there_and_back)
    assert again == theirs, name
    assert again.SerializeToString(deterministic=True) == data, name
print(len(ours), "messages")
"""


def foreign_files() -> list[FileDescriptorProto]:
    """Return the protos' descriptors under the names upstream gives them."""
    files = []
    for file in FILES:
        proto = FileDescriptorProto.FromString(file.serialized_pb)
        old = f".{proto.package}."
        proto.name, proto.package = proto.name.rpartition("/")[2], "management"
        rename_types(proto, old)
        files.append(proto)
    return files


def rename_types(proto: FileDescriptorProto, old: str) -> None:
    pending = list(proto.message_type)
    while pending:
        message = pending.pop()
        pending.extend(message.nested_type)
        for field in message.field:
            if field.type_name:
                field.type_name = field.type_name.replace(old, ".management.")
    for service in proto.service:
        for method in service.method:
            method.input_type = method.input_type.replace(old, ".management.")
            method.output_type = method.output_type.replace(old, ".management.")


@pytest.mark.parametrize("order", ["foreign first", "library first"])
def test_both_work_and_agree_on_every_message(order: str, tmp_path: Path) -> None:
    files = foreign_files()
    assert [f.name for f in files] == ["management.proto", "proxy_service.proto"]
    stubs = {
        "files": [base64.b64encode(f.SerializeToString()).decode() for f in files],
        "messages": {
            f"management.{name.split('.', 2)[2]}": base64.b64encode(
                filled(descriptor, ordinary).SerializeToString()
            ).decode()
            for name, descriptor in MESSAGES.items()
        },
    }
    path = tmp_path / "stubs.json"
    path.write_text(json.dumps(stubs), encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, order, str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=25,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"{len(MESSAGES)} messages\n"
    assert ran.stderr == ""


def test_no_name_of_ours_is_one_that_upstream_could_take() -> None:
    for file in FILES:
        assert file.name.startswith("netbird_sdk/")
        assert file.package.startswith("netbird_sdk.")
