"""A session with a state file: what survives a restart without management."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from live import (
    ADDRESS,
    QUICKLY,
    Events,
    Sink,
    client_of,
    mapping,
    mappings,
)
from netbird_sdk import (
    Disconnected,
    MappingRejected,
    MappingTable,
    ProxyClient,
    Serves,
    StateFile,
    StateIgnored,
    StateRestored,
    Synced,
)
from netbird_sdk._mapping_sync import MappingSync
from netbird_sdk._state_keeper import StateKeeper
from netbird_sdk.models.proxy import AccessRestrictions
from netbird_sdk.testing import ManagementServer


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer(batch_size=3) as server:
        yield server


@pytest.fixture
async def client(server: ManagementServer) -> AsyncIterator[ProxyClient]:
    async with client_of(server) as client:
        yield client


@pytest.fixture
def state(tmp_path: Path) -> StateFile:
    return StateFile(path=tmp_path / "mappings.state")


@pytest.fixture
def events() -> Events:
    return Events()


async def keep_a_table(
    server: ManagementServer, client: ProxyClient, state: StateFile, count: int = 5
) -> None:
    """Let a first session keep the server's table, and take the server down."""
    await server.put(*mappings(count))
    async with client.sync_mappings(MappingTable(), state=state) as session:
        await session.wait_synced()
    await server.stop()


async def test_a_restart_without_management_serves_the_last_table(
    server: ManagementServer, client: ProxyClient, state: StateFile, events: Events
) -> None:
    await keep_a_table(server, client, state)
    sink = Sink()
    session = client.sync_mappings(sink, state=state, backoff=QUICKLY, on_event=events)
    async with session:
        await sink.until_serving(server)
        await events.first(Disconnected)
        assert sink.complete
        assert sink.calls[-1] == "commit, complete"
        assert sink.calls.count("commit, complete") == 1
    restored = StateRestored(path=str(state.path), services=5)
    assert events.all[0] == restored
    assert not events.of(Synced)


async def test_an_unchanged_table_is_reconciled_without_a_sink_call(
    server: ManagementServer, client: ProxyClient, state: StateFile, events: Events
) -> None:
    await keep_a_table(server, client, state)
    sink = Sink()
    session = client.sync_mappings(sink, state=state, backoff=QUICKLY, on_event=events)
    async with session:
        await sink.until_serving(server)
        sink.calls.clear()
        await server.start()
        synced = await events.first(Synced)
        assert (synced.upserted, synced.removed, synced.unchanged) == (0, 0, 5)
        assert sink.calls == []


async def test_only_differences_are_told_when_management_is_back(
    server: ManagementServer, client: ProxyClient, state: StateFile
) -> None:
    await keep_a_table(server, client, state)
    await server.delete("service-0")
    await server.put(mapping("new"), mapping("service-1", domain="moved.example.com"))
    sink = Sink()
    session = client.sync_mappings(sink, state=state, backoff=QUICKLY)
    async with session:
        await sink.until(lambda: len(sink.served) == 5)
        sink.calls.clear()
        await server.start()
        await sink.until_serving(server)
    told = {call for call in sink.calls if not call.startswith("commit")}
    assert told == {"upsert new", "upsert service-1", "remove service-0"}


async def test_a_table_that_is_not_confirmed_does_not_get_younger(
    server: ManagementServer, client: ProxyClient, state: StateFile
) -> None:
    """Else a table could be served for ever, if only the process restarts often."""
    await keep_a_table(server, client, state)
    kept = state.path.read_bytes()
    for _ in range(2):
        sink = Sink()
        session = client.sync_mappings(sink, state=state, backoff=QUICKLY)
        async with session:
            await sink.until_serving(server)
        assert state.path.read_bytes() == kept


async def test_what_it_holds_passes_the_same_refusals(
    server: ManagementServer, client: ProxyClient, state: StateFile, events: Events
) -> None:
    rules = AccessRestrictions(allowed_cidrs=["10.0.0.0/8"])
    await server.put(mapping("web", access_restrictions=rules), mapping("plain"))
    table = MappingTable()
    able = Serves(cidr_rules=True)
    async with client.sync_mappings(table, serves=able, state=state) as session:
        await session.wait_synced()
    assert set(table.mappings) == {"web", "plain"}
    await server.stop()
    sink = Sink()
    session = client.sync_mappings(sink, state=state, on_event=events)
    async with session:
        await sink.until(lambda: sink.complete)
        assert set(sink.served) == {"plain"}
        assert (await events.first(MappingRejected)).refused


async def test_the_file_holds_no_token_and_only_its_owner_reads_it(
    server: ManagementServer, state: StateFile
) -> None:
    await server.put(*mappings(5))
    token = server.add_proxy_token()
    sink = Sink()
    async with (
        client_of(server, token=token) as client,
        client.sync_mappings(sink, state=state) as session,
    ):
        await session.wait_synced()
    content = state.path.read_bytes()
    secrets = [token, *(m.auth_token for m in sink.served.values())]
    assert all(secrets)
    assert not [secret for secret in secrets if secret.encode() in content]
    assert state.path.stat().st_mode & 0o777 == 0o600


async def test_a_snapshot_cut_short_does_not_replace_the_last_whole_table(
    server: ManagementServer, client: ProxyClient, state: StateFile
) -> None:
    await keep_a_table(server, client, state, count=7)
    kept = state.path.read_bytes()
    await server.start()
    await server.put(*mappings(7, revision=1))
    sink = Sink()
    session = client.sync_mappings(sink, state=StateFile(path=state.path))
    async with session:
        await sink.until(lambda: sink.complete)  # what the file holds
        sink.may_commit.clear()
        await server.wait_until(lambda s: s.streams and s.streams[0].messages == 1)
        await server.stop()
        sink.may_commit.set()
    assert state.path.read_bytes() == kept


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda p: p.unlink(), "there is none yet"),
        (lambda p: p.write_bytes(b""), "no table of mappings, or damaged"),
        (lambda p: p.write_bytes(p.read_bytes()[:-1]), "damaged or was cut short"),
        (lambda p: p.write_bytes(b"#!/bin/sh\n" * 50), "no table of mappings"),
        (
            lambda p: p.write_bytes(p.read_bytes().replace(b"pings 1", b"pings 9")),
            "its format is 'netbird-sdk mappings 9'",
        ),
        (lambda p: (p.unlink(), p.mkdir()), "Is a directory"),
    ],
)
async def test_a_file_of_no_use_is_reported_and_replaced(  # noqa: PLR0917
    server: ManagementServer,
    client: ProxyClient,
    state: StateFile,
    events: Events,
    damage: Any,
    reason: str,
) -> None:
    await keep_a_table(server, client, state)
    damage(state.path)
    await server.start()
    sink = Sink()
    session = client.sync_mappings(sink, state=state, on_event=events)
    async with session:
        await session.wait_synced()
    ignored = events.all[0]
    assert isinstance(ignored, StateIgnored)
    assert reason in ignored.reason
    assert sink.served == server.mappings
    if state.path.is_file():
        again = Events()
        async with client.sync_mappings(Sink(), state=state, on_event=again) as session:
            await session.wait_synced()
        assert isinstance(again.all[0], StateRestored)


async def test_the_table_of_another_cluster_is_not_used(
    server: ManagementServer, client: ProxyClient, state: StateFile, events: Events
) -> None:
    await keep_a_table(server, client, state)
    await server.start()
    async with client_of(server, address="other.example.com") as other:
        session = other.sync_mappings(Sink(), state=state, on_event=events)
        async with session:
            await session.wait_synced()
    (ignored,) = events.of(StateIgnored)
    assert ADDRESS in ignored.reason


async def test_a_table_that_is_too_old_is_not_used(
    server: ManagementServer, client: ProxyClient, state: StateFile, events: Events
) -> None:
    await keep_a_table(server, client, state)
    await server.start()
    strict = StateFile(path=state.path, max_age=1e-9)
    session = client.sync_mappings(Sink(), state=strict, on_event=events)
    async with session:
        await session.wait_synced()
    assert "which is more than 1e-09 s" in events.of(StateIgnored)[0].reason


async def test_a_file_that_cannot_be_written_does_no_harm(
    server: ManagementServer,
    client: ProxyClient,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    directory = tmp_path / "short-lived"
    directory.mkdir()
    state = StateFile(path=directory / "mappings.state")
    directory.rmdir()
    sink = Sink()
    await server.put(*mappings(3))
    async with client.sync_mappings(sink, state=state) as session:
        await session.wait_synced()
    assert sink.served == server.mappings
    assert "cannot write" in caplog.text


async def saved_when_renewed(path: Path, stale_for: float | None) -> float | None:
    """Let a keeper renew its file at the time 5000; return what the file says."""
    asked = asyncio.Event()

    def stale() -> float | None:
        asked.set()
        return stale_for

    # Renewed 24 times within the age: a thousandth of a second from now.
    state = StateFile(path=path, max_age=0.024)
    keeper = StateKeeper(state, "cluster", lambda: 5000.0, stale)
    running = asyncio.ensure_future(keeper.run(MappingSync()))
    await asked.wait()
    running.cancel()  # a write under way is finished first
    await asyncio.wait({running})
    return saved_at(path)


def saved_at(path: Path) -> float | None:
    if not path.exists():
        return None
    head: dict[str, float] = json.loads(path.read_bytes().partition(b"\n")[0])
    return head["saved"]


@pytest.mark.parametrize(
    ("stale_for", "saved"), [(0.0, 5000.0), (90.0, 4910.0), (None, None)]
)
async def test_a_table_that_does_not_change_is_renewed_with_its_true_age(
    tmp_path: Path, stale_for: float | None, saved: float | None
) -> None:
    """Else the most stable tables would be the first to be too old."""
    assert await saved_when_renewed(tmp_path / "state", stale_for) == saved
