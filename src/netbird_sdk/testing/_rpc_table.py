"""The RPCs of a service as gRPC wants them: bytes in, bytes out."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import grpc
from typing_extensions import override

from netbird_sdk import _codec
from netbird_sdk._methods.method import Method
from netbird_sdk._model import Model
from netbird_sdk.errors import ProtocolError
from netbird_sdk.testing._calls import Calls
from netbird_sdk.testing._live_call import LiveCall
from netbird_sdk.testing._refusal import Refusal
from netbird_sdk.testing._release import Release, serves

if TYPE_CHECKING:
    from netbird_sdk.testing._live_call import Context

__all__ = ["RpcTable", "decode_request"]

CallerT = TypeVar("CallerT")
RequestT = TypeVar("RequestT", bound=Model)
ResponseT = TypeVar("ResponseT", bound=Model)


class RpcTable(grpc.GenericRpcHandler, Generic[CallerT]):
    """The handlers of one service, as far as a release has its RPCs.

    `admit` looks at each call before its handler does, and says who calls.
    """

    def __init__(
        self, calls: Calls, release: Release, admit: Callable[[Context], CallerT]
    ) -> None:
        self._calls = calls
        self._release = release
        self._admit = admit
        self._handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    @override
    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        path = handler_call_details.method
        assert isinstance(path, str)
        handler = self._handlers.get(path)
        if handler is not None and not serves(self._release, path):
            # None makes gRPC itself answer UNIMPLEMENTED: servers without the RPC do.
            self._calls.count(path.rpartition("/")[2])
            return None
        return handler

    def unary(
        self,
        method: Method[RequestT, ResponseT],
        answer: Callable[[RequestT, CallerT], ResponseT],
    ) -> None:
        """Serve an RPC of one request and one response."""

        def answer_bytes(data: bytes, caller: CallerT) -> bytes:
            return _codec.encode(answer(decode_request(method.request, data), caller))

        self.unary_bytes(method, answer_bytes)

    def unary_bytes(
        self,
        method: Method[RequestT, ResponseT],
        answer: Callable[[bytes, CallerT], bytes],
    ) -> None:
        """Serve an RPC of one request and one response, both as they travel."""

        async def behave(data: bytes, context: Context) -> bytes:
            async def answered() -> bytes:
                return answer(data, self._admit(context))

            return await self._calls.serve(method.name, context, answered)

        self._handlers[method.path] = grpc.unary_unary_rpc_method_handler(behave)

    def server_stream(
        self,
        method: Method[RequestT, ResponseT],
        serve: Callable[[bytes, LiveCall, CallerT], Coroutine[None, None, None]],
    ) -> None:
        """Serve an RPC of one request and a stream of responses."""

        async def behave(data: bytes, context: Context) -> None:
            async def work(call: LiveCall) -> None:
                await serve(data, call, self._admit(context))

            await self._calls.serve_stream(method.name, context, work)

        self._handlers[method.path] = grpc.unary_stream_rpc_method_handler(behave)

    def bidirectional_stream(
        self,
        method: Method[RequestT, ResponseT],
        serve: Callable[[LiveCall, CallerT], Coroutine[None, None, None]],
    ) -> None:
        """Serve an RPC with a stream in both directions."""

        async def behave(_requests: object, context: Context) -> None:
            async def work(call: LiveCall) -> None:
                await serve(call, self._admit(context))

            await self._calls.serve_stream(method.name, context, work)

        self._handlers[method.path] = grpc.stream_stream_rpc_method_handler(behave)


def decode_request(model: type[RequestT], data: bytes) -> RequestT:
    """Read a request, or refuse it the way gRPC servers do."""
    try:
        return _codec.decode(model, data)
    except ProtocolError as error:
        raise Refusal(
            grpc.StatusCode.INTERNAL, "grpc: error unmarshalling request"
        ) from error
