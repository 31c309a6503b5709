"""Status reports to management: the newest of each service, at a bounded rate."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import attrs

from netbird_sdk.config import Backoff
from netbird_sdk.errors import NetBirdError, RPCError, is_transient
from netbird_sdk.models.proxy import ProxyStatus

__all__ = ["Report", "StatusReporter"]

CONCURRENCY: Final = 8
RATE: Final = 50.0
"""Calls a second: a restart with 100,000 services takes management half an hour."""

_logger = logging.getLogger(__name__)


@attrs.frozen
class Report:
    """What to tell management of one service."""

    service_id: str
    account_id: str
    status: ProxyStatus
    certificate_issued: bool = False
    error_message: str | None = None


class StatusReporter:
    """Sends reports beside the synchronisation, which never waits for it.

    A newer report of a service takes the place of one not yet sent. Reports that fail
    for a passing reason are tried again; that a service is gone is no failure.
    """

    def __init__(self, send: Callable[[Report], Awaitable[None]]) -> None:
        """`send` makes one call; it raises as RPCs do."""
        self._send = send
        self._waiting: dict[str, Report] = {}
        self._sending: set[str] = set()
        self._news = asyncio.Event()
        self._delays = Backoff().delays()
        self._resume_at = 0.0

    @property
    def waiting(self) -> int:
        """Reports not yet sent."""
        return len(self._waiting)

    def report(self, report: Report) -> None:
        """Note a report; returns at once."""
        self._waiting.pop(report.service_id, None)
        self._waiting[report.service_id] = report
        self._news.set()

    async def run(self) -> None:
        """Send what is noted, until cancelled."""
        loop = asyncio.get_running_loop()
        slots = asyncio.Semaphore(CONCURRENCY)
        next_call = loop.time()
        async with asyncio.TaskGroup() as group:
            while True:
                await slots.acquire()
                report = await self._next()
                next_call = max(next_call + 1 / RATE, loop.time(), self._resume_at)
                await asyncio.sleep(next_call - loop.time())
                report = self._waiting.pop(report.service_id, report)
                group.create_task(self._deliver(report, slots))

    async def _next(self) -> Report:
        while True:
            for service_id, report in self._waiting.items():
                if service_id not in self._sending:  # or an older one could arrive last
                    self._sending.add(service_id)
                    return report
            self._news.clear()
            await self._news.wait()

    async def _deliver(self, report: Report, slots: asyncio.Semaphore) -> None:
        try:
            await self._send(report)
        except NetBirdError as error:
            self._failed(report, error)
        else:
            self._delays = Backoff().delays()
        finally:
            self._sending.discard(report.service_id)
            self._news.set()
            slots.release()

    def _failed(self, report: Report, error: NetBirdError) -> None:
        if isinstance(error, RPCError) and error.code.name == "NOT_FOUND":
            return  # removed in the meantime
        if not is_transient(error):
            _logger.warning("status of %s not reported: %s", report.service_id, error)
            return
        self._waiting.setdefault(report.service_id, report)
        loop = asyncio.get_running_loop()
        self._resume_at = max(self._resume_at, loop.time() + next(self._delays))
