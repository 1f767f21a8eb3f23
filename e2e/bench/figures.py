"""From arrivals to figures: latency from the end of a trigger phrase, missed, false, early."""

from collections import Counter

from msgspec import Struct

from e2e.bench.conversation import Conversation

PATIENCE_S = 5.0
"""A cue that comes later than this after its phrase is counted as missed."""


class Arrival(Struct, frozen=True):
    """A cue reached the agent's side: its label, seconds after the recording began to play."""

    label: str
    at: float


class CallResult(Struct, frozen=True):
    """One call of one arm. `latencies` by label of each timed trigger, in seconds after its last word."""

    latencies: dict[str, float]
    missed: list[str]
    false: list[str]


class Figures(Struct, frozen=True):
    """One arm at one number of concurrent calls."""

    arm: str
    calls: int
    samples: int
    p50_ms: int | None
    p95_ms: int | None
    p99_ms: int | None
    missed: int
    false: int
    cpu_s_per_call_minute: dict[str, float]
    """By process."""
    resident_mib: int
    generator_cpu_share: float


def score(conversation: Conversation, arrivals: list[Arrival]) -> CallResult:
    """Match arrivals with the phrases that should have caused them. A repeated delivery counts once."""
    latencies: dict[str, float] = {}
    found: set[str] = set()
    expected = {trigger.label: trigger for trigger in conversation.triggers}
    for arrival in sorted(arrivals, key=lambda one: one.at):
        trigger = expected.get(arrival.label)
        in_time = trigger is not None and trigger.start < arrival.at < trigger.end + PATIENCE_S
        if trigger is not None and in_time:
            found.add(arrival.label)
            if trigger.timed:
                latencies.setdefault(arrival.label, arrival.at - trigger.end)
    counted = Counter(arrival.label for arrival in arrivals)
    return CallResult(
        latencies,
        missed=sorted(set(expected) - found),
        false=sorted(label for label in counted if label not in expected),
    )


def percentile(values: list[float], share: float) -> int | None:
    """Nearest rank, in milliseconds."""
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000)


def summarize(
    arm: str, calls: int, results: list[CallResult], cpu: dict[str, float], resident: int, generator: float
) -> Figures:
    latencies = [latency for result in results for latency in result.latencies.values()]
    return Figures(
        arm,
        calls,
        len(latencies),
        percentile(latencies, 0.50),
        percentile(latencies, 0.95),
        percentile(latencies, 0.99),
        sum(len(result.missed) for result in results),
        sum(len(result.false) for result in results),
        {process: round(seconds, 2) for process, seconds in cpu.items()},
        resident,
        round(generator, 3),
    )
