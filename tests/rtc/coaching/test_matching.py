"""Phrases, near words, digits, slips of the recogniser, and negation."""

import pytest

from rtc.coaching.definitions import Condition
from rtc.coaching.matching import CompiledCondition, find
from rtc.coaching.operators import Digits, Near
from rtc.coaching.patterns import Lexicon, PatternError
from rtc.coaching.reading import Reading

LISTS = {"body": ["chest", "breast bone"]}


def hits(condition: Condition, text: str) -> bool:
    lexicon = Lexicon(LISTS)
    compiled = CompiledCondition(condition, lexicon)
    return find(compiled, Reading(text, "patient", lexicon, {}, "GB")) is not None


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("chest pain", "a chest pain now", True),
        ("chest pain", "pain chest", False),
        ("chest pain", "chest. Pain", False),
        ("chest pain", "chess pain", True),
        ("chest pain", "chess pane", False),
        ("chest", "chess", False),
        ("pain*", "painful", True),
        ("pain", "painful", False),
        ("{tight|very heavy} chest", "a very heavy chest", True),
        ("{tight|very heavy} chest", "a heavy chest", False),
        ("my? {bad|sore}? chest", "sore chest", True),
        ("short ... breath", "short of my own breath", True),
        ("short ... breath", "short of a b c d breath", False),
        ("short ... breath", "short. I take a breath", False),
        ("hurts ... chest", "it hurts. In my chest", True),
        ("<body> hurts", "my chest hurts", True),
        ("{<body>} hurts", "my breast bone hurts", True),
        ("don't stop", "do not stop", True),
        ("call {nine nine nine|112}", "call 9-9-9", True),
        ("call nine nine nine", "call 999", True),
        ("suffocating now", "suffocatin now", True),
        ("suffocating now", "soffocatin now", True),
        ("suffocating now", "suffering now", False),
    ],
)
def test_phrases(pattern: str, text: str, expected: bool) -> None:
    assert hits(Condition(leg="any", phrases=[pattern]), text) is expected


@pytest.mark.parametrize(
    "pattern",
    ["", "...", "chest ...", "{a|b", "a}", "{<none>} x", "a?", "*", "pa*in", "{|a}", "a " * 20, "[a-z]+"],
)
def test_phrases_that_cannot_be_read(pattern: str) -> None:
    with pytest.raises(PatternError):
        Lexicon(LISTS).add(pattern)


NEAR = Condition(leg="any", near=[Near(groups=[["pain*", "tight"], ["chest"]], within=6)], unless=["chest infection"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a pain in my chest", True),
        ("my chest is painful", True),
        ("pain all the way over and across my chest", False),
        ("pain in my knee. My chest is fine", False),
        ("tight pain. Across my chest", True),
        ("pain in my knee but my chest", False),
        ("pain and a chest infection", False),
        ("a chest infection and a tight chest", True),
        ("chess pain", True),
    ],
)
def test_near(text: str, expected: bool) -> None:
    assert hits(NEAR, text) is expected


@pytest.mark.parametrize(
    ("digits", "text", "expected"),
    [
        (Digits(8), "five five five five three four one two", True),
        (Digits(8), "5555 3412", True),
        (Digits(8), "it is 5553-4-12 and then 7", True),
        (Digits(8), "555 people and 34512", False),
        (Digits(8, "23456"), "oh seven seven double oh nine double oh", False),
        (Digits(4), "555", False),
    ],
)
def test_digits(digits: Digits, text: str, expected: bool) -> None:
    assert hits(Condition(leg="any", digits=digits), text) is expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no chest pain", False),
        ("I don't have any chest pain", False),
        ("I do not have swelling or chest pain", False),
        ("no cough, fever or chest pain", False),
        ("without chest pain", False),
        ("I have never had chest pain", False),
        ("neither cough nor chest pain", False),
        ("there isn't any chest pain", False),
        ("I don't think I have chest pain", False),
        ("I can't feel chest pain", False),
        ("no more chest pain", False),
        ("chest pain", True),
        ("no, chest pain", True),
        ("No. Chest pain.", True),
        ("no I have chest pain", True),
        ("not only chest pain", True),
        ("no doubt it's chest pain", True),
        ("I don't have a fever but chest pain", True),
        ("I don't have a fever, I have chest pain", True),
        ("no fever and I have chest pain", True),
        ("I don't know why I have chest pain", True),
        ("I'm not well with chest pain", True),
        ("it's not getting better, this chest pain", True),
        ("I can't stand the chest pain", True),
        ("I've never had chest pain like this", True),
        ("I won't wait with chest pain", True),
        ("chest pain, no fever", True),
        ("whether or not it is chest pain", True),
    ],
)
def test_negation(text: str, said: bool) -> None:
    assert hits(Condition(leg="any", phrases=["chest pain"]), text) is said


def test_some_words_mean_the_same_when_denied() -> None:
    assert hits(Condition(leg="any", phrases=["card number"], negatable=False), "do not say your card number")


def test_a_negation_inside_the_phrase_belongs_to_it() -> None:
    assert hits(Condition(leg="any", phrases=["can't breathe"]), "I cannot breathe")
