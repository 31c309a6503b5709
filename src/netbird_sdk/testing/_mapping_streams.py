"""All mapping streams: who connects, and who hears of a change."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from typing import Final

from grpc import StatusCode

from netbird_sdk._methods import proxy as methods
from netbird_sdk.models.proxy import (
    GetMappingUpdateRequest,
    ProxyMapping,
    ProxyMappingUpdateType,
    SyncMappingsInit,
    SyncMappingsRequest,
)
from netbird_sdk.testing._changes import Changes
from netbird_sdk.testing._live_call import LiveCall
from netbird_sdk.testing._mapping_stream import MappingStream, ProxyConnection
from netbird_sdk.testing._one_time_tokens import OneTimeTokens
from netbird_sdk.testing._proxy_tokens import ProxyToken
from netbird_sdk.testing._refusal import Refusal
from netbird_sdk.testing._release import BATCHED_SNAPSHOTS, Release
from netbird_sdk.testing._rpc_table import RpcTable, decode_request
from netbird_sdk.testing._services import Services

__all__ = ["MappingStreams"]

_LABEL: Final = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"(\*\.)?({_LABEL}\.)*{_LABEL}", re.ASCII)


class MappingStreams:
    """Serves SyncMappings and GetMappingUpdate."""

    def __init__(
        self,
        services: Services,
        one_time_tokens: OneTimeTokens,
        changes: Changes,
        *,
        release: Release,
        batch_size: int,
    ) -> None:
        self.history: list[MappingStream] = []
        self._open: dict[MappingStream, ProxyConnection] = {}
        # By proxy id: who ever connected, at which address, for which account.
        self._known: dict[str, tuple[str, str | None]] = {}
        self._current: dict[str, ProxyConnection] = {}
        self._services = services
        self._one_time_tokens = one_time_tokens
        self._changes = changes
        self._release = release
        self._batch_size = batch_size if release >= BATCHED_SNAPSHOTS else 1

    def register(self, table: RpcTable[ProxyToken]) -> None:
        """Serve these RPCs."""
        table.bidirectional_stream(methods.SYNC_MAPPINGS, self.sync_mappings)
        table.server_stream(methods.GET_MAPPING_UPDATE, self.get_mapping_update)

    @property
    def open(self) -> tuple[ProxyConnection, ...]:
        return tuple(self._open.values())

    async def sync_mappings(self, call: LiveCall, token: ProxyToken) -> None:
        data = await call.read()
        if data is None:
            raise Refusal(StatusCode.INTERNAL, "receive init: EOF")
        init = decode_request(SyncMappingsRequest, data).msg
        if not isinstance(init, SyncMappingsInit):
            raise Refusal(StatusCode.INVALID_ARGUMENT, "first message must be init")
        await self._serve("SyncMappings", init, call, token)

    async def get_mapping_update(
        self, data: bytes, call: LiveCall, token: ProxyToken
    ) -> None:
        init = decode_request(GetMappingUpdateRequest, data)
        await self._serve("GetMappingUpdate", init, call, token)

    def announce(
        self, mapping: ProxyMapping, kind: ProxyMappingUpdateType, cluster: str | None
    ) -> None:
        for connection in self._current.values():
            if cluster is None or connection.stream.address == cluster:
                connection.announce(mapping, kind)

    async def catch_up(self) -> None:
        """Let clients that read take updates before more are queued."""
        for connection in tuple(self._current.values()):
            await connection.catch_up()

    async def _serve(
        self,
        method: str,
        init: SyncMappingsInit | GetMappingUpdateRequest,
        call: LiveCall,
        token: ProxyToken,
    ) -> None:
        self._check(init, token)
        connection = self._connect(method, init, call, token)
        stream = connection.stream
        services = [s for s in self._services if connection.accepts(s)]
        status = StatusCode.OK
        try:
            await connection.deliver(
                services, batch_size=self._batch_size, acked=method == "SyncMappings"
            )
        except Refusal as refusal:
            status = refusal.code
            raise
        except asyncio.CancelledError:
            status = call.cut_short_by or StatusCode.CANCELLED
            raise
        finally:
            stream.status = status
            del self._open[stream]
            if self._current.get(init.proxy_id) is connection:
                del self._current[init.proxy_id]
            self._changes.notify()

    def _check(
        self, init: SyncMappingsInit | GetMappingUpdateRequest, token: ProxyToken
    ) -> None:
        if not init.proxy_id:
            raise Refusal(StatusCode.INVALID_ARGUMENT, "proxy_id is required")
        if not _is_address(init.address):
            raise Refusal(StatusCode.INVALID_ARGUMENT, "proxy address is invalid")
        if token.account_id is not None and any(
            address == init.address and account_id != token.account_id
            for address, account_id in self._known.values()
        ):
            raise Refusal(
                StatusCode.ALREADY_EXISTS,
                f"cluster address {init.address} is already in use",
            )

    def _connect(
        self,
        method: str,
        init: SyncMappingsInit | GetMappingUpdateRequest,
        call: LiveCall,
        token: ProxyToken,
    ) -> ProxyConnection:
        older = self._current.get(init.proxy_id)
        if older is not None and self._release >= BATCHED_SNAPSHOTS:
            older.cancel()
        stream = MappingStream(method=method, init=init, account_id=token.account_id)
        connection = ProxyConnection(
            stream, call, token, self._one_time_tokens, self._changes.notify
        )
        self._known[init.proxy_id] = (init.address, token.account_id)
        self._current[init.proxy_id] = connection
        self._open[stream] = connection
        self.history.append(stream)
        self._changes.notify()
        return connection


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return _DOMAIN.fullmatch(text.lower()) is not None
    return True
