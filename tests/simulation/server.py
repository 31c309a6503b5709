"""A simulated management server: where mapping streams come from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Final

import attrs
import grpc

from netbird_sdk._mapping_stream import MappingStream
from netbird_sdk.models.proxy import ProxyMappingUpdateType

from .ledger import Ledger, Message
from .stream import Plan, SimulatedStream
from .versions import Version, batch, removal

CREATED, MODIFIED = ProxyMappingUpdateType.CREATED, ProxyMappingUpdateType.MODIFIED
REFUSED_DELAY: Final = 15.0
TRANSIENT: Final = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.ALREADY_EXISTS,
}


@attrs.define
class Era:
    """What release the server is of."""

    sync_mappings: bool = True
    """v0.71.3 and later."""
    get_mapping_update: bool = True
    batch: int = 500
    """Mappings in a snapshot message; before v0.70.5 it was 1."""


class SimulatedServer:
    """Implements `MappingSource`."""

    def __init__(self, ledger: Ledger, random: Random) -> None:
        self.ledger = ledger
        self.random = random
        self.era = Era()
        self.services: dict[str, Version] = {}
        self.plan: Callable[[], Plan] = Plan
        """Draws what befalls the next stream."""
        self.streams: list[SimulatedStream] = []
        self.opened_at: list[float] = []
        """When each attempt began; a fallback belongs to the same attempt."""
        self.accepted = False
        """The client has read a message."""
        self.fatal: grpc.StatusCode | None = None
        """A status, sent before the client was ever accepted, that has to end it."""
        self._tokens = 0
        self._not_before = 0.0

    @property
    def live(self) -> SimulatedStream | None:
        stream = self.streams[-1] if self.streams else None
        return stream if stream is not None and not stream.over else None

    # MappingSource.

    async def open(self, *, acks: bool) -> MappingStream:
        now = asyncio.get_running_loop().time()
        if acks:
            self.opened_at.append(now)
            if now < self._not_before:
                self.ledger.breach(
                    f"G8: a new attempt {self._not_before - now:.1f} s too early"
                )
        for stream in self.streams:
            stream.end(grpc.StatusCode.CANCELLED)  # superseded
        known = self.era.sync_mappings if acks else self.era.get_mapping_update
        plan = self.plan() if known else Plan(status=grpc.StatusCode.UNIMPLEMENTED)
        stream = SimulatedStream(self, len(self.streams) + 1, plan, acks=acks)
        self.streams.append(stream)
        try:
            await asyncio.sleep(plan.latency)
        except asyncio.CancelledError:
            await stream.aclose()
            raise
        return stream

    # What streams report.

    def answered(self, stream: SimulatedStream, code: grpc.StatusCode) -> None:
        """The client has read the status that ended a stream."""
        falls_back = stream.acks and not stream.delivered
        if code in TRANSIENT or (falls_back and code is grpc.StatusCode.UNIMPLEMENTED):
            return
        if self.accepted:
            self._not_before = asyncio.get_running_loop().time() + REFUSED_DELAY
        else:
            self.fatal = code

    # What management does.

    def snapshot(self, size: int) -> list[list[Version]]:
        """Divide the table as it is now into messages; at least one."""
        table = list(self.services.values())
        self.random.shuffle(table)
        return [table[i : i + size] for i in range(0, len(table), size)] or [[]]

    def message(
        self,
        versions: list[Version],
        kind: ProxyMappingUpdateType = CREATED,
        *,
        complete: bool = False,
    ) -> Message:
        items = []
        for version in versions:
            self._tokens += 1
            items.append((version.id, version, b"token-%08d" % self._tokens))
        bodies = [v.wire(kind, token, self.random) for _, v, token in items]
        return Message(batch(bodies, complete=complete), tuple(items), complete)

    def put(self, version: Version) -> None:
        """Create or change a service, and tell the proxy."""
        kind = MODIFIED if version.id in self.services else CREATED
        self.services[version.id] = version
        self.repeat(version.id, kind)

    def repeat(self, service_id: str, kind: ProxyMappingUpdateType) -> None:
        """Tell the proxy of a service as it is."""
        self._send(self.message([self.services[service_id]], kind))

    def remove(self, service_id: str) -> None:
        """Delete a service; also one that there is not."""
        version = self.services.pop(service_id, None)
        self._removed(service_id, version.domain if version is not None else "")

    def move(self, version: Version) -> None:
        """Change a domain as the real server does: REMOVED, but with the new one."""
        self.services[version.id] = version
        self._removed(version.id, version.domain)
        self.repeat(version.id, CREATED)

    def _removed(self, service_id: str, domain: str) -> None:
        data = batch([removal(service_id, domain)], complete=False)
        self._send(Message(data, ((service_id, None, b""),), complete=False))

    def _send(self, message: Message) -> None:
        if (stream := self.live) is not None:
            stream.send(message)

    def cut(self, code: grpc.StatusCode, *, lose: bool = False) -> None:
        """End the stream that is up; `lose` also what is on its way."""
        if (stream := self.live) is not None:
            stream.end(code, lose=lose)
