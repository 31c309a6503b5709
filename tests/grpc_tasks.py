"""Which of gRPC's own tasks are to be expected."""

from __future__ import annotations

import asyncio


def is_lost_by_grpc(task: asyncio.Task[object] | None) -> bool:
    """Whether a task is one that gRPC itself forgets.

    For a call that is cancelled it now and then goes on waiting for a status that never
    comes (seen with 1.71 and 1.85, on a busy machine). It holds no socket, and nothing
    that a client can do ends it.
    """
    return "_AioCall._handle_status_once_received" in repr(task)
