"""Guarantee 6, on the bare state machine: a bad mapping hurts only itself."""

from __future__ import annotations

import attrs
import pytest

from netbird_sdk import _mapping_steps as steps
from simulation.bench import A, B, Bench, C, changed
from simulation.versions import Version


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def synced(bench: Bench) -> Bench:
    """A bench on which a and b are served."""
    bench.snapshot(A, B)
    return bench


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


def test_an_older_version_stays_if_it_is_wanted_again_before_it_went(
    synced: Bench,
) -> None:
    synced.say(attrs.evolve(A, mode="quic"), C)
    synced.run(until="commit")
    synced.say(A)
    log = synced.resume()
    assert log == ["commit True", "ack 1", "ack 1"]
    assert synced.holds.keys() == {"a", "b", "c"}


def test_a_version_wanted_again_while_it_is_removed_comes_back(synced: Bench) -> None:
    synced.say(attrs.evolve(A, mode="quic"))
    synced.run(until="remove a")
    synced.say(A)
    synced.resume()
    assert synced.holds.keys() == {"a", "b"}


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
