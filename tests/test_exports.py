"""What the package exports, how lazily it does so, and what the README says of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import netbird_sdk
from netbird_sdk._methods import management, proxy
from netbird_sdk.management import ManagementClient
from netbird_sdk.proxy import ProxyClient

ROOT = Path(__file__).resolve().parent.parent
PUBLIC = [
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
    "TLS",
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


def test_the_public_names_are_these() -> None:
    """Adding or removing one is a decision, made here as well."""
    assert sorted(netbird_sdk.__all__) == sorted(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_each_public_name_can_be_had(name: str) -> None:
    assert getattr(netbird_sdk, name) is not None
    assert name in dir(netbird_sdk)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = netbird_sdk.Nothing


def test_the_version_is_that_of_the_installed_package() -> None:
    assert re.match(r"\d+\.\d+\.\d+", netbird_sdk.__version__)


def imported_by(statement: str) -> set[str]:
    """Return the modules a fresh interpreter has after `statement`."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def test_importing_the_package_imports_no_dependency() -> None:
    loaded = imported_by("import netbird_sdk")
    assert not loaded & {"grpc", "google.protobuf", "attr", "nacl", "asyncio"}


def test_the_proxy_client_needs_neither_peer_models_nor_sealing() -> None:
    loaded = imported_by("from netbird_sdk import ProxyClient")
    assert "netbird_sdk.models.proxy" in loaded
    assert not loaded & {"netbird_sdk.models.management", "nacl", "netbird_sdk.testing"}


def readme_rpcs() -> dict[str, str]:
    """Return the README's table: RPC to what it says serves it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.split("## RPCs")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \|(.*?)\|(.*?)\|$", table, re.MULTILINE)
    return {rpc: f"{how}{there}".strip() for rpc, how, there in rows if rpc != "RPC"}


def test_the_readme_lists_every_rpc() -> None:
    listed = set(readme_rpcs())
    assert listed == {m.name for m in (*management.METHODS, *proxy.METHODS)}


def test_the_readme_names_methods_that_exist() -> None:
    clients = {*dir(ManagementClient), *dir(ProxyClient)}
    for rpc, row in readme_rpcs().items():
        named = re.findall(r"`(\w+)`", row)
        assert set(named) <= clients, rpc
        assert bool(named) != row.endswith("not yet"), rpc
