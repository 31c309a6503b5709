"""What a test does on the peers' side of the server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from netbird_sdk.errors import ConfigurationError
from netbird_sdk.keys import PrivateKey, PublicKey
from netbird_sdk.models.management import PeerSystemMeta, SyncResponse
from netbird_sdk.testing._peers import Peer
from netbird_sdk.testing._sessions import User
from netbird_sdk.testing._world import World

__all__ = ["PeerScript"]

_ACCOUNT: Final = "account-1"
_AN_HOUR: Final = timedelta(hours=1)


class PeerScript:
    """Setup keys and users to enrol peers with, and the peers themselves."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_setup_key(
        self,
        *,
        account_id: str = _ACCOUNT,
        usage_limit: int | None = None,
        expires: timedelta | None = None,
        revoked: bool = False,
        allow_dns_labels: bool = False,
    ) -> str:
        """Return a new setup key.

        Args:
            account_id: The account its peers belong to.
            usage_limit: How many peers it lets in; None for any number.
            expires: How long it works, from now; None for ever.
            revoked: True makes one that lets nobody in.
            allow_dns_labels: Whether its peers may bring DNS labels.
        """
        return self._world.setup_keys.add(
            account_id,
            usage_limit,
            expires,
            allows_dns_labels=allow_dns_labels,
            revoked=revoked,
        )

    def revoke_setup_key(self, setup_key: str) -> None:
        """Let nobody in with a setup key any more; its peers stay.

        Raises:
            ConfigurationError: The setup key is not from this server.
        """
        self._world.setup_keys.revoke(setup_key)

    def add_user(
        self,
        user_id: str,
        *,
        account_id: str = _ACCOUNT,
        email: str = "",
        denied_reason: str = "",
    ) -> None:
        """Add somebody who can log in at the identity provider.

        Args:
            user_id: The user's id, not empty.
            account_id: The account the user belongs to.
            email: The user's address.
            denied_reason: Why the user may not use services: `pending_approval`,
                `user_blocked` or `not_in_group`. Empty for a user who may.
        """
        if not user_id:
            raise ConfigurationError("a user needs an id that is not empty")
        self._world.sessions.users[user_id] = User(
            id=user_id, account_id=account_id, email=email, denied_reason=denied_reason
        )

    def mint_login_token(self, user_id: str, *, lifetime: timedelta = _AN_HOUR) -> str:
        """Return a JWT that enrols a peer for a user, once.

        Raises:
            ConfigurationError: There is no such user.
        """
        return self._world.sessions.mint_login_token(self._user(user_id), lifetime)

    def set_login_lifetime(
        self, lifetime: timedelta | None, *, account_id: str = _ACCOUNT
    ) -> None:
        """Set after which time users have to log their peers in again.

        It is a day at first. Peers that listen are told of their new deadlines.

        Args:
            lifetime: From the login or its last extension; None for ever.
            account_id: The account whose peers it concerns. Those enrolled with a
                setup key never have to.
        """
        self._world.logins.set_lifetime(account_id, lifetime)
        self._world.sync_streams.announce_map(account_id)

    def expire_login(self, public_key: PublicKey) -> None:
        """Let the login of a user's peer be over now, and end its Sync stream.

        Raises:
            ConfigurationError: No peer has this key, or its login never ends.
        """
        peer = self._world.peers.by_key.get(public_key)
        if peer is None:
            raise ConfigurationError(f"no peer has the public key {public_key}")
        if not self._world.logins.has_end(peer):
            raise ConfigurationError(
                f"the login of the peer {public_key} never ends: only that of a user's "
                "peer does, after the login lifetime of the account"
            )
        self._world.expire_login(peer)

    def mint_session_token(self, service_id: str, user_id: str) -> str:
        """Return what a visitor comes back with from the login page of a service.

        Raises:
            ConfigurationError: There is no such service or user.
        """
        user = self._user(user_id)
        service = self._world.services.get(service_id)
        if service is None:
            raise ConfigurationError(f"there is no mapping with the id {service_id!r}")
        return self._world.sessions.mint(
            service.mapping, subject=user.id, method="oidc", email=user.email
        )

    @property
    def peers(self) -> Mapping[PublicKey, Peer]:
        """The enrolled peers by their keys."""
        return MappingProxyType(self._world.peers.by_key)

    def add_peer(
        self,
        hostname: str,
        *,
        account_id: str = _ACCOUNT,
        public_key: PublicKey | None = None,
        netbird_version: str = "0.77.1",
    ) -> Peer:
        """Enrol a peer that is not there, for others to see."""
        key = PrivateKey.generate().public_key if public_key is None else public_key
        if key in self._world.peers.by_key:
            raise ConfigurationError(f"{key} is the key of a peer already")
        meta = PeerSystemMeta(hostname=hostname, netbird_version=netbird_version)
        return self._world.peers.add(key, account_id, meta)

    def remove_peer(self, public_key: PublicKey) -> None:
        """Delete a peer; its Sync stream ends with an empty network map.

        Raises:
            ConfigurationError: No peer has this key.
        """
        self._world.management_service.remove_peer(public_key)

    def publish(self, public_key: PublicKey, update: SyncResponse) -> None:
        """Send a peer an update of your own on its Sync stream.

        Raises:
            ConfigurationError: The peer has no stream open.
        """
        if not self._world.sync_streams.publish(public_key, update):
            raise ConfigurationError(f"the peer {public_key} has no Sync stream open")

    def _user(self, user_id: str) -> User:
        try:
            return self._world.sessions.users[user_id]
        except KeyError:
            raise ConfigurationError(
                f"there is no user {user_id!r}: add_user() makes one"
            ) from None
