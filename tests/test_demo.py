"""The demo: it holds, it says so when something does not, and it plays elsewhere."""

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trustme

from netbird_sdk import ProxyMapping
from netbird_sdk.models.proxy import Authentication, PathMapping
from netbird_sdk.testing import ManagementServer, ServerTLS

sys.path.append(str(Path(__file__).parent.parent / "examples"))

from demo_parts.narrator import Narrator
from demo_parts.proxy import ReverseProxy, Route
from demo_parts.scenery import LocalScenery
from demo_parts.story import perform

DEMO = Path(__file__).parent.parent / "examples" / "demo.py"
WISH = re.compile(r"Please let (\S+) lead to (\S+), with(out)?|Please delete (\S+)")


@asynccontextmanager
async def demo(*arguments: str, **variables: str) -> AsyncIterator[Process]:
    """Run the demo with some environment variables, and see to its end."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("NETBIRD_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        DEMO,
        *arguments,
        stdout=PIPE,
        stderr=STDOUT,
        env={**kept, **variables},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def printed(process: Process) -> str:
    """Return all that a process prints until its end, on one line."""
    output, _ = await process.communicate()
    return " ".join(output.decode().split())


async def next_wish(process: Process, said: list[str]) -> re.Match[str] | None:
    """Read on until the demo asks for something; None at its end."""
    assert process.stdout is not None
    wish = ""
    while line := (await process.stdout.readline()).decode():
        said.append(line)
        # What it asks for may take more than one line.
        wish = f"{wish} {line.strip()}" if wish or ">> Please" in line else ""
        if "(waiting for" in wish and ")." in wish:
            return WISH.search(wish)
    return None


async def test_holds_on_this_machine() -> None:
    async with demo() as process:
        output = await printed(process)
    assert process.returncode == 0, output
    for line in (
        "a stranger is refused: PERMISSION_DENIED",
        "demo-server: address 100.64.0.2/16, name demo-server.netbird.selfhosted",
        "GET http://hello.example.com/: 200 Hello from green",
        "not served: this proxy cannot ask visitors for password login",
        "GET http://vault.example.com/: 404 No service here",
        "disconnected; next attempt in",
        "2 unchanged, 0 told to the proxy, 0 removed",
        "1 unchanged, 1 told to the proxy, 0 removed",
        "GET http://shop.example.com/: 200 Hello from red",
        "All 6 steps held",
    ):
        assert line in output
    assert "\033" not in output, "no colour in a pipe"
    assert "Traceback" not in output


class Leaky(ReverseProxy):
    """Sends visitors of unknown domains to whatever service there is."""

    def find(self, host: str, path: str) -> Route | None:
        known = host if host in self.routes else next(iter(self.routes), host)
        return super().find(known, path)


class Deaf(ReverseProxy):
    """Accepts services and never serves them."""

    async def upsert(self, mapping: ProxyMapping) -> None:
        pass


async def told(proxy: ReverseProxy) -> tuple[bool, str]:
    """Perform with another proxy; return whether all held and what was said."""
    out = io.StringIO()
    scenery = LocalScenery()
    scenery.patience = 1.0
    held = await perform(scenery, Narrator(out), proxy)
    return held, " ".join(out.getvalue().split())


async def test_a_proxy_that_serves_what_it_must_not_fails_it() -> None:
    held, said = await told(Leaky())
    assert not held
    assert "Step 4 failed: GET http://vault.example.com/" in said
    assert "expected: 404 No service here got: 200 Hello from green" in said
    assert "steps held" not in said


async def test_a_service_that_does_not_come_into_effect_fails_it() -> None:
    held, said = await told(Deaf())
    assert not held
    assert "Step 3 failed: hello.example.com with the target port" in said
    assert "within 1 seconds got: a proxy that serves nothing" in said


async def test_a_failed_step_is_exit_status_1() -> None:
    """The server is not there: found before anything else is tried."""
    secrets = {"NETBIRD_PROXY_TOKEN": "nbx_" + 36 * "0", "NETBIRD_SETUP_KEY": "x"}
    arguments = ("--url", "http://127.0.0.1:1", "--address", "example.com")
    async with demo(*arguments, **secrets) as process:
        output = await printed(process)
    assert process.returncode == 1
    assert "Step 1 failed: GetServerKey" in output


async def test_missing_credentials_are_named_before_anything_starts() -> None:
    arguments = ("--url", "https://127.0.0.1:1", "--address", "example.com")
    async with demo(*arguments) as process:
        output = await printed(process)
    assert process.returncode == 2
    assert "demo: set NETBIRD_PROXY_TOKEN" in output


async def test_plays_on_another_server_whose_owner_does_as_asked(
    tmp_path: Path,
) -> None:
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost")
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    tls = ServerTLS(
        certificate_pem=b"".join(pem.bytes() for pem in leaf.cert_chain_pems),
        private_key_pem=leaf.private_key_pem.bytes(),
    )
    token_file = tmp_path / "token"
    said: list[str] = []
    async with ManagementServer(tls=tls) as server:
        token_file.write_text(server.add_proxy_token() + "\n")
        async with demo(
            *("--url", server.url, "--address", "edge.example.com"),
            *("--ca-file", str(ca_file), "--token-file", str(token_file)),
            NETBIRD_SETUP_KEY=server.add_setup_key(usage_limit=2),
        ) as process:
            while wish := await next_wish(process, said):
                domain, target, no_password, unwanted = wish.groups()
                if unwanted:
                    await server.delete(unwanted)
                    continue
                await server.put(
                    ProxyMapping(
                        id=domain,
                        domain=domain,
                        path=(PathMapping(path="/", target=target),),
                        auth=Authentication(password=not no_password),
                    )
                )
            assert await process.wait() == 0, "".join(said)
        assert len(server.peers) == 2
        assert server.mappings == {}
    assert "GET http://hello.edge.example.com/: 200 Hello from green" in "".join(said)


async def test_ends_quietly_when_interrupted() -> None:
    said: list[str] = []
    async with ManagementServer() as server:
        async with demo(
            *("--url", server.url, "--address", "edge.example.com"),
            NETBIRD_PROXY_TOKEN=server.add_proxy_token(),
            NETBIRD_SETUP_KEY=server.add_setup_key(),
        ) as process:
            assert await next_wish(process, said)
            process.send_signal(signal.SIGINT)
            assert await printed(process) == "demo: stopped"
            assert process.returncode == 130
        await server.wait_until(lambda s: not s.streams)
