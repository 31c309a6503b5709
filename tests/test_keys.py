"""WireGuard keys: their text form, what they show, and the files that hold them."""

from __future__ import annotations

import base64
import copy
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbird_sdk.errors import ConfigurationError
from netbird_sdk.keys import PrivateKey, PublicKey

raw_keys = st.binary(min_size=32, max_size=32)
posix_only = pytest.mark.skipif(
    os.name != "posix", reason="file modes mean something on POSIX systems only"
)


@given(raw_keys)
def test_text_and_bytes_are_the_same_key(raw: bytes) -> None:
    text = base64.b64encode(raw).decode()
    public, private = PublicKey(raw), PrivateKey(raw)
    assert (str(public), private.text) == (text, text)
    assert PublicKey.parse(f" {text}\n") == public
    assert PrivateKey.parse(f"\t{text}\r\n") == private
    assert (public.raw, private.raw) == (raw, raw)


def test_generated_keys_differ_and_are_clamped_as_wireguard_does_it() -> None:
    keys = [PrivateKey.generate() for _ in range(64)]
    assert len(set(keys)) == 64
    for key in keys:
        assert key.raw[0] & 0b0000_0111 == 0
        assert key.raw[31] & 0b1100_0000 == 0b0100_0000
        assert PrivateKey.parse(key.text) == key


def test_a_public_key_belongs_to_its_private_key() -> None:
    """The pair of RFC 7748, section 6.1."""
    private = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
    public = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    key = PrivateKey(bytes.fromhex(private))
    assert key.public_key == PublicKey(bytes.fromhex(public))


@pytest.mark.parametrize("kind", [PublicKey, PrivateKey])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        base64.b64encode(bytes(31)).decode(),
        base64.b64encode(bytes(33)).decode(),
        base64.urlsafe_b64encode(b"\xff" * 32).decode(),
        base64.b64encode(b"\xff" * 32).decode().rstrip("="),
        base64.b64encode(bytes(32)).decode()[:-2] + "B=",
        base64.b64encode(bytes(32)).decode()[:20] + "\n" + "A" * 23 + "=",
        "é" * 44,
    ],
)
def test_what_is_no_key_is_refused_without_repeating_it(
    kind: type[PublicKey | PrivateKey], text: str
) -> None:
    with pytest.raises(ConfigurationError, match="44 characters of standard") as caught:
        kind.parse(text)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize("kind", [PublicKey, PrivateKey])
@pytest.mark.parametrize("raw", [b"", bytes(31), bytes(33), "A" * 32, bytearray(32)])
def test_raw_keys_are_32_bytes(kind: type[PublicKey | PrivateKey], raw: bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"takes 32 raw bytes.*parse\(\)"):
        kind(raw)


def test_a_private_key_shows_its_public_half_only() -> None:
    key = PrivateKey.generate()
    expected = f"PrivateKey(public='{key.public_key}')"
    assert (repr(key), str(key), f"{key}") == (expected, expected, expected)
    for secret in (key.text, key.raw.hex(), repr(key.raw)):
        assert secret not in expected


def test_keys_are_values() -> None:
    public = PublicKey(bytes(range(32)))
    private = PrivateKey(bytes(range(32)))
    for key, same, other in (
        (public, PublicKey(bytes(range(32))), PublicKey(bytes(32))),
        (private, PrivateKey(bytes(range(32))), PrivateKey(bytes(32))),
    ):
        assert key == same
        assert hash(key) == hash(same)
        assert key != other
        assert key != key.raw
        for twin in (
            copy.copy(key),
            copy.deepcopy(key),
            pickle.loads(pickle.dumps(key)),
        ):
            assert twin == key
        with pytest.raises(AttributeError):
            key.raw = bytes(32)  # type: ignore[misc]
    assert public != private


# --- files


def test_a_saved_key_is_loaded_again(tmp_path: Path) -> None:
    key = PrivateKey.generate()
    key.save(tmp_path / "key")
    assert PrivateKey.load(tmp_path / "key") == key
    assert PrivateKey.load_or_create(str(tmp_path / "key")) == key
    assert (tmp_path / "key").read_text() == key.text + "\n"


def test_saving_never_replaces_a_key_by_accident(tmp_path: Path) -> None:
    first, second = PrivateKey.generate(), PrivateKey.generate()
    first.save(tmp_path / "key")
    with pytest.raises(ConfigurationError, match="exists already"):
        second.save(tmp_path / "key")
    assert PrivateKey.load(tmp_path / "key") == first
    second.save(tmp_path / "key", replace=True)
    assert PrivateKey.load(tmp_path / "key") == second
    assert os.listdir(tmp_path) == ["key"]


@posix_only
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_key_file_is_for_its_owner_alone_whatever_the_umask(
    umask: int, tmp_path: Path
) -> None:
    before = os.umask(umask)
    try:
        PrivateKey.load_or_create(tmp_path / "created")
        PrivateKey.generate().save(tmp_path / "saved")
        PrivateKey.generate().save(tmp_path / "saved", replace=True)
    finally:
        os.umask(before)
    for name in ("created", "saved"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


@posix_only
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_key_file_open_to_others_is_refused(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "key"
    key = PrivateKey.load_or_create(path)
    path.chmod(mode)
    for read in (PrivateKey.load, PrivateKey.load_or_create):
        with pytest.raises(ConfigurationError, match=f"chmod 600 {path}") as caught:
            read(path)
        assert key.text not in str(caught.value)
    path.chmod(0o400)
    assert PrivateKey.load(path) == key


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"no private key file {tmp_path}/a"):
        PrivateKey.load(tmp_path / "a")


def test_a_missing_directory_is_named_and_nothing_is_made(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "key"
    for write in (PrivateKey.load_or_create, PrivateKey.generate().save):
        with pytest.raises(ConfigurationError, match=r"nowhere\. Hint: the directory"):
            write(path)
    assert os.listdir(tmp_path) == []


def test_what_is_no_key_file_is_refused_without_repeating_it(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.touch(mode=0o600)
    path.write_bytes(b"hunter2\xff\n")
    for read in (PrivateKey.load, PrivateKey.load_or_create):
        with pytest.raises(
            ConfigurationError, match=f"{path}: not a private"
        ) as caught:
            read(path)
        assert "hunter2" not in str(caught.value)
    assert path.read_bytes() == b"hunter2\xff\n"


def test_a_directory_is_no_key_file(tmp_path: Path) -> None:
    for read in (PrivateKey.load, PrivateKey.load_or_create):
        with pytest.raises(ConfigurationError, match=f"{tmp_path}: "):
            read(tmp_path)
    with pytest.raises(ConfigurationError, match="cannot write"):
        PrivateKey.generate().save(tmp_path, replace=True)


@posix_only
def test_a_named_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(ConfigurationError, match="not a regular file"):
        PrivateKey.load(tmp_path / "pipe")


def test_threads_that_race_end_with_one_key_and_never_read_half_a_file(
    tmp_path: Path,
) -> None:
    threads = 8
    start = threading.Barrier(threads)

    def create(attempt: int) -> PrivateKey:
        start.wait()
        return PrivateKey.load_or_create(tmp_path / f"key{attempt}")

    with ThreadPoolExecutor(threads) as pool:
        for attempt in range(50):
            racing = [pool.submit(create, attempt) for _ in range(threads)]
            assert len({future.result() for future in racing}) == 1
    assert len(os.listdir(tmp_path)) == 50


def test_processes_that_race_end_with_one_key(tmp_path: Path) -> None:
    program = (
        "import sys; from netbird_sdk.keys import PrivateKey;"
        "print(flush=True); sys.stdin.readline();"
        "print(PrivateKey.load_or_create(sys.argv[1]).public_key)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "key")]
    racing = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for process in racing:
        assert process.stdout
        process.stdout.readline()
    for process in racing:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    shown = {process.communicate()[0] for process in racing}
    assert shown == {f"{PrivateKey.load(tmp_path / 'key').public_key}\n"}
