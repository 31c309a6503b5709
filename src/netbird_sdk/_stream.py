"""One streaming call: bytes in, bytes out, and every way it can end."""

from __future__ import annotations

import asyncio

import grpc
import grpc.aio

from netbird_sdk._status import call_error, error_from_status
from netbird_sdk.errors import ClosedError, NetBirdError

__all__ = ["Call", "Stream"]

Call = grpc.aio.StreamStreamCall[bytes, bytes] | grpc.aio.UnaryStreamCall[bytes, bytes]


class Stream:
    """Has one reader. A read that is cancelled ends the call: that is gRPC's way."""

    def __init__(self, call: Call, method: str) -> None:
        """`method` is the RPC's name, for what errors say."""
        self._call = call
        self._method = method
        self._dropped: NetBirdError | None = None

    async def write(self, message: bytes) -> None:
        """Send a message. A stream that has ended says why when it is read."""
        assert isinstance(self._call, grpc.aio.StreamStreamCall)
        try:
            await self._call.write(message)
        except (grpc.aio.AioRpcError, grpc.aio.UsageError, asyncio.InvalidStateError):
            return
        except asyncio.CancelledError:
            if _being_cancelled():
                raise

    async def read(self) -> bytes | None:
        """Return the next message, or None when the server ended the stream.

        Raises:
            NetBirdError: The stream broke, or what `drop` was given.
            ClosedError: The client was closed.
        """
        try:
            message = await self._call.read()
        except grpc.aio.AioRpcError as error:
            self._raise_dropped()
            raise call_error(self._method, error) from error
        except (grpc.aio.UsageError, asyncio.CancelledError) as error:
            # Ending the call, by drop or by closing the channel, cancels its reader.
            if isinstance(error, asyncio.CancelledError) and _being_cancelled():
                raise
            self._raise_dropped()
            raise ClosedError(f"{self._method}: the client was closed") from error
        if isinstance(message, bytes):
            return message
        self._raise_dropped()
        code = await self._call.code()
        if code is grpc.StatusCode.OK:
            return None
        raise error_from_status(self._method, code, await self._call.details())

    def _raise_dropped(self) -> None:
        if self._dropped is not None:
            raise self._dropped

    def drop(self, error: NetBirdError) -> None:
        """End the stream; `read` raises `error`."""
        self._dropped = self._dropped or error
        self._call.cancel()

    async def aclose(self) -> None:
        """End the stream and let go of it."""
        self._call.cancel()


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
