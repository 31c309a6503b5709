"""What a test does on the proxies' side of the server."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from netbird_sdk.models.proxy import (
    AccessLog,
    ProxyMapping,
    ProxyMappingUpdateType,
    RecordLLMUsageRequest,
    SendStatusUpdateRequest,
)
from netbird_sdk.testing._mapping_stream import MappingStream
from netbird_sdk.testing._visitor_checks import Credential
from netbird_sdk.testing._world import World

__all__ = ["ProxyScript"]

_MAPPINGS_AT_A_STRETCH: Final = 500


class ProxyScript:
    """Services to publish, tokens to hand out, and what proxies made of them."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_proxy_token(
        self, account_id: str | None = None, *, lifetime: timedelta | None = None
    ) -> str:
        """Return a new proxy token.

        Args:
            account_id: The only account it is good for; None for all.
            lifetime: From now; None for ever.
        """
        return self._world.proxy_tokens.add(account_id, lifetime)

    def revoke_proxy_token(self, token: str) -> None:
        """Make a proxy token invalid and end the mapping streams opened with it.

        The streams end at once, where the real server takes up to a minute.

        Raises:
            ConfigurationError: The token is not from this server.
        """
        revoked = self._world.proxy_tokens.revoke(token)
        for connection in self._world.mapping_streams.open:
            if connection.token is revoked:
                connection.cancel()

    @property
    def mappings(self) -> Mapping[str, ProxyMapping]:
        """The published services by id, without what differs from proxy to proxy."""
        return MappingProxyType(self._world.services.mappings)

    async def put(
        self,
        *mappings: ProxyMapping,
        cluster: str | None = None,
        announce: bool = True,
        burst: bool = False,
    ) -> None:
        """Publish services, or change those whose ids are published.

        Proxies hear of each at once: as created, as modified, or, when the domain or
        the cluster is another one, as removed and created. Type and auth token of
        `mappings` do not matter, and a missing session key is filled in.

        Args:
            mappings: The services.
            cluster: The only proxy address that is to serve them; None for all.
            announce: False loses the event: proxies see the change in their next
                snapshot only.
            burst: True does not wait for proxies that read: with more than a hundred
                updates their streams are cut, as the real server does it.

        Raises:
            ConfigurationError: A mapping holds what the protocol cannot carry.
        """
        for i, mapping in enumerate(mappings, start=1):
            older = self._world.services.get(mapping.id)
            service = self._world.services.put(mapping, cluster)
            kind = ProxyMappingUpdateType.MODIFIED
            if older is None:
                kind = ProxyMappingUpdateType.CREATED
            elif older.cluster != cluster or older.mapping.domain != mapping.domain:
                if announce:
                    removed = ProxyMappingUpdateType.REMOVED
                    await self._announce(service.mapping, removed, older.cluster, burst)
                kind = ProxyMappingUpdateType.CREATED
            if announce:
                await self._announce(service.mapping, kind, cluster, burst)
            if i % _MAPPINGS_AT_A_STRETCH == 0:
                await asyncio.sleep(0)
        self._world.changes.notify()

    async def delete(
        self, *service_ids: str, announce: bool = True, burst: bool = False
    ) -> None:
        """Withdraw services; the flags are those of `put`.

        Raises:
            ConfigurationError: An id is not published.
        """
        for service_id in service_ids:
            service = self._world.services.delete(service_id)
            if announce:
                removed = ProxyMappingUpdateType.REMOVED
                await self._announce(service.mapping, removed, service.cluster, burst)
        self._world.changes.notify()

    def send_bytes(self, message: bytes) -> None:
        """Send any bytes as a message on every mapping stream, after its snapshot."""
        for connection in self._world.mapping_streams.open:
            connection.push(message)

    @property
    def streams(self) -> tuple[MappingStream, ...]:
        """The open mapping streams, oldest first."""
        return tuple(c.stream for c in self._world.mapping_streams.open)

    @property
    def stream_history(self) -> tuple[MappingStream, ...]:
        """All mapping streams there ever were, oldest first."""
        return tuple(self._world.mapping_streams.history)

    @property
    def acks(self) -> Mapping[str, int]:
        """Acks by proxy id, over all its streams."""
        acks: Counter[str] = Counter()
        for stream in self._world.mapping_streams.history:
            acks[stream.proxy_id] += stream.acks
        return MappingProxyType(acks)

    @property
    def acks_total(self) -> int:
        """Acks of all proxies."""
        return sum(stream.acks for stream in self._world.mapping_streams.history)

    @property
    def status_updates(self) -> tuple[SendStatusUpdateRequest, ...]:
        """The status updates that were accepted."""
        return tuple(self._world.proxy_service.status_updates)

    @property
    def access_logs(self) -> tuple[AccessLog, ...]:
        """The access log entries that were stored."""
        return tuple(self._world.proxy_service.access_logs.values())

    @property
    def llm_usage(self) -> tuple[RecordLLMUsageRequest, ...]:
        """The usage of language models that was booked."""
        return tuple(self._world.proxy_service.llm_usage)

    def accept_credential(self, service_id: str, credential: Credential) -> None:
        """Let visitors of a service in with a password, a PIN or a header value."""
        credentials = self._world.visitor_checks.credentials
        credentials.setdefault(service_id, []).append(credential)

    async def _announce(
        self,
        mapping: ProxyMapping,
        kind: ProxyMappingUpdateType,
        cluster: str | None,
        burst: bool,
    ) -> None:
        if not burst:
            await self._world.mapping_streams.catch_up()
        self._world.mapping_streams.announce(mapping, kind, cluster)
