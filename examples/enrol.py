"""Enrol this machine with a NetBird management server, and print its address.

The machine's identity is the key in --key-file, which is made the first time. Running
this again logs the same machine in again; it then needs no setup key.

  NETBIRD_SETUP_KEY=... python3 enrol.py --url https://netbird.example.com
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from netbird_sdk import ManagementClient, NetBirdError, PrivateKey


async def enrol(url: str, key_file: Path, setup_key: str | None) -> None:
    """Log in with the key of a file; register it if the server does not know it."""
    key = await asyncio.to_thread(PrivateKey.load_or_create, key_file)
    async with ManagementClient(url, private_key=key) as client:
        login = await client.login(setup_key=setup_key)
        if login.peer_config is None:
            print("enrolled; the server has not told an address")
        else:
            print(f"address  {login.peer_config.address}")
            print(f"name     {login.peer_config.fqdn}")
        print(f"key      {client.public_key}")


def main() -> int:
    """Read the command line and enrol."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", required=True)
    parser.add_argument("--key-file", type=Path, default=Path("peer.key"))
    # Not the key itself: other users of this machine can read arguments.
    parser.add_argument("--setup-key-file", type=Path)
    arguments = parser.parse_args()
    try:
        setup_key = os.environ.get("NETBIRD_SETUP_KEY")
        if arguments.setup_key_file is not None:
            setup_key = arguments.setup_key_file.read_text(encoding="utf-8")
        asyncio.run(enrol(arguments.url, arguments.key_file, setup_key or None))
    except (NetBirdError, OSError) as error:
        print(f"enrol: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
