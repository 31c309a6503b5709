"""Guarantee 8, on virtual time: patience without hot loops."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from netbird_sdk.config import Backoff
from netbird_sdk.errors import (
    AuthenticationError,
    ProtocolError,
    UnsupportedError,
)
from netbird_sdk.events import (
    Disconnected,
)
from netbird_sdk.session import SessionState
from netbird_sdk.sink import SinkLimits
from simulation.scene import Scene, in_turn
from simulation.server import Era
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
async def test_the_waits_grow_to_their_maximum():
    scene = Scene()
    scene.server.plan = lambda: Plan(status=UNAVAILABLE)
    async with scene.running():
        await asyncio.sleep(60)
        assert scene.waits()[:8] == [0.8, 1.36, 2.312, 3.93, 6.682, 10, 10, 10]
        assert [round(e.retry_in, 3) for e in scene.heard(Disconnected)][:2] == [
            0.8,
            1.36,
        ]


@on_virtual_time
async def test_the_waits_start_over_only_after_ten_seconds_in_sync():
    scene = Scene(A)
    async with scene.running():
        for up in (1.0, 9.9, 10.1, 1.0):
            await asyncio.sleep(0.01)
            scene.server.cut(UNAVAILABLE)
            await asyncio.sleep(0.01)
            await asyncio.sleep(scene.heard(Disconnected)[-1].retry_in + up)
        waits = [round(event.retry_in, 3) for event in scene.heard(Disconnected)]
        assert waits == [0.8, 1.36, 2.312, 0.8]


@on_virtual_time
async def test_a_stream_that_is_up_but_never_in_sync_does_not_start_the_waits_over():
    scene = Scene(A)
    scene.server.plan = lambda: Plan(forgets_flag=True)
    async with scene.running():
        for _ in range(3):
            await asyncio.sleep(30)
            scene.server.cut(UNAVAILABLE)
        await asyncio.sleep(0.01)
        waits = [round(event.retry_in, 3) for event in scene.heard(Disconnected)]
        assert waits == [0.8, 1.36, 2.312]


@pytest.mark.parametrize("cut_after", [0, 1])
@on_virtual_time
async def test_a_server_that_accepts_and_closes_is_not_hammered(cut_after):
    scene = Scene(A)
    scene.server.plan = lambda: Plan(cut_after=cut_after)
    async with scene.running():
        await asyncio.sleep(600)
        assert len(scene.server.opened_at) < 70


@on_virtual_time
async def test_full_jitter_spreads_the_attempts():
    scene = Scene(backoff=Backoff())
    scene.server.plan = lambda: Plan(status=UNAVAILABLE)
    async with scene.running():
        await asyncio.sleep(600)
        late = scene.waits()[8:]
        assert min(late) < 2
        assert 8 < max(late) <= 10


@pytest.mark.parametrize("code", [UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED])
@on_virtual_time
async def test_wrong_credentials_raise_before_the_server_ever_accepted(code):
    scene = Scene()
    scene.server.plan = in_turn(Plan(status=UNAVAILABLE), Plan(status=code))
    with pytest.raises(AuthenticationError):
        await scene.session.run()
    assert scene.session.state is SessionState.CLOSED
    with pytest.raises(AuthenticationError):
        await scene.session.wait_synced()


@on_virtual_time
async def test_wrong_credentials_are_retried_slowly_once_accepted():
    scene = Scene(A)
    async with scene.running():
        await asyncio.sleep(20)
        scene.server.plan = lambda: Plan(status=UNAUTHENTICATED)
        scene.server.cut(UNAUTHENTICATED)
        await asyncio.sleep(200)
        waits = scene.waits()[1:]
        assert len(waits) > 5
        assert min(waits) >= 15
        assert isinstance(scene.heard(Disconnected)[-1].error, AuthenticationError)
        scene.server.plan = Plan
        await asyncio.sleep(30)
        assert scene.session.state is SessionState.READY


@on_virtual_time
async def test_a_server_without_either_rpc():
    scene = Scene()
    scene.server.era = NEITHER
    with pytest.raises(UnsupportedError):
        await scene.session.run()


@on_virtual_time
async def test_a_server_that_loses_both_rpcs_is_retried_slowly():
    scene = Scene(A)
    async with scene.running():
        await asyncio.sleep(20)
        scene.server.era = NEITHER
        scene.server.cut(UNAVAILABLE)
        await asyncio.sleep(100)
        assert min(scene.waits()[1:]) >= 15
        assert scene.sink.serving


@on_virtual_time
async def test_retry_on_decides():
    scene = Scene(retry_on=lambda error: isinstance(error, AuthenticationError))
    scene.server.plan = in_turn(Plan(status=UNAUTHENTICATED), Plan(status=UNAVAILABLE))
    with pytest.raises(Exception, match="UNAVAILABLE"):
        await scene.session.run()
    assert scene.waits()[0] >= 15


@on_virtual_time
async def test_more_services_than_allowed_drop_the_stream():
    scene = Scene(A, B, limits=SinkLimits(services=1))
    async with scene.running():
        await asyncio.sleep(0.5)
        (lost,) = scene.heard(Disconnected)
        assert isinstance(lost.error, ProtocolError)
