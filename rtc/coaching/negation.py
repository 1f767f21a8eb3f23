"""Is a phrase denied? "No chest pain", "I don't have any pain or swelling" are; "no, I have chest pain" is not.

Rules of English, looked at backwards from the phrase to the start of its clause, at most SCOPE_WORDS words.
In doubt a phrase counts as said: a cue too many costs a glance, one too few may cost more.
"""

from rtc.coaching.normalising import COMMA, NONE, Words, word_set
from rtc.coaching.patterns import sentence_starts

SCOPE_WORDS = 9

_NEGATORS = word_set("no not never without none neither nor denies denied")
_SUBJECTS = word_set("i he she we they it there you")
_CLAUSE_OPENERS = word_set(
    "but although though however except because just only then so since until unless yet still anyway"
)
_AFTER_PAUSE = _SUBJECTS | word_set("my the this that yes yeah now some his her our their")
_REPORTING = word_set("think thinks believe suppose reckon say saying feel if whether when while that")
_INVERTING = word_set("do does did have has is am are was were can could")

_MODALS = word_set("can could will would should shall might must")
_PERCEIVING = word_set("see feel find say tell promise have hear notice")
"""After a modal only these deny: "can't feel any pain" does, "can't stand the pain" does not."""

_NOT_DENYING = {
    "no": word_set("doubt idea better thank thanks worries problem matter wonder way 1 good"),
    "not": word_set(
        "only just sure well right good great long stopping easing settling shifting improving gone stopped stop go "
        "know want mind like understand care bother wait"
    ),
}
_NOT_DENYING_PAIRS = frozenset(
    (first, second)
    for first, seconds in {
        "going": "away off anywhere down",
        "getting": "better any easier",
        "feeling": "well right good great myself too very",
        "feel": "well right good great myself too very",
        "been": "well right good great feeling",
        "very": "well good",
        "too": "good well",
        "at": "all",
    }.items()
    for second in seconds.split()
)
_FIRST_TIME = (("like", "this"), ("like", "it"), ("like", "that"), ("this", "bad"), ("so", "bad"), ("as", "bad"))


def is_negated(said: Words, at: int) -> bool:
    """Whether word `at` of the utterance stands in the scope of a negation before it."""
    stops = set(sentence_starts(said))
    for i in range(at - 1, max(-1, at - 1 - SCOPE_WORDS), -1):
        if i + 1 in stops or _opens_clause(said, i + 1, at):
            return False
        if said.words[i] in _NEGATORS and _denies(said, i):
            return True
    return False


def _opens_clause(said: Words, i: int, at: int) -> bool:
    """Whether a new clause begins with word `i`, on the way to word `at`."""
    word, before = said.words[i], said.words[i - 1]
    following = said.words[i + 1] if i + 1 < len(said.words) else ""
    if word in _CLAUSE_OPENERS:
        return True
    if word == "and" and i < at and (following in _AFTER_PAUSE or following in _CLAUSE_OPENERS):
        return True
    if said.marks[i] == COMMA and (word in _AFTER_PAUSE or before == "no"):
        return True
    return word in _SUBJECTS and before not in _REPORTING and before not in _INVERTING


def _denies(said: Words, i: int) -> bool:
    words = said.words
    word = words[i]
    before = words[i - 1] if i > 0 else ""
    after = words[i + 1] if i + 1 < len(words) else ""
    if word == "no" and i + 1 < len(words) and said.marks[i + 1] != NONE:
        return False  # an answer, not a determiner
    if word == "not" and before in _MODALS:
        return after in _PERCEIVING
    if before in ("or", "why"):
        return before == "or" and word != "not"
    if after in _NOT_DENYING.get(word, ()):
        return False
    pairs = set(zip(words[i + 1 :], words[i + 2 : i + 12], strict=False))
    if word == "not" and (after, words[i + 2] if i + 2 < len(words) else "") in _NOT_DENYING_PAIRS:
        # "not at all" and "not been well" speak of something else than what follows
        return False
    return not (word == "never" and ("before" in words[i + 1 : i + 12] or any(pair in pairs for pair in _FIRST_TIME)))
