"""One hypothesis, read in every way that a condition may ask for: each way once, and only if asked."""

from functools import cached_property

from rtc.coaching.classifier.meaning import Meaning, read_meaning
from rtc.coaching.entities import ends
from rtc.coaching.normalising import Words, read, read_unjoined
from rtc.coaching.operators import Entity
from rtc.coaching.patterns import Heading, Lexicon, Span
from rtc.coaching.regexes import MAX_CHARS
from rtc.messages import Leg


class Reading:
    """Lives as long as one hypothesis is matched, and until the next one of its utterance.

    `carried`: digits with which this side's turn before ended.
    """

    def __init__(
        self, text: str, leg: Leg, lexicon: Lexicon, headings: dict[str, Heading], country: str, carried: str = ""
    ) -> None:
        self.text = text
        self.leg: Leg = leg
        self.said: Words = read(text)
        self.found: dict[int, list[Span]] = lexicon.scan(self.said, headings)
        self._country = country
        self._carried = carried
        self._entities: dict[Entity, list[int]] = {}

    @cached_property
    def plain(self) -> str:
        """For regular expressions: the words, one space between, at most MAX_CHARS of them."""
        return " ".join(self.said.words)[-MAX_CHARS:]

    @cached_property
    def unjoined(self) -> list[str]:
        return read_unjoined(self.text)

    @cached_property
    def meaning(self) -> Meaning:
        """Of the text, or of its words where a recogniser's loop was cut from it."""
        looped = 2 * len(self.said.words) < len(self.text.split())
        return read_meaning(self.plain if looped else self.text, self.leg)

    def entity_ends(self, entity: Entity) -> list[int]:
        """Where each occurrence ends, as a word of `said` (about: digits said one by one are one word there)."""
        if entity not in self._entities:
            share = len(self.said.words) / max(1, len(self.unjoined))
            found = ends(entity, self.unjoined, self._country, self._carried)
            self._entities[entity] = [max(1, round(end * share)) for end in found]
        return self._entities[entity]
