"""A mapping session against a bare-stub loop, over sockets, in the same run.

    python benchmarks/mapping_session.py --services 100000 --pairs 5 --reconnects 50

Prints the memory that a session keeps, over many reconnects. Then, pair by pair: the
rate of the first snapshot through a session into a sink that does nothing, against a
loop over the stubs that acknowledges and reads every field; and the time of the resync
after a reconnect, with nothing changed but the one-time tokens, against a loop that
reads only the ids. The server runs in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, TypeAlias

import attrs
import grpc.aio

from netbird_sdk import Backoff, ProxyClient, Serves, SessionEvent, Synced
from netbird_sdk._wire import proxy_service_pb2 as pb
from netbird_sdk.models import (
    AccessRestrictions,
    Authentication,
    HeaderAuth,
    PathMapping,
    PathTargetOptions,
    ProxyMapping,
)
from netbird_sdk.testing import ManagementServer

ADDRESS: Final = "edge.example.com"
# A message of the protobuf classes: the type stubs make its fields optional.
Wire: TypeAlias = Any


def mapping(number: int) -> ProxyMapping:
    """Make a service of one of 50 accounts, each with options and rules of its own."""
    account = number % 50
    options = PathTargetOptions(
        custom_headers={"X-Account": str(account), "X-Via": "edge"},
        request_timeout=timedelta(seconds=30),
        session_idle_timeout=timedelta(seconds=60),
    )
    return ProxyMapping(
        id=f"service-{number}",
        account_id=f"account-{account}",
        domain=f"app{number}.example.com",
        mode="http",
        path=[
            PathMapping(path=p, target=f"http://10.0.{account}.1:8080", options=options)
            for p in ("/", "/api")
        ],
        auth=Authentication(
            session_key="k" * 44,
            max_session_age_seconds=86400,
            header_auths=[HeaderAuth(header="X-Key", hashed_value="x" * 97)],
        ),
        access_restrictions=AccessRestrictions(
            allowed_cidrs=["10.0.0.0/8", f"192.168.{account}.0/24"],
            blocked_cidrs=["10.1.0.0/16"],
            allowed_countries=["DE", "FR"],
        ),
    )


def serve(services: int, pipe: Connection) -> None:
    """Run a server that cuts its streams or changes one service, until told to stop."""

    async def main() -> None:
        async with ManagementServer() as server:
            await server.put(*(mapping(number) for number in range(services)))
            pipe.send((server.url, server.add_proxy_token()))
            while (wish := await asyncio.to_thread(pipe.recv)) != "stop":
                if wish == "cut":
                    await server.drop_streams()
                else:
                    await server.put(attrs.evolve(mapping(0), pass_host_header=True))

    asyncio.run(main())


class Idle:
    """A sink that does nothing, in no time."""

    def __init__(self) -> None:
        self.committed = asyncio.Event()

    async def upsert(self, mapping: ProxyMapping) -> None:
        """Serve nothing."""

    async def remove(self, mapping: ProxyMapping) -> None:
        """Stop nothing."""

    async def commit(self, complete: bool) -> None:  # noqa: ARG002 - a sink's
        """Reload nothing."""
        self.committed.set()


async def bare(url: str, token: str, look: Callable[[Wire], None]) -> float:
    """Follow a snapshot with nothing but gRPC and the protobuf classes."""
    metadata = (("authorization", f"Bearer {token}"),)
    init = pb.SyncMappingsInit(proxy_id="bare", address=ADDRESS)
    options = (("grpc.max_receive_message_length", 16 << 20),)
    target = url.removeprefix("http://")
    async with grpc.aio.insecure_channel(target, options=options) as channel:
        started = time.perf_counter()
        call: Any = channel.stream_stream(
            "/management.ProxyService/SyncMappings",
            request_serializer=pb.SyncMappingsRequest.SerializeToString,
            response_deserializer=pb.SyncMappingsResponse.FromString,
        )(metadata=metadata)
        await call.write(pb.SyncMappingsRequest(init=init))
        while True:
            batch = await call.read()
            for one in batch.mapping:
                look(one)
            await call.write(pb.SyncMappingsRequest(ack=pb.SyncMappingsAck()))
            if batch.initial_sync_complete:
                call.cancel()
                return time.perf_counter() - started


def read_id(one: Wire) -> None:
    """What a loop must read at least."""
    _ = one.id


def read_all(one: Wire) -> None:
    """What a loop reads that looks at every field."""
    _ = (one.type, one.id, one.account_id, one.domain, one.auth_token, one.mode)
    _ = (one.listen_port, one.private, one.pass_host_header, one.rewrite_redirects)
    for path in one.path:
        _ = (path.path, path.target)
        options = path.options
        _ = (options.skip_tls_verify, options.path_rewrite, options.proxy_protocol)
        _ = (options.request_timeout.ToTimedelta(), dict(options.custom_headers))
        _ = (options.session_idle_timeout.ToTimedelta(), options.direct_upstream)
        _ = (options.capture_max_request_bytes, options.capture_max_response_bytes)
        _ = (list(options.capture_content_types), list(options.middlewares))
        _ = (options.agent_network, options.disable_access_log)
    auth = one.auth
    _ = (auth.session_key, auth.max_session_age_seconds)
    _ = (auth.password, auth.pin, auth.oidc)
    for header in auth.header_auths:
        _ = (header.header, header.hashed_value)
    rules = one.access_restrictions
    _ = (list(rules.allowed_cidrs), list(rules.blocked_cidrs), rules.crowdsec_mode)
    _ = (list(rules.allowed_countries), list(rules.blocked_countries))


class Followed:
    """A session, and the next `Synced` of it."""

    def __init__(self, client: ProxyClient) -> None:
        self._synced: asyncio.Queue[Synced] = asyncio.Queue()
        self.sink = Idle()
        self.session = client.sync_mappings(
            self.sink,
            serves=Serves.everything(),
            report_status="none",
            backoff=Backoff(initial=0.01, maximum=0.01),
            on_event=self._note,
        )

    def _note(self, event: SessionEvent) -> None:
        if isinstance(event, Synced):
            self._synced.put_nowait(event)

    async def next(self) -> Synced:
        """Wait for the next whole snapshot."""
        return await self._synced.get()


async def compare(url: str, token: str, pipe: Connection, services: int) -> list[float]:
    """Return the two ratios of one pair of runs."""
    everything = await bare(url, token, read_all)
    ids = await bare(url, token, read_id)
    async with ProxyClient(url, token=token, address=ADDRESS) as client:
        followed = Followed(client)
        async with followed.session:
            first = await followed.next()
            pipe.send("cut")
            again = await followed.next()
    if first.upserted != services or again.unchanged != services or again.upserted:
        raise SystemExit(f"wrong: {first}, then {again}")
    return [everything / first.seconds, again.seconds / ids]


def memory() -> float:
    """Return this process's resident memory in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


async def endure(url: str, token: str, pipe: Connection, times: int) -> None:
    """Print the memory that is kept over reconnects."""
    async with ProxyClient(url, token=token, address=ADDRESS) as client:
        followed = Followed(client)
        before = memory()
        async with followed.session:
            await followed.next()
            print(f"kept after the snapshot: {memory() - before:.1f} MiB")
            for number in range(1, times + 1):
                pipe.send("cut")
                await followed.next()
                if number % 10 == 0 or number == times:
                    grown = memory() - before
                    print(f"after {number} reconnects: {grown:.1f} MiB", flush=True)
            followed.sink.committed.clear()
            pipe.send("change")
            await followed.sink.committed.wait()
            counters = followed.session.counters
            print(f"after one change: {counters.upserted} upserts in all")


async def measure() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("--services", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--reconnects", type=int, default=50)
    arguments = parser.parse_args()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(arguments.services, theirs)
    )
    server.start()
    try:
        url, token = await asyncio.to_thread(ours.recv)
        await endure(url, token, ours, arguments.reconnects)
        ratios = [
            await compare(url, token, ours, arguments.services)
            for _ in range(arguments.pairs)
        ]
        snapshot, resync = map(statistics.median, zip(*ratios, strict=True))
        print(f"{arguments.services} services, median of {arguments.pairs} pairs")
        print(f"first snapshot: {snapshot:.2f}x the rate of reading every field")
        print(f"quiet resync: {resync:.2f}x the time of reading the ids")
    finally:
        ours.send("stop")
        server.join()


if __name__ == "__main__":
    asyncio.run(measure())
