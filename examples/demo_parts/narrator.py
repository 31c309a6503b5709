"""What the demo says, and the checks that must hold."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from typing import TextIO

__all__ = ["CheckFailed", "Narrator"]

WIDTH = 78


class CheckFailed(Exception):  # noqa: N818 - an outcome of the demo
    """Something did not come out as it should."""

    def __init__(self, what: str, *, expected: object, got: object) -> None:
        super().__init__(what)
        self.expected = str(expected)
        self.got = str(got)


class Narrator:
    """Prints the story at once, line by line, in colour only on a terminal."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._coloured = out.isatty() and "NO_COLOR" not in os.environ
        self._started = time.monotonic()
        self.steps = 0
        self.checks = 0

    @property
    def seconds(self) -> float:
        """How long the story has taken so far."""
        return time.monotonic() - self._started

    def title(self, text: str) -> None:
        """Say what this is."""
        self._print("")
        self._paragraph(text, "", style="1")

    def step(self, title: str, explanation: str) -> None:
        """Begin the next step."""
        self.steps += 1
        self._print("")
        self._print(f"{self.steps}  {title}", style="1")
        self.say(explanation)

    def say(self, text: str) -> None:
        """Explain something."""
        self._paragraph(text, "   ")

    def show(self, text: str) -> None:
        """Show something that happened."""
        self._paragraph(text, "   . ", style="2")

    def check(self, what: str, *, expected: object, got: object) -> None:
        """Show that `got` is as expected.

        Raises:
            CheckFailed: It is not.
        """
        if got != expected:
            raise CheckFailed(what, expected=expected, got=got)
        self.checks += 1
        result = "" if got is True else f": {got}"
        self._paragraph(what + result, "   ok  ", style="32")

    def failure(self, error: BaseException) -> None:
        """Say what went wrong in the step that is being told."""
        self._print("")
        what = str(error) or type(error).__name__
        self._paragraph(f"Step {self.steps} failed: {what}", "", style="31")
        if isinstance(error, CheckFailed):
            self._paragraph(error.expected, "   expected: ")
            self._paragraph(error.got, "   got:      ")

    def _paragraph(self, text: str, lead: str, style: str = "") -> None:
        for line in textwrap.wrap(
            text,
            WIDTH,
            initial_indent=lead,
            subsequent_indent=" " * len(lead),
            break_long_words=False,
            break_on_hyphens=False,
        ):
            self._print(line, style)

    def _print(self, line: str, style: str = "") -> None:
        if self._coloured and style:
            line = f"\033[{style}m{line}\033[0m"
        print(line, file=self._out, flush=True)
