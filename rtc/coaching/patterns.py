"""The phrase language of playbooks, and a scan of one utterance for all phrases of a playbook at once.

    chest pain              these words, one after the other
    pain*                   a word that begins with "pain"
    {tight|heavy} chest     one of these; an alternative may have several words
    my? chest               may be left out
    short ... breath        up to four other words between
    {<body part>} hurts     the words of the playbook's list "body part"

Misrecognised words ("chess pain") match when one letter is wrong in a word of five, two in a word of eight, and the
first letter is right. One such slip per phrase; whoever uses a span of one guessed word must have other evidence.
"""

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct
from rapidfuzz.distance import Levenshtein

from rtc.coaching.normalising import STOP, Words, plain, read, word_set

GAP_WORDS = 4
MAX_STEPS = 16
MAX_ALTERNATIVES = 200
MAX_CACHED = 5_000

_CONTINUES = word_set("in on across around over under down through and or with like to into when that for from of as")
"""A sentence that begins with one of these goes on from the one before: recognisers put full stops at pauses."""

_TOKEN = re.compile(r"\{[^{}]*\}\??|\.\.\.|[^\s{}]+")


class PatternError(ValueError):
    """A phrase cannot be read. The text says why."""


class Span(Struct, frozen=True, order=True):
    """Words `start` to `end` (exclusive) of an utterance; `guessed` of them were near misses."""

    start: int
    end: int
    guessed: int = 0


class Step(Struct, frozen=True):
    """One place of a pattern: any of `alternatives` (each a row of word numbers)."""

    alternatives: tuple[tuple[int, ...], ...]
    optional: bool
    gap: int


class Heading(Struct, frozen=True):
    """What one spoken word can stand for: numbers of vocabulary words."""

    exact: frozenset[int]
    near_miss: frozenset[int]


class Lexicon:
    """All phrases of a playbook compiled against one vocabulary. Built once per playbook; holds nothing of a call."""

    def __init__(self, lists: Mapping[str, Iterable[str]] | None = None) -> None:
        self._lists = {name: tuple(entries) for name, entries in (lists or {}).items()}
        self._numbers: dict[str, int] = {}
        self._spelled: list[str] = []
        """The vocabulary by number. A final * is written too."""
        self._read: dict[str, tuple[int, ...]] = {}
        self._prefixes: dict[str, list[tuple[str, int]]] = {}
        self._long: dict[str, list[tuple[str, int, int]]] = {}
        self._patterns: list[tuple[Step, ...]] = []
        self._known: dict[str, int] = {}
        self._starting: dict[int, list[int]] = {}

    def add(self, pattern: str) -> int:
        """Compile; the same text gives the same number. Raises PatternError."""
        if pattern in self._known:
            return self._known[pattern]
        steps = self._compile(pattern)
        number = len(self._patterns)
        self._patterns.append(steps)
        self._known[pattern] = number
        for step in steps:
            for alternative in step.alternatives:
                starting = self._starting.setdefault(alternative[0], [])
                if number not in starting:
                    starting.append(number)
            if not step.optional:
                break
        return number

    def _compile(self, pattern: str) -> tuple[Step, ...]:
        if pattern.count("{") != pattern.count("}"):
            raise PatternError(f"'{pattern}': a brace is not closed")
        steps: list[Step] = []
        gap = 0
        for part in _TOKEN.findall(pattern):
            if part == "...":
                gap = GAP_WORDS
                continue
            optional = part.endswith("?")
            body = part.removesuffix("?")
            choices = body[1:-1].split("|") if body.startswith("{") else [body]
            alternatives = tuple(dict.fromkeys(self._alternatives(choices, pattern)))
            if body.startswith("{") or len(alternatives[0]) == 1 or optional:
                steps.append(Step(alternatives, optional, gap if steps else 0))
            else:  # a contraction opens into several words: "don't" is two places
                steps.extend(
                    Step(((word,),), False, (gap if n == 0 else 0) if steps else 0)
                    for n, word in enumerate(alternatives[0])
                )
            gap = 0
        steps = self._joined_numbers(steps)
        if gap or not steps or all(step.optional for step in steps):
            raise PatternError(f"'{pattern}': a phrase needs a word, and cannot end with '...'")
        if len(steps) > MAX_STEPS:
            raise PatternError(f"'{pattern}': more than {MAX_STEPS} words")
        return tuple(steps)

    def _alternatives(self, choices: list[str], pattern: str) -> list[tuple[int, ...]]:
        found: list[tuple[int, ...]] = []
        for choice in choices:
            text = choice.strip()
            if text.startswith("<") and text.endswith(">"):
                name = text[1:-1]
                if name not in self._lists:
                    raise PatternError(f"'{pattern}': there is no word list '{name}'")
                if any("<" in entry for entry in self._lists[name]):
                    raise PatternError(f"'{pattern}': word list '{name}' names another list")
                found.extend(self._alternatives(list(self._lists[name]), pattern))
            else:
                found.append(self._words(text, pattern))
        if len(found) > MAX_ALTERNATIVES:
            raise PatternError(f"'{pattern}': more than {MAX_ALTERNATIVES} alternatives")
        return found

    def _words(self, text: str, pattern: str) -> tuple[int, ...]:
        if text not in self._read:
            self._read[text] = self._read_words(plain(text), pattern)
        return self._read[text]

    def _read_words(self, text: str, pattern: str) -> tuple[int, ...]:
        if not re.fullmatch(r"[a-z0-9'*\- ]+", text) or re.search(r"\*(?! |$)|(?:^| )\*", text):
            raise PatternError(f"'{pattern}': '{text}' is not a word; write letters, digits, ' and a final *")
        numbers: list[int] = []
        for part in text.split() if "*" in text else [text]:
            words = read(part.removesuffix("*")).words
            if not words:
                raise PatternError(f"'{pattern}': '{part}' is not a word")
            starred = part.endswith("*")
            numbers.extend(self._number(word, starred and n == len(words) - 1) for n, word in enumerate(words))
        return tuple(numbers)

    def _number(self, word: str, prefix: bool) -> int:
        key = word + "*" if prefix else word
        if key not in self._numbers:
            number = self._numbers[key] = len(self._numbers)
            self._spelled.append(key)
            if prefix:
                self._prefixes.setdefault(word[0], []).append((word, number))
            if len(word) >= 5 and word.isalpha():
                self._long.setdefault(word[0], []).append((word, number, 1 if len(word) < 8 else 2))
        return self._numbers[key]

    def _joined_numbers(self, steps: list[Step]) -> list[Step]:
        """So that "nine nine nine" in a pattern is the one word 999, as it is in what is heard."""
        out: list[Step] = []
        for step in steps:
            if out and not step.gap and self._is_short_number(step) and self._is_short_number(out[-1]):
                joined = "".join(self._spelled[one.alternatives[0][0]] for one in (out[-1], step))
                out[-1] = Step(((self._number(joined, prefix=False),),), False, out[-1].gap)
            else:
                out.append(step)
        return out

    def _is_short_number(self, step: Step) -> bool:
        return (
            not step.optional
            and len(step.alternatives) == 1
            and len(step.alternatives[0]) == 1
            and self._spelled[step.alternatives[0][0]].isdigit()
        )

    def head(self, word: str) -> Heading:
        """The vocabulary words that `word` may be, exactly or with a slip of the recogniser."""
        exact = {number for prefix, number in self._prefixes.get(word[0], ()) if word.startswith(prefix)}
        if word in self._numbers:
            exact.add(self._numbers[word])
        near_miss: set[int] = set()
        if len(word) >= 4:
            for known, number, slips in self._long.get(word[0], ()):
                if number not in exact and Levenshtein.distance(word, known, score_cutoff=slips) <= slips:
                    near_miss.add(number)
        return Heading(frozenset(exact), frozenset(near_miss))

    def scan(self, said: Words, headings: dict[str, Heading]) -> dict[int, list[Span]]:
        """Where each phrase occurs, by pattern number. `headings` belongs to the call: it remembers words heard."""
        if len(headings) > MAX_CACHED:
            headings.clear()
        heads = []
        for word in said.words:
            heading = headings.get(word)
            if heading is None:
                heading = headings[word] = self.head(word)
            heads.append(heading)
        stops = sentence_starts(said)
        found: dict[int, list[Span]] = {}
        for at, heading in enumerate(heads):
            candidates = {
                pattern for number in heading.exact | heading.near_miss for pattern in self._starting.get(number, ())
            }
            for pattern in candidates:
                span = _match(self._patterns[pattern], heads, stops, at)
                if span is not None:
                    found.setdefault(pattern, []).append(span)
        return found


def _match(steps: tuple[Step, ...], heads: list[Heading], stops: list[int], start: int) -> Span | None:
    """The shortest occurrence that begins at word `start`. Depth is bounded by MAX_STEPS, width by GAP_WORDS."""
    best: Span | None = None
    waiting: list[tuple[int, int, int]] = [(0, start, 0)]  # step, word, guessed
    seen = set()
    while waiting:
        state = waiting.pop()
        if state in seen:
            continue
        seen.add(state)
        n, at, guessed = state
        if n == len(steps):
            span = Span(start, at, guessed)
            best = span if best is None or (span.guessed, span.end) < (best.guessed, best.end) else best
            continue
        step = steps[n]
        if step.optional:
            waiting.append((n + 1, at, guessed))
        for begin in range(at, at + (step.gap if at > start else 0) + 1):
            if any(start < stop <= begin for stop in stops):
                break  # a phrase does not run over the end of a sentence
            for alternative in step.alternatives:
                slips = _slips(alternative, heads, begin)
                if slips is not None and guessed + slips <= 1:
                    waiting.append((n + 1, begin + len(alternative), guessed + slips))
    return best


def _slips(alternative: tuple[int, ...], heads: list[Heading], at: int) -> int | None:
    if at + len(alternative) > len(heads):
        return None
    slips = 0
    for number, head in zip(alternative, heads[at : at + len(alternative)], strict=True):
        if number in head.exact:
            continue
        if number not in head.near_miss:
            return None
        slips += 1
    return slips


def sentence_starts(said: Words) -> list[int]:
    """Words (not the first) that begin a new sentence. One that only goes on after a pause does not count."""
    return [
        n
        for n, (word, mark) in enumerate(zip(said.words, said.marks, strict=True))
        if n > 0 and mark == STOP and word not in _CONTINUES
    ]
