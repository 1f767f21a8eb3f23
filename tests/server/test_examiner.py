"""The process that reads what a manager wrote: what it may, how far it says it is, and how it is stopped."""

import asyncio
import subprocess
import sys
import time
from typing import Any

import pytest

from server.playbooks import examination, starters
from server.playbooks import runs as running
from server.playbooks.job import Job
from server.playbooks.runs import Runs
from server.playbooks.schemas import CannotRun, CaseRun, RunProgress
from tests.support.playbooks import SMALL

STARTER = "gp-reception"


def test_the_server_itself_loads_nothing_that_matches() -> None:
    """That is the examiner's: models take memory, and their libraries have opinions of their own (decision 0009)."""
    named = {"onnxruntime", "tokenizers", "rtc.coaching.coach"}
    program = f"import sys, server.app; print(*sorted({named} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=50)
    assert loaded.stdout.strip() == ""


async def test_a_run_says_how_far_it_is_and_leaves_the_event_loop_free() -> None:
    job = Job(STARTER, starters.yaml_of(STARTER), "", STARTER, [], True)
    runs, said, turns = Runs(), [], 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    counting = asyncio.create_task(count())
    async for one in runs.answers(job):
        said.append(one)
    counting.cancel()
    progress = [one for one in said if isinstance(one, RunProgress)]
    assert progress
    assert all(0 < one.done <= one.of for one in progress)
    assert isinstance(said[-1], CaseRun)
    assert turns > 20
    began = time.perf_counter()
    assert await runs.result(job) == said[-1]
    assert time.perf_counter() - began < 0.1, "the same job is not run twice"


async def test_a_run_that_takes_too_long_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "RUN_SECONDS", 0.3)
    job = Job(STARTER, starters.yaml_of(STARTER), "", STARTER, [], True)
    stopped = await Runs().result(job)
    assert isinstance(stopped, CannotRun)
    assert "was stopped" in stopped.faults[0].reason


async def test_the_process_that_reads_knows_no_secret_and_may_write_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """Its environment and its limits, as it sees them itself."""
    monkeypatch.setenv("CLINIXCUE_DATABASE_PASSWORD", "hunter2")
    told = tmp_path / "told"
    program = (
        "import os, pathlib, sys\n"
        "from server.playbooks import examiner\n"
        "examiner.limit()\n"
        "sys.stdin.buffer.read()\n"
        "try:\n    pathlib.Path(os.environ['HOME'], 'told').write_text('x')\n    wrote = 'yes'\n"
        "except OSError:\n    wrote = 'no'\n"
        "secret = any('hunter2' in value for value in os.environ.values())\n"
        'print(f\'{{"type": "cannot_run", "faults": [{{"where": "playbook", "line": 1, "place": "",'
        ' "reason": "wrote {wrote}, secret {secret}"}}]}}\')\n'
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(running, "COMMAND", (running.COMMAND[0], "-c", program))
    answered = await Runs().result(Job("small", SMALL, "", None, [], False))
    assert isinstance(answered, CannotRun)
    assert answered.faults[0].reason == "wrote no, secret False"
    assert not told.exists() or told.read_text() == ""


def test_what_takes_long_to_read_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job("small", SMALL, "", None, [], False)
    assert isinstance(examination.check(job), examination.Checked)
    monkeypatch.setattr(examination, "MOST_SECONDS_TO_READ", 0.0)
    checked = examination.check(job)
    assert isinstance(checked, list)
    assert "s to read" in checked[0].reason


async def test_a_process_that_dies_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "COMMAND", (running.COMMAND[0], "-c", "import sys; sys.stdin.read(); sys.exit(3)"))
    answered = await Runs().result(Job("small", SMALL, "", None, [], True))
    assert isinstance(answered, CannotRun)
    assert answered.faults[0].reason == running.TOO_MUCH
