"""Calls to ManagementService, sealed for the server's key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import grpc.aio

from netbird_sdk._codec import decode, encode
from netbird_sdk._connection import Connection
from netbird_sdk._methods import management as rpc
from netbird_sdk._methods.method import Method
from netbird_sdk._model import Model
from netbird_sdk._seal import Sealer
from netbird_sdk._status import error_from_status
from netbird_sdk._stream import Call, Stream
from netbird_sdk.errors import (
    ConfigurationError,
    NetBirdError,
    ProtocolError,
    RPCError,
    SealError,
)
from netbird_sdk.keys import PrivateKey, PublicKey
from netbird_sdk.models.management import Empty, EncryptedMessage

__all__ = ["SERVER_KEY_TIMEOUT", "SealedCalls", "SealedStream"]

RequestT = TypeVar("RequestT", bound=Model)
ResponseT = TypeVar("ResponseT", bound=Model)

SERVER_KEY_TIMEOUT: Final = 5.0
_WRONG_PIN: Final = (
    "the server could not open the request: the server_key given to this client is not "
    "its key, or no longer, for servers make a new one at every start"
)


class SealedCalls:
    """Makes calls as one peer.

    The server's key is asked for once, and again when a stream is opened, when the
    server cannot open a request, and when its answer does not open: servers make a new
    key at every start. A pinned key is never replaced.
    """

    def __init__(
        self, connection: Connection, private_key: PrivateKey, pinned: PublicKey | None
    ) -> None:
        """Make calls on `connection` as the peer with `private_key`."""
        self._connection = connection
        self._private_key = private_key
        self._pinned = pinned
        self._server_key: PublicKey | None = None
        self._sealer: Sealer | None = None
        self._fetching = asyncio.Lock()

    async def server_key(self, timeout: float | None = SERVER_KEY_TIMEOUT) -> PublicKey:
        """Ask the server for its key.

        Raises:
            ProtocolError: What came is no key.
        """
        answer = await self.plain(rpc.GET_SERVER_KEY, Empty(), timeout)
        try:
            return PublicKey.parse(answer.key)
        except ConfigurationError as error:
            raise ProtocolError(
                f"GetServerKey: the server's key is no WireGuard key: {error}",
                method="GetServerKey",
            ) from error

    async def plain(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        timeout: float | None,
    ) -> ResponseT:
        """Make a call that is not sealed."""
        body = await self._connection.call(method, encode(request), timeout)
        return decode(method.response, body, method=method.name)

    async def sealed(
        self,
        method: Method[RequestT, ResponseT],
        request: RequestT,
        timeout: float | None,
    ) -> ResponseT:
        """Make a call whose request is sealed, and its answer if the RPC has it so."""
        sealer = await self._current_sealer(timeout)
        call = self._connection.call
        try:
            answer = await call(method, self.seal(sealer, request), timeout)
        except RPCError as error:
            # The server could not open the request, so it has not acted on it: it may
            # have been restarted, with another key.
            sealer = await self._newer_sealer(sealer, error, timeout)
            answer = await call(method, self.seal(sealer, request), timeout)
        if not method.sealed_response:
            return decode(method.response, answer, method=method.name)
        try:
            return unseal(sealer, answer, method)
        except SealError:
            self._forget(sealer)
            raise

    async def stream(
        self, method: Method[Model, ResponseT], first: Model
    ) -> SealedStream[ResponseT]:
        """Open a stream with `first` as its first message, for the server's newest key.

        Raises:
            NetBirdError: The server's key could not be had.
        """
        if self._pinned is None:
            self._sealer = None
        sealer = await self._current_sealer()
        channel, keep = self._connection.channel(), self._connection.follow
        message = self.seal(sealer, first)
        if not method.client_streaming:
            follow: grpc.aio.UnaryStreamMultiCallable[bytes, bytes]
            follow = channel.unary_stream(method.path)
            return SealedStream(self, sealer, method, keep(follow(message)))
        both: grpc.aio.StreamStreamMultiCallable[bytes, bytes]
        both = channel.stream_stream(method.path)
        stream = SealedStream(self, sealer, method, keep(both()))
        try:
            await stream.write_bytes(message)
        except BaseException:
            await stream.aclose()
            raise
        return stream

    def seal(self, sealer: Sealer, request: Model) -> bytes:
        """Return the envelope of a request."""
        sender = str(self._private_key.public_key)
        return encode(
            EncryptedMessage(wg_pub_key=sender, body=sealer.seal(encode(request)))
        )

    async def _current_sealer(self, timeout: float | None = None) -> Sealer:
        async with self._fetching:
            if self._sealer is None:
                key = self._pinned or await self.server_key(self._time_for_key(timeout))
                self._server_key = key
                self._sealer = Sealer(self._private_key, key)
            return self._sealer

    async def _newer_sealer(
        self, used: Sealer, error: RPCError, timeout: float | None
    ) -> Sealer:
        """Return a sealer for the server's new key; without one raise `error`."""
        if not _was_unreadable(error):
            raise error
        if self._pinned is not None:
            raise error_from_status(
                error.method, error.code, error.details, hint=_WRONG_PIN
            ) from error
        async with self._fetching:
            if self._sealer is not used and self._sealer is not None:
                return self._sealer  # another call was here first
            key = await self.server_key(self._time_for_key(timeout))
            if key == self._server_key:
                raise error
            self._server_key, self._sealer = key, Sealer(self._private_key, key)
            return self._sealer

    def _time_for_key(self, timeout: float | None) -> float:
        """Return how long a call may wait for the key, which is no more than itself."""
        limits = (timeout, self._connection.timeout)
        given = next((limit for limit in limits if limit is not None), None)
        return SERVER_KEY_TIMEOUT if given is None else min(given, SERVER_KEY_TIMEOUT)

    def _forget(self, sealer: Sealer) -> None:
        if self._sealer is sealer and self._pinned is None:
            self._sealer = None


class SealedStream(Generic[ResponseT]):
    """A streaming call of ManagementService. It has one reader."""

    def __init__(
        self,
        calls: SealedCalls,
        sealer: Sealer,
        method: Method[Model, ResponseT],
        call: Call,
    ) -> None:
        """Made by `SealedCalls.stream`."""
        self._seal: Callable[[Model], bytes] = lambda m: calls.seal(sealer, m)
        self._sealer = sealer
        self._method = method
        self._stream = Stream(call, method.name)

    async def read_bytes(self) -> bytes | None:
        """Return the next message opened but not decoded; None at the stream's end.

        Raises:
            NetBirdError: The stream broke; SealError: the message did not open.
        """
        message = await self._stream.read()
        return None if message is None else _open(self._sealer, message, self._method)

    async def read(self) -> ResponseT | None:
        """Return the next message, or None when the server ended the stream.

        Raises:
            NetBirdError: The stream broke; SealError: the message did not open.
        """
        body = await self.read_bytes()
        if body is None:
            return None
        return decode(self._method.response, body, method=self._method.name)

    async def write(self, message: Model) -> None:
        """Send a message. A stream that has ended says why when it is read."""
        await self._stream.write(self._seal(message))

    async def write_bytes(self, message: bytes) -> None:
        """Send a message that is sealed already."""
        await self._stream.write(message)

    def drop(self, error: NetBirdError) -> None:
        """End the stream; `read` raises `error`."""
        self._stream.drop(error)

    async def aclose(self) -> None:
        """End the stream and let go of it."""
        await self._stream.aclose()


def unseal(
    sealer: Sealer, answer: bytes, method: Method[Model, ResponseT]
) -> ResponseT:
    """Open and decode a sealed answer."""
    body = _open(sealer, answer, method)
    return decode(method.response, body, method=method.name)


def _open(sealer: Sealer, answer: bytes, method: Method[Model, Model]) -> bytes:
    envelope = decode(EncryptedMessage, answer, method=method.name)
    return sealer.open(envelope.body, method=method.name)


def _was_unreadable(error: RPCError) -> bool:
    return error.code.name == "INVALID_ARGUMENT" and (
        "invalid request message" in error.details or "decrypting" in error.details
    )
