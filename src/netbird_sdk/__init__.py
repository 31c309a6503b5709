"""NetBird's management API for Python: enrol peers, build your own reverse proxy.

The two clients are `ManagementClient` and `ProxyClient`; every message is a frozen
model in `netbird_sdk.models`; `netbird_sdk.testing` has a server to test against.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from netbird_sdk._connection import Transport as Transport
    from netbird_sdk._state_file import StateFile as StateFile
    from netbird_sdk.auth_session import watch_deadline as watch_deadline
    from netbird_sdk.config import TLS as TLS
    from netbird_sdk.config import Backoff as Backoff
    from netbird_sdk.config import Keepalive as Keepalive
    from netbird_sdk.errors import AuthenticationError as AuthenticationError
    from netbird_sdk.errors import ClosedError as ClosedError
    from netbird_sdk.errors import ConfigurationError as ConfigurationError
    from netbird_sdk.errors import ExposeLostError as ExposeLostError
    from netbird_sdk.errors import LoginExpiredError as LoginExpiredError
    from netbird_sdk.errors import LoginRequiredError as LoginRequiredError
    from netbird_sdk.errors import NetBirdError as NetBirdError
    from netbird_sdk.errors import ProtocolError as ProtocolError
    from netbird_sdk.errors import RPCError as RPCError
    from netbird_sdk.errors import SealError as SealError
    from netbird_sdk.errors import SetupKeyError as SetupKeyError
    from netbird_sdk.errors import SinkError as SinkError
    from netbird_sdk.errors import TokenError as TokenError
    from netbird_sdk.errors import TokenReusedError as TokenReusedError
    from netbird_sdk.errors import TransportError as TransportError
    from netbird_sdk.errors import UnsupportedError as UnsupportedError
    from netbird_sdk.errors import UserBlockedError as UserBlockedError
    from netbird_sdk.errors import UserMismatchError as UserMismatchError
    from netbird_sdk.errors import is_transient as is_transient
    from netbird_sdk.events import ChecksNotReported as ChecksNotReported
    from netbird_sdk.events import Connected as Connected
    from netbird_sdk.events import CutByServer as CutByServer
    from netbird_sdk.events import Disconnected as Disconnected
    from netbird_sdk.events import FellBack as FellBack
    from netbird_sdk.events import JobFinished as JobFinished
    from netbird_sdk.events import MappingRejected as MappingRejected
    from netbird_sdk.events import NetworkSynced as NetworkSynced
    from netbird_sdk.events import RPCMissing as RPCMissing
    from netbird_sdk.events import SessionEvent as SessionEvent
    from netbird_sdk.events import SnapshotOverdue as SnapshotOverdue
    from netbird_sdk.events import StateIgnored as StateIgnored
    from netbird_sdk.events import StateRestored as StateRestored
    from netbird_sdk.events import Synced as Synced
    from netbird_sdk.events import UpdateFailed as UpdateFailed
    from netbird_sdk.events import UpdateIgnored as UpdateIgnored
    from netbird_sdk.expose import ExposedService as ExposedService
    from netbird_sdk.expose import Exposure as Exposure
    from netbird_sdk.identity import Identity as Identity
    from netbird_sdk.jobs import JobSession as JobSession
    from netbird_sdk.keys import PrivateKey as PrivateKey
    from netbird_sdk.keys import PublicKey as PublicKey
    from netbird_sdk.management import ManagementClient as ManagementClient
    from netbird_sdk.mapping_session import MappingCounters as MappingCounters
    from netbird_sdk.mapping_session import MappingSession as MappingSession
    from netbird_sdk.models.proxy import ProxyMapping as ProxyMapping
    from netbird_sdk.network_state import NetworkChange as NetworkChange
    from netbird_sdk.network_state import NetworkState as NetworkState
    from netbird_sdk.network_state import PeerChange as PeerChange
    from netbird_sdk.proxy import ProxyClient as ProxyClient
    from netbird_sdk.serves import Serves as Serves
    from netbird_sdk.session import Session as Session
    from netbird_sdk.session import SessionState as SessionState
    from netbird_sdk.sink import MappingSink as MappingSink
    from netbird_sdk.sink import MappingTable as MappingTable
    from netbird_sdk.sink import Rejected as Rejected
    from netbird_sdk.sink import SinkLimits as SinkLimits
    from netbird_sdk.sync_session import SyncSession as SyncSession

    __version__: str

_HOMES: Final = {
    "AuthenticationError": "errors",
    "Backoff": "config",
    "ChecksNotReported": "events",
    "ClosedError": "errors",
    "ConfigurationError": "errors",
    "Connected": "events",
    "CutByServer": "events",
    "Disconnected": "events",
    "ExposeLostError": "errors",
    "ExposedService": "expose",
    "Exposure": "expose",
    "FellBack": "events",
    "Identity": "identity",
    "JobFinished": "events",
    "JobSession": "jobs",
    "Keepalive": "config",
    "LoginExpiredError": "errors",
    "LoginRequiredError": "errors",
    "ManagementClient": "management",
    "MappingCounters": "mapping_session",
    "MappingRejected": "events",
    "MappingSession": "mapping_session",
    "MappingSink": "sink",
    "MappingTable": "sink",
    "NetBirdError": "errors",
    "NetworkChange": "network_state",
    "NetworkState": "network_state",
    "NetworkSynced": "events",
    "PeerChange": "network_state",
    "PrivateKey": "keys",
    "ProtocolError": "errors",
    "ProxyClient": "proxy",
    "ProxyMapping": "models.proxy",
    "PublicKey": "keys",
    "RPCError": "errors",
    "RPCMissing": "events",
    "Rejected": "sink",
    "SealError": "errors",
    "Serves": "serves",
    "Session": "session",
    "SessionEvent": "events",
    "SessionState": "session",
    "SetupKeyError": "errors",
    "SinkError": "errors",
    "SinkLimits": "sink",
    "SnapshotOverdue": "events",
    "StateFile": "_state_file",
    "StateIgnored": "events",
    "StateRestored": "events",
    "SyncSession": "sync_session",
    "Synced": "events",
    "TLS": "config",
    "TokenError": "errors",
    "TokenReusedError": "errors",
    "Transport": "_connection",
    "TransportError": "errors",
    "UnsupportedError": "errors",
    "UpdateFailed": "events",
    "UpdateIgnored": "events",
    "UserBlockedError": "errors",
    "UserMismatchError": "errors",
    "is_transient": "errors",
    "watch_deadline": "auth_session",
}

__all__ = [
    "TLS",
    "AuthenticationError",
    "Backoff",
    "ChecksNotReported",
    "ClosedError",
    "ConfigurationError",
    "Connected",
    "CutByServer",
    "Disconnected",
    "ExposeLostError",
    "ExposedService",
    "Exposure",
    "FellBack",
    "Identity",
    "JobFinished",
    "JobSession",
    "Keepalive",
    "LoginExpiredError",
    "LoginRequiredError",
    "ManagementClient",
    "MappingCounters",
    "MappingRejected",
    "MappingSession",
    "MappingSink",
    "MappingTable",
    "NetBirdError",
    "NetworkChange",
    "NetworkState",
    "NetworkSynced",
    "PeerChange",
    "PrivateKey",
    "ProtocolError",
    "ProxyClient",
    "ProxyMapping",
    "PublicKey",
    "RPCError",
    "RPCMissing",
    "Rejected",
    "SealError",
    "Serves",
    "Session",
    "SessionEvent",
    "SessionState",
    "SetupKeyError",
    "SinkError",
    "SinkLimits",
    "SnapshotOverdue",
    "StateFile",
    "StateIgnored",
    "StateRestored",
    "SyncSession",
    "Synced",
    "TokenError",
    "TokenReusedError",
    "Transport",
    "TransportError",
    "UnsupportedError",
    "UpdateFailed",
    "UpdateIgnored",
    "UserBlockedError",
    "UserMismatchError",
    "is_transient",
    "watch_deadline",
]


def __getattr__(name: str) -> object:
    """Import what is asked for and no more: one client's users pay for one."""
    value: object
    if name == "__version__":
        from importlib.metadata import version

        value = version("netbird-sdk")
    elif name in _HOMES:
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
