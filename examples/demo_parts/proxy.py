"""A small HTTP reverse proxy that does what management says: the part that is yours.

It implements `netbird_sdk.MappingSink`: `upsert` and `remove` note what is wanted,
`commit` puts it into effect. A session calls them and sees to everything else.
"""

from __future__ import annotations

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

import attrs

from demo_parts.http1 import Listener, Request, answer, relay
from netbird_sdk import ProxyMapping, Serves
from netbird_sdk.models.proxy import PathMapping, PathRewriteMode, PathTargetOptions

__all__ = ["ReverseProxy", "Route"]

SECONDS_TO_CONNECT = 10.0


@attrs.frozen
class Route:
    """Where requests below a path of a domain go to."""

    prefix: str
    host: str
    port: int
    path: str
    """What the backend's paths begin with."""
    keep_prefix: bool
    headers: tuple[tuple[str, str], ...]
    """What to add to requests, or to replace in them."""

    def rewritten(self, target: str) -> str:
        """Return what to ask the backend for."""
        rest = target if self.keep_prefix else target.removeprefix(self.prefix)
        return f"{self.path}/{rest.removeprefix('/')}"


class ReverseProxy(Listener):
    """Serves the domains of the mappings it is told, on 127.0.0.1."""

    # What this proxy can enforce: plain HTTP services, no logins, no access rules.
    # The session refuses every mapping that asks for more, before it comes here.
    serves = Serves()

    def __init__(self) -> None:
        super().__init__()
        self._wanted: dict[str, tuple[str, list[Route]]] = {}  # by service id
        self._routes: Mapping[str, list[Route]] = {}  # by domain
        self._committed = asyncio.Condition()

    # The sink.

    async def upsert(self, mapping: ProxyMapping) -> None:
        """Note a service; one that cannot be served raises, and only it is rejected."""
        routes = [make_route(path, mapping) for path in mapping.path]
        routes.sort(key=lambda route: len(route.prefix), reverse=True)
        self._wanted[mapping.id] = (mapping.domain.lower(), routes)

    async def remove(self, mapping: ProxyMapping) -> None:
        """Forget a service. By its id: its domain may belong to another one by now."""
        self._wanted.pop(mapping.id, None)

    async def commit(self, complete: bool) -> None:  # noqa: ARG002 - part of MappingSink
        """Put what is wanted into effect, for the next request on."""
        self._routes = dict(self._wanted.values())
        async with self._committed:
            self._committed.notify_all()

    # The data plane.

    @property
    def routes(self) -> Mapping[str, list[Route]]:
        """What is in effect, by domain."""
        return self._routes

    def find(self, host: str, path: str) -> Route | None:
        """Return where a request goes: to the longest path that begins it."""
        routes = self._routes.get(host, [])
        return next((r for r in routes if path.startswith(r.prefix)), None)

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until a commit has made something true."""
        async with self._committed:
            await self._committed.wait_for(condition)

    async def handle(
        self, request: Request, reader: StreamReader, writer: StreamWriter
    ) -> None:
        """Pass a request on, and the answer back."""
        length = request.body_length
        route = self.find(request.host, request.target)
        if route is None:
            answer(writer, HTTPStatus.NOT_FOUND, "No service here")
            return
        try:
            async with asyncio.timeout(SECONDS_TO_CONNECT):
                back_reader, back_writer = await asyncio.open_connection(
                    route.host, route.port
                )
        except OSError:  # also when it took too long
            answer(writer, HTTPStatus.BAD_GATEWAY, "The backend is down")
            return
        try:
            visitor = writer.get_extra_info("peername")[0]
            headers = [*route.headers, ("X-Forwarded-For", visitor)]
            target = route.rewritten(request.target)
            back_writer.write(request.passed_on(target, headers))
            await relay(reader, back_writer, length)
            if not await relay(back_reader, writer):
                answer(writer, HTTPStatus.BAD_GATEWAY, "The backend said nothing")
        finally:
            back_writer.close()


def make_route(path: PathMapping, mapping: ProxyMapping) -> Route:
    """Turn a path of a mapping into a route.

    Raises:
        ValueError: This proxy cannot do that; management is told the reason.
    """
    options = path.options or PathTargetOptions()
    target = urlsplit(path.target)
    if target.scheme != "http" or not target.hostname:
        raise ValueError(f"this proxy reaches http targets only, not {path.target!r}")
    if options.proxy_protocol:
        raise ValueError("this proxy does not speak the PROXY protocol to its targets")
    for name, value in options.custom_headers.items():
        if not re.fullmatch(r"[\w-]+", name, re.ASCII) or not re.fullmatch(
            r"[ -~]*", value
        ):
            raise ValueError(f"the custom header {name!r} cannot be sent")
    host = [] if mapping.pass_host_header else [("Host", target.netloc)]
    return Route(
        prefix=path.path or "/",
        host=target.hostname,
        port=target.port or 80,
        path=target.path.rstrip("/"),
        keep_prefix=options.path_rewrite is PathRewriteMode.PRESERVE,
        headers=(*host, *options.custom_headers.items()),
    )
