"""The bare state machine when its sink fails, and what bounds it."""

from __future__ import annotations

import attrs
import pytest

from netbird_sdk import _mapping_steps as steps
from netbird_sdk._mapping_slices import read_batch
from netbird_sdk._mapping_sync import MappingSync
from netbird_sdk.errors import ProtocolError
from netbird_sdk.models.proxy import ProxyMappingUpdateType
from simulation.bench import A, B, Bench, C, changed, describe
from simulation.versions import SERVES, batch


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def synced(bench: Bench) -> Bench:
    """A bench on which a and b are served."""
    bench.snapshot(A, B)
    return bench


def test_after_a_failed_commit_nothing_happens_until_the_next_stream(
    synced: Bench,
) -> None:
    synced.say(changed(A))
    synced.run(until="commit")
    synced.machine.failed()
    assert synced.run() == []
    synced.say(changed(B))  # still of the stream that was dropped
    assert synced.run() == []
    assert synced.machine.next_retry is None
    synced.connect()
    assert synced.run() == []
    synced.say(B)
    assert synced.run() == ["upsert a", "commit True", "ack 1"]


def test_removals_without_a_commit_are_committed_later(synced: Bench) -> None:
    synced.say("a")
    synced.run(until="commit")
    synced.machine.failed()
    assert synced.snapshot(B) == ["commit True", "ack 1", "synced"]


def test_a_removal_without_a_commit_is_committed_before_it_is_told_again(
    synced: Bench,
) -> None:
    synced.say("a")
    synced.run(until="commit")
    synced.machine.failed()
    assert synced.snapshot(A, B) == [
        "commit True",
        "upsert a",
        "commit True",
        "ack 1",
        "synced",
    ]


def test_the_complete_commit_waits_for_what_has_to_wait_for_a_removal(
    bench: Bench,
) -> None:
    bench.connect()
    bench.say(A)
    bench.run()
    bench.say("a")
    bench.run(until="commit")
    bench.machine.failed()
    assert bench.snapshot(A)[:3] == ["commit False", "upsert a", "commit True"]


def test_a_removal_that_failed_half_way_is_in_doubt(synced: Bench) -> None:
    synced.say("a")
    synced.run(until="remove a")
    synced.machine.failed()
    assert synced.snapshot(A, B) == ["upsert a", "commit True", "ack 1", "synced"]


def test_what_is_rejected_when_told_again_is_not_taken_for_served(
    bench: Bench,
) -> None:
    bench.connect()
    bench.say(A)
    bench.run(until="commit")
    bench.machine.failed()
    bench.unwelcome["a"] = "not today"
    bench.snapshot(A, B)
    bench.unwelcome.clear()
    bench.now = 10.0
    assert bench.run() == ["upsert a", "commit True"]


def test_what_was_told_before_a_failed_commit_is_told_again_though_nothing_changed(
    synced: Bench,
) -> None:
    synced.say(changed(A))
    synced.run(until="commit")
    synced.machine.failed()  # the new version may be in effect
    synced.connect()
    synced.say(A, B, complete=True)
    synced.run(until="commit")
    synced.machine.failed()  # and may still be, though the old one was told again
    assert synced.snapshot(A, B) == ["upsert a", "commit True", "ack 1", "synced"]


def test_what_a_failed_commit_carried_may_be_in_effect(bench: Bench) -> None:
    bench.connect()
    bench.say(A)
    bench.run(until="commit")
    bench.machine.failed()  # a, open to everybody, may be served or not
    bench.unloadable["a"] = "no"
    bench.snapshot(changed(A))
    bench.say(attrs.evolve(A, password=True))
    assert "remove a" in bench.run()


# Bounds.


def test_more_services_than_allowed() -> None:
    bench = Bench(max_services=2)
    bench.connect()
    with pytest.raises(ProtocolError, match="more than 2 services"):
        bench.say(A, B, C)
    bench.run()
    assert bench.holds.keys() == {"a", "b"}


def test_services_gone_meanwhile_do_not_count_against_a_new_snapshot() -> None:
    bench = Bench(max_services=2)
    bench.snapshot(A, B)
    assert bench.snapshot(B, C)[0] == "remove a"
    assert bench.holds.keys() == {"b", "c"}


def test_snapshots_cut_short_cannot_grow_the_table_without_bound() -> None:
    bench = Bench(max_services=2)
    for i in range(10):
        bench.connect()
        with pytest.raises(ProtocolError):
            bench.say(*(attrs.evolve(A, id=f"{i}-{n}") for n in range(3)))
    assert bench.machine.services <= 4


def test_a_restored_table_is_served_and_reconciled() -> None:
    slices, _ = read_batch(
        batch([A.wire(ProxyMappingUpdateType.CREATED, b"")], complete=True), ""
    )
    bench = Bench()
    bench.machine.restore(slices)
    assert bench.run() == ["upsert a", "commit True", "synced"]
    assert bench.snapshot(A) == ["ack 1", "synced"]
    assert bench.snapshot(B)[:2] == ["remove a", "upsert b"]


def test_several_upserts_may_be_under_way() -> None:
    machine = MappingSync(refusal=SERVES.refusal)
    machine.connected(acks=True)
    wire = [v.wire(ProxyMappingUpdateType.CREATED, b"t") for v in (A, B)]
    machine.received(*read_batch(batch(wire, complete=True), ""))
    first, second = machine.step(0.0), machine.step(0.0)
    assert isinstance(first, steps.Upsert)
    assert isinstance(second, steps.Upsert)
    assert machine.step(0.0) is None
    machine.accepted(second)
    assert machine.step(0.0) is None
    machine.accepted(first)
    commit = machine.step(0.0)
    assert commit is not None
    assert describe(commit) == "commit True"
