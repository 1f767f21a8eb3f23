"""Which conditions of a playbook this call has met so far: partial stability, order in time, once per utterance."""

from msgspec import Struct

from rtc.coaching.answers import ANSWER_WITHIN_S, affirms, is_question
from rtc.coaching.definitions import Condition
from rtc.coaching.entities import CARRIED_S, unfinished
from rtc.coaching.matching import CompiledCondition, Hit, find, mentions
from rtc.coaching.operators import Absent, Recent
from rtc.coaching.patterns import Heading, Span
from rtc.coaching.reading import Reading
from rtc.coaching.rules import Rules
from rtc.coaching.scopes import has_ended, is_over
from rtc.coaching.timing import CallClock
from rtc.messages import Leg

TIMED_EVERY_S = 1.0
"""How often conditions of time are looked at."""

GRACE_S = 4.0
"""A deadline waits so long for words that were spoken before it and are not recognised yet."""

MAX_CARD_DIGITS = 19


class Heard(Struct, frozen=True):
    """A hypothesis of one utterance. Partials of the same `id` replace each other; `final` ends it.

    `start` and `end` are media seconds of the speech it covers so far, `confidence` is 0 to 1.
    """

    id: str
    leg: Leg
    text: str
    final: bool
    start: float
    end: float
    confidence: float = 1.0
    settled: bool = False
    """The person has paused behind the last word, so it is complete, though the utterance may go on."""

    @property
    def complete(self) -> bool:
        return self.final or self.settled


class Met(Struct, frozen=True):
    """A condition was met. Explains itself without words: which condition, found by what, when.

    `at` is the media second in which the last word of the match ended, estimated from its place in the utterance.
    What time met has an `utterance` of its own.
    """

    condition: str
    operator: str
    leg: Leg
    utterance: str
    at: float


class _Utterance:
    """What is known of one utterance: conditions in its last hypothesis, conditions already reported."""

    __slots__ = ("ended", "hypothesised", "reported")

    def __init__(self) -> None:
        self.hypothesised: frozenset[str] = frozenset()
        self.reported: set[str] = set()
        self.ended = False


class _Turn(Struct, frozen=True):
    """The last complete turn of one side: a question may stand in it, and a number that goes on."""

    reading: Reading
    end: float
    digits: str


class Listener:
    """Per call. `hear` takes every partial and final of both legs and returns what was newly met; `tick` what time met.

    A final counts always. A partial counts when the match is stable: it does not touch the last word of the
    hypothesis, or the person has paused, or the hypothesis before it held the same condition (local agreement).
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.clock = CallClock()
        self._headings: dict[str, Heading] = {}
        self._utterances: dict[str, _Utterance] = {}
        self._last_turn: dict[Leg, _Turn] = {}
        self._last_met: dict[str, float] = {}
        self._noted: dict[str, dict[str, float]] = {}
        """Utterances, and when, in which a condition was heard that counts only if repeated or followed."""
        self._waiting_since: dict[str, float] = {}
        """Absences whose time runs."""
        self._standing: set[str] = set()
        """Conditions of time that hold now: they are met when they begin to."""
        self._late: list[Met] = []
        self._timed_at = -TIMED_EVERY_S

    def hear(self, heard: Heard) -> list[Met]:
        utterance = self._utterances.setdefault(heard.id, _Utterance())
        if utterance.ended:
            return []
        self.clock.heard(heard.id, heard.leg, heard.start, heard.end, heard.final)
        reading = self._read(heard)
        question = self._question(heard, reading)
        hits: dict[str, Hit] = {}
        bare: dict[str, Hit] = {}
        for name, condition in self._rules.ordered:
            hit = self._find(name, condition, heard, reading, question, hits, bare)
            if hit is not None:
                hits[name] = hit
        words = len(reading.said.words)
        for name, hit in bare.items():
            if self._stable(name, hit, heard, words, utterance):
                self._noted.setdefault(name, {})[heard.id] = _at(hit, heard, words)
        met = [
            Met(name, hit.operator, heard.leg, heard.id, _at(hit, heard, words))
            for name, hit in hits.items()
            if self._stable(name, hit, heard, words, utterance)
        ]
        utterance.hypothesised = frozenset(hits.keys() | bare.keys())
        utterance.ended = heard.final
        new = [one for one in met if one.condition not in utterance.reported]
        utterance.reported.update(one.condition for one in new)
        return self._record(met, new)

    def tick(self, at: float, speaking: frozenset[Leg], heard_to: dict[Leg, float]) -> list[Met]:
        """`at` is now, in media time. `heard_to`: up to where a side's words are known, where that is not up to now."""
        self.clock.tick(at, speaking, heard_to)
        if not self._rules.on_time or at - self._timed_at < TIMED_EVERY_S:
            return []
        self._timed_at = at
        hits: dict[str, Hit] = {}
        now = Heard(f"time-{at:.1f}", "agent", "", True, at, at)
        for name, wanted in self._rules.on_time:
            operator = self._holds(name, wanted) if self._admits(wanted, now, hits) else None
            if operator is not None and name not in self._standing:
                hits[name] = Hit(operator, 0)
            (self._standing.discard if operator is None else self._standing.add)(name)
        if hits:
            for name, condition in self._rules.ordered:
                wanted = condition.definition
                composed = self._composed(wanted, now, hits) if wanted.composed and name not in hits else None
                if composed is not None and self._admits(wanted, now, hits):
                    hits[name] = composed
        definitions = {name: condition.definition for name, condition in self._rules.ordered}
        met = [Met(name, hit.operator, _leg(definitions[name]), now.id, round(at, 3)) for name, hit in hits.items()]
        return self._record(met, met)

    def finish(self, duration_s: float) -> list[Met]:
        """The call is over: what only now can be placed in it."""
        definitions = dict(self._rules.late)
        return [met for met in self._late if _in_place(definitions[met.condition], met.at, duration_s)]

    def forget(self) -> None:
        """Drop everything that words left behind."""
        self.clock.forget()
        for held in (self._headings, self._utterances, self._last_turn, self._last_met, self._noted):
            held.clear()
        self._waiting_since.clear()
        self._standing.clear()
        self._late.clear()

    def _read(self, heard: Heard) -> Reading:
        before = self._last_turn.get(heard.leg)
        carried = before.digits if before is not None and heard.start - before.end <= CARRIED_S else ""
        reading = Reading(heard.text, heard.leg, self._rules.lexicon, self._headings, self._rules.country, carried)
        if heard.final:
            digits = unfinished(reading.unjoined)
            whole = bool(digits) and sum(len(word) for word in reading.unjoined if word.isdigit()) == len(digits)
            self._last_turn[heard.leg] = _Turn(
                reading, heard.end, ((carried if whole else "") + digits)[-MAX_CARD_DIGITS:]
            )
        return reading

    def _question(self, heard: Heard, reading: Reading) -> Reading | None:
        """What the agent asked, if the patient says yes to it here."""
        asked = self._last_turn.get("agent")
        if heard.leg != "patient" or not heard.complete or asked is None:
            return None
        return asked.reading if heard.start - asked.end <= ANSWER_WITHIN_S and affirms(reading.said) else None

    def _find(
        self,
        name: str,
        condition: CompiledCondition,
        heard: Heard,
        reading: Reading,
        question: Reading | None,
        hits: dict[str, Hit],
        bare: dict[str, Hit],
    ) -> Hit | None:
        wanted = condition.definition
        if wanted.composed:
            hit = self._composed(wanted, heard, hits)
            return hit if hit is not None and self._admits(wanted, heard, hits) else None
        hit = None
        if wanted.hears and wanted.leg in ("any", heard.leg) and self._admits(wanted, heard, hits):
            hit = find(condition, reading, heard.complete)
            if hit is None and question is not None:
                hit = _answer(condition, question, reading)
            if hit is not None and (wanted.repeat is not None or wanted.before is not None):
                bare[name] = hit
                hit = hit if self._repeated(name, wanted, heard) else None
        return self._followed(name, wanted.before, heard, reading, hits, hit) if wanted.before is not None else hit

    def _admits(self, wanted: Condition, heard: Heard, hits: dict[str, Hit]) -> bool:
        if wanted.on == "final" and not heard.final:
            return False
        if heard.confidence < wanted.min_confidence:
            return False
        if wanted.until_s is not None and heard.start > wanted.until_s:
            return False
        if wanted.from_s is not None and heard.start < wanted.from_s:
            return False
        if any(name in hits or name in self._last_met for name in wanted.not_):
            return False
        if wanted.after is not None and not self._recently(wanted.after, heard, hits):
            return False
        return wanted.not_after is None or not self._recently(wanted.not_after, heard, hits)

    def _recently(self, recent: Recent, heard: Heard, hits: dict[str, Hit]) -> bool:
        return any(self._counts(name, recent.within_s, heard, hits) for name in recent.conditions)

    def _counts(self, name: str, within_s: float | None, heard: Heard, hits: dict[str, Hit]) -> bool:
        if name in hits:
            return True
        return name in self._last_met and (within_s is None or heard.start - self._last_met[name] <= within_s)

    def _composed(self, wanted: Condition, heard: Heard, hits: dict[str, Hit]) -> Hit | None:
        """Met in the utterance that brings its last part."""
        if wanted.absent is not None:
            return self._missed(wanted.absent, hits)
        counting = [name for name in (*wanted.all, *wanted.any) if self._counts(name, wanted.within_s, heard, hits)]
        fresh = [hits[name] for name in counting if name in hits]
        if not fresh or not all(name in counting for name in wanted.all):
            return None
        if wanted.any and sum(name in counting for name in wanted.any) < wanted.at_least:
            return None
        alone = len(counting) == 1
        end = max(hit.end for hit in fresh) if wanted.all or wanted.at_least > 1 else min(hit.end for hit in fresh)
        return Hit(fresh[0].operator if alone else "all" if wanted.all else "any", end)

    def _missed(self, absent: Absent, hits: dict[str, Hit]) -> Hit | None:
        """One of `before` is met, and none of what should have come first."""
        fresh = [hits[name] for name in absent.before if name in hits]
        if not fresh or any(name in hits or name in self._last_met for name in absent.conditions):
            return None
        return Hit("absent", min(hit.end for hit in fresh))

    def _repeated(self, name: str, wanted: Condition, heard: Heard) -> bool:
        if wanted.repeat is None:
            return True
        within = wanted.repeat.within_s
        others = [
            at
            for utterance, at in self._noted.get(name, {}).items()
            if utterance != heard.id and (within is None or heard.end - at <= within)
        ]
        return len(others) + 1 >= wanted.repeat.times

    def _followed(
        self, name: str, before: Recent, heard: Heard, reading: Reading, hits: dict[str, Hit], own: Hit | None
    ) -> Hit | None:
        followers = [hits[other] for other in before.conditions if other in hits]
        if not followers:
            return None
        end = min(hit.end for hit in followers)
        if own is not None and own.end <= end:
            return Hit("before", end)
        at = _at(Hit("before", end), heard, len(reading.said.words))
        noted = self._noted.get(name, {}).values()
        return Hit("before", end) if any(0 <= at - one <= before.within_s for one in noted) else None

    def _stable(self, name: str, hit: Hit, heard: Heard, words: int, utterance: _Utterance) -> bool:
        return heard.complete or hit.end < words or name in utterance.hypothesised

    def _holds(self, name: str, wanted: Condition) -> str | None:
        """The operator by which a condition of time holds now."""
        clock = self.clock
        side: Leg | None = None if wanted.leg == "any" else wanted.leg
        if wanted.elapsed_s is not None and clock.now >= wanted.elapsed_s:
            return "elapsed"
        if wanted.silence is not None and clock.silent_s(side) >= wanted.silence.at_least_s:
            return "silence"
        if wanted.cross_talk is not None and clock.crosses(wanted.cross_talk):
            return "cross_talk"
        if wanted.talk_ratio is not None and clock.leans(wanted.talk_ratio):
            return "talk_ratio"
        if wanted.hold is not None:
            asked = max((self._last_met[one] for one in wanted.hold.after if one in self._last_met), default=None)
            waited = None if asked is None else min(clock.silent_s("agent"), clock.now - asked)
            if waited is not None and asked is not None and not clock.spoken_since("agent", asked):
                return "hold" if waited >= wanted.hold.at_least_s else None
        if wanted.absent is not None and self._overdue(name, wanted.absent):
            return "absent"
        return None

    def _overdue(self, name: str, absent: Absent) -> bool:
        since = self._waiting_since.get(name) if absent.after else 0.0
        if absent.by_s is None or since is None:
            return False
        deadline = since + absent.by_s
        known = self.clock.known_to(self._rules.leg_of(absent.conditions))
        if self.clock.now < deadline or (known < deadline and self.clock.now < deadline + GRACE_S):
            return False
        return bool(absent.after) or not any(one in self._last_met for one in absent.conditions)

    def _record(self, met: list[Met], new: list[Met]) -> list[Met]:
        late = {name for name, _ in self._rules.late}
        for one in met:
            if one.condition not in late:
                self._last_met[one.condition] = one.at
        for name, wanted in self._rules.on_time:
            if wanted.absent is not None and wanted.absent.after:
                self._time_absence(name, wanted.absent, met)
        self._late += [one for one in new if one.condition in late]
        return [one for one in new if one.condition not in late]

    def _time_absence(self, name: str, absent: Absent, met: list[Met]) -> None:
        for one in sorted(met, key=lambda one: one.at):
            if one.condition in absent.after:
                self._waiting_since.setdefault(name, one.at)
            if one.condition == name or (
                one.condition in absent.conditions and one.at >= self._waiting_since.get(name, one.at)
            ):
                self._waiting_since.pop(name, None)


def _answer(condition: CompiledCondition, question: Reading, reading: Reading) -> Hit | None:
    """Whether the yes heard here is a yes to what this condition listens for."""
    wanted = condition.definition
    if not wanted.answered or wanted.leg == "agent":
        return None
    if not (is_question(question.text, question.said) and mentions(condition, question)):
        return None
    start = Span(0, 1)
    if (wanted.negatable and has_ended(reading.said, start)) or (not wanted.past and is_over(reading.said, start)):
        return None
    return Hit("answer", len(reading.said.words))


def _at(hit: Hit, heard: Heard, words: int) -> float:
    return round(heard.start + (heard.end - heard.start) * hit.end / max(1, words), 3)


def _leg(wanted: Condition) -> Leg:
    return "agent" if wanted.leg == "any" else wanted.leg


def _in_place(wanted: Condition, at: float, duration_s: float) -> bool:
    if wanted.last_s is not None and at < duration_s - wanted.last_s:
        return False
    if wanted.share is None:
        return True
    first, last = wanted.share
    return first * duration_s <= at <= last * duration_s
