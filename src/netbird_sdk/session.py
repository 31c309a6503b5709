"""A stream that is kept up: the library's only loop that connects and retries."""

from __future__ import annotations

import asyncio
import copy
import enum
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from random import Random
from types import TracebackType
from typing import Final, Self, cast

from netbird_sdk.config import Backoff
from netbird_sdk.errors import (
    ClosedError,
    ConfigurationError,
    NetBirdError,
    RPCError,
    SinkError,
    is_transient,
)
from netbird_sdk.events import (
    Connected,
    CutByServer,
    Disconnected,
    FellBack,
    JobFinished,
    NetworkSynced,
    SessionEvent,
    StateIgnored,
    StateRestored,
    Synced,
)

__all__ = ["Session", "SessionState"]

HEALTHY_AFTER: Final = 10.0
"""A synced stream that was up this long starts the backoff over."""
REFUSED_DELAY: Final = 15.0
"""Shortest wait after a refusal: servers let five bad logins pass, then one in 12 s."""

SUSPICIOUS_CUTS: Final = 3
"""Streams cut by the server within a minute that call for a warning."""

_GOOD_NEWS: Final = Connected | FellBack | NetworkSynced | StateRestored | Synced

OnEvent = Callable[[SessionEvent], None]
RetryOn = Callable[[NetBirdError], bool]


# Where nobody has set logging up, Python would print warnings beside what events say.
logging.getLogger("netbird_sdk").addHandler(logging.NullHandler())


class SessionState(enum.Enum):
    """Where a session stands."""

    IDLE = "idle"
    """`run` has not been called."""
    CONNECTING = "connecting"
    SYNCING = "syncing"
    """The stream is up and its snapshot is not whole yet."""
    READY = "ready"
    """The stream is up and everything it said has been put into effect."""
    WAITING = "waiting"
    """Disconnected, until the next attempt."""
    CLOSED = "closed"


class Session(ABC):
    """Keeps one stream up until it is cancelled.

    Either await `run`, in a task of your own, or enter the session as a context
    manager, which does that for as long as its body takes. A session runs once.
    """

    def __init__(
        self,
        *,
        backoff: Backoff,
        retry_on: RetryOn | None,
        on_event: OnEvent | None,
        random: Random | None,
        logger: logging.Logger,
    ) -> None:
        self._backoff = backoff
        self._retry_on = retry_on
        self._on_event = on_event
        self._random = random or Random()  # noqa: S311 - spreads reconnects, no secret
        self._logger = logger
        self._state = SessionState.IDLE
        self._accepted = False
        """The server has once answered this client as it should."""
        self._up_since: float | None = None
        self._stream_synced = False
        self._last_ready: float | None = None
        """When the session was last known to be in sync, on the loop's clock."""
        self._failures = 0
        """Failed attempts since a stream was last up."""
        self._ever_synced = False
        self._settled = asyncio.Event()
        """Synced for the first time, or over."""
        self._error: BaseException | None = None
        self._group: asyncio.TaskGroup | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def state(self) -> SessionState:
        """Where the session stands."""
        return self._state

    @property
    def stale_for(self) -> float | None:
        """Seconds since all was known to be up to date; 0.0 while it is.

        None if it never was.
        """
        if self._state is SessionState.READY:
            return 0.0
        if self._last_ready is None:
            return None
        return asyncio.get_running_loop().time() - self._last_ready

    async def run(self) -> None:
        """Connect, follow the stream and reconnect, until cancelled.

        Only a session of a kind that says so ever returns.

        Raises:
            ClosedError: The session has run before, or its client was closed.
            NetBirdError: An error that no further attempt can mend: by default wrong
                credentials, or a server that lacks the RPC, before the server has ever
                accepted this client.
        """
        if self._state is not SessionState.IDLE:
            raise ClosedError("a session runs only once: make another one")
        try:
            async with self._alongside():
                await self._keep_connected()
        except BaseExceptionGroup as group:
            error = _only_member(group)
            try:
                self._error = _kept(error)
                raise error from error.__cause__
            finally:
                del error  # would keep itself alive through its traceback
        except BaseException as error:
            self._error = _kept(error)
            raise
        finally:
            self._state = SessionState.CLOSED
            self._settled.set()

    async def wait_synced(self) -> None:
        """Wait until a first whole snapshot has been put into effect.

        Raises:
            ClosedError: The session ended before, or was cancelled.
            NetBirdError: What ended it.
        """
        await self._settled.wait()
        if self._ever_synced:
            return
        if isinstance(self._error, NetBirdError):
            raise self._error
        raise ClosedError("the session ended before it had synced") from self._error

    async def __aenter__(self) -> Self:
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        self._task = self._group.create_task(self._run_until_cancelled())
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._group is not None
        assert self._task is not None
        self._task.cancel()
        try:
            await self._group.__aexit__(exc_type, exc, traceback)
        except BaseExceptionGroup as group:
            error = _only_member(group)
            try:
                raise error from error.__cause__
            finally:
                del error
        finally:
            self._group = self._task = None
            # Left before `run` had its first turn, so that it could not say so itself.
            self._state = SessionState.CLOSED
            self._settled.set()
            # A task that is cancelled before its first step never gets to `run`.
            self._state = SessionState.CLOSED
            self._settled.set()

    async def _run_until_cancelled(self) -> None:
        await self.run()

    # What each kind of session fills in.

    @abstractmethod
    async def _connect(self) -> None:
        """Follow one stream until it ends, and raise what ended it."""

    def _alongside(self) -> AbstractAsyncContextManager[object]:
        """What runs beside the connections, from the first to after the last."""
        return nullcontext()

    def _ends_well(self, _error: NetBirdError) -> bool:
        """Say whether the session is over, without that being an error."""
        return False

    def _stream_lost(self, error: NetBirdError) -> None:  # noqa: B027 - optional
        """React to the end of a stream, before the wait for the next."""

    # What a connection reports.

    def _stream_up(self, method: str) -> None:
        """The server's first message has arrived."""
        self._accepted = True
        self._up_since = asyncio.get_running_loop().time()
        self._state = SessionState.SYNCING
        self._emit(Connected(method=method))

    def _in_sync(self, *, current: bool) -> None:
        """A whole snapshot is in effect; `current`: that of the stream that is up."""
        if current and self._up_since is not None:
            self._state = SessionState.READY
            self._stream_synced = True
            self._failures = 0
        self._ever_synced = True
        self._settled.set()

    def _emit(self, event: SessionEvent) -> None:
        """Log an event and tell the callback, whose errors are logged only."""
        self._logger.log(self._level(event), "%s", event)
        if self._on_event is None:
            return
        try:
            self._on_event(event)
        except Exception:
            self._logger.exception("on_event raised for %s", type(event).__name__)

    def _level(self, event: SessionEvent) -> int:
        """Warn once in a row of failed attempts, not at each."""
        if isinstance(event, Disconnected):
            return logging.WARNING if self._failures <= 1 else logging.DEBUG
        if isinstance(event, CutByServer):
            return logging.WARNING if event.times == SUSPICIOUS_CUTS else logging.DEBUG
        if isinstance(event, JobFinished):
            return logging.INFO if event.succeeded else logging.WARNING
        if isinstance(event, _GOOD_NEWS):
            return logging.INFO
        if isinstance(event, StateIgnored) and event.missing:
            return logging.INFO
        return logging.WARNING

    # The loop.

    async def _keep_connected(self) -> None:
        delays = self._backoff.delays(self._random)
        while True:
            self._state = SessionState.CONNECTING
            self._up_since, self._stream_synced = None, False
            try:
                await self._connect()
                raise AssertionError("a connection ends by raising")
            except NetBirdError as ended:
                error = ended
            if self._was_healthy():
                delays = self._backoff.delays(self._random)
            if self.state is SessionState.READY:
                self._last_ready = asyncio.get_running_loop().time()
            self._up_since = None
            if self._ends_well(error):
                self._error = error
                return
            if not self._worth_retrying(error):
                raise error
            delay = next(delays)
            if _is_refusal(error):
                delay = max(
                    delay, self._random.uniform(REFUSED_DELAY, REFUSED_DELAY + 5)
                )
            self._state = SessionState.WAITING
            self._failures += 1
            self._stream_lost(error)
            _forget_frames(error)
            self._emit(
                Disconnected(error=error, retry_in=delay, stale_for=self.stale_for)
            )
            await asyncio.sleep(delay)

    def _was_healthy(self) -> bool:
        if self._up_since is None or not self._stream_synced:
            return False
        return asyncio.get_running_loop().time() - self._up_since >= HEALTHY_AFTER

    def _worth_retrying(self, error: NetBirdError) -> bool:
        if isinstance(error, ConfigurationError | ClosedError):
            return False
        if self._retry_on is not None:
            return self._retry_on(error)
        # Once accepted, a refusal may be a database hiccup or a misrouted proxy.
        return is_transient(error) or self._accepted


def _is_refusal(error: NetBirdError) -> bool:
    """Whether a quick new attempt could get this address locked out."""
    if not isinstance(error, RPCError):
        return False
    return not is_transient(error) or "too many failed" in error.details


def _kept(error: BaseException) -> BaseException | None:
    """Return what `wait_synced` is to raise: without frames, see `_forget_frames`."""
    if isinstance(error, asyncio.CancelledError):
        return None
    return copy.copy(error) if isinstance(error, NetBirdError) else error


def _forget_frames(error: NetBirdError) -> None:
    """Let go of the frames that the end of a stream has passed through.

    They hold the call, and a call that is held keeps its connection open, until the
    next garbage collection or for as long as somebody keeps the event.
    """
    links = [error, error.__context__]
    if not isinstance(error, SinkError):  # whose cause is the sink's author's to see
        links.append(error.__cause__)
    for link in links:
        if link is not None:
            link.__traceback__ = None


def _only_member(error: BaseException) -> BaseException:
    """Unwrap a group of one, however deep."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    group = cast("BaseExceptionGroup[BaseException]", error)
    return _only_member(group.exceptions[0]) if len(group.exceptions) == 1 else group
