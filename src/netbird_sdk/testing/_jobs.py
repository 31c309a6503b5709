"""The Job streams of peers: work for them, and what came of it."""

from __future__ import annotations

import asyncio
import uuid

from grpc import StatusCode

from netbird_sdk._methods import management as methods
from netbird_sdk.errors import ConfigurationError
from netbird_sdk.keys import PublicKey
from netbird_sdk.models.management import (
    BundleParameters,
    JobRequest,
    JobResponse,
    JobStatus,
)
from netbird_sdk.testing._changes import Changes
from netbird_sdk.testing._envelopes import Envelopes
from netbird_sdk.testing._live_call import LiveCall, first_of
from netbird_sdk.testing._peers import Peers
from netbird_sdk.testing._refusal import Refusal
from netbird_sdk.testing._rpc_table import RpcTable

__all__ = ["JobStreams"]


class JobStreams:
    """Serves Job, one stream for each peer."""

    def __init__(self, envelopes: Envelopes, peers: Peers, changes: Changes) -> None:
        self.responses: list[JobResponse] = []
        """The outcomes of jobs that were waited for."""
        self._envelopes = envelopes
        self._peers = peers
        self._changes = changes
        self._current: dict[PublicKey, _JobStream] = {}

    def register(self, table: RpcTable[None]) -> None:
        """Serve these RPCs."""
        table.bidirectional_stream(methods.JOB, self.serve)

    @property
    def open(self) -> frozenset[PublicKey]:
        """The peers that take jobs now."""
        return frozenset(self._current)

    async def serve(self, call: LiveCall, _caller: None) -> None:
        hello = await call.read()
        if hello is None:
            raise Refusal(StatusCode.INVALID_ARGUMENT, "missing hello: EOF")
        key, _ = self._envelopes.open("Job", JobRequest, hello)
        if key not in self._peers.by_key:
            raise Refusal(StatusCode.PERMISSION_DENIED, "peer is not registered")
        stream = _JobStream(key)
        older = self._current.get(key)
        if older is not None:
            older.finish("Pending job cleanup: marked as failed automatically")
        self._current[key] = stream
        self._changes.notify()
        try:
            await first_of(self._send(stream, call), self._receive(stream, call))
        finally:
            # As the real server has it, whose older stream takes a newer one with it.
            for ended in (stream, self._current.pop(key, stream)):
                ended.finish("Time out peer disconnected")
            self._changes.notify()

    def push(self, key: PublicKey, request: JobRequest) -> None:
        """Send a request as it is, without waiting for what comes of it."""
        self._stream(key).waiting.put_nowait(request)

    async def run(
        self, key: PublicKey, parameters: BundleParameters | None
    ) -> JobResponse:
        """Give a peer work, and return what came of it."""
        stream = self._stream(key)
        if stream.pending:
            raise ConfigurationError(f"the peer {key} has a pending job already")
        job = JobRequest(id=str(uuid.uuid4()).encode(), workload_parameters=parameters)
        outcome: asyncio.Future[JobResponse]
        outcome = asyncio.get_running_loop().create_future()
        stream.pending[job.id] = outcome
        stream.waiting.put_nowait(job)
        try:
            return await outcome
        finally:
            stream.pending.pop(job.id, None)

    def _stream(self, key: PublicKey) -> _JobStream:
        try:
            return self._current[key]
        except KeyError:
            raise ConfigurationError(f"the peer {key} has no Job stream open") from None

    async def _send(self, stream: _JobStream, call: LiveCall) -> None:
        while (job := await stream.waiting.get()) is not None:
            await call.write(self._envelopes.seal(stream.key, job))

    async def _receive(self, stream: _JobStream, call: LiveCall) -> None:
        while (message := await call.read()) is not None:
            try:
                key, response = self._envelopes.open("Job", JobResponse, message)
            except Refusal:
                continue  # noted in the real server's log only
            outcome = stream.pending.get(response.id)
            if key != stream.key or outcome is None or outcome.done():
                continue
            # The real server takes no success without what it has brought.
            failed = response.status is JobStatus.FAILED
            succeeded = response.status is JobStatus.SUCCEEDED
            if failed or (succeeded and response.workload_results is not None):
                self.responses.append(response)
                outcome.set_result(response)
                self._changes.notify()
        # A peer that has closed its side still gets jobs.
        await asyncio.Event().wait()


class _JobStream:
    def __init__(self, key: PublicKey) -> None:
        self.key = key
        # What is to be sent; None ends the stream.
        self.waiting: asyncio.Queue[JobRequest | None] = asyncio.Queue()
        self.pending: dict[bytes, asyncio.Future[JobResponse]] = {}

    def finish(self, reason: str) -> None:
        """End the stream with OK, and let its jobs fail."""
        self.waiting.put_nowait(None)
        for job_id, outcome in self.pending.items():
            if not outcome.done():
                failed = JobStatus.FAILED
                outcome.set_result(
                    JobResponse(id=job_id, status=failed, reason=reason.encode())
                )
