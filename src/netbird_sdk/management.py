"""The client of ManagementService, for programs that are a peer of a network."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Self

import grpc

from netbird_sdk._connection import Connection, Transport
from netbird_sdk._credentials import check_setup_key, check_token, refuse_plaintext
from netbird_sdk._methods import management as rpc
from netbird_sdk._sealed import SERVER_KEY_TIMEOUT, SealedCalls
from netbird_sdk.errors import (
    AuthenticationError,
    ConfigurationError,
    RPCError,
    TransportError,
)
from netbird_sdk.keys import PrivateKey, PublicKey
from netbird_sdk.models.management import (
    Empty,
    LoginRequest,
    LoginResponse,
    PeerKeys,
    PeerSystemMeta,
)
from netbird_sdk.system import system_meta

__all__ = ["ManagementClient"]


class ManagementClient:
    """Talks to a management server as one peer, known by its WireGuard key.

    Use it as `async with ManagementClient(...) as client`. Requests and answers travel
    sealed for the server's key, which is fetched once and again when it has changed.
    Every RPC raises:

    - `TransportError`: the server was not reached, or did not answer in time,
    - `AuthenticationError`: it does not let this peer do that,
    - `RPCError`: it answered with another error status,
    - `SealError`: its answer was not sealed with its key,
    - `ConfigurationError`: an argument cannot be sent,
    - `ClosedError`: the client is not open.
    """

    def __init__(
        self,
        url: str,
        *,
        private_key: PrivateKey,
        server_key: PublicKey | None = None,
        timeout: float | None = 10.0,
        allow_insecure: bool = False,
        transport: Transport = Transport(),  # noqa: B008 - frozen
    ) -> None:
        """Describe the connection.

        Args:
            url: `https://host[:port]`, or `http://` for a server on this machine.
            private_key: The peer's identity; keep it, see `PrivateKey.load_or_create`.
            server_key: The server's key if it is known beforehand; no other is
                accepted.
            timeout: Seconds an RPC may take, unless the call says otherwise.
            allow_insecure: Send setup keys and tokens over plaintext to another
                machine, where an attacker could hand out a server key of his own.
            transport: TLS, keepalive, message size, interceptors.

        Raises:
            ConfigurationError: One of these cannot work.
        """
        self._connection = Connection(
            "ManagementClient", url, transport=transport, timeout=timeout
        )
        self._private_key = private_key
        self._pinned = server_key
        self._allow_insecure = allow_insecure
        self._calls = SealedCalls(self._connection, private_key, server_key)

    def __repr__(self) -> str:
        url = self._connection.endpoint.url
        return f"ManagementClient({url!r}, peer={self.public_key})"

    @property
    def public_key(self) -> PublicKey:
        """How management knows this peer."""
        return self._private_key.public_key

    async def __aenter__(self) -> Self:
        await self._connection.open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connection; calls in progress end with ClosedError."""
        await self._connection.aclose()

    async def get_server_key(
        self, *, timeout: float | None = SERVER_KEY_TIMEOUT
    ) -> PublicKey:
        """Ask the server for its key.

        Servers make a new key at every start. The expiry that comes with it is not
        meaningful and is ignored.

        Raises:
            ProtocolError: What came is no key.
        """
        return await self._calls.server_key(timeout)

    async def is_healthy(self, *, timeout: float | None = 5.0) -> bool:
        """Say whether the server is reached and calls itself healthy."""
        try:
            await self._calls.plain(rpc.IS_HEALTHY, Empty(), timeout)
        except (TransportError, RPCError):
            return False
        return True

    async def login(
        self,
        meta: PeerSystemMeta | None = None,
        *,
        setup_key: str | None = None,
        jwt: str | None = None,
        ssh_public_key: str = "",
        dns_labels: Iterable[str] = (),
        timeout: float | None = None,
    ) -> LoginResponse:
        """Log this peer in, and register it if the server does not know it yet.

        The first attempt carries no credentials; the setup key or the token is sent
        only if the server refuses that. A token is sent once, for servers take each
        only once.

        Args:
            meta: What to tell of this machine; by default what `system_meta` finds.
            setup_key: Registers a peer that is not known yet.
            jwt: An identity provider's token, to register or renew a person's peer.
            ssh_public_key: An authorized_keys line without line end.
            dns_labels: Extra names for the peer; the setup key must allow them.

        Raises:
            AuthenticationError: The peer is unknown and nothing was given to register
                it with, or its login has expired, or it is blocked.
            RPCError: NOT_FOUND: the setup key is invalid, used up or expired.
        """
        if setup_key is not None and jwt is not None:
            raise ConfigurationError("give login a setup_key or a jwt, not both")
        if meta is not None and not meta.hostname:
            raise ConfigurationError(
                "meta.hostname is empty: the server names the peer by it"
            )
        if setup_key is not None:
            setup_key = check_setup_key(setup_key)
            self._refuse_plaintext("setup key")
        if jwt is not None:
            jwt = check_token(jwt, what="JWT")
            self._refuse_plaintext("JWT")
        request = LoginRequest(
            meta=meta or await asyncio.to_thread(system_meta),
            peer_keys=PeerKeys(
                ssh_pub_key=ssh_public_key.encode(),
                wg_pub_key=str(self.public_key).encode(),
            ),
            dns_labels=tuple(dns_labels),
        )
        try:
            return await self._calls.sealed(rpc.LOGIN, request, timeout)
        except AuthenticationError as error:
            refused = setup_key is None and jwt is None
            if refused or error.code is not grpc.StatusCode.PERMISSION_DENIED:
                raise
        return await self._calls.sealed(
            rpc.LOGIN,
            LoginRequest(
                meta=request.meta,
                peer_keys=request.peer_keys,
                dns_labels=request.dns_labels,
                setup_key=setup_key or "",
                jwt_token=jwt or "",
            ),
            timeout,
        )

    def _refuse_plaintext(self, what: str) -> None:
        if self._pinned is None:
            refuse_plaintext(
                self._connection.endpoint, what, allow_insecure=self._allow_insecure
            )
