"""A test server in a process of its own, to be killed and stopped as a whole.

Run as a program it makes a server and its token once, and then a process for each line
it reads, which serves until it is killed: the same server again and again, as after a
crash, with as many services and of the revision that the line says.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import attrs

from live import mappings
from netbird_sdk import ProxyMapping
from netbird_sdk.testing import ManagementServer

BATCH_SIZE = 10


@attrs.define
class ServerProcess:
    """The program below, as seen by a test."""

    token: str
    process: asyncio.subprocess.Process
    pid: int = 0
    target: tuple[str, int] = ("127.0.0.1", 0)
    mappings: dict[str, ProxyMapping] = attrs.Factory(dict[str, ProxyMapping])
    """What it publishes, like the attribute of a `ManagementServer`."""

    async def start(self, count: int, revision: int) -> None:
        """Start a server process; an earlier one has to be killed first."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"%d %d\n" % (count, revision))
        said = await self.hear()
        self.pid = int(said["pid"])
        self.target = ("127.0.0.1", urlsplit(said["url"]).port or 0)
        self.mappings = {m.id: m for m in mappings(count, revision)}

    async def hear(self) -> dict[str, str]:
        assert self.process.stdout is not None
        line: dict[str, str] = json.loads(await self.process.stdout.readline())
        return line

    @property
    def url(self) -> str:
        host, port = self.target
        return f"http://{host}:{port}"

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


@asynccontextmanager
async def server_process() -> AsyncGenerator[ServerProcess]:
    """Run the program below; no process of it outlives the test."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(Path(__file__)), stdin=pipe, stdout=pipe
    )
    server = ServerProcess("", process)
    try:
        server.token = (await server.hear())["token"]
        yield server
    finally:
        if server.pid:
            with suppress(ProcessLookupError):
                server.kill()
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def main() -> None:
    # Nothing of gRPC has started before it is forked.
    server = ManagementServer(batch_size=BATCH_SIZE)
    say(token=server.add_proxy_token())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no need to wait for children
    for line in sys.stdin:
        if os.fork() == 0:
            count, revision = line.split()
            asyncio.run(serve(server, int(count), int(revision)))


async def serve(server: ManagementServer, count: int, revision: int) -> None:
    await server.put(*mappings(count, revision))
    async with server:
        say(url=server.url, pid=str(os.getpid()))
        await asyncio.Event().wait()


def say(**what: str) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201 - to the test


if __name__ == "__main__":
    main()
