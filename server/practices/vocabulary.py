"""What a practice's list of words may hold. The recogniser's side of it is rtc/speech/vocabulary.py."""

import re
import unicodedata
from collections.abc import Sequence

from server.errors import Problem

MAX_WORDS = 200
SHORTEST, LONGEST = 2, 40
"""Characters of one entry."""

_TYPED_APOSTROPHE = str.maketrans({"\u2018": "'", "\u2019": "'"})
_FOREIGN = re.compile(r"[^\w '.-]|_")


def checked(words: Sequence[str]) -> list[str]:
    """The entries as they are stored: composed (NFC), straight apostrophes, single spaces.

    Raises Problem `bad-words` that names the first entry which cannot be stored, and its place in `words`.
    """
    if len(words) > MAX_WORDS:
        raise Problem("bad-words", f"At most {MAX_WORDS} entries fit; these are {len(words)}.", at=MAX_WORDS)
    kept: dict[str, str] = {}
    for at, sent in enumerate(words):
        word = " ".join(unicodedata.normalize("NFC", sent).translate(_TYPED_APOSTROPHE).split())
        fault = _fault(word)
        if word.casefold() in kept:
            fault = "is on the list already"
        if fault is not None:
            raise Problem("bad-words", f"\u201c{_shown(word)}\u201d {fault}. Nothing was saved.", at=at)
        kept[word.casefold()] = word
    return list(kept.values())


def _fault(word: str) -> str | None:
    if len(word) < SHORTEST:
        return f"is too short: {SHORTEST} characters at least"
    if len(word) > LONGEST:
        return f"is too long: {LONGEST} characters at most"
    foreign = _FOREIGN.search(word)
    if foreign is not None:
        return f"has a {foreign.group()!r}: only letters, digits, spaces, apostrophes, hyphens and full stops"
    if not any(map(str.isalpha, word)):
        return "has no letter: this list is for names and words, never for numbers"
    return None


def _shown(word: str) -> str:
    return word if len(word) <= LONGEST else f"{word[:LONGEST]}…"
