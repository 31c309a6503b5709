"""Who a peer is, kept on disk: its private key and the server it belongs to."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, cast

import attrs

from netbird_sdk import _keyfile
from netbird_sdk._agent_config import agent_config, read_agent_config
from netbird_sdk._endpoint import parse_url
from netbird_sdk.errors import ConfigurationError
from netbird_sdk.keys import PrivateKey, PublicKey

if TYPE_CHECKING:
    from netbird_sdk._connection import Transport
    from netbird_sdk.management import ManagementClient

__all__ = ["Identity"]

FILE_NAME: Final = "netbird-identity.json"


def _normal(url: str) -> str:
    return parse_url(url).url


@attrs.frozen(kw_only=True)
class Identity:
    """A peer's private key, and the management server that knows it by that key.

    Keep it, and the machine stays the same peer: a program that is run again logs in
    instead of registering once more. Its file is JSON with `url` and `private_key`,
    readable by its owner alone (mode 0600), and appears with its whole content.
    """

    url: str = attrs.field(converter=_normal)
    """The management server, always with the port."""
    private_key: PrivateKey
    """The secret half; `repr` shows the public one only."""

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read an identity from a file, or from the one in a directory.

        Raises:
            ConfigurationError: The file is missing, unreadable, open to other users,
                or holds no identity.
        """
        file = _file(path)
        try:
            return cls._read(file)
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"there is no identity file {file}: Identity.load_or_create() makes one"
            ) from error

    @classmethod
    def load_or_create(cls, path: str | os.PathLike[str], *, url: str) -> Self:
        """Read an identity, or create its file with a new key for the server at `url`.

        When several processes do this at once, all get the same key.

        Args:
            path: A file; or a directory that exists, for a file in it.
            url: The management server, `https://host[:port]`.

        Raises:
            ConfigurationError: The file cannot be created, or `load` would refuse it,
                or the identity in it belongs to another server.
        """
        file = _file(path)
        fresh = cls(url=url, private_key=PrivateKey.generate())
        try:
            found = cls._read(file)
        except FileNotFoundError:
            if _keyfile.create(file, fresh._text()):
                return fresh
            found = cls.load(file)  # another process was first
        if found.url != fresh.url:
            raise ConfigurationError(
                f"the identity in {file} belongs to {found.url}, not to {fresh.url}. "
                "Hint: keep one file for each server; if the server has moved, change "
                "the url in the file"
            )
        return found

    @classmethod
    def from_agent_config(cls, path: str | os.PathLike[str]) -> Self:
        """Read who NetBird's agent on this machine is, to act as that peer.

        The agent keeps its configuration in `/var/lib/netbird/default.json`, older
        ones in `/etc/netbird/config.json`. It may go on running; but only one of the
        two can follow the network, for a server ends the older of two Sync streams.

        Raises:
            ConfigurationError: The file is missing, unreadable, open to other users,
                or does not say.
        """
        try:
            url, private_key = read_agent_config(_keyfile.read(path))
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"there is no agent configuration {os.fspath(path)}"
            ) from error
        except ConfigurationError as error:
            raise ConfigurationError(f"{os.fspath(path)}: {error}") from error
        return cls(url=url, private_key=private_key)

    @property
    def public_key(self) -> PublicKey:
        """How management knows this peer."""
        return self.private_key.public_key

    def save(self, path: str | os.PathLike[str], *, replace: bool = False) -> None:
        """Write the identity to a file that only its owner can read (mode 0600).

        Raises:
            ConfigurationError: The file cannot be written, or is there already and
                `replace` is not set.
        """
        _write(_file(path), self._text(), replace=replace)

    def client(
        self,
        *,
        server_key: PublicKey | None = None,
        timeout: float | None = 10.0,
        allow_insecure: bool = False,
        transport: Transport | None = None,
    ) -> ManagementClient:
        """Return a client that acts as this peer; see `ManagementClient`.

        Raises:
            ConfigurationError: One of the arguments cannot work.
        """
        from netbird_sdk._connection import Transport
        from netbird_sdk.management import ManagementClient

        return ManagementClient(
            self.url,
            private_key=self.private_key,
            server_key=server_key,
            timeout=timeout,
            allow_insecure=allow_insecure,
            transport=Transport() if transport is None else transport,
        )

    def write_agent_config(
        self,
        path: str | os.PathLike[str],
        *,
        settings: Mapping[str, object] | None = None,
        replace: bool = False,
    ) -> None:
        """Write a configuration with which NetBird's own agent comes up as this peer.

        Log in first: the agent does not register a key that the server does not know.
        A file that makes the agent this peer already is left as it is, with what the
        agent has added to it. The file is readable by its owner alone (mode 0600).

        Args:
            path: Where the agent looks: `/var/lib/netbird/default.json`, or what its
                service is started with (`--config`).
            settings: Further fields of the file by the agent's names for them, such as
                `{"DisableDNS": True}`; the SSH server is off unless told otherwise.
            replace: Overwrite another peer's configuration; its key is lost.

        Raises:
            ConfigurationError: The file cannot be written, or is there already, makes
                the agent another peer, and `replace` is not set.
        """
        text = agent_config(self.private_key, parse_url(self.url), settings or {})
        if not replace and Path(path).exists():
            if Identity.from_agent_config(path) == self:
                return
            raise ConfigurationError(
                f"{os.fspath(path)} makes the agent another peer; with replace=True "
                "that peer's key would be lost"
            )
        _write(Path(path), text, replace=replace)

    def _text(self) -> str:
        fields = {"url": self.url, "private_key": self.private_key.text}
        return json.dumps(fields, indent=2)

    @classmethod
    def _read(cls, file: Path) -> Self:
        try:
            return cls._parse(_keyfile.read(file))
        except ConfigurationError as error:
            raise ConfigurationError(f"{file}: {error}") from error

    @classmethod
    def _parse(cls, text: str) -> Self:
        try:
            fields = json.loads(text)
        except ValueError:
            # The error would hold the text, and with it the key.
            raise ConfigurationError("it is not JSON") from None
        if not isinstance(fields, dict):
            raise ConfigurationError("it is no JSON object")
        found = cast("dict[str, object]", fields)
        url, private_key = found.get("url"), found.get("private_key")
        if not isinstance(url, str) or not isinstance(private_key, str):
            raise ConfigurationError('it does not hold "url" and "private_key"')
        return cls(url=url, private_key=PrivateKey.parse(private_key))


def _file(path: str | os.PathLike[str]) -> Path:
    """Return the file that is meant: in a directory it has a name of its own."""
    # Path drops a slash at the end, which says that a directory is meant.
    is_directory = os.fspath(path).endswith(os.sep) or Path(path).is_dir()
    return Path(path) / FILE_NAME if is_directory else Path(path)


def _write(file: Path, text: str, *, replace: bool) -> None:
    if replace:
        _keyfile.replace(file, text)
    elif not _keyfile.create(file, text):
        raise ConfigurationError(
            f"{file} exists already; with replace=True the key in it would be lost, "
            "and with it the identity of the peer it belongs to"
        )
