"""Print which services a cluster of reverse proxies serves, and what changes, live.

  NETBIRD_PROXY_TOKEN=nbx_... python3 print_mappings.py \
      --url https://netbird.example.com --address proxy.example.com

It only looks: it serves nothing, and reports nothing to management. Management counts
it as one more proxy of the cluster while it runs.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys

from netbird_sdk import (
    Disconnected,
    MappingTable,
    NetBirdError,
    ProxyClient,
    ProxyMapping,
    Serves,
    SessionEvent,
    Synced,
)


def show(mark: str, mapping: ProxyMapping) -> None:
    """Print one service."""
    targets = ", ".join(f"{path.path or '*'} -> {path.target}" for path in mapping.path)
    port = f":{mapping.listen_port}" if mapping.listen_port else ""
    kind = mapping.mode or "http"
    print(f"{mark} {mapping.domain}{port} ({kind}) {targets}", flush=True)


async def added(mapping: ProxyMapping) -> None:
    """Tell of a service that is new to us."""
    show("+", mapping)


async def modified(_old: ProxyMapping, new: ProxyMapping) -> None:
    """Tell of a service that has changed."""
    show("*", new)


async def removed(mapping: ProxyMapping) -> None:
    """Tell of a service that is gone."""
    show("-", mapping)


def notice(event: SessionEvent) -> None:
    """Tell how the connection fares."""
    if isinstance(event, Synced):
        print(f"= {event.services} services", flush=True)
    elif isinstance(event, Disconnected):
        print(f"! {event.error} (retry in {event.retry_in:.1f} s)", flush=True)


async def follow(url: str, address: str, token: str) -> None:
    """Follow the services of a cluster until cancelled."""
    table = MappingTable(on_added=added, on_modified=modified, on_removed=removed)
    async with ProxyClient(url, token=token, address=address) as client:
        await client.sync_mappings(
            table,
            serves=Serves.everything(),  # refuse nothing: we only look
            report_status="none",
            on_event=notice,
        ).run()


def main() -> int:
    """Read the command line and follow."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True)
    parser.add_argument("--address", required=True, help="the cluster")
    arguments = parser.parse_args()
    token = os.environ.get("NETBIRD_PROXY_TOKEN", "")
    # What the library would log is printed by `notice` already.
    logging.getLogger("netbird_sdk").addHandler(logging.NullHandler())
    try:
        asyncio.run(follow(arguments.url, arguments.address, token))
    except NetBirdError as error:
        print(f"print_mappings: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
