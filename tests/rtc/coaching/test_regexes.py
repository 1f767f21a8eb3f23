"""Regular expressions that could run for ever are refused; those that are taken end in time on the worst text."""

import time

import pytest

from rtc.coaching.regexes import MAX_CHARS, RegexError, compile_regex

FOR_EVER = [
    r"(a+)+b",
    r"(a*)*b",
    r"(a|a)*b",
    r"(a|aa)+b",
    r"(.*)*x",
    r"(\w+\s?)+$",
    r"(x+x+)+y",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"\w+\s\w+\s\w+x",
    r".*.*.*x",
    r"(a{1,30}){1,30}b",
]

NOT_ALLOWED = [r"(a)\1", r"(?=a)b", r"(?<!a)b", r"(?P<n>a)(?P=n)", "(", "[", "*a", "a" * 301, "", "a*", r"\b", "(a|)"]

TAKEN = [
    r"\bchest\b",
    r"chest (pain|ache)s?",
    r"\d{3} \d{3} \d{4}",
    r"pain.{0,40}arm",
    r"\w{1,20} \w{1,20} pain",
    r"a+b",
    ".*x",
]


@pytest.mark.parametrize("pattern", FOR_EVER)
def test_for_ever(pattern: str) -> None:
    with pytest.raises(RegexError, match="could run for ever"):
        compile_regex(pattern)


@pytest.mark.parametrize("pattern", NOT_ALLOWED)
def test_not_allowed(pattern: str) -> None:
    with pytest.raises(RegexError):
        compile_regex(pattern)


@pytest.mark.parametrize("pattern", TAKEN)
def test_taken_and_ends_in_time(pattern: str) -> None:
    compiled = compile_regex(pattern)
    for text in ("a" * MAX_CHARS, "pain " * (MAX_CHARS // 5), "a b " * (MAX_CHARS // 4), "1" * MAX_CHARS):
        began = time.process_time()
        compiled.search(text)
        assert time.process_time() - began < 0.1
