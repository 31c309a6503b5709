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
RENEWALS: Final = 24
"""How often within `max_age` a table that does not change is written all the same.

Its age is counted from when it was last known to be up to date, not from its last
change: else the most stable tables would be the first to be too old.
"""

_logger = logging.getLogger(__name__)


class StateKeeper:
    """Nothing that goes wrong with the file is more than an event or a log line."""

    def __init__(
        self,
        state: StateFile,
        cluster: str,
        clock: Callable[[], float],
        stale_for: Callable[[], float | None],
    ) -> None:
        """Keep the table of `cluster`.

        `clock` tells the time of day. `stale_for` says how many seconds ago the table
        was known to be up to date, or None if that was not in this run.
        """
        self._state = state
        self._cluster = cluster
        self._clock = clock
        self._stale_for = stale_for
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
            event = StateIgnored(
                path=str(path), reason="there is none yet", missing=True
            )
            return event, []
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
                await self._until_due()
                await self._save(machine)
                await asyncio.sleep(PAUSE)
        finally:
            if self._changed.is_set():
                await self._save(machine)

    async def _until_due(self) -> None:
        try:
            async with asyncio.timeout(self._state.max_age / RENEWALS):
                await self._changed.wait()
        except TimeoutError:
            return

    async def _save(self, machine: MappingSync) -> None:
        self._changed.clear()
        if (stale_for := self._stale_for()) is None:
            return  # what there is comes from this very file, and does not get younger
        bodies = list(machine.served())
        writing = asyncio.ensure_future(
            asyncio.to_thread(
                write_state,
                self._state.path,
                bodies,
                cluster=self._cluster,
                now=self._clock() - stale_for,
            )
        )
        try:
            # A thread cannot be cancelled: the write under way is finished first.
            await asyncio.wait({writing})
        except asyncio.CancelledError:
            await asyncio.wait({writing})
            raise
        finally:
            failed = writing.done() and not writing.cancelled()
            if failed and (error := writing.exception()):
                _logger.warning("cannot write %s: %s", self._state.path, error)
