"""Landlock (landlock(7)): the kernel refuses this process, and all it starts, every change to any file.

No rule allows a write anywhere, so nothing here names a path, but for a GPU's device files. Of the network it knows
TCP ports only: not addresses, not UDP, not MPTCP. What it cannot see, `rtc/seccomp.py` refuses.
"""

import ctypes
import glob
import os
import sys
from collections.abc import Iterable, Sequence

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""The same numbers on every architecture."""

VERSION_FLAG = 1
PATH_BENEATH, NET_PORT = 1, 2
PR_SET_NO_NEW_PRIVS = 38

WRITE_FILE = 1 << 1
IOCTL_DEV = 1 << 15
"""On device files that are opened from then on."""

FILES_SINCE: dict[int, Sequence[int]] = {
    1: (WRITE_FILE, *(1 << bit for bit in range(4, 13))),  # remove folders and files, make all seven kinds of file
    2: (1 << 13,),  # refer: link or rename into another folder
    3: (1 << 14,),  # truncate
    5: (IOCTL_DEV,),
}
"""Rights to files by the ABI that brought them. Reading and executing are not handled: they stay as they are."""

BIND_TCP, CONNECT_TCP = 1 << 0, 1 << 1
NETWORK_SINCE = 4

SCOPED = 1 << 0 | 1 << 1
"""Abstract Unix sockets and signals end at this process."""
SCOPED_SINCE = 6

LOG_AFTER_EXEC = 1 << 1
LOG_SINCE = 7
"""Then the kernel's audit log, where there is one, also has the refusals after exec."""

NVIDIA = "/dev/nvidia*"

_libc = ctypes.CDLL(None, use_errno=True)


class _Rules(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


class _NetPort(ctypes.Structure):
    _fields_ = [("allowed", ctypes.c_uint64), ("port", ctypes.c_uint64)]


class NoLandlock(Exception):
    """The kernel has none, or it is switched off. The text says which."""


def abi() -> int:
    """What this kernel offers; 0 when nothing."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), VERSION_FLAG)))


def restrict(tcp_ports: Iterable[int], gpu: bool) -> int:
    """Refuse this thread, and all it starts, every write on every path and every TCP port but `tcp_ports`.

    For good: nothing can take it back. Call it before there is a second thread. Returns the ABI it was done with.
    Raises NoLandlock, or OSError when the kernel refuses what it offers.
    """
    version = abi()
    if version == 0:
        raise NoLandlock("this kernel has no Landlock, or it is not switched on (lsm=landlock,...)")
    files = sum(right for since, rights in FILES_SINCE.items() if since <= version for right in rights)
    network = BIND_TCP | CONNECT_TCP if version >= NETWORK_SINCE else 0
    rules = _Rules(files, network, SCOPED if version >= SCOPED_SINCE else 0)
    size = 24 if version >= SCOPED_SINCE else 16 if version >= NETWORK_SINCE else 8
    ruleset = _call(CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    try:
        for port in tcp_ports if network else ():
            _call(ADD_RULE, ruleset, NET_PORT, ctypes.byref(_NetPort(CONNECT_TCP, port)), 0)
        for device in glob.glob(NVIDIA) if gpu else ():
            _allow(ruleset, device, files & (WRITE_FILE | IOCTL_DEV))
        no_new_privileges()
        _call(RESTRICT_SELF, ruleset, LOG_AFTER_EXEC if version >= LOG_SINCE else 0)
    finally:
        os.close(ruleset)
    return version


def no_new_privileges() -> None:
    """No set-user-id program gives back what was taken (prctl(2)); the kernel asks for it before anything else."""
    if _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs was refused")


def _allow(ruleset: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _call(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(_PathBeneath(rights, descriptor)), 0)
    finally:
        os.close(descriptor)


def _call(number: int, *arguments: object) -> int:
    result = int(_libc.syscall(number, *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"Landlock: system call {number} was refused")
    return result
