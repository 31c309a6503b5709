"""Key files: readable by their owner alone, never seen half written."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from netbird_sdk.errors import ConfigurationError

__all__ = ["create", "read", "replace"]

_POSIX: Final = os.name == "posix"
_MAX_BYTES: Final = 65_536  # the agent's configuration is some KiB


def read(path: str | os.PathLike[str]) -> str:
    """Return the text of a key file.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigurationError: It cannot be read, or others could read it too.
    """
    try:
        # Without blocking: a named pipe would never open.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}") from error
    try:
        # Asked of the open file: the path may mean another one by now.
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise ConfigurationError("not a regular file")
        if _POSIX and mode & 0o077:
            raise ConfigurationError(
                f"its mode {stat.S_IMODE(mode):04o} lets other users at the private "
                f"key. Hint: chmod 600 {os.fspath(path)}"
            )
        content = os.read(descriptor, _MAX_BYTES)
    finally:
        os.close(descriptor)
    return content.decode("ascii", errors="replace")


def create(path: str | os.PathLike[str], text: str) -> bool:
    """Create a key file and return True; return False when the file exists already.

    Raises:
        ConfigurationError: It cannot be created.
    """
    with _written(path, text) as temporary:
        try:
            # A link either appears whole or fails because another process was first.
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError as error:
            if os.path.lexists(path):
                return False
            raise ConfigurationError(
                f"cannot create {os.fspath(path)}: {error.strerror}. Hint: on a file "
                "system without hard links make a new key and write it once with "
                "save(path, replace=True)"
            ) from error
    return True


def replace(path: str | os.PathLike[str], text: str) -> None:
    """Write a key file in place of the one that may be there.

    Raises:
        ConfigurationError: It cannot be written.
    """
    with _written(path, text) as temporary:
        try:
            Path(temporary).replace(path)
        except OSError as error:
            raise ConfigurationError(
                f"cannot write {os.fspath(path)}: {error.strerror}"
            ) from error


@contextmanager
def _written(path: str | os.PathLike[str], text: str) -> Generator[str, None, None]:
    """Yield a flushed temporary file beside `path`, gone at the end unless moved."""
    directory = Path(path).parent
    try:
        # Made with mode 0600, so that the key is private from its first byte on.
        descriptor, temporary = tempfile.mkstemp(dir=directory, prefix=".key-")
    except OSError as error:
        raise ConfigurationError(
            f"cannot create {os.fspath(path)}: {error.strerror}: {directory}. Hint: "
            "the directory must exist and be writable"
        ) from error
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(descriptor)
        yield temporary
        _sync_directory(directory)
    finally:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()


def _sync_directory(directory: Path) -> None:
    if not _POSIX:
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        # Some file systems refuse this; the file itself is safe all the same.
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
