"""Who made this machine and under which serial number, as the firmware tells."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import attrs

__all__ = ["Hardware", "firmware_fact", "read_hardware"]

_DMI: Final = "sys/class/dmi/id"
_DEVICE_TREE: Final = "proc/device-tree"
_MOST: Final = 4096
_PADDING: Final = b" \t\r\n\x00"

# What board makers leave where a builder should have filled in something of his own.
_PLACEHOLDERS: Final = frozenset(
    {
        "0",
        "0123456789",
        "chassis serial number",
        "default string",
        "n/a",
        "none",
        "not applicable",
        "not specified",
        "o.e.m.",
        "system manufacturer",
        "system product name",
        "system serial number",
        "to be filled by o.e.m.",
        "unknown",
    }
)


@attrs.frozen(kw_only=True)
class Hardware:
    """The machine by name; each part is empty if unknown."""

    serial: str
    product: str
    manufacturer: str


def read_hardware(root: Path) -> Hardware:
    """Read what the firmware says of the machine whose files are below `root`."""

    def dmi(name: str) -> str:
        return firmware_fact(root, name)

    def device_tree(name: str) -> str:
        return _printed(root / _DEVICE_TREE / name)

    return Hardware(
        serial=_best(
            dmi("chassis_serial"),
            dmi("product_serial") or device_tree("serial-number"),
            dmi("board_serial"),
        ),
        product=_best(dmi("product_name") or device_tree("model"), dmi("board_name")),
        manufacturer=_best(dmi("sys_vendor"), dmi("board_vendor")),
    )


def firmware_fact(root: Path, name: str) -> str:
    """Return one DMI string; empty if missing, not ours to read, or not ASCII."""
    return _printed(root / _DMI / name)


def _printed(path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(_MOST).strip(_PADDING)
    except OSError:
        return ""
    return text.decode("ascii") if text.isascii() else ""


def _best(*candidates: str) -> str:
    """Return the first that says something, else the first placeholder, else ""."""
    told: Iterable[str] = [text for text in candidates if text]
    for text in told:
        if text.lower() not in _PLACEHOLDERS:
            return text
    return next(iter(told), "")
