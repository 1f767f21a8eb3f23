"""Word error rate: substitutions, insertions and deletions over the words that were spoken."""

import re

from msgspec import Struct
from rapidfuzz.distance import Levenshtein

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SPELLINGS = {word: str(n) for n, word in enumerate(_DIGITS)} | {"dr": "doctor", "mr": "mister", "ok": "okay"}


class Errors(Struct, frozen=True):
    """Counts, so that rates of several recordings can be added up."""

    wrong: int = 0
    spoken: int = 0

    def __add__(self, other: "Errors") -> "Errors":
        return Errors(self.wrong + other.wrong, self.spoken + other.spoken)

    @property
    def rate(self) -> float:
        return self.wrong / self.spoken if self.spoken else 0.0


def compare(spoken: str, heard: str) -> Errors:
    wanted = words(spoken)
    return Errors(Levenshtein.distance(wanted, words(heard)), len(wanted))


def words(text: str) -> list[str]:
    """Without case and marks; every digit a word, so that 999, 9-9-9 and nine nine nine are the same.

    Not the playbook's own reader: that one removes a recogniser's echo, which has to count here."""
    plain = text.lower().replace("\u2019", "'").replace("alright", "all right")
    return [SPELLINGS.get(piece, piece) for piece in re.findall(r"[a-z]+(?:'[a-z]+)*|[0-9]", plain)]
