"""Thousands of random histories: after the dust settles the sink equals the server.

To run them for longer, or one of them again: `python -m tests.simulation --help`.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator

import pytest

from simulation import history, machine, virtual_time
from simulation.broken import Broken
from simulation.ledger import Ledger

SESSIONS = 2000
MACHINES = 400
CHUNK = 100


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Log nothing: a history is made of warnings."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def play(one: Callable[[int], None], first: int) -> None:
    for seed in range(first, first + CHUNK):
        one(seed)
    gc.collect()  # an error that nobody fetched becomes a warning, and fails the test


@pytest.mark.parametrize("first", range(0, SESSIONS, CHUNK))
def test_sessions(first: int) -> None:
    play(history.play, first)


@pytest.mark.parametrize("first", range(0, MACHINES, CHUNK))
def test_bare_state_machines(first: int) -> None:
    play(machine.play, first)


def test_the_same_seed_is_the_same_history() -> None:
    calls = []
    for _ in range(2):
        one = history.History(7)
        virtual_time.run(one.run())
        calls.append((one.ledger.calls, len(one.events), len(one.server.streams)))
    assert calls[0] == calls[1]


def test_a_broken_history_says_how_to_replay_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        Ledger, "check_served", lambda ledger, *_: ledger.breach("made up")
    )
    with pytest.raises(Broken, match=r"python -m tests.simulation --session --replay"):
        play(history.play, 0)
