"""A port of this machine, published through the account's reverse proxy."""

from __future__ import annotations

import asyncio
import logging
from types import TracebackType
from typing import Final

import attrs
import grpc

from netbird_sdk._methods import management as rpc
from netbird_sdk._sealed import SealedCalls
from netbird_sdk.config import Backoff
from netbird_sdk.errors import (
    ClosedError,
    ExposeLostError,
    NetBirdError,
    RPCError,
    TransportError,
    UnsupportedError,
    is_transient,
)
from netbird_sdk.models.management import (
    ExposeServiceRequest,
    ExposeServiceResponse,
    RenewExposeRequest,
    StopExposeRequest,
)

__all__ = ["ExposePace", "ExposedService", "Exposure"]

_logger: Final = logging.getLogger(__name__)


@attrs.frozen(kw_only=True)
class ExposedService:
    """A published port, as the server described it."""

    name: str
    """The generated label: the name prefix, if there is one, and random letters."""
    url: str
    """Where it is reached: `https://...`, or `tcp://host:port` and the like."""
    domain: str
    port_auto_assigned: bool
    """The proxy listens on a port of the server's choice: `url` has it."""


@attrs.frozen(kw_only=True)
class ExposePace:
    """How an exposed port is kept up, in seconds; servers are made for these values."""

    lifetime: float = 90.0
    """How long the server keeps a port that is not renewed."""
    renew_every: float = 30.0
    renew_timeout: float = 10.0
    stop_timeout: float = 10.0
    """How long leaving may take."""
    backoff: Backoff = attrs.field(
        factory=lambda: Backoff(initial=0.5, factor=2.0, maximum=5.0)
    )
    """Between attempts to renew, once one has failed."""


class Exposure:
    """Made by `ManagementClient.expose`: publishes a port while its body runs.

    The port is renewed every 30 seconds; a renewal that fails is tried again for as
    long as the server keeps the port without one. When the port is lost all the same,
    the body is cancelled, as by a timeout, and `async with` raises ExposeLostError.
    However the body ends, the port is withdrawn before `async with` is left.
    """

    def __init__(
        self,
        calls: SealedCalls,
        request: ExposeServiceRequest,
        *,
        pace: ExposePace = ExposePace(),
    ) -> None:
        self._calls = calls
        self._request = request
        self._pace = pace
        self._creation: asyncio.Task[ExposeServiceResponse] | None = None
        self._service: ExposedService | None = None
        self._body: asyncio.Task[object] | None = None
        self._cancelled_before = 0
        self._renewal: asyncio.Task[None] | None = None
        self._loss: ExposeLostError | None = None
        self._is_gone = False
        """The server has said that it does not have the port any more."""

    async def __aenter__(self) -> ExposedService:
        """Publish the port.

        A port whose answer did not come, and which the server may have published all
        the same, it withdraws by itself within two minutes.

        Raises:
            ClosedError: The client is not open, or this was entered before.
            AuthenticationError: The account or its settings don't let this peer.
            RPCError: RESOURCE_EXHAUSTED: the peer has ten ports already, or no proxy
                serves the domain; ALREADY_EXISTS: the listen port is taken; NOT_FOUND:
                there is no such user group; INTERNAL: no proxy is connected, maybe.
            UnsupportedError: The server is older than 0.66.0.
            NetBirdError: The call failed otherwise.
        """
        if self._body is not None:
            raise ClosedError("a port is exposed only once: call expose() again")
        body = self._body = asyncio.current_task()
        assert body is not None
        self._cancelled_before = body.cancelling()
        asked_at = _now()
        self._creation = asyncio.create_task(
            self._calls.sealed(rpc.CREATE_EXPOSE, self._request, None)
        )
        try:
            answer = await asyncio.shield(self._creation)
        except asyncio.CancelledError:
            # The answer says what to withdraw.
            await _finish(asyncio.create_task(self._stop()))
            raise
        self._service = ExposedService(
            name=answer.service_name,
            url=answer.service_url,
            domain=answer.domain,
            port_auto_assigned=answer.port_auto_assigned,
        )
        _logger.info("port %d is at %s", self._request.port, answer.service_url)
        self._renewal = asyncio.create_task(self._keep(self._service, asked_at))
        return self._service

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._renewal is not None
        assert self._body is not None
        self._renewal.cancel()
        is_cancelled_by_others = False
        if self._loss is not None:
            # `_lose` has cancelled the body; somebody else may have done so too.
            is_cancelled_by_others = self._body.uncancel() > self._cancelled_before
        stopping = () if self._is_gone else (asyncio.create_task(self._stop()),)
        await _finish(self._renewal, *stopping)
        if self._loss is None or is_cancelled_by_others:
            return
        if exc is None or isinstance(exc, asyncio.CancelledError):
            raise self._loss

    async def _keep(self, service: ExposedService, renewed_at: float) -> None:
        """Renew the service until it is lost."""
        while True:
            await asyncio.sleep(renewed_at + self._pace.renew_every - _now())
            try:
                renewed_at = await self._renew(service, renewed_at)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a loss
                self._lose(service, error)
                return

    async def _renew(self, service: ExposedService, renewed_at: float) -> float:
        """Renew the service, if need be after several attempts; return when it was.

        Raises:
            NetBirdError: Its lifetime is over, or another attempt would not help.
        """
        deadline = renewed_at + self._pace.lifetime
        request = RenewExposeRequest(domain=service.domain)
        failures = 0
        for delay in self._pace.backoff.delays():
            asked_at = _now()
            try:
                async with asyncio.timeout_at(
                    min(asked_at + self._pace.renew_timeout, deadline)
                ):
                    await self._calls.sealed(rpc.RENEW_EXPOSE, request, None)
            except (NetBirdError, TimeoutError) as raised:
                error = raised if isinstance(raised, NetBirdError) else _late(raised)
                if not _may_pass(error) or _now() + delay >= deadline:
                    raise error from error.__cause__
                level = logging.DEBUG if failures else logging.WARNING
                failures += 1
                _logger.log(
                    level,
                    "%s was not renewed and ends in %.0f s; trying again: %s",
                    service.url,
                    deadline - _now(),
                    error,
                )
                await asyncio.sleep(delay)
            else:
                if failures:
                    _logger.info("%s is renewed again", service.url)
                return asked_at
        raise AssertionError("a backoff never ends")

    def _lose(self, service: ExposedService, error: Exception) -> None:
        """Cancel the body, and let `__aexit__` say why."""
        assert self._body is not None
        assert self._renewal is not None
        if self._renewal.cancelling():
            return  # the body has ended just now
        self._is_gone = isinstance(error, RPCError) and error.code.name == "NOT_FOUND"
        reason = "the server has it no more" if self._is_gone else "it was not renewed"
        loss = ExposeLostError(
            f"port {self._request.port} is no longer published at {service.url}: "
            f"{reason}. {error}",
            domain=service.domain,
        )
        loss.__cause__ = error
        self._loss = loss
        _logger.warning("%s", loss)
        self._body.cancel()

    async def _stop(self) -> None:
        """Withdraw the service, once it is known which."""
        assert self._creation is not None
        domain = ""
        try:
            async with asyncio.timeout(self._pace.stop_timeout):
                domain = (await self._creation).domain
                request = StopExposeRequest(domain=domain)
                await self._calls.sealed(rpc.STOP_EXPOSE, request, None)
        except Exception as error:  # noqa: BLE001 - the server does so by itself
            _logger.warning(
                "%s was not withdrawn: the server does so within two minutes. %s",
                domain or f"port {self._request.port}",
                str(error) or "no answer in time",
            )


async def _finish(*tasks: asyncio.Task[None]) -> None:
    """Wait for tasks that do not take long, even if cancelled once meanwhile."""
    try:
        await asyncio.wait(tasks)
    except asyncio.CancelledError:
        try:
            await asyncio.wait(tasks)
        finally:
            for task in tasks:
                task.cancel()
        raise


def _may_pass(error: NetBirdError) -> bool:
    # A reverse proxy answers UNIMPLEMENTED (HTTP 404) while the server is restarted.
    return is_transient(error) or isinstance(error, UnsupportedError)


def _late(error: TimeoutError) -> TransportError:
    late = TransportError(
        "RenewExpose: no answer in time",
        method="RenewExpose",
        code=grpc.StatusCode.DEADLINE_EXCEEDED,
    )
    late.__cause__ = error
    return late


def _now() -> float:
    return asyncio.get_running_loop().time()
