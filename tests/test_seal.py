"""The sealed envelope: against bodies made by Go, and against damaged ones."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbird_sdk import _seal
from netbird_sdk._seal import OVERHEAD_BYTES, Sealer
from netbird_sdk.errors import SealError
from netbird_sdk.keys import PrivateKey, PublicKey

US, SERVER, STRANGER = (PrivateKey.generate() for _ in range(3))


@dataclass(frozen=True)
class Vector:
    """One body that Go's implementation of NaCl box made."""

    name: str
    sender_private_key: str
    receiver_private_key: str
    sender_public_key: str
    receiver_public_key: str
    nonce_hex: str
    plaintext_hex: str
    body_base64: str

    @property
    def body(self) -> bytes:
        return base64.b64decode(self.body_base64)

    @property
    def plaintext(self) -> bytes:
        return bytes.fromhex(self.plaintext_hex)


VECTORS = [
    Vector(**vector)
    for vector in json.loads(
        (Path(__file__).parent / "vectors" / "seal.json").read_text()
    )["vectors"]
]
every_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda v: v.name)


@every_vector
def test_keys_have_the_text_form_and_the_public_half_that_go_gives_them(
    vector: Vector,
) -> None:
    for private, public in (
        (vector.sender_private_key, vector.sender_public_key),
        (vector.receiver_private_key, vector.receiver_public_key),
    ):
        key = PrivateKey.parse(private)
        assert (key.text, str(key.public_key)) == (private, public)


@every_vector
def test_bodies_sealed_by_go_open(vector: Vector) -> None:
    sealer = Sealer(
        PrivateKey.parse(vector.receiver_private_key),
        PublicKey.parse(vector.sender_public_key),
    )
    assert sealer.open(vector.body) == vector.plaintext


@every_vector
def test_sealing_with_the_same_nonce_gives_the_bytes_of_go(vector: Vector) -> None:
    sealer = Sealer(
        PrivateKey.parse(vector.sender_private_key),
        PublicKey.parse(vector.receiver_public_key),
        random=lambda _size: bytes.fromhex(vector.nonce_hex),
    )
    assert sealer.seal(vector.plaintext) == vector.body


@given(st.binary(max_size=2000))
def test_what_one_side_seals_the_other_opens(plaintext: bytes) -> None:
    ours, theirs = Sealer(US, SERVER.public_key), Sealer(SERVER, US.public_key)
    for sender, receiver in ((ours, theirs), (theirs, ours)):
        body = sender.seal(plaintext)
        assert len(body) == len(plaintext) + OVERHEAD_BYTES
        assert receiver.open(body) == plaintext


def test_every_body_has_a_nonce_of_its_own() -> None:
    sealer = Sealer(US, SERVER.public_key)
    assert len({sealer.seal(b"the same")[:24] for _ in range(100)}) == 100


@given(st.binary(max_size=100), st.data())
def test_a_body_with_one_bit_changed_does_not_open(
    plaintext: bytes, data: st.DataObject
) -> None:
    body = bytearray(Sealer(SERVER, US.public_key).seal(plaintext))
    body[data.draw(st.integers(0, len(body) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealError, match="did not open: it was damaged on the way"):
        Sealer(US, SERVER.public_key).open(bytes(body))


@given(st.binary(max_size=200))
def test_bytes_at_random_give_one_documented_error(body: bytes) -> None:
    with pytest.raises(SealError):
        Sealer(US, SERVER.public_key).open(body)


def test_a_body_of_other_keys_does_not_open_and_the_error_names_what_it_tried() -> None:
    body = Sealer(STRANGER, US.public_key).seal(b"hello")
    with pytest.raises(SealError, match="did not open") as caught:
        Sealer(US, SERVER.public_key).open(body, method="Login")
    error = caught.value
    assert str(error).startswith("Login: the sealed body did not open")
    assert str(SERVER.public_key) in str(error)
    assert error.method == "Login"
    assert error.__cause__ is not None


def test_an_empty_body_and_a_short_one_are_told_apart() -> None:
    sealer = Sealer(US, SERVER.public_key)
    with pytest.raises(SealError, match="Login: the sealed body is empty"):
        sealer.open(b"", method="Login")
    for length in (1, 24, 39):
        with pytest.raises(SealError, match=f"has {length} bytes, too short"):
            sealer.open(bytes(length), method="Login")


def test_an_empty_message_is_forty_bytes() -> None:
    assert len(Sealer(US, SERVER.public_key).seal(b"")) == OVERHEAD_BYTES == 40


@pytest.mark.parametrize("raw", [bytes(32), b"\x01" + bytes(31)])
def test_a_server_key_that_gives_the_secret_away_is_refused(raw: bytes) -> None:
    with pytest.raises(SealError, match="weak key"):
        Sealer(US, PublicKey(raw))


def test_the_crypto_library_is_loaded_when_it_is_needed() -> None:
    # Under a bare package, so that what `netbird_sdk` itself imports does not count.
    program = """if True:
        import sys, types
        sys.modules["netbird_sdk"] = package = types.ModuleType("netbird_sdk")
        package.__path__ = [sys.argv[1]]
        import netbird_sdk._seal, netbird_sdk.keys
        sys.exit("nacl" in sys.modules)
    """
    folder = Path(_seal.__file__).parent
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True)
