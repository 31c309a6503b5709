"""Every call passes here: it is counted, and fails when a test wants it to."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Final, TypeVar

import grpc

from netbird_sdk._methods import management, proxy
from netbird_sdk.errors import ConfigurationError
from netbird_sdk.testing._changes import Changes
from netbird_sdk.testing._live_call import LiveCall
from netbird_sdk.testing._refusal import Refusal

if TYPE_CHECKING:
    from netbird_sdk.testing._live_call import Context

__all__ = ["Calls"]

T = TypeVar("T")

_METHOD_NAMES: Final = frozenset(m.name for m in (*management.METHODS, *proxy.METHODS))


class Calls:
    """Counts calls, makes them fail when told to, and knows which are running."""

    def __init__(self, changes: Changes) -> None:
        self.counts: Counter[str] = Counter()
        self._changes = changes
        self._failures: dict[str, deque[Refusal]] = {}
        self._running: set[asyncio.Task[object]] = set()
        self._live: set[LiveCall] = set()

    def count(self, method: str) -> None:
        """Note that a method was called."""
        self.counts[method] += 1
        self._changes.notify()

    def fail_next(
        self, method: str, code: grpc.StatusCode, details: str, times: int
    ) -> None:
        """End the next `times` calls of a method with a status before they start."""
        if method not in _METHOD_NAMES:
            names = ", ".join(sorted(_METHOD_NAMES))
            raise ConfigurationError(f"there is no RPC {method!r}; there are {names}")
        failures = self._failures.setdefault(method, deque())
        failures.extend(Refusal(code, details) for _ in range(times))

    async def serve(
        self, method: str, context: Context, answer: Callable[[], Awaitable[T]]
    ) -> T:
        """Answer one call: `answer()`, or the status of the `Refusal` it raises."""
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        self.count(method)
        try:
            failures = self._failures.get(method)
            if failures:
                raise failures.popleft()
            return await answer()
        except Refusal as refusal:
            await context.abort(refusal.code, refusal.details)
        finally:
            self._running.discard(task)
            self._changes.notify()

    async def serve_stream(
        self,
        method: str,
        context: Context,
        work: Callable[[LiveCall], Coroutine[None, None, None]],
    ) -> None:
        """Answer one streaming call, until its work is done or it is ended."""

        async def served() -> None:
            call = LiveCall(context)
            self._live.add(call)
            try:
                await call.run(work(call))
            finally:
                self._live.discard(call)

        await self.serve(method, context, served)

    async def end_streams(self, code: grpc.StatusCode, details: str) -> None:
        """End all streaming calls, and wait until that is done."""
        live = frozenset(self._live)
        for call in live:
            call.end(code, details)
        await self._changes.wait_until(lambda: not live & self._live)

    async def end_all(self) -> None:
        """Cancel the calls that gRPC left running and wait until they are over."""
        running = self._running - {asyncio.current_task()}
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
