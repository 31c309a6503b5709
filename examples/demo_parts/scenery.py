"""Where the demo plays: its own test server, or a NetBird server of yours."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import attrs

from demo_parts.narrator import Narrator
from netbird_sdk import TLS, ProxyMapping
from netbird_sdk.models.proxy import (
    Authentication,
    PathMapping,
    PathTargetOptions,
    ProxyStatus,
)
from netbird_sdk.testing import ManagementServer

__all__ = ["LocalScenery", "ManualScenery", "Scenery", "Server", "Service"]


@attrs.frozen(kw_only=True)
class Service:
    """Something to publish: a domain, and the port of the backend behind it."""

    name: str
    domain: str
    port: int
    password: bool = False
    """Visitors have to log in with a password."""


@attrs.frozen(kw_only=True)
class Server:
    """Where a management server is, and what it lets the demo in with."""

    url: str
    address: str
    """The cluster that the demo's proxy serves."""
    token: str = attrs.field(repr=False)
    """The access token of the proxy."""
    setup_key: str = attrs.field(repr=False)
    tls: TLS | None = None


class Scenery(ABC):
    """A management server, and what the demo does there beside using the library."""

    intro: str
    """What the first step says of it."""
    server: Server
    patience: float = 20.0
    """Seconds until something that was asked for must have happened."""
    changes_while_cut: bool = True
    """Whether services can be changed without anybody noticing."""

    def __init__(self) -> None:
        self._on_exit = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            await self.prepare()
        except BaseException:
            await self._on_exit.aclose()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._on_exit.aclose()

    @abstractmethod
    async def prepare(self) -> None:
        """Make what the demo needs; `_on_exit` unmakes it."""

    def service(self, name: str, port: int, *, password: bool = False) -> Service:
        """Describe a service of the demo's cluster."""
        domain = f"{name}.{self.server.address}"
        return Service(name=name, domain=domain, port=port, password=password)

    @abstractmethod
    async def put(self, service: Service) -> None:
        """Publish a service, or change it."""

    @abstractmethod
    async def delete(self, service: Service) -> None:
        """Withdraw a service."""

    @abstractmethod
    async def peers(self) -> Mapping[str, str] | None:
        """Return the addresses of all machines by name; None if it cannot be asked."""

    @abstractmethod
    async def complaint(self, service: Service) -> str | None:
        """Return what management was told is wrong with a service; None as above."""


class LocalScenery(Scenery):
    """The library's own test server: it needs no network, and tells all it knows."""

    intro = (
        "Every NetBird network has a management server: it knows the machines and "
        "what they may do. This one runs inside this program, for the demo and for "
        "tests. It speaks the real protocol, over real connections."
    )

    def __init__(self) -> None:
        super().__init__()
        self._management = ManagementServer()

    async def prepare(self) -> None:
        """Start the server."""
        await self._on_exit.enter_async_context(self._management)
        self.server = Server(
            url=self._management.url,
            address="example.com",
            token=self._management.add_proxy_token(),
            setup_key=self._management.add_setup_key(),
        )

    async def put(self, service: Service) -> None:
        """Publish a service, or change it."""
        await self._management.put(
            ProxyMapping(
                id=service.name,
                account_id="account-1",
                domain=service.domain,
                mode="http",
                path=(
                    PathMapping(
                        path="/",
                        target=f"http://127.0.0.1:{service.port}/",
                        options=PathTargetOptions(direct_upstream=True),
                    ),
                ),
                auth=Authentication(password=service.password),
            )
        )

    async def delete(self, service: Service) -> None:
        """Withdraw a service."""
        await self._management.delete(service.name)

    async def peers(self) -> Mapping[str, str]:
        """Return the addresses of all machines by name."""
        return {
            peer.fqdn: str(peer.address) for peer in self._management.peers.values()
        }

    async def complaint(self, service: Service) -> str:
        """Wait until the proxy has told management, and return what it said."""

        def reasons(server: ManagementServer) -> list[str]:
            return [
                update.error_message or "no reason"
                for update in server.status_updates
                if update.service_id == service.name
                and update.status is ProxyStatus.ERROR
            ]

        await self._management.wait_until(reasons, timeout=self.patience)
        return f"error, {reasons(self._management)[-1]}"


class ManualScenery(Scenery):
    """A real server without access to its HTTP API: you do what has to be done there.

    The demo says what that is, and goes on as soon as it sees it happen.
    """

    intro = (
        "This is your own server. The demo has no API token for it, so it will ask you "
        "to add and change services in its dashboard, and go on as soon as it sees it."
    )
    changes_while_cut = False

    def __init__(self, server: Server, narrator: Narrator, patience: float) -> None:
        super().__init__()
        self.server = server
        self.patience = patience
        self._narrator = narrator

    async def prepare(self) -> None:
        """Take the server as it is."""

    async def put(self, service: Service) -> None:
        """Ask for a service to be published or changed."""
        password = "with a password" if service.password else "without any login"
        self._ask(
            f"Please let {service.domain} lead to http://127.0.0.1:{service.port}, "
            f"{password}"
        )

    async def delete(self, service: Service) -> None:
        """Ask for a service to be withdrawn."""
        self._ask(f"Please delete {service.domain}")

    async def peers(self) -> None:
        """Leave it to the dashboard."""
        self._narrator.say(
            "Your dashboard lists the two machines as peers. Delete them when you are "
            "done: their keys are gone with this demo."
        )

    async def complaint(self, service: Service) -> None:
        """Leave it to the dashboard."""
        self._narrator.say(f"Your dashboard shows {service.domain} as in error.")

    def _ask(self, wish: str) -> None:
        self._narrator.say(f">> {wish} (waiting for up to {self.patience:.0f} s).")
