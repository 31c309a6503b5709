"""The state file's bytes: round trip, damage at every byte, and a crash at each."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from live import mapping, mappings
from netbird_sdk import ConfigurationError, ProxyMapping, StateFile
from netbird_sdk._codec import encode
from netbird_sdk._mapping_slices import read_mapping
from netbird_sdk._state_file import UnusableStateError, read_state, write_state

CLUSTER = "https://nb.example edge.example.com"
NOW = 1_700_000_000.0
DAY = 86_400.0


def write(path: Path, table: list[ProxyMapping], **fields: Any) -> None:
    known: Any = {"cluster": CLUSTER, "now": NOW}
    write_state(path, [encode(m) for m in table], **(known | fields))


def read(path: Path, **fields: Any) -> list[ProxyMapping]:
    known: Any = {"cluster": CLUSTER, "max_age": DAY, "now": NOW}
    return [read_mapping(item.body) for item in read_state(path, **(known | fields))]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mappings.state"


class TestRoundTrip:
    @pytest.mark.parametrize("count", [0, 1, 500])
    def test_gives_back_what_was_written(self, path: Path, count: int) -> None:
        table = mappings(count, size=50)
        write(path, table)
        assert read(path) == table

    def test_leaves_out_the_one_time_tokens(self, path: Path) -> None:
        write(path, [mapping("a", auth_token="one-time-token"), mapping("b")])
        assert b"one-time-token" not in path.read_bytes()
        assert [m.auth_token for m in read(path)] == ["", ""]

    def test_is_readable_by_its_owner_only(self, path: Path) -> None:
        path.write_bytes(b"there before")
        path.chmod(0o666)
        write(path, mappings(1))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_leaves_no_other_file_behind(self, path: Path) -> None:
        write(path, mappings(1))
        write(path, mappings(2))
        assert list(path.parent.iterdir()) == [path]

    def test_a_failed_write_leaves_the_old_file_and_no_other(self, path: Path) -> None:
        write(path, mappings(1))

        def broken() -> Any:
            yield encode(mapping())
            raise RuntimeError("no more")

        with pytest.raises(RuntimeError, match="no more"):
            write_state(path, broken(), cluster=CLUSTER, now=NOW)
        assert read(path) == mappings(1)
        assert list(path.parent.iterdir()) == [path]


class TestDamage:
    def test_at_any_byte_is_noticed(self, path: Path) -> None:
        write(path, mappings(3))
        whole = path.read_bytes()
        for position in range(len(whole)):
            for flipped in (0x01, 0x80):
                damaged = bytearray(whole)
                damaged[position] ^= flipped
                path.write_bytes(damaged)
                with pytest.raises(UnusableStateError):
                    read(path)

    def test_a_file_cut_short_at_any_byte_is_noticed(self, path: Path) -> None:
        write(path, mappings(3))
        whole = path.read_bytes()
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            with pytest.raises(UnusableStateError):
                read(path)

    def test_more_than_there_should_be_is_noticed(self, path: Path) -> None:
        write(path, mappings(3))
        for more in (b"\0", b"\n", path.read_bytes()):
            path.write_bytes(path.read_bytes() + more)
            with pytest.raises(UnusableStateError):
                read(path)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\0" * 100,
            b"hello\n",
            b"[]\n" + bytes(32),
            b'"text"\n' + bytes(32),
            b"{}\n" + bytes(32),
            b"[" * 100_000 + bytes(32),
            b'{"format": [], "cluster": {}, "saved": null}\n' + bytes(32),
            b'{"format": 1, "cluster": 1, "saved": 1%s}\n' % (b"0" * 400) + bytes(32),
            b'{"format": 1, "cluster": 1, "saved": 1%s}\n' % (b"0" * 5000) + bytes(32),
            b'{"format": "\xff"}\n' + bytes(32),
        ],
    )
    def test_a_foreign_file_is_noticed(self, path: Path, content: bytes) -> None:
        path.write_bytes(content)
        with pytest.raises(UnusableStateError):
            read(path)

    def test_a_file_of_a_later_version_is_named(self, path: Path) -> None:
        write(path, mappings(1))
        path.write_bytes(path.read_bytes().replace(b"mappings 1", b"mappings 2"))
        with pytest.raises(UnusableStateError, match="'netbird-sdk mappings 2', not"):
            read(path)

    def test_a_table_of_another_cluster_is_named(self, path: Path) -> None:
        write(path, mappings(1), cluster="https://nb.example other.example.com")
        with pytest.raises(UnusableStateError, match=r"table of '.* other\.example"):
            read(path)


class TestAge:
    def test_counts_from_the_time_that_was_given(self, path: Path) -> None:
        write(path, mappings(1))
        assert read(path, now=NOW + DAY)
        with pytest.raises(UnusableStateError, match="86401 s ago, which is more than"):
            read(path, now=NOW + DAY + 1)

    def test_a_clock_that_was_set_back_a_little_is_no_matter(self, path: Path) -> None:
        write(path, mappings(1))
        assert read(path, now=NOW - 60)

    @pytest.mark.parametrize("saved", [NOW + 3600, float("inf"), float("nan")])
    def test_the_future_is_not_believed(self, path: Path, saved: float) -> None:
        write(path, mappings(1), now=saved)
        with pytest.raises(UnusableStateError, match="from the future"):
            read(path)

    def test_the_beginning_of_time_is_too_old(self, path: Path) -> None:
        write(path, mappings(1), now=float("-inf"))
        with pytest.raises(UnusableStateError, match="more than"):
            read(path)


class TestDescription:
    def test_a_missing_directory_is_refused_at_once(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="is no directory: create it"):
            StateFile(path=tmp_path / "missing" / "file")

    @pytest.mark.parametrize("max_age", [0, -1, float("nan")])
    def test_an_age_that_cannot_be_is_refused(self, path: Path, max_age: float) -> None:
        with pytest.raises(ConfigurationError, match=r"StateFile\.max_age"):
            StateFile(path=path, max_age=max_age)

    def test_a_path_can_be_text(self, path: Path) -> None:
        text: Any = str(path)
        assert StateFile(path=text) == StateFile(path=path)


# Each child is killed by the kernel as soon as the file it writes would grow beyond
# `limit` bytes: the crash at that byte.
CRASH_AT_EVERY_BYTE = """
import os, resource, signal, sys
from pathlib import Path
from netbird_sdk._state_file import write_state

path, size = Path(sys.argv[1]), int(sys.argv[2])
bodies = [bytes.fromhex(body) for body in sys.argv[4:]]
deaths = 0
for limit in range(size + 1):
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it otherwise
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        write_state(path, bodies, cluster=sys.argv[3], now=1_700_000_000.0)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    died = os.WIFSIGNALED(status)
    deaths += died
    print(limit, "died" if died else "done", path.read_bytes().hex())
"""


@pytest.mark.skipif(
    sys.platform == "win32", reason="a limit on file sizes takes a POSIX system"
)
def test_a_crash_at_any_byte_of_the_write_leaves_the_old_or_the_new_file(
    path: Path,
) -> None:
    write(path, mappings(2, revision=1))
    new = path.read_bytes()
    write(path, mappings(2))
    old = path.read_bytes()
    bodies = [encode(m).hex() for m in mappings(2, revision=1)]
    command = [sys.executable, "-c", CRASH_AT_EVERY_BYTE]
    arguments = [str(path), str(len(new)), CLUSTER, *bodies]
    done = subprocess.run(
        [*command, *arguments], check=True, capture_output=True, text=True
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    assert len(lines) == len(new) + 1
    for limit, what, content in lines[:-1]:
        assert (what, content) == ("died", old.hex()), limit
    assert lines[-1][1:] == ["done", new.hex()]
    assert read(path) == mappings(2, revision=1)


def test_the_head_says_what_follows(path: Path) -> None:
    write(path, mappings(1))
    head = json.loads(path.read_bytes().partition(b"\n")[0])
    assert head == {
        "format": "netbird-sdk mappings 1",
        "cluster": CLUSTER,
        "saved": NOW,
    }
