"""See the library at work: a server, two machines, a proxy, a cut connection.

Without arguments everything runs on this machine, in a few seconds. With --url it runs
against a management server of yours. That takes credentials; they come from files, or
from these environment variables, never from arguments, which other users can read:

  NETBIRD_SETUP_KEY    lets two machines in; best an ephemeral, reusable key
  NETBIRD_PROXY_TOKEN  an access token for a reverse proxy
  NETBIRD_API_TOKEN    optional, a personal access token: the demo then adds and changes
                       services by itself; otherwise it asks you to

Take a cluster address that no other proxy serves.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from pathlib import Path

from demo_parts.http_api import ApiScenery
from demo_parts.narrator import Narrator
from demo_parts.scenery import LocalScenery, ManualScenery, Scenery, Server
from demo_parts.story import perform
from netbird_sdk import TLS, ConfigurationError

NEXT = (
    "What to read next: examples/demo_parts/proxy.py is a whole reverse proxy on this "
    "library, examples/enrol.py and examples/print_mappings.py are short programs to "
    "start from, and README.md has the rest."
)


def main() -> int:
    """Run the demo; 0 only if every step held."""
    arguments = parse_arguments()
    if arguments.verbose:
        logging.basicConfig(level=logging.INFO, format="     %(name)s: %(message)s")
    else:
        # The story shows the session's events already.
        logging.getLogger("netbird_sdk").addHandler(logging.NullHandler())
    narrator = Narrator()
    narrator.title("netbird-sdk at work, step by step. A check that fails ends it.")
    try:
        held = asyncio.run(perform(choose_scenery(arguments, narrator), narrator))
    except ConfigurationError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ndemo: stopped", file=sys.stderr)
        return 130
    if held:
        narrator.title(NEXT)
    return 0 if held else 1


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--verbose", action="store_true", help="show what the library logs")
    real = parser.add_argument_group("a server of yours")
    add = real.add_argument
    add("--url", help="its management URL, such as https://netbird.example.com")
    add("--address", help="the cluster to serve, such as demo.example.com")
    add("--setup-key-file", type=Path, metavar="FILE")
    add("--token-file", type=Path, metavar="FILE", help="with the proxy's token")
    add("--api-token-file", type=Path, metavar="FILE")
    add("--api-url", help="the URL of its HTTP API, when that is another one")
    add(
        "--ca-file",
        metavar="FILE",
        help="authorities to trust instead of this system's",
    )
    add(
        "--patience",
        type=float,
        default=300.0,
        metavar="SECONDS",
        help="how long to wait for what you are asked to do (%(default)g)",
    )
    arguments = parser.parse_args()
    if (arguments.url is None) != (arguments.address is None):
        parser.error("--url and --address go together")
    return arguments


def choose_scenery(arguments: argparse.Namespace, narrator: Narrator) -> Scenery:
    """Decide where the story plays."""
    if arguments.url is None:
        return LocalScenery()
    server = Server(
        url=arguments.url,
        address=arguments.address,
        token=secret("NETBIRD_PROXY_TOKEN", arguments.token_file, needed=True),
        setup_key=secret("NETBIRD_SETUP_KEY", arguments.setup_key_file, needed=True),
        tls=TLS(ca_file=arguments.ca_file),
    )
    api_token = secret("NETBIRD_API_TOKEN", arguments.api_token_file)
    if api_token:
        return ApiScenery(server, api_token, arguments.api_url or arguments.url)
    return ManualScenery(server, narrator, arguments.patience)


def secret(variable: str, file: Path | None, *, needed: bool = False) -> str:
    """Take a secret from a file, or else from the environment."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigurationError(f"cannot read {file}: {error.strerror}") from error
    value = os.environ.get(variable, "").strip()
    if needed and not value:
        raise ConfigurationError(f"set {variable}, or name a file with it: see --help")
    return value


if __name__ == "__main__":
    sys.exit(main())
