"""The web servers behind the proxy."""

from __future__ import annotations

from asyncio import StreamReader, StreamWriter
from http import HTTPStatus

from demo_parts.http1 import Listener, Request, answer

__all__ = ["Backend"]


class Backend(Listener):
    """Says who it is, whatever it is asked."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.greeting = f"Hello from {name}"

    async def handle(
        self,
        request: Request,  # noqa: ARG002 - part of Listener
        reader: StreamReader,  # noqa: ARG002
        writer: StreamWriter,
    ) -> None:
        """Greet."""
        answer(writer, HTTPStatus.OK, self.greeting)
