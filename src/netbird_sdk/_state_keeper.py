"""Keeps a session's table on disk: reads it at the start, writes it after changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from netbird_sdk._mapping_slices import Slice
from netbird_sdk._state_file import (
    StateFile,
    UnusableStateError,
    read_state,
    write_state,
)
from netbird_sdk.events import StateIgnored, StateRestored

if TYPE_CHECKING:
    from netbird_sdk._mapping_sync import MappingSync

__all__ = ["StateFile", "StateKeeper"]

PAUSE: Final = 5.0
"""Seconds between two writes: a big table is not written for every small change."""

_logger = logging.getLogger(__name__)


class StateKeeper:
    """Nothing that goes wrong with the file is more than an event or a log line."""

    def __init__(
        self, state: StateFile, cluster: str, clock: Callable[[], float]
    ) -> None:
        """`cluster` names whose table it is; `clock` tells the time of day."""
        self._state = state
        self._cluster = cluster
        self._clock = clock
        self._changed = asyncio.Event()

    async def load(self) -> tuple[StateRestored | StateIgnored, list[Slice]]:
        """Read the file, if it is there and of use."""
        path = self._state.path
        try:
            slices = await asyncio.to_thread(
                read_state,
                path,
                cluster=self._cluster,
                max_age=self._state.max_age,
                now=self._clock(),
            )
        except FileNotFoundError:
            return StateIgnored(path=str(path), reason="there is none yet"), []
        except (UnusableStateError, OSError) as error:
            return StateIgnored(path=str(path), reason=str(error)), []
        return StateRestored(path=str(path), services=len(slices)), slices

    def changed(self) -> None:
        """Note that what is served has changed, and is a whole table."""
        self._changed.set()

    async def run(self, machine: MappingSync) -> None:
        """Write the table after changes, and once more when cancelled."""
        try:
            while True:
                await self._changed.wait()
                await self._save(machine)
                await asyncio.sleep(PAUSE)
        finally:
            if self._changed.is_set():
                await self._save(machine)

    async def _save(self, machine: MappingSync) -> None:
        self._changed.clear()
        bodies = list(machine.served())
        writing = asyncio.ensure_future(
            asyncio.to_thread(
                write_state,
                self._state.path,
                bodies,
                cluster=self._cluster,
                now=self._clock(),
            )
        )
        try:
            await asyncio.shield(writing)
        except OSError as error:
            _logger.warning("cannot write %s: %s", self._state.path, error)
        except asyncio.CancelledError:
            await asyncio.wait({writing})  # a thread cannot be cancelled
            if not writing.cancelled():
                writing.exception()
            raise
