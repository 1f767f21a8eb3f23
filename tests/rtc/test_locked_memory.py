"""Memory for sound: locked, left out of dumps, wiped when it comes back; and the truth when that is not so."""

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rtc.locked_memory import SoundMemory, swap

ROOT = Path(__file__).parents[2]
SIZE = 40_000


def flags_of(place: memoryview) -> set[str]:
    """The kernel's flags of the mapping that holds it (VmFlags, proc_pid_smaps(5))."""
    address = (ctypes.c_char * 1).from_buffer(place)
    where = ctypes.addressof(address)
    del address
    inside = False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first = line.split()[0]
        if "-" in first and ":" not in first:
            start, end = (int(part, 16) for part in first.split("-"))
            inside = start <= where < end
        elif inside and first == "VmFlags:":
            return set(line.split()[1:])
    raise AssertionError("no such mapping")


def test_a_place_comes_back_blank_and_is_used_again() -> None:
    memory = SoundMemory(2, SIZE)
    place = memory.take()
    assert bytes(place) == bytes(SIZE)
    place[:4] = b"word"
    memory.give_back(place)
    assert bytes(place) == bytes(SIZE)
    assert memory.take() is place


def test_there_is_more_when_calls_overlap() -> None:
    memory = SoundMemory(1, SIZE)
    places = [memory.take() for _ in range(3)]
    for number, place in enumerate(places):
        place[:] = bytes([number]) * SIZE
    assert [set(place) for place in places] == [{0}, {1}, {2}], "none is another's"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_kernel_agrees() -> None:
    memory = SoundMemory(1, SIZE)
    flags = flags_of(memory.take())
    assert memory.locked == ("lo" in flags)
    assert memory.undumped
    assert {"dd", "dc"} <= flags, "left out of dumps, and of forks"


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="gives up root's right to lock")
def test_a_limit_that_is_too_small_is_not_hidden() -> None:
    script = (
        "import json, os, resource\n"
        "from rtc.locked_memory import SoundMemory, limit, lock_everything\n"
        "resource.setrlimit(resource.RLIMIT_MEMLOCK, (65536, 65536))\n"
        "os.setresuid(65534, 65534, 65534)\n"
        "print(json.dumps([SoundMemory(1, 40000).locked, SoundMemory(9, 40000).locked, lock_everything(), limit()]))\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout) == [True, False, False, 65536]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_swap_is_what_the_kernel_lists() -> None:
    lines = Path("/proc/swaps").read_text().splitlines()[1:]
    assert swap() == [line.split()[0] for line in lines]
