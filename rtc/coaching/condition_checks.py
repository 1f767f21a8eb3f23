"""Whether the conditions of a playbook can be evaluated: phrases, expressions, and what they ask about each other."""

from collections.abc import Callable, Iterable, Iterator

from rtc.coaching.classifier.labels import BY_LEG, KNOWN_LABELS
from rtc.coaching.definitions import Condition, Head
from rtc.coaching.patterns import Lexicon, PatternError
from rtc.coaching.regexes import RegexError, compile_regex
from rtc.coaching.rules import CircularError, in_order
from rtc.coaching.structure import Refusals

Known = Callable[[Iterable[str], str], Iterator[tuple[str, str]]]

_NEEDS = (
    "needs something to be met by: 'phrases', 'near', 'digits', 'regex', 'entity' or 'semantic'; 'any', 'all' or "
    "'absent'; 'silence', 'cross_talk', 'talk_ratio', 'hold' or 'elapsed_s'"
)
_OF_WORDS = ("repeat", "no_phrases", "unless", "before")


def referred(condition: Condition) -> list[str]:
    return [name for names in condition.refers.values() for name in names]


def check_conditions(
    conditions: dict[str, Condition], head: Head | None, lexicon: Lexicon, refusals: Refusals, known: Known
) -> None:
    """`lexicon` learns every phrase."""
    for name in head.words if head else ():
        _compile(lexicon, "{<" + name + ">}", f"$.words.{name}", refusals)
    for name, condition in conditions.items():
        path = f"$.conditions.{name}"
        _check_kind(condition, path, refusals)
        _check_words(condition, path, lexicon, refusals, lists_known=head is not None)
        _check_semantic(condition, path, head, refusals)
        _check_time(condition, path, refusals)
        for key, names in condition.refers.items():
            for other, place in known(names, f"{path}.{key}"):
                if conditions[other].late:
                    refusals.add(place, f"'{other}' is known when the call is over; nothing can wait for it")
    try:
        in_order(conditions)
    except CircularError as error:
        refusals.add(f"$.conditions.{error.name}", str(error))


def _check_kind(condition: Condition, path: str, refusals: Refusals) -> None:
    ways = [condition.hears, condition.composed, condition.timed]
    if not any(ways):
        refusals.add(path, _NEEDS)
    elif sum(ways) > 1:
        refusals.add(path, "words, other conditions and time are three conditions: combine them with 'all' or 'any'")
    if condition.absent is not None and (condition.any or condition.all):
        refusals.add(f"{path}.absent", "stands alone: combine it with 'all' or 'any' in another condition")
    if (
        condition.timed
        and sum(
            one is not None
            for one in (
                condition.silence,
                condition.cross_talk,
                condition.talk_ratio,
                condition.hold,
                condition.elapsed_s,
            )
        )
        > 1
    ):
        refusals.add(path, "measures one thing of time; combine several with 'all' or 'any' in another condition")
    if not condition.hears:
        for key in _OF_WORDS:
            if getattr(condition, key):
                refusals.add(f"{path}.{key}", "is for words that are heard")
    if condition.at_least > max(1, len(condition.any)):
        refusals.add(f"{path}.at_least", f"only {len(condition.any)} conditions are listed in 'any'")
    if condition.within_s is not None and not (condition.all or condition.at_least > 1):
        refusals.add(f"{path}.within_s", "is for 'all', or for 'any' with 'at_least'")


def _check_words(condition: Condition, path: str, lexicon: Lexicon, refusals: Refusals, lists_known: bool) -> None:
    places: list[tuple[str, str]] = []
    for key in ("phrases", "all_phrases", "no_phrases", "unless"):
        places += [(f"{path}.{key}[{n}]", phrase) for n, phrase in enumerate(getattr(condition, key))]
    if condition.n_of_phrases is not None:
        listed = condition.n_of_phrases.phrases
        places += [(f"{path}.n_of_phrases.phrases[{n}]", phrase) for n, phrase in enumerate(listed)]
        if condition.n_of_phrases.at_least > len(set(listed)):
            refusals.add(f"{path}.n_of_phrases.at_least", f"only {len(set(listed))} different phrases are listed")
    for n, near in enumerate(condition.near):
        for g, group in enumerate(near.groups):
            places += [(f"{path}.near[{n}].groups[{g}][{i}]", phrase) for i, phrase in enumerate(group)]
    for place, phrase in places:
        if lists_known or "<" not in phrase:
            _compile(lexicon, phrase, place, refusals)
    for n, pattern in enumerate(condition.regex):
        try:
            compile_regex(pattern)
        except RegexError as error:
            refusals.add(f"{path}.regex[{n}]", str(error))


def _compile(lexicon: Lexicon, phrase: str, place: str, refusals: Refusals) -> None:
    try:
        lexicon.add(phrase)
    except PatternError as error:
        refusals.add(place, str(error))


def _check_semantic(condition: Condition, path: str, head: Head | None, refusals: Refusals) -> None:
    semantic = condition.semantic
    if semantic is None:
        return
    if (semantic.label is None) == (not semantic.examples):
        refusals.add(f"{path}.semantic", "needs either 'label' or 'examples'")
    if semantic.counter_examples and not semantic.examples:
        refusals.add(f"{path}.semantic.counter_examples", "are nothing without 'examples'")
    if semantic.label is not None:
        _check_label(semantic.label, condition, path, refusals)
        if semantic.confirms > semantic.needed:
            refusals.add(f"{path}.semantic.confirms", f"is above 'at_least' ({semantic.needed:g})")
    if head is not None and not head.language.startswith("en"):
        refusals.add(f"{path}.semantic", f"meaning is understood in English only, this is '{head.language}'")


def _check_label(label: str, condition: Condition, path: str, refusals: Refusals) -> None:
    if label not in KNOWN_LABELS:
        refusals.add(f"{path}.semantic.label", f"there is no label '{label}'; known: {', '.join(sorted(KNOWN_LABELS))}")
    elif condition.leg != "any" and label not in BY_LEG[condition.leg]:
        other = "patient" if condition.leg == "agent" else "agent"
        refusals.add(f"{path}.semantic.label", f"'{label}' is what the {other} means: needs 'leg: {other}'")


def _check_time(condition: Condition, path: str, refusals: Refusals) -> None:
    if condition.from_s is not None and condition.until_s is not None and condition.from_s >= condition.until_s:
        refusals.add(f"{path}.until_s", f"is not behind 'from_s' ({condition.from_s:g})")
    if condition.share is not None and condition.share[0] >= condition.share[1]:
        refusals.add(f"{path}.share", "ends before it begins")
    ratio = condition.talk_ratio
    if ratio is not None and ratio.above is None and ratio.below is None:
        refusals.add(f"{path}.talk_ratio", "needs 'above' or 'below'")
    cross = condition.cross_talk
    if cross is not None and cross.at_least_s > cross.within_s:
        refusals.add(f"{path}.cross_talk.at_least_s", f"is more than 'within_s' ({cross.within_s:g})")
    absent = condition.absent
    if absent is not None and (absent.by_s is None) == (not absent.before):
        refusals.add(f"{path}.absent", "needs either 'by_s' or 'before'")
    if absent is not None and absent.before and absent.after:
        refusals.add(f"{path}.absent.after", "goes with 'by_s'")
    if condition.late and not condition.hears:
        refusals.add(path, "'last_s' and 'share' are for words that are heard")
