"""What a session tells, shown as it comes and waited for."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from demo_parts.narrator import Narrator
from netbird_sdk import (
    Connected,
    Disconnected,
    FellBack,
    MappingRejected,
    SessionEvent,
    Synced,
)

__all__ = ["Events"]

EventT = TypeVar("EventT", bound=SessionEvent)


class Events:
    """The `on_event` of the demo's session."""

    def __init__(self, narrator: Narrator) -> None:
        self._narrator = narrator
        self._waiting: asyncio.Queue[SessionEvent] = asyncio.Queue()

    def __call__(self, event: SessionEvent) -> None:
        """Take an event; sessions want this to be quick."""
        self._narrator.show(describe(event))
        self._waiting.put_nowait(event)

    def forget(self) -> None:
        """Pass over the events so far."""
        while not self._waiting.empty():
            self._waiting.get_nowait()

    async def next(self, kind: type[EventT]) -> EventT:
        """Wait for the next event of a kind, and pass over the others."""
        while True:
            event = await self._waiting.get()
            if isinstance(event, kind):
                return event


def describe(event: SessionEvent) -> str:
    """Say what an event means."""
    match event:
        case Connected():
            return f"connected, by {event.method}"
        case FellBack():
            return f"this server is older: {event.used} is used instead"
        case Synced():
            return (
                f"in sync with {event.services} services: {event.unchanged} unchanged, "
                f"{event.upserted} told to the proxy, {event.removed} removed"
            )
        case MappingRejected():
            return f"not served: {event.reason}"
        case Disconnected():
            return f"disconnected; next attempt in {event.retry_in:.1f} s"
        case _:
            return str(event)
