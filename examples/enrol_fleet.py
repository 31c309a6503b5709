r"""Enrol many machines at once and keep who they are, one file each.

  NETBIRD_SETUP_KEY=XXXXXXXX-... python3 enrol_fleet.py \
      --url https://netbird.example.com --directory ./fleet < host_names.txt

Reads host names, with blanks or line ends between them. Running it again logs the same
machines in. With --agent-configs each also gets a configuration for NetBird's own
agent, which comes up on it as that machine.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs

from netbird_sdk import Identity, NetBirdError
from netbird_sdk.fleet import Enrolment, enrol
from netbird_sdk.models.management import PeerSystemMeta
from netbird_sdk.system import NETBIRD_VERSION


def machines(
    names: list[str], directory: Path, url: str
) -> Iterator[tuple[Identity, PeerSystemMeta]]:
    """Make each machine's identity, or read the one it has."""
    meta = PeerSystemMeta(netbird_version=NETBIRD_VERSION, go_os="linux", os="Linux")
    for name in names:
        identity = Identity.load_or_create(directory / f"{name}.json", url=url)
        yield identity, attrs.evolve(meta, hostname=name)


def show(result: Enrolment) -> None:
    """Tell what became of one machine."""
    if result.login is None or result.login.peer_config is None:
        print(f"{result.meta.hostname} FAILED: {result.error}", flush=True)
    else:
        peer = result.login.peer_config
        print(f"{result.meta.hostname} {peer.address} {peer.fqdn}", flush=True)


async def enrol_all(arguments: argparse.Namespace, names: list[str]) -> int:
    """Enrol them; return how many did not get in."""
    directory: Path = arguments.directory
    results = await enrol(
        machines(names, directory, arguments.url),
        setup_key=os.environ.get("NETBIRD_SETUP_KEY", ""),
        on_result=show,
    )
    for result in results:
        if arguments.agent_configs and result.error is None:
            path = directory / f"{result.meta.hostname}.agent.json"
            result.identity.write_agent_config(path)
    return sum(result.error is not None for result in results)


def main() -> int:
    """Read the command line and the names, and enrol."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True)
    parser.add_argument("--directory", required=True, type=Path)
    parser.add_argument("--agent-configs", action="store_true")
    arguments = parser.parse_args()
    arguments.directory.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(sys.stdin.read().split()))
    logging.getLogger("netbird_sdk").addHandler(logging.NullHandler())
    try:
        failed = asyncio.run(enrol_all(arguments, names))
    except NetBirdError as error:
        print(f"enrol_fleet: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
