"""What files tell of a machine: distribution, hardware, cloud; all made trees."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path

import pytest

from netbird_sdk.models.management import Environment
from netbird_sdk.system import check_meta
from netbird_sdk.system._environment import read_environment
from netbird_sdk.system._hardware import Hardware, read_hardware
from netbird_sdk.system._meta import system_meta_below
from netbird_sdk.system._operating_system import (
    go_os_of,
    os_release,
    read_operating_system,
)


def tree(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write files below `root`, and return it."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def firmware(root: Path, **facts: str | bytes) -> Path:
    return tree(root, {f"sys/class/dmi/id/{name}": f for name, f in facts.items()})


def test_an_empty_machine_has_facts_too(tmp_path: Path) -> None:
    meta = system_meta_below(tmp_path, {})
    assert meta.os == platform.uname().system
    assert meta.go_os != "linux" or meta.os_version == ""
    assert meta.environment == Environment()
    assert meta.sys_serial_number == ""
    check_meta(meta)


# --- The operating system -----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ('NAME="Debian GNU/Linux"\nVERSION_ID="12"\n', "Debian GNU/Linux", "12"),
        ("NAME=Fedora\r\nVERSION_ID=41", "Fedora", "41"),
        ('PRETTY_NAME="Debian trixie/sid"\nNAME="Debian"\n', "Debian", ""),
        ("NAME='It'\nVERSION_ID='1=2'\n", "It", "1=2"),
        ('NAME="a \\"b\\" \\$c"\n', 'a "b" $c', ""),
        ('#NAME=no\n\n=x\nNAME\nNAME=""\nVERSION_ID=""', "Linux", ""),
        ('NAME="half\nVERSION_ID=3"\n', '"half', '3"'),
        ("", "Linux", ""),
    ],
)
def test_the_distribution_is_told(
    tmp_path: Path, text: str, name: str, version: str
) -> None:
    root = tree(tmp_path, {"etc/os-release": text})
    uname = platform.uname_result("Linux", "host", "6.1.0-9", "#1", "aarch64")
    system = read_operating_system(root, sys_platform="linux", uname=uname)
    assert (system.name, system.version) == (name, version)
    assert (system.kernel, system.kernel_version) == ("Linux", "6.1.0-9")
    assert (system.go_os, system.machine) == ("linux", "aarch64")


def test_the_vendors_os_release_counts_where_there_is_no_other(tmp_path: Path) -> None:
    tree(tmp_path, {"usr/lib/os-release": "NAME=Vendor\n"})
    assert os_release(tmp_path)["NAME"] == "Vendor"
    tree(tmp_path, {"etc/os-release": "NAME=Owner\n"})
    assert os_release(tmp_path)["NAME"] == "Owner"


def test_an_os_release_that_is_no_text_does_not_hurt(tmp_path: Path) -> None:
    root = tree(tmp_path, {"etc/os-release": b"NAME=\xff\xfe\nVERSION_ID=1\n"})
    assert os_release(root)["VERSION_ID"] == "1"


@pytest.mark.parametrize(
    ("sys_platform", "go_os"),
    [
        ("linux", "linux"),
        ("darwin", "darwin"),
        ("win32", "windows"),
        ("cygwin", "windows"),
        ("freebsd14", "freebsd"),
        ("android", "android"),
    ],
)
def test_platforms_have_the_names_go_gives_them(sys_platform: str, go_os: str) -> None:
    assert go_os_of(sys_platform) == go_os


@pytest.mark.parametrize(
    ("release", "name", "version"),
    [
        ("11", "Windows", "11"),
        ("2022Server", "Windows Server", "2022"),
        ("", "Windows", "10.0.22631"),
    ],
)
def test_windows_is_told_by_name_and_build(
    tmp_path: Path, release: str, name: str, version: str
) -> None:
    uname = platform.uname_result("Windows", "host", release, "10.0.22631", "AMD64")
    system = read_operating_system(tmp_path, sys_platform="win32", uname=uname)
    assert (system.name, system.version) == (name, version)
    assert (system.kernel, system.kernel_version) == ("windows", "10.0.22631")
    assert (system.go_os, system.machine) == ("windows", "unknown")


def test_macos_goes_by_its_kernels_name(tmp_path: Path) -> None:
    tree(tmp_path, {"etc/os-release": "NAME=Other\n"})
    uname = platform.uname_result("Darwin", "host", "23.1.0", "Darwin 23", "arm64")
    system = read_operating_system(tmp_path, sys_platform="darwin", uname=uname)
    assert (system.go_os, system.name, system.machine) == ("darwin", "Darwin", "arm64")
    assert system.version == (platform.mac_ver()[0] or "23.1.0")


# --- Hardware -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "serial"),
    [
        ({"chassis_serial": "C1\n", "product_serial": "P1\n"}, "C1"),
        ({"chassis_serial": " \n", "product_serial": "\0 P1 \0\n"}, "P1"),
        ({"chassis_serial": "Gerät", "product_serial": "P1"}, "P1"),
        ({"chassis_serial": b"\xff", "board_serial": "B1"}, "B1"),
        ({"chassis_serial": "Default string", "product_serial": "P1"}, "P1"),
        ({"chassis_serial": "To Be Filled By O.E.M.", "board_serial": "B1"}, "B1"),
        (
            {"chassis_serial": "Default string", "board_serial": "None"},
            "Default string",
        ),
        ({"board_serial": "B1"}, "B1"),
        ({}, ""),
    ],
)
def test_the_serial_number_is_the_first_that_says_something(
    tmp_path: Path, facts: dict[str, str | bytes], serial: str
) -> None:
    """Chassis, product, board; a maker's placeholder only if there is nothing else."""
    assert read_hardware(firmware(tmp_path, **facts)).serial == serial


def test_product_and_maker_fall_back_to_the_board(tmp_path: Path) -> None:
    root = firmware(
        tmp_path,
        product_name="To be filled by O.E.M.",
        board_name="B450\n",
        sys_vendor="System manufacturer",
        board_vendor="Board Works\n",
    )
    assert read_hardware(root) == Hardware(
        serial="", product="B450", manufacturer="Board Works"
    )
    firmware(tmp_path, product_name="Rack 1\n", sys_vendor="Rack Works\n")
    assert read_hardware(root) == Hardware(
        serial="", product="Rack 1", manufacturer="Rack Works"
    )


def test_a_machine_without_dmi_is_told_by_its_device_tree(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/device-tree/model": b"Board 4 Model B\0",
            "proc/device-tree/serial-number": b"10000000abcdef\0",
        },
    )
    assert read_hardware(root) == Hardware(
        serial="10000000abcdef", product="Board 4 Model B", manufacturer=""
    )


def test_a_fact_that_cannot_be_read_is_empty(tmp_path: Path) -> None:
    (tmp_path / "sys/class/dmi/id/chassis_serial").mkdir(parents=True)
    assert read_hardware(tmp_path).serial == ""


# --- Cloud and platform -------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "cloud"),
    [
        ({"sys_vendor": "Amazon EC2\n"}, "Amazon Web Services"),
        ({"bios_vendor": "Amazon EC2\n"}, "Amazon Web Services"),
        ({"sys_vendor": "Xen", "bios_version": "4.11.amazon"}, "Amazon Web Services"),
        ({"product_name": "Google Compute Engine"}, "Google Cloud Platform"),
        (
            {"chassis_asset_tag": "7783-7084-3265-9085-8269-3286-77"},
            "Microsoft Azure",
        ),
        ({"sys_vendor": "DigitalOcean"}, "Digital Ocean"),
        ({"chassis_asset_tag": "OracleCloud.com"}, "Oracle"),
        ({"sys_vendor": "Vultr"}, "Vultr"),
        ({"sys_vendor": "Alibaba Cloud"}, "Alibaba Cloud"),
        ({"product_name": "Alibaba Cloud ECS"}, "Alibaba Cloud"),
        ({"sys_vendor": "Google", "product_name": "Laptop"}, ""),
        ({"sys_vendor": "Microsoft Corporation"}, ""),
        ({"sys_vendor": "Amazon"}, ""),
        ({"sys_vendor": "Xen", "bios_version": "4.11"}, ""),
        ({}, ""),
    ],
)
def test_clouds_are_known_by_their_firmware(
    tmp_path: Path, facts: dict[str, str | bytes], cloud: str
) -> None:
    root = firmware(tmp_path, **facts)
    assert read_environment(root, {}) == Environment(cloud=cloud)


def test_the_innermost_platform_is_told(tmp_path: Path) -> None:
    root = firmware(tmp_path, product_name="OpenStack Nova")
    assert read_environment(root, {}) == Environment(platform="OpenStack")
    tree(root, {".dockerenv": ""})
    assert read_environment(root, {}) == Environment(platform="Docker")
    pod = {"KUBERNETES_SERVICE_HOST": ""}
    assert read_environment(root, pod) == Environment(platform="Kubernetes")
