"""seccomp (seccomp(2)): system calls that the kernel refuses this process, its threads and all it starts.

A filter sees a call's number and its arguments as numbers, never what a pointer points to. So it can tell an open for
writing from one for reading, and one kind of socket from another, but neither paths nor addresses.

`refuse` is an assembler for the few shapes of rules that this needs (BPF, linux/filter.h).
"""

import ctypes
import errno
import fcntl
import os
import platform
import socket
import struct
import sys
from collections.abc import Iterable

from msgspec import Struct

from rtc.syscalls import ARCHITECTURES, KINDS, NUMBERS

SET_MODE_FILTER = 1
NEW_LISTENER = 1 << 3
TSYNC = 1 << 0
SECCOMP_SYSCALL = {"x86_64": 317, "aarch64": 277}

KILL_PROCESS = 0x8000_0000
NOTIFY = 0x7FC0_0000
ERRNO = 0x0005_0000
ALLOW = 0x7FFF_0000

LOAD, EQUAL, AT_LEAST, AND, RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
NUMBER_AT, ARCHITECTURE_AT, ARGUMENTS_AT = 0, 4, 16
X32_BIT = 0x4000_0000
"""x86-64 also takes the x32 ABI's numbers, which would get around every rule."""

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
CLONE_THREAD = 0x0001_0000
MSG_FASTOPEN = 0x2000_0000
"""Sends while it connects, and Landlock is not asked."""
TYPE_MASK = 0xF
TCP, UDP = (0, socket.IPPROTO_TCP), (0, socket.IPPROTO_UDP)
NETLINK, NETLINK_ROUTE = 16, 0
PR_SET_DUMPABLE = 4

RECEIVE, ANSWER = 0xC050_2100, 0xC018_2101
_NOTIFICATION = struct.Struct("=QIIiIQ6Q")
_ANSWER = struct.Struct("=QqiI")

Instruction = tuple[int, int, int, int]


class Policy(Struct, frozen=True):
    """`udp` and `interfaces` (their addresses, by netlink) are what media needs. `devices`: a GPU's device files are
    opened for writing, so opening must be left to Landlock."""

    udp: bool = False
    interfaces: bool = False
    devices: bool = False


class NoSeccomp(Exception):
    """This system has no filter to give, or not for this processor. The text says which."""


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def supported() -> bool:
    return sys.platform == "linux" and sys.byteorder == "little" and platform.machine() in ARCHITECTURES


def refuse(policy: Policy) -> int | None:
    """Refuse from now on, for good. Returns the descriptor at which a witness answers each refused attempt, or None
    when this kernel has no such thing and refuses silently. Needs no_new_privs. Raises NoSeccomp or OSError.
    """
    if not supported():
        raise NoSeccomp(f"there is no filter for {sys.platform} on {platform.machine()}")
    try:
        return _install(_program(policy, NOTIFY), NEW_LISTENER)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.EBUSY):
            raise
    _install(_program(policy, ERRNO | errno.EPERM), 0)
    return None


def refuse_exec() -> None:
    """No other program in place of this one: the launcher had to be able to, from here on nobody has.

    Raises NoSeccomp or OSError.
    """
    if not supported():
        raise NoSeccomp(f"there is no filter for {sys.platform} on {platform.machine()}")
    names = [NUMBERS[platform.machine()][name] for name in ("execve", "execveat")]
    _install(_checked([part for name in names for part in _when(name, _return(ERRNO | errno.EPERM))]), TSYNC)


def receive(listener: int) -> tuple[int, str] | None:
    """Wait for the next attempt: its id and kind. None when it was withdrawn. Raises OSError when all have ended."""
    buffer = bytearray(_NOTIFICATION.size)
    try:
        fcntl.ioctl(listener, RECEIVE, buffer)
    except FileNotFoundError:
        return None
    id, _, _, number, _, _, *_ = _NOTIFICATION.unpack(buffer)
    return id, kind_of(number)


def answer(listener: int, id: int) -> None:
    """Refused. An attempt that was withdrawn meanwhile needs no answer."""
    try:
        fcntl.ioctl(listener, ANSWER, bytearray(_ANSWER.pack(id, 0, -errno.EPERM, 0)))
    except FileNotFoundError:
        return


def kind_of(number: int) -> str:
    """In words that are safe to log: what was attempted, of a fixed list."""
    names = {number: name for name, number in NUMBERS[platform.machine()].items()}
    return KINDS.get(names.get(number, ""), "other")


def _program(policy: Policy, refusal: int) -> list[Instruction]:
    """Calls with conditions first: those the kernel cannot decide by their number alone (its cache does the rest)."""
    numbers = NUMBERS[platform.machine()]
    no = _return(refusal)
    body: list[Instruction] = []

    def rule(name: str, checks: list[Instruction]) -> None:
        if name in numbers:
            body.extend(_when(numbers[name], checks))

    if not policy.devices:
        rule("openat", [*_any_bits(2, WRITING, no), *_return(ALLOW)])
        rule("open", [*_any_bits(1, WRITING, no), *_return(ALLOW)])
    for name, at in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
        rule(name, [*_any_bits(at, MSG_FASTOPEN, no), *_return(ALLOW)])
    rule("socket", [*_sockets(policy), *no])
    rule("socketpair", [*_pairs(), *no])
    rule("clone", [*_any_bits(0, CLONE_THREAD, _return(ALLOW)), *no])
    rule("prctl", [*_argument_is(0, PR_SET_DUMPABLE, [*_argument_is(1, 0, _return(ALLOW)), *no]), *_return(ALLOW)])
    # The C library tries these first and falls back to what a filter can read.
    for name in ("clone3", "openat2"):
        rule(name, _return(ERRNO | errno.ENOSYS))
    for name in KINDS:
        if name not in CONDITIONAL:
            rule(name, no)
    return _checked(body)


CONDITIONAL = frozenset({"open", "openat", "sendto", "sendmsg", "sendmmsg", "socket", "socketpair", "clone", "prctl"})


def _sockets(policy: Policy) -> list[Instruction]:
    """TCP, and what the policy adds. The protocol counts, too: MPTCP and SCTP are streams that Landlock ignores."""
    internet = (socket.AF_INET, socket.AF_INET6)
    kinds: list[tuple[int, int, tuple[int, ...]]] = [(family, socket.SOCK_STREAM, TCP) for family in internet]
    if policy.udp:
        kinds += [(family, socket.SOCK_DGRAM, UDP) for family in internet]
    if policy.interfaces:
        kinds += [(NETLINK, kind, (NETLINK_ROUTE,)) for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM)]
    body: list[Instruction] = []
    for family, kind, protocols in kinds:
        right = [part for protocol in protocols for part in _argument_is(2, protocol, _return(ALLOW))]
        body += _argument_is(0, family, _argument_is(1, kind, right, TYPE_MASK))
    return body


def _pairs() -> list[Instruction]:
    """asyncio wakes itself by a pair. A stream's ends are connected for good; a datagram's could be sent elsewhere."""
    return _argument_is(0, socket.AF_UNIX, _argument_is(1, socket.SOCK_STREAM, _return(ALLOW), TYPE_MASK))


def _checked(body: list[Instruction]) -> list[Instruction]:
    """Only for this processor's own numbers."""
    x32 = [(AT_LEAST, 0, 1, X32_BIT), *_return(ERRNO | errno.ENOSYS)] if platform.machine() == "x86_64" else []
    return [
        (LOAD, 0, 0, ARCHITECTURE_AT),
        (EQUAL, 1, 0, ARCHITECTURES[platform.machine()]),
        *_return(KILL_PROCESS),
        (LOAD, 0, 0, NUMBER_AT),
        *x32,
        *body,
        *_return(ALLOW),
    ]


def _return(value: int) -> list[Instruction]:
    return [(RETURN, 0, 0, value)]


def _when(number: int, body: list[Instruction]) -> list[Instruction]:
    """`body` must end in a return: it loads other words, and what follows expects the number."""
    return [(EQUAL, 0, len(body), number), *body]


def _argument_is(at: int, value: int, body: Iterable[Instruction], mask: int = 0xFFFF_FFFF) -> list[Instruction]:
    body = list(body)
    return [*_load(at, mask), (EQUAL, 0, len(body), int(value)), *body]


def _any_bits(at: int, bits: int, body: list[Instruction]) -> list[Instruction]:
    return [*_load(at, bits), (EQUAL, len(body), 0, 0), *body]


def _load(at: int, mask: int) -> list[Instruction]:
    """The low half of an argument: all that the kernel itself looks at in these."""
    return [(LOAD, 0, 0, ARGUMENTS_AT + 8 * at), (AND, 0, 0, mask)]


def _install(program: list[Instruction], flags: int) -> int:
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    libc = ctypes.CDLL(None, use_errno=True)
    filter = _Program(len(program), code)
    result = int(libc.syscall(SECCOMP_SYSCALL[platform.machine()], SET_MODE_FILTER, flags, ctypes.byref(filter)))
    if result < 0:
        raise OSError(ctypes.get_errno(), "the kernel takes no seccomp filter")
    return result
