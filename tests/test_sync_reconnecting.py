"""How a session follows a network from stream to stream; on virtual time."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from netbird_sdk.errors import (
    AuthenticationError,
    ClosedError,
    LoginRequiredError,
    NetBirdError,
    RPCError,
    SealError,
    TransportError,
    UnsupportedError,
)
from netbird_sdk.events import (
    Disconnected,
    NetworkSynced,
    SessionEvent,
)
from netbird_sdk.models.management import (
    NetbirdConfig,
    SyncResponse,
)
from netbird_sdk.network_state import NetworkChange, NetworkState
from netbird_sdk.session import SessionState
from network_feed import Feed, FeedStream, Log, follow, update
from simulation.virtual_time import on_virtual_time

DENIED = LoginRequiredError(
    "gone", method="Sync", code=grpc.StatusCode.PERMISSION_DENIED
)


def rpc_error(kind: type[RPCError], code: grpc.StatusCode) -> RPCError:
    return kind("no", method="Sync", code=code)


class TestReconnecting:
    @pytest.mark.parametrize(
        "error",
        [
            None,
            TransportError("x", method="Sync", code=grpc.StatusCode.UNAVAILABLE),
            rpc_error(RPCError, grpc.StatusCode.UNKNOWN),
            rpc_error(RPCError, grpc.StatusCode.INTERNAL),
            rpc_error(RPCError, grpc.StatusCode.RESOURCE_EXHAUSTED),
            rpc_error(RPCError, grpc.StatusCode.INVALID_ARGUMENT),
            rpc_error(RPCError, grpc.StatusCode.NOT_FOUND),
            rpc_error(UnsupportedError, grpc.StatusCode.UNIMPLEMENTED),
            rpc_error(AuthenticationError, grpc.StatusCode.UNAUTHENTICATED),
            SealError("another key", method="Sync"),
        ],
        ids=lambda error: (
            error
            if error is None
            else error.code.name
            if isinstance(error, RPCError | TransportError)
            else type(error).__name__
        ),
    )
    @on_virtual_time
    async def test_follows_every_end_but_a_denial(
        self, error: NetBirdError | None
    ) -> None:
        """Before the server has ever accepted the peer as well as after."""
        feed, log, events = Feed(), Log(), list[SessionEvent]()
        async with follow(feed, events, on_update=log) as session:
            await asyncio.sleep(0)
            feed.streams[0].end(error)
            await asyncio.sleep(60)
            feed.streams[-1].push(update(1, "a"))
            await session.wait_synced()
            feed.streams[-1].end(error)
            await asyncio.sleep(60)
            feed.streams[-1].push(update(1, "a"))
            await asyncio.sleep(1)
            assert session.state is SessionState.READY
        assert log.peers == [["a"]]
        assert sum(isinstance(event, Disconnected) for event in events) >= 2
        assert all(stream.closed for stream in feed.streams)

    @on_virtual_time
    async def test_keeps_the_network_meanwhile(self) -> None:
        feed = Feed(on_open=lambda stream: stream.push(update(1, "a")))
        async with follow(feed, []) as session:
            await session.wait_synced()
            feed.on_open = lambda _: None
            feed.streams[0].end()
            await asyncio.sleep(30)
            assert list(session.network.peers) == ["a"]
            assert session.stale_for is not None
            assert session.stale_for > 20

    @on_virtual_time
    async def test_is_not_in_sync_by_what_an_older_stream_brought(self) -> None:
        feed, free = Feed(), asyncio.Event()
        events = list[SessionEvent]()

        async def held(_network: NetworkState, _change: NetworkChange) -> None:
            await free.wait()

        async with follow(feed, events, on_update=held) as session:
            await asyncio.sleep(0)
            feed.streams[0].push(update(1, "a"))
            await asyncio.sleep(1)
            feed.streams[0].end()
            await asyncio.sleep(10)
            feed.streams[1].push(SyncResponse(netbird_config=NetbirdConfig()))
            await asyncio.sleep(1)
            free.set()
            await session.wait_synced()
            assert session.state is SessionState.SYNCING
            assert not any(isinstance(event, NetworkSynced) for event in events)
            feed.streams[1].push(update(1, "a"))
            await asyncio.sleep(1)
        assert isinstance(events[-1], NetworkSynced)

    @on_virtual_time
    async def test_backs_off_while_streams_bring_nothing(self) -> None:
        """A stream that opens is no success: it takes a network, and ten seconds."""
        feed = Feed(on_open=lambda stream: stream.end())
        async with follow(feed, []):
            await asyncio.sleep(600)
        assert len(feed.streams) < 200

    @pytest.mark.parametrize("accepted", [False, True])
    @on_virtual_time
    async def test_ends_with_a_denial(self, accepted: bool) -> None:
        """A deleted peer is sent an empty network, a good end, and then this."""

        def deleted(stream: FeedStream) -> None:
            if accepted and len(feed.streams) == 1:
                stream.push(update(1, "a"), update(2))
                stream.end()
            else:
                stream.end(DENIED)

        feed, log, events = Feed(on_open=deleted), Log(), list[SessionEvent]()
        session = follow(feed, events, on_update=log)
        with pytest.raises(LoginRequiredError):
            await session.run()
        assert session.state is SessionState.CLOSED
        assert session.network.peers == {}
        if not accepted:
            with pytest.raises(LoginRequiredError):
                await session.wait_synced()
        with pytest.raises(ClosedError):
            await session.wait_until(lambda n: bool(n.peers))
