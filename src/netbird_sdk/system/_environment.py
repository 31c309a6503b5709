"""Where this machine is hosted, found without asking anybody."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from netbird_sdk.models.management import Environment
from netbird_sdk.system._hardware import firmware_fact

__all__ = ["read_environment"]

# The names are those that NetBird's agent reports. Each mark is one that no other
# machine carries: "Google" alone is also on laptops, "Microsoft Corporation" on every
# Hyper-V guest.
_CLOUDS: Final = (
    ("sys_vendor", "Amazon EC2", "Amazon Web Services"),
    ("bios_vendor", "Amazon EC2", "Amazon Web Services"),
    ("product_name", "Google Compute Engine", "Google Cloud Platform"),
    ("chassis_asset_tag", "7783-7084-3265-9085-8269-3286-77", "Microsoft Azure"),
    ("sys_vendor", "DigitalOcean", "Digital Ocean"),
    ("chassis_asset_tag", "OracleCloud.com", "Oracle"),
    ("sys_vendor", "Vultr", "Vultr"),
    ("sys_vendor", "Alibaba Cloud", "Alibaba Cloud"),
    ("product_name", "Alibaba Cloud ECS", "Alibaba Cloud"),
)
_OPENSTACK: Final = (
    ("product_name", "OpenStack Nova"),
    ("product_name", "OpenStack Compute"),
    ("chassis_asset_tag", "OpenTelekomCloud"),
    ("chassis_asset_tag", "SAP CCloud VM"),
    ("chassis_asset_tag", "HUAWEICLOUD"),
    ("chassis_asset_tag", "Samsung Cloud Platform"),
)


def read_environment(root: Path, environ: Mapping[str, str]) -> Environment:
    """Name the cloud and the platform of the machine whose files are below `root`."""
    return Environment(cloud=_cloud(root), platform=_platform(root, environ))


def _cloud(root: Path) -> str:
    for fact, mark, name in _CLOUDS:
        if firmware_fact(root, fact) == mark:
            return name
    # The older, Xen based machines of that cloud: 4.11.amazon.
    if firmware_fact(root, "bios_version").endswith(".amazon"):
        return "Amazon Web Services"
    return ""


def _platform(root: Path, environ: Mapping[str, str]) -> str:
    if "KUBERNETES_SERVICE_HOST" in environ:
        return "Kubernetes"
    if (root / ".dockerenv").exists():
        return "Docker"
    if any(firmware_fact(root, fact) == mark for fact, mark in _OPENSTACK):
        return "OpenStack"
    return ""
