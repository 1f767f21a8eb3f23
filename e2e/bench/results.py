"""The results of a run, as they are kept (docs/performance.json), and as a table."""

from msgspec import Struct

from e2e.bench.figures import Figures


class Machine(Struct, frozen=True):
    cpu: str
    cores: int
    date: str
    versions: dict[str, str]


class Results(Struct, frozen=True):
    machine: Machine
    offline_word_error_rate: float
    """faster-whisper, the same weights, whole files, beam 5."""
    figures: list[Figures]

    def of(self, arm: str, calls: int, network: str = "clear") -> Figures | None:
        wanted = (arm, calls, network)
        return next((f for f in self.figures if (f.arm, f.calls, f.network) == wanted), None)


OURS = "clinixcue"

HEAD = (
    *("arm", "calls", "network", "timed", "p50", "p95", "p99", "missed", "false", "early", "WER", "sound", "settled"),
    *("CPU s per call-minute", "MiB", "generator"),
)


def rows(results: Results) -> list[tuple[str, ...]]:
    return [_row(f) for f in results.figures]


def _row(f: Figures) -> tuple[str, ...]:
    cpu = ", ".join(f"{name} {seconds:.1f}" for name, seconds in f.cpu_s_per_call_minute.items())
    memory = ", ".join(f"{name} {mib:,}" for name, mib in f.resident_mib.items())
    return (
        *(f.arm, str(f.calls), f.network, str(f.samples)),
        *(_number(ms) for ms in (f.p50_ms, f.p95_ms, f.p99_ms)),
        *(f"{f.missed} of {f.phrases}", str(f.false), str(f.early), f"{f.word_error_rate:.1%}"),
        *(_number(f.sound_ms), "-" if f.settled_s is None else f"{f.settled_s} s"),
        *(cpu, memory, f"{f.generator_core_share:.0%}"),
    )


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def table(results: Results) -> str:
    """For a terminal."""
    lines = [HEAD, *rows(results)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    text = "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
    return f"{text}\noffline, beam 5: word error rate {results.offline_word_error_rate:.1%}"


def ratios(results: Results) -> list[str]:
    """Ours over each other arm at the same number of calls and over the same network."""
    found = []
    for ours in (f for f in results.figures if f.arm == OURS):
        for peer in results.figures:
            if peer.arm.startswith(OURS) or (peer.calls, peer.network) != (ours.calls, ours.network):
                continue
            if ours.p50_ms and ours.p95_ms and peer.p50_ms and peer.p95_ms:
                p50, p95 = ours.p50_ms / peer.p50_ms, ours.p95_ms / peer.p95_ms
                found.append(f"{ours.calls} call(s), {ours.network}: ours / {peer.arm}: p50 {p50:.2f}, p95 {p95:.2f}")
    return found
