"""What tests of live sessions share: a sink and events that can be waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

import grpc
import grpc.aio

from netbird_sdk import Backoff, MappingSession, ProxyClient, ProxyMapping, SessionEvent
from netbird_sdk.models.proxy import PathMapping
from netbird_sdk.testing import FaultProxy, ManagementServer

if TYPE_CHECKING:
    from server_process import ServerProcess

EventT = TypeVar("EventT")

ADDRESS: Final = "edge.example.com"
ACCOUNT: Final = "account-1"
QUICKLY: Final = Backoff(initial=0.01, factor=1, maximum=0.02)
"""Waits that a test does not notice."""


def mapping(service_id: str = "web", **fields: Any) -> ProxyMapping:
    domain = f"{service_id}.example.com"
    fields = {"account_id": ACCOUNT, "domain": domain, "mode": "http"} | fields
    return ProxyMapping(id=service_id, **fields)


def mappings(count: int, revision: int = 0, size: int = 0) -> list[ProxyMapping]:
    """Make services; another revision of them has other targets, of `size` bytes."""
    target = f"http://10.0.0.1/{revision}/{'x' * size}"
    path = PathMapping(path="/", target=target)
    return [mapping(f"service-{i}", path=[path]) for i in range(count)]


def client_of(
    server: ManagementServer | ServerProcess, url: str | None = None, **fields: Any
) -> Any:
    """Make a proxy of a server; `url` leads to it by another way."""
    if isinstance(server, ManagementServer):
        fields.setdefault("token", server.add_proxy_token())
    else:
        fields.setdefault("token", server.token)
    return ProxyClient(url or server.url, **({"address": ADDRESS} | fields))


def through(server: ManagementServer) -> FaultProxy:
    """Make a bad network in front of a server."""
    port = urlsplit(server.url).port
    assert port is not None
    return FaultProxy("127.0.0.1", port)


def url_of(network: FaultProxy) -> str:
    return f"http://{network.host}:{network.port}"


class Watched:
    """Something that can be waited for, without polling."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def changed(self) -> None:
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def until(
        self, happened: Callable[[], object], *, timeout: float = 15
    ) -> None:
        async with asyncio.timeout(timeout):
            while not happened():
                future = asyncio.get_running_loop().create_future()
                self._waiting.add(future)
                await future


class Sink(Watched):
    """Keeps what is in effect, notes every call, and fails or stalls when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.told: dict[str, ProxyMapping] = {}
        self.served: dict[str, ProxyMapping] = {}
        self.complete = False
        self.may_commit = asyncio.Event()
        self.may_commit.set()
        self.rejects: dict[str, Exception] = {}
        """What `upsert` raises, by service id."""
        self.at_commit: list[Exception] = []
        """What the next commits raise."""

    async def upsert(self, mapping: ProxyMapping) -> None:
        self._note(f"upsert {mapping.id}")
        if mapping.id in self.rejects:
            raise self.rejects[mapping.id]
        self.told[mapping.id] = mapping

    async def remove(self, mapping: ProxyMapping) -> None:
        self._note(f"remove {mapping.id}")
        del self.told[mapping.id]

    async def commit(self, complete: bool) -> None:
        self._note("commit, complete" if complete else "commit")
        await self.may_commit.wait()
        if self.at_commit:
            raise self.at_commit.pop(0)
        self.complete = self.complete or complete
        self.served = dict(self.told)
        self.changed()

    def _note(self, call: str) -> None:
        self.calls.append(call)
        self.changed()

    async def until_called(self, times: int) -> None:
        """Wait until there have been so many calls."""
        await self.until(lambda: len(self.calls) >= times)

    async def until_serving(
        self, server: ManagementServer, *, timeout: float = 15
    ) -> None:
        """Wait until exactly what the server publishes is in effect."""
        await self.until(lambda: self.served == server.mappings, timeout=timeout)


class Events(Watched):
    """An `on_event` callback."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[SessionEvent] = []

    def __call__(self, event: SessionEvent) -> None:
        self.all.append(event)
        self.changed()

    def of(self, kind: type[EventT]) -> list[EventT]:
        return [event for event in self.all if isinstance(event, kind)]

    async def first(
        self, kind: type[EventT], *, after: int = 0, timeout: float = 15
    ) -> EventT:
        """Return the first event of a kind, leaving out as many as `after` says."""
        await self.until(lambda: len(self.of(kind)) > after, timeout=timeout)
        return self.of(kind)[after]


@asynccontextmanager
async def running(session: MappingSession) -> AsyncGenerator[asyncio.Task[None]]:
    """Run a session beside the body of a test, and fail the test if it fails."""

    async def run() -> None:
        await session.run()

    task = asyncio.create_task(run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled() and (error := task.exception()):
            raise error


@asynccontextmanager
async def tampering(
    url: str, change: Callable[[str, bytes], bytes]
) -> AsyncGenerator[tuple[str, list[str]]]:
    """Stand between a peer and its server, and change the answers of unary RPCs.

    Yields the URL to connect to and the list of the RPCs that come by.
    """
    passed: list[str] = []
    async with grpc.aio.insecure_channel(urlsplit(url).netloc) as channel:

        class Relay(grpc.GenericRpcHandler):
            def service(
                self, handler_call_details: grpc.HandlerCallDetails
            ) -> grpc.RpcMethodHandler[bytes, bytes] | None:
                path = handler_call_details.method
                assert isinstance(path, str)
                name = path.rpartition("/")[2]

                async def relay(request: bytes, context: Any) -> bytes:
                    passed.append(name)
                    onward: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]
                    onward = channel.unary_unary(path)
                    try:
                        return change(name, await onward(request))
                    except grpc.aio.AioRpcError as error:
                        await context.abort(error.code(), error.details())
                        raise AssertionError from error

                return grpc.unary_unary_rpc_method_handler(relay)

        server = grpc.aio.server()
        server.add_generic_rpc_handlers((Relay(),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        try:
            yield f"http://127.0.0.1:{port}", passed
        finally:
            await server.stop(None)
