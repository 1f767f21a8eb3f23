"""Words as they can be compared: contractions, numbers, marks, loops."""

import pytest

from rtc.coaching.normalising import COMMA, STOP, read


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I don't have", "i do not have"),
        ("I don\u2019t have", "i do not have"),
        ("dont cant im", "do not can not i am"),
        ("It's Mum's chest", "it is mum chest"),
        ("nine nine nine", "999"),
        ("nine-nine-nine", "999"),
        ("9-9-9", "999"),
        ("9-99", "999"),
        ("999, 999", "999 999"),
        ("triple nine", "999"),
        ("one one one", "111"),
        ("double five five", "555"),
        ("five five five five, three four one two", "5555 3412"),
        ("5555 3412", "5555 3412"),
        ("5553-4-12", "5553 412"),
        ("sixty five pounds", "65 pounds"),
        ("sixty-five", "65"),
        ("\u00a365", "pounds 65"),
        ("nineteen seventy one", "1971"),
        ("oh seven seven", "077"),
        ("oh, all right", "oh all right"),
        ("two o'clock", "2 oclock"),
        ("seventy", "70"),
        ("", ""),
        ("... -- '", ""),
    ],
)
def test_words(text: str, words: str) -> None:
    assert " ".join(read(text).words) == words


def test_marks_stand_before_words() -> None:
    said = read("No, thanks. Bye - now")
    assert said.words == ("no", "thanks", "bye", "now")
    assert said.marks == ("", COMMA, STOP, "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Thank you. Thank you. Thank you. Thank you. Thank y", "thank you thank y"),
        ("I see. Thank you. Thank you. Thank you. Thank you. Thank", "i see thank you"),
        ("the 9th, 19, 19, 19, 19, 19, 19, 19, 19, 19", "the 9 th 19"),
        ("no no no no no no no no no no no", "no"),
    ],
)
def test_a_repetition_loop_is_heard_once(text: str, words: str) -> None:
    assert " ".join(read(text).words) == words


def test_digits_repeated_by_a_person_stay() -> None:
    assert read("my number is five five five five four four four four").words[-1] == "55554444"


def test_a_turn_without_end_is_cut() -> None:
    assert len(read(" ".join(f"word{n}x" for n in range(5000))).words) == 400
