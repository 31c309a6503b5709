"""A simulated data plane, in any mood from obliging to hostile."""

from __future__ import annotations

import asyncio
from random import Random

import attrs

from netbird_sdk.models.proxy import ProxyMapping
from netbird_sdk.sink import Rejected

from .ledger import Ledger


@attrs.frozen(kw_only=True)
class Mood:
    """How likely the sink is to do what. All zero: it obliges at once."""

    slowest: float = 0.0
    """Seconds that a call may take."""
    stall: float = 0.0
    stall_seconds: float = 60.0
    stubborn: float = 0.0
    """Does not end at once when cancelled."""
    reject: float = 0.0
    reject_at_commit: float = 0.0
    remove_raises: float = 0.0
    commit_raises: float = 0.0
    back_end_away: bool = False
    """Every upsert fails."""


class SimulatedSink:
    """Implements `MappingSink`.

    Only one service can have a domain or a port. A domain that begins with `bad` is
    rejected by `upsert`, one with `late` by `commit`. What is rejected leaves in place
    what was there before.
    """

    def __init__(
        self, ledger: Ledger, random: Random, *, conflicts_at_commit: bool = False
    ) -> None:
        self.mood = Mood()
        self.serving: dict[str, ProxyMapping] = {}
        """What visitors get."""
        self._ledger = ledger
        self._random = random
        self._conflicts_at_commit = conflicts_at_commit
        self._staged: dict[str, ProxyMapping] = {}
        self._touched: dict[str, None] = {}

    async def upsert(self, mapping: ProxyMapping) -> None:
        telling = self._ledger.upsert_begins(mapping)
        try:
            await self._work()
            self._refuse(mapping)
        except BaseException:
            self._ledger.upsert_rejected(telling)
            raise
        self._staged[mapping.id] = mapping
        self._touch(mapping.id)
        self._ledger.upsert_accepted(telling)

    async def remove(self, mapping: ProxyMapping) -> None:
        telling = self._ledger.remove_begins(mapping)
        half_done = self._random.random() < 0.5
        try:
            await self._work()
            if half_done:
                self._remove(mapping.id)
            if self._chance(self.mood.remove_raises):
                raise OSError("cannot remove")
        except BaseException:
            self._ledger.remove_failed(telling)
            raise
        self._remove(mapping.id)
        self._ledger.remove_done(telling)

    async def commit(self, complete: bool) -> None:
        self._ledger.commit_begins(complete=complete)
        half_done = self._random.random() < 0.5
        try:
            await self._work()
            fails = self._chance(self.mood.commit_raises)
            if fails and not half_done:
                raise OSError("cannot reload")
            rejected = self._rejected()
            self.serving = dict(self._staged)
            if fails:
                raise OSError("reloaded, but cannot say so")
        except BaseException:
            self._ledger.commit_failed()
            raise
        self._touched.clear()
        self._ledger.commit_done(complete, rejected)
        if rejected:
            raise Rejected(rejected)

    async def _work(self) -> None:
        mood = self.mood
        seconds = 0.0
        if self._chance(mood.stall):
            seconds = mood.stall_seconds
        elif mood.slowest and self._chance(0.7):
            seconds = self._random.uniform(0.0, mood.slowest)
        if not seconds:
            if self._chance(0.5):
                await asyncio.sleep(0)
            return
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            if not self._chance(mood.stubborn):
                raise
            await asyncio.sleep(3.0)
            if self._chance(0.5):
                raise

    def _chance(self, share: float) -> bool:
        return share > 0 and self._random.random() < share

    def _refuse(self, mapping: ProxyMapping) -> None:
        if self.mood.back_end_away:
            raise ConnectionError("the back end is away")
        if self._chance(self.mood.reject):
            raise ValueError("not today")
        if mapping.domain.startswith("bad"):
            raise ValueError(f"bad domain {mapping.domain}")
        if not self._conflicts_at_commit and (why := self._conflict(mapping)):
            raise ValueError(why)

    def _conflict(self, mapping: ProxyMapping) -> str | None:
        for other in self._staged.values():
            if other.id == mapping.id:
                continue
            if other.domain == mapping.domain:
                return f"{other.id} has domain {other.domain}"
            if other.listen_port and other.listen_port == mapping.listen_port:
                return f"{other.id} has port {other.listen_port}"
        return None

    def _rejected(self) -> dict[str, str]:
        """Find what can't be put into effect, and go back to what was there before."""
        rejected = {}
        for service_id in reversed(self._touched):
            if (mapping := self._staged.get(service_id)) is None:
                continue
            if mapping.domain.startswith("late"):
                rejected[service_id] = f"late: bad domain {mapping.domain}"
            elif self._chance(self.mood.reject_at_commit):
                rejected[service_id] = "not today"
            elif self._conflicts_at_commit and (why := self._conflict(mapping)):
                rejected[service_id] = why
            if service_id in rejected:
                del self._staged[service_id]
        for service_id in rejected:
            old = self.serving.get(service_id)
            if old is not None and self._conflict(old) is None:
                self._staged[service_id] = old
        return rejected

    def _touch(self, service_id: str) -> None:
        self._touched.pop(service_id, None)
        self._touched[service_id] = None

    def _remove(self, service_id: str) -> None:
        self._staged.pop(service_id, None)
        self._touch(service_id)
