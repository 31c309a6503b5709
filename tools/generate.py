"""Generate the protobuf modules, models, converters and RPC table from proto/.

    python tools/generate.py            write them
    python tools/generate.py --check    exit 1 if what is checked in differs

Needs the dependency group `gen`: a grpcio-tools old enough for the oldest protobuf the
library supports, and the ruff whose formatting is checked in.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from google.protobuf import descriptor_pb2
from grpc_tools import protoc

from generator.codec import emit_codec
from generator.methods import emit_methods
from generator.models import emit_models
from generator.schema import Module, Overlay, Reader

TOOLS = Path(__file__).resolve().parent
ROOT = TOOLS.parent
MODULES = {"management": "management", "proxy_service": "proxy"}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    parser.add_argument(
        "--proto", type=Path, default=ROOT / "proto", help="folder of the protos"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = generate(arguments.proto, Path(folder))
        if arguments.check:
            return check(made)
        for path, source in made.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)
        print(f"wrote {len(made)} files")
        return 0


def generate(proto: Path, folder: Path) -> dict[Path, str]:
    """Return the text of every generated file by its place in the repository."""
    package = ROOT / "src" / "netbird_sdk"
    source, output = folder / "proto", folder / "netbird_sdk"
    output.mkdir()
    overlay = Overlay(TOOLS / "overlay.toml")
    copy_protos(proto, source / "netbird_sdk" / "_wire", overlay.memo)
    descriptors = run_protoc(source, folder)
    modules = {}
    for file in descriptors.file:
        wire = Path(file.name).stem
        if wire in MODULES and file.name.startswith("netbird_sdk/"):
            modules[wire] = Reader(file, overlay).read(MODULES[wire])
    if unused := overlay.unused():
        raise SystemExit(f"overlay.toml names what the protos lack: {sorted(unused)}")
    for wire, module in modules.items():
        for place, text in (
            (f"models/{module.name}.py", emit_models(module)),
            (f"_codec/{module.name}.py", emit_codec(module, wire)),
            (f"_methods/{module.name}.py", emit_methods(module)),
        ):
            (output / place).parent.mkdir(exist_ok=True)
            (output / place).write_text(text)
    (output / "models" / "__init__.py").write_text(emit_package(list(modules.values())))
    format_sources(output)
    return {
        package / path.relative_to(output): path.read_text()
        for path in sorted(output.rglob("*.py*"))
    }


def copy_protos(proto: Path, target: Path, memo: Sequence[str]) -> None:
    """Copy the protos to where protoc makes them import as netbird_sdk._wire, renamed.

    The package is renamed because protobuf's pool refuses a second `management.…`, and
    other programs bring their own copy of NetBird's stubs. Names are not on the wire.
    """
    target.mkdir(parents=True)
    for name in MODULES:
        text = (proto / f"{name}.proto").read_text()
        text, count = re.subn(
            r"^package management;",
            f"package netbird_sdk.{name};",
            text,
            flags=re.MULTILINE,
        )
        if count != 1:
            raise SystemExit(f"{name}.proto: expected one line `package management;`")
        (target / f"{name}.proto").write_text(text)
        if (twin := shadow(text, memo)) != text:
            twin = twin.replace(f"netbird_sdk.{name};", f"netbird_sdk.{name}_shadow;")
            (target / f"{name}_shadow.proto").write_text(twin)
    for ours in TOOLS.glob("*.proto"):
        (target / ours.name).write_text(ours.read_text())


def shadow(text: str, memo: Sequence[str]) -> str:
    """Turn the memoised fields of a proto into bytes, which look the same on the wire.

    Repeated, because a sub-message that comes twice is to be merged: that is what
    reading its pieces one behind the other does.
    """
    for field in memo:
        message, _, name = field.partition(".")
        text = re.sub(
            rf"(^message {message} {{.*?^  )[\w.]+( {name} = )",
            r"\1repeated bytes\2",
            text,
            count=1,
            flags=re.MULTILINE | re.DOTALL,
        )
    return text


def run_protoc(source: Path, folder: Path) -> descriptor_pb2.FileDescriptorSet:
    descriptor_file = folder / "descriptors.bin"
    code = protoc.main(
        [
            "protoc",
            f"-I{source}",
            f"-I{files('grpc_tools') / '_proto'}",
            f"--python_out={folder}",
            f"--pyi_out={folder}",
            f"--descriptor_set_out={descriptor_file}",
            "--include_source_info",
            *(str(path) for path in sorted(source.rglob("*.proto"))),
        ]
    )
    if code:
        raise SystemExit("protoc failed")
    return descriptor_pb2.FileDescriptorSet.FromString(descriptor_file.read_bytes())


def emit_package(modules: list[Module]) -> str:
    """The package's lazy exports: importing one model must not build all of them."""
    names = {name: module.name for module in modules for name in exports(module)}
    source = (TOOLS / "generator" / "models_package.txt").read_text()
    imports = "".join(
        f"    from netbird_sdk.models.{module.name} import "
        + ", ".join(f"{name} as {name}" for name in exports(module))
        + "\n"
        for module in modules
    )
    return source.format(
        imports=imports,
        all=", ".join(f'"{name}"' for name in sorted(names)),
        homes="".join(
            f'    "{name}": "{home}",\n' for name, home in sorted(names.items())
        ),
    )


def exports(module: Module) -> list[str]:
    return sorted([*(m.name for m in module.messages), *(e.name for e in module.enums)])


def format_sources(folder: Path) -> None:
    ruff = [sys.executable, "-m", "ruff"]
    # Not the project's settings: those are for people's code and may change freely.
    config = ["--isolated", "--target-version", "py311"]
    first_party = ["--config", 'lint.isort.known-first-party = ["netbird_sdk"]']
    targets = [str(folder / name) for name in ("models", "_codec", "_methods")]
    subprocess.run(
        [
            *ruff,
            "check",
            "--quiet",
            *config,
            *first_party,
            "--select",
            "I",
            "--fix",
            *targets,
        ],
        check=True,
    )
    subprocess.run([*ruff, "format", "--quiet", *config, *targets], check=True)


def check(made: dict[Path, str]) -> int:
    stale = [
        path
        for path, text in made.items()
        if not path.exists() or path.read_text() != text
    ]
    for path in stale:
        print(f"stale: {path.relative_to(ROOT)}", file=sys.stderr)
    if stale:
        print("run: python dev.py gen", file=sys.stderr)
        return 1
    print(f"{len(made)} generated files are up to date")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
