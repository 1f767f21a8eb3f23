"""Things with a form: dates of birth, postcodes, telephone, card and NHS numbers, sums of money, times of day.

Each finder takes the words of one turn (digits left apart, see `read_unjoined`) and returns where one ends, never what
it is. Rules by country where forms differ; a country without a rule of its own has none of that kind.
"""

import re
from collections.abc import Callable

from rtc.coaching.normalising import word_set
from rtc.coaching.operators import Entity, EntityKind

_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|"
    "aug|sept?|oct|nov|dec|"
    "januar|februar|marz|mai|juni|juli|oktober|dezember|janvier|fevrier|mars|avril|juin|juillet|aout|septembre|octobre|"
    "novembre|decembre|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|"
    "gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre|januari|februari|maart|mei|augustus"
)
_ORDINALS = {
    word: str(n)
    for words, start in (
        ("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth", 1),
        ("fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth", 14),
    )
    for n, word in enumerate(words.split(), start)
} | {"thirtieth": "30"}
_DAY = r"(?:0?[1-9]|[12] ?\d|3[01]|30 1|20 [1-9])(?: ?(?:st|nd|rd|th))?"
_YEAR = r"(?:(?:19|20) ?\d ?\d|1 9 \d \d|2 0 \d \d|\d\d)"
_BIRTH = re.compile(
    rf"\b{_DAY} (?:of |de |di |des )?(?:{_MONTHS}) (?:of |de |in )?{_YEAR}\b"
    rf"|\b(?:{_MONTHS}) (?:the )?{_DAY} {_YEAR}\b"
    rf"|\b(?:0 ?[1-9]|[12] ?\d|3 ?[01]|[1-9]) (?:0 ?[1-9]|1 ?[0-2]|[1-9]) (?:19|20) ?\d ?\d\b"
    rf"|\b(?:0 ?[1-9]|[12]\d|3[01]|[1-9]) (?:0 ?[1-9]|1[0-2]|[1-9]) [3-9]\d\b(?! \d)"
)

_LETTERS = r"[a-z]"
_POSTCODES = {
    "GB": rf"{_LETTERS} ?{_LETTERS}? ?\d ?[a-z\d]? ?\d ?{_LETTERS} ?{_LETTERS}",
    "IE": r"[a-z] ?\d ?[\dw] ?(?:[a-z\d] ?){3}[a-z\d]",
    "NL": r"[1-9] ?\d ?\d ?\d ?[a-z] ?[a-z]",
    "DE": r"\d ?\d ?\d ?\d ?\d",
    "FR": r"\d ?\d ?\d ?\d ?\d",
    "ES": r"\d ?\d ?\d ?\d ?\d",
    "IT": r"\d ?\d ?\d ?\d ?\d",
}
_POSTCODE = {country: re.compile(rf"(?<![a-z\d]){form}(?![a-z]| ?\d)") for country, form in _POSTCODES.items()}

_SUM = r"\d[\d ]*"
_MONEY = re.compile(
    rf"\b(?:{_SUM} (?:pounds?|quid|euros?|dollars?|pence|p|cents?|fivers?|tenners?|grand|franken|livres?)"
    rf"|(?:pounds|euros) {_SUM}|(?:hundred|thousand) (?:pounds?|quid|euros?)|(?:a|1) (?:fiver|tenner))\b"
)
_HOUR = r"(?:1[0-2]|[1-9])"
_TIME = re.compile(
    rf"\b(?:(?:half|quarter)(?: (?:past|to))? {_HOUR}|(?:5|10|20|25) (?:past|to) {_HOUR}|{_HOUR} oclock"
    rf"|(?:1?\d|2[0-3]) [0-5]\d (?:am|pm|a m|p m|uhr)|{_HOUR} ?(?:am|pm|a m|p m)"
    rf"|(?:at|by|for|around|about|after|before|till|until) {_HOUR} (?:[0-5]\d|[1-5]0|oh [1-9])"
    r"|(?:1?\d|2[0-3]) (?:uhr|heures?|horas?)|um (?:1?\d|2[0-3])|alle (?:1?\d|2[0-3])|midday|noon|midnight)\b"
)

_BETWEEN_DIGITS = word_set("and then um uh er erm dash it is its that")
_MIN_PARTIAL = 8
"""Digits of a card number that are enough to stop its reading: the issuer's eight (ISO/IEC 7812-1:2017)."""

CARRIED_S = 8.0
"""A number read in groups goes on in the next utterance, if that begins within so many seconds."""


class Run:
    """Digits said one after the other; `end` is the word after the last."""

    __slots__ = ("digits", "end", "start")

    def __init__(self, digits: str, start: int, end: int) -> None:
        self.digits = digits
        self.start = start
        self.end = end


def runs(words: list[str]) -> list[Run]:
    """All runs of digits, with small words between them passed over."""
    found: list[Run] = []
    open_run: Run | None = None
    for n, word in enumerate(words):
        if word.isdigit():
            if open_run is None:
                open_run = Run("", n, n)
                found.append(open_run)
            open_run.digits += word
            open_run.end = n + 1
        elif word not in _BETWEEN_DIGITS:
            open_run = None
    return found


def unfinished(words: list[str]) -> str:
    """The digits with which a turn ends: more of the same number may follow."""
    every = runs(words)
    return every[-1].digits if every and every[-1].end >= len(words) - 1 else ""


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B."""
    total = 0
    for n, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if n % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_nhs_number(digits: str) -> bool:
    """Ten digits, the last one their check digit modulo 11 (NHS Data Dictionary)."""
    if len(digits) != 10:
        return False
    check = 11 - sum(int(digit) * (10 - n) for n, digit in enumerate(digits[:9])) % 11
    return (0 if check == 11 else check) == int(digits[9])


def is_card_number(digits: str, partial: bool) -> bool:
    """Cards begin with 2 to 6; telephone numbers with 0 or 7, and an NHS number has ten digits and its own check."""
    if digits[0] not in "23456":
        return False
    if 13 <= len(digits) <= 19 and luhn(digits):
        return True
    return partial and _MIN_PARTIAL <= len(digits) <= 19 and not is_nhs_number(digits)


def is_telephone(digits: str) -> bool:
    """National, with its leading 0, or with the country's prefix."""
    local = digits.startswith("0") and not digits.startswith("00")
    abroad = digits.startswith(("00", "44", "353", "49", "33", "34", "39", "31"))
    return (local and 9 <= len(digits) <= 11) or (abroad and 11 <= len(digits) <= 15)


def ends(entity: Entity, words: list[str], country: str, carried: str = "") -> list[int]:
    """The word after each occurrence. `carried`: digits with which the same side's last turn ended."""
    kind: EntityKind = entity.kind
    if kind in _BY_DIGITS:
        return _digit_ends(entity, words, carried)
    text, starts = _text(words)
    pattern = _POSTCODE.get(country) if kind == "postcode" else _BY_FORM[kind]
    if pattern is None:
        return []
    return [_word_after(match.end(), starts) for match in pattern.finditer(text)]


def _digit_ends(entity: Entity, words: list[str], carried: str) -> list[int]:
    accepts = _BY_DIGITS[entity.kind]
    found = []
    for run in runs(words):
        joined = carried + run.digits if run.start <= 1 else ""
        if accepts(run.digits, entity.partial) or (joined and accepts(joined, entity.partial)):
            found.append(run.end)
    return found


def _text(words: list[str]) -> tuple[str, list[int]]:
    """Words with ordinals as numbers, one space between; and where each word begins."""
    starts, parts, at = [], [], 0
    for n, word in enumerate(words):
        part = words[min(n + 1, len(words) - 1)] if word == "double" else _ORDINALS.get(word, word)
        starts.append(at)
        parts.append(part)
        at += len(part) + 1
    return " ".join(parts), starts


def _word_after(end: int, starts: list[int]) -> int:
    return sum(start < end for start in starts)


_BY_DIGITS: dict[EntityKind, Callable[[str, bool], bool]] = {
    "card_number": is_card_number,
    "nhs_number": lambda digits, partial: is_nhs_number(digits),
    "telephone": lambda digits, partial: is_telephone(digits),
}
_BY_FORM: dict[EntityKind, re.Pattern[str]] = {"date_of_birth": _BIRTH, "money": _MONEY, "time": _TIME}
