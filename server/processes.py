"""Processes of one installation: start them so that none outlives the supervisor, stop exactly those.

A process that is started here ends when the thread that started it ends, also when that thread was killed
(PR_SET_PDEATHSIG, Linux). So start long-lived processes from the main thread.
"""

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Child:
    """One process we started. Its output goes to `log`, opened for appending so that it can be cut while in use."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        log: Path,
        environment: Mapping[str, str],
        *,
        user: str | None = None,
        stop_signals: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGKILL),
        cwd: Path | None = None,
    ) -> None:
        """`stop_signals` are tried in turn; the first is also what the kernel sends when we die. `user` needs root."""
        self.name = name
        self.log = log
        self._stop_signals = stop_signals
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            self._process = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                env=dict(environment),
                cwd=cwd,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
                # A group of its own: Ctrl-C at the terminal reaches the supervisor only, which stops things in order.
                process_group=0,
                preexec_fn=_die_with_parent(os.getpid(), stop_signals[0]),
            )
        finally:
            os.close(descriptor)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.poll()

    def stop(self, patience: float = 10.0) -> None:
        """Ask it to end, wait `patience` seconds, ask harder. Returns when it is gone."""
        for number in self._stop_signals:
            if self._process.poll() is not None:
                break
            self._process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
        self._process.wait()
        # Its own children, when it was killed before it could end them: they are in its group.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


class ProcessFailed(Exception):
    """A process that should do its work and end did not. The text is what it said last."""


def run_to_end(argv: Sequence[str], environment: Mapping[str, str], log: Path, patience: float = 120.0) -> str:
    """Run a process that ends by itself and return what it printed; its stderr goes to `log`.

    Raises ProcessFailed when it fails or takes longer than `patience` seconds.
    """
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(log, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "rb") as errors:
        said_before = os.fstat(errors.fileno()).st_size
        process = subprocess.Popen(
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=dict(environment),
            text=True,
            process_group=0,
            preexec_fn=_die_with_parent(os.getpid(), signal.SIGKILL),
        )
        try:
            printed, _ = process.communicate(timeout=patience)
        except subprocess.TimeoutExpired as error:
            raise ProcessFailed(f"{' '.join(argv[1:])} took longer than {patience:.0f} s") from error
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0:
            errors.seek(said_before)
            lines = errors.read().decode(errors="replace").strip().splitlines()
            raise ProcessFailed(lines[-1] if lines else f"{' '.join(argv[1:])} ended with status {process.returncode}")
    return printed


def _die_with_parent(parent: int, number: signal.Signals) -> Callable[[], None] | None:
    """Runs in the child after it has changed user: a change of credentials clears the setting (prctl(2)).

    It may also write no core file: the bus has sound in its memory, the server sessions.
    """
    libc = _libc
    if libc is None:
        return None

    def ask() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # died between fork and prctl
            os.kill(os.getpid(), number)

    return ask


def command_line(pid: int) -> str:
    """The command line of a running process, arguments separated by spaces. Empty when there is none."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            return ""
    found = subprocess.run(["/bin/ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False)
    return found.stdout.strip()


def stop_leftover(pid_file: Path, marks: Sequence[str], number: signal.Signals, patience: float = 15.0) -> None:
    """End a process that an earlier run left behind, known by its pid file and by `marks` in its command line.

    A pid file whose process is gone, or is another program by now (pids are reused), is removed.
    Raises TimeoutError when the process does not end.
    """
    try:
        pid = int(pid_file.read_text().split(maxsplit=1)[0])
    except (OSError, ValueError, IndexError):
        return
    deadline = time.monotonic() + patience
    with contextlib.suppress(ProcessLookupError):
        if _is_ours(pid, marks):
            os.kill(pid, number)
        while _is_ours(pid, marks):
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {pid} from an earlier run does not end; stop it by hand: kill {pid}")
            time.sleep(0.05)
    pid_file.unlink(missing_ok=True)


def _is_ours(pid: int, marks: Sequence[str]) -> bool:
    line = command_line(pid)
    return bool(line) and all(mark in line for mark in marks)
