"""A session that does the work which the management server gives to this peer."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final, TypeAlias

import attrs
import grpc
from typing_extensions import override

from netbird_sdk._methods import management as rpc
from netbird_sdk._sealed import SealedCalls, SealedStream
from netbird_sdk.config import Backoff
from netbird_sdk.errors import (
    ConfigurationError,
    NetBirdError,
    RPCError,
    TransportError,
    UnsupportedError,
)
from netbird_sdk.events import JobFinished, RPCMissing
from netbird_sdk.models.management import (
    BundleResult,
    JobRequest,
    JobResponse,
    JobStatus,
)
from netbird_sdk.session import OnEvent, RetryOn, Session

__all__ = ["JobHandler", "JobSession"]

JobHandler: TypeAlias = Callable[[JobRequest], Awaitable[JobResponse | BundleResult]]
"""Does one job; a BundleResult stands for success, whatever is raised for failure."""

ACCEPTED_AFTER: Final = 1.0
"""Servers say nothing to a peer that they have no job for: one that has not turned it
away for so many seconds has accepted it.
"""
_LONGEST_REASON: Final = 4096
_OUTCOMES: Final = (JobStatus.SUCCEEDED, JobStatus.FAILED)
_STREAM: Final = rpc.JOB.name


class JobSession(Session):
    """Made by `ManagementClient.serve_jobs`.

    Jobs are done one at a time, in the order they come in. When the stream ends, the
    job in progress is cancelled: the server counts it as failed from then on.

    A server older than 0.64.0 has no jobs: `run` then returns, after an `RPCMissing`
    event.
    """

    def __init__(
        self,
        calls: SealedCalls,
        handler: JobHandler,
        *,
        backoff: Backoff,
        retry_on: RetryOn | None,
        on_event: OnEvent | None,
        random: Random | None = None,
        accepted_after: float = ACCEPTED_AFTER,
    ) -> None:
        super().__init__(
            backoff=backoff,
            retry_on=retry_on,
            on_event=on_event,
            random=random,
            logger=logging.getLogger(__name__),
        )
        self._calls = calls
        self._handler = handler
        self._accepted_after = accepted_after

    @override
    async def _connect(self) -> None:
        hello = JobRequest(id=str(uuid.uuid4()).encode())
        stream = await self._calls.stream(rpc.JOB, hello)
        jobs: asyncio.Queue[JobRequest] = asyncio.Queue()
        worker = asyncio.create_task(self._work(stream, jobs))
        # Should it ever fail, nobody would do the jobs.
        worker.add_done_callback(lambda _: stream.drop(_ended()))
        loop = asyncio.get_running_loop()
        unopposed = loop.call_later(self._accepted_after, self._is_accepted)
        try:
            while (job := await stream.read()) is not None:
                unopposed.cancel()
                self._is_accepted()
                if job.id:
                    jobs.put_nowait(job)
            raise _ended()
        finally:
            unopposed.cancel()
            worker.cancel()
            try:
                await asyncio.wait({worker})
            finally:
                await stream.aclose()
            if not worker.cancelled():
                worker.result()

    def _is_accepted(self) -> None:
        if self._up_since is None:
            self._stream_up(_STREAM)
            self._in_sync(current=True)

    @override
    def _worth_retrying(self, error: NetBirdError) -> bool:
        if isinstance(error, RPCError) and self._retry_on is None:
            # Only this says that the peer is gone; NOT_FOUND and the like may pass.
            return error.code is not grpc.StatusCode.PERMISSION_DENIED
        return super()._worth_retrying(error)

    @override
    def _ends_well(self, error: NetBirdError) -> bool:
        # Once accepted, it is a misrouted reverse proxy that says so.
        if not isinstance(error, UnsupportedError) or self._accepted:
            return False
        self._emit(RPCMissing(method=_STREAM))
        return True

    async def _work(
        self, stream: SealedStream[JobRequest], jobs: asyncio.Queue[JobRequest]
    ) -> None:
        """Do one job after the other."""
        loop = asyncio.get_running_loop()
        while True:
            job = await jobs.get()
            began = loop.time()
            response = await self._outcome(job)
            try:
                await stream.write(response)
            except ConfigurationError as error:
                response = _failure(job, f"the result cannot be sent: {error}")
                await stream.write(response)
            self._emit(
                JobFinished(
                    job_id=job.id.decode(errors="replace"),
                    succeeded=response.status is JobStatus.SUCCEEDED,
                    reason=response.reason.decode(errors="replace"),
                    seconds=loop.time() - began,
                )
            )

    async def _outcome(self, job: JobRequest) -> JobResponse:
        """Return what the handler makes of a job, as the server takes it."""
        if job.workload_parameters is None:
            return _failure(job, "this client does not know this kind of work")
        try:
            result = await self._handler(job)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return _failure(job, "the job was cancelled")
        except Exception as error:
            self._logger.exception("the handler failed at a job")
            return _failure(job, f"{type(error).__name__}: {error}")
        return _response(job, result)


def _ended() -> TransportError:
    return TransportError(
        f"{_STREAM}: the server ended the stream",
        method=_STREAM,
        code=grpc.StatusCode.UNAVAILABLE,
    )


def _response(job: JobRequest, result: object) -> JobResponse:
    if isinstance(result, BundleResult):
        succeeded = JobStatus.SUCCEEDED
        return JobResponse(id=job.id, status=succeeded, workload_results=result)
    if not isinstance(result, JobResponse):
        kind = type(result).__name__
        return _failure(job, f"the handler returned {kind} in place of a result")
    if result.status not in _OUTCOMES:
        return _failure(job, "the handler returned a response without a status")
    if result.status is JobStatus.SUCCEEDED and result.workload_results is None:
        # The server would not take it, and wait for ever.
        return _failure(job, "the handler returned success without a result")
    return attrs.evolve(result, id=job.id)


def _failure(job: JobRequest, reason: str) -> JobResponse:
    reason_bytes = reason.encode(errors="replace")[:_LONGEST_REASON]
    return JobResponse(id=job.id, status=JobStatus.FAILED, reason=reason_bytes)
