"""What one turn means: which labels, and how near it is to a practice's own examples. Computed once, when asked for."""

from functools import cached_property

import numpy as np
from msgspec import Struct

from rtc.coaching.classifier import encoder
from rtc.coaching.classifier.classifier import classifier
from rtc.coaching.classifier.encoder import WIDTH, Floats
from rtc.coaching.classifier.labels import ASKED, BY_LEG, KNOWN_LABELS
from rtc.messages import Leg

__all__ = ["KNOWN_LABELS", "Examples", "Meaning", "UnknownLabelError", "embed", "read_meaning"]


class UnknownLabelError(KeyError):
    """A label that nothing was trained for. The text names it, and those there are."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"no label '{name}'; there are {', '.join(known)}")


class Examples(Struct, frozen=True):
    """Sentences a practice wrote for one condition, as vectors of length 1: [sentences, WIDTH] each."""

    like: Floats
    unlike: Floats


def embed(examples: list[str], unlike: list[str] | None = None) -> Examples:
    """`unlike` are the do-not-trigger examples. About 5 ms of one core each."""
    return Examples(_vectors(examples), _vectors(unlike or []))


class Meaning:
    """Lives as long as the matching of one final, and forgets with it. The first question costs 5 to 10 ms."""

    def __init__(self, text: str, leg: Leg) -> None:
        self._text = text
        self.leg = leg

    def label(self, name: str) -> float:
        """How sure it is that the turn means `name`, 0 to 1; from 0.5 it counts as found. 0 if the leg cannot say it.

        Raises UnknownLabelError.
        """
        if name not in KNOWN_LABELS:
            raise UnknownLabelError(name, sorted(KNOWN_LABELS))
        return self._sure[name] if name in BY_LEG[self.leg] else 0.0

    def asks(self, name: str) -> float:
        """How sure it is that the agent asks about the safety label `name`. 0 for the patient's turns.

        Raises UnknownLabelError.
        """
        asked = f"?{name}"
        if asked not in ASKED:
            raise UnknownLabelError(name, sorted(one.removeprefix("?") for one in ASKED))
        return self._sure[asked] if asked in BY_LEG[self.leg] else 0.0

    def nearness(self, examples: Examples) -> float:
        """Cosine with the nearest example, -1 to 1; -1 if there is none or a do-not-trigger example is nearer."""
        nearest = _nearest(self._vector, examples.like)
        return nearest if nearest > _nearest(self._vector, examples.unlike) else -1.0

    @cached_property
    def _sure(self) -> dict[str, float]:
        return classifier().read(self._text, self.leg)

    @cached_property
    def _vector(self) -> Floats:
        return encoder.vector(self._text)


def read_meaning(text: str, leg: Leg) -> Meaning:
    """Costs nothing until something is asked of it."""
    return Meaning(text, leg)


def _vectors(sentences: list[str]) -> Floats:
    if not sentences:
        return np.zeros((0, WIDTH), np.float32)
    return np.stack([encoder.vector(sentence) for sentence in sentences])


def _nearest(vector: Floats, vectors: Floats) -> float:
    return float((vectors @ vector).max()) if len(vectors) else -1.0
