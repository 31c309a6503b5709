"""An event loop that never waits: when nothing is ready, its clock jumps ahead.

Everything that asks the loop for the time works as ever: `asyncio.sleep`,
`asyncio.timeout`, `call_later`. A run depends on nothing but the program.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MOST_TURNS_AT_ONE_INSTANT: Final = 200_000
"""More turns of the loop than this without the clock moving are a busy loop."""


class Stuck(RuntimeError):
    """Nothing will ever happen again, or the program runs in circles."""


class _Clock(selectors.SelectSelector):
    """Waits by moving time; nothing outside the process is ever listened to."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.turns = 0
        """How often the loop has gone round."""
        self.due: dict[int, Callable[[], object]] = {}
        self._turns_here = 0

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        self.turns += 1
        if (callback := self.due.pop(self.turns, None)) is not None:
            callback()
            return []  # and perhaps there is something to do now
        if timeout is None:
            raise Stuck(
                "nothing is ready and no timer is set: this would wait for ever"
            )
        self._turns_here = self._turns_here + 1 if timeout <= 0 else 0
        if self._turns_here > MOST_TURNS_AT_ONE_INSTANT:
            self._turns_here = 0
            raise Stuck(f"a busy loop at {self.now:.3f} s")
        self.now += max(timeout, 0.0)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """See the module's docstring; `complaints` are the errors that nobody fetched."""

    def __init__(self) -> None:
        self._clock = _Clock()
        super().__init__(self._clock)
        self.complaints: list[str] = []
        self.set_exception_handler(self._complain)

    def time(self) -> float:
        return self._clock.now

    @property
    def turns(self) -> int:
        """How often the loop has gone round."""
        return self._clock.turns

    def at_turn(self, turn: int, callback: Callable[[], object]) -> None:
        """Call back when the loop goes round for the `turn`th time."""
        self._clock.due[turn] = callback

    def _complain(
        self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]
    ) -> None:
        self.complaints.append(
            f"{context.get('message')}: {context.get('exception')!r}"
        )


def run(scenario: Coroutine[Any, Any, T], *, collect: bool = True) -> T:
    """Run a scenario on virtual time; fail if it leaves a task or an error behind.

    `collect` looks for errors in forgotten objects, which takes some milliseconds.
    """
    loop: VirtualTimeLoop | None = None

    def make_loop() -> VirtualTimeLoop:
        nonlocal loop
        loop = VirtualTimeLoop()
        return loop

    async def leaving_nothing() -> T:
        result = await scenario
        await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, f"tasks left behind: {sorted(map(repr, left))}"
        return result

    with asyncio.Runner(loop_factory=make_loop, debug=False) as runner:
        result = runner.run(leaving_nothing())
        if collect:
            gc.collect()
        assert loop is not None
        assert not loop.complaints, loop.complaints
    return result


def on_virtual_time(
    scenario: Callable[P, Coroutine[Any, Any, None]],
) -> Callable[P, None]:
    """Make a plain test of an asynchronous one."""

    @functools.wraps(scenario)
    def test(*args: P.args, **kwargs: P.kwargs) -> None:
        run(scenario(*args, **kwargs))

    return test
