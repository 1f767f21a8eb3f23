"""Who spoke when, and what follows from it: silence, both at once, shares, holds. Seconds of media time, no words."""

from collections import deque

from msgspec import Struct

from rtc.coaching.operators import CrossTalk, TalkRatio
from rtc.messages import Leg

MAX_KEPT_S = 3600.0
"""Longer ago is forgotten: no window of a condition is longer."""

MIN_RATIO_S = 20.0
"""Less speech than this in all says nothing about who talks most."""


class _Speech(Struct):
    leg: Leg
    start: float
    end: float


class CallClock:
    """Per call. Learns of speech from what was heard, and of speech still unheard from `tick`."""

    def __init__(self) -> None:
        self.now = 0.0
        self.speaking: frozenset[Leg] = frozenset()
        """The sides whose voice is heard now."""
        self.heard_to: dict[Leg, float] = {}
        """Up to where each side's words are known. A side that is missing is known up to now."""
        self._ids: dict[str, _Speech] = {}
        self._speech: deque[_Speech] = deque()

    def heard(self, utterance: str, leg: Leg, start: float, end: float, over: bool) -> None:
        speech = self._ids.get(utterance)
        if speech is None:
            speech = self._ids[utterance] = _Speech(leg, start, end)
            self._speech.append(speech)
        speech.start, speech.end = start, max(start, end)
        if over:
            del self._ids[utterance]
        self.now = max(self.now, end)

    def tick(self, at: float, speaking: frozenset[Leg], heard_to: dict[Leg, float]) -> None:
        self.now = max(self.now, at)
        self.speaking = speaking
        self.heard_to = heard_to
        while self._speech and self._speech[0].end < self.now - MAX_KEPT_S:
            self._speech.popleft()

    def known_to(self, leg: Leg | None) -> float:
        """Up to where the words of this side (None: of both) are known."""
        every = [at for side, at in self.heard_to.items() if leg in (None, side)]
        return min([self.now, *every])

    def silent_s(self, leg: Leg | None) -> float:
        """How long this side (None: both) has said nothing; since the call began if it never did."""
        if any(leg in (None, side) for side in self.speaking):
            return 0.0
        last = max((speech.end for speech in self._speech if leg in (None, speech.leg)), default=0.0)
        return self.now - last

    def spoken_since(self, leg: Leg, since: float) -> bool:
        return leg in self.speaking or any(speech.leg == leg and speech.start > since for speech in self._speech)

    def crosses(self, wanted: CrossTalk) -> bool:
        agent, patient = (self._spans(leg, wanted.within_s) for leg in ("agent", "patient"))
        both = sum(
            max(0.0, min(one_end, other_end) - max(one, other))
            for one, one_end in agent
            for other, other_end in patient
        )
        return both >= wanted.at_least_s

    def leans(self, wanted: TalkRatio) -> bool:
        shares = {leg: sum(end - start for start, end in self._spans(leg, wanted.over_s)) for leg in _LEGS}
        total = sum(shares.values())
        if total < min(MIN_RATIO_S, wanted.over_s / 2):
            return False
        share = shares[wanted.leg] / total
        return (wanted.above is not None and share > wanted.above) or (
            wanted.below is not None and share < wanted.below
        )

    def forget(self) -> None:
        self._ids.clear()
        self._speech.clear()

    def _spans(self, leg: Leg, within_s: float) -> list[tuple[float, float]]:
        since = self.now - within_s
        spans = []
        for speech in reversed(self._speech):
            if speech.end < since - 60.0:
                break
            if speech.leg == leg and speech.end > since:
                spans.append((max(since, speech.start), speech.end))
        return spans


_LEGS: tuple[Leg, ...] = ("agent", "patient")
