"""Guarantee 12: a session can be cancelled at any moment, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator

import attrs
import grpc
import pytest

from netbird_sdk.sink import SinkLimits
from simulation import virtual_time
from simulation.scene import Scene
from simulation.sink import Mood
from simulation.stream import Plan
from simulation.versions import Version
from simulation.virtual_time import VirtualTimeLoop, on_virtual_time

A = Version(id="a", domain="a.example.com")
B = Version(id="b", domain="b.example.com", password=True)
BAD = Version(id="c", domain="bad.example.com")
TURNS_TO_NOTICE = 3


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Log nothing: every run is full of warnings."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


async def busy_life(scene: Scene) -> None:
    """Make a session go through everything that has an await in it."""
    await asyncio.sleep(1)
    scene.server.put(attrs.evolve(A, revision=1))
    scene.server.put(attrs.evolve(B, domain="bad-b.example.com", password=False))
    await asyncio.sleep(2)
    scene.server.remove("b")
    scene.server.put(attrs.evolve(B, id="d"))
    await asyncio.sleep(0.1)
    scene.server.cut(grpc.StatusCode.UNAVAILABLE)
    scene.server.era.sync_mappings = False
    await asyncio.sleep(5)
    scene.server.put(attrs.evolve(A, revision=2))
    scene.sink.mood = attrs.evolve(scene.sink.mood, commit_raises=0.5)
    await asyncio.sleep(5)


async def live(scene: Scene, at: int | None) -> int:
    """Run a session through `busy_life`; cancel it at a turn of the loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    task = asyncio.create_task(scene.session.run())
    events = asyncio.create_task(busy_life(scene))

    def cancel() -> None:
        scene.ledger.cancel_requested = True
        task.cancel()

    def noticed() -> None:
        scene.ledger.cancelled = True

    start = loop.turns
    if at is not None:
        loop.at_turn(start + at, cancel)
        loop.at_turn(start + at + TURNS_TO_NOTICE, noticed)
    await events
    turns = loop.turns - start
    if at is None:
        task.cancel()
    done, _ = await asyncio.wait({task}, timeout=60)
    assert done, "does not end"
    assert task.cancelled()
    assert scene.server.live is None
    return turns


def prompt() -> Scene:
    scene = Scene(A, B, BAD, limits=SinkLimits(call=4.0, shutdown=3.0))
    scene.server.plan = lambda: Plan(batch=1)
    return scene


def slow() -> Scene:
    scene = prompt()
    scene.sink.mood = Mood(slowest=0.3)
    scene.server.plan = lambda: Plan(batch=1, latency=0.01)
    return scene


def concurrent() -> Scene:
    scene = Scene(A, B, BAD, limits=SinkLimits(call=4.0, shutdown=3.0, concurrency=2))
    scene.sink.mood = Mood(slowest=0.3)
    return scene


def stalling() -> Scene:
    scene = prompt()
    scene.sink.mood = Mood(slowest=0.3, stall=0.3, stall_seconds=5.0, stubborn=0.5)
    return scene


@pytest.mark.parametrize("make", [prompt, slow, concurrent, stalling])
def test_at_every_turn_of_the_loop(make: Callable[[], Scene]) -> None:
    """No task is left, no call begun, nothing told is left uncommitted, no ack sent."""
    turns = virtual_time.run(live(make(), None))
    assert turns > 50
    for turn in range(1, turns):
        scene = make()
        virtual_time.run(live(scene, turn), collect=False)
        assert not scene.ledger.violations, (turn, scene.ledger.violations)
        if make is not stalling:
            told = scene.ledger.unsettled
            assert not told or scene.ledger.commits_after_cancel, (turn, told)


@on_virtual_time
async def test_what_was_told_is_committed_within_the_time_for_shutdown() -> None:
    scene = Scene(A, B, limits=SinkLimits(shutdown=5.0))
    scene.sink.mood = Mood(stall=1.0, stall_seconds=2.0)
    async with scene.running() as task:
        await asyncio.sleep(3)  # a was told, the upsert of b is under way
        task.cancel()
        await asyncio.wait({task})
        assert scene.sink.serving.keys() == {"a", "b"}
        assert asyncio.get_running_loop().time() == pytest.approx(6.0)


@on_virtual_time
async def test_a_call_that_goes_on_and_on_is_cut_short() -> None:
    scene = Scene(A, limits=SinkLimits(shutdown=5.0))
    scene.sink.mood = Mood(stall=1.0, stall_seconds=60.0)
    async with scene.running() as task:
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait({task})
        assert asyncio.get_running_loop().time() == pytest.approx(6.0)


@on_virtual_time
async def test_cancelled_while_upserts_wait_for_their_turn() -> None:
    """With concurrency the next upsert waits for a slot; it must not get one."""
    services = [attrs.evolve(A, id=f"s{i}", domain=f"d{i}") for i in range(9)]
    scene = Scene(*services, limits=SinkLimits(concurrency=2))
    scene.sink.mood = Mood(stall=1.0, stall_seconds=2.0)
    async with scene.running() as task:
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait({task})
        assert len(scene.sink.serving) == 2


@on_virtual_time
async def test_cancelled_twice() -> None:
    scene = Scene(A, limits=SinkLimits(shutdown=50.0))
    scene.sink.mood = Mood(stall=1.0, stall_seconds=40.0)
    async with scene.running() as task:
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait({task})
        assert asyncio.get_running_loop().time() == pytest.approx(2.0)
