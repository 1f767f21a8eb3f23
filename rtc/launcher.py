"""`python -m rtc.launcher media|speech`: starts a listening process so that the kernel holds it to what it may do.

This process stays beside it as the witness: the kernel asks it about each attempt that the filter refuses, it says no,
counts, and tells the bus. It holds no sound, hears none, and the other ends with it.

`--state` goes to the listening process, which tries everything, prints its SandboxState as JSON and ends.
"""

import array
import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
from typing import NoReturn, get_args

from rtc import sandbox
from rtc.refusals import resolve
from rtc.sandbox import Process
from rtc.settings import ListeningSettings, SettingsError, load
from rtc.witness import Witness

OTHER_PROCESSES = frozenset({"server", "database", "identity", "session", "turn"})

PR_SET_PDEATHSIG = 1

PASS_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(arguments: list[str]) -> int:
    """Exit status: that of the listening process."""
    process = next((name for name in get_args(Process) if arguments[:1] == [name]), None)
    if process is None or arguments[1:] not in ([], ["--state"]):
        sys.stderr.write("usage: python -m rtc.launcher media|speech [--state]\n")
        return 2
    try:
        settings = load(ListeningSettings, ignore=OTHER_PROCESSES)
    except SettingsError as error:
        sys.stderr.write(f"{process}: {error}\n")
        return 1
    command = [sys.executable, *(["-P"] if sys.flags.safe_path else []), "-m", f"rtc.{process}", *arguments[1:]]
    if sys.platform != "linux":
        sandbox.confine(process, settings, keep=set())
        os.execv(sys.executable, command)  # noqa: S606  # no shell
    return start(process, settings, command)


def start(process: Process, settings: ListeningSettings, command: list[str]) -> int:
    ours, theirs = socket.socketpair()
    trying, told = os.pipe()
    environment = {**os.environ, **resolve(settings.bus)}
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            _end_with(parent)
            _become(process, settings, command, environment, theirs, told)
        except Exception as error:  # noqa: BLE001  # this is a copy of the launcher: it must end here
            sys.stderr.write(f"{process}: cannot be confined: {error}\n")
            os._exit(1)
    theirs.close()
    os.close(told)
    for number in PASS_ON:
        signal.signal(number, lambda number, _frame: _pass_on(child, number))
    listener = _received(ours)
    witness = Witness(process, settings.bus, child, listener, trying)
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(witness.run())
    return _status(child)


def _become(
    process: Process,
    settings: ListeningSettings,
    command: list[str],
    environment: dict[str, str],
    theirs: socket.socket,
    told: int,
) -> NoReturn:
    """In the child: give everything up, hand the listener over, be replaced by the listening process."""
    listener = sandbox.confine(process, settings, keep={theirs.fileno(), told})
    descriptors = array.array("i", [listener] if listener is not None else [])
    theirs.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)] if descriptors else [])
    theirs.close()
    if listener is not None:
        os.close(listener)
        os.set_inheritable(told, True)
        environment[sandbox.TRYING] = str(told)
    os.execve(sys.executable, command, environment)  # noqa: S606  # no shell


def _received(ours: socket.socket) -> int | None:
    with ours:
        _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
    return descriptors[0] if descriptors else None


def _end_with(parent: int) -> None:
    """Nothing listens without its witness."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # died before that
        os._exit(1)


def _pass_on(child: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, number)


def _status(child: int) -> int:
    """End as it ended: by the same signal, or with the same status."""
    _, how = os.waitpid(child, 0)
    if not os.WIFSIGNALED(how):
        return os.waitstatus_to_exitcode(how)
    number = os.WTERMSIG(how)
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
