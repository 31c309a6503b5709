"""The short examples, run as the programs they are."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from netbird_sdk import PrivateKey, ProxyMapping
from netbird_sdk.models.proxy import Authentication, PathMapping
from netbird_sdk.testing import ManagementServer

EXAMPLES = Path(__file__).parent.parent / "examples"


@asynccontextmanager
async def running(
    program: str, *arguments: str | Path, **variables: str
) -> AsyncIterator[Process]:
    """Run an example with some environment variables, and see to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        EXAMPLES / program,
        *arguments,
        stdout=PIPE,
        stderr=STDOUT,
        env={**os.environ, **variables},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def outcome_of(
    program: str, *arguments: str | Path, **variables: str
) -> tuple[int | None, str]:
    """Run an example to its end; return its exit status and what it printed."""
    async with running(program, *arguments, **variables) as process:
        output, _ = await process.communicate()
        return process.returncode, output.decode()


async def line_of(process: Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().rstrip()


@pytest.fixture
async def server() -> AsyncIterator[ManagementServer]:
    async with ManagementServer() as server:
        yield server


class TestEnrol:
    async def test_registers_once_and_then_only_logs_in(
        self, server: ManagementServer, tmp_path: Path
    ) -> None:
        key_file = tmp_path / "peer.key"
        arguments = ("--url", server.url, "--key-file", key_file)
        setup_key = server.add_setup_key(usage_limit=1)
        status, first = await outcome_of(
            "enrol.py", *arguments, NETBIRD_SETUP_KEY=setup_key
        )
        assert status == 0
        again = await outcome_of("enrol.py", *arguments, NETBIRD_SETUP_KEY="")
        assert again == (0, first)
        public_key = PrivateKey.load(key_file).public_key
        (peer,) = server.peers.values()
        assert peer.public_key == public_key
        assert first.splitlines() == [
            f"address  {peer.address}/16",
            f"name     {peer.fqdn}",
            f"key      {public_key}",
        ]

    async def test_takes_the_setup_key_from_a_file(
        self, server: ManagementServer, tmp_path: Path
    ) -> None:
        setup_key_file = tmp_path / "setup.key"
        setup_key_file.write_text(server.add_setup_key() + "\n")
        arguments = ("--url", server.url, "--key-file", tmp_path / "peer.key")
        status, _ = await outcome_of(
            "enrol.py", *arguments, "--setup-key-file", setup_key_file
        )
        assert status == 0
        assert len(server.peers) == 1

    async def test_says_why_a_stranger_is_refused(
        self, server: ManagementServer, tmp_path: Path
    ) -> None:
        arguments = ("--url", server.url, "--key-file", tmp_path / "peer.key")
        status, output = await outcome_of("enrol.py", *arguments, NETBIRD_SETUP_KEY="")
        assert status == 1
        assert output.startswith("enrol: Login failed with PERMISSION_DENIED")


class TestPrintMappings:
    async def test_prints_all_services_and_each_change(
        self, server: ManagementServer
    ) -> None:
        web = ProxyMapping(
            id="web",
            domain="web.example.com",
            path=(PathMapping(path="/", target="http://100.64.0.7:8080/"),),
            auth=Authentication(password=True),  # told, as nothing is refused
        )
        database = ProxyMapping(
            id="db",
            domain="db.example.com",
            mode="tcp",
            listen_port=5432,
            path=(PathMapping(target="100.64.0.8:5432"),),
        )
        await server.put(web)
        arguments = ("--url", server.url, "--address", "example.com")
        token = server.add_proxy_token()
        async with running(
            "print_mappings.py", *arguments, NETBIRD_PROXY_TOKEN=token
        ) as process:
            there = "web.example.com (http) / -> http://100.64.0.7:8080/"
            assert await line_of(process) == f"+ {there}"
            assert await line_of(process) == "= 1 services"
            await server.put(database)
            here = "db.example.com:5432 (tcp) * -> 100.64.0.8:5432"
            assert await line_of(process) == f"+ {here}"
            await server.put(web, announce=False)
            await server.delete("db")
            assert await line_of(process) == f"- {here}"
            await server.drop_streams()
            assert (await line_of(process)).startswith("! SyncMappings")
            assert await line_of(process) == "= 1 services"
            process.send_signal(signal.SIGINT)
            assert await line_of(process) == ""
            assert await process.wait() == 130
        assert server.status_updates == ()

    async def test_says_what_is_wrong_with_the_token(
        self, server: ManagementServer
    ) -> None:
        arguments = ("--url", server.url, "--address", "example.com")
        status, output = await outcome_of(
            "print_mappings.py", *arguments, NETBIRD_PROXY_TOKEN=""
        )
        assert status == 1
        assert "token" in output
        assert "Traceback" not in output
