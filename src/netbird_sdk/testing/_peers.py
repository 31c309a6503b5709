"""The peers of the network: how they come in, and what is known of them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from itertools import count
from typing import Final

import attrs
from grpc import StatusCode

from netbird_sdk._model import masked
from netbird_sdk.errors import ConfigurationError
from netbird_sdk.keys import PublicKey
from netbird_sdk.models.management import LoginRequest, PeerSystemMeta
from netbird_sdk.testing._refusal import Refusal
from netbird_sdk.testing._sessions import User
from netbird_sdk.testing._setup_keys import SetupKeys

__all__ = ["Peer", "Peers"]

_DOMAIN: Final = "netbird.selfhosted"
_FIRST_NETWORK: Final = IPv4Network("100.64.0.0/16")
_NETWORKS: Final = 64


@attrs.frozen(kw_only=True)
class Peer:
    """A peer that is enrolled with the server."""

    public_key: PublicKey
    id: str
    """The id the server gave it."""
    account_id: str
    hostname: str
    address: IPv4Address
    """Its address inside the network."""
    fqdn: str
    meta: PeerSystemMeta
    """The machine facts it reported last."""
    ssh_pub_key: bytes = b""
    user_id: str = ""
    """Who enrolled it with a JWT; empty with a setup key."""
    setup_key: str = attrs.field(default="", repr=masked)
    """The setup key it was enrolled with; empty with a JWT."""
    connected: bool = False
    """Whether its Sync stream is open."""


@attrs.define(eq=False)
class _Network:
    addresses: IPv4Network
    hosts: count[int] = attrs.field(factory=lambda: count(1))
    serial: int = 0


class Peers:
    """The peers of all accounts, each account with a network of its own."""

    def __init__(self, setup_keys: SetupKeys, on_change: Callable[[str], None]) -> None:
        self.by_key: dict[PublicKey, Peer] = {}
        self._on_change = on_change
        self._setup_keys = setup_keys
        self._networks: dict[str, _Network] = {}

    def prefix_length(self, account_id: str) -> int:
        return self._network(account_id).addresses.prefixlen

    def serial(self, account_id: str) -> int:
        """Return how often the network of an account has changed."""
        return self._network(account_id).serial

    def others(self, peer: Peer) -> list[Peer]:
        """Return the peers that `peer` can see."""
        return [
            p
            for p in self.by_key.values()
            if p.account_id == peer.account_id and p.public_key != peer.public_key
        ]

    def at_address(
        self, account_id: str, address: IPv4Address | IPv6Address
    ) -> Peer | None:
        return next(
            (
                p
                for p in self.by_key.values()
                if p.account_id == account_id and p.address == address
            ),
            None,
        )

    def log_in(
        self,
        key: PublicKey,
        request: LoginRequest,
        meta: PeerSystemMeta,
        user: User | None,
    ) -> Peer:
        """Return the peer of `key`, enrolled now if it was not before.

        Raises:
            Refusal: It may not log in, or may not be enrolled.
        """
        known = self.by_key.get(key)
        if known is None:
            return self._enrol(key, request, meta, user)
        if user is not None and user.id != known.user_id:
            raise Refusal(
                StatusCode.PERMISSION_DENIED,
                "peer is already registered by a different User or a Setup Key",
            )
        ssh_pub_key = known.ssh_pub_key
        if request.peer_keys is not None and request.peer_keys.ssh_pub_key:
            ssh_pub_key = request.peer_keys.ssh_pub_key
        peer = attrs.evolve(known, meta=meta, ssh_pub_key=ssh_pub_key)
        self._store(peer, visible=ssh_pub_key != known.ssh_pub_key)
        return peer

    def add(self, key: PublicKey, account_id: str, meta: PeerSystemMeta) -> Peer:
        """Enrol a peer without asking for credentials."""
        peer = self._make(key, account_id, meta)
        self._store(peer)
        return peer

    def add_proxy_peer(self, key: PublicKey, account_id: str) -> None:
        """Enrol the key of a proxy, unless it is a peer already."""
        if key not in self.by_key:
            hostname = f"proxy-{secrets.token_hex(10)}"
            meta = PeerSystemMeta(hostname=hostname, go_os="proxy", os="proxy")
            self.add(key, account_id, meta)

    def remove(self, key: PublicKey) -> Peer:
        try:
            peer = self.by_key.pop(key)
        except KeyError:
            raise ConfigurationError(f"no peer has the public key {key}") from None
        self._network(peer.account_id).serial += 1
        self._on_change(peer.account_id)
        return peer

    def update(
        self,
        key: PublicKey,
        *,
        meta: PeerSystemMeta | None = None,
        connected: bool | None = None,
    ) -> None:
        """Note what a peer reported, if it still is one."""
        peer = self.by_key.get(key)
        if peer is not None:
            self.by_key[key] = attrs.evolve(
                peer,
                meta=peer.meta if meta is None else meta,
                connected=peer.connected if connected is None else connected,
            )

    def _enrol(
        self,
        key: PublicKey,
        request: LoginRequest,
        meta: PeerSystemMeta,
        user: User | None,
    ) -> Peer:
        if user is not None:
            if user.denied_reason == "pending_approval":
                raise Refusal(
                    StatusCode.PERMISSION_DENIED,
                    "user pending approval cannot add peers",
                )
            account_id, setup_key = user.account_id, None
        elif request.setup_key:
            setup_key = self._setup_keys.valid_for(request)
            account_id = setup_key.account_id
        else:
            raise Refusal(
                StatusCode.PERMISSION_DENIED,
                "no peer auth method provided, please use a setup key or interactive "
                "SSO login",
            )
        if not meta.hostname:
            raise Refusal(StatusCode.INTERNAL, "failed handling request")
        peer = attrs.evolve(
            self._make(key, account_id, meta),
            ssh_pub_key=request.peer_keys.ssh_pub_key if request.peer_keys else b"",
            user_id=user.id if user else "",
            setup_key=setup_key.text if setup_key else "",
        )
        if setup_key is not None:
            setup_key.used += 1
        self._store(peer)
        return peer

    def _make(self, key: PublicKey, account_id: str, meta: PeerSystemMeta) -> Peer:
        network = self._network(account_id)
        address = network.addresses[next(network.hosts)]
        label = re.sub(r"[^a-z0-9-]+", "-", meta.hostname.partition(".")[0].lower())
        fqdn = f"{label[:59]}.{_DOMAIN}"
        if any(
            p.fqdn == fqdn and p.account_id == account_id for p in self.by_key.values()
        ):
            third, fourth = address.packed[2:]
            fqdn = f"{label[:59]}-{third}-{fourth}.{_DOMAIN}"
        return Peer(
            public_key=key,
            id=secrets.token_hex(10),
            account_id=account_id,
            hostname=meta.hostname,
            address=address,
            fqdn=fqdn,
            meta=meta,
        )

    def _store(self, peer: Peer, *, visible: bool = True) -> None:
        self.by_key[peer.public_key] = peer
        if visible:
            self._network(peer.account_id).serial += 1
            self._on_change(peer.account_id)

    def _network(self, account_id: str) -> _Network:
        if account_id not in self._networks:
            start = _FIRST_NETWORK.network_address
            start += len(self._networks) % _NETWORKS * _FIRST_NETWORK.num_addresses
            prefix = _FIRST_NETWORK.prefixlen
            self._networks[account_id] = _Network(IPv4Network((start, prefix)))
        return self._networks[account_id]
