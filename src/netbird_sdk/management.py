"""The client of ManagementService, for programs that are a peer of a network."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from types import TracebackType
from typing import Self

from netbird_sdk._connection import Connection, Transport
from netbird_sdk._credentials import refuse_plaintext
from netbird_sdk._expose_request import ExposeProtocolName, expose_request
from netbird_sdk._login import (
    LOGIN_BACKOFF,
    Credential,
    Patience,
    log_in,
    login_request,
)
from netbird_sdk._methods import management as rpc
from netbird_sdk._peer_calls import PeerCalls, check_sync_meta
from netbird_sdk._sealed import SERVER_KEY_TIMEOUT, SealedCalls
from netbird_sdk.config import Backoff
from netbird_sdk.errors import RPCError, TransportError
from netbird_sdk.expose import Exposure
from netbird_sdk.jobs import JobHandler, JobSession
from netbird_sdk.keys import PrivateKey, PublicKey
from netbird_sdk.models.management import (
    DeviceAuthorizationFlow,
    Empty,
    LoginResponse,
    PeerSystemMeta,
    PKCEAuthorizationFlow,
)
from netbird_sdk.session import OnEvent, RetryOn
from netbird_sdk.sync_session import EvaluateChecks, OnUpdate, SyncSession
from netbird_sdk.system import checked_files, system_meta

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
        self._peer_calls = PeerCalls(self._calls, self._refuse_plaintext)

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
        retry_for: float = 30.0,
        backoff: Backoff = LOGIN_BACKOFF,
    ) -> LoginResponse:
        """Log this peer in, and register it if the server does not know it yet.

        The first attempt carries no credentials; the setup key or the token is sent
        only if the server refuses that. A token is sent once, for servers take each
        only once: when no answer comes, it is only looked whether the peer got in.

        Args:
            meta: What to tell of this machine; by default what `system_meta` finds.
            setup_key: Registers a peer that is not known yet.
            jwt: An identity provider's token, to register or renew a person's peer.
            ssh_public_key: An authorized_keys line without line end.
            dns_labels: Extra names for the peer; the setup key must allow them.
            timeout: Seconds for each RPC of it.
            retry_for: Failures that may pass are met with another attempt, none of
                which begins later than so many seconds after the first; 0 for one.
            backoff: The waits between attempts.

        Raises:
            LoginRequiredError: The peer is unknown, and nothing was given to register
                it with.
            LoginExpiredError: The person has to log in again: pass a `jwt`.
            SetupKeyError: The setup key lets it in no more.
            TokenError: The token is refused; TokenReusedError: or may be used up.
            UserBlockedError: The person may not have peers.
            UserMismatchError: The peer is another person's.
            AuthenticationError: The base of these; the server denied it otherwise.
        """
        patience = Patience(retry_for=retry_for, backoff=backoff)
        credential = Credential.given(setup_key=setup_key, jwt=jwt)
        if credential is not None:
            self._refuse_plaintext(credential.name)
        if meta is None:
            meta = await asyncio.to_thread(system_meta)
        request = login_request(
            self.public_key, meta, ssh_public_key=ssh_public_key, dns_labels=dns_labels
        )
        return await log_in(
            self._calls, request, credential, timeout=timeout, patience=patience
        )

    def sync(
        self,
        meta: PeerSystemMeta | None = None,
        *,
        on_update: OnUpdate | None = None,
        evaluate_checks: EvaluateChecks = checked_files,
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
        retry_on: RetryOn | None = None,
        on_event: OnEvent | None = None,
    ) -> SyncSession:
        """Return a session that follows the network of this peer, once logged in.

        Await its `run`, or enter it as a context manager.

        Args:
            meta: What to tell of this machine; by default what `system_meta` finds.
            on_update: Called with the network and with what has changed in it.
            evaluate_checks: Looks up the files that posture checks ask for.
            backoff: The waits between connections.
            retry_on: Which errors are worth another connection; by default all but
                PERMISSION_DENIED.
            on_event: Told of connections, and of what goes wrong.
        """
        return SyncSession(
            self._peer_calls,
            own_key=self.public_key,
            meta=None if meta is None else check_sync_meta(meta),
            on_update=on_update,
            evaluate_checks=evaluate_checks,
            backoff=backoff,
            retry_on=retry_on,
            on_event=on_event,
        )

    async def sync_meta(
        self, meta: PeerSystemMeta, *, timeout: float | None = None
    ) -> None:
        """Tell the server what has changed on this machine.

        Raises:
            RPCError: NOT_FOUND: the server does not know this peer.
        """
        await self._peer_calls.sync_meta(check_sync_meta(meta), timeout)

    async def logout(self, *, timeout: float | None = 15.0) -> bool:
        """Have the server delete this peer; its key can register again.

        Returns False if the server did not know the peer, as after a logout whose
        answer was lost. A session of `sync` then ends with an AuthenticationError.
        """
        return await self._peer_calls.logout(timeout)

    async def extend_auth_session(
        self, jwt: str, *, timeout: float | None = None
    ) -> datetime | None:
        """Extend the login of a person's peer; return its new end, None for never.

        See `watch_deadline` for doing it in time, whenever it is needed.

        Raises:
            TokenError: The token is refused. Whatever the error, get another one.
            UserMismatchError: The peer is another person's.
            RPCError: FAILED_PRECONDITION: this login does not expire.
            UnsupportedError: The server is older than 0.72.0.
        """
        meta = await asyncio.to_thread(system_meta)
        return await self._peer_calls.extend(jwt, meta, timeout)

    async def get_device_authorization_flow(
        self, *, timeout: float | None = None
    ) -> DeviceAuthorizationFlow | None:
        """Ask how a person logs in on another device; None if that is not offered."""
        return await self._peer_calls.device_flow(timeout)

    async def get_pkce_authorization_flow(
        self, *, timeout: float | None = None
    ) -> PKCEAuthorizationFlow | None:
        """Ask how a person logs in with a browser; None if that is not offered."""
        return await self._peer_calls.pkce_flow(timeout)

    def serve_jobs(
        self,
        handler: JobHandler,
        *,
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
        retry_on: RetryOn | None = None,
        on_event: OnEvent | None = None,
    ) -> JobSession:
        """Return a session that does the jobs the server has for this peer.

        Await its `run`, or enter it as a context manager.

        Args:
            handler: Does one job, which for now is to collect a debug bundle; what it
                raises is told to the server as the reason of a failure. It is called
                for kinds of work that this library knows, and cancelled when the
                stream ends.
            backoff: The waits between connections.
            retry_on: Which errors are worth another connection; by default all but
                PERMISSION_DENIED.
            on_event: Told of connections and of jobs that are done.
        """
        return JobSession(
            self._calls,
            handler,
            backoff=backoff,
            retry_on=retry_on,
            on_event=on_event,
        )

    def expose(
        self,
        *,
        port: int,
        protocol: ExposeProtocolName = "http",
        name_prefix: str | None = None,
        domain: str | None = None,
        pin: str | None = None,
        password: str | None = None,
        user_groups: Iterable[str] = (),
        listen_port: int | None = None,
    ) -> Exposure:
        """Publish a port of this peer for as long as an `async with` block runs.

        What the block is given says where: `async with client.expose(port=8080) as
        service: print(service.url)`. When the port is lost, the block is cancelled and
        ExposeLostError raised. Without PIN, password and groups it is open to everyone.

        Args:
            port: Where something listens on the peer's address in the network.
            protocol: What is published; `https` if the port itself speaks HTTPS.
            name_prefix: Start of the generated name.
            domain: Where the name is put in front of; the server chooses by default.
            pin: Six digits that visitors need; http and https only.
            password: What visitors need; http and https only.
            user_groups: Names of groups whose users may visit; http and https only.
            listen_port: The proxy's port, by default the same; tcp, udp and tls only.

        Raises:
            ConfigurationError: The server would not take one of these.
        """
        request = expose_request(
            port=port,
            protocol=protocol,
            name_prefix=name_prefix,
            domain=domain,
            pin=pin,
            password=password,
            user_groups=user_groups,
            listen_port=listen_port,
        )
        if pin is not None or password is not None:
            self._refuse_plaintext("PIN or password")
        return Exposure(self._calls, request)

    def _refuse_plaintext(self, what: str) -> None:
        if self._pinned is None:
            refuse_plaintext(
                self._connection.endpoint, what, allow_insecure=self._allow_insecure
            )
