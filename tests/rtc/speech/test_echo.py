"""The recogniser's echo is cut; what a person really repeats in other words is not."""

import pytest

from rtc.speech.recognizers.whisper import _said_once


@pytest.mark.parametrize(
    ("heard", "kept"),
    [
        ("My daughter is here. My daughter is here. My", "My daughter is here."),
        ("I want to end my life. I want to end my life.", "I want to end my life."),
        ("Good morning. Good morning. Good morning", "Good morning."),
        ("So yes. Thank you, bye. Thank you, bye. Thank", "So yes. Thank you, bye."),
        ("Bye bye", "Bye bye"),
        ("No no no, I don't", "No no no, I don't"),
        ("Is the pain there now? Is it your chest?", "Is the pain there now? Is it your chest?"),
        ("I want to complain about the waiting. I want to make a complaint.",) * 2,
        ("14-mildling-14-mildling-14-mildling-14", "14-mildling"),
        ("That old s-s-y-y-y-y-y-y", "That old s-s-y-y"),
        ("It is 5-5-5-5", "It is 5-5-5-5"),
        ("Ring 9-9-9 now.", "Ring 9-9-9 now."),
        ("Oh seven 7 7 0 0 7 7 0 0", "Oh seven 7 7 0 0 7 7 0 0"),
        ("", ""),
        ("nine", "nine"),
    ],
)
def test_echo(heard: str, kept: str) -> None:
    assert _said_once(heard) == kept


def test_a_long_loop_is_cut_in_no_time() -> None:
    assert _said_once("you know what " * 80) == "you know what"
