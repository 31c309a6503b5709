"""Enrolling many machines at once: bounds, outcomes of each, and running it again."""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random
from typing import Any

import attrs
import grpc
import pytest

from live import QUICKLY
from logins import META
from netbird_sdk import (
    ConfigurationError,
    Identity,
    PrivateKey,
    SetupKeyError,
    Transport,
)
from netbird_sdk.fleet import Enrolment, enrol
from netbird_sdk.models.management import PeerSystemMeta
from netbird_sdk.testing import ManagementServer

EXAMPLE = Path(__file__).parent.parent / "examples" / "enrol_fleet.py"

Machines = list[tuple[Identity, PeerSystemMeta]]


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer() as server:
        yield server


def machines(server: ManagementServer, count: int) -> Machines:
    return [
        (
            Identity(url=server.url, private_key=PrivateKey.generate()),
            attrs.evolve(META, hostname=f"host-{number}"),
        )
        for number in range(count)
    ]


async def enrolled(fleet: Any, server: ManagementServer, **how: Any) -> list[Enrolment]:
    """Enrol without waiting longer than a test should."""
    standard: dict[str, Any] = {"spread": 0, "backoff": QUICKLY, "retry_for": 5}
    if "setup_key" not in how:
        standard["setup_key"] = server.add_setup_key()
    return await enrol(fleet, **standard | how)


class Flight(grpc.aio.UnaryUnaryClientInterceptor):
    """Counts the logins that are under way."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def intercept_unary_unary(
        self, continuation: Any, client_call_details: Any, request: Any
    ) -> Any:
        if not client_call_details.method.endswith(b"/Login"):
            return await continuation(client_call_details, request)
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            call = await continuation(client_call_details, request)
            await call.code()
            return call
        finally:
            self.now -= 1


async def test_three_hundred_machines_get_in_each_as_itself(
    server: ManagementServer,
) -> None:
    fleet = machines(server, 300)
    done: list[Enrolment] = []
    setup_key = server.add_setup_key(usage_limit=300)
    results = await enrolled(fleet, server, setup_key=setup_key, on_result=done.append)
    assert [(result.identity, result.meta) for result in results] == fleet
    for result in results:
        assert result.error is None
        assert result.login is not None
        assert result.login.peer_config is not None
        peer = server.peers[result.identity.public_key]
        assert result.login.peer_config.address == f"{peer.address}/16"
        assert peer.meta == result.meta
    assert len(server.peers) == len(done) == 300
    again = await enrolled(fleet[:20], server, setup_key=setup_key)
    assert [known.login for known in again] == [new.login for new in results[:20]]
    assert len(server.peers) == 300


async def test_no_failure_stops_the_others(server: ManagementServer) -> None:
    """Each machine has its own outcome: the key was made for two of five."""
    fleet = machines(server, 5)
    fleet[1] = (fleet[1][0], attrs.evolve(META, hostname=""))
    fleet[3] = (attrs.evolve(fleet[3][0], url="https://a.example"), META)
    setup_key = server.add_setup_key(usage_limit=2)
    results = await enrolled(fleet, server, setup_key=setup_key, concurrency=1)
    assert [type(result.error) for result in results] == [
        type(None),
        ConfigurationError,
        type(None),
        ConfigurationError,
        SetupKeyError,
    ]
    assert "belongs to https://a.example:443" in str(results[3].error)
    assert [result.login is None for result in results] == [0, 1, 0, 1, 1]
    assert len(server.peers) == 2


async def test_what_may_pass_is_tried_again_by_each(server: ManagementServer) -> None:
    fleet = machines(server, 20)
    server.fail_next("Login", grpc.StatusCode.UNAVAILABLE, times=30)
    results = await enrolled(fleet, server, concurrency=20)
    assert [result.error for result in results] == [None] * 20


async def test_a_restarted_server_takes_the_rest(server: ManagementServer) -> None:
    restarts: list[asyncio.Future[None]] = []

    def on_result(_result: Enrolment) -> None:
        if not restarts:
            restarts.append(asyncio.ensure_future(server.restart()))

    results = await enrolled(
        machines(server, 40), server, concurrency=4, on_result=on_result
    )
    await restarts[0]
    assert [result.error for result in results] == [None] * 40
    assert len(server.peers) == 40


@pytest.mark.parametrize("concurrency", [1, 7])
async def test_no_more_are_under_way_than_allowed(
    server: ManagementServer, concurrency: int
) -> None:
    flight = Flight()
    await enrolled(
        machines(server, 30),
        server,
        concurrency=concurrency,
        transport=Transport(interceptors=[flight]),
    )
    assert flight.most == concurrency
    assert len(server.peers) == 30


async def test_machines_are_taken_as_their_turn_comes(server: ManagementServer) -> None:
    """So that their keys can be made on the way, and ten thousand are no list."""
    taken = finished = ahead = 0

    def one_by_one() -> Iterator[tuple[Identity, PeerSystemMeta]]:
        nonlocal taken, ahead
        for machine in machines(server, 20):
            taken += 1
            ahead = max(ahead, taken - finished)
            yield machine

    def on_result(_result: Enrolment) -> None:
        nonlocal finished
        finished += 1

    await enrolled(one_by_one(), server, concurrency=3, on_result=on_result)
    assert (taken, finished, ahead) == (20, 20, 3)


async def test_the_first_ones_are_spread_over_time(server: ManagementServer) -> None:
    class Latest(Random):
        def uniform(self, a: float, b: float) -> float:
            return b

    loop = asyncio.get_running_loop()
    began = loop.time()
    await enrolled(machines(server, 3), server, spread=0.2, random=Latest())
    assert loop.time() - began >= 0.2
    assert len(server.peers) == 3


async def test_the_servers_key_can_be_pinned(server: ManagementServer) -> None:
    await enrolled(machines(server, 3), server, server_key=server.public_key)
    assert "GetServerKey" not in server.calls
    assert len(server.peers) == 3


async def test_nobody_is_no_fleet(server: ManagementServer) -> None:
    assert await enrolled([], server) == []
    assert not server.calls


@pytest.mark.parametrize(
    "how",
    [
        {"concurrency": 0},
        {"spread": -1},
        {"retry_for": -1},
        {"setup_key": "hunter2"},
    ],
    ids=str,
)
async def test_what_cannot_work_is_refused_before_any_traffic(
    server: ManagementServer, how: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError):
        await enrolled(machines(server, 1), server, **how)
    assert not server.calls


async def test_the_setup_key_never_travels_in_plaintext() -> None:
    identity = Identity(url="http://a.example", private_key=PrivateKey.generate())
    with pytest.raises(ConfigurationError, match="setup key would cross the network"):
        await enrol([(identity, META)], setup_key=str(uuid.uuid4()))


async def test_an_error_of_the_callers_own_ends_it(server: ManagementServer) -> None:
    def on_result(_result: Enrolment) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await enrolled(machines(server, 50), server, on_result=on_result)
    assert len(server.peers) < 50


async def test_it_can_be_cancelled(server: ManagementServer) -> None:
    reached = asyncio.Event()
    task = asyncio.ensure_future(
        enrolled(machines(server, 300), server, on_result=lambda _: reached.set())
    )
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(server.peers) < 300


async def run_example(*arguments: str, names: str, setup_key: str) -> tuple[int, str]:
    """Run examples/enrol_fleet.py; return its exit status and its sorted output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        EXAMPLE,
        *arguments,
        stdin=PIPE,
        stdout=PIPE,
        env={**os.environ, "NETBIRD_SETUP_KEY": setup_key},
    )
    output, _ = await process.communicate(names.encode())
    assert process.returncode is not None
    return process.returncode, "\n".join(sorted(output.decode().splitlines()))


async def test_the_example_enrols_once_and_tells_of_each(
    server: ManagementServer, tmp_path: Path
) -> None:
    setup_key = server.add_setup_key(usage_limit=2)
    arguments = ("--url", server.url, "--directory", str(tmp_path), "--agent-configs")
    first = await run_example(*arguments, names="web\ndb\nweb\n", setup_key=setup_key)
    again = await run_example(*arguments, names="db web", setup_key=setup_key)
    assert (
        first
        == again
        == (
            0,
            "\n".join(
                f"{peer.hostname} {peer.address}/16 {peer.fqdn}"
                for peer in sorted(
                    server.peers.values(), key=lambda peer: peer.hostname
                )
            ),
        )
    )
    assert sorted(os.listdir(tmp_path)) == [
        "db.agent.json",
        "db.json",
        "web.agent.json",
        "web.json",
    ]
    for name in ("db", "web"):
        identity = Identity.load(tmp_path / f"{name}.json")
        config = tmp_path / f"{name}.agent.json"
        assert Identity.from_agent_config(config) == identity
        assert server.peers[identity.public_key].hostname == name
    status, output = await run_example(*arguments, names="new", setup_key=setup_key)
    assert status == 1
    assert output.startswith("new FAILED: Login failed with NOT_FOUND")
