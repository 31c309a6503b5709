"""What is raised for a history that went wrong."""

from __future__ import annotations


class Broken(AssertionError):
    """A history broke a guarantee; says which, and how to see it again."""

    def __init__(self, kind: str, seed: int, violations: list[str]) -> None:
        lines = "\n  ".join(violations[:12])
        super().__init__(
            f"history {seed} broke {len(violations)} rule(s):\n  {lines}\n"
            f"replay it: python -m tests.simulation --{kind} --replay {seed}"
        )
