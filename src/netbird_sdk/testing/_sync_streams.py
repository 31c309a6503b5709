"""The Sync streams of peers: the whole state first, then what changes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from netbird_sdk.keys import PublicKey
from netbird_sdk.models.management import SyncResponse
from netbird_sdk.testing._changes import Changes
from netbird_sdk.testing._live_call import LiveCall
from netbird_sdk.testing._network_map import NetworkMaps
from netbird_sdk.testing._peers import Peer, Peers

__all__ = ["SyncStreams"]

_UPDATES_WAITING: Final = 100


class SyncStreams:
    """Serves Sync, one stream for each peer."""

    def __init__(self, peers: Peers, maps: NetworkMaps, changes: Changes) -> None:
        self._peers = peers
        self._maps = maps
        self._changes = changes
        self._current: dict[PublicKey, _SyncStream] = {}

    async def serve(
        self, call: LiveCall, key: PublicKey, seal: Callable[[SyncResponse], bytes]
    ) -> None:
        """Send a peer updates until its stream ends."""
        stream = _SyncStream(call, seal, self._peers, self._maps, key)
        older = self._current.get(key)
        if older is not None:
            older.finish()
        self._current[key] = stream
        self._peers.update(key, connected=True)
        self._changes.notify()
        try:
            await stream.deliver()
        finally:
            if self._current.get(key) is stream:
                del self._current[key]
                self._peers.update(key, connected=False)
            self._changes.notify()

    def publish(self, key: PublicKey, update: SyncResponse) -> bool:
        """Queue an update for a peer; false if it has no stream open."""
        stream = self._current.get(key)
        if stream is not None:
            stream.push(update)
        return stream is not None

    def announce_map(self, account_id: str) -> None:
        """Let the peers of an account have their new network maps."""
        for key, stream in self._current.items():
            peer = self._peers.by_key.get(key)
            if peer is not None and peer.account_id == account_id:
                stream.push(None)

    def say_farewell(self, peer: Peer, last_update: SyncResponse) -> None:
        """End the stream of a peer that was deleted."""
        stream = self._current.get(peer.public_key)
        if stream is not None:
            stream.push(last_update)
            stream.finish()

    def finish(self, peer: Peer) -> None:
        """End the stream of a peer, if it has one, once all updates are sent."""
        stream = self._current.get(peer.public_key)
        if stream is not None:
            stream.finish()


class _SyncStream:
    def __init__(
        self,
        call: LiveCall,
        seal: Callable[[SyncResponse], bytes],
        peers: Peers,
        maps: NetworkMaps,
        key: PublicKey,
    ) -> None:
        self.call = call
        self._seal = seal
        self._peers = peers
        self._maps = maps
        self._key = key
        # None stands for the network map as it is when its turn comes: any number of
        # changes until then are one update.
        self._waiting: deque[SyncResponse | None] = deque()
        self._is_finished = False
        self._woken = asyncio.Event()

    def push(self, update: SyncResponse | None) -> None:
        if update is None and self._waiting and self._waiting[-1] is None:
            return
        # Updates that a peer is too slow for are lost without a word.
        if not self._is_finished and len(self._waiting) < _UPDATES_WAITING:
            self._waiting.append(update)
            self._woken.set()

    def finish(self) -> None:
        """End the stream with OK once everything that waits is sent."""
        self._is_finished = True
        self._woken.set()

    async def deliver(self) -> None:
        await self._send(self._maps.first_update(self._peers.by_key[self._key]))
        while True:
            while self._waiting:
                update = self._waiting.popleft()
                if update is None:
                    peer = self._peers.by_key.get(self._key)
                    if peer is None:
                        continue
                    update = self._maps.map_update(peer)
                await self._send(update)
            if self._is_finished:
                return
            self._woken.clear()
            await self._woken.wait()

    async def _send(self, update: SyncResponse) -> None:
        await self.call.write(self._seal(update))
