"""What media and speech say about the kernel's hold on them reaches the server's log and `doctor`."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rtc.bus import DENIALS, SANDBOX_STATE, Bus
from rtc.messages import Denials, Protection, SandboxState
from server import confinement
from server.checks import Check
from server.sandboxes import Sandboxes
from tests.support.installation import Installation

SECONDS = 15.0

HELD = Protection("files", "enforced", "No file can be written.")
SWAP = Protection("swap", "weaker", "1 swap device is on (P4).")


def state(*protections: Protection, pid: int = 7) -> SandboxState:
    return SandboxState("speech", "here", pid, "Linux", list(protections))


@pytest.fixture
async def speech(installation: Installation) -> AsyncIterator[Bus]:
    bus = await Bus.connect(installation.nats.url, "test", "speech", installation.nats.passwords["speech"])
    yield bus
    await bus.close()


async def logged(installation: Installation, event: str, process: str) -> dict[str, Any]:
    """The server's first line of this event and process."""
    async with asyncio.timeout(SECONDS):
        while True:
            for line in installation.server_log.splitlines():
                entry: dict[str, Any] = json.loads(line)
                if event in entry["event"] and entry.get("process") == process:
                    return entry
            await asyncio.sleep(0)


async def test_a_refused_attempt_is_an_alert_in_the_servers_log(installation: Installation, speech: Bus) -> None:
    await speech.publish(DENIALS, Denials("speech", "here", 11, {"memory_file": 2}))
    entry = await logged(installation, "ALERT: a listening process was refused by the kernel", "speech")
    assert (entry["level"], entry["code"], entry["count"], entry["host"]) == ("error", "memory_file", 2, "here")


async def test_a_weaker_protection_is_a_warning_once(installation: Installation, speech: Bus) -> None:
    for _ in range(3):
        await speech.publish(SANDBOX_STATE, state(HELD, SWAP, pid=12))
    await speech.publish(DENIALS, Denials("media", "here", 13, {"socket": 1}))
    await logged(installation, "ALERT", "media")
    said = [line for line in installation.server_log.splitlines() if "is not held by the kernel" in line]
    assert [json.loads(line)["reason"] for line in said] == [SWAP.detail]


def test_a_count_is_told_when_it_grows_whoever_counted() -> None:
    sandboxes = Sandboxes()
    for counts in ({"socket": 1}, {"connect": 2}, {}, {"socket": 1}, {"socket": 3}):
        sandboxes.hear_denials(Denials("speech", "here", 7, counts))
    assert {(alert.kind, alert.count) for alert in sandboxes.alerts} == {("socket", 3), ("connect", 2)}


def test_who_says_nothing_any_more_is_forgotten_but_its_alerts_are_not() -> None:
    now = [0.0]
    sandboxes = Sandboxes(lambda: now[0])
    sandboxes.hear_state(state(HELD))
    sandboxes.hear_denials(Denials("speech", "here", 7, {"socket": 1}))
    now[0] = 9.0
    assert len(sandboxes.states) == 1
    now[0] = 11.0
    assert sandboxes.states == []
    assert len(sandboxes.alerts) == 1


@contextmanager
def saying(installation: Installation) -> Iterator[None]:
    """A speech process that speaks as one does, while `doctor` blocks this thread."""
    over = threading.Event()

    async def speak() -> None:
        bus = await Bus.connect(installation.nats.url, "test", "speech", installation.nats.passwords["speech"])
        while not over.is_set():
            await bus.publish(SANDBOX_STATE, state(HELD, SWAP))
            await bus.publish(DENIALS, Denials("speech", "here", 7, {"open_for_writing": 4}))
            await asyncio.sleep(0.1)
        await bus.close()

    thread = threading.Thread(target=lambda: asyncio.run(speak()))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(SECONDS)


def test_doctor_hears_a_running_installation(installation: Installation) -> None:
    with saying(installation):
        findings = confinement.running(installation.nats.data_dir)
    assert Check("running speech: swap", "warning", SWAP.detail) in findings
    assert Check("running media", "warning", "says nothing: it has stopped or is starting") in findings
    assert Check("ALERT", "failed", "speech (7) tried open_for_writing and was refused, 4 times") in findings


def test_doctor_finds_nothing_running_and_makes_nothing(tmp_path: Path) -> None:
    assert confinement.running(tmp_path / "data") == []
    assert not (tmp_path / "data").exists()


def test_all_held_is_one_line_and_weaker_is_one_for_each() -> None:
    assert [check.state for check in confinement.of_state(state(HELD), "speech", required=True)] == ["ok"]
    findings = confinement.of_state(state(HELD, SWAP), "speech", required=True)
    assert findings == [Check("speech: swap", "failed", SWAP.detail)]
