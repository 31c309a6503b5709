"""The last complete table on disk, so that a restart without management serves it.

A file is a line of JSON that says what follows, then each mapping's wire form behind
its length, and at the end a SHA-256 over all of it.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import attrs

from netbird_sdk._codec import decode, encode
from netbird_sdk._mapping_slices import Slice, read_batch
from netbird_sdk._wire import slices_pb2 as pb
from netbird_sdk.errors import ConfigurationError, ProtocolError
from netbird_sdk.models.proxy import ProxyMapping

__all__ = ["StateFile", "read_state", "write_state"]

FORMAT: Final = "netbird-sdk mappings 1"
_DIGEST_BYTES: Final = 32
_CLOCK_SKEW: Final = 60.0
"""Seconds that the clock may have been set back since."""


def _path(value: str | os.PathLike[str]) -> Path:
    return Path(value)


@attrs.frozen(kw_only=True)
class StateFile:
    """Keep the last complete table in a file, and begin with it.

    The file is written whole or not at all and readable only by its owner; one-time
    tokens are left out. What it holds passes the same refusals as management's word.
    """

    path: Path = attrs.field(converter=_path)
    """Its directory must exist; one file for each cluster."""
    max_age: float = 86_400.0
    """Seconds after which the table is too old to be used.

    Counted from when it was last known to be up to date.
    """

    def __attrs_post_init__(self) -> None:
        if not 0 < self.max_age < math.inf:
            raise ConfigurationError("StateFile.max_age must be greater than 0")
        if not self.path.parent.is_dir():
            raise ConfigurationError(
                f"StateFile: {self.path.parent} is no directory: create it first"
            )


class UnusableStateError(Exception):
    """The file is not what it should be; the text says in what way."""


def write_state(
    path: Path, bodies: Iterable[bytes], *, cluster: str, now: float
) -> None:
    """Replace the file by a table; a crash leaves the old or the new one.

    `now` is when the table was up to date, in seconds since 1970.

    Raises:
        OSError: The file cannot be written.
    """
    digest = hashlib.sha256()
    # mkstemp makes it with mode 0600.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            head = {"format": FORMAT, "cluster": cluster, "saved": now}
            chunks = [json.dumps(head).encode() + b"\n"]
            for body in bodies:
                body = _without_token(body)  # noqa: PLW2901
                chunks += [len(body).to_bytes(4, "big"), body]
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
            file.write(digest.digest())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def read_state(path: Path, *, cluster: str, max_age: float, now: float) -> list[Slice]:
    """Return the table that the file holds.

    Raises:
        FileNotFoundError: There is none yet.
        UnusableStateError: It is damaged, of another cluster or version, or too old.
        OSError: It cannot be read.
    """
    data = path.read_bytes()
    content, digest = data[:-_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    head_line, _, rest = content.partition(b"\n")
    try:
        head = json.loads(head_line)
        found = (head["format"], head["cluster"], float(head["saved"]))
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError) as error:
        raise UnusableStateError("it is no table of mappings, or damaged") from error
    if found[0] != FORMAT:
        raise UnusableStateError(f"its format is {found[0]!r}, not {FORMAT!r}")
    if hashlib.sha256(content).digest() != digest:
        raise UnusableStateError("it is damaged or was cut short")
    if found[1] != cluster:
        raise UnusableStateError(f"it is the table of {found[1]!r}, not of {cluster!r}")
    age = now - found[2]
    if not age >= -_CLOCK_SKEW:
        raise UnusableStateError("it is from the future: one clock is wrong")
    if age > max_age:
        raise UnusableStateError(
            f"it was up to date {age:.0f} s ago, which is more than {max_age:g} s"
        )
    return _read_slices(rest)


def _read_slices(rest: bytes) -> list[Slice]:
    batch, position = pb.MappingBatch(), 0
    while position < len(rest):
        start = position + 4
        position = start + int.from_bytes(rest[position:start], "big")
        batch.mapping.append(rest[start:position])
    try:
        return read_batch(batch.SerializeToString(), "state file")[0]
    except ProtocolError as error:
        raise UnusableStateError(str(error)) from error


def _without_token(body: bytes) -> bytes:
    """Cut out a token that an unusual encoding has kept in the body."""
    if not pb.MappingKey.FromString(body).auth_token:
        return body
    return encode(attrs.evolve(decode(ProxyMapping, body), auth_token=""))
