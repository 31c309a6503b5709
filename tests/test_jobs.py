"""How jobs of the management server are served, against the test server."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import grpc
import pytest

from live import QUICKLY, Events, through, url_of
from netbird_sdk import (
    AuthenticationError,
    ClosedError,
    Connected,
    Disconnected,
    JobFinished,
    JobSession,
    ManagementClient,
    PrivateKey,
    RPCError,
    RPCMissing,
    SessionState,
    TransportError,
    UnsupportedError,
)
from netbird_sdk._connection import Connection, Transport
from netbird_sdk._sealed import SealedCalls
from netbird_sdk.models.management import (
    BundleParameters,
    BundleResult,
    JobRequest,
    JobResponse,
    JobStatus,
)
from netbird_sdk.testing import ManagementServer

WORK: Final = BundleParameters(log_file_count=3, anonymize=True)
RESULT: Final = BundleResult(upload_key="bundle")
Handler = Callable[[JobRequest], Awaitable[JobResponse | BundleResult]]


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer() as server:
        yield server


@asynccontextmanager
async def serving(
    server: ManagementServer, handler: Handler, url: str | None = None, **options: Any
) -> AsyncGenerator[ManagementClient]:
    """Serve the jobs of an enrolled peer."""
    key = PrivateKey.generate()
    server.add_peer("host", public_key=key.public_key)
    options = {"backoff": QUICKLY} | options
    async with (
        ManagementClient(url or server.url, private_key=key) as client,
        client.serve_jobs(handler, **options),
    ):
        await server.wait_until(lambda s: s.job_peers)
        yield client


async def succeed(_job: JobRequest) -> BundleResult:
    return RESULT


class TestOutcome:
    async def test_of_a_job_done_is_success(self, server: ManagementServer) -> None:
        jobs: list[JobRequest] = []
        events = Events()

        async def handle(job: JobRequest) -> BundleResult:
            jobs.append(job)
            return RESULT

        async with serving(server, handle, on_event=events) as client:
            response = await server.run_job(client.public_key, WORK)
            finished = await events.first(JobFinished)
        assert [job.workload_parameters for job in jobs] == [WORK]
        assert response == JobResponse(
            id=jobs[0].id, status=JobStatus.SUCCEEDED, workload_results=RESULT
        )
        assert finished.succeeded
        assert finished.reason == ""
        assert finished.job_id == jobs[0].id.decode()
        assert finished.seconds >= 0

    async def test_can_be_given_in_full_and_gets_the_jobs_id(
        self, server: ManagementServer
    ) -> None:
        async def handle(_job: JobRequest) -> JobResponse:
            return JobResponse(id=b"mine", status=JobStatus.FAILED, reason=b"no disk")

        async with serving(server, handle) as client:
            response = await server.run_job(client.public_key, WORK)
        assert response.status is JobStatus.FAILED
        assert response.reason == b"no disk"
        assert response.id != b"mine"

    async def test_of_a_handler_that_raises_is_failure_with_its_words(
        self, server: ManagementServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def handle(_job: JobRequest) -> BundleResult:
            raise OSError("disk full")

        events = Events()
        async with serving(server, handle, on_event=events) as client:
            for _ in range(2):
                response = await server.run_job(client.public_key, WORK)
                assert response.status is JobStatus.FAILED
                assert response.reason == b"OSError: disk full"
                assert response.workload_results is None
            assert not (await events.first(JobFinished, after=1)).succeeded
        assert any(r.exc_info and r.levelno == logging.ERROR for r in caplog.records)

    @pytest.mark.parametrize(
        ("result", "reason"),
        [
            (None, "returned NoneType"),
            (JobResponse(), "without a status"),
            (JobResponse(status=JobStatus.SUCCEEDED), "success without a result"),
            (BundleResult(upload_key="\ud800"), "cannot be sent"),
        ],
    )
    async def test_that_the_server_would_not_take_is_failure(
        self, server: ManagementServer, result: Any, reason: str
    ) -> None:
        async def handle(_job: JobRequest) -> BundleResult:
            assert result is None or isinstance(result, JobResponse | BundleResult)
            return result  # type: ignore[return-value] # what an untyped script does

        async with serving(server, handle) as client:
            response = await server.run_job(client.public_key, WORK)
        assert response.status is JobStatus.FAILED
        assert reason in response.reason.decode()

    async def test_of_a_reason_beyond_all_measure_is_cut(
        self, server: ManagementServer
    ) -> None:
        async def handle(_job: JobRequest) -> BundleResult:
            raise ValueError("x" * 100_000)

        async with serving(server, handle) as client:
            response = await server.run_job(client.public_key, WORK)
        assert len(response.reason) == 4096

    async def test_of_unknown_work_is_failure_and_the_handler_is_not_asked(
        self, server: ManagementServer
    ) -> None:
        async def handle(_job: JobRequest) -> BundleResult:
            raise AssertionError

        async with serving(server, handle) as client:
            response = await server.run_job(client.public_key, None)
        assert response.status is JobStatus.FAILED
        assert b"does not know this kind of work" in response.reason

    async def test_of_a_handler_that_was_cancelled_inside_is_failure(
        self, server: ManagementServer
    ) -> None:
        """Awaiting something cancelled raises CancelledError in a task nobody ended."""

        async def handle(_job: JobRequest) -> BundleResult:
            inner = asyncio.get_running_loop().create_future()
            inner.cancel()
            await inner
            raise AssertionError

        async with serving(server, handle) as client:
            for _ in range(2):
                response = await server.run_job(client.public_key, WORK)
                assert response.reason == b"the job was cancelled"


class TestOrder:
    async def test_is_one_at_a_time_and_requests_without_id_are_skipped(
        self, server: ManagementServer
    ) -> None:
        running: list[bytes] = []
        done = asyncio.Event()

        async def handle(job: JobRequest) -> BundleResult:
            assert not running
            running.append(job.id)
            await asyncio.sleep(0)
            running.clear()
            if job.id == b"last":
                done.set()
            return RESULT

        events = Events()
        async with serving(server, handle, on_event=events) as client:
            for job_id in (b"first", b"", b"second", b"last"):
                job = JobRequest(id=job_id, workload_parameters=WORK)
                server.push_job(client.public_key, job)
            await done.wait()
            await events.first(JobFinished, after=2)
        finished = [event.job_id for event in events.of(JobFinished)]
        assert finished == ["first", "second", "last"]


class TestStream:
    async def test_that_ends_cancels_the_job_in_progress(
        self, server: ManagementServer
    ) -> None:
        started, cancelled = asyncio.Event(), asyncio.Event()

        async def handle(_job: JobRequest) -> BundleResult:
            if cancelled.is_set():
                return RESULT
            started.set()
            try:
                await asyncio.Event().wait()
            finally:
                cancelled.set()
            raise AssertionError

        events = Events()
        async with serving(server, handle, on_event=events) as client:
            outcome = asyncio.create_task(server.run_job(client.public_key, WORK))
            await started.wait()
            await server.drop_streams()
            await cancelled.wait()
            assert (await outcome).status is JobStatus.FAILED
            await server.wait_until(lambda s: s.job_peers)
            response = await server.run_job(client.public_key, WORK)
            assert response.workload_results == RESULT
        assert len(events.of(JobFinished)) == 1

    async def test_comes_back_after_a_restart_with_a_new_key(
        self, server: ManagementServer
    ) -> None:
        async with serving(server, succeed) as client:
            await server.restart()
            await server.wait_until(lambda s: s.job_peers)
            await server.run_job(client.public_key, WORK)

    async def test_comes_back_after_a_cut(self, server: ManagementServer) -> None:
        async with (
            through(server) as network,
            serving(server, succeed, url_of(network)) as client,
        ):
            await network.reset()
            await server.wait_until(lambda s: not s.job_peers)
            await server.wait_until(lambda s: s.job_peers)
            await server.run_job(client.public_key, WORK)

    async def test_of_a_second_session_does_not_shut_both_out_for_good(
        self, server: ManagementServer
    ) -> None:
        """The server ends both streams then; one of them alone is kept up."""
        async with serving(server, succeed) as client:
            async with client.serve_jobs(succeed, backoff=QUICKLY):
                await server.wait_until(lambda s: s.calls["Job"] >= 3)
            await server.wait_until(lambda s: s.job_peers)
            await server.run_job(client.public_key, WORK)

    @pytest.mark.parametrize(
        "code",
        [
            grpc.StatusCode.NOT_FOUND,
            grpc.StatusCode.UNAUTHENTICATED,
            grpc.StatusCode.INVALID_ARGUMENT,
            grpc.StatusCode.UNAVAILABLE,
        ],
    )
    async def test_refused_otherwise_is_tried_again(
        self, server: ManagementServer, code: grpc.StatusCode
    ) -> None:
        server.fail_next("Job", code)
        events = Events()
        async with enrolled(server) as client:
            session = client.serve_jobs(
                succeed, backoff=QUICKLY, on_event=events, retry_on=None
            )
            async with session:
                error = (await events.first(Disconnected)).error
        assert isinstance(error, RPCError | TransportError)
        assert error.code is code

    async def test_of_a_stranger_is_refused_for_good(
        self, server: ManagementServer
    ) -> None:
        async with ManagementClient(
            server.url, private_key=PrivateKey.generate()
        ) as client:
            session = client.serve_jobs(succeed, backoff=QUICKLY)
            with pytest.raises(AuthenticationError, match="not registered"):
                await session.run()
            assert session.state is SessionState.CLOSED
            with pytest.raises(AuthenticationError):
                await session.wait_synced()
            with pytest.raises(ClosedError, match="once"):
                await session.run()
        assert server.calls["Job"] == 1

    async def test_of_a_peer_deleted_meanwhile_is_refused_for_good(
        self, server: ManagementServer
    ) -> None:
        async with enrolled(server) as client:
            session = client.serve_jobs(succeed, backoff=QUICKLY)
            task = asyncio.create_task(session.run())
            await server.wait_until(lambda s: s.job_peers)
            server.remove_peer(client.public_key)
            await server.drop_streams()
            with pytest.raises(AuthenticationError, match="not registered"):
                await task


class TestAcceptance:
    async def test_is_silence_for_a_moment(self, server: ManagementServer) -> None:
        events = Events()
        async with calls_of(server) as calls:
            session = JobSession(
                calls,
                succeed,
                backoff=QUICKLY,
                retry_on=None,
                on_event=events,
                accepted_after=0.02,
            )
            async with session:
                await session.wait_synced()
                assert session.state is SessionState.READY
                assert session.stale_for == 0.0
            assert events.of(Connected) == [Connected(method="Job")]

    async def test_is_a_job_at_once(self, server: ManagementServer) -> None:
        events = Events()
        async with calls_of(server) as calls:
            session = JobSession(
                calls,
                succeed,
                backoff=QUICKLY,
                retry_on=None,
                on_event=events,
                accepted_after=3600,
            )
            (peer,) = server.peers
            async with session:
                await server.wait_until(lambda s: s.job_peers)
                assert session.state is SessionState.CONNECTING
                await server.run_job(peer, WORK)
                await session.wait_synced()
                await server.run_job(peer, WORK)
            assert len(events.of(Connected)) == 1


class TestOlderServer:
    async def test_ends_the_session_without_an_error(self) -> None:
        events = Events()
        async with (
            ManagementServer(release="0.63.9") as server,
            enrolled(server) as client,
        ):
            session = client.serve_jobs(succeed, backoff=QUICKLY, on_event=events)
            await session.run()
            assert session.state is SessionState.CLOSED
            with pytest.raises(UnsupportedError):
                await session.wait_synced()
        assert [e for e in events.all if not isinstance(e, Disconnected)] == [
            RPCMissing(method="Job")
        ]

    async def test_lets_the_body_of_a_context_manager_go_on(self) -> None:
        events = Events()
        async with (
            ManagementServer(release="0.63.9") as server,
            enrolled(server) as client,
            client.serve_jobs(succeed, backoff=QUICKLY, on_event=events),
        ):
            await events.first(RPCMissing)

    async def test_that_was_newer_before_is_a_proxy_astray(
        self, server: ManagementServer
    ) -> None:
        events = Events()
        async with serving(server, succeed, on_event=events) as client:
            await server.run_job(client.public_key, WORK)
            server.fail_next("Job", grpc.StatusCode.UNIMPLEMENTED)
            await server.drop_streams()
            error = (await events.first(Disconnected, after=1)).error
        assert isinstance(error, UnsupportedError)
        assert events.of(RPCMissing) == []


@asynccontextmanager
async def enrolled(server: ManagementServer) -> AsyncGenerator[ManagementClient]:
    key = PrivateKey.generate()
    server.add_peer("host", public_key=key.public_key)
    async with ManagementClient(server.url, private_key=key) as client:
        yield client


@asynccontextmanager
async def calls_of(server: ManagementServer) -> AsyncGenerator[SealedCalls]:
    """Give what a session makes its calls with, as an enrolled peer."""
    key = PrivateKey.generate()
    server.add_peer("host", public_key=key.public_key)
    connection = Connection(
        "ManagementClient", server.url, transport=Transport(), timeout=10.0
    )
    await connection.open()
    try:
        yield SealedCalls(connection, key, None)
    finally:
        await connection.aclose()
