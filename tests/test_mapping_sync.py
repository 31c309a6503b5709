"""The state machine behind a mapping session: each guarantee and each trap by hand."""

from __future__ import annotations

import attrs
import pytest
from simulation.bench import Bench, describe
from simulation.versions import SERVES, Version, batch, field

from netbird_sdk import _mapping_steps as steps
from netbird_sdk._mapping_slices import read_batch
from netbird_sdk._mapping_sync import MappingSync
from netbird_sdk.errors import ProtocolError
from netbird_sdk.models.proxy import ProxyMappingUpdateType

A = Version(id="a", domain="a.example.com")
B = Version(id="b", domain="b.example.com")
C = Version(id="c", domain="c.example.com")


def changed(version: Version) -> Version:
    return attrs.evolve(version, revision=version.revision + 1)


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


# 6. A bad mapping hurts only itself.


def test_a_rejected_mapping_is_reported_and_the_others_served(bench: Bench) -> None:
    bench.unwelcome["a"] = "bad target"
    log = bench.snapshot(A, B)
    assert log == ["upsert a", "reject a", "upsert b", "commit True", "ack 1", "synced"]
    (reject,) = bench.rejects
    assert (reject.reason, reject.account_id) == ("bad target", "account")
    assert (reject.still_served, reject.refused, reject.news) == (False, False, True)


def test_a_damaged_mapping_hurts_only_itself(synced: Bench) -> None:
    synced.say(attrs.evolve(A, damaged=True), C)
    log = synced.run()
    assert log == [
        "reject a",
        "upsert c",
        "commit True",
        "remove a",
        "commit True",
        "ack 1",
    ]
    assert synced.rejects[0].refused


def test_a_refused_mapping_removes_the_older_version(synced: Bench) -> None:
    synced.say(attrs.evolve(A, mode="quic"))
    assert synced.run() == ["reject a", "remove a", "commit True", "ack 1"]
    (reject,) = synced.rejects
    assert "mode 'quic'" in reject.reason
    assert "declare" in reject.reason
    assert (reject.refused, reject.still_served) == (True, False)


def test_a_refused_mapping_is_looked_at_again_only_when_it_changes(
    bench: Bench,
) -> None:
    bench.snapshot(attrs.evolve(A, mode="quic"))
    assert bench.machine.next_retry is None
    bench.now = 1000.0
    assert bench.run() == []
    bench.say(A)
    assert bench.run() == ["upsert a", "commit True", "ack 1"]


def test_a_removal_that_failed_is_repeated_though_the_version_is_refused(
    synced: Bench,
) -> None:
    refused = attrs.evolve(A, mode="quic")
    synced.say(refused)
    synced.run(until="remove a")
    synced.machine.failed()
    assert synced.run() == []
    # Management repeats what is refused: no news, and yet the old version must go.
    assert synced.snapshot(refused, B)[:2] == ["remove a", "commit True"]
    assert synced.holds.keys() == {"b"}


RULES = [
    attrs.evolve(A, password=True),
    attrs.evolve(A, cidrs=("10.0.0.0/8",)),
    attrs.evolve(A, private=True),
]


@pytest.mark.parametrize("new", RULES, ids=["auth", "restrictions", "private"])
@pytest.mark.parametrize("found", ["upsert", "commit"])
def test_the_old_version_goes_when_its_access_rules_changed(
    synced: Bench, new: Version, found: str
) -> None:
    (synced.unwelcome if found == "upsert" else synced.unloadable)["a"] = "no"
    synced.say(new)
    log = synced.run()
    assert log.index("remove a") < log.index("ack 1")
    # No commit carries the removal and the new version: if it brought back what was
    # there before, that would be the old version.
    assert log[log.index("remove a") + 1] == "commit True"
    assert not synced.rejects[0].still_served


@pytest.mark.parametrize("found", ["upsert", "commit"])
def test_the_old_version_stays_when_its_access_rules_did_not_change(
    synced: Bench, found: str
) -> None:
    (synced.unwelcome if found == "upsert" else synced.unloadable)["a"] = "no"
    synced.say(changed(A))
    log = synced.run()
    assert "remove a" not in log
    assert log[-1] == "ack 1"
    assert synced.rejects[0].still_served


def test_rejected_at_commit_without_an_older_version(bench: Bench) -> None:
    bench.unloadable["a"] = "no"
    bench.snapshot(A)
    assert not bench.rejects[0].still_served


def test_a_version_found_bad_after_it_was_served_is_served_no_longer(
    synced: Bench,
) -> None:
    synced.unloadable["a"] = "upstream gone"
    synced.say(changed(B))
    synced.run()
    (reject,) = synced.rejects
    assert (reject.service_id, reject.still_served) == ("a", False)


def test_a_rejection_of_what_the_sink_was_not_given_is_returned(synced: Bench) -> None:
    synced.say(changed(A))
    synced.run(until="commit")
    assert synced.machine.rejected_at_commit({"x": "?"}, 0.0) == ["x"]


def waits(bench: Bench) -> list[float]:
    """Let time pass from one retry to the next."""
    found = []
    for _ in range(8):
        due = bench.machine.next_retry
        assert due is not None
        found.append(due - bench.now)
        bench.now = due
        bench.run()
    return found


@pytest.mark.parametrize("found", ["upsert", "commit"])
def test_retries_back_off_from_ten_seconds_to_five_minutes(
    bench: Bench, found: str
) -> None:
    (bench.unwelcome if found == "upsert" else bench.unloadable)["a"] = "no"
    bench.snapshot(A)
    assert waits(bench) == [10, 20, 40, 80, 160, 300, 300, 300]
    assert [reject.news for reject in bench.rejects] == [True] + [False] * 8


def test_the_wait_begins_when_the_call_came_back(bench: Bench) -> None:
    bench.connect()
    bench.say(A)
    bench.run(until="upsert a")
    step = bench.pending
    assert isinstance(step, steps.Upsert)
    bench.now = 120.0  # it overran its limit
    bench.resume(lambda _: bench.machine.rejected(step, "took too long", bench.now))
    assert bench.machine.next_retry == 130.0


def test_nothing_is_due_while_calls_are_under_way(bench: Bench) -> None:
    bench.unwelcome["a"] = "no"
    bench.snapshot(A)
    bench.say(B)
    bench.run(until="upsert b")
    bench.now = 60.0
    assert bench.step() is None  # several upserts may be under way
    assert bench.machine.next_retry is None  # else the caller would not wait


def test_a_removal_gives_the_rejected_another_try(synced: Bench) -> None:
    synced.unwelcome["c"] = "no"
    synced.say(C)
    synced.run()
    synced.unwelcome.clear()
    synced.say("b")
    assert synced.run()[:3] == ["remove b", "upsert c", "commit True"]


def test_the_end_of_a_snapshot_gives_the_rejected_another_try(synced: Bench) -> None:
    synced.unwelcome["c"] = "no"
    synced.say(C)
    synced.run()
    synced.unwelcome.clear()
    assert synced.snapshot(A, B, C)[:2] == ["upsert c", "commit True"]


def test_a_domain_that_was_given_up_is_tried_at_once(synced: Bench) -> None:
    synced.exclusive = True
    synced.say(attrs.evolve(C, domain=A.domain))
    synced.say(attrs.evolve(A, domain="new.example.com"))
    assert "reject c" in synced.run()
    assert synced.holds["c"].domain == A.domain


@pytest.mark.parametrize("count", [2, 3])
def test_services_that_pass_their_domains_on_in_a_circle(
    bench: Bench, count: int
) -> None:
    bench.exclusive = True
    ring = [A, B, C][:count]
    bench.snapshot(*ring)
    moved = [
        attrs.evolve(version, domain=ring[(i + 1) % count].domain)
        for i, version in enumerate(ring)
    ]
    for version in moved:
        bench.say(version)
        bench.run()
    assert {m.id: m.domain for m in bench.holds.values()} == {
        version.id: version.domain for version in moved
    }


def test_the_version_that_is_in_the_way_of_another_makes_way(synced: Bench) -> None:
    synced.exclusive = True
    synced.unwelcome["a"] = "its new domain is bad"
    synced.say(attrs.evolve(A, domain="bad.example.com"))
    synced.run()
    assert synced.holds["a"].domain == A.domain
    synced.say(attrs.evolve(C, domain=A.domain))
    synced.run()
    assert synced.holds["c"].domain == A.domain
    assert "a" not in synced.holds


# Failures of the sink.


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
    slices, _ = read_batch(batch([A.wire(ProxyMappingUpdateType.CREATED, b"")], complete=True), "")
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
