"""Runs random histories for as long as asked, on every processor.

python -m tests.simulation --seconds 600
python -m tests.simulation --session --replay 4711
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial

from . import history, machine
from .broken import Broken

CHUNK = 50
"""Histories that a process runs in one go."""


def main() -> int:
    arguments = parse()
    logging.disable(logging.CRITICAL)
    if arguments.replay is not None:
        return replay(arguments)
    count, broken = run(arguments)
    print(f"{count} histories, {broken} broken, from seed {arguments.seed} on")
    return 1 if broken else 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--session", action="store_true", help="whole sessions (default)")
    what.add_argument("--machine", action="store_true", help="the bare state machine")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to run")
    parser.add_argument("--seed", type=int, default=0, help="the first history")
    parser.add_argument("--replay", type=int, metavar="SEED", help="run only this one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def player(arguments: argparse.Namespace) -> Callable[[int], None]:
    return machine.play if arguments.machine else history.play


def replay(arguments: argparse.Namespace) -> int:
    try:
        player(arguments)(arguments.replay)
    except Broken as broken:
        print(broken)
        return 1
    print(f"history {arguments.replay} holds")
    return 0


def run(arguments: argparse.Namespace) -> tuple[int, int]:
    """Run histories until the time is up; return how many there were, and broke."""
    until = time.monotonic() + arguments.seconds
    play = partial(play_some, player(arguments))
    seed, count, broken = arguments.seed, 0, 0
    with ProcessPoolExecutor(arguments.jobs) as pool:
        running = {pool.submit(play, seed + i * CHUNK) for i in range(arguments.jobs)}
        seed += arguments.jobs * CHUNK
        while running:
            done = next(as_completed(running))
            running.remove(done)
            count += CHUNK
            for report in done.result():
                broken += 1
                print(report, flush=True)
            if time.monotonic() < until:
                running.add(pool.submit(play, seed))
                seed += CHUNK
    return count, broken


def play_some(play: Callable[[int], None], first: int) -> list[str]:
    reports = []
    logging.disable(logging.CRITICAL)
    for seed in range(first, first + CHUNK):
        try:
            play(seed)
        except Broken as broken:
            reports.append(str(broken))
    return reports


if __name__ == "__main__":
    sys.exit(main())
