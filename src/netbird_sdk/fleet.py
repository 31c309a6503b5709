"""Many machines at once: enrol a whole fleet over one connection."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from itertools import chain
from random import Random
from typing import Final

import attrs

from netbird_sdk._connection import Connection, Transport
from netbird_sdk._credentials import refuse_plaintext
from netbird_sdk._login import (
    LOGIN_BACKOFF,
    Credential,
    Patience,
    log_in,
    login_request,
)
from netbird_sdk._sealed import SealedCalls
from netbird_sdk.config import Backoff
from netbird_sdk.errors import ConfigurationError, NetBirdError
from netbird_sdk.identity import Identity
from netbird_sdk.keys import PublicKey
from netbird_sdk.models.management import LoginResponse, PeerSystemMeta

__all__ = ["Enrolment", "enrol"]

_DEFAULT_TRANSPORT: Final = Transport()


@attrs.frozen(kw_only=True)
class Enrolment:
    """What became of one machine: either it has logged in, or there is an error."""

    identity: Identity
    meta: PeerSystemMeta
    login: LoginResponse | None = None
    """The server's answer; None when there is an error."""
    error: NetBirdError | None = None
    """Why this machine did not get in; the others are not held up by it."""


async def enrol(
    machines: Iterable[tuple[Identity, PeerSystemMeta]],
    *,
    setup_key: str,
    concurrency: int = 16,
    spread: float = 1.0,
    retry_for: float = 30.0,
    timeout: float = 10.0,
    backoff: Backoff = LOGIN_BACKOFF,
    server_key: PublicKey | None = None,
    allow_insecure: bool = False,
    transport: Transport = _DEFAULT_TRANSPORT,
    on_result: Callable[[Enrolment], None] | None = None,
    random: Random | None = None,
) -> list[Enrolment]:
    """Log many machines in, and register those that the server does not know yet.

    Each is treated as by `ManagementClient.login`, so running it again is harmless:
    machines that are known log in. All share one connection. Machines are taken from
    the iterable as their turn comes. Keep each identity in a file before it goes in
    here (`Identity.load_or_create`): a key that is lost is a machine that has to be
    registered anew.

    Args:
        machines: Who they are, all of one server, and what to tell of each.
        setup_key: Registers those that are not known; it must allow as many uses.
        concurrency: Logins that are under way at once.
        spread: The first ones begin at random times within so many seconds.
        retry_for: As for `login`, for each machine of its own.
        timeout: Seconds for each RPC.
        backoff: The waits between attempts, drawn at random for each machine.
        server_key: The server's key if it is known beforehand.
        allow_insecure: Send the setup key over plaintext to another machine.
        transport: TLS, keepalive, message size, interceptors.
        on_result: Called with each machine's outcome as soon as it is there.
        random: Draws the waits; for tests.

    Returns:
        What became of each machine, in the order given.

    Raises:
        ConfigurationError: The setup key is malformed or would travel in plaintext,
            or another argument cannot work. What is wrong with one machine alone, a
            server of its own say, stands in its `error`.
    """
    if concurrency < 1:
        raise ConfigurationError(f"concurrency must be 1 or more, got {concurrency}")
    if spread < 0:
        raise ConfigurationError(f"spread must be 0 seconds or more, got {spread}")
    random = Random() if random is None else random  # noqa: S311 - spreads load
    patience = Patience(retry_for=retry_for, backoff=backoff, random=random)
    credential = Credential.given(setup_key=setup_key, jwt=None)
    waiting = iter(machines)
    first = next(waiting, None)
    if first is None:
        return []
    connection = Connection("fleet", first[0].url, transport=transport, timeout=timeout)
    if server_key is None:
        refuse_plaintext(
            connection.endpoint, "setup key", allow_insecure=allow_insecure
        )
    queue = _Queue(chain([first], waiting), on_result)
    await connection.open()
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                door = _Door(connection, credential, server_key, timeout, patience)
                group.create_task(queue.work(door, random.uniform(0, spread)))
    except BaseExceptionGroup as errors:
        # Only what the caller passed in raises: the iterable, or on_result.
        raise errors.exceptions[0] from None
    finally:
        await connection.aclose()
    return queue.results()


@attrs.frozen
class _Door:
    """Where machines are let in, one after the other."""

    connection: Connection
    credential: Credential | None
    server_key: PublicKey | None
    timeout: float
    patience: Patience

    async def let_in(self, identity: Identity, meta: PeerSystemMeta) -> Enrolment:
        url = self.connection.endpoint.url
        calls = SealedCalls(self.connection, identity.private_key, self.server_key)
        try:
            _check_server(identity, url)
            answer = await log_in(
                calls,
                login_request(identity.public_key, meta),
                self.credential,
                timeout=self.timeout,
                patience=self.patience,
            )
        except NetBirdError as error:
            return Enrolment(identity=identity, meta=meta, error=error)
        return Enrolment(identity=identity, meta=meta, login=answer)


class _Queue:
    """The machines whose turn has not come, and what became of the others."""

    def __init__(
        self,
        machines: Iterable[tuple[Identity, PeerSystemMeta]],
        on_result: Callable[[Enrolment], None] | None,
    ) -> None:
        self._waiting = enumerate(machines)
        self._on_result = on_result
        self._results: dict[int, Enrolment] = {}

    async def work(self, door: _Door, delay: float) -> None:
        """Let in one machine at a time until none is left, the first after a while."""
        for number, (identity, meta) in self._waiting:
            await asyncio.sleep(delay)
            delay = 0
            result = await door.let_in(identity, meta)
            self._results[number] = result
            if self._on_result is not None:
                self._on_result(result)

    def results(self) -> list[Enrolment]:
        """Return what became of each, in the order given."""
        return [self._results[number] for number in sorted(self._results)]


def _check_server(identity: Identity, url: str) -> None:
    if identity.url != url:
        raise ConfigurationError(
            f"this machine belongs to {identity.url}, the first one of the fleet to "
            f"{url}: enrol the machines of each server by themselves"
        )
