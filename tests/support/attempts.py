"""`python -m tests.support.attempts FOLDER [landlock|stay]`: try all that could keep sound, print what came of it.

Printed: JSON, the name of each attempt and the errno that refused it, 0 when it was allowed. FOLDER holds a file
`kept` and a folder `inside`. With `landlock`, this process confines itself by Landlock alone first; with `stay`, it
waits for the end of its input.
"""

import ctypes
import json
import mmap
import multiprocessing
import os
import platform
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from multiprocessing import shared_memory
from pathlib import Path

from rtc import landlock
from rtc.syscalls import NUMBERS

_libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> int:
    """Past Python: a system call as any library could make it."""
    result = int(_libc.syscall(NUMBERS[platform.machine()][name], *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def opened(path: Path, flags: int) -> None:
    os.close(os.open(path, flags, 0o600))


def mapped(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    with mmap.mmap(descriptor, 4, access=mmap.ACCESS_WRITE) as mapping:
        mapping[:4] = b"leak"
    os.close(descriptor)


def cut_by_descriptor(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        call("ftruncate", descriptor, 0)
    finally:
        os.close(descriptor)


def kept_in_attribute(path: Path) -> None:
    os.setxattr(path, "user.leak", b"tight pain across")


def written_past_python(path: Path) -> None:
    """As a C library would, not seen by any audit hook of Python's."""
    descriptor = call("openat", -100, os.fsencode(path), os.O_WRONLY | os.O_CREAT, 0o600)
    os.close(descriptor)


def io_uring() -> None:
    parameters = (ctypes.c_char * 120)()
    os.close(call("io_uring_setup", 4, ctypes.byref(parameters)))


def other_memory(pid: int) -> None:
    """Of another process of this user: this one's parent. Its first mapped bytes are somewhere in its stack."""
    start = int(Path("/proc/self/maps").read_text().split("[stack]")[0].splitlines()[-1].split("-")[0], 16)
    buffer = (ctypes.c_char * 8)()
    ours = struct.pack("=QQ", ctypes.addressof(buffer), 8)
    theirs = struct.pack("=QQ", start, 8)
    call("process_vm_readv", pid, ours, 1, theirs, 1, 0)


def connected(family: int, address: object, kind: int = socket.SOCK_STREAM, protocol: int = 0) -> None:
    with socket.socket(family, kind, protocol) as probe:
        probe.setblocking(False)
        try:
            probe.connect(address)  # type: ignore[arg-type]
        except (BlockingIOError, ConnectionRefusedError, FileNotFoundError):
            return  # it was let through; nobody is there


def fast_opened(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.sendto(b"leak", 0x2000_0000, ("127.0.0.1", port))
        except (BlockingIOError, ConnectionRefusedError):
            return


def listening() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.listen()


def datagram_pair() -> None:
    for end in socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM):
        end.close()


def named_semaphore() -> None:
    multiprocessing.get_context("spawn").Lock()


def shared() -> None:
    memory = shared_memory.SharedMemory(create=True, size=4096)
    memory.close()
    memory.unlink()


def forked() -> None:
    if os.fork() == 0:
        os._exit(0)
    os.wait()


def dumpable() -> None:
    call("prctl", 4, 1, 0, 0, 0)


def files(folder: Path) -> dict[str, Callable[[], object]]:
    """What Landlock alone must refuse."""
    kept, new, inside = folder / "kept", folder / "new", folder / "inside"
    return {
        "open w": lambda: opened(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        "open a": lambda: opened(kept, os.O_WRONLY | os.O_APPEND),
        "open x": lambda: opened(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL),
        "open r+": lambda: opened(kept, os.O_RDWR),
        "open to truncate": lambda: opened(kept, os.O_RDONLY | os.O_TRUNC),
        "open past Python": lambda: written_past_python(new),
        "O_TMPFILE": lambda: opened(folder, os.O_WRONLY | os.O_TMPFILE),
        "tempfile": lambda: tempfile.TemporaryFile(dir=folder).close(),
        "mmap shared": lambda: mapped(kept),
        "mkdir": lambda: (folder / "more").mkdir(),
        "rmdir": lambda: inside.rmdir(),
        "unlink": lambda: kept.unlink(),
        "rename": lambda: kept.rename(new),
        "rename elsewhere": lambda: kept.rename(inside / "kept"),
        "link": lambda: os.link(kept, new),
        "link elsewhere": lambda: os.link(kept, inside / "linked"),
        "symlink": lambda: new.symlink_to(kept),
        "mkfifo": lambda: os.mkfifo(new),
        "socket file": lambda: bound(folder / "socket"),
        "truncate": lambda: os.truncate(kept, 0),
        "shm_open": shared,
        "named semaphore": named_semaphore,
    }


def bound(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.bind(str(path))


def everything_else(folder: Path) -> dict[str, Callable[[], object]]:
    """What Landlock does not see, and seccomp must."""
    kept = folder / "kept"
    postgres = str(folder / ".s.PGSQL.5432")
    return {
        "ftruncate": lambda: cut_by_descriptor(kept),
        "setxattr": lambda: kept_in_attribute(kept),
        "chmod": lambda: kept.chmod(0o644),
        "utime": lambda: os.utime(kept, (1, 1)),
        "memfd": lambda: os.close(os.memfd_create("leak")),
        "System V shared memory": lambda: call("shmget", 0, 4096, 0o1600),
        "io_uring": io_uring,
        "userfaultfd": lambda: os.close(call("userfaultfd", 1)),
        "read another process": lambda: other_memory(os.getppid()),
        "ptrace another process": lambda: call("ptrace", 0x4206, os.getppid(), 0, 0),
        "Unix socket of Postgres": lambda: connected(socket.AF_UNIX, postgres),
        "abstract Unix socket": lambda: connected(socket.AF_UNIX, "\0anybody"),
        "datagram pair": datagram_pair,
        "TCP to this machine": lambda: connected(socket.AF_INET, ("127.0.0.1", 9)),
        "TCP to elsewhere": lambda: connected(socket.AF_INET, ("192.0.2.1", 443)),
        "TCP fast open": lambda: fast_opened(9),
        "MPTCP": lambda: connected(socket.AF_INET, ("127.0.0.1", 9), protocol=262),
        "UDP": lambda: connected(socket.AF_INET, ("192.0.2.1", 53), socket.SOCK_DGRAM),
        "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
        "listen": listening,
        "fork": forked,
        "subprocess": lambda: subprocess.run(["/bin/true"], check=True),
        "allow core dumps": dumpable,
    }


def outcome(attempt: Callable[[], object]) -> int:
    try:
        attempt()
    except OSError as error:
        return error.errno or -1
    return 0


def restore(folder: Path) -> None:
    """As before, for the next attempt, where the last one was allowed."""
    for path in (*(folder / "inside").glob("*"), *folder.glob("*")):
        if path.name not in ("inside", "kept"):
            path.rmdir() if path.is_dir() else path.unlink()
    (folder / "inside").mkdir(exist_ok=True)
    (folder / "kept").write_text("kept")


def main(folder: Path, how: str) -> None:
    attempts = files(folder)
    if how == "landlock":
        landlock.restrict([], gpu=False)
    else:
        attempts |= everything_else(folder)
    results = {}
    for name, attempt in attempts.items():
        results[name] = outcome(attempt)
        if results[name] == 0 and name in files(folder):
            restore(folder)
    sys.stdout.write(json.dumps(results) + "\n")
    sys.stdout.flush()
    if how == "stay":
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), "".join(sys.argv[2:]))
