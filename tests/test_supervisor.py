"""`clinixcue up`: what it refuses in one sentence, what it hands to whom, and that it leaves nothing behind."""

import io
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from server import checks, environments
from server.data_directory import bound_logs, locked
from server.engines import Nats, Postgres, free_port
from server.processes import Child, ProcessFailed, run_to_end
from server.reporting import Reporter
from server.supervisor import Service

SECONDS = 60.0
LAST_WORDS = 5.0


@pytest.fixture(scope="module")
def pages() -> Iterator[Path]:
    """Stand in for the built front end: the supervisor only asks whether the files are there."""
    with tempfile.TemporaryDirectory(prefix="cc-") as name:
        for page in checks.PAGES:
            (Path(name) / page).write_text("<!doctype html><title>page</title>")
        (Path(name) / "assets").mkdir()
        yield Path(name)


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="cc-") as name:
        yield Path(name) / "data"


def command(pages: Path, data_dir: Path, port: int, *more: str) -> tuple[list[str], dict[str, str]]:
    argv = [sys.executable, "-m", "server.cli", "up", "--data-dir", str(data_dir), "--port", str(port), *more]
    return argv, {"PATH": os.environ["PATH"], "CLINIXCUE_SERVER_STATIC_DIR": str(pages)}


def refusal(pages: Path, data_dir: Path, port: int, *more: str, **environment: str) -> str:
    """The one sentence of a start that must fail."""
    argv, base = command(pages, data_dir, port, *more)
    result = subprocess.run(
        argv, env={**base, **environment}, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()
    return line


def test_busy_port(pages: Path, folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port} on 127.0.0.1 is in use" in refusal(pages, folder, port, "--demo")


def test_data_dir_that_cannot_be_written(pages: Path, folder: Path) -> None:
    folder.write_text("a file, not a folder")
    assert "cannot write to" in refusal(pages, folder / "inside", free_port(), "--demo")


def test_second_supervisor_on_the_same_data(pages: Path, folder: Path) -> None:
    folder.mkdir()
    with locked(folder) as lock:
        assert lock.clean
        assert f"in use by another clinixcue (process {os.getpid()})" in refusal(pages, folder, free_port(), "--demo")
    with locked(folder) as lock:
        assert lock.clean


def test_pages_that_were_not_built(folder: Path) -> None:
    assert "softphone.html is not in" in refusal(folder, folder, free_port(), "--demo")


def test_no_identity_provider(pages: Path, folder: Path) -> None:
    assert "CLINIXCUE_IDENTITY_ISSUER" in refusal(pages, folder, free_port())


def test_a_setting_that_makes_no_sense(pages: Path, folder: Path) -> None:
    assert "[bus]" in refusal(pages, folder, free_port(), "--demo", CLINIXCUE_CONFIG=_config(folder, "[bus]\nurll = 1"))


def test_a_config_file_that_is_not_toml(pages: Path, folder: Path) -> None:
    assert "not valid TOML" in refusal(pages, folder, free_port(), "--demo", CLINIXCUE_CONFIG=_config(folder, "= ="))


def _config(folder: Path, text: str) -> str:
    path = folder.with_name("clinixcue.toml")
    path.write_text(text)
    return str(path)


def test_unknown_command_gets_the_list() -> None:
    result = subprocess.run([sys.executable, "-m", "server.cli", "nope"], capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "'up', 'doctor'" in result.stderr


@pytest.mark.parametrize("process", ["media", "speech"])
def test_listening_processes_learn_nothing_about_the_database(folder: Path, process: str) -> None:
    folder.mkdir()
    bus = environments.bus(Nats(folder), process)
    ours = {
        "PATH": "/bin",
        "CLINIXCUE_DATABASE_PASSWORD": "canary",
        "CLINIXCUE_CONFIG": "canary.toml",
        "PGPASSWORD": "canary",
        "CLINIXCUE_BUS_PASSWORD": "stale",
        f"CLINIXCUE_{process.upper()}_CAPACITY": "3",
    }
    config = {"database": {"password": "canary"}, process: {"capacity": 9}}
    environment = environments.environment_for(process, ours, bus, config)
    assert "canary" not in " ".join(environment.values())
    assert not [name for name in environment if "DATABASE" in name or "IDENTITY" in name or name == "CLINIXCUE_CONFIG"]
    assert environment[f"CLINIXCUE_{process.upper()}_CAPACITY"] == "3"
    assert environment["CLINIXCUE_BUS_PASSWORD_FILE"].endswith(f"nats-{process}")
    assert "CLINIXCUE_BUS_PASSWORD" not in environment


def test_server_gets_the_application_role_only(folder: Path) -> None:
    folder.mkdir()
    given = {**environments.database(Postgres(folder), owner=False), **environments.bus(Nats(folder), "server")}
    environment = environments.environment_for("server", {"CLINIXCUE_MEDIA_CAPACITY": "3"}, given, {})
    assert environment["CLINIXCUE_DATABASE_USER"] == "clinixcue_app"
    named = " ".join(environment.values())
    assert "nats-media" not in named
    assert "nats-speech" not in named
    assert "postgres-owner" not in named
    assert "CLINIXCUE_MEDIA_CAPACITY" not in environment


def test_what_dies_is_started_again(tmp_path: Path) -> None:
    said = io.StringIO()
    argv = [sys.executable, "-c", "raise SystemExit(3)"]
    service = Service("speech", lambda: Child("speech", argv, tmp_path / "speech.log", {}))
    service.start()
    first = service.child
    deadline = time.monotonic() + SECONDS
    while service.child is first or service.child is None:
        service.watch(Reporter(said))
        assert time.monotonic() < deadline
    service.stop()
    assert said.getvalue() == "speech ended with status 3; starting it again in 0.5 s\n"


def test_stopping_ends_grandchildren_too(tmp_path: Path) -> None:
    """A process that was killed could not end its own children; they are in its group."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    script = (
        "import subprocess, sys\n"
        "output = open(sys.argv[1], 'w')\n"
        "child = subprocess.Popen(['sleep', '600'], stdout=output)\n"
        "print('up', file=output, flush=True)\n"
        "child.wait()\n"
    )
    argv = [sys.executable, "-c", script, str(fifo)]
    child = Child("parent", argv, tmp_path / "log", {"PATH": os.environ["PATH"]}, stop_signals=[signal.SIGKILL])
    with fifo.open("rb", buffering=0) as output:
        assert output.readline() == b"up\n"
        child.stop()
        # The pipe ends when the last process that holds it has gone.
        assert select.select([output], [], [], LAST_WORDS)[0]
        assert output.read() == b""


def test_a_one_off_that_fails_says_its_last_line(tmp_path: Path) -> None:
    script = "import sys; sys.stderr.write('first\\nthe reason\\n'); sys.exit(1)"
    with pytest.raises(ProcessFailed, match=r"^the reason$"):
        run_to_end([sys.executable, "-c", script], {}, tmp_path / "one.log")
    assert run_to_end([sys.executable, "-c", "print('done')"], {}, tmp_path / "one.log") == "done\n"


def test_nothing_that_is_started_may_write_a_core_file(tmp_path: Path) -> None:
    script = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"
    assert run_to_end([sys.executable, "-c", script], {}, tmp_path / "one.log") == "(0, 0)\n"


@pytest.mark.parametrize(
    ("pattern", "state"), [("core", "ok"), ("", "ok"), ("|/bin/false", "ok"), ("|/usr/lib/apport %p", "warning")]
)
def test_only_a_program_that_takes_dumps_in_gets_one(tmp_path: Path, pattern: str, state: str) -> None:
    (tmp_path / "core_pattern").write_text(f"{pattern}\n")
    assert checks.core_dumps(tmp_path / "core_pattern").state == state


def test_logs_are_bounded_while_they_are_written(tmp_path: Path) -> None:
    log = tmp_path / "media.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"a" * 1500)
        bound_logs(tmp_path, limit=1000)
        writer.write(b"b" * 10)
    assert log.read_bytes() == b"b" * 10
    assert (tmp_path / "media.log.1").read_bytes() == b"a" * 1000


class Told(io.StringIO):
    """Text written so far, and an event for the first word that a step goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = threading.Event()

    def write(self, text: str) -> int:
        if "so far" in text:
            self.goes_on.set()
        return super().write(text)


def test_long_steps_say_that_they_go_on() -> None:
    told = Told()
    with Reporter(told, tell_after=0.01).step("migrating"):
        assert told.goes_on.wait(LAST_WORDS)
    lines = told.getvalue().splitlines()
    assert lines[0] == "  migrating, 0 s so far"
    assert lines[-1].startswith("  migrating: ")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.skipif(checks.node().state != "ok", reason="the demo's identity provider is not installed")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_everything_starts_and_nothing_stays(pages: Path, folder: Path, number: signal.Signals) -> None:
    argv, environment = command(pages, folder, free_port(), "--demo")
    supervisor = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert supervisor.stdout is not None
    with supervisor.stdout:
        said = []
        for line in supervisor.stdout:
            said.append(line)
            if line.startswith("ready https://localhost:"):
                break
        assert said[-1].startswith("ready "), "".join(said)
        children = Path(f"/proc/{supervisor.pid}/task/{supervisor.pid}/children").read_text().split()
        started = [os.pidfd_open(int(pid)) for pid in children]
        assert len(started) == 6
        token = folder / "monitor.token"
        assert token.stat().st_mode & 0o177 == 0
        assert token.read_text().strip()
        supervisor.send_signal(number)
        for process in started:
            assert select.select([process], [], [], SECONDS)[0], "a process is still running"
            os.close(process)
        rest = supervisor.stdout.read()
    assert supervisor.wait(SECONDS) == (0 if number != signal.SIGKILL else -signal.SIGKILL)
    assert "Traceback" not in rest
