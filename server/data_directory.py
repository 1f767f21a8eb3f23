"""One installation's folder: data, secrets, certificates, logs. Used by one supervisor at a time."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

LOG_BYTES = 5_000_000
"""A log is cut at this size; the part before is kept once, as `<name>.log.1`."""


class InUse(Exception):
    """Another supervisor works in this folder. The text says which."""


class Lock(Struct, frozen=True):
    """`clean` is false when the supervisor before us was killed, so what it started may still be ending."""

    clean: bool


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[Lock]:
    """Hold the folder for this process; the kernel lets go of it however the process ends. Raises InUse."""
    path = folder / "supervisor.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = file.read().strip() or "unknown"
            raise InUse(f"{folder} is in use by another clinixcue (process {holder}); stop it first") from error
        left = file.read().strip()
        _rewrite(file.fileno(), str(os.getpid()))
        try:
            yield Lock(clean=not left)
        finally:
            _rewrite(file.fileno(), "")


def _rewrite(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)


def bound_logs(folder: Path, limit: int = LOG_BYTES) -> None:
    """Cut every log over `limit` bytes. Writers have the file open for appending and go on at its new end."""
    for log in folder.glob("*.log"):
        with contextlib.suppress(OSError):
            if log.stat().st_size > limit:
                before = log.with_name(log.name + ".1")
                with log.open("rb") as file:
                    file.seek(-limit, os.SEEK_END)
                    before.write_bytes(file.read())
                before.chmod(0o600)
                os.truncate(log, 0)


def last_line(log: Path) -> str:
    """What a process said last, for the one sentence that tells a person why it ended."""
    try:
        with log.open("rb") as file:
            file.seek(-min(4096, log.stat().st_size), os.SEEK_END)
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip() if lines else ""
