"""What reaches the coach of a call, and what it makes of it: hypotheses in, conditions met out."""

from msgspec import Struct

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
