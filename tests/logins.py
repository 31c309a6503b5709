"""What tests of logging in share: how to fail at it, and how to lose an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import grpc
import pytest

from live import QUICKLY
from netbird_sdk import ManagementClient, NetBirdError, PrivateKey
from netbird_sdk.models.management import PeerSystemMeta
from netbird_sdk.testing import ManagementServer

META: Final = PeerSystemMeta(hostname="host", netbird_version="0.77.1")

DENIED: Final = grpc.StatusCode.PERMISSION_DENIED
NO_METHOD: Final = "no peer auth method provided, please use a setup key or ..."
BAD_KEY: Final = (
    grpc.StatusCode.NOT_FOUND,
    "couldn't add peer: setup key is invalid",
)


def peer_of(server: ManagementServer, url: str | None = None) -> ManagementClient:
    return ManagementClient(url or server.url, private_key=PrivateKey.generate())


async def refused(
    client: ManagementClient, kind: type[NetBirdError], **given: Any
) -> Any:
    """Log in without success and return the error, which is of exactly this kind."""
    how: Any = {"backoff": QUICKLY, "retry_for": 5} | given
    with pytest.raises(kind) as caught:
        await client.login(META, **how)
    assert type(caught.value) is kind
    return caught.value


def lost_answer() -> grpc.aio.AioRpcError:
    """Make what a connection ends with that breaks before the answer."""
    nothing = grpc.aio.Metadata()
    return grpc.aio.AioRpcError(
        grpc.StatusCode.UNAVAILABLE, nothing, nothing, "Socket closed"
    )


def lost(answers: set[int]) -> Callable[[str, bytes], bytes]:
    """Lose the answers to these logins that the server has accepted."""
    accepted = 0

    def change(name: str, answer: bytes) -> bytes:
        nonlocal accepted
        accepted += name == "Login"
        if name == "Login" and accepted in answers:
            raise lost_answer()
        return answer

    return change
