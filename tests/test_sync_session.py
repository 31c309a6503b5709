"""How a session follows a network; on virtual time, against a feed of updates."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import attrs
import grpc

from netbird_sdk.errors import (
    TransportError,
)
from netbird_sdk.events import (
    ChecksNotReported,
    Connected,
    NetworkSynced,
    SessionEvent,
    UpdateFailed,
    UpdateIgnored,
)
from netbird_sdk.models.management import (
    Checks,
    File,
    NetbirdConfig,
    NetworkMapEnvelope,
    SyncResponse,
)
from netbird_sdk.network_state import NetworkChange, NetworkState
from netbird_sdk.session import SessionState
from network_feed import META, Feed, Log, follow, update
from simulation.virtual_time import on_virtual_time


def names(change: NetworkChange) -> tuple[list[str], list[str]]:
    """Return the peers that came and those that went."""
    return (
        [peer.wg_pub_key for peer in change.peers_added],
        [peer.wg_pub_key for peer in change.peers_removed],
    )


class TestUpdates:
    @on_virtual_time
    async def test_are_folded_and_told_with_what_changed(self) -> None:
        feed, log, events = Feed(), Log(), list[SessionEvent]()
        async with follow(feed, events, on_update=log) as session:
            await asyncio.sleep(0)
            feed.streams[0].push(update(1, "a"))
            await session.wait_synced()
            assert session.state is SessionState.READY
            feed.streams[0].push(update(2, "a", "b"))
            await session.wait_until(lambda n: "b" in n.peers)
            await asyncio.sleep(0.1)
            assert session.network is log.told[-1][0]
        assert [names(change) for _, change in log.told] == [(["a"], []), (["b"], [])]
        assert events == [Connected(method="Sync"), NetworkSynced(serial=1, peers=1)]
        assert feed.opened_with == [META]
        assert feed.streams[0].closed

    @on_virtual_time
    async def test_that_change_nothing_are_not_told(self) -> None:
        feed, log = Feed(), Log()
        async with follow(feed, [], on_update=log) as session:
            await asyncio.sleep(0)
            feed.streams[0].push(update(1, "a"))
            await session.wait_synced()
            feed.streams[0].push(update(2, "a"), SyncResponse())
            await session.wait_until(lambda n: n.serial == 2)
            await asyncio.sleep(0.1)
        assert log.peers == [["a"]]

    @on_virtual_time
    async def test_are_followed_without_anybody_to_tell(self) -> None:
        feed = Feed(on_open=lambda stream: stream.push(update(1, "a")))
        async with follow(feed, []) as session:
            await session.wait_synced()
            assert list(session.network.peers) == ["a"]

    @on_virtual_time
    async def test_do_not_wait_for_a_slow_handler(self) -> None:
        """It gets the newest network, and all that changed since it was last told."""
        feed, log = Feed(), Log()

        async def slow(network: NetworkState, change: NetworkChange) -> None:
            await log(network, change)
            await asyncio.sleep(60)

        async with follow(feed, [], on_update=slow) as session:
            await asyncio.sleep(0)
            stream = feed.streams[0]
            stream.push(update(1, "a"))
            await asyncio.sleep(1)
            stream.push(update(2, "a", "b"), update(3, "b"), update(4, "b", "c"))
            await asyncio.sleep(1)
            assert stream.all_read
            assert list(session.network.peers) == ["b", "c"]
            assert log.peers == [["a"]]
            await asyncio.sleep(60)
            assert log.peers == [["a"], ["b", "c"]]
            assert names(log.told[1][1]) == (["b", "c"], ["a"])

    @on_virtual_time
    async def test_of_an_empty_network_are_in_sync_too(self) -> None:
        feed, events = Feed(on_open=lambda s: s.push(update(0))), list[SessionEvent]()
        async with follow(feed, events) as session:
            await session.wait_synced()
        assert events[-1] == NetworkSynced(serial=0, peers=0)

    @on_virtual_time
    async def test_without_a_map_are_no_whole_network(self) -> None:
        feed = Feed()
        async with follow(feed, []) as session:
            await asyncio.sleep(0)
            feed.streams[0].push(SyncResponse(netbird_config=NetbirdConfig()))
            await session.wait_until(lambda n: n.netbird_config is not None)
            await asyncio.sleep(1)
            assert session.state is SessionState.SYNCING
            feed.streams[0].push(update(1))
            await session.wait_synced()


class TestAHandlerThatRaises:
    @on_virtual_time
    async def test_is_reported_and_told_again_with_the_next_change(self) -> None:
        feed, log, events = Feed(), Log(), list[SessionEvent]()
        error = ValueError("disk full")

        async def failing(network: NetworkState, change: NetworkChange) -> None:
            await log(network, change)
            if len(log.told) == 2:
                raise error

        async with follow(feed, events, on_update=failing) as session:
            await asyncio.sleep(0)
            for serial, peers in enumerate(["a", "ab", "abc"], 1):
                feed.streams[0].push(update(serial, *peers))
                await asyncio.sleep(1)
            assert session.state is SessionState.READY
        added = [names(change)[0] for _, change in log.told]
        assert added == [["a"], ["b"], ["b", "c"]]
        assert UpdateFailed(serial=2, error=error) in events
        assert len(feed.streams) == 1

    @on_virtual_time
    async def test_does_not_keep_the_session_from_being_in_sync(self) -> None:
        async def failing(_network: NetworkState, _change: NetworkChange) -> None:
            raise ValueError

        feed = Feed(on_open=lambda stream: stream.push(update(1, "a")))
        async with follow(feed, [], on_update=failing) as session:
            await session.wait_synced()

    @on_virtual_time
    async def test_is_cancelled_with_the_session(self) -> None:
        cancelled = asyncio.Event()

        async def endless(_network: NetworkState, _change: NetworkChange) -> None:
            try:
                await asyncio.sleep(1e6)
            finally:
                cancelled.set()

        feed = Feed(on_open=lambda stream: stream.push(update(1, "a")))
        async with follow(feed, [], on_update=endless):
            await asyncio.sleep(1)
        assert cancelled.is_set()


class TestUpdatesOutOfLine:
    @on_virtual_time
    async def test_that_cannot_be_read_end_the_stream_and_change_nothing(self) -> None:
        feed = Feed(on_open=lambda stream: stream.push(update(1, "a")))
        events = list[SessionEvent]()
        async with follow(feed, events) as session:
            await session.wait_synced()
            before = session.network
            feed.on_open = lambda _: None
            feed.streams[0].push(b"\x2a\x7f")
            await asyncio.sleep(60)
            assert session.network is before
            assert "cannot read an update" in str(events[2])
            feed.streams[-1].push(update(2, "a"))
            await session.wait_until(lambda n: n.serial == 2)

    @on_virtual_time
    async def test_are_reported_and_left_out(self) -> None:
        feed = Feed(on_open=lambda stream: stream.push(update(5, "a")))
        events = list[SessionEvent]()
        async with follow(feed, events) as session:
            await session.wait_synced()
            outdated = update(4, "b")
            envelope = NetworkMapEnvelope()
            components = SyncResponse(version=1, network_map_envelope=envelope)
            nonsense = datetime(1990, 1, 1, tzinfo=UTC)
            feed.streams[0].push(
                outdated, components, SyncResponse(session_expires_at=nonsense)
            )
            await asyncio.sleep(1)
            assert list(session.network.peers) == ["a"]
            assert session.components == envelope
            before = session.network.peers["a"]
            feed.streams[0].push(update(6, "a", "c"))
            await session.wait_until(lambda n: n.serial == 6)
            assert session.network.peers["a"] is before
        reasons = [event.reason for event in events if isinstance(event, UpdateIgnored)]
        assert [reason.split(" has ")[0].split(" came ")[0] for reason in reasons] == [
            "a network map",
            "the network",
            f"a login that expires at {nonsense} is nonsense: taken for none",
        ]


CHECKS = [Checks(files=["/usr/bin/b", "/usr/bin/a"])]


class TestPostureChecks:
    @on_virtual_time
    async def test_are_told_once_for_each_set_of_files(self) -> None:
        feed = Feed(on_open=lambda stream: stream.push(update(1, checks=CHECKS)))
        async with follow(feed, []) as session:
            await session.wait_synced()
            in_two = [Checks(files=["/usr/bin/a"]), Checks(files=["/usr/bin/b"])]
            feed.streams[0].push(update(2, checks=in_two), SyncResponse())
            await asyncio.sleep(1)
            assert [[f.path for f in meta.files] for meta in feed.metas] == [
                ["/usr/bin/b", "/usr/bin/a"]
            ]
            feed.streams[0].push(update(3))
            await asyncio.sleep(1)
            assert feed.metas[1:] == [META]

    @on_virtual_time
    async def test_are_part_of_what_the_next_stream_is_opened_with(self) -> None:
        feed = Feed(on_open=lambda stream: stream.push(update(1, checks=CHECKS)))
        async with follow(feed, []) as session:
            await session.wait_synced()
            await asyncio.sleep(1)
            feed.streams[0].end()
            await asyncio.sleep(10)
        files = [File(path="/usr/bin/b"), File(path="/usr/bin/a")]
        assert feed.opened_with[:2] == [META, attrs.evolve(META, files=files)]
        assert len(feed.metas) == 1

    @on_virtual_time
    async def test_are_tried_again_when_they_cannot_be_told(self) -> None:
        error = TransportError("x", method="SyncMeta", code=grpc.StatusCode.UNAVAILABLE)
        feed = Feed(
            on_open=lambda stream: stream.push(update(1, checks=CHECKS)),
            meta_errors=[error, error],
        )
        events = list[SessionEvent]()
        async with follow(feed, events):
            await asyncio.sleep(50)
            assert feed.metas == []
            await asyncio.sleep(100)
            assert len(feed.metas) == 1
        assert events.count(ChecksNotReported(error=error, retry_in=60.0)) == 2

    @on_virtual_time
    async def test_that_hang_hold_nothing_up(self) -> None:
        async def hanging(_checks: Sequence[Checks]) -> list[File]:
            await asyncio.sleep(1e6)
            return []

        feed = Feed(on_open=lambda stream: stream.push(update(1, checks=CHECKS)))
        events = list[SessionEvent]()
        async with follow(feed, events, evaluate_checks=hanging) as session:
            await session.wait_synced()
            await asyncio.sleep(20)
            feed.streams[0].push(update(2, "a", checks=CHECKS))
            await session.wait_until(lambda n: "a" in n.peers)
        (event,) = [e for e in events if isinstance(e, ChecksNotReported)]
        assert isinstance(event.error, TimeoutError)


class TestExtending:
    @on_virtual_time
    async def test_moves_the_deadline_of_the_network_at_once(self) -> None:
        end = datetime.now(UTC) + timedelta(days=1)
        feed, log = Feed(deadline=end), Log()
        async with follow(feed, [], on_update=log) as session:
            assert await session.extend_auth_session("jwt") == end
            assert session.network.session_expires_at == end
            await asyncio.sleep(1)
            assert [change for _, change in log.told] == [
                NetworkChange(session_expires_at=True)
            ]
            feed.deadline = None
            assert await session.extend_auth_session("jwt-2") is None
            assert session.network.session_expires_at is None
