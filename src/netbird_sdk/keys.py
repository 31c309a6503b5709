"""WireGuard key pairs: a peer's identity and what its messages are sealed with."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from typing import Final, Self, cast

import attrs
from typing_extensions import override

from netbird_sdk import _keyfile
from netbird_sdk.errors import ConfigurationError

__all__ = ["PrivateKey", "PublicKey"]

_KEY_BYTES: Final = 32
_TEXT_LENGTH: Final = 44


def _check_raw(instance: object, _field: object, value: bytes) -> None:
    # The text form would be the likely mix-up, whatever the annotation says.
    if not isinstance(cast("object", value), bytes) or len(value) != _KEY_BYTES:
        kind = type(instance).__name__
        raise ConfigurationError(
            f"{kind} takes {_KEY_BYTES} raw bytes: for the text form use {kind}.parse()"
        )


@attrs.frozen
class PublicKey:
    """The public half of a key pair; `str()` gives the text WireGuard tools use."""

    raw: bytes = attrs.field(validator=_check_raw)
    """The 32 bytes of the key."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form: 44 characters of base64, blanks around them ignored.

        Raises:
            ConfigurationError: `text` is not a key.
        """
        return cls(_decode(text, "public key"))

    @override
    def __str__(self) -> str:
        return base64.b64encode(self.raw).decode("ascii")

    @override
    def __repr__(self) -> str:
        return f"PublicKey({str(self)!r})"


@attrs.frozen(eq=False, repr=False)
class PrivateKey:
    """The secret half of a key pair.

    Neither `str()` nor `repr()` shows it: `text` and `raw` do. It can be copied and
    pickled; a pickle holds the secret, so guard it like the key file.
    """

    raw: bytes = attrs.field(validator=_check_raw)
    """The 32 secret bytes."""

    @classmethod
    def generate(cls) -> Self:
        """Make a new random key, clamped the way WireGuard tools do it."""
        raw = bytearray(os.urandom(_KEY_BYTES))
        raw[0] &= 0b1111_1000
        raw[31] = raw[31] & 0b0111_1111 | 0b0100_0000
        return cls(bytes(raw))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form: 44 characters of base64, blanks around them ignored.

        Raises:
            ConfigurationError: `text` is not a key; the message does not repeat it.
        """
        return cls(_decode(text, "private key"))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a key from a file that holds its text form.

        Raises:
            ConfigurationError: The file is missing, unreadable, open to other users,
                or holds no key.
        """
        try:
            return cls._load(path)
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"there is no private key file {os.fspath(path)}: "
                "PrivateKey.load_or_create() makes one"
            ) from error

    @classmethod
    def load_or_create(cls, path: str | os.PathLike[str]) -> Self:
        """Read the key in a file, or create the file with a new key.

        The file is readable by its owner alone (mode 0600) and appears with its whole
        content. When several processes do this at once, all get the same key.

        Raises:
            ConfigurationError: The file cannot be created, or `load` would refuse it.
        """
        try:
            return cls._load(path)
        except FileNotFoundError:
            key = cls.generate()
        if _keyfile.create(path, key.text):
            return key
        return cls.load(path)

    def save(self, path: str | os.PathLike[str], *, replace: bool = False) -> None:
        """Write the key to a file that only its owner can read (mode 0600).

        Raises:
            ConfigurationError: The file cannot be written, or is there already and
                `replace` is not set.
        """
        if replace:
            _keyfile.replace(path, self.text)
        elif not _keyfile.create(path, self.text):
            raise ConfigurationError(
                f"{os.fspath(path)} exists already; with replace=True the key in it "
                "would be lost, and with it the identity of the peer it belongs to"
            )

    @property
    def text(self) -> str:
        """The secret in the text form that WireGuard tools use."""
        return base64.b64encode(self.raw).decode("ascii")

    @property
    def public_key(self) -> PublicKey:
        """The public half."""
        from nacl.bindings import crypto_scalarmult_base

        return PublicKey(crypto_scalarmult_base(self.raw))

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PrivateKey):
            return NotImplemented
        # In constant time: how long a comparison takes must not tell the key.
        return hmac.compare_digest(self.raw, other.raw)

    @override
    def __hash__(self) -> int:
        return hash((PrivateKey, self.raw))

    @override
    def __repr__(self) -> str:
        return f"PrivateKey(public={str(self.public_key)!r})"

    @classmethod
    def _load(cls, path: str | os.PathLike[str]) -> Self:
        try:
            return cls.parse(_keyfile.read(path))
        except ConfigurationError as error:
            raise ConfigurationError(f"{os.fspath(path)}: {error}") from error


def _decode(text: str, what: str) -> bytes:
    stripped = text.strip()
    try:
        raw = base64.b64decode(stripped, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    # Two texts that differ in unused bits would be one key: only one of them is right.
    if len(raw) != _KEY_BYTES or base64.b64encode(raw).decode("ascii") != stripped:
        raise ConfigurationError(
            f"not a {what}: expected {_TEXT_LENGTH} characters of standard base64 "
            f"({_KEY_BYTES} bytes), as `wg genkey` and `wg pubkey` print them; got "
            f"{len(stripped)} characters"
        )
    return raw
