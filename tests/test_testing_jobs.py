"""How the test server gives jobs to peers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import pytest
from grpc.aio import Channel

from bare_client import MANAGEMENT, BarePeer, open_channel, refusal_of
from netbird_sdk import _codec
from netbird_sdk.errors import ConfigurationError
from netbird_sdk.models.management import (
    BundleParameters,
    BundleResult,
    JobRequest,
    JobResponse,
    JobStatus,
)
from netbird_sdk.testing import ManagementServer

HELLO = JobRequest(id=b"3f0c6a52-6f7e-4a53-9f5e-0a1a0c5c7f11")
WORK = BundleParameters(log_file_count=2)


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer() as server:
        yield server


@pytest.fixture
async def channel(server: ManagementServer) -> AsyncIterator[Channel]:
    async with open_channel(server.url) as channel:
        yield channel


@pytest.fixture
async def peer(server: ManagementServer, channel: Channel) -> BarePeer:
    peer = BarePeer(channel, server.public_key)
    await peer.login(setup_key=server.add_setup_key())
    return peer


class JobCall:
    """A peer's open Job stream."""

    def __init__(self, channel: Channel, peer: BarePeer) -> None:
        method: Any = channel.stream_stream(MANAGEMENT + "Job")
        self.call = method()
        self.peer = peer

    async def send(self, message: JobRequest | JobResponse) -> None:
        await self.call.write(_codec.encode(self.peer.seal(message)))

    async def read(self) -> JobRequest | None:
        data = await self.call.read()
        if data is grpc.aio.EOF:
            return None
        return self.peer.open(JobRequest, data)


async def connected(server: ManagementServer, peer: BarePeer, channel: Channel) -> Any:
    stream = JobCall(channel, peer)
    await stream.send(HELLO)
    await server.wait_until(lambda s: peer.public_key in s.job_peers)
    return stream


class TestJobs:
    async def test_are_pushed_and_their_outcome_is_returned(
        self, server: ManagementServer, peer: BarePeer, channel: Channel
    ) -> None:
        stream = await connected(server, peer, channel)
        outcome = asyncio.create_task(server.run_job(peer.public_key, WORK))
        job = await stream.read()
        assert job is not None
        assert job.workload_parameters == WORK
        done = JobResponse(
            id=job.id,
            status=JobStatus.SUCCEEDED,
            workload_results=BundleResult(upload_key="key"),
        )
        await stream.send(done)
        assert await outcome == done
        assert server.job_responses == (done,)

    async def test_go_to_one_peer_one_at_a_time(
        self, server: ManagementServer, peer: BarePeer, channel: Channel
    ) -> None:
        with pytest.raises(ConfigurationError, match="no Job stream"):
            await server.run_job(peer.public_key, WORK)
        stream = await connected(server, peer, channel)
        first = asyncio.create_task(server.run_job(peer.public_key, WORK))
        job = await stream.read()
        with pytest.raises(ConfigurationError, match="pending job"):
            await server.run_job(peer.public_key, WORK)
        failed = JobResponse(id=job.id, status=JobStatus.FAILED, reason=b"no")
        await stream.send(failed)
        assert await first == failed

    async def test_stay_pending_on_answers_that_are_none(
        self, server: ManagementServer, peer: BarePeer, channel: Channel
    ) -> None:
        stream = await connected(server, peer, channel)
        outcome = asyncio.create_task(server.run_job(peer.public_key, WORK))
        job = await stream.read()
        await stream.call.write(b"\xff")
        await stream.send(JobResponse(id=b"another", status=JobStatus.FAILED))
        await stream.send(JobResponse(id=job.id))
        await stream.send(JobResponse(id=job.id, status=JobStatus.SUCCEEDED))
        failed = JobResponse(id=job.id, status=JobStatus.FAILED)
        await stream.send(failed)
        assert await outcome == failed

    async def test_fail_when_the_peer_goes(
        self, server: ManagementServer, peer: BarePeer, channel: Channel
    ) -> None:
        stream = await connected(server, peer, channel)
        outcome = asyncio.create_task(server.run_job(peer.public_key, WORK))
        await stream.read()
        stream.call.cancel()
        response = await outcome
        assert response.status is JobStatus.FAILED
        assert b"disconnected" in response.reason
        assert server.job_peers == frozenset()

    async def test_fail_when_the_peer_connects_again_which_ends_both_streams(
        self, server: ManagementServer, peer: BarePeer, channel: Channel
    ) -> None:
        """So it is on 0.77.1: the older stream's end takes the newer one along."""
        older = await connected(server, peer, channel)
        outcome = asyncio.create_task(server.run_job(peer.public_key, WORK))
        await older.read()
        newer = JobCall(channel, peer)
        await newer.send(HELLO)
        assert (await outcome).status is JobStatus.FAILED
        assert await older.read() is None
        assert await newer.read() is None
        assert server.job_peers == frozenset()

    async def test_can_be_anything_that_a_test_wants(
        self, server: ManagementServer, peer: BarePeer, channel: Channel
    ) -> None:
        stream = await connected(server, peer, channel)
        server.push_job(peer.public_key, JobRequest())
        assert await stream.read() == JobRequest()


class TestRefusals:
    async def test_of_a_stream_without_hello(self, channel: Channel) -> None:
        method: Any = channel.stream_stream(MANAGEMENT + "Job")
        call = method()
        await call.done_writing()
        assert await refusal_of(call.read()) == (
            grpc.StatusCode.INVALID_ARGUMENT,
            "missing hello: EOF",
        )

    async def test_of_a_stranger(
        self, server: ManagementServer, channel: Channel
    ) -> None:
        stream = JobCall(channel, BarePeer(channel, server.public_key))
        await stream.send(HELLO)
        assert await refusal_of(stream.read()) == (
            grpc.StatusCode.PERMISSION_DENIED,
            "peer is not registered",
        )

    async def test_by_releases_before_0_64_0(self) -> None:
        async with (
            ManagementServer(release="0.63.9") as server,
            open_channel(server.url) as channel,
        ):
            method: Any = channel.stream_stream(MANAGEMENT + "Job")
            code, _ = await refusal_of(method().read())
        assert code is grpc.StatusCode.UNIMPLEMENTED
