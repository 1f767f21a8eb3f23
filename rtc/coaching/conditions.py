"""Which conditions of a playbook this call has met so far: partial stability, order in time, once per utterance."""

from msgspec import Struct

from rtc.coaching.answers import ANSWER_WITHIN_S, affirms, is_question
from rtc.coaching.classifier.labels import ASKED
from rtc.coaching.deadlines import Deadlines
from rtc.coaching.definitions import Condition
from rtc.coaching.entities import CARRIED_S, unfinished
from rtc.coaching.hearing import Heard, Met
from rtc.coaching.matching import CompiledCondition, Hit, find, in_scope, mentions
from rtc.coaching.operators import Absent, Recent
from rtc.coaching.patterns import Heading, Span
from rtc.coaching.reading import Reading
from rtc.coaching.rules import Rules
from rtc.coaching.timing import CallClock
from rtc.messages import Leg

ASKS_AT_LEAST = 0.5
"""From here on the classifier takes the agent's turn for a question about a label."""

ASKABLE = frozenset(one.removeprefix("?") for one in ASKED)
"""Labels that it knows the questions about. For others a question that holds the condition's phrases is enough."""

MAX_CARD_DIGITS = 19

GOES_ON_S = 3.0
"""Who has paused for less goes on with the same turn: "any chest pain ... at all?" is one question."""

MAX_QUESTION_CHARS = 400


class _Utterance:
    """What is known of one utterance: its last hypothesis, the conditions in that, the conditions already reported."""

    __slots__ = ("ended", "hypothesised", "reading", "reported")

    def __init__(self) -> None:
        self.hypothesised: frozenset[str] = frozenset()
        self.reported: set[str] = set()
        self.reading: Reading | None = None
        self.ended = False


class _Turn(Struct, frozen=True):
    """The last complete turn of one side: a question may stand in it, and a number that goes on."""

    text: str
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
        self._spoke_last: Leg | None = None
        self._last_met: dict[str, float] = {}
        self._noted: dict[str, dict[str, float]] = {}
        """Utterances, and when, in which a condition was heard that counts only if repeated or followed."""
        self._deadlines = Deadlines(rules, self.clock)
        self._late: list[Met] = []

    def hear(self, heard: Heard) -> list[Met]:
        utterance = self._utterances.setdefault(heard.id, _Utterance())
        if utterance.ended:
            return []
        self.clock.heard(heard.id, heard.leg, heard.start, heard.end, heard.final)
        reading = self._read(heard, utterance)
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
        if not self._deadlines.due(at):
            return []
        hits: dict[str, Hit] = {}
        now = Heard(f"time-{at:.1f}", "agent", "", True, at, at)
        for name, wanted in self._rules.on_time:
            operator = self._deadlines.begins(name, wanted, self._admits(wanted, now, hits), self._last_met)
            if operator is not None:
                hits[name] = Hit(operator, 0)
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
        self._deadlines.forget()
        self._late.clear()

    def _read(self, heard: Heard, utterance: _Utterance) -> Reading:
        """A final mostly repeats the words that were settled before it: they are read once."""
        before = self._last_turn.get(heard.leg)
        carried = before.digits if before is not None and heard.start - before.end <= CARRIED_S else ""
        reading = utterance.reading
        if reading is None or reading.text != heard.text:
            reading = self._reading(heard.text, heard.leg, carried)
        utterance.reading = None if heard.final else reading
        if heard.final:
            digits = unfinished(reading.unjoined)
            whole = bool(digits) and sum(len(word) for word in reading.unjoined if word.isdigit()) == len(digits)
            digits = ((carried if whole else "") + digits)[-MAX_CARD_DIGITS:]
            text = heard.text
            if before is not None and heard.start - before.end <= GOES_ON_S and self._spoke_last == heard.leg:
                text = f"{before.text} {text}"[-MAX_QUESTION_CHARS:]
            self._last_turn[heard.leg] = _Turn(text, heard.end, digits)
            self._spoke_last = heard.leg
        return reading

    def _reading(self, text: str, leg: Leg, carried: str = "") -> Reading:
        return Reading(text, leg, self._rules.lexicon, self._headings, self._rules.country, carried)

    def _question(self, heard: Heard, reading: Reading) -> Reading | None:
        """What the agent asked, if the patient says yes to it here."""
        asked = self._last_turn.get("agent")
        if heard.leg != "patient" or not heard.complete or asked is None:
            return None
        if heard.start - asked.end > ANSWER_WITHIN_S or not affirms(reading.said):
            return None
        return self._reading(asked.text, "agent")

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

    def _record(self, met: list[Met], new: list[Met]) -> list[Met]:
        late = {name for name, _ in self._rules.late}
        for one in met:
            if one.condition not in late:
                self._last_met[one.condition] = one.at
        self._deadlines.met(met)
        self._late += [one for one in new if one.condition in late]
        return [one for one in new if one.condition not in late]


def _answer(condition: CompiledCondition, question: Reading, reading: Reading) -> Hit | None:
    """Whether the yes heard here is a yes to what this condition listens for."""
    wanted = condition.definition
    if not wanted.answered or wanted.leg == "agent":
        return None
    label = wanted.semantic.label if wanted.semantic is not None else None
    if label is not None and label in ASKABLE:
        asked = question.meaning.asks(label) >= ASKS_AT_LEAST
    else:
        asked = is_question(question.text, question.said) and mentions(condition, question)
    if not asked:
        return None
    if not in_scope(condition, reading.said, Span(0, 1)):  # "yes, but that was in 2019"
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
