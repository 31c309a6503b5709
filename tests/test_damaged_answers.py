"""An answer that cannot be read is a ProtocolError that names the RPC it came from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import grpc.aio
import pytest

from netbird_sdk import ManagementClient, PrivateKey, ProtocolError, ProxyClient
from netbird_sdk._codec import encode
from netbird_sdk._seal import Sealer
from netbird_sdk.models import EncryptedMessage, ServerKeyResponse
from netbird_sdk.sink import MappingTable

DAMAGED = b"\x0a\x7fcut short"
SERVER_KEY = PrivateKey.generate()
PEER_KEY = PrivateKey.generate()


class Handlers(grpc.GenericRpcHandler):
    """Answers every unary call with the same bytes, and mapping streams with one."""

    def __init__(self, answers: dict[str, bytes]) -> None:
        self._answers = answers

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        name = handler_call_details.method.rpartition("/")[2]
        answer = self._answers.get(name, DAMAGED)

        async def unary(_request: bytes, _context: object) -> bytes:
            return answer

        async def stream(_requests: object, _context: object) -> AsyncIterator[bytes]:
            yield answer

        if name == "SyncMappings":
            return grpc.stream_stream_rpc_method_handler(stream)
        return grpc.unary_unary_rpc_method_handler(unary)


@asynccontextmanager
async def answering(**answers: bytes) -> AsyncIterator[str]:
    """Run a server that says no sensible word but these."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([Handlers(answers)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await server.stop(None)


async def test_an_unreadable_answer_to_a_proxy_names_its_method() -> None:
    async with (
        answering() as url,
        ProxyClient(url, token="nbx_made_up", address="edge.example.com") as client,
    ):
        with pytest.raises(
            ProtocolError, match=r"^ValidateSession: cannot read"
        ) as info:
            await client.validate_session("web.example.com", "token")
    assert info.value.method == "ValidateSession"


async def test_an_unreadable_batch_of_mappings_names_its_method() -> None:
    async with (
        answering() as url,
        ProxyClient(url, token="nbx_made_up", address="edge.example.com") as client,
    ):
        session = client.sync_mappings(MappingTable(), retry_on=lambda _: False)
        with pytest.raises(ProtocolError, match=r"^SyncMappings: cannot read"):
            await session.run()


async def test_an_unreadable_server_key_names_its_method() -> None:
    async with (
        answering() as url,
        ManagementClient(url, private_key=PEER_KEY) as client,
    ):
        with pytest.raises(ProtocolError, match=r"^GetServerKey: cannot read"):
            await client.get_server_key()


async def test_a_sealed_answer_that_holds_no_message_names_its_method() -> None:
    key = encode(ServerKeyResponse(key=str(SERVER_KEY.public_key)))
    body = Sealer(SERVER_KEY, PEER_KEY.public_key).seal(DAMAGED)
    sealed = encode(EncryptedMessage(body=body))
    async with (
        answering(GetServerKey=key, Login=sealed) as url,
        ManagementClient(url, private_key=PEER_KEY) as client,
    ):
        with pytest.raises(ProtocolError, match=r"^Login: cannot read a LoginResponse"):
            await client.login(retry_for=0)
