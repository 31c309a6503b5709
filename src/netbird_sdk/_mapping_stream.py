"""One mapping stream over gRPC: what a session needs of it and no more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import grpc
import grpc.aio

from netbird_sdk._codec import encode
from netbird_sdk._methods.proxy import GET_MAPPING_UPDATE, SYNC_MAPPINGS
from netbird_sdk._status import call_error, error_from_status
from netbird_sdk.errors import ClosedError, NetBirdError
from netbird_sdk.models.proxy import (
    GetMappingUpdateRequest,
    SyncMappingsAck,
    SyncMappingsInit,
    SyncMappingsRequest,
)

__all__ = ["GrpcMappingSource", "MappingSource", "MappingStream"]

Call = grpc.aio.StreamStreamCall[bytes, bytes] | grpc.aio.UnaryStreamCall[bytes, bytes]


class MappingStream(Protocol):
    """One connection's worth of mapping batches."""

    method: str
    """The RPC's name."""
    acks: bool
    """Messages are to be acknowledged."""

    async def read(self) -> bytes | None:
        """Return the next message undecoded, or None when the server ended the stream.

        Raises:
            NetBirdError: The stream broke; UnsupportedError: the server lacks the RPC.
        """
        ...

    async def ack(self) -> None:
        """Acknowledge one message; does nothing on a stream that is over."""
        ...

    def drop(self, error: NetBirdError) -> None:
        """End the stream; `read` raises `error`."""
        ...

    async def aclose(self) -> None:
        """End the stream and let go of it."""
        ...


class MappingSource(Protocol):
    """Where mapping streams come from: a server, or a simulation of one."""

    async def open(self, *, acks: bool) -> MappingStream:
        """Ask for a stream: SyncMappings with acks, GetMappingUpdate without."""
        ...


_ACK: Final = encode(SyncMappingsRequest(msg=SyncMappingsAck()))


class GrpcMappingSource:
    """Opens mapping streams on a channel."""

    def __init__(
        self,
        channel: Callable[[], grpc.aio.Channel],
        metadata: Callable[[], tuple[tuple[str, str], ...]],
        init: SyncMappingsInit,
    ) -> None:
        self._channel = channel
        self._metadata = metadata
        self._init = init

    async def open(self, *, acks: bool) -> MappingStream:
        """See `MappingSource.open`.

        Raises:
            ClosedError: The client is not open.
        """
        channel, metadata, init = self._channel(), self._metadata(), self._init
        if not acks:
            request = encode(
                GetMappingUpdateRequest(
                    proxy_id=init.proxy_id,
                    version=init.version,
                    started_at=init.started_at,
                    address=init.address,
                    capabilities=init.capabilities,
                )
            )
            follow: grpc.aio.UnaryStreamMultiCallable[bytes, bytes]
            follow = channel.unary_stream(GET_MAPPING_UPDATE.path)
            return _GrpcMappingStream(
                follow(request, metadata=metadata), GET_MAPPING_UPDATE.name, acks=False
            )
        sync: grpc.aio.StreamStreamMultiCallable[bytes, bytes]
        sync = channel.stream_stream(SYNC_MAPPINGS.path)
        stream = _GrpcMappingStream(
            sync(metadata=metadata), SYNC_MAPPINGS.name, acks=True
        )
        await stream.write(encode(SyncMappingsRequest(msg=init)))
        return stream


class _GrpcMappingStream:
    def __init__(self, call: Call, method: str, *, acks: bool) -> None:
        self._call = call
        self.method = method
        self.acks = acks
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

    async def ack(self) -> None:
        await self.write(_ACK)

    async def read(self) -> bytes | None:
        try:
            message = await self._call.read()
        except grpc.aio.AioRpcError as error:
            raise self._dropped or call_error(self.method, error) from error
        except (grpc.aio.UsageError, asyncio.CancelledError) as error:
            # Ending the call, by drop or by closing the channel, cancels its reader.
            if isinstance(error, asyncio.CancelledError) and _being_cancelled():
                raise
            raise self._dropped or ClosedError(
                f"{self.method}: the client was closed"
            ) from error
        if isinstance(message, bytes):
            return message
        if self._dropped is not None:
            raise self._dropped
        code = await self._call.code()
        if code is grpc.StatusCode.OK:
            return None
        raise error_from_status(self.method, code, await self._call.details())

    def drop(self, error: NetBirdError) -> None:
        self._dropped = self._dropped or error
        self._call.cancel()

    async def aclose(self) -> None:
        self._call.cancel()


def _being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
