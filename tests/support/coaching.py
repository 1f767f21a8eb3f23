"""Conditions on a virtual clock: what is said and when, and which of them it meets."""

from collections.abc import Mapping
from textwrap import dedent

import msgspec
import yaml

from rtc.coaching.conditions import Listener
from rtc.coaching.definitions import Condition
from rtc.coaching.hearing import Heard, Met
from rtc.coaching.patterns import Lexicon
from rtc.coaching.rules import Rules
from rtc.messages import Leg

WORDS_PER_SECOND = 2.5


class Ear:
    """Hears a call with the conditions written in `conditions` (YAML). Turns follow each other, 0.5 s apart."""

    def __init__(self, conditions: str, country: str = "GB", language: str = "en") -> None:
        read = msgspec.convert(yaml.safe_load(dedent(conditions)), dict[str, Condition], strict=False)
        self.listener = Listener(Rules(read, Lexicon({}), country, language))
        self.now = 0.0
        self.last: list[Met] = []
        self._turns = 0

    def say(
        self, leg: Leg, text: str, at: float | None = None, *, final: bool = True, settled: bool = False, name: str = ""
    ) -> list[str]:
        """The conditions it meets. Without `name` it is a new utterance."""
        start = self.now if at is None else at
        end = start + max(1, len(text.split())) / WORDS_PER_SECOND
        self._turns += 1
        heard = Heard(name or f"u{self._turns}", leg, text, final, start, end, settled=settled)
        self.last = self.listener.hear(heard)
        self.now = end + 0.5
        return [one.condition for one in self.last]

    def tick(
        self, at: float, speaking: frozenset[Leg] = frozenset(), heard_to: Mapping[Leg, float] | None = None
    ) -> list[str]:
        self.now = at
        self.last = self.listener.tick(at, speaking, dict(heard_to or {}))
        return [one.condition for one in self.last]

    @property
    def operators(self) -> list[str]:
        """What found the conditions met last."""
        return [one.operator for one in self.last]
