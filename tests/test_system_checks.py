"""Posture checks: files and processes of made trees, and of this machine."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netbird_sdk.models.management import Checks, File
from netbird_sdk.system import checked_files, evaluate_checks
from netbird_sdk.system._checks import running_from

LINUX = sys.platform == "linux"
THIS_PROGRAM = os.path.realpath(sys.executable)


def process(proc: Path, pid: str, program: str) -> None:
    (proc / pid).mkdir(parents=True)
    (proc / pid / "exe").symlink_to(program)


def found(*paths: str) -> dict[str, tuple[bool, bool]]:
    files = evaluate_checks([Checks(files=paths)])
    assert [file.path for file in files] == list(dict.fromkeys(paths))
    return {file.path: (file.exist, file.process_is_running) for file in files}


# --- Files --------------------------------------------------------------------------


def test_a_path_exists_unless_nothing_is_or_can_be_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    expected = {
        "file": True,
        "": True,
        "missing": False,
        "missing/below": False,
        "file/below": False,
        "dangling": False,
        "loop": True,  # something is there, it just cannot be followed
        "x" * 300: False,
        "x/" * 5000: False,
        "nul\0byte": False,
        "half\udc00character": False,
    }
    found_there = found(*(f"{tmp_path}/{name}" for name in expected))
    assert [exists for exists, _ in found_there.values()] == list(expected.values())


@given(st.lists(st.text(max_size=40), max_size=4))
def test_no_path_is_too_odd(paths: list[str]) -> None:
    files = evaluate_checks([Checks(files=paths)])
    assert [file.path for file in files] == list(dict.fromkeys(paths))


def test_no_check_finds_nothing() -> None:
    assert evaluate_checks([]) == evaluate_checks([Checks()]) == ()


def test_a_path_that_several_checks_name_is_answered_once() -> None:
    checks = [Checks(files=["/a-1", "/b-1"]), Checks(files=["/b-1", "/c-1"])]
    assert evaluate_checks(iter(checks)) == tuple(
        File(path=path) for path in ("/a-1", "/b-1", "/c-1")
    )


# --- Processes ----------------------------------------------------------------------


def test_this_very_program_runs() -> None:
    assert found(THIS_PROGRAM) == {THIS_PROGRAM: (True, LINUX)}


def test_a_link_to_a_running_program_is_not_running(tmp_path: Path) -> None:
    """Only the path it was started from counts, links resolved."""
    alias = tmp_path / "alias"
    alias.symlink_to(THIS_PROGRAM)
    assert found(str(alias)) == {str(alias): (True, False)}


@pytest.mark.parametrize("count", [1, 3000])
def test_processes_are_known_by_the_exact_path_of_their_program(
    tmp_path: Path, count: int
) -> None:
    for pid in range(count):
        process(tmp_path, str(pid + 10), f"/opt/agent-{pid}")
    (tmp_path / "2").mkdir()  # a kernel thread has no program
    (tmp_path / "3").touch()
    process(tmp_path, "self", "/opt/alias")
    process(tmp_path, "9", "/opt/replaced (deleted)")
    last = f"/opt/agent-{count - 1}"
    asked = {last, "/opt/agent", "/opt/alias", "/opt/replaced", "opt/agent-0", "", "\0"}
    assert running_from(asked, proc=tmp_path) == ({last} if LINUX else set())


def test_where_processes_are_hidden_none_runs(tmp_path: Path) -> None:
    assert running_from(["/sbin/init"], proc=tmp_path / "none") == frozenset()


# --- Without blocking the loop ------------------------------------------------------


class HangingCheck:
    """Stands for paths on a file system that does not answer."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.answers = threading.Event()

    @property
    def files(self) -> tuple[str, ...]:
        self.reached.set()
        self.answers.wait(20)
        return ("/",)

    @property
    def checks(self) -> list[Checks]:
        return [cast("Checks", self)]


def let_threads_end() -> None:
    for thread in threading.enumerate():
        if thread.name == "netbird-sdk-checks":
            thread.join(20)
            assert not thread.is_alive()


async def test_files_are_looked_up_beside_the_loop() -> None:
    """The loop goes on while the file system does not answer."""
    hanging = HangingCheck()
    answer = asyncio.create_task(checked_files(hanging.checks))
    assert await asyncio.to_thread(hanging.reached.wait, 20)
    assert not answer.done()
    hanging.answers.set()
    assert await answer == (File(path="/", exist=True),)


async def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    hanging = HangingCheck()
    with pytest.raises(TimeoutError):
        await checked_files(hanging.checks, timeout=0.01)
    hanging.answers.set()
    let_threads_end()


def test_an_answer_after_the_end_of_the_loop_disturbs_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    hanging = HangingCheck()
    with pytest.raises(TimeoutError):
        asyncio.run(checked_files(hanging.checks, timeout=0.01))
    hanging.answers.set()
    let_threads_end()
    assert not caplog.records


async def test_what_goes_wrong_in_the_thread_comes_out() -> None:
    with pytest.raises(AttributeError):
        await checked_files([cast("Checks", object())])


def test_a_file_system_that_hangs_does_not_keep_a_program_from_ending() -> None:
    program = (
        "import asyncio, threading\n"
        "from netbird_sdk.system import checked_files\n"
        "class Hanging:\n"
        "    @property\n"
        "    def files(self): threading.Event().wait()\n"
        "try: asyncio.run(checked_files([Hanging()], timeout=0.01))\n"
        "except TimeoutError: print('ended')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    assert run.stdout == "ended\n"
