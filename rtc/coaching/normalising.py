"""Text as a recogniser writes it -> words that can be compared.

`read("I don't have 9-9-9.")` gives words ("i", "do", "not", "have", "999"), and for each word the mark before it.
The same function reads the patterns of a playbook, so both sides always agree on contractions and numbers.
"""

import re
import unicodedata

from msgspec import Struct

NONE, COMMA, STOP = "", ",", "."
"""What stands before a word: nothing, a pause inside a sentence, the end of a sentence."""

MAX_WORDS = 400
"""A turn longer than this is cut to its last words: nobody says more in one breath, a stuck recogniser does."""


class Words(Struct, frozen=True):
    """`words[i]` is preceded by `marks[i]`; both have the same length."""

    words: tuple[str, ...]
    marks: tuple[str, ...]


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _row(text: str) -> list[str]:
    return text.split()


_PIECE = re.compile(r"[a-z]+(?:'[a-z]+)*|[0-9]+|[£€]|[.,;:!?\u2013\u2014]|-")
_MARK = {".": STOP, "!": STOP, "?": STOP, ";": STOP, ":": COMMA, ",": COMMA, "\u2013": COMMA, "\u2014": COMMA}
_LETTERS = str.maketrans({"\u2019": "'", "\u2018": "'", "\u00df": "ss", "\u0153": "oe", "\u00e6": "ae", "\u00f8": "o"})

_CURRENCIES = {"£": "pounds", "€": "euros"}
_CONTRACTIONS = {
    "won't": "will not",
    "can't": "can not",
    "cannot": "can not",
    "shan't": "shall not",
    "ain't": "is not",
    "let's": "let us",
    "o'clock": "oclock",
    "alright": "all right",
    "gonna": "going to",
    "wanna": "want to",
    "gotta": "got to",
    "dr": "doctor",
    "ok": "okay",
    "checkup": "check up",
    # The recogniser often leaves the apostrophe out.
    "dont": "do not",
    "doesnt": "does not",
    "didnt": "did not",
    "isnt": "is not",
    "arent": "are not",
    "wasnt": "was not",
    "havent": "have not",
    "hasnt": "has not",
    "cant": "can not",
    "wont": "will not",
    "im": "i am",
    "ive": "i have",
    "youre": "you are",
    "theyre": "they are",
    "thats": "that is",
    "hes": "he is",
    "shes": "she is",
    "theres": "there is",
    "its": "it is",
}
_ENDINGS = (("n't", " not"), ("'m", " am"), ("'ve", " have"), ("'re", " are"), ("'ll", " will"), ("'d", " would"))
_IS_AFTER = word_set("it he she that there this what who where here how when why everything something somebody someone")

_UNITS = {word: str(n) for n, word in enumerate(_row("zero one two three four five six seven eight nine"))}
_TEENS = {
    word: str(n)
    for n, word in enumerate(
        _row("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"), start=10
    )
}
_TENS = {word: str(n) for n, word in enumerate(_row("twenty thirty forty fifty sixty seventy eighty ninety"), start=2)}
_TIMES = {"double": 2, "treble": 3, "triple": 3}


def read(text: str) -> Words:
    """Lower case, without accents, contractions opened, possessive s dropped, spoken numbers as digits, loops cut."""
    return _join_digits(*_digits(*_pieces(text)))


def read_unjoined(text: str) -> list[str]:
    """The same words, with digits said one by one left apart: "9 9 9" is three words, "14/03/1962" too."""
    return _digits(*_pieces(text))[0]


def plain(text: str) -> str:
    """Lower case, without accents: recognisers and people leave them out as they like."""
    text = text.lower().translate(_LETTERS)
    if text.isascii():
        return text
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


def _pieces(text: str) -> tuple[list[str], list[str]]:
    """Words and the mark before each, loops cut."""
    words: list[str] = []
    marks: list[str] = []
    mark = NONE
    hyphen = False
    for piece in _PIECE.findall(plain(text)):
        if piece == "-":
            hyphen = True
        elif piece in _MARK:
            mark = STOP if STOP in (mark, _MARK[piece]) else COMMA
        else:
            for word in _open(piece):
                words.append(word)
                marks.append(mark or ("-" if hyphen else NONE))
                mark, hyphen = NONE, False
    return _without_loops(words[-MAX_WORDS:], marks[-MAX_WORDS:])


def _open(piece: str) -> list[str]:
    if piece in _CURRENCIES:
        return [_CURRENCIES[piece]]
    known = _CONTRACTIONS.get(piece)
    if known is not None:
        return known.split()
    for ending, opened in _ENDINGS:
        if piece.endswith(ending):
            return (piece[: -len(ending)] + opened).split()
    if piece.endswith("'s"):
        stem = piece[:-2]
        return [stem, "is"] if stem in _IS_AFTER else [stem]
    return [piece.replace("'", "")]


def _without_loops(words: list[str], marks: list[str]) -> tuple[list[str], list[str]]:
    """Keep one turn of a loop ("Thank you. Thank you. Thank you. Th...").

    Whisper repeats itself on short windows; a phrase inside a loop has been heard once, at the end of the hypothesis.
    """
    n = len(words)
    if n < 9 or len(set(words)) * 2 > n:
        return words, marks
    for start in range(n):
        for period in range(1, min(20, (n - start) // 3) + 1):
            turns = _turns(words, start, period)
            if turns >= 3 and (turns >= 6 or not _all_digits(words[start : start + period])):
                end = start + turns * period
                rest = words[end:]
                if rest == words[start : start + len(rest)]:
                    end = n
                kept = _without_loops(words[end:], marks[end:])
                return words[: start + period] + kept[0], marks[: start + period] + kept[1]
    return words, marks


def _all_digits(block: list[str]) -> bool:
    """Digits are repeated by people too: "five five five five"."""
    return all(word.isdigit() or word in _UNITS or word in _TENS or word in _TEENS for word in block)


def _turns(words: list[str], start: int, period: int) -> int:
    block = words[start : start + period]
    turns = 1
    while words[start + turns * period : start + (turns + 1) * period] == block:
        turns += 1
    return turns


def _digits(words: list[str], marks: list[str]) -> tuple[list[str], list[str]]:
    """Number words as digits: "sixty five" 65, "double nine" 99, and "oh" as 0 between digits."""
    out: list[str] = []
    out_marks: list[str] = []
    i = 0
    while i < len(words):
        word, taken = _number(words, marks, i, out[-1] if out else "")
        out.append(word)
        out_marks.append(marks[i])
        i += taken
    return out, out_marks


def _number(words: list[str], marks: list[str], i: int, before: str) -> tuple[str, int]:
    word = words[i]
    following = words[i + 1] if i + 1 < len(words) and marks[i + 1] in (NONE, "-") else ""
    unit = _UNITS.get(following, following if len(following) == 1 and following.isdigit() else "")
    if word in _TIMES and following in ("oh", "o"):
        return "0" * _TIMES[word], 2
    if word in _TIMES and unit:
        return unit * _TIMES[word], 2
    if word in _TENS:
        return (_TENS[word] + unit, 2) if unit not in ("", "0") else (_TENS[word] + "0", 1)
    if word in ("oh", "o", "nought") and (unit or before.isdigit()):
        return "0", 1
    return _UNITS.get(word) or _TEENS.get(word) or word, 1


def _join_digits(words: list[str], marks: list[str]) -> Words:
    """Digits said one by one become one word: 9 9 9, 9-9-9 and 9-99 are all 999.

    Groups of three and more stay apart, so that "999, 999" is the number twice.
    """
    out: list[str] = []
    out_marks: list[str] = []
    joining = False
    for word, mark in zip(words, marks, strict=True):
        short = word.isdigit() and len(word) < 3
        if joining and short and mark in (NONE, "-"):
            out[-1] += word
            continue
        out.append(word)
        out_marks.append(NONE if mark == "-" else mark)
        joining = short
    return Words(tuple(out), tuple(out_marks))
