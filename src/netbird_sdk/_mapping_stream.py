"""One mapping stream over gRPC: what a session needs of it and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import grpc.aio

from netbird_sdk._codec import encode
from netbird_sdk._connection import Connection
from netbird_sdk._methods.proxy import GET_MAPPING_UPDATE, SYNC_MAPPINGS
from netbird_sdk._stream import Call, Stream
from netbird_sdk.errors import NetBirdError
from netbird_sdk.models.proxy import (
    GetMappingUpdateRequest,
    SyncMappingsAck,
    SyncMappingsInit,
    SyncMappingsRequest,
)

__all__ = ["GrpcMappingSource", "MappingSource", "MappingStream"]


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
        connection: Connection,
        metadata: Callable[[], tuple[tuple[str, str], ...]],
        init: SyncMappingsInit,
    ) -> None:
        self._connection = connection
        self._metadata = metadata
        self._init = init

    async def open(self, *, acks: bool) -> MappingStream:
        """See `MappingSource.open`.

        Raises:
            ClosedError: The client is not open.
        """
        channel, keep = self._connection.channel(), self._connection.follow
        metadata, init = self._metadata(), self._init
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
            updates = keep(follow(request, metadata=metadata))
            return _GrpcMappingStream(updates, GET_MAPPING_UPDATE.name, acks=False)
        sync: grpc.aio.StreamStreamMultiCallable[bytes, bytes]
        sync = channel.stream_stream(SYNC_MAPPINGS.path)
        call = keep(sync(metadata=metadata))
        stream = _GrpcMappingStream(call, SYNC_MAPPINGS.name, acks=True)
        try:
            await stream.write(encode(SyncMappingsRequest(msg=init)))
        except BaseException:
            await stream.aclose()
            raise
        return stream


class _GrpcMappingStream(Stream):
    def __init__(self, call: Call, method: str, *, acks: bool) -> None:
        super().__init__(call, method)
        self.method = method
        self.acks = acks

    async def ack(self) -> None:
        await self.write(_ACK)
