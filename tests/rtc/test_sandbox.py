"""The kernel refuses the listening processes all that could keep sound; they find out by trying, and it is told."""

import asyncio
import errno
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from rtc import landlock, seccomp
from rtc.bus import DENIALS, Bus
from rtc.locked_memory import SoundMemory
from rtc.messages import Denials, SandboxState
from rtc.refusals import RESOLVED, pin, resolve
from rtc.sandbox import NotConfined, confirm, insist
from rtc.settings import BusSettings, ListeningSettings, MediaSettings, SandboxSettings, SpeechSettings
from server.engines import Nats
from tests.support.attempts import everything_else, files

ROOT = Path(__file__).parents[2]
SECONDS = 60.0

REFUSED = {errno.EACCES, errno.EPERM}

MAY_BE_REFUSED_TO_ANYBODY = {"io_uring", "userfaultfd", "ptrace another process", "ftruncate", "read another process"}
"""By settings of some kernels, or because the attempt also needs something that it does not have here."""

MEDIA_MAY = {"UDP"}

confined = pytest.mark.skipif(
    landlock.abi() < landlock.NETWORK_SINCE or not seccomp.supported(),
    reason="this kernel has no Landlock with network rules (ABI 4), or there is no seccomp filter for this processor",
)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Whatever was tried in it, it is as it was."""
    (tmp_path / "inside").mkdir()
    kept = tmp_path / "kept"
    kept.write_text("kept")
    before = kept.stat()
    yield tmp_path
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inside", "kept"]
    assert kept.read_text() == "kept"
    after = kept.stat()
    assert (after.st_mtime_ns, after.st_mode, os.listxattr(kept)) == (before.st_mtime_ns, before.st_mode, [])


def environment(**changed: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", **changed}


def attempts(*arguments: str, module: str = "tests.support.attempts", **changed: str) -> tuple[dict[str, int], str]:
    """The errno of each attempt, and what was said about it on standard error."""
    ended = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env=environment(**changed),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    results: dict[str, int] = json.loads(ended.stdout)
    return results, ended.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="tries system calls of Linux")
def test_without_the_sandbox_all_of_it_is_possible(tmp_path: Path) -> None:
    """Otherwise the next tests would prove nothing."""
    (tmp_path / "inside").mkdir()
    (tmp_path / "kept").write_text("kept")
    results, _ = attempts(str(tmp_path))
    assert set(results) == set(files(tmp_path)) | set(everything_else(tmp_path))
    refused = {name for name, number in results.items() if number in REFUSED}
    assert refused <= MAY_BE_REFUSED_TO_ANYBODY
    assert {name: number for name, number in results.items() if number and name not in MAY_BE_REFUSED_TO_ANYBODY} == {}


@pytest.mark.skipif(landlock.abi() < 3, reason="this kernel has no Landlock that knows truncation (ABI 3)")
def test_landlock_alone_refuses_every_change_to_a_file(folder: Path) -> None:
    results, _ = attempts(str(folder), "landlock")
    assert results == dict.fromkeys(files(folder), errno.EACCES)


@confined
@pytest.mark.parametrize("process", ["media", "speech"])
def test_a_listening_process_is_refused_everything(folder: Path, process: str) -> None:
    results, said = attempts(process, str(folder), module="tests.support.confined")
    allowed = {name for name, number in results.items() if number not in REFUSED}
    assert allowed == (MEDIA_MAY if process == "media" else set())
    assert set(results) == set(files(folder)) | set(everything_else(folder))
    # The witness has counted each kind, and names neither a path nor an address.
    for kind in ("open_for_writing", "change_folder", "attributes", "memory_file", "other_process", "socket"):
        assert f"{process}: ALERT: the kernel refused {kind}, " in said
    assert str(folder) not in said
    assert "192.0.2" not in said


@confined
async def test_a_refused_attempt_is_told_on_the_bus(folder: Path, nats: Nats) -> None:
    """By the witness, whatever the process itself says or does not say."""
    told: asyncio.Queue[Denials] = asyncio.Queue()
    bus = await Bus.connect(nats.url, "server", "server", nats.passwords["server"])

    async def hear(denials: Denials) -> None:
        told.put_nowait(denials)

    await bus.listen(DENIALS, Denials, hear)
    variables = environment(
        CLINIXCUE_BUS_URL=nats.url, CLINIXCUE_BUS_USER="speech", CLINIXCUE_BUS_PASSWORD=nats.passwords["speech"]
    )
    command = [sys.executable, "-m", "tests.support.confined", "speech", str(folder), "stay"]
    running = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    async with asyncio.timeout(SECONDS):
        while (denials := await told.get()).counts.get("start_process", 0) < 1:
            continue
        assert denials.process == "speech"
        assert denials.counts["open_for_writing"] >= 8
        assert denials.counts["memory_file"] == 2
        await running.communicate(b"")
    await bus.close()


@confined
@pytest.mark.parametrize("process", ["media", "speech"])
def test_the_real_processes_find_everything_enforced(process: str) -> None:
    """With all their libraries loaded. The tries themselves are no alerts."""
    ended = subprocess.run(
        [sys.executable, "-m", "rtc.launcher", process, "--state"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    state = msgspec.json.decode(ended.stdout, type=SandboxState)
    assert state.process == process
    machine = {"memory", "swap"}  # what this machine has, and what this user may lock
    assert [protection for protection in state.weaker if protection.name not in machine] == []


@confined
@pytest.mark.parametrize("killed", ["witness", "process"])
def test_neither_lives_without_the_other(folder: Path, killed: str) -> None:
    command = [sys.executable, "-m", "tests.support.confined", "speech", str(folder), "stay"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as witness:
        assert witness.stdout is not None
        assert witness.stdout.readline(), "it has tried and stays"
        [child] = Path(f"/proc/{witness.pid}/task/{witness.pid}/children").read_text().split()
        process = os.pidfd_open(int(child))
        os.kill(witness.pid if killed == "witness" else int(child), signal.SIGKILL)
        assert select.select([process], [], [], SECONDS)[0], "the process is still there"
        assert witness.wait(SECONDS) == -signal.SIGKILL
        os.close(process)


def settings(require: bool) -> ListeningSettings:
    return ListeningSettings(BusSettings(), MediaSettings(), SpeechSettings(), SandboxSettings(require))


@pytest.mark.parametrize("process", ["media", "speech"])
def test_a_process_that_is_not_confined_says_so_and_does_not_start(process: str) -> None:
    """Started past the launcher."""
    started = subprocess.run(
        [sys.executable, "-m", f"rtc.{process}"],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert started.returncode == 1
    [sentence] = started.stderr.splitlines()
    assert sentence.startswith(f"{process}: files: Files can be written (P4): this process could create a file in ")
    assert sentence.endswith("Mend it, or for development set [sandbox] require = false")


def test_a_kernel_without_any_of_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    monkeypatch.setattr(seccomp, "supported", lambda: False)
    state = confirm_without_changing_this_process(monkeypatch)
    strengths = {protection.name: protection.strength for protection in state.protections}
    assert strengths["files"] == strengths["system_calls"] == strengths["network"] == "not_available"
    assert all(protection.detail.endswith(".") for protection in state.protections)
    assert all("(P4)" in protection.detail for protection in state.weaker)
    insist(state, SandboxSettings(require=False))
    with pytest.raises(NotConfined, match="This kernel has no Landlock"):
        insist(state, SandboxSettings(require=True))


def confirm_without_changing_this_process(monkeypatch: pytest.MonkeyPatch) -> SandboxState:
    monkeypatch.setattr("rtc.sandbox.lock_everything", lambda: False)
    monkeypatch.setattr("rtc.sandbox.PR_SET_DUMPABLE", 9999)  # no option of prctl(2)
    return confirm("speech", settings(require=True), SoundMemory(1, 4096))


def test_a_connection_to_anything_but_the_bus_is_counted() -> None:
    """Landlock tells nobody of what it refuses, so Python's own events do. In a process of its own: a hook stays."""
    script = (
        "import json, socket\n"
        "from rtc.refusals import Refusals\n"
        "from rtc.settings import BusSettings\n"
        "refusals = Refusals(BusSettings('nats://127.0.0.1:9'), kernel_tells=False)\n"
        "def connect(family, address):\n"
        "    try:\n"
        "        socket.socket(family).connect(address)\n"
        "    except OSError as error:\n"
        "        return type(error).__name__\n"
        "told = [connect(socket.AF_INET, ('127.0.0.1', 9)), connect(socket.AF_INET, ('127.0.0.2', 9)),\n"
        "        connect(socket.AF_INET, ('127.0.0.1', 10)), connect(socket.AF_UNIX, '/nobody')]\n"
        "open('/dev/null', 'w').close()\n"
        "print(json.dumps([told, dict(refusals.counts)]))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment(), capture_output=True, text=True, check=True
    )
    told, counts = json.loads(ended.stdout)
    assert told == ["ConnectionRefusedError", "PermissionError", "PermissionError", "PermissionError"]
    assert counts == {"connect": 3, "open_for_writing": 1}


async def test_the_bus_is_found_by_its_name_though_nobody_may_ask(nats: Nats, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what the launcher found before: the first address is nobody's, as with a name of several."""
    monkeypatch.setenv(RESOLVED, "127.0.0.2,127.0.0.1")
    settings = BusSettings(f"nats://bus.invalid:{nats.port}", "speech", nats.passwords["speech"])
    pin(asyncio.get_running_loop(), settings)
    bus = await Bus.connect(settings.url, "test", settings.user, settings.password)
    assert bus.connected
    await bus.close()


def test_the_launcher_asks_for_names_only() -> None:
    assert resolve(BusSettings("nats://127.0.0.1:4222")) == {}
    assert resolve(BusSettings("nats://bus.invalid:4222")) == {}
    assert "127.0.0.1" in resolve(BusSettings("nats://localhost:4222"))[RESOLVED].split(",")
