"""The management server to test against."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType, TracebackType
from typing import Self

import grpc

from netbird_sdk.errors import ConfigurationError
from netbird_sdk.keys import PrivateKey, PublicKey
from netbird_sdk.models.management import (
    DeviceAuthorizationFlow,
    NetbirdConfig,
    PKCEAuthorizationFlow,
)
from netbird_sdk.testing._listener import Listener, ServerTLS
from netbird_sdk.testing._peer_script import PeerScript
from netbird_sdk.testing._peer_work_script import PeerWorkScript
from netbird_sdk.testing._proxy_script import ProxyScript
from netbird_sdk.testing._world import Settings, World

__all__ = ["ManagementServer"]


class ManagementServer(ProxyScript, PeerScript, PeerWorkScript):
    """A NetBird management server, in process, on a free port of 127.0.0.1.

    Proxies and peers cannot tell it from the real one by what it answers. Use it on
    one event loop, as an async context manager; leaving it ends all its streams and
    frees the port. What it holds can be read until then and after.
    """

    def __init__(
        self,
        *,
        tls: ServerTLS | None = None,
        release: str = "0.77.1",
        batch_size: int = 500,
        limit_failed_logins: bool = True,
        clock: Callable[[], float] = time.time,
        private_key: PrivateKey | None = None,
        netbird_config: NetbirdConfig | None = None,
        device_flow: DeviceAuthorizationFlow | None = None,
        pkce_flow: PKCEAuthorizationFlow | None = None,
    ) -> None:
        """Make a server; `async with` starts it.

        Args:
            tls: Serve https with this certificate; None serves http.
            release: The NetBird release to play. It decides which RPCs there are and
                how snapshots are sent.
            batch_size: Mappings in one message of a snapshot, from 0.70.5 on.
            limit_failed_logins: Refuse proxies for a while once five of their calls
                had a wrong token.
            clock: Seconds since 1970. Give your own to let setup keys, tokens, logins,
                exposed ports and limits expire in no time.
            private_key: The key to seal with; None makes one.
            netbird_config: What peers are told about STUN, relays and so on.
            device_flow: Login by a code; None for a server without it.
            pkce_flow: Login in a browser; None for a server without it.

        Raises:
            ConfigurationError: `release` or `batch_size` cannot be.
        """
        key = PrivateKey.generate() if private_key is None else private_key
        world = World(
            Settings(
                release=release,
                batch_size=batch_size,
                private_key=key,
                clock=clock,
                limits_failed_logins=limit_failed_logins,
                netbird_config=netbird_config,
                device_flow=device_flow,
                pkce_flow=pkce_flow,
            )
        )
        ProxyScript.__init__(self, world)
        PeerScript.__init__(self, world)
        PeerWorkScript.__init__(self, world)
        self._public_key = key.public_key
        self._listener = Listener(tls)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            await self.stop()
        finally:
            self._listener.release_port()

    @property
    def url(self) -> str:
        """Where clients connect to; the same after a restart."""
        return self._listener.url

    @property
    def public_key(self) -> PublicKey:
        """The key that peers seal their messages for."""
        return self._public_key

    @property
    def calls(self) -> Mapping[str, int]:
        """How often each RPC was called by name, refused calls included."""
        return MappingProxyType(self._world.calls.counts)

    async def start(self) -> None:
        """Serve; needed only after `stop`."""
        if self._listener.is_running:
            raise ConfigurationError("the test server is running already")
        await self._listener.start(
            (self._world.proxy_rpcs, self._world.management_rpcs)
        )

    async def stop(self) -> None:
        """Go down: end all streams with UNAVAILABLE, refuse new connections.

        Services, peers and credentials are kept for the next `start`; one-time tokens
        are not.
        """
        await self._world.calls.end_streams(
            grpc.StatusCode.UNAVAILABLE, "server is down"
        )
        await self._listener.stop()
        await self._world.calls.end_all()
        self._world.exposes.stop_looking()
        self._world.forget_what_a_restart_loses()

    async def restart(self) -> None:
        """Crash and come back at the same URL."""
        await self.stop()
        await self.start()

    def fail_next(
        self,
        method: str,
        code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE,
        details: str = "made to fail by the test",
        *,
        times: int = 1,
    ) -> None:
        """Let the next calls of an RPC fail before anything else happens.

        Raises:
            ConfigurationError: There is no RPC of this name.
        """
        self._world.calls.fail_next(method, code, details, times)

    async def drop_streams(
        self,
        code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE,
        details: str = "dropped by the test",
    ) -> None:
        """End all open streams of proxies and peers at once, and wait for that."""
        await self._world.calls.end_streams(code, details)

    async def wait_until(
        self, condition: Callable[[Self], object], *, timeout: float | None = 10.0
    ) -> None:
        """Return as soon as `condition(server)` is true.

        It is asked again whenever a client did something, never by polling.

        Raises:
            TimeoutError: It was not true within `timeout` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                await self._world.changes.wait_until(lambda: condition(self))
        except TimeoutError as error:
            raise TimeoutError(
                f"what was waited for did not happen within {timeout} seconds; so far "
                f"there were {self._describe()}"
            ) from error

    def _describe(self) -> str:
        calls = ", ".join(f"{count} {name}" for name, count in self.calls.items())
        return (
            f"{len(self.streams)} open mapping streams, {self.acks_total} acks, and "
            f"the calls: {calls or 'none'}"
        )
