"""The listening processes as the kernel holds them, in a whole installation: during a call, and killed in one."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from e2e.conftest import ALL_ENFORCED, ROOT, Installation
from e2e.recordings import CALLS
from e2e.synthetic import Line, SyntheticRun
from e2e.traces import sound_of, traces_of
from server.checks import Check

pytestmark = pytest.mark.timeout(240)

CALL = "chest_pain"
PHRASES = ["tight pain across", "sick and sweaty"]
SHARED_MEMORY = Path("/dev/shm")
RESTART_SECONDS = 60.0

confined = pytest.mark.skipif(not ALL_ENFORCED, reason="this kernel has no Landlock with network rules, or no filter")


@pytest.fixture
def run(installation: Installation) -> Iterator[SyntheticRun]:
    running = SyntheticRun(installation, CALL)
    yield running
    running.stop()


def doctor(installation: Installation) -> list[Check]:
    argv = [sys.executable, "-m", "server.cli", "doctor", "--demo", "--json", "--data-dir", str(installation.data_dir)]
    told = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    return msgspec.json.decode(told.stdout, type=list[Check])


@confined
def test_a_call_raises_no_alert_and_everything_is_enforced(installation: Installation, run: SyntheticRun) -> None:
    _, said, status = run.finish()
    assert status == 0, said
    findings = {finding.name: finding for finding in doctor(installation)}
    assert "ALERT" not in findings, findings
    for name in ("media", "speech", "running media", "running speech"):
        assert findings[name].state == "ok", findings
        assert "9 protections are enforced" in findings[name].detail
    for log in ("media", "speech"):
        assert "ALERT" not in (installation.data_dir / "logs" / f"{log}.log").read_text()


@pytest.mark.parametrize("module", ["rtc.speech", "rtc.media"])
def test_killed_in_a_call_it_leaves_nothing_and_claims_nothing(
    installation: Installation, run: SyntheticRun, module: str
) -> None:
    """kill -9 when words were understood: no file has them, no receipt says that somebody saw them wiped."""
    [victim] = installation.processes(module)
    heard: list[str] = []
    lines: list[Line] = []
    for line in run.lines():
        lines.append(line)
        message = line.get("message", {})
        if message.get("type") == "caption" and message["text"]:
            heard.append(message["text"])
            if "pain" in message["text"] and len(heard) > 1 and victim:
                os.kill(victim, signal.SIGKILL)
                victim = 0
    assert victim == 0, f"the call was not understood: {heard}"
    traces = traces_of([*PHRASES, *heard], sound_of(CALLS / f"{CALL}.{side}.flac" for side in ("agent", "patient")))
    searched = traces.search([installation.data_dir, installation.temporary_dir, SHARED_MEMORY])
    assert searched.files > 500
    assert searched.found == []
    receipts: list[dict[str, Any]] = [line["purge"] for line in lines if line.get("purge")]
    assert [receipt["complete"] for receipt in receipts] == ([False] if module == "rtc.speech" else [])
    wait_for_another(installation, module)


def wait_for_another(installation: Installation, module: str) -> None:
    """For whoever tests next."""
    deadline = time.monotonic() + RESTART_SECONDS
    name = f"running {module.removeprefix('rtc.')}"
    while not any(finding.name == name and finding.state == "ok" for finding in doctor(installation)):
        assert time.monotonic() < deadline, "it was not started again"
