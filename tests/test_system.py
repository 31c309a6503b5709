"""What is told of a machine: this very machine, and any version."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import socket
import subprocess
import sys

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbird_sdk import ConfigurationError
from netbird_sdk.models.management import (
    Environment,
    Flags,
    PeerCapability,
    PeerSystemMeta,
)
from netbird_sdk.system import NETBIRD_VERSION, check_meta, system_meta

LINUX = sys.platform == "linux"


# --- This machine -------------------------------------------------------------------


def test_this_machine_is_told_as_other_sources_know_it() -> None:
    meta = system_meta()
    uname = os.uname()
    assert meta.hostname == socket.gethostname()
    assert (meta.kernel, meta.kernel_version) == (uname.sysname, uname.release)
    assert meta.platform == uname.machine
    assert meta.go_os == uname.sysname.lower()
    assert meta.core == meta.os_version
    assert isinstance(meta.environment, Environment)
    if LINUX:
        release = platform.freedesktop_os_release()
        assert meta.os == release["NAME"]
        assert meta.os_version == release.get("VERSION_ID", "")


def test_an_unchanged_machine_is_told_alike_every_time() -> None:
    """Servers refuse a key whose facts change several times within minutes."""
    assert system_meta() == system_meta()


def test_what_is_told_passes_the_check_as_it_is() -> None:
    check_meta(system_meta())


def test_every_field_can_be_replaced() -> None:
    replaced = attrs.evolve(system_meta(), hostname="web-1", sys_serial_number="S1")
    assert (replaced.hostname, replaced.sys_serial_number) == ("web-1", "S1")


def test_the_newest_form_of_updates_is_not_asked_for() -> None:
    assert system_meta().sync_message_version == 0


def test_flags_are_told_and_take_ipv6_away() -> None:
    v4, v6 = PeerCapability.SOURCE_PREFIXES, PeerCapability.IPV6_OVERLAY
    assert system_meta().flags == Flags()
    assert system_meta().capabilities == (v4, v6)
    without = system_meta(flags=Flags(disable_ipv6=True))
    assert without.flags == Flags(disable_ipv6=True)
    assert without.capabilities == (v4,)


def run(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout


def test_nobody_on_the_network_is_asked() -> None:
    """The only socket ever made is the one that asks the kernel for interfaces."""
    families = run(
        "import socket, sys\n"
        "from netbird_sdk.system import system_meta\n"
        "seen = set()\n"
        "def watch(event, args):\n"
        "    if event == 'socket.__new__': seen.add(int(args[1]))\n"
        "    elif event.startswith('socket.') and event != 'socket.gethostname':\n"
        "        seen.add(event)\n"
        "sys.addaudithook(watch)\n"
        "system_meta()\n"
        "print(seen - {getattr(socket, 'AF_NETLINK', None), 'socket.bind'})\n"
    )
    assert families == "set()\n"


def test_a_process_that_may_open_nothing_still_has_facts() -> None:
    """No file and no socket: what is left is what the kernel says in a call."""
    told = run(
        "import resource\n"
        "from netbird_sdk.system import system_meta\n"
        "system_meta()\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))\n"
        "meta = system_meta()\n"
        "print(meta.hostname, meta.network_addresses, meta.kernel_version)\n"
    )
    assert told == f"{socket.gethostname()} () {os.uname().release}\n"


# --- The version --------------------------------------------------------------------


@pytest.mark.parametrize(
    "version",
    [
        NETBIRD_VERSION,
        "0.59.0",
        "0.59.0+build.1",
        "0.59.1-rc.1",
        "0.60.0-dev",
        "1.0.0",
        "development",
    ],
)
def test_a_version_the_account_gets_along_with_passes(version: str) -> None:
    check_meta(PeerSystemMeta(hostname="host", netbird_version=version))


@pytest.mark.parametrize(
    "version",
    [
        "",
        "0.58.9",
        "0.59.0-rc1",
        "0.9.0",
        "v0.77.1",
        "0.77",
        "0.77.1.1",
        "0.77.01",
        "0.77.1-",
        "0.77.1-rc.01",
        "0.77.1 ",
        "0.77.1\n",
        "\u0660.77.1",
        "latest",
        "Development",
        "development-1f2e",
        "netbird-sdk/0.1",
    ],
)
def test_a_version_that_would_degrade_the_account_is_refused(version: str) -> None:
    """One such peer moves the DNS forwarders of all the others."""
    meta = PeerSystemMeta(hostname="host", netbird_version=version)
    with pytest.raises(ConfigurationError, match=re.escape(repr(version))) as refused:
        check_meta(meta)
    assert "whole account" in str(refused.value)


@given(st.text(max_size=200))
def test_no_version_raises_anything_else(version: str) -> None:
    """Whatever passes begins with a number the server can compare."""
    with contextlib.suppress(ConfigurationError):
        check_meta(PeerSystemMeta(hostname="host", netbird_version=version))
        assert version == "development" or re.match(r"[0-9]+\.[0-9]+\.[0-9]+", version)


def test_a_version_of_any_length_is_refused_in_few_words() -> None:
    """Numbers too long for Python to read are no version either."""
    meta = PeerSystemMeta(hostname="host", netbird_version="9" * 5000 + ".0.0")
    with pytest.raises(ConfigurationError) as refused:
        check_meta(meta)
    assert len(str(refused.value)) < 500


def test_a_machine_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="hostname is empty"):
        check_meta(attrs.evolve(system_meta(), hostname=""))
