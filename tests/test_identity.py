"""Identities on disk, and the hand-over to NetBird's own agent and back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from logins import META
from netbird_sdk import (
    ConfigurationError,
    Identity,
    ManagementClient,
    PrivateKey,
    SetupKeyError,
)
from netbird_sdk.testing import ManagementServer

URL = "https://netbird.example.com"

posix_only = pytest.mark.skipif(os.name != "posix", reason="file modes of POSIX")


def an_identity(url: str = URL) -> Identity:
    return Identity(url=url, private_key=PrivateKey.generate())


class TestAnIdentity:
    def test_shows_its_url_and_its_public_key_only(self) -> None:
        identity = an_identity("https://NetBird.example.com")
        assert identity.url == "https://netbird.example.com:443"
        assert identity.private_key.text not in repr(identity)
        assert str(identity.public_key) in repr(identity)

    def test_of_no_url_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="must begin with https://"):
            an_identity("netbird.example.com")

    async def test_makes_a_client_that_acts_as_it(self) -> None:
        async with ManagementServer() as server:
            identity = an_identity(server.url)
            client = identity.client(server_key=server.public_key, timeout=9)
            assert isinstance(client, ManagementClient)
            async with client:
                await client.login(META, setup_key=server.add_setup_key())
            assert list(server.peers) == [identity.public_key]
            assert "GetServerKey" not in server.calls

    async def test_makes_a_client_that_guards_its_secrets_too(self) -> None:
        identity = an_identity("http://netbird.example.com")
        async with identity.client() as client:
            with pytest.raises(ConfigurationError, match="unencrypted"):
                await client.login(META, jwt="a.b.c")


class TestItsFile:
    def test_is_made_once_and_read_from_then_on(self, tmp_path: Path) -> None:
        path = tmp_path / "peer.json"
        made = Identity.load_or_create(path, url=URL)
        assert Identity.load_or_create(str(path), url=f"{URL}:443/") == made
        assert Identity.load(path) == made
        assert json.loads(path.read_text()) == {
            "url": "https://netbird.example.com:443",
            "private_key": made.private_key.text,
        }
        assert os.listdir(tmp_path) == ["peer.json"]

    def test_has_a_name_of_its_own_in_a_directory(self, tmp_path: Path) -> None:
        made = Identity.load_or_create(tmp_path, url=URL)
        assert os.listdir(tmp_path) == ["netbird-identity.json"]
        assert Identity.load(f"{tmp_path}/") == made

    def test_in_a_directory_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        for path in (f"{tmp_path}/nowhere/", tmp_path / "nowhere" / "peer.json"):
            with pytest.raises(ConfigurationError, match="the directory must exist"):
                Identity.load_or_create(path, url=URL)
        assert os.listdir(tmp_path) == []

    def test_of_another_server_is_refused_and_left_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "peer.json"
        made = Identity.load_or_create(path, url=URL)
        with pytest.raises(
            ConfigurationError,
            match=r"belongs to https://netbird\.example\.com:443, not to "
            r"https://other\.example\.com:443\. Hint",
        ):
            Identity.load_or_create(path, url="https://other.example.com")
        assert Identity.load(path) == made

    def test_that_is_missing_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match=f"no identity file {tmp_path}/a"):
            Identity.load(tmp_path / "a")

    def test_is_never_replaced_by_accident(self, tmp_path: Path) -> None:
        path = tmp_path / "peer.json"
        first, second = an_identity(), an_identity()
        first.save(path)
        with pytest.raises(ConfigurationError, match="exists already"):
            second.save(path)
        assert Identity.load(path) == first
        second.save(path, replace=True)
        assert Identity.load(path) == second

    @posix_only
    def test_is_for_its_owner_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "peer.json"
        before = os.umask(0)
        try:
            identity = Identity.load_or_create(path, url=URL)
        finally:
            os.umask(before)
        assert path.stat().st_mode & 0o777 == 0o600
        path.chmod(0o640)
        with pytest.raises(ConfigurationError, match="chmod 600") as caught:
            Identity.load(path)
        assert identity.private_key.text not in str(caught.value)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "hunter2",
            '{"url": "https://a.example", "private_key": "hunter2',
            '["hunter2"]',
            '{"private_key": "hunter2"}',
            '{"url": "https://a.example", "private_key": "hunter2"}',
            '{"url": "hunter2", "private_key": 7}',
        ],
    )
    def test_that_holds_none_is_refused_without_repeating_it(
        self, text: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "peer.json"
        path.touch(mode=0o600)
        path.write_text(text)
        with pytest.raises(ConfigurationError, match=f"{path}: ") as caught:
            Identity.load_or_create(path, url=URL)
        assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"
        assert path.read_text() == text

    def test_is_the_same_for_processes_that_race(self, tmp_path: Path) -> None:
        program = (
            "import sys; from netbird_sdk import Identity;"
            "print(flush=True); sys.stdin.readline();"
            f"identity = Identity.load_or_create(sys.argv[1], url={URL!r});"
            "print(identity.public_key)"
        )
        command = [sys.executable, "-c", program, str(tmp_path)]
        pipe = subprocess.PIPE
        racing = [
            subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
            for _ in range(4)
        ]
        for process in racing:
            assert process.stdout
            process.stdout.readline()  # it has imported what it needs
        for process in racing:
            assert process.stdin
            process.stdin.write("go\n")
            process.stdin.flush()
        shown = {process.communicate()[0] for process in racing}
        assert shown == {f"{Identity.load(tmp_path).public_key}\n"}
        assert os.listdir(tmp_path) == ["netbird-identity.json"]

    async def test_makes_a_script_that_is_run_again_log_in(
        self, tmp_path: Path
    ) -> None:
        async with ManagementServer() as server:
            setup_key = server.add_setup_key(usage_limit=1)
            addresses = set[str]()
            for _ in range(2):
                identity = Identity.load_or_create(tmp_path, url=server.url)
                async with identity.client() as client:
                    login = await client.login(META, setup_key=setup_key)
                    assert login.peer_config is not None
                    addresses.add(login.peer_config.address)
            assert len(addresses) == len(server.peers) == 1
            async with an_identity(server.url).client() as client:
                with pytest.raises(SetupKeyError):
                    await client.login(META, setup_key=setup_key)


class TestTheAgentsConfiguration:
    """What these pin, NetBird's own agent of v0.77.1 came up on."""

    def test_holds_what_makes_the_agent_this_peer_and_no_more(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "config.json"
        identity = an_identity()
        identity.write_agent_config(path)
        assert json.loads(path.read_text()) == {
            "PrivateKey": identity.private_key.text,
            # The parts of a URL; the agent dials Host, so the port must be in it.
            "ManagementURL": {"Scheme": "https", "Host": "netbird.example.com:443"},
            # Where it is missing the agent opens its SSH server.
            "ServerSSHAllowed": False,
            # Where it is missing the port is another one at each start.
            "WgPort": 51820,
        }

    @posix_only
    def test_is_for_its_owner_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "config.json"
        before = os.umask(0)
        try:
            an_identity().write_agent_config(path)
        finally:
            os.umask(before)
        assert path.stat().st_mode & 0o777 == 0o600
        assert os.listdir(tmp_path) == ["config.json"]

    def test_takes_further_settings(self, tmp_path: Path) -> None:
        path = tmp_path / "config.json"
        settings = {"DisableDNS": True, "WgPort": 0, "NATExternalIPs": ("192.0.2.1",)}
        an_identity("http://127.0.0.1:8080").write_agent_config(path, settings=settings)
        written = json.loads(path.read_text())
        assert written["ManagementURL"] == {"Scheme": "http", "Host": "127.0.0.1:8080"}
        assert written["DisableDNS"] is True
        assert written["WgPort"] == 0
        assert written["NATExternalIPs"] == ["192.0.2.1"]

    @pytest.mark.parametrize("name", ["PrivateKey", "ManagementURL", "privatekey"])
    def test_takes_no_other_identity_from_settings(
        self, name: str, tmp_path: Path
    ) -> None:
        with pytest.raises(ConfigurationError, match="come from the identity"):
            an_identity().write_agent_config(tmp_path / "c", settings={name: "x"})
        assert os.listdir(tmp_path) == []

    def test_takes_no_settings_that_are_not_json(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="settings cannot be written"):
            an_identity().write_agent_config(tmp_path / "c", settings={"Name": b"x"})

    def test_that_makes_the_agent_this_peer_already_is_left_alone(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "config.json"
        identity = an_identity()
        identity.write_agent_config(path)
        filled = json.loads(path.read_text()) | {"SSHKey": "made by the agent"}
        path.write_text(json.dumps(filled))
        identity.write_agent_config(path)
        assert json.loads(path.read_text()) == filled

    def test_of_another_peer_is_replaced_only_when_told(self, tmp_path: Path) -> None:
        path = tmp_path / "config.json"
        first, second = an_identity(), an_identity()
        first.write_agent_config(path)
        with pytest.raises(ConfigurationError, match="makes the agent another peer"):
            second.write_agent_config(path)
        assert Identity.from_agent_config(path) == first
        second.write_agent_config(path, replace=True)
        assert Identity.from_agent_config(path) == second

    def test_that_the_agent_has_filled_in_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "default.json"
        key = PrivateKey.generate()
        parts = {"Scheme": "https", "Opaque": "", "User": None, "Path": ""}
        config = {
            "Name": "",
            "PrivateKey": key.text,
            "ManagementURL": parts | {"Host": "netbird.example.com:33073"},
            "AdminURL": parts | {"Host": "app.example.com:443"},
            "IFaceBlackList": ["wt0", "lo"] * 1000,
        }
        path.touch(mode=0o600)
        path.write_text(json.dumps(config, indent=4))
        identity = Identity.from_agent_config(path)
        assert identity.url == "https://netbird.example.com:33073"
        assert identity.private_key == key

    @pytest.mark.parametrize(
        "text",
        [
            "hunter2",
            '["hunter2"]',
            '{"PrivateKey": ""}',
            '{"PrivateKey": "hunter2", "ManagementURL": "https://a.example"}',
            '{"PrivateKey": "hunter2", "ManagementURL": {"Host": "a.example"}}',
            '{"PrivateKey": "hunter2", "ManagementURL": {"Scheme": "", "Host": "a"}}',
            '{"ManagementURL":{"Scheme":"http","Host":"a"},"PrivateKey":"hunter2"}',
        ],
    )
    def test_that_does_not_say_who_it_is_is_refused_without_repeating_it(
        self, text: str, tmp_path: Path
    ) -> None:
        path = tmp_path / "default.json"
        path.touch(mode=0o600)
        path.write_text(text)
        with pytest.raises(ConfigurationError, match=f"{path}: ") as caught:
            Identity.from_agent_config(path)
        assert "hunter2" not in f"{caught.value!r} {caught.value.__cause__!r}"

    def test_that_is_missing_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match=f"configuration {tmp_path}/a"):
            Identity.from_agent_config(tmp_path / "a")
