"""Posture checks: which files are there, and which programs run."""

from __future__ import annotations

import asyncio
import concurrent.futures
import errno
import os
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from netbird_sdk.models.management import Checks, File

__all__ = ["checked_files", "evaluate_checks", "running_from"]

_PROC: Final = Path("/proc")
# No file can be at such a path; anything else means that one may be there.
_NOTHING_THERE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG})


def evaluate_checks(checks: Iterable[Checks]) -> tuple[File, ...]:
    """Look up every path the checks name, in their order and each path once.

    A file exists if it can be seen or access to it is refused. A process runs if its
    program was started from exactly this path and is still there; outside Linux none
    is found, and of other users' processes only root sees the programs.

    Blocks for as long as the file systems involved do: see `checked_files`.
    """
    paths = dict.fromkeys(path for check in checks for path in check.files)
    running = running_from(paths)
    return tuple(
        File(path=path, exist=_exists(path), process_is_running=path in running)
        for path in paths
    )


async def checked_files(
    checks: Iterable[Checks], *, timeout: float | None = 15.0
) -> tuple[File, ...]:
    """Evaluate checks as `evaluate_checks` does, without blocking the event loop.

    The thread is one of its own: a path on a network file system that hangs for good
    costs that thread, but neither the loop's pool nor the end of the program.

    Raises:
        TimeoutError: The files could not be looked up in time.
    """
    wanted = tuple(checks)
    outcome: concurrent.futures.Future[tuple[File, ...]] = concurrent.futures.Future()
    # From here on a cancelled wait leaves the outcome alone.
    outcome.set_running_or_notify_cancel()

    def look() -> None:
        try:
            outcome.set_result(evaluate_checks(wanted))
        except BaseException as error:  # noqa: BLE001 - it goes to whoever waits
            outcome.set_exception(error)

    threading.Thread(target=look, name="netbird-sdk-checks", daemon=True).start()
    async with asyncio.timeout(timeout):
        return await asyncio.wrap_future(outcome)


def running_from(paths: Iterable[str], *, proc: Path = _PROC) -> frozenset[str]:
    """Return those of `paths` that a running process was started from.

    Goes once through the processes, however many paths there are, and stops when all
    are found.
    """
    missing = set(paths)
    wanted = frozenset(missing)
    if not missing or sys.platform != "linux":
        return frozenset()
    try:
        names = os.listdir(proc)
    except OSError:
        return frozenset()
    for name in names:
        if not name.isdecimal():
            continue
        try:
            missing.discard(os.readlink(f"{proc}/{name}/exe"))
        except OSError:  # ended meanwhile, a kernel thread, or another user's
            continue
        if not missing:
            break
    return wanted - missing


def _exists(path: str) -> bool:
    try:
        os.stat(path)
    except OSError as error:
        return error.errno not in _NOTHING_THERE
    except ValueError:  # a NUL, or what no file name here can spell
        return False
    return True
