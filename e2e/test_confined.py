"""The listening processes as the kernel holds them, in a whole installation: during a call, and killed in one."""

import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from e2e.conftest import ROOT, Installation, not_enforced
from e2e.recordings import CALLS
from e2e.synthetic import SyntheticRun
from e2e.traces import sound_of, traces_of
from server.checks import Check

pytestmark = pytest.mark.timeout(240)

CALL = "chest_pain"
PHRASES = ["tight pain across", "sick and sweaty"]
SHARED_MEMORY = Path("/dev/shm")
RESTART_SECONDS = 60.0
OUTCOME_SECONDS = 45.0


@pytest.fixture
def run(installation: Installation) -> Iterator[SyntheticRun]:
    running = SyntheticRun(installation, CALL)
    yield running
    running.stop()


def doctor(installation: Installation) -> list[Check]:
    argv = [sys.executable, "-m", "server.cli", "doctor", "--demo", "--json", "--data-dir", str(installation.data_dir)]
    told = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    return msgspec.json.decode(told.stdout, type=list[Check])


def test_a_call_raises_no_alert_and_everything_is_enforced(installation: Installation, run: SyntheticRun) -> None:
    if not_enforced():
        pytest.skip(not_enforced())
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
    call_id = ""
    for line in run.lines():
        message = line.get("message", {})
        call_id = message.get("call_id", call_id)
        if message.get("type") == "caption" and message["text"]:
            heard.append(message["text"])
            if len(heard) > 1 and "pain" in message["text"]:
                os.kill(victim, signal.SIGKILL)
                break
    assert any("pain" in text for text in heard), f"the call was not understood: {heard}"
    if module == "rtc.speech":
        run.finish()  # the call goes on without it
    assert receipt_of(installation, call_id)["complete"] is False
    traces = traces_of([*PHRASES, *heard], sound_of(CALLS / f"{CALL}.{side}.flac" for side in ("agent", "patient")))
    searched = traces.search([installation.data_dir, installation.temporary_dir, SHARED_MEMORY])
    assert searched.files > 500
    assert searched.found == []
    wait_for_another(installation, module)


def receipt_of(installation: Installation, call_id: str) -> dict[str, Any]:
    """What the server stored. Without media, the recogniser ends the call when it has heard nothing for a while."""
    token = (installation.data_dir / "monitor.token").read_text().strip()
    trust = ssl.create_default_context(cafile=installation.ca)
    deadline = time.monotonic() + OUTCOME_SECONDS
    with httpx2.Client(verify=trust, headers={"authorization": f"Bearer {token}"}) as monitor:
        while (answer := monitor.get(f"{installation.url}/api/calls/{call_id}/outcome")).status_code == 404:
            assert time.monotonic() < deadline, "no outcome was stored"
            time.sleep(0.25)
    receipt: dict[str, Any] = answer.raise_for_status().json()["receipt"]
    return receipt


def wait_for_another(installation: Installation, module: str) -> None:
    """For whoever tests next."""
    deadline = time.monotonic() + RESTART_SECONDS
    name = f"running {module.removeprefix('rtc.')}"
    while not any(finding.name == name and finding.state == "ok" for finding in doctor(installation)):
        assert time.monotonic() < deadline, "it was not started again"
