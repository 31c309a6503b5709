"""Linux's routing socket: asking for a list, and taking the answer apart."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from struct import Struct
from typing import Final, TypeAlias

__all__ = ["Message", "attributes", "dump", "receive"]

Message: TypeAlias = tuple[int, bytes]
"""Type and body."""

_HEADER: Final = Struct("=IHHII")  # length, type, flags, sequence, port
_ATTRIBUTE: Final = Struct("=HH")  # length, type
_ERRNO: Final = Struct("=i")
_ERROR: Final = 2
_DONE: Final = 3
_REQUEST_LIST: Final = 0x301
_INTERRUPTED: Final = 0x10
_KIND: Final = 0x3FFF  # the upper two bits of an attribute's type are flags
_ATTEMPTS: Final = 5
_BUFFER: Final = 64 * 1024  # the kernel fills at most half of it
_TIMEOUT: Final = 2.0  # it answers at once; a sandbox might not at all


def dump(kind: int) -> list[Message]:
    """Ask the kernel for every object of a kind.

    A list that changed while it was read is asked for again, a few times.

    Raises:
        OSError: The kernel refused, or did not answer.
    """
    if sys.platform != "linux":
        raise OSError("only Linux has a routing socket")
    with socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
    ) as asking:
        asking.settimeout(_TIMEOUT)
        asking.bind((0, 0))
        listed: list[Message] = []
        for sequence in range(1, _ATTEMPTS + 1):
            # A body of one byte, the address family: any.
            request = _HEADER.pack(_HEADER.size + 1, kind, _REQUEST_LIST, sequence, 0)
            asking.send(request + bytes(4))
            consistent, listed = receive(asking, sequence)
            if consistent:
                break
        return listed


def receive(asking: socket.socket, sequence: int) -> tuple[bool, list[Message]]:
    """Receive the list asked for: whether it held still meanwhile, and its messages.

    Raises:
        OSError: The kernel refused, or did not answer.
    """
    listed: list[Message] = []
    consistent = True
    while part := asking.recv(_BUFFER):
        for kind, flags, number, body in _split(part):
            if number != sequence:
                continue
            consistent = consistent and not flags & _INTERRUPTED
            if kind == _DONE:
                return consistent, listed
            if kind == _ERROR:
                code = -_ERRNO.unpack_from(body)[0] if len(body) >= _ERRNO.size else 0
                raise OSError(code, os.strerror(code))
            listed.append((kind, body))
    raise OSError("the routing socket was closed before the end of its list")


def attributes(body: bytes) -> dict[int, bytes]:
    """Return the attributes of a message by type, up to the first malformed one."""
    found: dict[int, bytes] = {}
    start = 0
    while len(body) - start >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(body, start)
        if not _ATTRIBUTE.size <= length <= len(body) - start:
            break
        found[kind & _KIND] = body[start + _ATTRIBUTE.size : start + length]
        start += _padded(length)
    return found


def _split(part: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    start = 0
    while len(part) - start >= _HEADER.size:
        length, kind, flags, sequence, _ = _HEADER.unpack_from(part, start)
        if not _HEADER.size <= length <= len(part) - start:
            return
        yield kind, flags, sequence, part[start + _HEADER.size : start + length]
        start += _padded(length)


def _padded(length: int) -> int:
    return (length + 3) & ~3
