"""A client of nothing but grpc.aio and PyNaCl, to check the test server with."""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import urlsplit

import grpc
import grpc.aio
import nacl.public

from netbird_sdk import _codec
from netbird_sdk.keys import PublicKey
from netbird_sdk.models import management, proxy

ModelT = TypeVar("ModelT")
PROXY = "/management.ProxyService/"
MANAGEMENT = "/management.ManagementService/"
ADDRESS = "edge.example.com"


@asynccontextmanager
async def open_channel(url, root_certificates=None):
    target = urlsplit(url).netloc
    if url.startswith("https:"):
        credentials = grpc.ssl_channel_credentials(root_certificates)
        channel = grpc.aio.secure_channel(target, credentials)
    else:
        channel = grpc.aio.insecure_channel(target)
    async with channel:
        yield channel


async def refusal_of(awaitable):
    """Return the code and details that a call failed with."""
    try:
        await awaitable
    except grpc.aio.AioRpcError as error:
        return error.code(), error.details()
    raise AssertionError("the call succeeded")


class Proxy:
    """Calls ProxyService with a token."""

    def __init__(self, channel, token):
        self.channel = channel
        self.metadata = () if token is None else (("authorization", f"Bearer {token}"),)

    async def call(self, name, request):
        response_type = getattr(proxy, type(request).__name__[: -len("Request")] + "Response")
        data = await self.channel.unary_unary(PROXY + name)(
            _codec.encode(request), metadata=self.metadata
        )
        return _codec.decode(response_type, data)

    def sync(self):
        call = self.channel.stream_stream(PROXY + "SyncMappings")(metadata=self.metadata)
        return SyncCall(call)

    async def synced(self, **init):
        """Open a stream, take the whole snapshot, and return both."""
        stream = self.sync()
        await stream.init(**init)
        mappings = []
        while True:
            response = await stream.read()
            mappings.extend(response.mapping)
            await stream.ack()
            if response.initial_sync_complete:
                return stream, mappings

    def mapping_updates(self, **init):
        """Open the older stream, the one without acks."""
        init = {"proxy_id": "proxy-1", "address": ADDRESS} | init
        request = proxy.GetMappingUpdateRequest(**init)
        call = self.channel.unary_stream(PROXY + "GetMappingUpdate")(
            _codec.encode(request), metadata=self.metadata
        )
        return SyncCall(call)


class SyncCall:
    """An open stream of mappings."""

    def __init__(self, call):
        self.call = call

    async def init(self, **init):
        init = {"proxy_id": "proxy-1", "address": ADDRESS} | init
        await self.send(proxy.SyncMappingsInit(**init))

    async def ack(self):
        await self.send(proxy.SyncMappingsAck())

    async def send(self, message):
        request = proxy.SyncMappingsRequest(msg=message)
        await self.call.write(_codec.encode(request))

    async def read(self):
        """Return the next message, or None when the stream ended well."""
        data = await self.call.read()
        if data is grpc.aio.EOF:
            return None
        return _codec.decode(proxy.SyncMappingsResponse, data)

    async def update(self):
        """Return the next message's only mapping."""
        (mapping,) = (await self.read()).mapping
        return mapping


class WirePeer:
    """Calls ManagementService, with its own boxes."""

    def __init__(self, channel, server_key: PublicKey):
        self.channel = channel
        self.private_key = nacl.public.PrivateKey.generate()
        self.public_key = PublicKey(bytes(self.private_key.public_key))
        self.box = nacl.public.Box(
            self.private_key, nacl.public.PublicKey(server_key.raw)
        )

    def seal(self, request, *, key=None, body=None):
        if body is None:
            body = bytes(self.box.encrypt(_codec.encode(request)))
        if key is None:
            key = base64.b64encode(self.public_key.raw).decode()
        return _codec.encode(management.EncryptedMessage(wg_pub_key=key, body=body))

    def open(self, model: type[ModelT], data) -> ModelT:
        message = _codec.decode(management.EncryptedMessage, data)
        return _codec.decode(model, self.box.decrypt(message.body))

    async def send(self, name, request, **envelope):
        return await self.channel.unary_unary(MANAGEMENT + name)(
            self.seal(request, **envelope)
        )

    async def login(self, hostname="host", **fields):
        fields = {"meta": management.PeerSystemMeta(hostname=hostname)} | fields
        data = await self.send("Login", management.LoginRequest(**fields))
        return self.open(management.LoginResponse, data)

    def sync(self, request=None):
        request = management.SyncRequest() if request is None else request
        return self.channel.unary_stream(MANAGEMENT + "Sync")(self.seal(request))

    async def next_update(self, call):
        """Return the next update of a Sync stream, or None when it ended well."""
        data = await call.read()
        if data is grpc.aio.EOF:
            return None
        return self.open(management.SyncResponse, data)
