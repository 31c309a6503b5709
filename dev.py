#!/usr/bin/env python3
"""Run the demo, the tests and every check of this checkout: `python3 dev.py help`.

Needs Python 3.11 and pip, nothing else. What a command needs is installed into an
environment of its own under `.venv/`, which is kept until its requirements change.
"""

# No `from __future__ import annotations` and no new syntax in this file: an old Python
# must be able to read it up to here, and say what is wrong.
import sys

if sys.version_info < (3, 11):
    sys.exit(
        "dev.py needs Python 3.11 or newer, and this is Python {}.{}: "
        "try `python3.11 dev.py`".format(*sys.version_info)
    )

import hashlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import time
import tomllib
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

ROOT: Final = Path(__file__).resolve().parent
ENVIRONMENTS: Final = ROOT / ".venv"
PROJECT: Final[dict[str, Any]] = tomllib.loads(
    (ROOT / "pyproject.toml").read_text(encoding="utf-8")
)
HERE: Final = ["-e", "."]  # this checkout with its run-time dependencies

Arguments: TypeAlias = Sequence[str]

# What `ci` runs, in this order, each as its own process.
CI_PARTS: Final = ("test", "lint", "type", "gen --check", "wheel", "lowest", "demo")


class Failed(Exception):  # noqa: N818 - an outcome of a command, not a fault of ours
    """A command did not reach its goal; the text is the one line to show."""


# --- Commands: one function each, the first line of its docstring is its help -------


def demo(arguments: Arguments) -> None:
    """Run examples/demo.py, with your arguments passed on to it."""
    python = environment("demo", HERE)
    check("the demo", [python, "examples/demo.py", *arguments])


def test(arguments: Arguments) -> None:
    """Run the tests; arguments go to pytest."""
    python = environment("test", [*HERE, *group("test")])
    run_tests("the tests", python, arguments)


def lint(_arguments: Arguments) -> None:
    """Check style and formatting with ruff."""
    ruff = [environment("lint", group("lint")), "-m", "ruff"]
    check_all([*ruff, "check", "."], [*ruff, "format", "--check", "."])


def fix(_arguments: Arguments) -> None:
    """Mend what ruff can mend, and format."""
    ruff = [environment("lint", group("lint")), "-m", "ruff"]
    check_all([*ruff, "check", "--fix", "."], [*ruff, "format", "."])


def type_(_arguments: Arguments) -> None:
    """Check types with mypy and pyright, and that the public API is fully typed."""
    python = environment("type", [*HERE, *group("type")])
    pyright = [python, "-m", "pyright"]
    api = ["--verifytypes", "netbird_sdk", "--ignoreexternal"]
    mypy = [python, "-m", "mypy"]
    # Tests take fixtures and return nothing, and an unexpected None fails them anyway.
    tests = ["tests", "--allow-untyped-defs", "--allow-incomplete-defs"]
    tests += ["--allow-untyped-calls", "--allow-untyped-decorators"]
    tests += ["--disable-error-code=union-attr"]
    check_all(mypy, [*mypy, *tests], pyright, [*pyright, *api])


def gen(arguments: Arguments) -> None:
    """Generate code from proto/; `gen --check` only compares."""
    if sys.version_info >= (3, 14):
        raise Failed("gen needs Python 3.11 to 3.13: its grpcio-tools has no newer one")
    python = environment("gen", group("gen"))
    check("the generator", [python, "tools/generate.py", *arguments])


def wheel(arguments: Arguments) -> None:
    """Build sdist and wheel into dist/, and test the wheel away from this checkout."""
    python = environment("build", group("build"))
    dist = ROOT / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    # The wheel is built from the sdist, so that a file missing there is noticed.
    check("the build", [python, "-m", "build", "--no-isolation", "--outdir", str(dist)])
    (built,), (source,) = dist.glob("*.whl"), dist.glob("*.tar.gz")

    python = environment("wheel", [str(built), *group("test")], fresh=True)
    with tempfile.TemporaryDirectory(prefix="netbird-sdk-wheel-") as folder:
        check("unpacking", [python, "-m", "tarfile", "-e", str(source), folder])
        (tree,) = Path(folder).iterdir()
        shutil.rmtree(tree / "src")
        where = "import netbird_sdk; print('testing', netbird_sdk.__path__[0])"
        check("importing the wheel", [python, "-c", where], tree)
        run_tests("the tests of the wheel", python, arguments, tree)


def lowest(arguments: Arguments) -> None:
    """Run the tests with the oldest dependencies that pyproject.toml allows."""
    floors = [floor(dependency) for dependency in PROJECT["project"]["dependencies"]]
    say("lowest versions: " + ", ".join(floors))
    python = environment("lowest", [*HERE, *floors, *group("test")])
    run_tests("the tests with the lowest versions", python, arguments)


def run_tests(what: str, python: str, arguments: Arguments, cwd: Path = ROOT) -> None:
    """Run all tests in two processes, or a choice of them in one.

    Of all tests, those that failed get a second try alone: some measure real time.
    """
    pytest = [python, "-m", "pytest"]
    if arguments:
        check(what, [*pytest, *arguments], cwd)
    elif call([*pytest, "--numprocesses=2"], cwd):
        say(f"some of {what} failed: once more, those alone")
        check(what, [*pytest, "--last-failed", "--last-failed-no-failures=none"], cwd)


def ci(_arguments: Arguments) -> None:
    """Run everything in order, allow no skipped test, stop at the first failure."""
    os.environ["NETBIRD_SDK_NO_SKIPS"] = "1"
    took = []
    for part in CI_PARTS:
        command = f"python3 dev.py {part}"
        say(f"\n===== {command} =====")
        started = time.monotonic()
        if call([sys.executable, __file__, *part.split()], ROOT):
            raise Failed(f"ci stopped: `{command}` failed")
        took.append(f"{command:30}{time.monotonic() - started:6.1f} s")
    say("\nci passed\n  " + "\n  ".join(took))


def clean(_arguments: Arguments) -> None:
    """Remove environments, caches and built files."""
    caches = (".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis")
    for name in (".venv", "dist", *caches):
        shutil.rmtree(ROOT / name, ignore_errors=True)


def help_(_arguments: Arguments) -> None:
    """Show this list."""
    say(f"{(__doc__ or '').strip()}\n\nCommands:")
    for name, command in COMMANDS.items():
        say(f"  {name:8}{(command.__doc__ or '').splitlines()[0]}")


# --- Requirements -------------------------------------------------------------------


def group(name: str) -> list[str]:
    """List what a dependency group of pyproject.toml asks for (pip 23 cannot)."""
    found: list[str] = []
    for entry in PROJECT["dependency-groups"][name]:
        found += [entry] if isinstance(entry, str) else group(entry["include-group"])
    return found


def floor(dependency: str) -> str:
    """Turn `name>=1.2,<2` into `name==1.2`."""
    parts = re.fullmatch(r"([A-Za-z0-9._-]+)>=([0-9.]+)(,.*)?", dependency)
    if parts is None:
        raise Failed(f"pyproject.toml: {dependency!r} must read name>=version")
    return f"{parts[1]}=={parts[2]}"


# --- Environments -------------------------------------------------------------------


def environment(name: str, requirements: Arguments, *, fresh: bool = False) -> str:
    """Return the Python of `.venv/<name>`, built anew unless it holds just that."""
    folder = ENVIRONMENTS / name
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    complete = folder / "complete"  # written last: without it the rest is not trusted
    wanted = fingerprint(requirements)
    with one_at_a_time(name):
        if not fresh and is_usable(python, complete, wanted):
            return str(python)
        started = time.monotonic()
        version = ".".join(map(str, sys.version_info[:3]))
        say(f"making .venv/{name} with Python {version} ...")
        complete.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        # Not every machine has ensurepip, so the environment is filled by our own pip.
        venv.create(folder, with_pip=False, symlinks=os.name != "nt")
        install(name, python, requirements)
        complete.write_text(wanted, encoding="utf-8")
        say(f"made .venv/{name} in {time.monotonic() - started:.1f} s")
    return str(python)


def fingerprint(requirements: Arguments) -> str:
    """Digest everything that an environment is made from."""
    inputs = [
        str(ROOT),
        sys.version,
        sys.base_prefix,
        list(requirements),
        PROJECT["project"],
        PROJECT["build-system"],
    ]
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()


def is_usable(python: Path, complete: Path, wanted: str) -> bool:
    """Tell whether an environment was finished, from today's inputs, and still runs."""
    probe = "import os, sysconfig; assert os.listdir(sysconfig.get_path('purelib'))"
    try:
        if complete.read_text(encoding="utf-8") != wanted:
            return False
        command = [str(python), "-c", probe]
        outcome = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        return False
    return outcome.returncode == 0


def install(name: str, python: Path, requirements: Arguments) -> None:
    """Fill an environment, by this Python's pip or else by ensurepip's."""
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    if importlib.util.find_spec("pip") is None:
        if importlib.util.find_spec("ensurepip") is None:
            raise Failed(f"{sys.executable} has neither pip nor ensurepip: install pip")
        follow("ensurepip", [str(python), "-m", "ensurepip"])
        pip = [str(python), "-m", "pip"]
    options = ("--disable-pip-version-check", "--no-input", "--prefer-binary")
    follow(f"filling .venv/{name}", [*pip, "install", *options, *requirements])


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Keep a second dev.py from changing the same environment meanwhile."""
    ENVIRONMENTS.mkdir(exist_ok=True)
    with (ENVIRONMENTS / f"{name}.lock").open("w") as lock:
        if os.name == "posix":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# --- Running programs ---------------------------------------------------------------


def follow(goal: str, command: Arguments) -> None:
    """Run pip showing what it is at, and its last lines if it fails."""
    lines = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=child_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if line.startswith(("Collecting", "Obtaining", "Installing")):
                say("  " + line.strip()[:78])
    if process.returncode:
        say("\n".join(lines[-20:]))
        raise Failed(f"{goal} failed (exit {process.returncode}), see above")


def check(goal: str, command: Arguments, folder: Path = ROOT) -> None:
    """Run a program, and fail with one line if it does."""
    status = call(command, folder)
    if status:
        raise Failed(f"{goal} failed (exit {status})")


def check_all(*commands: Arguments) -> None:
    """Run every program, and fail with one line that names those that did."""
    failed = [shlex.join(c[2:4]) for c in commands if call(c, ROOT)]
    if failed:
        raise Failed(f"{', '.join(failed)} failed")


def call(command: Arguments, folder: Path) -> int:
    """Run a program with our terminal, and return its exit status."""
    say("$ " + shlex.join(command).replace(f"{ROOT}{os.sep}", ""))
    variables = child_environment()
    # As if activated: some tools, pyright for one, look for `python` on the path.
    path = [str(Path(command[0]).parent), variables.get("PATH", os.defpath)]
    variables["PATH"] = os.pathsep.join(path)
    return subprocess.run(command, cwd=folder, env=variables, check=False).returncode


def child_environment() -> dict[str, str]:
    """Take our environment without what would make a Python look elsewhere."""
    kept = dict(os.environ)
    for name in ("PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX"):
        kept.pop(name, None)
    kept["PIP_USER"] = "0"
    kept["PYRIGHT_PYTHON_GLOBAL_NODE"] = "0"  # the pinned node, not the machine's
    return kept


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


COMMANDS: Final[dict[str, Callable[[Arguments], None]]] = {
    "demo": demo,
    "test": test,
    "lint": lint,
    "fix": fix,
    "type": type_,
    "gen": gen,
    "wheel": wheel,
    "lowest": lowest,
    "ci": ci,
    "clean": clean,
    "help": help_,
}


def main() -> int:
    """Run the command named on the command line."""
    name, *arguments = sys.argv[1:] or ["help"]
    command = COMMANDS.get("help" if name in {"-h", "--help"} else name)
    try:
        if command is None:
            raise Failed(f"no command {name!r}: {', '.join(COMMANDS)}")
        command(arguments)
    except Failed as failure:
        print(f"dev.py: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("dev.py: stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
