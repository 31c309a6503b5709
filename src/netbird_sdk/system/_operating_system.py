"""Which operating system runs here, in the words of Go and of os-release."""

from __future__ import annotations

import platform
import re
import sys
from pathlib import Path
from typing import Final

import attrs

__all__ = ["OperatingSystem", "go_os_of", "os_release", "read_operating_system"]

_GO_NAMES: Final = {"win32": "windows", "cygwin": "windows"}
_QUOTED: Final = re.compile(r"""(["'])(.*)\1""")
_ESCAPED: Final = re.compile(r"\\(.)")
_MOST: Final = 64 * 1024


@attrs.frozen(kw_only=True)
class OperatingSystem:
    """What `uname` and the distribution say of themselves."""

    go_os: str
    kernel: str
    kernel_version: str
    machine: str
    name: str
    version: str
    """Empty where a distribution has none, as rolling ones do."""


def read_operating_system(
    root: Path,
    *,
    sys_platform: str = sys.platform,
    uname: platform.uname_result | None = None,
) -> OperatingSystem:
    """Describe the running system, whose files are below `root`."""
    uname = uname or platform.uname()
    go_os = go_os_of(sys_platform)
    if go_os == "windows":
        return _windows(uname)
    if go_os == "darwin":
        name, version = uname.system, platform.mac_ver()[0] or uname.release
    else:
        release = os_release(root)
        name = release.get("NAME") or uname.system
        version = release.get("VERSION_ID", "")
    return OperatingSystem(
        go_os=go_os,
        kernel=uname.system,
        kernel_version=uname.release,
        machine=uname.machine,
        name=name,
        version=version,
    )


def go_os_of(sys_platform: str) -> str:
    """Return Go's name of the platform that Python calls `sys_platform`."""
    # FreeBSD and its like carry their major version: freebsd14.
    return _GO_NAMES.get(sys_platform) or sys_platform.rstrip("0123456789")


def os_release(root: Path) -> dict[str, str]:
    """Return the settings of the os-release file, none if there is no such file."""
    for path in (root / "etc/os-release", root / "usr/lib/os-release"):
        try:
            with path.open(encoding="utf-8", errors="replace") as file:
                lines = file.read(_MOST).splitlines()
        except OSError:
            continue
        pairs = (line.strip().partition("=") for line in lines)
        # A comment, too, becomes a setting, of a name that nobody asks for.
        return {name: _unquoted(value) for name, _, value in pairs}
    return {}


def _unquoted(value: str) -> str:
    match = _QUOTED.fullmatch(value)
    if match is None:
        return value
    quote, inner = match.groups()
    return _ESCAPED.sub(r"\1", inner) if quote == '"' else inner


def _windows(uname: platform.uname_result) -> OperatingSystem:
    # The release is "11" or, on servers, "2022Server".
    version = uname.release.removesuffix("Server")
    server = version != uname.release
    return OperatingSystem(
        go_os="windows",
        kernel="windows",
        kernel_version=uname.version,
        machine="unknown",
        name="Windows Server" if server else "Windows",
        version=version or uname.version,
    )
