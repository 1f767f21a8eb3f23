"""From voice activity to utterances: where one begins, when it may be over, where a long one is cut."""

from msgspec import Struct

from rtc.messages import SAMPLE_RATE
from rtc.speech.vad import WINDOW, WINDOW_MS, State

PRE_ROLL = SAMPLE_RATE * 3 // 10
"""300 ms before the voice was noticed: soft beginnings."""

SPECULATE_WINDOWS = 4
"""128 ms of silence: the words are probably complete, decode them now; thrown away if the voice goes on."""

END_WINDOWS = 15
"""480 ms of silence: the utterance is over."""

PAUSE_AFTER = SAMPLE_RATE * 7
PAUSE_WINDOWS = 3
"""An utterance longer than 7 s is cut at its next pause of 96 ms: words on both sides of a cut get lost more often
than anywhere else. Measured on recordings without any pause between turns, word error rate: cut at 7 s 9.0 %, at the
first pause after 5 s 7.8 %, after 7 s 7.1 %, at 10 s 7.1 %."""

CUT_AFTER = SAMPLE_RATE * 10
CUT_SEARCH = SAMPLE_RATE * 3
"""Who makes no pause at all is cut after 10 s, at the quietest window of the last 3 s."""


class Utterance(Struct):
    """A stretch of one leg's speech, in media samples. `end` grows while the person talks."""

    number: int
    start: int
    end: int
    voice_end: int
    """Where the voice was last heard."""
    silent_windows: int = 0
    over: bool = False

    @property
    def spoken(self) -> bool:
        """False for the silent rest behind a cut: there is nothing to recognise."""
        return self.voice_end > self.start


class _Window(Struct, frozen=True):
    end: int
    probability: float
    voiced: bool


class Segmenter:
    """Owner: one leg. `feed` each window's voice state in order; at most one utterance is open at a time."""

    def __init__(self) -> None:
        self.current: Utterance | None = None
        self._count = 0
        self._windows: list[_Window] = []
        self.earliest = 0
        """No utterance may begin before this media sample: it belongs to the one before."""

    def feed(self, state: State, probability: float, silent_windows: int, window_end: int) -> Utterance | None:
        """Returns an utterance that is over (by silence, or cut because it is long), else None."""
        if self.current is None:
            if state == "speaking":
                self._begin(window_end)
            return None
        utterance = self.current
        utterance.end, utterance.silent_windows = window_end, silent_windows
        if state == "speaking":
            utterance.voice_end = window_end
        self._windows.append(_Window(window_end, probability, state == "speaking"))
        if silent_windows >= END_WINDOWS:
            return self._finish(utterance.end)
        length = utterance.end - utterance.start
        if length >= CUT_AFTER or (length >= PAUSE_AFTER and silent_windows >= PAUSE_WINDOWS):
            return self._cut()
        return None

    def _begin(self, window_end: int) -> None:
        self._count += 1
        start = max(self.earliest, window_end - 2 * WINDOW - PRE_ROLL)
        self.current = Utterance(self._count, start, window_end, window_end)
        self._windows.clear()

    def _finish(self, end: int) -> Utterance:
        utterance = self.current
        if utterance is None:
            raise RuntimeError("no utterance is open")
        utterance.end, utterance.over = end, True
        self.current, self.earliest = None, end
        return utterance

    def _cut(self) -> Utterance:
        """End the utterance at its quietest recent window; the rest goes on as a new one."""
        last = self._windows[-1].end
        recent = [window for window in self._windows if last - window.end < CUT_SEARCH]
        quietest = min(recent, key=lambda window: window.probability).end
        done = self._finish(quietest)
        done.voice_end = min(done.voice_end, quietest)
        self._windows = [window for window in self._windows if window.end > quietest]
        voice_end = max((window.end for window in self._windows if window.voiced), default=quietest)
        self._count += 1
        self.current = Utterance(self._count, quietest, last, voice_end)
        return done

    def flush(self) -> Utterance | None:
        """The call is over: what is open ends here."""
        return self._finish(self.current.end) if self.current is not None else None


SILENCE_KEPT = PRE_ROLL + 2 * WINDOW
"""Samples of a quiet leg that must stay in the ring for the next utterance's beginning."""

END_SILENCE_MS = END_WINDOWS * WINDOW_MS
