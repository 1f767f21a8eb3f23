"""A practice's own words: the names, streets and medicines that a recogniser hears right and spells wrong.

A recogniser that is shown a list of words says them, also where nobody spoke. So no word is taken from it alone:
`respell` needs two witnesses, what was understood without the list and what was understood with it, and changes only
words that already sound like the entry (docs/decisions/0010-two-witnesses.md). Pure: keeps nothing of a call.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from msgspec import Struct
from rapidfuzz.distance import Indel
from rapidfuzz.process import cdist

MAX_PROMPT_CHARS = 400
"""About 130 tokens. Whisper's prompt takes 223, and every one of them costs time before the first word."""

MOST_WORDS = 4
"""A name the recogniser never saw comes as several short words: "sal but emo", "coco to mal"."""
MAX_SHIFT = 2
"""Words by which the two witnesses may disagree about where, counted from the nearest word they agree on."""

NEAR_SOUND = 0.82
NEAR_SPELLING = 0.25
"""Shares of the sounds and of the letters that both have in the same order; both limits hold. Measured on names and
medicines misheard by tiny.en ("akonk with" for Okonkwo: 0.93, 0.62) against other words ("hotel", Patel: 0.80)."""
FEW_SOUNDS = 3
FEW_SPELLING = 0.8
"""With so few sounds every word has neighbours: the sounds must be the same, and most letters."""

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_POSSESSIVE = re.compile(r"['\u2019]s$", re.IGNORECASE)
_NEGATED = re.compile(r"n['\u2019]t$", re.IGNORECASE)
_APART = re.compile(r"[\s-]+")
_AFTER_TITLE = re.compile(r"\.?[\s-]+")
_TITLES = frozenset(["dr", "mr", "mrs", "ms", "nurse", "prof", "sister", "st"])
_ABBREVIATED = {"doctor": "dr", "mister": "mr", "professor": "prof", "saint": "st"}
_MEANING = frozenset(["no", "not", "never", "none", "nor", "without", "yes"])

_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"\b[kgp]n", "n"),
        (r"\bwr", "r"),
        (r"sch|tch|[cs]h|ti(?=o)|ci(?=a)", "x"),
        (r"ph", "f"),
        (r"dg(?=[ei])|g(?=[eiy])", "j"),
        (r"gh(?![aeiou])", ""),
        (r"\Bh", ""),
        (r"qu", "kw"),
        (r"c(?=[eiy])|z", "s"),
        (r"ck|[cqg]", "k"),
        (r"(?<=[aeiou])w(?![aeiou])", ""),
        (r"v", "f"),
        (r"d", "t"),
        (r"b", "p"),
        (r"(?<=[^aeiouy\s])e\b", ""),
        (r"[aeiouy]+", "a"),
        (r"(.)\1+", r"\1"),
    )
)
"""English letters to rough sounds, in this order: voiced and unvoiced are one, and so are all vowels."""


class Word(Struct, frozen=True):
    """One word of a text. `letters` has no capitals, accents, apostrophes or possessive; `sound` is rough.

    `joined`: may be of one name with the word before. `fixed`: no name may swallow it, because it is a number or
    turns a sentence around.
    """

    start: int
    end: int
    letters: str
    sound: str
    joined: bool
    fixed: bool


class Entry(Struct, frozen=True):
    """`text` as the practice spells it, `name` the same without a title; the rest as in Word."""

    text: str
    name: str
    words: tuple[str, ...]
    sounds: tuple[str, ...]

    @property
    def titled(self) -> bool:
        return self.name != self.text


class Span(Struct, frozen=True):
    """Words `first` to `last` (exclusive) of a text."""

    first: int
    last: int


class Place(Struct, frozen=True):
    """Where an entry of the biased text may stand in the plain one: words `low` to `high` (exclusive), of which the
    biased text has `before` before the entry and `after` after it; `held` are words of the entry that both have."""

    low: int
    high: int
    before: int
    after: int
    held: tuple[int, ...]


class Vocabulary:
    """One call's list. `words` are entries as they should be spelled; blank ones and repeats are left out."""

    def __init__(self, words: Sequence[str]) -> None:
        self._entries: dict[tuple[str, ...], Entry] = {}
        for entry in map(_entry, words):
            if entry.words:
                self._entries.setdefault(entry.words, entry)
        self._all = list(self._entries.values())
        self._sounds = [_run(entry.sounds) for entry in self._all]

    @property
    def prompt(self) -> str:
        """The first entries, as many as MAX_PROMPT_CHARS takes, for a decoder's prompt; "" when there are none."""
        return _listed(self._all)

    def prompt_for(self, text: str) -> str:
        """As `prompt`, but what something in `text` is near to always finds room, and stands last.

        Last is where a decoder minds it most: of ten misheard names, tiny.en got eight, against seven in other orders.
        """
        near = self._near_entries(text)
        listed = _listed(near)
        others = _listed([entry for entry in self._all if entry not in near], MAX_PROMPT_CHARS - len(listed) - 2)
        return ", ".join(filter(None, (others, listed)))

    def near(self, text: str) -> bool:
        """Whether some words of `text` sound like an entry without being it: a second decode may be worth its time."""
        return bool(self._near_entries(text))

    def respell(self, plain: str, biased: str) -> str:
        """`plain` with entries in place of words that are near them, where `biased` has the entry too.

        `plain` was decoded without the list, `biased` with it in the prompt. Nothing else changes: no word comes,
        goes or moves, and punctuation and possessives stay as `plain` has them.
        """
        heard, offered = _words(plain), _words(biased)
        if not heard or not offered or not self._all:
            return plain
        spans = list(_spans(heard))
        kept = list(self._exact(heard, spans))
        parts, done, end = [], 0, 0
        for offer, entry in _longest(self._exact(offered, list(_spans(offered)))):
            place = _place(heard, offered, offer)
            found = _most_like(entry, heard, (s for s in spans if s.first >= done and _agrees(s, place)), kept)
            if found is None:
                continue
            done, last = found.last, heard[found.last - 1]
            parts += [plain[end : heard[found.first + entry.titled].start], entry.name]
            parts.append(_possessive(plain[: last.end], biased[: offered[offer.last - 1].end], entry))
            end = last.end
        return "".join([*parts, plain[end:]])

    def _near_entries(self, text: str) -> list[Entry]:
        heard = _words(text)
        spans = list(_spans(heard))
        if not spans or not self._all:
            return []
        sounds = [_run([word.sound for word in heard[span.first : span.last]]) for span in spans]
        alike = cdist(sounds, self._sounds, scorer=Indel.normalized_similarity, score_cutoff=NEAR_SOUND)
        if not alike.any():
            return []
        kept = list(self._exact(heard, spans))
        near = {
            number
            for at, number in zip(*alike.nonzero(), strict=True)
            if _likeness(self._all[number], heard, spans[at], kept) > 0
        }
        return [self._all[number] for number in sorted(near)]

    def _exact(self, heard: list[Word], spans: list[Span]) -> Iterator[tuple[Span, Entry]]:
        """Where `heard` has an entry, word for word."""
        for span in spans:
            entry = self._entries.get(tuple([word.letters for word in heard[span.first : span.last]]))
            if entry is not None:
                yield span, entry


def _longest(found: Iterable[tuple[Span, Entry]]) -> Iterator[tuple[Span, Entry]]:
    """From left to right without overlap, the longest at each place."""
    done = 0
    for first, places in groupby(found, key=lambda place: place[0].first):
        if first >= done:
            *_, place = places
            yield place
            done = place[0].last


def _place(heard: list[Word], offered: list[Word], span: Span) -> Place:
    """`span` of `offered`, between the nearest words around it that both texts have in the same order."""
    low, low_offered, high, high_offered = 0, 0, len(heard), len(offered)
    held = []
    for block in Indel.opcodes([word.letters for word in heard], [word.letters for word in offered]):
        if block.tag != "equal":
            continue
        for at, other in zip(
            range(block.src_start, block.src_end), range(block.dest_start, block.dest_end), strict=True
        ):
            if other < span.first:
                low, low_offered = at + 1, other + 1
            elif other < span.last:
                held.append(at)
            elif high == len(heard):
                high, high_offered = at, other
    return Place(low, high, span.first - low_offered, high_offered - span.last, tuple(held))


def _agrees(span: Span, place: Place) -> bool:
    """Whether `span` is inside `place` and, counted from one of its sides, where the other witness has the entry."""
    if span.first < place.low or span.last > place.high:
        return False
    shifts = abs(span.first - place.low - place.before), abs(place.high - span.last - place.after)
    return min(shifts) <= MAX_SHIFT and all(span.first <= at < span.last for at in place.held)


def _most_like(entry: Entry, heard: list[Word], spans: Iterable[Span], kept: list[tuple[Span, Entry]]) -> Span | None:
    best, most = None, 0.0
    for span in spans:
        likeness = _likeness(entry, heard, span, kept)
        if likeness > most:
            best, most = span, likeness
    return best


def _likeness(entry: Entry, heard: list[Word], span: Span, kept: list[tuple[Span, Entry]]) -> float:
    """How alike `entry` and the words of `span` are, up to 2; 0 when they are not near, or the same already.

    Words that both begin or end with do not count: "Dr" and "Road" make no two names alike. A title must be the same.
    """
    words = heard[span.first : span.last]
    if any(word.fixed and word.letters not in entry.words for word in words):
        return 0
    if (entry.titled and words[0].letters != entry.words[0]) or not _free(entry, span, kept):
        return 0
    start, shorter = 0, min(len(words), len(entry.words))
    while start < shorter and words[start].letters == entry.words[start]:
        start += 1
    stop = 0
    while stop < shorter - start and words[-1 - stop].letters == entry.words[-1 - stop]:
        stop += 1
    mine, theirs = words[start : len(words) - stop], slice(start, len(entry.words) - stop)
    if not mine or not entry.words[theirs]:
        return 0
    sounds = _run([word.sound for word in mine]), _run(entry.sounds[theirs])
    sound = Indel.normalized_similarity(*sounds)
    spelling = Indel.normalized_similarity("".join([word.letters for word in mine]), "".join(entry.words[theirs]))
    few = min(map(len, sounds)) <= FEW_SOUNDS
    near = sounds[0] == sounds[1] and spelling >= FEW_SPELLING if few else sound >= NEAR_SOUND
    return sound + spelling if near and spelling >= NEAR_SPELLING else 0


def _free(entry: Entry, span: Span, kept: list[tuple[Span, Entry]]) -> bool:
    """Whether nothing in `span` is an entry already, other than a part of `entry`."""
    return all(
        place.last <= span.first or place.first >= span.last or set(other.words) < set(entry.words)
        for place, other in kept
    )


def _possessive(plain: str, biased: str, entry: Entry) -> str:
    """What follows the entry: the possessive of the words it replaces, or the one the recogniser took for their s."""
    if _POSSESSIVE.search(entry.text):
        return ""
    found = _POSSESSIVE.search(plain) or (_POSSESSIVE.search(biased) if plain.endswith("s") else None)
    return found.group() if found else ""


def _spans(words: list[Word]) -> Iterator[Span]:
    """Every one to MOST_WORDS adjacent words that may be one name, shorter ones first at each place."""
    for first in range(len(words)):
        for last in range(first + 1, min(first + MOST_WORDS, len(words)) + 1):
            if last > first + 1 and not words[last - 1].joined:
                break
            yield Span(first, last)


def _listed(entries: Iterable[Entry], room: int = MAX_PROMPT_CHARS) -> str:
    listed = ""
    for entry in entries:
        longer = f"{listed}, {entry.text}" if listed else entry.text
        if len(longer) > room:
            break
        listed = longer
    return listed


def _entry(text: str) -> Entry:
    text = text.strip()
    words = _words(text)
    titled = len(words) > 1 and words[0].letters in _TITLES
    name = text[words[1].start :] if titled else text
    return Entry(text, name, tuple(word.letters for word in words), tuple(word.sound for word in words))


def _words(text: str) -> list[Word]:
    found = list(_WORD.finditer(text))
    letters = [_letters(match.group()) for match in found]
    sounds = _sounds(letters)
    words: list[Word] = []
    for number, match in enumerate(found):
        gap = text[found[number - 1].end() : match.start()] if number else ""
        apart = _AFTER_TITLE if number and letters[number - 1] in _TITLES else _APART
        fixed = _is_fixed(match.group(), letters[number])
        words.append(Word(*match.span(), letters[number], sounds[number], bool(apart.fullmatch(gap)), fixed))
    return words


def _is_fixed(word: str, letters: str) -> bool:
    return letters in _MEANING or _NEGATED.search(word) is not None or any(map(str.isdigit, letters))


def _letters(word: str) -> str:
    letters = _POSSESSIVE.sub("", word).casefold()
    if not (letters.isascii() and letters.isalnum()):
        letters = "".join(filter(str.isalnum, unicodedata.normalize("NFKD", letters)))
    return _ABBREVIATED.get(letters, letters)


def _sounds(letters: list[str]) -> list[str]:
    """One rough sound for each word. All words at once: a tenth of the time it takes one by one."""
    text = " ".join(letters)
    for pattern, sound in _SOUNDS:
        text = pattern.sub(sound, text)
    return text.split(" ")


def _run(sounds: Sequence[str]) -> str:
    """Sounds of adjacent words as one."""
    joined = ""
    for sound in sounds:
        joined += sound[1:] if joined and sound[:1] == joined[-1] else sound
    return joined
