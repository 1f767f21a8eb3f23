"""Utterances from scripted voice activity."""

from rtc.speech.segments import (
    CUT_AFTER,
    END_WINDOWS,
    PAUSE_WINDOWS,
    PRE_ROLL,
    SPECULATE_WINDOWS,
    Segmenter,
    Utterance,
)
from rtc.speech.vad import WINDOW, State


class Script:
    """Feeds windows: a letter each, v voiced and . silent."""

    def __init__(self) -> None:
        self.segmenter = Segmenter()
        self.position = 0
        self.silent = 0
        self.done: list[Utterance] = []

    def play(self, script: str, probability: float | None = None) -> "Script":
        for letter in script:
            self.position += WINDOW
            voiced = letter == "v"
            self.silent = 0 if voiced else self.silent + 1
            open_utterance = self.segmenter.current is not None
            state: State = "speaking" if voiced else "stopping" if open_utterance else "quiet"
            value = probability if probability is not None else (0.9 if voiced else 0.05)
            done = self.segmenter.feed(state, value, self.silent, self.position)
            if done is not None:
                self.done.append(done)
        return self


def test_silence_makes_no_utterance() -> None:
    script = Script().play("." * 500)
    assert script.done == []
    assert script.segmenter.current is None


def test_an_utterance_begins_before_the_voice_was_noticed_and_ends_after_silence() -> None:
    script = Script().play("." * 40 + "v" * 30 + "." * END_WINDOWS)
    [utterance] = script.done
    assert utterance.start == 41 * WINDOW - 2 * WINDOW - PRE_ROLL
    assert utterance.voice_end == 70 * WINDOW
    assert utterance.over
    assert script.segmenter.current is None


def test_a_short_pause_does_not_end_it() -> None:
    script = Script().play("v" * 30 + "." * (END_WINDOWS - 1) + "v" * 10)
    assert script.done == []
    assert script.segmenter.current is not None
    assert script.segmenter.current.voice_end == script.position
    assert script.segmenter.current.silent_windows == 0


def test_the_next_utterance_never_overlaps_the_one_before() -> None:
    script = Script().play("v" * 30 + "." * END_WINDOWS + "v" * 5)
    assert script.segmenter.current is not None
    assert script.segmenter.current.start >= script.done[0].end


def test_a_long_utterance_is_cut_at_its_quietest_moment_and_loses_nothing() -> None:
    script = Script().play("v" * 270)
    script.play("v" * 2, probability=0.4)
    script.play("v" * 60)
    [first] = script.done
    assert first.end in (271 * WINDOW, 272 * WINDOW)
    assert first.voice_end == first.end
    rest = script.segmenter.current
    assert rest is not None
    assert rest.start == first.end
    assert rest.voice_end == script.position
    assert first.end - first.start <= CUT_AFTER + WINDOW


def test_a_long_utterance_is_cut_in_its_first_short_pause() -> None:
    early = "v" * 60 + "." * PAUSE_WINDOWS
    script = Script().play(early + "v" * 170 + "." * PAUSE_WINDOWS + "v" * 10)
    [first] = script.done
    spoken = (60 + PAUSE_WINDOWS + 170) * WINDOW
    assert first.voice_end == spoken
    assert spoken <= first.end <= spoken + PAUSE_WINDOWS * WINDOW
    assert script.segmenter.current is not None
    assert script.segmenter.current.spoken


def test_the_silent_rest_behind_a_cut_was_not_spoken() -> None:
    windows = CUT_AFTER // WINDOW
    script = Script().play("v" * (windows - 9) + "." * (END_WINDOWS - 1))
    rest = script.segmenter.current
    assert len(script.done) == 1
    assert rest is None or not rest.spoken


def test_hanging_up_ends_what_is_open() -> None:
    script = Script().play("v" * 20 + "." * SPECULATE_WINDOWS)
    flushed = script.segmenter.flush()
    assert flushed is not None
    assert flushed.voice_end == 20 * WINDOW
    assert script.segmenter.flush() is None
