"""The state machine behind a mapping session: each guarantee and each trap by hand."""

from __future__ import annotations

import attrs
import pytest

from netbird_sdk import _mapping_steps as steps
from netbird_sdk.errors import ProtocolError
from netbird_sdk.models.proxy import ProxyMappingUpdateType
from simulation.bench import A, B, Bench, C, changed
from simulation.versions import Version, field


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def synced(bench: Bench) -> Bench:
    """A bench on which a and b are served."""
    bench.snapshot(A, B)
    return bench


# 1. Ack means applied.


def test_a_message_is_acked_after_its_commit(bench: Bench) -> None:
    bench.connect()
    bench.say(A)
    assert bench.run() == ["upsert a", "commit False", "ack 1"]


def test_a_message_that_changes_nothing_is_acked_without_a_sink_call(
    synced: Bench,
) -> None:
    synced.say(A)
    synced.say("unknown")
    assert synced.run() == ["ack 2"]


def test_messages_that_arrive_during_a_commit_wait_for_the_next(synced: Bench) -> None:
    synced.say(changed(A))
    synced.run(until="commit")
    synced.say(changed(B))
    synced.say(B)
    assert synced.resume() == ["commit True", "ack 1", "ack 2"]


def test_a_superseded_upsert_that_was_rejected_holds_its_ack_back(
    synced: Bench,
) -> None:
    closed = attrs.evolve(A, password=True)
    synced.say(closed)
    synced.run(until="upsert a")
    synced.say(changed(closed))
    step = synced.pending
    assert isinstance(step, steps.Upsert)
    told = synced.resume(lambda _: synced.machine.rejected(step, "no", 0.0))
    # The old version, open to everybody, was in effect until the second upsert.
    assert told == ["upsert a", "upsert a", "commit True", "ack 1", "ack 1"]


def test_an_upsert_superseded_by_a_removal_holds_its_ack_back(synced: Bench) -> None:
    synced.say(changed(B))
    synced.say(changed(A))
    synced.run(until="upsert b")
    synced.say("a")
    assert synced.resume() == [
        "upsert b",
        "commit True",
        "remove a",
        "commit True",
        "ack 2",
        "ack 1",
    ]


def test_acks_owed_to_an_earlier_stream_are_void(bench: Bench) -> None:
    bench.connect()
    bench.say(A)
    bench.run(until="commit")
    bench.connect()
    bench.say(B)
    assert bench.resume() == ["commit False", "upsert b", "commit False", "ack 1"]


def test_a_stream_without_acks_gets_none(bench: Bench) -> None:
    bench.connect(acks=False)
    bench.say(A)
    assert bench.run() == ["upsert a", "commit False"]


def test_a_version_that_may_not_stay_is_gone_before_the_ack(synced: Bench) -> None:
    synced.unwelcome["a"] = "no"
    synced.say(attrs.evolve(A, password=True))
    assert synced.run()[:5] == [
        "upsert a",
        "reject a",
        "remove a",
        "commit True",
        "upsert a",
    ]
    assert "a" not in synced.holds


# 2. Order.


def test_removals_come_before_upserts(synced: Bench) -> None:
    synced.say(C)
    synced.say("a")
    assert synced.run() == ["remove a", "upsert c", "commit True", "ack 2"]


def test_upserts_come_in_the_order_of_their_newest_message(bench: Bench) -> None:
    bench.connect()
    bench.say(A, B, C)
    bench.say(changed(A))
    assert bench.run()[:3] == ["upsert b", "upsert c", "upsert a"]


def test_what_changes_during_a_turn_takes_its_new_place(bench: Bench) -> None:
    bench.connect()
    bench.say(A, B, C)
    bench.run(until="upsert a")
    bench.say(changed(B))
    assert bench.resume()[:3] == ["upsert a", "upsert c", "upsert b"]


def test_states_in_between_are_left_out(synced: Bench) -> None:
    synced.say(changed(A))
    synced.say(changed(changed(A)))
    assert synced.run() == ["upsert a", "commit True", "ack 2"]
    assert synced.told[-1] == changed(changed(A)).model


def test_created_and_removed_before_the_sink_saw_it(synced: Bench) -> None:
    synced.say(C)
    synced.say("c")
    assert synced.run() == ["ack 2"]
    assert synced.machine.services == 2


def test_removed_and_created_again_before_the_sink_saw_it(synced: Bench) -> None:
    synced.say("a")
    synced.say(A)
    assert synced.run() == ["ack 2"]


def test_removed_while_its_first_upsert_is_under_way(bench: Bench) -> None:
    bench.connect()
    bench.say(A)
    bench.run(until="upsert a")
    bench.say("a")
    assert bench.resume() == [
        "upsert a",
        "commit False",
        "ack 1",
        "remove a",
        "commit False",
        "ack 1",
    ]


# 3. Nothing is removed on a guess.


def test_a_lost_stream_removes_nothing(synced: Bench) -> None:
    synced.connect()
    assert synced.run() == []


def test_a_snapshot_cut_short_removes_nothing(synced: Bench) -> None:
    synced.connect()
    synced.say(A)
    assert synced.run() == ["ack 1"]
    synced.connect()
    assert synced.run() == []
    assert synced.holds.keys() == {"a", "b"}


def test_what_a_complete_snapshot_lacks_is_removed_once(synced: Bench) -> None:
    assert synced.snapshot(B) == ["remove a", "commit True", "ack 1", "synced"]
    assert synced.snapshot(B) == ["ack 1", "synced"]


def test_services_are_told_apart_by_id_and_not_by_domain(synced: Bench) -> None:
    namesake = attrs.evolve(C, domain=A.domain)
    assert synced.snapshot(A, B, namesake)[:2] == ["upsert c", "commit True"]
    synced.say("a")
    synced.run()
    assert synced.holds.keys() == {"b", "c"}


def test_a_service_that_is_gone_goes_though_another_has_its_domain(
    synced: Bench,
) -> None:
    heir = attrs.evolve(C, domain=A.domain)
    assert synced.snapshot(B, heir)[:2] == ["remove a", "upsert c"]


def test_what_comes_after_a_snapshot_does_not_end_it_again(synced: Bench) -> None:
    synced.say(A, complete=True)
    assert synced.run() == ["ack 1"]
    assert synced.holds.keys() == {"a", "b"}


def test_removed_twice(synced: Bench) -> None:
    synced.say("a")
    synced.say("a")
    assert synced.run() == ["remove a", "commit True", "ack 2"]


def test_the_first_complete_commit_is_called_for_an_empty_table(bench: Bench) -> None:
    assert bench.snapshot() == ["commit True", "ack 1", "synced"]
    assert bench.snapshot() == ["ack 1", "synced"]


def test_commits_are_incomplete_until_a_snapshot_was_whole(bench: Bench) -> None:
    bench.connect()
    bench.say(A)
    assert "commit False" in bench.run()
    bench.say(B, complete=True)
    assert "commit True" in bench.run()
    bench.say(C)
    assert "commit True" in bench.run()


def test_no_second_complete_commit_when_a_removal_follows(bench: Bench) -> None:
    bench.unloadable["a"] = "no"
    log = bench.snapshot(A)
    assert log == ["upsert a", "commit True", "reject a", "ack 1", "synced"]


# 4. Quiet resync.


def test_an_unchanged_table_costs_no_sink_call(synced: Bench) -> None:
    assert synced.snapshot(B, A, token="fresh") == ["ack 1", "synced"]
    assert synced.synced == steps.Synced(services=2, unchanged=2)


def test_modified_before_is_created_now(bench: Bench) -> None:
    bench.connect()
    bench.say(A, kind=ProxyMappingUpdateType.MODIFIED, complete=True)
    bench.run()
    assert bench.snapshot(A) == ["ack 1", "synced"]
    assert bench.told[-1].type is ProxyMappingUpdateType.CREATED


def entries(version: Version, *numbers: int) -> bytes:
    """Write a mapping with map entries in a given order."""
    headers = [field(4, field(1, b"X-%d" % i) + field(2, b"v")) for i in numbers]
    path = field(1, b"/") + field(3, b"".join(headers))
    return field(2, version.id.encode()) + field(5, path)


def test_the_order_of_map_entries_is_no_difference(bench: Bench) -> None:
    bench.connect()
    bench.say(entries(A, 1, 2, 3), complete=True)
    bench.run()
    bench.connect()
    bench.say(entries(A, 3, 1, 2), complete=True)
    assert bench.run() == ["ack 1", "synced"]


def test_removed_and_created_with_reordered_map_entries(bench: Bench) -> None:
    bench.connect()
    bench.say(entries(A, 1, 2, 3), complete=True)
    bench.run()
    bench.say("a")
    bench.say(entries(A, 3, 1, 2))
    assert bench.run() == ["ack 2"]


def test_a_changed_map_value_is_a_difference(bench: Bench) -> None:
    bench.connect()
    bench.say(entries(A, 1, 2), complete=True)
    bench.run()
    bench.say(entries(A, 1, 3))
    assert bench.run() == ["upsert a", "commit True", "ack 1"]


def test_the_newest_token_goes_out_with_a_retry(bench: Bench) -> None:
    bench.unwelcome["a"] = "not yet"
    bench.connect()
    bench.say(A, complete=True, token="first")
    bench.run()
    bench.say(A, token="second")
    bench.run()
    bench.unwelcome.clear()
    bench.now = 100.0
    assert bench.run() == ["upsert a", "commit True"]
    assert [m.auth_token for m in bench.told] == ["first", "second"]


def test_a_snapshot_is_counted_by_what_was_news_and_what_was_not(bench: Bench) -> None:
    machine = bench.machine
    for versions, counts in (((A, B), (2, 0, 0)), ((A,), (0, 1, 1))):
        bench.snapshot(*versions)
        assert bench.synced is not None
        synced = bench.synced
        assert (synced.upserted, synced.unchanged, synced.removed) == counts
    assert (machine.upserted, machine.unchanged, machine.removed) == (2, 1, 1)


def test_a_long_token_is_no_difference_either(bench: Bench) -> None:
    """From 128 bytes on its length takes two bytes on the wire."""
    bench.snapshot(A, token="x" * 200)
    assert bench.snapshot(A, token="y" * 200) == ["ack 1", "synced"]
    assert bench.snapshot(A, token="z" * 127) == ["ack 1", "synced"]


def test_changes_and_departures_do_not_count_against_the_limit() -> None:
    bench = Bench(max_services=2)
    bench.snapshot(A, B)
    for revision in range(1, 6):
        bench.say(attrs.evolve(A, revision=revision))
    bench.say("b", "b")
    bench.say(C)
    with pytest.raises(ProtocolError, match="more than 2 services"):
        bench.say(B)
