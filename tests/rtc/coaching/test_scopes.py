"""What is over, what is only supposed, what has stopped: and what only sounds like it."""

import pytest

from tests.support.coaching import Ear

CONDITION = (
    "c: {leg: patient, phrases: [chest pain*, heart attack, overdose, breathless], past: false, supposed: false}"
)

SILENT = [
    "I had chest pain in 2019",
    "it was back in 2016 I had the heart attack",
    "I had chest pain years ago",
    "when I had the chest pain, oh, three years ago now, it was Doctor Farrow",
    "I took an overdose when I was seventeen",
    "I used to get chest pain as a boy",
    "my uncle died of a heart attack",
    "we lost my dad to a heart attack",
    "heart attacks run in the family",
    "I had a heart attack. That was years ago.",
    "what if I got chest pain",
    "what should I do if I get chest pain",
    "just in case he has a heart attack",
    "the leaflet says it can give you chest pain",
    "if she was to start getting breathless over the weekend, should I ring",
    "what are the signs of a heart attack",
    "I had chest pain but it's gone now",
    "the chest pain has stopped",
    "I had some chest pain this morning, it's completely cleared up now",
    "she was breathless but she's fine now",
    "no chest pain",
]

HEARD = [
    "I have chest pain",
    "I had a heart attack in 2019 and now I have chest pain again",
    "it feels the same as my heart attack in 2019",
    "I've had this chest pain since this morning",
    "I had chest pain ten minutes ago",
    "he's got chest pain like my dad who died of a stroke. It's chest pain.",
    "if I breathe in I get chest pain",
    "I don't know if it's a heart attack",
    "I'm wondering if I have had a heart attack",
    "the chest pain has gone down my arm",
    "the chest pain hasn't stopped",
    "the chest pain stopped but it's come back",
    "she's breathless and she has gone blue",
    "I'm 12 weeks gone and I have chest pain",
    "chest pain, and my arm has gone numb",
    "what do I do, I have chest pain",
]


@pytest.mark.parametrize("text", SILENT)
def test_silent(text: str) -> None:
    assert Ear(CONDITION).say("patient", text) == []


@pytest.mark.parametrize("text", HEARD)
def test_heard(text: str) -> None:
    assert Ear(CONDITION).say("patient", text) == ["c"]


def test_a_condition_may_want_the_past_too() -> None:
    ear = Ear("c: {leg: patient, phrases: [heart attack]}")
    assert ear.say("patient", "I had a heart attack in 2019") == ["c"]
