"""What the code around a session sees of it, on virtual time."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from netbird_sdk.errors import (
    AuthenticationError,
    ClosedError,
)
from netbird_sdk.events import (
    MappingRejected,
)
from netbird_sdk.session import SessionState
from simulation.scene import Scene
from simulation.server import Era
from simulation.sink import Mood
from simulation.stream import Plan
from simulation.versions import Version
from simulation.virtual_time import on_virtual_time

A = Version(id="a", domain="a.example.com")
B = Version(id="b", domain="b.example.com")
OLD = Era(sync_mappings=False, batch=1)
NEITHER = Era(sync_mappings=False, get_mapping_update=False)
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
HIDDEN = "Internal error from Core"


@on_virtual_time
async def test_wait_synced_returns_when_the_snapshot_is_in_effect():
    scene = Scene(A)
    scene.sink.mood = Mood(stall=1.0, stall_seconds=2.0)
    async with scene.running():
        await scene.session.wait_synced()
        assert asyncio.get_running_loop().time() == pytest.approx(4.0)
        assert scene.session.state is SessionState.READY
        await scene.session.wait_synced()


@on_virtual_time
async def test_wait_synced_raises_when_the_session_ended_before():
    scene = Scene()
    scene.server.plan = lambda: Plan(hangs=True)
    async with scene.running() as task:
        waiting = asyncio.create_task(scene.session.wait_synced())
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(ClosedError):
            await waiting


@on_virtual_time
async def test_wait_synced_raises_when_the_session_never_began():
    scene = Scene()
    async with scene.session:
        pass
    with pytest.raises(ClosedError):
        await scene.session.wait_synced()
    assert scene.session.state is SessionState.CLOSED


@on_virtual_time
async def test_a_callback_that_raises_stops_nothing(caplog):
    def explode(event):
        raise ValueError("callback")

    scene = Scene(A, on_event=explode)
    async with scene.running():
        await scene.session.wait_synced()
    assert "on_event raised" in caplog.text


@on_virtual_time
async def test_a_session_runs_once():
    scene = Scene(A)
    async with scene.running():
        await scene.session.wait_synced()
        with pytest.raises(ClosedError, match="only once"):
            await scene.session.run()


@on_virtual_time
async def test_as_a_context_it_runs_beside_the_body():
    scene = Scene(A)
    async with scene.session as session:
        await session.wait_synced()
        assert scene.sink.serving
    assert scene.server.live is None


@on_virtual_time
async def test_an_error_of_the_body_comes_out_as_it_is():
    scene = Scene(A)

    async def body():
        async with scene.session:
            await asyncio.sleep(1)
            raise KeyError("body")

    with pytest.raises(KeyError):
        await body()


@on_virtual_time
async def test_an_error_of_the_session_ends_the_body_and_comes_out_as_it_is():
    scene = Scene()
    scene.server.plan = lambda: Plan(status=UNAUTHENTICATED)
    with pytest.raises(AuthenticationError):
        async with scene.session:
            await asyncio.sleep(1000)
    assert asyncio.get_running_loop().time() < 1


@on_virtual_time
async def test_errors_of_both_come_out_together():
    scene = Scene()
    scene.server.plan = lambda: Plan(status=UNAUTHENTICATED)

    async def body():
        async with scene.session:
            try:
                await asyncio.sleep(1000)
            finally:
                raise KeyError("body")

    with pytest.raises(ExceptionGroup) as raised:
        await body()
    kinds = {type(error) for error in raised.value.exceptions}
    assert kinds == {KeyError, AuthenticationError}


@on_virtual_time
async def test_a_sink_that_cancels_itself_only_rejects():
    class Cancelling:
        served: list[str] = []  # noqa: RUF012 - one instance

        async def upsert(self, mapping):
            if mapping.id == "a":
                raise asyncio.CancelledError
            self.served.append(mapping.id)

        async def remove(self, mapping):
            raise AssertionError

        async def commit(self, complete):
            pass

    scene = Scene(A, B, sink=Cancelling())
    async with scene.session:
        await scene.session.wait_synced()
        assert Cancelling.served == ["b"]
        assert scene.heard(MappingRejected)[0].service_id == "a"
