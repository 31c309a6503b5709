"""What a peer tells management of the machine it runs on.

`system_meta` describes the machine, `evaluate_checks` answers posture checks, and
`check_meta` refuses a description that would do harm. Nothing here is sent by itself.
"""

from __future__ import annotations

from netbird_sdk.system._checks import checked_files, evaluate_checks
from netbird_sdk.system._meta import check_meta, system_meta
from netbird_sdk.system._version import NETBIRD_VERSION

__all__ = [
    "NETBIRD_VERSION",
    "check_meta",
    "checked_files",
    "evaluate_checks",
    "system_meta",
]
