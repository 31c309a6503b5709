"""The ports that peers publish for themselves, as long as they keep renewing them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection
from typing import Final

import attrs
from grpc import StatusCode

from netbird_sdk._methods import management as methods
from netbird_sdk.keys import PublicKey
from netbird_sdk.models import management as models
from netbird_sdk.models.proxy import ProxyMapping, ProxyMappingUpdateType
from netbird_sdk.testing._envelopes import Envelopes
from netbird_sdk.testing._expose_request import (
    check_request,
    credentials_of,
    make_name,
    mapping_of,
    mode_of,
)
from netbird_sdk.testing._mapping_streams import MappingStreams
from netbird_sdk.testing._peers import Peer, Peers
from netbird_sdk.testing._refusal import Refusal
from netbird_sdk.testing._rpc_table import RpcTable
from netbird_sdk.testing._services import Services
from netbird_sdk.testing._visitor_checks import Credential

__all__ = ["ExposePolicy", "ExposedPort", "Exposes"]

_LIFETIME: Final = 90.0
_SECONDS_BETWEEN_LOOKS: Final = 30.0
_MOST_PER_PEER: Final = 10
_PORTS_TO_ASSIGN: Final = range(10_000, 49_152)


@attrs.frozen(kw_only=True)
class ExposePolicy:
    """Who may expose ports in an account, and where they are published."""

    cluster: str | None
    """A cluster beside those of the proxies that are connected."""
    peers: Collection[PublicKey] | None
    """The peers that may; None for all."""
    groups: Collection[str]
    """Names of the user groups there are."""


@attrs.define(eq=False, kw_only=True)
class ExposedPort:
    """A port that a peer has published for itself, to be looked at."""

    public_key: PublicKey
    """Whose port it is."""
    request: models.ExposeServiceRequest
    """What the peer asked for."""
    mapping: ProxyMapping
    """What proxies are told."""
    renewed_at: float
    """On the server's clock; when it was made, at first."""


class Exposes:
    """Serves CreateExpose, RenewExpose and StopExpose."""

    def __init__(
        self,
        peers: Peers,
        services: Services,
        streams: MappingStreams,
        credentials: dict[str, list[Credential]],
        *,
        clock: Callable[[], float],
        notify: Callable[[], None],
    ) -> None:
        self.policies: dict[str, ExposePolicy] = {}
        self._ports: list[ExposedPort] = []
        self._peers = peers
        self._services = services
        self._streams = streams
        self._credentials = credentials
        self._clock = clock
        self._notify = notify
        self._next_look: asyncio.TimerHandle | None = None

    def register(self, table: RpcTable[None], envelopes: Envelopes) -> None:
        """Serve these RPCs."""
        envelopes.unary(table, methods.CREATE_EXPOSE, self.create)
        envelopes.unary(table, methods.RENEW_EXPOSE, self.renew)
        envelopes.unary(table, methods.STOP_EXPOSE, self.stop)

    @property
    def ports(self) -> tuple[ExposedPort, ...]:
        """What is published, oldest first; not what the test has deleted itself."""
        return tuple(p for p in self._ports if self._services.get(p.mapping.id))

    def create(
        self, request: models.ExposeServiceRequest, key: PublicKey
    ) -> models.ExposeServiceResponse:
        self.withdraw_expired()
        peer = self._registered(key)
        check_request(request)
        policy = self._policy_for(peer)
        name = make_name(request.name_prefix)
        domain, cluster = self._place(name, request.domain, peer, policy)
        for group in request.user_groups:
            if group not in policy.groups:
                raise Refusal(StatusCode.NOT_FOUND, f"group: {group} not found")
        if self._services.at_domain(domain) is not None:
            raise Refusal(StatusCode.ALREADY_EXISTS, "domain already taken")
        if sum(port.public_key == key for port in self.ports) >= _MOST_PER_PEER:
            raise Refusal(
                StatusCode.RESOURCE_EXHAUSTED,
                "peer has reached the maximum number of active expose sessions "
                f"({_MOST_PER_PEER})",
            )
        listen_port, is_assigned = self._listen_port(request, cluster)
        mapping = mapping_of(request, peer, domain, listen_port)
        mapping = self._services.put(mapping, cluster).mapping
        self._ports.append(
            ExposedPort(
                public_key=key,
                request=request,
                mapping=mapping,
                renewed_at=self._clock(),
            )
        )
        self._credentials[mapping.id] = [*credentials_of(request)]
        self._streams.announce(mapping, ProxyMappingUpdateType.CREATED, cluster)
        self._look_later()
        self._notify()
        url = f"https://{domain}"
        if mapping.mode != "http":
            url = f"{mapping.mode}://{domain}:{listen_port}"
        return models.ExposeServiceResponse(
            service_name=name,
            service_url=url,
            domain=domain,
            port_auto_assigned=is_assigned,
        )

    def renew(
        self, request: models.RenewExposeRequest, key: PublicKey
    ) -> models.RenewExposeResponse:
        # Punctual, where the real server looks every 30 seconds and renews until then.
        self.withdraw_expired()
        self._registered(key)
        service_id = self._service_id(request.domain)
        port = self._port(service_id)
        if port is None or port.public_key != key:
            raise Refusal(
                StatusCode.NOT_FOUND,
                f"no active expose session for service {service_id}",
            )
        port.renewed_at = self._clock()
        self._notify()
        return models.RenewExposeResponse()

    def stop(
        self, request: models.StopExposeRequest, key: PublicKey
    ) -> models.StopExposeResponse:
        self.withdraw_expired()
        self._registered(key)
        port = self._port(self._service_id(request.domain))
        if port is None:
            raise Refusal(
                StatusCode.PERMISSION_DENIED,
                "cannot delete API-created service via peer expose",
            )
        if port.public_key != key:
            raise Refusal(
                StatusCode.PERMISSION_DENIED,
                "cannot delete service exposed by another peer",
            )
        self._withdraw(port)
        return models.StopExposeResponse()

    def withdraw_expired(self) -> None:
        """Withdraw what was not renewed in time."""
        now = self._clock()
        for port in self.ports:
            if now - port.renewed_at > _LIFETIME:
                self._withdraw(port)

    def withdraw_all(self, key: PublicKey) -> None:
        """Withdraw what a peer has published."""
        for port in self.ports:
            if port.public_key == key:
                self._withdraw(port)

    def refuse_removal(self, peer: Peer) -> None:
        """Keep a peer from logging out whose ports are published.

        Raises:
            Refusal: It has one.
        """
        for port in self.ports:
            if port.public_key == peer.public_key:
                raise Refusal(
                    StatusCode.FAILED_PRECONDITION,
                    f"peer {peer.id} is in use by proxy {port.mapping.id}",
                )

    def stop_looking(self) -> None:
        """Cancel the timer that withdraws what was not renewed in time."""
        if self._next_look is not None:
            self._next_look.cancel()
            self._next_look = None

    def _look_later(self) -> None:
        if self._next_look is None:
            loop = asyncio.get_running_loop()
            self._next_look = loop.call_later(_SECONDS_BETWEEN_LOOKS, self._look)

    def _look(self) -> None:
        self._next_look = None
        self.withdraw_expired()
        if self.ports:
            self._look_later()

    def _withdraw(self, port: ExposedPort) -> None:
        self._ports.remove(port)
        cluster = self._services.delete(port.mapping.id).cluster
        removed = ProxyMappingUpdateType.REMOVED
        self._streams.announce(port.mapping, removed, cluster)
        self._notify()

    def _registered(self, key: PublicKey) -> Peer:
        peer = self._peers.by_key.get(key)
        if peer is None:
            raise Refusal(StatusCode.PERMISSION_DENIED, "peer is not registered")
        return peer

    def _policy_for(self, peer: Peer) -> ExposePolicy:
        policy = self.policies.get(peer.account_id)
        problem = ""
        if policy is None:
            problem = "peer expose is not enabled for this account"
        elif policy.peers is not None and peer.public_key not in policy.peers:
            problem = "peer is not in an allowed expose group"
        if policy is None or problem:
            raise Refusal(StatusCode.PERMISSION_DENIED, problem)
        return policy

    def _place(
        self, name: str, domain: str, peer: Peer, policy: ExposePolicy
    ) -> tuple[str, str]:
        """Return the domain and the cluster a new service gets."""
        clusters = [
            connection.stream.address
            for connection in self._streams.open
            if connection.stream.account_id in (None, peer.account_id)
        ]
        if policy.cluster is not None:
            clusters.insert(0, policy.cluster)
        if not domain:
            if not clusters:
                raise Refusal(StatusCode.INTERNAL, "internal error")
            return f"{name}.{clusters[0]}", clusters[0]
        domain = f"{name}.{domain}"
        for cluster in clusters:
            if domain.endswith(f".{cluster}"):
                return domain, cluster
        reason = f"domain {domain} does not match any available proxy cluster"
        raise Refusal(
            StatusCode.RESOURCE_EXHAUSTED,
            f"could not derive cluster from domain {domain}: "
            + (reason if clusters else "no proxy clusters available"),
        )

    def _listen_port(
        self, request: models.ExposeServiceRequest, cluster: str
    ) -> tuple[int, bool]:
        """Return the port that proxies listen on, and whether we chose it."""
        mode = mode_of(request)
        if mode == "http":
            return 0, False
        services = [s for s in self._services if s.cluster == cluster]
        taken = {s.mapping.listen_port for s in services}
        if mode != "tls" and not self._has_custom_ports(cluster):
            free = [port for port in _PORTS_TO_ASSIGN if port not in taken]
            return random.choice(free), True  # noqa: S311 - no secret
        wanted = request.listen_port or request.port
        # Any number of TLS services share a port: they are told apart by domain.
        if mode != "tls":
            for service in services:
                used = (service.mapping.mode, service.mapping.listen_port)
                if used == (mode, wanted):
                    name = service.mapping.domain.partition(".")[0]
                    raise Refusal(
                        StatusCode.ALREADY_EXISTS,
                        f"{mode} port {wanted} is already in use by service "
                        f'"{name}" on cluster {cluster}',
                    )
        return wanted, False

    def _has_custom_ports(self, cluster: str) -> bool:
        return any(
            capabilities is not None and bool(capabilities.supports_custom_ports)
            for connection in self._streams.open
            if connection.stream.address == cluster
            for capabilities in (connection.stream.init.capabilities,)
        )

    def _service_id(self, domain: str) -> str:
        if not domain:
            raise Refusal(StatusCode.INTERNAL, "internal error")
        service = self._services.at_domain(domain)
        if service is None:
            raise Refusal(
                StatusCode.NOT_FOUND, f"service with domain {domain} not found"
            )
        return service.mapping.id

    def _port(self, service_id: str) -> ExposedPort | None:
        return next((p for p in self.ports if p.mapping.id == service_id), None)
