"""What a recogniser is given and what it answers."""

from collections.abc import Collection
from typing import Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from rtc.speech.vocabulary import Vocabulary

MAX_WINDOW_S = 11.0


class Window(Struct, frozen=True):
    """Sound to be recognised: at most MAX_WINDOW_S of 16 kHz mono, -1 to 1, in a two-letter `language`.

    `vocabulary` only where the person has paused (settled, final): the voice gate has then heard whole words.
    """

    samples: NDArray[np.float32]
    language: str = "en"
    vocabulary: Vocabulary | None = None


class Hypothesis(Struct, frozen=True):
    """What a window was understood as. `confidence` is exp(average token log-probability), 0 to 1."""

    text: str
    confidence: float


NOTHING = Hypothesis("", 0.0)


class Recognizer(Protocol):
    """One engine. `recognize` may be called from several threads at once."""

    @property
    def languages(self) -> Collection[str]:
        """Two-letter codes of what it understands."""
        ...

    def recognize(self, windows: list[Window]) -> list[Hypothesis]:
        """Windows of one language that the device's bucket rounds up to one length; a hypothesis for each."""
        ...


def spoken(language: str) -> str:
    """The language of a playbook without its country: "en" of "en-IE"."""
    return language.split("-")[0]
