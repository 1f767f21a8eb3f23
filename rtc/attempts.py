"""What a listening process tries on itself before it hears anything: each attempt must be refused by the kernel.

None of them does harm where nothing refuses it: what is made by an attempt is removed again at once.
"""

import contextlib
import ctypes
import errno
import os
import platform
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

from rtc.syscalls import NUMBERS

REFUSED = frozenset({errno.EACCES, errno.EPERM})

ELSEWHERE = ("127.0.0.1", "192.0.2.1")
"""This machine, and an address that is nobody's (RFC 5737)."""

NOT_THE_BUS = 9
"""The discard port, where nobody's bus is."""

MPTCP = 262
"""IPPROTO_MPTCP: a TCP that Landlock does not know."""

_libc = ctypes.CDLL(None, use_errno=True)


def files() -> list[str]:
    """What was allowed after all, in a few words each; empty: everything was refused. Only folders that this user may
    write to are tried: elsewhere the user's own rights refuse it, and nothing is proven."""
    allowed: list[str] = []
    for folder in _folders():
        path = folder / f"clinixcue-attempt-{os.getpid()}"
        # The named pipe gets Landlock's own answer: the filter does not refuse it (rtc/syscalls.py).
        for what, make in (("a file", _create), ("a named pipe", _fifo), ("a folder", _folder)):
            if not _refused(make, path):
                allowed.append(f"create {what} in {folder}")
    if os.access(__file__, os.W_OK) and not _refused(_open_program):
        allowed.append("open a program file for writing")
    return allowed


def system_calls() -> list[str]:
    """The same for what Landlock cannot see. Every call has arguments that do nothing where it is allowed."""
    numbers = NUMBERS.get(platform.machine(), {})
    calls: dict[str, tuple[object, ...]] = {
        "memfd_create": (b"attempt", 0),
        "userfaultfd": (1,),  # UFFD_USER_MODE_ONLY: what an ordinary user may have
        "io_uring_setup": (0, None),
        "process_vm_readv": (os.getpid(), None, 0, None, 0, 0),
        "ptrace": (16, 0, None, None),  # PTRACE_ATTACH, to nobody
        "setxattr": (os.fsencode(__file__), b"user.clinixcue", None, 0, 4),  # neither create nor replace: invalid
        "mq_open": (None, 0, 0, None),
        "shmget": (0, 0, 0),
        "open_by_handle_at": (-1, None, 0),
        "listen": (-1, 0),
        "execve": (None, None, None),  # no path: a fault
    }
    return [name for name, arguments in calls.items() if name in numbers and not _call(numbers[name], arguments)]


def network(udp: bool) -> list[str]:
    """The same for the network. `udp`: media's own, so it is not tried."""
    allowed = [f"connect to {address}" for address in ELSEWHERE if not _refused(_connect, address)]
    kinds = {
        "use Unix sockets": (socket.AF_UNIX, socket.SOCK_STREAM, 0),
        "use MPTCP": (socket.AF_INET, socket.SOCK_STREAM, MPTCP),
        "use raw sockets": (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW),
        **({} if udp else {"use UDP": (socket.AF_INET, socket.SOCK_DGRAM, 0)}),
    }
    allowed += [what for what, kind in kinds.items() if not _refused(_socket, *kind)]
    if not _refused(_listen):
        allowed.append("listen on a TCP port")
    return allowed


def _folders() -> list[Path]:
    """Where a library would write, as far as this user may."""
    temporary = [Path(os.environ.get("TMPDIR", tempfile.gettempprefix())), Path("/tmp"), Path("/var/tmp")]  # noqa: S108
    wished = [Path.cwd(), Path.home(), *temporary, Path("/dev/shm"), Path(__file__).parent]  # noqa: S108
    return [folder for folder in dict.fromkeys(wished) if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)]


def _refused(attempt: Callable[..., None], *arguments: object) -> bool:
    try:
        attempt(*arguments)
    except OSError as error:
        return error.errno in REFUSED
    return False


def _call(number: int, arguments: tuple[object, ...]) -> bool:
    """Whether it is refused. What it gives when it is not is closed."""
    result = int(_libc.syscall(number, *arguments))
    if result > 0:
        with contextlib.suppress(OSError):
            os.close(result)
    return result < 0 and ctypes.get_errno() in REFUSED


def _create(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    path.unlink()


def _fifo(path: Path) -> None:
    os.mkfifo(path)
    path.unlink()


def _folder(path: Path) -> None:
    path.mkdir()
    path.rmdir()


def _open_program() -> None:
    os.close(os.open(__file__, os.O_WRONLY))


def _socket(family: int, kind: int, protocol: int) -> None:
    socket.socket(family, kind, protocol).close()


def _connect(address: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe, contextlib.suppress(BlockingIOError):
        probe.setblocking(False)
        probe.connect((address, NOT_THE_BUS))


def _listen() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        probe.listen()
