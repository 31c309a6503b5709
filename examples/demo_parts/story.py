"""The story that the demo tells, step by step."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import TypeVar

import attrs

from demo_parts.backend import Backend
from demo_parts.cable import Cable
from demo_parts.events import Events
from demo_parts.http1 import get
from demo_parts.narrator import CheckFailed, Narrator
from demo_parts.proxy import ReverseProxy
from demo_parts.scenery import Scenery, Service
from netbird_sdk import (
    AuthenticationError,
    Backoff,
    Disconnected,
    ManagementClient,
    MappingRejected,
    NetBirdError,
    PrivateKey,
    ProxyClient,
    Synced,
    Transport,
)
from netbird_sdk.system import system_meta

__all__ = ["perform"]

T = TypeVar("T")

NOBODY = "404 No service here"
# Shorter waits than by default, for those who watch.
IMPATIENT = Backoff(initial=0.3, maximum=1.5)


async def perform(
    scenery: Scenery, narrator: Narrator, proxy: ReverseProxy | None = None
) -> bool:
    """Tell the whole story; return whether every step held."""
    try:
        async with scenery:
            await meet(scenery, narrator)
            await enrol(scenery, narrator)
            await Proxying(scenery, narrator, proxy or ReverseProxy()).play()
    except (CheckFailed, NetBirdError, TimeoutError, OSError) as error:
        narrator.failure(error)
        return False
    narrator.title(
        f"All {narrator.steps} steps held, with {narrator.checks} checks, in "
        f"{narrator.seconds:.1f} seconds."
    )
    return True


async def meet(scenery: Scenery, narrator: Narrator) -> None:
    """See that there is a server."""
    narrator.step("A management server", scenery.intro)
    async with client(scenery, PrivateKey.generate()) as management:
        server_key = await management.get_server_key()
        healthy = await management.is_healthy()
    narrator.show(f"messages to it are sealed for its key, {server_key}")
    narrator.check(
        f"{scenery.server.url} answers, and is healthy", expected=True, got=healthy
    )


async def enrol(scenery: Scenery, narrator: Narrator) -> None:
    """Let two machines join the network."""
    narrator.step(
        "Two machines join the network",
        "A machine is known by its key. A new one needs something to be let in with: "
        "here a setup key, which an administrator hands out.",
    )
    addresses: dict[str, str] = {}
    for name in ("demo-laptop", "demo-server"):
        meta = attrs.evolve(system_meta(), hostname=name)
        key = PrivateKey.generate()  # to keep it: PrivateKey.load_or_create("peer.key")
        async with client(scenery, key) as management:
            if not addresses:
                refusal = "none"
                try:
                    await management.login(meta)
                except AuthenticationError as error:
                    refusal = error.code.name
                    narrator.show(f"without a setup key: {error.details}")
                narrator.check(
                    "a stranger is refused", expected="PERMISSION_DENIED", got=refusal
                )
            first = await management.login(meta, setup_key=scenery.server.setup_key)
            again = await management.login(meta)
        assert first.peer_config is not None
        narrator.show(
            f"{name}: address {first.peer_config.address}, "
            f"name {first.peer_config.fqdn}"
        )
        narrator.check(
            f"{name} is known now: the next login needs no setup key",
            expected=first.peer_config.address,
            got=again.peer_config.address if again.peer_config else None,
        )
        address = first.peer_config.address.partition("/")[0]
        addresses[first.peer_config.fqdn] = address
    # The client does not follow the network yet (Sync), so management itself is asked.
    peers = await scenery.peers()
    if peers is not None:
        narrator.check(
            "management has both as peers, each to be seen by the other",
            expected=", ".join(addresses.values()),
            got=", ".join(peers.get(name, "nobody") for name in addresses),
        )


def client(scenery: Scenery, key: PrivateKey) -> ManagementClient:
    """Make the client of one machine."""
    transport = Transport(tls=scenery.server.tls)
    return ManagementClient(scenery.server.url, private_key=key, transport=transport)


class Proxying:
    """The steps with a reverse proxy of our own."""

    def __init__(
        self, scenery: Scenery, narrator: Narrator, proxy: ReverseProxy
    ) -> None:
        self.scenery = scenery
        self.narrator = narrator
        self.proxy = proxy
        self.events = Events(narrator)
        self.blue, self.green, self.red = map(Backend, ("blue", "green", "red"))

    @property
    def backends(self) -> dict[int, str]:
        """The backends' names by their ports."""
        return {b.port: b.name for b in (self.blue, self.green, self.red)}

    async def play(self) -> None:
        """Run the proxy, and play all steps with it."""
        scenery = self.scenery
        self.narrator.step(
            "A reverse proxy of our own",
            "Visitors of a domain come to a proxy, which passes them on to a backend. "
            "Management says which domain leads where, and the library keeps the proxy "
            "told: it calls upsert, remove and commit of a sink, about 40 lines of "
            "demo_parts/proxy.py.",
        )
        async with AsyncExitStack() as stack:
            cable = Cable(scenery.server.url, scenery.server.tls)
            for part in (self.blue, self.green, self.red, self.proxy, cable):
                await stack.enter_async_context(part)
            management = ProxyClient(
                cable.url,
                token=scenery.server.token,
                address=scenery.server.address,
                transport=Transport(tls=cable.tls),
            )
            await stack.enter_async_context(management)
            session = management.sync_mappings(
                self.proxy, backoff=IMPATIENT, on_event=self.events
            )
            await stack.enter_async_context(session)
            await self.within(session.wait_synced, "a first list of all services")
            self.narrator.show(f"the proxy listens at 127.0.0.1:{self.proxy.port}")
            await self.serve()
            await self.refuse()
            await self.outage(cable)
            await self.withdraw()

    async def serve(self) -> None:
        """Add two services, and change one."""
        hello = self.scenery.service("hello", self.blue.port)
        shop = self.scenery.service("shop", self.blue.port)
        await self.visit(hello, NOBODY)
        for service in (hello, shop):
            await self.publish(service)
            await self.visit(service, f"200 {self.blue.greeting}")
        hello = attrs.evolve(hello, port=self.green.port)
        await self.publish(hello)
        await self.visit(hello, f"200 {self.green.greeting}")
        await self.visit(shop, f"200 {self.blue.greeting}")

    async def refuse(self) -> None:
        """Add a service that the proxy cannot protect."""
        self.narrator.step(
            "A service that the proxy cannot protect",
            "This one asks visitors for a password, and our proxy has no login page. "
            "Serving it would leave it open to everybody, so it is refused.",
        )
        vault = self.scenery.service("vault", self.blue.port, password=True)
        self.events.forget()
        await self.scenery.put(vault)
        rejected = await self.within(
            lambda: self.events.next(MappingRejected), "a refused mapping"
        )
        self.narrator.check(
            "refused before the proxy ever saw it", expected=True, got=rejected.refused
        )
        await self.visit(vault, NOBODY)
        complaint = await self.scenery.complaint(vault)
        if complaint is not None:
            self.narrator.show(f"management has been told: {complaint}")
        await self.scenery.delete(vault)

    async def outage(self, cable: Cable) -> None:
        """Cut the connection twice; the second time something changes meanwhile."""
        self.narrator.step(
            "The connection is cut",
            "The proxy goes on with what it knows, and the library reconnects. "
            "Management then sends everything again, but the proxy is told only what "
            "is really different.",
        )
        hello = self.scenery.service("hello", self.green.port)
        shop = self.scenery.service("shop", self.blue.port)
        await self.cut(cable)
        await self.visit(hello, f"200 {self.green.greeting}")
        synced = await self.reconnect(cable)
        self.narrator.check(
            "calls of the proxy's sink, as nothing had changed",
            expected=0,
            got=synced.upserted + synced.removed,
        )
        if self.scenery.changes_while_cut:
            self.narrator.say(
                "Once more. This time shop moves to red while nobody listens."
            )
            await self.cut(cable)
            await self.scenery.put(attrs.evolve(shop, port=self.red.port))
            await self.visit(shop, f"200 {self.blue.greeting}")
            synced = await self.reconnect(cable)
            self.narrator.check(
                "calls of the proxy's sink, for the one change",
                expected=1,
                got=synced.upserted + synced.removed,
            )
            await self.visit(shop, f"200 {self.red.greeting}")

    async def withdraw(self) -> None:
        """Delete the services."""
        self.narrator.step(
            "The services go", "What management withdraws is served no longer."
        )
        for name in ("hello", "shop"):
            service = self.scenery.service(name, 0)
            await self.scenery.delete(service)
            await self.within(
                partial(self.proxy.wait_until, partial(self.is_gone, service)),
                f"the end of {service.domain}",
            )
            await self.visit(service, NOBODY)

    def is_gone(self, service: Service) -> bool:
        """Tell whether the proxy no longer knows a service."""
        return service.domain not in self.proxy.routes

    async def publish(self, service: Service) -> None:
        """Add or change a service, and wait until the proxy has put it into effect."""

        def is_in_effect() -> bool:
            routes = self.proxy.routes.get(service.domain, [])
            return any(route.port == service.port for route in routes)

        backend = self.backends[service.port]
        self.narrator.say(f"{service.domain} shall lead to the {backend} backend.")
        await self.scenery.put(service)
        what = f"{service.domain} with the target port {service.port}"
        await self.within(lambda: self.proxy.wait_until(is_in_effect), what)

    async def visit(self, service: Service, expected: str) -> None:
        """Send a request through the proxy, as a visitor would."""
        got = await get(self.proxy.port, service.domain)
        self.narrator.check(f"GET http://{service.domain}/", expected=expected, got=got)

    async def cut(self, cable: Cable) -> None:
        """Cut the connection, and wait until the session has noticed."""
        self.events.forget()
        cable.cut()
        await self.within(lambda: self.events.next(Disconnected), "a lost connection")

    async def reconnect(self, cable: Cable) -> Synced:
        """Mend the connection, and wait until all is in sync again."""
        cable.mend()
        return await self.within(lambda: self.events.next(Synced), "a reconnect")

    async def within(self, wait: Callable[[], Awaitable[T]], what: str) -> T:
        """Wait for something as long as the scenery has patience."""
        patience = self.scenery.patience
        try:
            async with asyncio.timeout(patience):
                return await wait()
        except TimeoutError as error:
            raise CheckFailed(
                f"{what} did not come",
                expected=f"{what} within {patience:.0f} seconds",
                got=f"a proxy that serves {', '.join(self.proxy.routes) or 'nothing'}",
            ) from error
