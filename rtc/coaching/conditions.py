"""Which conditions of a playbook this call has met so far: partial stability, order in time, once per utterance."""

from msgspec import Struct

from rtc.coaching.definitions import Condition, Recent
from rtc.coaching.matching import CompiledCondition, Hit, compile_condition, find
from rtc.coaching.normalising import read
from rtc.coaching.patterns import Heading, Lexicon
from rtc.messages import Leg


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


class Met(Struct, frozen=True):
    """A condition was met by an utterance. Explains itself without words: which condition, found by what, when.

    `at` is the media second in which the last word of the match ended, estimated from its place in the utterance.
    """

    condition: str
    operator: str
    leg: Leg
    utterance: str
    at: float


class Rules:
    """The conditions of one playbook, compiled. Shared by all calls: holds nothing that was said."""

    def __init__(self, conditions: dict[str, Condition], lists: dict[str, list[str]]) -> None:
        """Raises PatternError when a phrase cannot be read."""
        self.lexicon = Lexicon(lists)
        compiled = {name: compile_condition(condition, self.lexicon) for name, condition in conditions.items()}
        # Those that ask about others come last; the playbook's check sees to it that there is no third storey.
        self.ordered = sorted(compiled.items(), key=lambda item: _looks_back(item[1].definition))


def _looks_back(condition: Condition) -> bool:
    return condition.after is not None or condition.not_after is not None


class _Utterance:
    """What is known of one utterance: conditions in its last hypothesis, conditions already reported."""

    __slots__ = ("ended", "hypothesised", "reported")

    def __init__(self) -> None:
        self.hypothesised: frozenset[str] = frozenset()
        self.reported: set[str] = set()
        self.ended = False


class Listener:
    """Per call. `hear` takes every partial and final of both legs and returns what was newly met.

    A final counts always. A partial counts when the match is stable: it does not touch the last word of the
    hypothesis, or the person has paused, or the hypothesis before it held the same condition (local agreement).
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._headings: dict[str, Heading] = {}
        self._utterances: dict[str, _Utterance] = {}
        self._last_met: dict[str, float] = {}

    def hear(self, heard: Heard) -> list[Met]:
        utterance = self._utterances.setdefault(heard.id, _Utterance())
        if utterance.ended:
            return []
        said = read(heard.text)
        found = self._rules.lexicon.scan(said, self._headings)
        hits: dict[str, Hit] = {}
        for name, condition in self._rules.ordered:
            if self._applies(condition, heard, hits):
                hit = find(condition, said, found)
                if hit is not None:
                    hits[name] = hit
        stable = {
            name: hit
            for name, hit in hits.items()
            if heard.final or heard.settled or hit.end < len(said.words) or name in utterance.hypothesised
        }
        utterance.hypothesised = frozenset(hits)
        utterance.ended = heard.final
        met = [self._met(name, hit, heard, len(said.words)) for name, hit in stable.items()]
        for one in met:
            self._last_met[one.condition] = one.at
        new = [one for one in met if one.condition not in utterance.reported]
        utterance.reported.update(one.condition for one in new)
        return new

    def forget(self) -> None:
        """Drop everything that words left behind."""
        self._headings.clear()
        self._utterances.clear()
        self._last_met.clear()

    def _applies(self, condition: CompiledCondition, heard: Heard, hits: dict[str, Hit]) -> bool:
        wanted = condition.definition
        if wanted.leg not in ("any", heard.leg) or (wanted.on == "final" and not heard.final):
            return False
        if heard.confidence < wanted.min_confidence or (wanted.until_s is not None and heard.start > wanted.until_s):
            return False
        if wanted.after is not None and not self._recently(wanted.after, heard, hits):
            return False
        return wanted.not_after is None or not self._recently(wanted.not_after, heard, hits)

    def _recently(self, recent: Recent, heard: Heard, hits: dict[str, Hit]) -> bool:
        return any(
            name in hits or (name in self._last_met and heard.start - self._last_met[name] <= recent.within_s)
            for name in recent.conditions
        )

    def _met(self, name: str, hit: Hit, heard: Heard, words: int) -> Met:
        at = heard.start + (heard.end - heard.start) * hit.end / words
        return Met(name, hit.operator, heard.leg, heard.id, round(at, 3))
