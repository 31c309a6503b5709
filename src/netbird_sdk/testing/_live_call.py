"""One open call: reading and writing messages, and being ended from outside."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Final, TypeAlias

from grpc import StatusCode
from grpc.aio import EOF

from netbird_sdk.testing._refusal import Refusal

if TYPE_CHECKING:
    from grpc.aio import ServicerContext

    Context: TypeAlias = ServicerContext[bytes, bytes]

__all__ = ["LiveCall", "first_of"]

_GONE: Final = "the client is gone"


class LiveCall:
    """A streaming call whose work can be cut short from outside."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._ended: asyncio.Future[Refusal] = (
            asyncio.get_running_loop().create_future()
        )

    async def read(self) -> bytes | None:
        """Return the client's next message, or None once it has closed its side."""
        try:
            message: object = await self._context.read()
        except Exception as error:  # gRPC has no public type for "the call is over"
            raise Refusal(StatusCode.CANCELLED, _GONE) from error
        if message is EOF:
            return None
        assert isinstance(message, bytes)
        return message

    async def write(self, message: bytes) -> None:
        """Send a message; a client that does not read holds this up."""
        try:
            await self._context.write(message)
        except Exception as error:
            raise Refusal(StatusCode.CANCELLED, _GONE) from error

    def end(self, code: StatusCode, details: str) -> None:
        """End the call now, whatever its work is waiting for."""
        if not self._ended.done():
            self._ended.set_result(Refusal(code, details))

    @property
    def cut_short_by(self) -> StatusCode | None:
        """The status `end` was called with, if it was."""
        return self._ended.result().code if self._ended.done() else None

    async def run(self, work: Coroutine[None, None, None]) -> None:
        """Do the work of the call until it is done or the call is ended.

        Raises:
            Refusal: The call ended with a status other than OK.
        """
        await first_of(work, self._raise_when_ended())

    async def _raise_when_ended(self) -> None:
        raise await self._ended


async def first_of(*works: Coroutine[None, None, None]) -> None:
    """Run coroutines at once until the first of them ends, and cancel the others."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if task in done:
            task.result()
