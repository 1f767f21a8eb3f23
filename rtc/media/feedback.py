"""What became of the cards of one call, counted for each trigger. The sums leave with the call's outcome."""

from typing import get_args

from rtc.messages import Cue, CueChoice, CueCounts, CueFeedback

ENDS: frozenset[CueChoice] = frozenset({"done", "acknowledged", "not_relevant"})


class CueLedger:
    """Owner: the call. Lives in memory while the call lasts.

    Knows the cards that were sent and no others, so what a page makes up counts for nothing. A card counts once for
    each fate, and ends once: however much a page says, the sums are bounded by the cards of the call.
    """

    def __init__(self) -> None:
        self._cards: dict[str, _Card] = {}

    def sent(self, cue: Cue) -> None:
        self._cards.setdefault(cue.id, _Card(cue.label))

    def take(self, feedback: CueFeedback) -> None:
        card = self._cards.get(feedback.cue)
        if card is None:
            return
        if feedback.choice in ENDS and not card.fates.isdisjoint(ENDS):
            return
        # The channel is unordered: what was answered has been shown, even if that news is still on its way.
        card.fates |= {"shown", feedback.choice}

    def counts(self) -> list[CueCounts]:
        """One for each trigger of which a card was shown."""
        fates: dict[str, list[CueChoice]] = {}
        for card in self._cards.values():
            if card.fates:
                fates.setdefault(card.trigger, []).extend(card.fates)
        return [CueCounts(trigger, *map(met.count, get_args(CueChoice))) for trigger, met in fates.items()]


class _Card:
    def __init__(self, trigger: str) -> None:
        self.trigger = trigger
        self.fates: set[CueChoice] = set()
