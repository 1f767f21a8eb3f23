"""One condition against one utterance: where it hits, after exclusions and negation. Knows nothing of the call."""

from itertools import product

from msgspec import Struct

from rtc.coaching.definitions import Condition, Digits, Near
from rtc.coaching.negation import is_negated
from rtc.coaching.normalising import Words, word_set
from rtc.coaching.patterns import Lexicon, Span, sentence_starts

_FILLERS = word_set("and then um uh er erm dash")
_BREAKS = word_set("but although though whereas")
_MAX_COMBINATIONS = 400


class Hit(Struct, frozen=True):
    """`operator` says what found it ("phrase", "near", "digits"); `end` is the word after its last."""

    operator: str
    end: int


class CompiledNear(Struct, frozen=True):
    groups: tuple[tuple[int, ...], ...]
    within: int


class CompiledCondition(Struct, frozen=True):
    definition: Condition
    phrases: tuple[int, ...]
    near: tuple[CompiledNear, ...]
    unless: tuple[int, ...]


def compile_condition(definition: Condition, lexicon: Lexicon) -> CompiledCondition:
    """Raises PatternError when a phrase cannot be read."""
    return CompiledCondition(
        definition,
        tuple(lexicon.add(phrase) for phrase in definition.phrases),
        tuple(_compile_near(near, lexicon) for near in definition.near),
        tuple(lexicon.add(phrase) for phrase in definition.unless),
    )


def _compile_near(near: Near, lexicon: Lexicon) -> CompiledNear:
    return CompiledNear(tuple(tuple(lexicon.add(phrase) for phrase in group) for group in near.groups), near.within)


def find(condition: CompiledCondition, said: Words, found: dict[int, list[Span]]) -> Hit | None:
    """The hit that ends first, or None. `found` is the lexicon's scan of `said`."""
    excluded = {
        word
        for pattern in condition.unless
        for span in found.get(pattern, ())
        if not span.guessed
        for word in _range(span)
    }
    negatable = condition.definition.negatable
    hits = [
        Hit("phrase", span.end)
        for pattern in condition.phrases
        for span in found.get(pattern, ())
        if _counts(said, span, excluded, negatable)
    ]
    for near in condition.near:
        hits.extend(_near_hits(near, said, found, excluded, negatable))
    digits = condition.definition.digits
    if digits is not None:
        hits.extend(_digit_hits(digits, said))
    return min(hits, key=lambda hit: hit.end) if hits else None


def _range(span: Span) -> range:
    return range(span.start, span.end)


def _counts(said: Words, span: Span, excluded: set[int], negatable: bool) -> bool:
    if span.guessed and len(_range(span)) == 1:
        return False  # one word, and that one guessed
    if excluded and any(word in excluded for word in _range(span)):
        return False
    return not (negatable and is_negated(said, span.start))


def _near_hits(
    near: CompiledNear, said: Words, found: dict[int, list[Span]], excluded: set[int], negatable: bool
) -> list[Hit]:
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
    return [
        Hit("near", max(span.end for span in spans))
        for spans in product(*groups)
        if _together(spans, near.within, breaks) and not (negatable and any(is_negated(said, s.start) for s in spans))
    ]


def _together(spans: tuple[Span, ...], within: int, breaks: list[int]) -> bool:
    first, last = min(span.start for span in spans), max(span.end for span in spans)
    if last - first > within or sum(span.guessed for span in spans) > 1:
        return False
    taken = [word for span in spans for word in _range(span)]
    return len(taken) == len(set(taken)) and not any(first < stop < last for stop in breaks)


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
