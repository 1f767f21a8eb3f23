"""What one turn means: how near it is to a practice's own examples. Computed when asked for, once, and never kept."""

from functools import cached_property

import numpy as np
from msgspec import Struct

from rtc.coaching.classifier.encoder import WIDTH, Encoding, Floats, encoder
from rtc.messages import Leg


class Examples(Struct, frozen=True):
    """Sentences a practice wrote for one condition, as vectors of length 1: [sentences, WIDTH] each."""

    like: Floats
    unlike: Floats


def embed(examples: list[str], unlike: list[str] | None = None) -> Examples:
    """`unlike` are the do-not-trigger examples. About 5 ms of one core each."""
    return Examples(_vectors(examples), _vectors(unlike or []))


class Meaning:
    """Lives as long as the matching of one final. Holds the text until the first question, numbers after that."""

    def __init__(self, text: str, leg: Leg) -> None:
        self._text = text
        self.leg = leg

    def nearness(self, examples: Examples) -> float:
        """Cosine with the nearest example, -1 to 1; -1 if there is none or a do-not-trigger example is nearer."""
        nearest = _nearest(self._encoding.vector, examples.like)
        return nearest if nearest > _nearest(self._encoding.vector, examples.unlike) else -1.0

    @cached_property
    def _encoding(self) -> Encoding:
        return encoder().encode(self._text)


def read_meaning(text: str, leg: Leg) -> Meaning:
    """Costs nothing until something is asked of it."""
    return Meaning(text, leg)


def _vectors(sentences: list[str]) -> Floats:
    if not sentences:
        return np.zeros((0, WIDTH), np.float32)
    return np.stack([encoder().encode(sentence).vector for sentence in sentences])


def _nearest(vector: Floats, vectors: Floats) -> float:
    return float((vectors @ vector).max()) if len(vectors) else -1.0
