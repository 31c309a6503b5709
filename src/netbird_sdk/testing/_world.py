"""Everything a test server consists of, put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

from netbird_sdk.errors import ConfigurationError
from netbird_sdk.keys import PrivateKey
from netbird_sdk.models.management import (
    DeviceAuthorizationFlow,
    NetbirdConfig,
    PKCEAuthorizationFlow,
)
from netbird_sdk.testing._calls import Calls
from netbird_sdk.testing._changes import Changes
from netbird_sdk.testing._envelopes import Envelopes
from netbird_sdk.testing._exposes import Exposes
from netbird_sdk.testing._jobs import JobStreams
from netbird_sdk.testing._logins import Logins
from netbird_sdk.testing._management_service import ManagementService
from netbird_sdk.testing._mapping_streams import MappingStreams
from netbird_sdk.testing._network_map import DEFAULT_NETBIRD_CONFIG, NetworkMaps
from netbird_sdk.testing._one_time_tokens import OneTimeTokens
from netbird_sdk.testing._peers import Peer, Peers
from netbird_sdk.testing._proxy_service import ProxyService
from netbird_sdk.testing._proxy_tokens import FailureLimiter, ProxyToken, ProxyTokens
from netbird_sdk.testing._release import parse_release
from netbird_sdk.testing._rpc_table import RpcTable
from netbird_sdk.testing._services import Services
from netbird_sdk.testing._sessions import Sessions
from netbird_sdk.testing._setup_keys import SetupKeys
from netbird_sdk.testing._sync_streams import SyncStreams
from netbird_sdk.testing._visitor_checks import VisitorChecks

if TYPE_CHECKING:
    from netbird_sdk.testing._live_call import Context

__all__ = ["Settings", "World"]


@attrs.frozen(kw_only=True)
class Settings:
    """What a server is told when it is made."""

    release: str
    batch_size: int
    private_key: PrivateKey
    clock: Callable[[], float]
    limits_failed_logins: bool
    netbird_config: NetbirdConfig | None
    device_flow: DeviceAuthorizationFlow | None
    pkce_flow: PKCEAuthorizationFlow | None


class World:
    """The state of a server and the handlers that work on it."""

    def __init__(self, settings: Settings) -> None:
        if settings.batch_size < 1:
            raise ConfigurationError(
                f"batch_size must be at least 1, got {settings.batch_size}"
            )
        release = parse_release(settings.release)
        clock = settings.clock
        self.changes: Changes = Changes()
        self.calls: Calls = Calls(self.changes)
        self.sessions: Sessions = Sessions(clock)
        self.services: Services = Services(self.sessions.public_key)
        self.one_time_tokens: OneTimeTokens = OneTimeTokens(clock)
        self.failure_limiter: FailureLimiter = FailureLimiter(clock)
        self.proxy_tokens: ProxyTokens = ProxyTokens(
            clock, self.failure_limiter if settings.limits_failed_logins else None
        )
        self.mapping_streams: MappingStreams = MappingStreams(
            self.services,
            self.one_time_tokens,
            self.changes,
            release=release,
            batch_size=settings.batch_size,
        )
        self.setup_keys: SetupKeys = SetupKeys(clock)
        self.peers: Peers = Peers(self.setup_keys, self._peers_changed)
        self.logins: Logins = Logins(clock, self.sessions.users)
        self.network_maps: NetworkMaps = NetworkMaps(
            self.peers,
            self.logins,
            settings.netbird_config or DEFAULT_NETBIRD_CONFIG,
            release,
        )
        self.sync_streams: SyncStreams = SyncStreams(
            self.peers, self.network_maps, self.changes
        )
        self.visitor_checks: VisitorChecks = VisitorChecks(
            self.services, self.sessions, self.peers
        )
        self.proxy_service: ProxyService = ProxyService(
            self.services, self.peers, self.one_time_tokens
        )
        envelopes = Envelopes(settings.private_key)
        self.job_streams: JobStreams = JobStreams(envelopes, self.peers, self.changes)
        self.exposes: Exposes = Exposes(
            self.peers,
            self.services,
            self.mapping_streams,
            self.visitor_checks.credentials,
            clock=clock,
            notify=self.changes.notify,
        )
        self.management_service: ManagementService = ManagementService(
            envelopes=envelopes,
            public_key=settings.private_key.public_key,
            clock=clock,
            peers=self.peers,
            sessions=self.sessions,
            logins=self.logins,
            exposes=self.exposes,
            streams=self.sync_streams,
            maps=self.network_maps,
            device_flow=settings.device_flow,
            pkce_flow=settings.pkce_flow,
        )
        self.proxy_rpcs: RpcTable[ProxyToken] = RpcTable(
            self.calls, release, self.proxy_tokens.admit
        )
        self.mapping_streams.register(self.proxy_rpcs)
        self.visitor_checks.register(self.proxy_rpcs)
        self.proxy_service.register(self.proxy_rpcs)
        self.management_rpcs: RpcTable[None] = RpcTable(
            self.calls, release, _admit_anybody
        )
        self.management_service.register(self.management_rpcs)
        self.job_streams.register(self.management_rpcs)
        self.exposes.register(self.management_rpcs, envelopes)

    def forget_what_a_restart_loses(self) -> None:
        """Drop what the real server keeps in memory only."""
        self.one_time_tokens.forget()
        self.failure_limiter.forget()

    def expire_login(self, peer: Peer) -> None:
        """End a peer's login and its Sync stream."""
        self.logins.expire(peer)
        self.sync_streams.finish(peer)

    def _peers_changed(self, account_id: str) -> None:
        self.sync_streams.announce_map(account_id)
        self.changes.notify()


def _admit_anybody(_context: Context) -> None:
    # Peers show who they are inside the sealed body.
    return None
