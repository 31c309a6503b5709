"""How the test server takes sealed messages, good and bad, and answers them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from grpc.aio import Channel

from bare_client import MANAGEMENT, BarePeer, open_channel, refusal_of
from netbird_sdk.models.management import (
    DeviceAuthorizationFlow,
    DeviceAuthorizationFlowRequest,
    Empty,
    EncryptedMessage,
    PeerSystemMeta,
    PKCEAuthorizationFlow,
    PKCEAuthorizationFlowRequest,
    ProviderConfig,
    SyncRequest,
)
from netbird_sdk.testing import ManagementServer

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INVALID = grpc.StatusCode.INVALID_ARGUMENT
DENIED = grpc.StatusCode.PERMISSION_DENIED
BAD_SETUP_KEY = (
    grpc.StatusCode.NOT_FOUND,
    "couldn't add peer: setup key is invalid",
)
META = PeerSystemMeta(hostname="host", netbird_version="0.77.1")


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer() as server:
        yield server


@pytest.fixture
async def channel(server: ManagementServer) -> AsyncIterator[Channel]:
    async with open_channel(server.url) as channel:
        yield channel


@pytest.fixture
def peer(server: ManagementServer, channel: Channel) -> BarePeer:
    return BarePeer(channel, server.public_key)


class TestLoginFlows:
    async def test_are_not_found_unless_given(self, peer: BarePeer) -> None:
        device = peer.seal(DeviceAuthorizationFlowRequest())
        assert await refusal_of(peer.send("GetDeviceAuthorizationFlow", device)) == (
            grpc.StatusCode.NOT_FOUND,
            "no device authorization flow information available",
        )
        pkce = peer.seal(PKCEAuthorizationFlowRequest())
        assert await refusal_of(peer.send("GetPKCEAuthorizationFlow", pkce)) == (
            grpc.StatusCode.NOT_FOUND,
            "no pkce authorization flow information available",
        )

    async def test_are_answered_as_given(self) -> None:
        device = DeviceAuthorizationFlow(provider_config=ProviderConfig(client_id="d"))
        pkce = PKCEAuthorizationFlow(provider_config=ProviderConfig(client_id="p"))
        async with (
            ManagementServer(device_flow=device, pkce_flow=pkce) as server,
            open_channel(server.url) as channel,
        ):
            peer = BarePeer(channel, server.public_key)
            request = peer.seal(Empty())
            answer = await peer.send("GetDeviceAuthorizationFlow", request)
            assert peer.open(DeviceAuthorizationFlow, answer) == device
            answer = await peer.send("GetPKCEAuthorizationFlow", request)
            assert peer.open(PKCEAuthorizationFlow, answer) == pkce


class TestBadMessages:
    async def test_with_a_key_that_is_none(self, peer: BarePeer) -> None:
        message = EncryptedMessage(wg_pub_key="nonsense", body=b"")
        assert await refusal_of(peer.send("Login", message)) == (
            INVALID,
            "provided wgPubKey nonsense is invalid",
        )
        code, details = await refusal_of(
            peer.send("GetDeviceAuthorizationFlow", message)
        )
        assert code is INVALID
        assert details is not None
        assert details.startswith("error while parsing")

    async def test_with_a_body_that_does_not_open(
        self, peer: BarePeer, channel: Channel, server: ManagementServer
    ) -> None:
        stranger = BarePeer(channel, server.public_key)
        key = str(peer.public_key)
        foreign = stranger.seal(SyncRequest()).body
        for body in (b"", b"x" * 39, b"x" * 100, foreign):
            message = EncryptedMessage(wg_pub_key=key, body=body)
            assert await refusal_of(peer.send("Login", message)) == (
                INVALID,
                "invalid request message",
            )
            _, details = await refusal_of(
                peer.send("GetPKCEAuthorizationFlow", message)
            )
            assert details is not None
            assert details.startswith("error while decrypting")

    async def test_with_a_body_that_is_another_message(self, peer: BarePeer) -> None:
        # Its field 2 is the machine facts of a login request, which "7" is not.
        wrong = peer.seal(EncryptedMessage(body=b"7"))
        assert await refusal_of(peer.send("Login", wrong)) == (
            INVALID,
            "invalid request message",
        )

    async def test_that_is_no_protobuf(self, channel: Channel) -> None:
        method: Any = channel.unary_unary(MANAGEMENT + "Login")
        code, _ = await refusal_of(method(b"\xff\xff"))
        assert code is grpc.StatusCode.INTERNAL
