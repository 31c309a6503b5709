"""What both clients have in common: a channel, opened and closed once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar
from weakref import WeakSet

import attrs
import grpc.aio

from netbird_sdk._channel import MAX_MESSAGE_BYTES, call_unary, open_channel
from netbird_sdk._endpoint import Endpoint, parse_url
from netbird_sdk._methods.method import Method
from netbird_sdk._model import Model
from netbird_sdk.config import TLS, Keepalive
from netbird_sdk.errors import ClosedError

__all__ = ["Connection", "Transport"]

CallT = TypeVar("CallT", bound=grpc.aio.Call)


@attrs.frozen(kw_only=True)
class Transport:
    """How a client's connection is made and kept; the defaults suit most."""

    tls: TLS | None = None
    """Whom to trust on https; by default the authorities this machine trusts."""
    keepalive: Keepalive | None = Keepalive()  # noqa: RUF009 - frozen
    """Pings that notice a connection which died silently; None for none."""
    max_message_bytes: int | None = MAX_MESSAGE_BYTES
    """What one message may have, in either direction."""
    interceptors: Sequence[grpc.aio.ClientInterceptor] = ()
    """Passed to gRPC, for tracing and the like."""


class Connection:
    """A channel that is opened once and closed once."""

    def __init__(
        self, owner: str, url: str, *, transport: Transport, timeout: float | None
    ) -> None:
        """`owner` is the client's class, for what errors say.

        Raises:
            ConfigurationError: `url` cannot be used.
        """
        self.endpoint: Endpoint = parse_url(url)
        self._owner = owner
        self._transport = transport
        self.timeout: float | None = timeout
        """Seconds for a call that does not say otherwise."""
        self._channel: grpc.aio.Channel | None = None
        self._streams: WeakSet[grpc.aio.Call] = WeakSet()
        self._closed = False

    async def open(self) -> None:
        """Make the channel; the first call on it connects."""
        if self._closed or self._channel is not None:
            raise ClosedError(f"a {self._owner} is opened only once: make another one")
        self._channel = await open_channel(
            self.endpoint,
            tls=self._transport.tls,
            keepalive=self._transport.keepalive,
            max_message_bytes=self._transport.max_message_bytes,
            interceptors=self._transport.interceptors,
        )

    async def aclose(self) -> None:
        """Close the channel; calls in progress end with ClosedError."""
        self._closed = True
        channel, self._channel = self._channel, None
        for call in tuple(self._streams):
            call.cancel()
        if channel is not None:
            await channel.close()

    def channel(self) -> grpc.aio.Channel:
        """Return the open channel.

        Raises:
            ClosedError: It is not open.
        """
        if self._channel is not None:
            return self._channel
        if self._closed:
            raise ClosedError(f"the {self._owner} is closed")
        raise ClosedError(f"the {self._owner} is not open: use it in `async with`")

    def follow(self, call: CallT) -> CallT:
        """Remember a streaming call, so that closing the connection ends it.

        gRPC does so by itself only in its later releases.
        """
        self._streams.add(call)
        return call

    async def call(
        self,
        method: Method[Model, Model],
        request: bytes,
        timeout: float | None,
        metadata: Sequence[tuple[str, str]] = (),
    ) -> bytes:
        """Make a unary call; see `call_unary` for what it raises."""
        return await call_unary(
            self.channel().unary_unary(method.path),
            request,
            method=method.name,
            timeout=self.timeout if timeout is None else timeout,
            metadata=metadata,
        )
