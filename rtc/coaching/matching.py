"""One condition against one utterance: where it hits, after exclusions and scopes. Knows nothing of the call."""

import re
from itertools import product

from msgspec import Struct

from rtc.coaching import languages
from rtc.coaching.classifier.meaning import Examples, embed
from rtc.coaching.definitions import Condition
from rtc.coaching.languages import GRAMMARS
from rtc.coaching.negation import is_negated
from rtc.coaching.normalising import Words, word_set
from rtc.coaching.operators import Digits, Near
from rtc.coaching.patterns import Lexicon, Span, sentence_starts
from rtc.coaching.reading import Reading
from rtc.coaching.regexes import compile_regex
from rtc.coaching.scopes import has_ended, is_over, is_supposed

_FILLERS = word_set("and then um uh er erm dash")
_BREAKS = word_set("but although though whereas")
_MAX_COMBINATIONS = 400

DENIED = 0.9
"""Where the words of a condition stand in the turn and each of them is denied, over or excepted, its meaning must be
this sure to count all the same."""


class Hit(Struct, frozen=True):
    """`operator` says what found it ("phrase", "near", "semantic" and so on); `end` is the word after its last."""

    operator: str
    end: int


class CompiledNear(Struct, frozen=True):
    groups: tuple[tuple[int, ...], ...]
    within: int


class CompiledCondition:
    """Shared by all calls. Everything is fixed but `examples`, which are read when they are first needed."""

    def __init__(self, definition: Condition, lexicon: Lexicon, language: str = "en") -> None:
        """Raises PatternError when a phrase cannot be read, RegexError when a regular expression is refused.

        `language`: two letters. What is denied or over is told by English rules where there are none for it.
        """
        self.definition = definition
        self.grammar = GRAMMARS.get(language)
        self.phrases = _add(definition.phrases, lexicon)
        self.all_phrases = _add(definition.all_phrases, lexicon)
        self.n_of = _add(definition.n_of_phrases.phrases, lexicon) if definition.n_of_phrases else ()
        self.no_phrases = _add(definition.no_phrases, lexicon)
        self.unless = _add(definition.unless, lexicon)
        self.near = tuple(_compile_near(near, lexicon) for near in definition.near)
        self.regex: tuple[re.Pattern[str], ...] = tuple(compile_regex(one) for one in definition.regex)
        self._examples: Examples | None = None

    @property
    def examples(self) -> Examples | None:
        """The sentences of `semantic`, as vectors. The first time about 5 ms for each sentence."""
        semantic = self.definition.semantic
        if self._examples is None and semantic is not None and semantic.examples:
            self._examples = embed(semantic.examples, semantic.counter_examples)
        return self._examples


def _add(phrases: list[str], lexicon: Lexicon) -> tuple[int, ...]:
    return tuple(lexicon.add(phrase) for phrase in phrases)


def _compile_near(near: Near, lexicon: Lexicon) -> CompiledNear:
    return CompiledNear(tuple(_add(group, lexicon) for group in near.groups), near.within)


def find(condition: CompiledCondition, reading: Reading, complete: bool = True) -> Hit | None:
    """The hit that ends first, or None. `complete`: nothing more is coming just now, so the whole turn may be asked
    what it means; else only where its words hit.

    Phrases propose, meaning disposes: where the condition names a label, words count only if the classifier agrees.
    """
    if any(pattern in reading.found for pattern in condition.no_phrases) or not reading.said.words:
        return None
    hits = _word_hits(condition, reading)
    semantic = condition.definition.semantic
    if semantic is not None and semantic.label is not None and (hits or complete):
        score = reading.meaning.label(semantic.label)
        needed = semantic.needed if hits or not mentions(condition, reading) else max(semantic.needed, DENIED)
        hits = hits if score >= semantic.confirms else []
        if complete and score >= needed:
            hits.append(Hit("semantic", len(reading.said.words)))
    examples = condition.examples if complete else None
    if semantic is not None and examples is not None and reading.meaning.nearness(examples) >= semantic.needed:
        hits.append(Hit("semantic", len(reading.said.words)))
    return min(hits, key=_end) if hits else None


def mentions(condition: CompiledCondition, reading: Reading) -> bool:
    """Whether the phrases of the condition occur, denied or not: is this what a question asks for?"""
    if any(pattern in reading.found for pattern in condition.phrases):
        return True
    said, found = reading.said, reading.found
    return any(_near_spans(near, said, found, set()) for near in condition.near)


def _end(hit: Hit) -> int:
    return hit.end


def _word_hits(condition: CompiledCondition, reading: Reading) -> list[Hit]:
    found = reading.found
    excluded = {
        word
        for pattern in condition.unless
        for span in found.get(pattern, ())
        if not span.guessed
        for word in _range(span)
    }
    hits = [Hit("phrase", span.end) for span in _spans(condition, condition.phrases, reading, excluded)]
    wanted = condition.definition
    if condition.all_phrases:
        hits += _enough("all_phrases", condition, condition.all_phrases, len(condition.all_phrases), reading, excluded)
    if wanted.n_of_phrases is not None:
        hits += _enough("n_of", condition, condition.n_of, wanted.n_of_phrases.at_least, reading, excluded)
    for near in condition.near:
        hits += [
            Hit("near", max(span.end for span in spans))
            for spans in _near_spans(near, reading.said, found, excluded)
            if all(in_scope(condition, reading.said, span) for span in spans)
        ]
    if wanted.digits is not None:
        hits += _digit_hits(wanted.digits, reading.said)
    for pattern in condition.regex:
        match = pattern.search(reading.plain)
        if match is not None:
            hits += _regex_hits(condition, match, reading.said, excluded)
    if wanted.entity is not None:
        ends = reading.entity_ends(wanted.entity)
        if len(ends) >= wanted.entity.at_least:
            hits.append(Hit("entity", ends[wanted.entity.at_least - 1]))
    return hits


def _range(span: Span) -> range:
    return range(span.start, span.end)


def _spans(condition: CompiledCondition, patterns: tuple[int, ...], reading: Reading, excluded: set[int]) -> list[Span]:
    return [
        span
        for pattern in patterns
        for span in reading.found.get(pattern, ())
        if _counts(condition, reading.said, span, excluded)
    ]


def _enough(
    operator: str,
    condition: CompiledCondition,
    patterns: tuple[int, ...],
    needed: int,
    reading: Reading,
    excluded: set[int],
) -> list[Hit]:
    """Met where the last phrase that is needed ends."""
    first = [
        min(span.end for span in spans)
        for pattern in dict.fromkeys(patterns)
        if (spans := _spans(condition, (pattern,), reading, excluded))
    ]
    return [Hit(operator, sorted(first)[needed - 1])] if len(first) >= needed else []


def _counts(condition: CompiledCondition, said: Words, span: Span, excluded: set[int]) -> bool:
    if span.guessed and len(_range(span)) == 1:
        return False  # one word, and that one guessed
    if excluded and any(word in excluded for word in _range(span)):
        return False
    return in_scope(condition, said, span)


def in_scope(condition: CompiledCondition, said: Words, span: Span) -> bool:
    """Whether it is said to be so: not denied, and where the condition asks for it, of now and of what is."""
    wanted, grammar = condition.definition, condition.grammar
    if grammar is not None:
        if wanted.negatable and languages.is_denied(grammar, said, span):
            return False
        if not wanted.past and languages.is_over(grammar, said, span):
            return False
        return wanted.supposed or not languages.is_supposed(grammar, said, span)
    if wanted.negatable and (is_negated(said, span.start) or has_ended(said, span)):
        return False
    if not wanted.past and is_over(said, span):
        return False
    return wanted.supposed or not is_supposed(said, span)


def _near_spans(
    near: CompiledNear, said: Words, found: dict[int, list[Span]], excluded: set[int]
) -> list[tuple[Span, ...]]:
    groups = [
        [
            span
            for pattern in group
            for span in found.get(pattern, ())
            if not any(word in excluded for word in _range(span))
        ]
        for group in near.groups
    ]
    size = 1
    for group in groups:
        size *= len(group)
    if size == 0:
        return []
    groups = [sorted(group)[-12:] for group in groups] if size > _MAX_COMBINATIONS else groups
    breaks = [*sentence_starts(said), *(n for n, word in enumerate(said.words) if word in _BREAKS)]
    return [spans for spans in product(*groups) if _together(spans, near.within, breaks)]


def _together(spans: tuple[Span, ...], within: int, breaks: list[int]) -> bool:
    first, last = min(span.start for span in spans), max(span.end for span in spans)
    if last - first > within or sum(span.guessed for span in spans) > 1:
        return False
    taken = [word for span in spans for word in _range(span)]
    return len(taken) == len(set(taken)) and not any(first < stop < last for stop in breaks)


def _regex_hits(condition: CompiledCondition, match: re.Match[str], said: Words, excluded: set[int]) -> list[Hit]:
    """The words the expression touched. It was run on the end of the turn, so words are counted from there."""
    behind = match.string.count(" ", match.end())
    end = len(said.words) - behind
    start = max(0, end - 1 - match.group().strip().count(" "))
    span = Span(start, end)
    return [Hit("regex", end)] if _counts(condition, said, span, excluded) else []


def _digit_hits(digits: Digits, said: Words) -> list[Hit]:
    hits = []
    run = ""
    for n, word in enumerate(said.words):
        if word.isdigit():
            run += word
            if len(run) >= digits.at_least and (not digits.first or run[0] in digits.first):
                hits.append(Hit("digits", n + 1))
        elif word not in _FILLERS:
            run = ""
    return hits
