"""A client of nothing but grpc.aio and PyNaCl, to check the test server with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import grpc
import grpc.aio
import nacl.public

from netbird_sdk import _codec
from netbird_sdk._model import Model
from netbird_sdk.keys import PublicKey
from netbird_sdk.models import management, proxy

ModelT = TypeVar("ModelT", bound=Model)

PROXY = "/management.ProxyService/"
MANAGEMENT = "/management.ManagementService/"
IDENTITY = {"proxy_id": "proxy-1", "address": "edge.example.com"}


@asynccontextmanager
async def open_channel(
    url: str, root_certificates: bytes | None = None
) -> AsyncIterator[grpc.aio.Channel]:
    target = urlsplit(url).netloc
    if url.startswith("https:"):
        credentials = grpc.ssl_channel_credentials(root_certificates)
        channel = grpc.aio.secure_channel(target, credentials)
    else:
        channel = grpc.aio.insecure_channel(target)
    async with channel:
        yield channel


async def refusal_of(call: Awaitable[object]) -> tuple[grpc.StatusCode, str | None]:
    """Return the code and details that a call failed with."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details()
    raise AssertionError("the call succeeded")


class MappingCall:
    """An open stream of mappings."""

    def __init__(self, call: Any) -> None:
        self.call = call

    async def init(self, **init: Any) -> None:
        await self.send(proxy.SyncMappingsInit(**(IDENTITY | init)))

    async def ack(self) -> None:
        await self.send(proxy.SyncMappingsAck())

    async def send(
        self, message: proxy.SyncMappingsInit | proxy.SyncMappingsAck
    ) -> None:
        request = proxy.SyncMappingsRequest(msg=message)
        await self.call.write(_codec.encode(request))

    async def read(self) -> proxy.SyncMappingsResponse:
        return _codec.decode(proxy.SyncMappingsResponse, await self.call.read())

    async def update(self) -> proxy.ProxyMapping:
        """Return the next message's only mapping."""
        (mapping,) = (await self.read()).mapping
        return mapping

    async def has_ended_well(self) -> bool:
        message: object = await self.call.read()
        return message is grpc.aio.EOF


class BareProxy:
    """Calls ProxyService with a token."""

    def __init__(self, channel: grpc.aio.Channel, token: str | None) -> None:
        self._channel = channel
        self.metadata = [("authorization", f"Bearer {token}")] if token else []
        # A stream that nobody refers to any more is cancelled when it is collected.
        self._streams: list[MappingCall] = []

    async def call(self, name: str, request: Model, response: type[ModelT]) -> ModelT:
        method: Any = self._channel.unary_unary(PROXY + name)
        data = await method(_codec.encode(request), metadata=self.metadata)
        return _codec.decode(response, data)

    def sync(self) -> MappingCall:
        method: Any = self._channel.stream_stream(PROXY + "SyncMappings")
        stream = MappingCall(method(metadata=self.metadata, wait_for_ready=True))
        self._streams.append(stream)
        return stream

    async def synced(
        self, **init: Any
    ) -> tuple[MappingCall, tuple[proxy.ProxyMapping, ...]]:
        """Open a stream and take its whole snapshot."""
        stream = self.sync()
        await stream.init(**init)
        mappings: tuple[proxy.ProxyMapping, ...] = ()
        complete = False
        while not complete:
            response = await stream.read()
            mappings += response.mapping
            complete = response.initial_sync_complete
            await stream.ack()
        return stream, mappings

    def mapping_updates(self, **init: Any) -> MappingCall:
        """Open the older stream, the one without acks."""
        request = proxy.GetMappingUpdateRequest(**(IDENTITY | init))
        method: Any = self._channel.unary_stream(PROXY + "GetMappingUpdate")
        return MappingCall(method(_codec.encode(request), metadata=self.metadata))


class BarePeer:
    """Calls ManagementService, with a box of its own."""

    def __init__(self, channel: grpc.aio.Channel, server_key: PublicKey) -> None:
        self._channel = channel
        key = nacl.public.PrivateKey.generate()
        self.public_key = PublicKey(bytes(key.public_key))
        self._box = nacl.public.Box(key, nacl.public.PublicKey(server_key.raw))

    def seal(self, request: Model) -> management.EncryptedMessage:
        return management.EncryptedMessage(
            wg_pub_key=str(self.public_key),
            body=bytes(self._box.encrypt(_codec.encode(request))),
        )

    def open(self, model: type[ModelT], data: bytes) -> ModelT:
        message = _codec.decode(management.EncryptedMessage, data)
        return _codec.decode(model, self._box.decrypt(message.body))

    async def send(self, name: str, message: Model) -> bytes:
        method: Any = self._channel.unary_unary(MANAGEMENT + name)
        data = await method(_codec.encode(message))
        assert isinstance(data, bytes)
        return data

    async def login(self, **fields: Any) -> management.LoginResponse:
        meta = management.PeerSystemMeta(hostname="host", netbird_version="0.77.1")
        request = management.LoginRequest(**({"meta": meta} | fields))
        data = await self.send("Login", self.seal(request))
        return self.open(management.LoginResponse, data)

    def sync(self, meta: management.PeerSystemMeta | None = None) -> Any:
        method: Any = self._channel.unary_stream(MANAGEMENT + "Sync")
        request = self.seal(management.SyncRequest(meta=meta))
        return method(_codec.encode(request))

    async def next_update(self, call: Any) -> management.SyncResponse | None:
        """Return the next update of a Sync stream, or None if it ended well."""
        data = await call.read()
        if data is grpc.aio.EOF:
            return None
        return self.open(management.SyncResponse, data)
