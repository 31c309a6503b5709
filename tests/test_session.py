"""A mapping session against a simulated server, on virtual time."""

from __future__ import annotations

import asyncio

import attrs
import grpc
import pytest

from netbird_sdk.errors import (
    AuthenticationError,
    SinkError,
)
from netbird_sdk.events import (
    Connected,
    Disconnected,
    FellBack,
    MappingRejected,
    SnapshotOverdue,
    Synced,
)
from netbird_sdk.session import SessionState
from netbird_sdk.sink import SinkLimits
from simulation.scene import Scene, in_turn
from simulation.server import Era
from simulation.sink import Mood
from simulation.stream import CHANNEL, Plan, SimulatedStream
from simulation.versions import Version
from simulation.virtual_time import on_virtual_time

A = Version(id="a", domain="a.example.com")
B = Version(id="b", domain="b.example.com")
OLD = Era(sync_mappings=False, batch=1)
NEITHER = Era(sync_mappings=False, get_mapping_update=False)
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
HIDDEN = "Internal error from Core"


# 4. Quiet resync.


@on_virtual_time
async def test_a_reconnect_without_changes_makes_no_sink_call():
    scene = Scene(A, B)
    async with scene.running():
        await scene.session.wait_synced()
        calls = scene.ledger.calls
        scene.server.cut(UNAVAILABLE)
        await asyncio.sleep(60)
        assert len(scene.server.streams) == 2
        assert scene.ledger.calls == calls
        assert scene.heard(Synced)[-1].unchanged == 2


# 5. A slow sink loses nothing.


@on_virtual_time
async def test_a_sink_stalled_for_30_s_is_not_cut_off():
    """10,000 updates come in meanwhile, for a channel of 100."""
    scene = Scene(A, B)
    async with scene.running():
        await scene.session.wait_synced()
        scene.sink.mood = Mood(stall=1.0, stall_seconds=30.0)
        for revision in range(10_000):
            for _ in range(3):  # as fast as a client that only reads could take them
                await asyncio.sleep(0)
            scene.server.put(attrs.evolve(A, revision=revision))
            if revision % 1000 == 0:
                await asyncio.sleep(1.0)
        scene.sink.mood = Mood()
        await asyncio.sleep(200)
        scene.check_served()
        (stream,) = scene.server.streams
        assert stream.acknowledged == len(stream.delivered) == 10_001
        assert scene.ledger.calls < 20


@on_virtual_time
async def test_the_simulated_server_cuts_off_a_client_that_does_not_read():
    scene = Scene()
    stream = await scene.server.open(acks=False)
    assert isinstance(stream, SimulatedStream)
    await stream.read()
    for revision in range(2 * CHANNEL):
        scene.server.put(attrs.evolve(A, revision=revision))
    assert stream.over


@on_virtual_time
async def test_an_old_server_does_not_cost_a_commit_for_each_mapping():
    """It sends one mapping a message, and takes no acks."""
    services = [attrs.evolve(A, id=f"s{i}", domain=f"d{i}") for i in range(500)]
    scene = Scene(*services)
    scene.server.era = OLD
    scene.sink.mood = Mood(slowest=0.5)
    async with scene.running():
        await scene.session.wait_synced()
        commits = scene.ledger.calls - len(services)
        assert commits < 10
        scene.check_served()


@on_virtual_time
async def test_no_more_upserts_at_once_than_allowed():
    services = [attrs.evolve(A, id=f"s{i}", domain=f"d{i}") for i in range(30)]
    scene = Scene(*services, limits=SinkLimits(concurrency=3))
    scene.sink.mood = Mood(stall=1.0, stall_seconds=1.0)
    async with scene.running():
        await scene.session.wait_synced()
        assert asyncio.get_running_loop().time() == pytest.approx(11.0)
        scene.check_served()


# 7. Fallback and return.


@on_virtual_time
async def test_falls_back_within_the_attempt_and_returns_at_the_next():
    scene = Scene(A)
    scene.server.era = OLD
    async with scene.running():
        await scene.session.wait_synced()
        assert scene.server.opened_at == [0.0]
        assert scene.heard(FellBack) == [FellBack(used="GetMappingUpdate")]
        scene.server.era = Era()
        scene.server.cut(UNAVAILABLE)
        await asyncio.sleep(10)
        methods = [event.method for event in scene.heard(Connected)]
        assert methods == ["GetMappingUpdate", "SyncMappings"]


@on_virtual_time
async def test_a_hidden_status_is_asked_for_again_at_once():
    scene = Scene(A)
    scene.server.plan = in_turn(
        Plan(status=grpc.StatusCode.INTERNAL, details=HIDDEN), Plan()
    )
    async with scene.running():
        await scene.session.wait_synced()
        assert scene.waits() == [0.0]
        assert not scene.heard(Disconnected)


@on_virtual_time
async def test_a_status_that_stays_hidden_is_told_by_the_older_rpc():
    scene = Scene(A)
    hidden = Plan(status=grpc.StatusCode.INTERNAL, details=HIDDEN)
    scene.server.plan = in_turn(hidden, hidden, Plan(status=UNAUTHENTICATED))
    with pytest.raises(AuthenticationError):
        await scene.session.run()


# 9. A stall is noticed.


@pytest.mark.parametrize("stubborn", [0.0, 1.0])
@on_virtual_time
async def test_an_upsert_that_overruns_is_cancelled_awaited_and_rejected(stubborn):
    scene = Scene(A, B, limits=SinkLimits(call=10.0))
    scene.sink.mood = Mood(stall=1.0, stubborn=stubborn)
    async with scene.running():
        await asyncio.sleep(11)
        assert scene.ledger.calls == 1 if stubborn else 2
        await asyncio.sleep(14)
        assert "longer than 10 s" in scene.heard(MappingRejected)[0].reason
        scene.sink.mood = Mood()
        await asyncio.sleep(120)
        scene.check_served()


@on_virtual_time
async def test_a_commit_that_overruns_drops_the_stream():
    scene = Scene(A, limits=SinkLimits(call=10.0))
    scene.sink.mood = Mood(stall=1.0, stall_seconds=9.0)
    async with scene.running():
        await asyncio.sleep(5)  # the upsert is under way
        scene.sink.mood = Mood(stall=1.0, stall_seconds=60.0)
        await asyncio.sleep(14.5)
        (lost,) = scene.heard(Disconnected)
        assert isinstance(lost.error, SinkError)
        assert isinstance(lost.error.__cause__, TimeoutError)
        scene.sink.mood = Mood()
        await asyncio.sleep(10)
        scene.check_served()


@on_virtual_time
async def test_a_commit_that_fails_drops_the_stream_and_is_told_again():
    scene = Scene(A, limits=SinkLimits(call=10.0))
    scene.sink.mood = Mood(commit_raises=1.0)
    async with scene.running():
        await asyncio.sleep(0.1)
        (lost,) = scene.heard(Disconnected)
        assert isinstance(lost.error, SinkError)
        assert isinstance(lost.error.__cause__, OSError)
        assert scene.server.live is None
        assert scene.ledger.calls == 2
        scene.sink.mood = Mood()
        await asyncio.sleep(10)
        scene.check_served()


@on_virtual_time
async def test_a_snapshot_without_an_end_is_an_event_and_removes_nothing():
    scene = Scene(A, B)
    async with scene.running():
        await asyncio.sleep(20)
        scene.server.plan = lambda: Plan(forgets_flag=True)
        scene.server.cut(UNAVAILABLE)
        del scene.server.services["b"]
        await asyncio.sleep(119)
        assert not scene.heard(SnapshotOverdue)
        await asyncio.sleep(5)
        assert scene.heard(SnapshotOverdue) == [SnapshotOverdue(seconds=120.0)]
        assert scene.sink.serving.keys() == {"a", "b"}
        assert scene.session.state is SessionState.SYNCING


@on_virtual_time
async def test_a_snapshot_in_time_is_not_called_overdue():
    scene = Scene(A)
    async with scene.running():
        await asyncio.sleep(500)
        assert not scene.heard(SnapshotOverdue)
