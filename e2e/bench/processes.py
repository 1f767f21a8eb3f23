"""CPU seconds and resident memory of processes, from /proc."""

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20

Processes = dict[str, list[int]]
"""Process ids by what they are for."""


def cpu_seconds(processes: Processes) -> dict[str, float]:
    """User and system time of these processes so far, threads included, by name."""
    return {name: sum(map(_cpu, pids)) for name, pids in processes.items()}


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mib(processes: Processes) -> dict[str, int]:
    return {name: round(sum(map(_resident, pids))) for name, pids in processes.items()}


def _resident(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_MIB


def descendants(root: int) -> dict[int, str]:
    """Process ids below `root` and their command lines."""
    parents: dict[int, int] = {}
    commands: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            commands[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue  # it has just ended
        parents[int(entry.name)] = int(stat[1])
    found = {root}
    while True:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        if not more:
            return {pid: commands.get(pid, "") for pid in found}
        found |= more
