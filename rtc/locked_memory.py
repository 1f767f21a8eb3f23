"""Memory for sound: mapped once, locked against swapping, left out of core dumps and of copies made by fork.

What is locked is where sound waits. Python's own copies of it, and a recogniser's, live for milliseconds elsewhere;
`lock_everything` covers them too where this process may lock without a limit.
"""

import ctypes
import mmap
import resource
import sys
from pathlib import Path

MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4
CAP_IPC_LOCK = 1 << 14

_libc = ctypes.CDLL(None, use_errno=True)


class SoundMemory:
    """Places of one size. Owner: the worker. Not shared between threads.

    `locked` and `undumped` say what the kernel agreed to, for every place.
    """

    def __init__(self, places: int, size: int) -> None:
        """`size` in bytes, of each place."""
        self._size = size
        self.places = 0
        self._free: list[memoryview] = []
        self.locked = self.undumped = True
        self._map(places)

    @property
    def size(self) -> int:
        """Bytes of all places."""
        return self.places * self._size

    def take(self) -> memoryview:
        """A place, all zero. More are mapped when a call begins while others are still ending."""
        if not self._free:
            self._map(1)
        return self._free.pop()

    def give_back(self, place: memoryview) -> None:
        """Wiped here, whatever was in it. Nobody may hold on to it."""
        place[:] = bytes(len(place))
        self._free.append(place)

    def _map(self, places: int) -> None:
        mapping = mmap.mmap(-1, places * self._size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.locked &= _lock(mapping)
        self.undumped &= _keep_from_copies(mapping)
        self.places += places
        whole = memoryview(mapping)
        self._free += [whole[place * self._size : (place + 1) * self._size] for place in range(places)]


def lock_everything() -> bool:
    """All memory of this process, now and later, is kept from swap. Only where no limit could stop it half-way:
    under one, this would succeed now and memory would run out later. False when it may not."""
    if sys.platform != "linux" or not _may_lock_without_limit():
        return False
    return bool(_libc.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0)


def raise_limit() -> None:
    """As far as this user may."""
    _, most = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (most, most))


def limit() -> int:
    """Bytes that this process may lock; -1 when there is none."""
    return -1 if _may_lock_without_limit() else resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]


def swap() -> list[str] | None:
    """Devices and files that memory could be written to (proc_swaps(5)). None: this system does not say."""
    try:
        lines = Path("/proc/swaps").read_text().splitlines()[1:]
    except OSError:
        return None
    return [line.split()[0] for line in lines if line.strip()]


def _may_lock_without_limit() -> bool:
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY:
        return True
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return False
    return bool(int(status.split("CapEff:")[1].split()[0], 16) & CAP_IPC_LOCK)


def _lock(mapping: mmap.mmap) -> bool:
    start = ctypes.addressof(ctypes.c_char.from_buffer(mapping))
    return bool(_libc.mlock(ctypes.c_void_p(start), ctypes.c_size_t(len(mapping))) == 0)


def _keep_from_copies(mapping: mmap.mmap) -> bool:
    """Linux only (madvise(2))."""
    if sys.platform != "linux":
        return False
    try:
        mapping.madvise(mmap.MADV_DONTDUMP)
        mapping.madvise(mmap.MADV_DONTFORK)
    except OSError:
        return False
    return True
