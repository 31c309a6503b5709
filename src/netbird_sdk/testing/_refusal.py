"""How a handler says no."""

from __future__ import annotations

from grpc import StatusCode

__all__ = ["Refusal"]


class Refusal(Exception):  # noqa: N818 - it is an answer to a client, not a fault
    """Ends a call with a gRPC status."""

    def __init__(self, code: StatusCode, details: str) -> None:
        super().__init__(f"{code.name}: {details}")
        self.code = code
        self.details = details
