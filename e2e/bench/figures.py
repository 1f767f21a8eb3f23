"""From arrivals to figures: latency from the end of a trigger phrase, missed, false, early; words; sound."""

import math
from collections import Counter
from statistics import median

from msgspec import Struct

from e2e.bench.conversation import Conversation
from e2e.bench.word_error_rate import Errors, compare
from rtc.messages import Leg

PATIENCE_S = 5.0
"""A cue that comes later than this after its phrase is counted as missed."""

SETTLED_MS = 10
"""Sound is on time again when a second's median is this near to what it was before the burst."""


class Arrival(Struct, frozen=True):
    """A cue reached the agent's side: its label, seconds after the recording began to play."""

    label: str
    at: float


class Played(Struct):
    """What one call brought: cues, the words that were understood, and how long sound was on the way each second."""

    arrivals: list[Arrival]
    words: dict[Leg, str]
    delays_ms: list[list[int | None]] = []
    """One list for each direction of the bridge; empty for an arm that has none."""


class CallResult(Struct, frozen=True):
    """One call of one arm. `latencies` by label of each timed trigger, in seconds after its last word."""

    latencies: dict[str, float]
    missed: list[str]
    false: list[str]
    errors: Errors
    sound_ms: list[int]
    settled_s: list[int]


class Figures(Struct, frozen=True):
    """One arm at one number of concurrent calls over one network."""

    arm: str
    network: str
    calls: int
    phrases: int
    """Trigger phrases that were spoken."""
    samples: int
    """Of these, timed and heard in time: what the percentiles are of."""
    p50_ms: int | None
    p95_ms: int | None
    p99_ms: int | None
    missed: int
    false: int
    early: int
    """Cues that came before the phrase was over."""
    word_error_rate: float
    sound_ms: int | None
    """Median time of sound on the way from one side to the other, through the bridge."""
    settled_s: int | None
    """Seconds after the burst until sound was on time again, the worst of all legs."""
    cpu_s_per_call_minute: dict[str, float]
    """By process."""
    resident_mib: dict[str, int]
    generator_core_share: float
    """Of the one core the load generator can use."""


def score(conversation: Conversation, played: Played, with_burst: bool) -> CallResult:
    """Match arrivals with the phrases that should have caused them. A repeated delivery counts once."""
    latencies: dict[str, float] = {}
    found: set[str] = set()
    expected = {trigger.label: trigger for trigger in conversation.triggers}
    for arrival in sorted(played.arrivals, key=lambda one: one.at):
        trigger = expected.get(arrival.label)
        in_time = trigger is not None and trigger.start < arrival.at < trigger.end + PATIENCE_S
        if trigger is not None and in_time:
            found.add(arrival.label)
            if trigger.timed:
                latencies.setdefault(arrival.label, arrival.at - trigger.end)
    counted = Counter(arrival.label for arrival in played.arrivals)
    return CallResult(
        latencies,
        missed=sorted(set(expected) - found),
        false=sorted(label for label in counted if label not in expected),
        errors=sum(
            (compare(spoken, played.words.get(leg, "")) for leg, spoken in conversation.words.items()), Errors()
        ),
        sound_ms=[ms for delays in played.delays_ms for ms in delays if ms is not None],
        settled_s=[_settled(delays, conversation.burst_s) for delays in played.delays_ms] if with_burst else [],
    )


def _settled(delays_ms: list[int | None], burst_s: float) -> int:
    """Whole seconds after the burst until the median is what it was before, 0 when the first one already is."""
    burst = int(burst_s)
    before = median(ms for ms in delays_ms[1:burst] if ms is not None)
    after = delays_ms[burst + 1 :]
    on_time = (n for n, ms in enumerate(after) if ms is not None and ms <= before + SETTLED_MS)
    return next(on_time, len(after))


def percentile(values: list[float], share: float) -> int | None:
    """Nearest rank, in milliseconds."""
    if not values:
        return None
    return round(sorted(values)[math.ceil(share * len(values)) - 1] * 1000)


def summarize(
    arm: str,
    network: str,
    calls: int,
    conversations: list[Conversation],
    results: list[CallResult],
    cpu: dict[str, float],
    resident: dict[str, int],
    generator: float,
) -> Figures:
    """`conversations` has one entry for each of `results`."""
    latencies = [latency for result in results for latency in result.latencies.values()]
    sound = [ms for result in results for ms in result.sound_ms]
    return Figures(
        arm=arm,
        network=network,
        calls=calls,
        phrases=sum(len(conversation.triggers) for conversation in conversations),
        samples=len(latencies),
        p50_ms=percentile(latencies, 0.50),
        p95_ms=percentile(latencies, 0.95),
        p99_ms=percentile(latencies, 0.99),
        missed=sum(len(result.missed) for result in results),
        false=sum(len(result.false) for result in results),
        early=sum(latency < 0 for latency in latencies),
        word_error_rate=round(sum((result.errors for result in results), Errors()).rate, 4),
        sound_ms=round(median(sound)) if sound else None,
        settled_s=max((seconds for result in results for seconds in result.settled_s), default=None),
        cpu_s_per_call_minute={process: round(seconds, 2) for process, seconds in cpu.items()},
        resident_mib=resident,
        generator_core_share=round(generator, 3),
    )
