"""A time limit for a task that makes very many short calls."""

from __future__ import annotations

import asyncio
from types import TracebackType

__all__ = ["CallLimit", "CallOverranError"]


class CallOverranError(TimeoutError):
    """The call was cancelled because it took too long."""


class CallLimit:
    """What `asyncio.timeout` does, for one call after the other in one task.

    It keeps one timer for all of them, looked at only when it fires, where
    `asyncio.timeout` makes and cancels one for each call. Use it from one task only.
    """

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._deadline: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._fired = False

    def __enter__(self) -> None:
        if self.seconds is None:
            return
        loop = asyncio.get_running_loop()
        self._deadline = loop.time() + self.seconds
        if self._timer is None:
            self._task = asyncio.current_task()
            self._timer = loop.call_at(self._deadline, self._fire)
        if self._task is not None:
            self._cancelling = self._task.cancelling()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._deadline = None
        if not self._fired:
            return
        self._fired = False
        assert self._task is not None
        if (
            self._task.uncancel() <= self._cancelling
            and exc_type is asyncio.CancelledError
        ):
            raise CallOverranError(f"took longer than {self.seconds:g} s") from exc

    def close(self) -> None:
        """Drop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        if self._deadline is None or self._task is None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() < self._deadline:
            self._timer = loop.call_at(self._deadline, self._fire)
        else:
            self._fired = True
            self._task.cancel()
