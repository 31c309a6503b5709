"""One proxy's open stream of mappings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

import attrs
from grpc import StatusCode

from netbird_sdk.models.proxy import (
    GetMappingUpdateRequest,
    ProxyMapping,
    ProxyMappingUpdateType,
    SyncMappingsAck,
    SyncMappingsInit,
    SyncMappingsRequest,
)
from netbird_sdk.testing._live_call import LiveCall, first_of
from netbird_sdk.testing._one_time_tokens import OneTimeTokens
from netbird_sdk.testing._proxy_tokens import ProxyToken
from netbird_sdk.testing._refusal import Refusal
from netbird_sdk.testing._rpc_table import decode_request
from netbird_sdk.testing._services import Service, encode_batch, encode_update

__all__ = ["MappingStream", "ProxyConnection"]

_UPDATES_WAITING: Final = 100
_SECONDS_TO_CATCH_UP: Final = 0.1


@attrs.define(eq=False, kw_only=True)
class MappingStream:
    """A proxy's mapping stream as the server saw it, to be looked at."""

    method: str
    """`SyncMappings` or `GetMappingUpdate`."""
    init: SyncMappingsInit | GetMappingUpdateRequest
    """How the proxy introduced itself."""
    account_id: str | None
    """The account the proxy's token is for; None for all accounts."""
    messages: int = 0
    """Messages sent: those of the snapshot, and one for each update."""
    acks: int = 0
    """Acks received."""
    is_synced: bool = False
    """Whether the whole snapshot was sent and, by SyncMappings, acknowledged."""
    status: StatusCode | None = None
    """How the stream ended; None while it is open."""

    @property
    def proxy_id(self) -> str:
        """The id the proxy gave itself."""
        return self.init.proxy_id

    @property
    def address(self) -> str:
        """The cluster address the proxy serves."""
        return self.init.address


class ProxyConnection:
    """Delivers the snapshot and then the updates on one stream."""

    def __init__(
        self,
        stream: MappingStream,
        call: LiveCall,
        token: ProxyToken,
        one_time_tokens: OneTimeTokens,
        notify: Callable[[], None],
    ) -> None:
        self.stream = stream
        self.call = call
        self.token = token
        self._one_time_tokens = one_time_tokens
        self._notify = notify
        self._updates: asyncio.Queue[bytes] = asyncio.Queue(_UPDATES_WAITING)
        self._cancelled = asyncio.Event()
        self._took_one = asyncio.Event()
        self._is_stalled = False

    def cancel(self) -> None:
        """End the stream with CANCELLED, but not before its snapshot is through."""
        self._cancelled.set()

    def accepts(self, service: Service) -> bool:
        """Whether the snapshot has the service."""
        return (
            service.is_served_at(self.stream.address)
            and self.token.account_id in {None, service.mapping.account_id}
            and self._is_capable(service.mapping)
        )

    def announce(self, mapping: ProxyMapping, kind: ProxyMappingUpdateType) -> None:
        """Queue an update, unless this proxy must not see it."""
        removed = kind is ProxyMappingUpdateType.REMOVED
        # An update without an account passes, other than in a snapshot.
        if self.token.account_id not in {None, mapping.account_id} and (
            mapping.account_id
        ):
            return
        if removed or self._is_capable(mapping):
            self.push(encode_update(mapping, kind, self._one_time_tokens))

    def push(self, message: bytes) -> None:
        """Queue a message; with too many waiting the stream is given up instead."""
        try:
            self._updates.put_nowait(message)
        except asyncio.QueueFull:
            self.cancel()

    async def catch_up(self) -> None:
        """Give a client that reads the time to take updates from a filling queue."""
        while (
            self.stream.is_synced
            and not self._is_stalled
            and self._updates.qsize() > _UPDATES_WAITING // 2
        ):
            self._took_one.clear()
            try:
                async with asyncio.timeout(_SECONDS_TO_CATCH_UP):
                    await self._took_one.wait()
            except TimeoutError:
                self._is_stalled = True

    async def deliver(
        self, services: Sequence[Service], *, batch_size: int, acked: bool
    ) -> None:
        """Send the snapshot and then updates, until the stream ends.

        Raises:
            Refusal: The stream was cancelled, or the client broke the protocol.
        """
        await self._send_snapshot(services, batch_size, acked=acked)
        self.stream.is_synced = True
        self._notify()
        if self._cancelled.is_set():
            raise _context_canceled()
        works = [self._send_updates(), self._raise_when_cancelled()]
        if acked:
            works.append(self._count_acks())
        await first_of(*works)

    async def _send_snapshot(
        self, services: Sequence[Service], batch_size: int, *, acked: bool
    ) -> None:
        # One message at least: an empty snapshot has to be complete, too.
        for start in range(0, len(services) or 1, batch_size):
            batch = services[start : start + batch_size]
            complete = start + batch_size >= len(services)
            await self._send(
                encode_batch(batch, self._one_time_tokens, complete=complete)
            )
            if acked:
                await self._wait_for_ack()

    async def _wait_for_ack(self) -> None:
        data = await self.call.read()
        if data is None:
            self._fail("receive ack: EOF")
        message = decode_request(SyncMappingsRequest, data).msg
        if not isinstance(message, SyncMappingsAck):
            got = "<nil>" if message is None else "*proto.SyncMappingsRequest_Init"
            self._fail(f"expected ack, got {got}")
        self._count_ack()

    def _fail(self, reason: str) -> NoReturn:
        raise Refusal(
            StatusCode.UNKNOWN,
            f"send snapshot to proxy {self.stream.proxy_id}: {reason}",
        )

    async def _count_acks(self) -> None:
        # After the snapshot whatever the client sends is read and dropped.
        while (data := await self.call.read()) is not None:
            message = decode_request(SyncMappingsRequest, data).msg
            if isinstance(message, SyncMappingsAck):
                self._count_ack()

    def _count_ack(self) -> None:
        self.stream.acks += 1
        self._notify()

    async def _send_updates(self) -> None:
        while True:
            message = await self._updates.get()
            self._took_one.set()
            self._is_stalled = False
            await self._send(message)

    async def _send(self, message: bytes) -> None:
        await self.call.write(message)
        self.stream.messages += 1
        self._notify()

    async def _raise_when_cancelled(self) -> None:
        await self._cancelled.wait()
        raise _context_canceled()

    def _is_capable(self, mapping: ProxyMapping) -> bool:
        capabilities = self.stream.init.capabilities
        if mapping.private and not (
            capabilities is not None and capabilities.supports_private_service
        ):
            return False
        if mapping.listen_port == 0 or mapping.mode == "tls":
            return True
        # That it is said at all is enough: older proxies say nothing.
        return (
            capabilities is not None and capabilities.supports_custom_ports is not None
        )


def _context_canceled() -> Refusal:
    return Refusal(StatusCode.CANCELLED, "context canceled")
