"""What a listening process may still do, and how it finds out by trying whether the kernel holds it to that.

Promise P4: sound and words of a call are in memory only. `confine` is called once, by the launcher, in a process that
has one thread and no sound, and holds for everything it becomes (exec) and starts. `confirm` is called by that
process itself, before it hears anything: exec gives some of it back, and what was asked for is not yet what is so.
"""

import contextlib
import ctypes
import os
import platform
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from rtc import attempts, landlock, seccomp
from rtc.landlock import NoLandlock
from rtc.locked_memory import SoundMemory, limit, lock_everything, raise_limit, swap
from rtc.messages import Protection, ProtectionName, SandboxState
from rtc.receipts import Confinement
from rtc.seccomp import NoSeccomp, Policy
from rtc.settings import ListeningSettings, SandboxSettings, bus_port

Process = Literal["media", "speech"]

TRYING = "CLINIXCUE_TRYING"
"""Names the descriptor by which `confirm` tells the witness which attempts are its own."""

PR_GET_DUMPABLE, PR_SET_DUMPABLE = 3, 4

FIRST_OTHER = 3
"""Descriptors below are standard input, output and error; the last two are the log."""

MOST_DESCRIPTORS = 1 << 20
"""Where a system names no limit, or one nobody reaches."""


class NotConfined(Exception):
    """A protection is missing that [sandbox] require asks for. One sentence."""


def confine(process: Process, settings: ListeningSettings, keep: set[int]) -> int | None:
    """As much as this kernel offers; `confirm` says later what that was. Closes every descriptor but `keep`.

    Returns the descriptor at which a witness answers refused attempts, None where there can be none.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    raise_limit()
    _close_all_but(keep)
    if sys.platform != "linux":
        return None
    gpu = process == "speech" and settings.speech.device == "cuda"
    landlock.no_new_privileges()
    with contextlib.suppress(NoLandlock):
        landlock.restrict([bus_port(settings.bus)], gpu)
    try:
        return seccomp.refuse(_policy(process, settings))
    except (NoSeccomp, OSError):
        return None


def _policy(process: Process, settings: ListeningSettings) -> Policy:
    if process == "speech":
        return Policy(devices=settings.speech.device == "cuda")
    return Policy(udp=True, interfaces=not settings.media.addresses)


def confirm(process: Process, settings: ListeningSettings, memory: SoundMemory) -> SandboxState:
    """Try everything, and take what exec gave back. Once for each process."""
    descriptors = _descriptors()
    everything = lock_everything()
    if sys.platform == "linux":
        _libc().prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        with contextlib.suppress(NoSeccomp, OSError):
            seccomp.refuse_exec()
    with _told_to_witness() as witnessed:
        protections = [
            _files(process, settings),
            _system_calls(),
            _network(process, settings),
            descriptors,
            _core_dumps(),
            _privileges(),
            _memory(memory, everything),
            _swap(everything),
            _denials(witnessed),
        ]
    return SandboxState(process, platform.node(), os.getpid(), _kernel(), protections)


def insist(state: SandboxState, settings: SandboxSettings) -> None:
    """Raises NotConfined when [sandbox] require is set and not met."""
    if state.weaker and settings.require:
        missing = " ".join(f"{protection.name}: {protection.detail}" for protection in state.weaker)
        raise NotConfined(f"{missing} Mend it, or for development set [sandbox] require = false")


def _files(process: Process, settings: ListeningSettings) -> Protection:
    if landlock.abi() == 0:
        return _missing("files", "This kernel has no Landlock: nothing keeps a file from being written (P4).")
    allowed = attempts.files()
    if allowed:
        return _weak("files", f"Files can be written (P4): this process could {_some(allowed)}.")
    if landlock.abi() < 3:  # the kernel's own list of what came when
        return _weak("files", "This kernel's Landlock is too old to see that a file is cut short (P4).")
    if process == "speech" and settings.speech.device == "cuda":
        return _held("files", "No file can be created or changed, on any path; the GPU's devices are open to CUDA.")
    return _held("files", "No file can be created, written, renamed, removed or cut short, on any path.")


def _system_calls() -> Protection:
    if not seccomp.supported():
        return _missing("system_calls", "This system has no seccomp filter of ours: memory files are possible (P4).")
    allowed = attempts.system_calls()
    if allowed:
        return _weak("system_calls", f"The kernel allows what could carry sound away (P4): {_some(allowed)}.")
    return _held("system_calls", "No memory file, attribute, io_uring, mount, other process or new program.")


def _network(process: Process, settings: ListeningSettings) -> Protection:
    port = bus_port(settings.bus)
    if landlock.abi() < landlock.NETWORK_SINCE:
        return _missing("network", "This kernel's Landlock cannot limit TCP: any address can be reached (P4).")
    allowed = attempts.network(udp=process == "media")
    if allowed:
        return _weak("network", f"The network is open (P4): this process could {_some(allowed)}.")
    if process == "media":
        text = f"TCP goes to port {port} only, nothing else but UDP; calls need UDP to every address."
    else:
        text = f"TCP goes to port {port} only, at any address; there is no UDP and no Unix socket."
    return _held("network", text)


def _descriptors() -> Protection:
    """Before anything of ours is opened."""
    folder = Path("/proc/self/fd" if sys.platform == "linux" else "/dev/fd")
    witness = int(os.environ.get(TRYING, -1))
    with contextlib.suppress(OSError):
        open_ones = {int(name) for name in os.listdir(folder)}
        # One of them was the listing itself, and is gone.
        more = sum(number >= FIRST_OTHER and number != witness and _is_open(number) for number in open_ones)
        if more:
            return _weak("descriptors", f"{more} files or connections were inherited from who started it (P4).")
        return _held("descriptors", "Only standard input, output and the log were open at the start.")
    return _missing("descriptors", "This system does not say what is open (P4).")


def _core_dumps() -> Protection:
    limited = resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
    if sys.platform != "linux":
        text = "The limit is 0, which this system may not heed (P4)."
        return Protection("core_dumps", "weaker" if limited else "not_available", text)
    if _libc().prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 or not limited:
        return _weak("core_dumps", "A crash could write memory with sound into a file (P4).")
    if _libc().prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0:
        _libc().prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        return _weak("core_dumps", "There is no core dump, but this process could allow itself one again (P4).")
    return _held("core_dumps", "No core dump, and no other process of this user may read this memory.")


def _privileges() -> Protection:
    with contextlib.suppress(OSError, IndexError):
        status = Path("/proc/self/status").read_text()
        if status.split("NoNewPrivs:")[1].split()[0] == "1":
            return _held("privileges", "No program that it starts can gain more rights (no_new_privs).")
    return _missing("privileges", "A set-user-id program could give it more rights (P4).")


def _memory(memory: SoundMemory, everything: bool) -> Protection:
    if not memory.locked:
        text = (
            f"Sound could be swapped (P4): {memory.size // 1024} KiB are to be locked, this user may lock "
            f"{limit() // 1024}; raise LimitMEMLOCK (ulimit -l)."
        )
        return _weak("memory", text)
    if not memory.undumped:
        return _weak("memory", "Buffers of sound are locked, but this system cannot leave them out of dumps (P4).")
    if everything:
        return _held("memory", "All memory is locked; buffers of sound are left out of dumps and wiped after use.")
    return _held("memory", "Buffers of sound are locked, left out of dumps and wiped after use; brief copies are not.")


def _swap(everything: bool) -> Protection:
    devices = swap()
    if devices is None:
        return _missing("swap", "This system does not say whether it swaps memory to a disk (P4).")
    if devices and not everything:
        return _weak("swap", f"{len(devices)} swap device is on: brief copies of sound could be written there (P4).")
    return _held("swap", "Swap is on, but all memory is locked." if devices else "No swap.")


def _denials(witnessed: bool) -> Protection:
    if witnessed:
        return _held("denials", "The kernel reports a refused attempt to a second process, which raises an alert.")
    text = "No second process is told of refused attempts: only those that go through Python are reported (P4)."
    return Protection("denials", "weaker" if seccomp.supported() else "not_available", text)


@contextmanager
def _told_to_witness() -> Iterator[bool]:
    """While it is open, attempts are tries. Closing it is for good: after that every attempt counts."""
    descriptor = int(os.environ.pop(TRYING, -1))
    if descriptor >= 0:
        os.write(descriptor, b"t")
    try:
        yield descriptor >= 0
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _close_all_but(keep: set[int]) -> None:
    most = os.sysconf("SC_OPEN_MAX")
    start = FIRST_OTHER
    for kept in sorted(number for number in keep if number >= FIRST_OTHER):
        os.closerange(start, kept)
        start = kept + 1
    os.closerange(start, most if 0 < most < MOST_DESCRIPTORS else MOST_DESCRIPTORS)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _kernel() -> str:
    return f"{platform.system()} {platform.release()}, Landlock ABI {landlock.abi()}"


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _some(allowed: list[str]) -> str:
    return ", ".join(allowed[:3]) + (f" and {len(allowed) - 3} more" if len(allowed) > 3 else "")


def _held(name: ProtectionName, detail: str) -> Protection:
    return Protection(name, "enforced", detail)


def _weak(name: ProtectionName, detail: str) -> Protection:
    return Protection(name, "weaker", detail)


def _missing(name: ProtectionName, detail: str) -> Protection:
    return Protection(name, "not_available", detail)


def confinement(process: Process, state: SandboxState | None) -> Confinement:
    """What a receipt says of it."""
    if state is None:
        return Confinement(process, "unproven", [])
    weaker = [protection.name for protection in state.weaker]
    return Confinement(process, "weaker" if weaker else "enforced", list(weaker))
