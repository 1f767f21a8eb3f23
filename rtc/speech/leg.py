"""One leg in `speech`: sound in, hypotheses out, nothing left behind.

PCM -> ring -> voice activity -> utterance -> partial, settled and final wishes -> hypothesis -> wiped.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial

from msgspec import Struct

from rtc.locked_memory import SoundMemory
from rtc.messages import SAMPLE_RATE, Leg
from rtc.speech.frames import LegRing
from rtc.speech.scheduler import Job, Kind, Scheduler
from rtc.speech.segments import SILENCE_KEPT, SPECULATE_WINDOWS, Segmenter, Utterance
from rtc.speech.vad import WINDOW, Silero, VoiceActivity
from rtc.speech.vocabulary import Vocabulary
from rtc.speech.windows import MAX_WINDOW_S, Hypothesis, Window

MIN_PARTIAL = SAMPLE_RATE * 2 // 5
"""400 ms of speech before the first partial: less is not a word yet."""

HOLD_WINDOWS = 2
"""64 ms of silence: the words may be over, and the settled hypothesis would follow this partial at once."""

UNCUED_PATIENCE = 3
"""Partials of a leg that can fire no cue come this many times further apart: they only tick the checklist."""

TAIL = SAMPLE_RATE * 15 // 100
"""150 ms kept after the last voice, so that a final consonant is not cut off."""

UNDERSTOOD_CONFIDENCE = 0.5
"""Less is heard, but not understood. Measured on 55 turns, as they are and shouted (24 dB, clipped), tiny.en and base:
word error rate 3 to 11 % above a log-probability of -0.4, 25 to 48 % down to -0.7, 48 to 111 % below."""


class HeardSpeech(Struct, frozen=True):
    """What was understood of one utterance so far. Times in seconds of media time; never stored."""

    leg: Leg
    number: int
    text: str
    final: bool
    settled: bool
    """The person has paused: the words are complete, though the utterance may go on."""
    start: float
    end: float
    confidence: float


class HeardLeg:
    """Owner: the live call, on the event loop of `speech`."""

    def __init__(
        self,
        key: str,
        leg: Leg,
        cued: bool,
        network: Silero,
        scheduler: Scheduler,
        on_heard: Callable[[HeardSpeech], None],
        language: str = "en",
        vocabulary: Vocabulary | None = None,
        memory: SoundMemory | None = None,
    ) -> None:
        """`cued`: words of this leg can fire a cue, so its partials are urgent. `language`: two letters."""
        self._key = key
        self._leg = leg
        self._patience = 1 if cued else UNCUED_PATIENCE
        self._scheduler = scheduler
        self._on_heard = on_heard
        self._language = language
        self._vocabulary = vocabulary
        self._voice = VoiceActivity(network)
        self._segmenter = Segmenter()
        self._next_window = 0
        self._partial_at = 0.0
        self._settled: tuple[int, int, Hypothesis] | None = None
        self._understood_to = 0
        self._finals: list[Utterance] = []
        self.drained = asyncio.Event()
        """Set while no final is being recognised."""
        self.drained.set()
        self._resting = False
        self._in_work = 0
        self.idle = asyncio.Event()
        """Set while no window of this leg is being recognised: the ring then holds all there is."""
        self.idle.set()
        self.ring = LegRing(memory=memory)
        self.voiced_s = 0.0
        self.understood_s = 0.0

    def hear(self, at: int, pcm: bytes) -> None:
        """Sound as it arrives; cheap, never blocks."""
        self._resting = False
        first = self.ring.end == self.ring.start == 0
        self.ring.write(at, pcm)
        if first or self._next_window < self.ring.start:
            self._next_window = self.ring.start
        while self._next_window + WINDOW <= self.ring.end:
            self._window(self._next_window)
            self._next_window += WINDOW
        self._wish_partial()
        self._wipe_used()

    def _window(self, at: int) -> None:
        samples = self.ring.read(at, at + WINDOW)
        state = self._voice.feed(samples)
        samples[:] = 0
        done = self._segmenter.feed(state, self._voice.probability, self._voice.silent_windows, at + WINDOW)
        if done is not None:
            if self._segmenter.current is None:
                self._voice.turn_ended()
            self._finish(done)
            return
        current = self._segmenter.current
        if current is not None and current.spoken and current.silent_windows == SPECULATE_WINDOWS:
            self._wish("settled", current)

    def _wish_partial(self) -> None:
        current = self._segmenter.current
        if current is None or current.silent_windows >= HOLD_WINDOWS or self._scheduler.busy(self._key):
            return
        now = time.monotonic()
        long_enough = current.voice_end - current.start >= MIN_PARTIAL
        if long_enough and now - self._partial_at >= self._scheduler.cadence_s * self._patience:
            self._partial_at = now
            self._wish("partial", current)

    def _wish(self, kind: Kind, utterance: Utterance) -> None:
        voice_end = taken_to = utterance.voice_end

        def take() -> Window | None:
            nonlocal taken_to
            if kind == "settled" and utterance.voice_end != voice_end:
                return None  # the voice went on
            if kind == "partial" and utterance.over:
                return None
            taken_to = utterance.voice_end
            return self._sound(utterance, kind)

        def done(hypothesis: Hypothesis) -> None:
            if utterance.over or (kind == "partial" and taken_to <= self._understood_to):
                return  # a later hypothesis has said it
            self._understood_to = taken_to
            if kind == "settled":
                self._settled = (utterance.number, voice_end, hypothesis)
            self._emit(utterance, hypothesis, final=False, settled=kind == "settled")

        self._submit(kind, utterance, take, done)

    def _submit(
        self,
        kind: Kind,
        utterance: Utterance,
        take: Callable[[], Window | None],
        done: Callable[[Hypothesis], None],
    ) -> None:
        """The window is a copy of the sound: it is counted until it is wiped, and how long it lived."""
        born: float | None = None

        def taken() -> Window | None:
            nonlocal born
            window = take()
            if window is not None:
                born = self.ring.born(self._span(utterance)[0])
                self._in_work += 1
                self.idle.clear()
            return window

        def left() -> None:
            if born is None:
                return
            self.ring.lived(born)
            self._in_work -= 1
            if not self._in_work:
                self.idle.set()

        length = partial(self._length, utterance)
        self._scheduler.submit(Job(self._key, kind, self._language, length, taken, done, left))

    def _span(self, utterance: Utterance) -> tuple[int, int]:
        """What is still held of it, from its end backwards. Empty when recognition is a whole ring behind."""
        end = min(utterance.voice_end + TAIL, utterance.end)
        return max(utterance.start, self.ring.start, end - int(MAX_WINDOW_S * SAMPLE_RATE)), end

    def _length(self, utterance: Utterance) -> int:
        start, end = self._span(utterance)
        return max(0, end - start)

    def _sound(self, utterance: Utterance, kind: Kind) -> Window:
        vocabulary = self._vocabulary if kind != "partial" else None
        return Window(self.ring.read(*self._span(utterance)), self._language, vocabulary)

    def _finish(self, utterance: Utterance) -> None:
        """The utterance is over: its settled hypothesis, if nothing was said since, is already its final one."""
        settled, self._settled = self._settled, None
        if not utterance.spoken:
            return
        if settled is not None and settled[:2] == (utterance.number, utterance.voice_end):
            self._emit(utterance, settled[2], final=True, settled=True)
            return
        self._finals.append(utterance)
        self.drained.clear()

        def take() -> Window | None:
            return self._sound(utterance, "final") if utterance in self._finals else None  # wiped meanwhile

        def done(hypothesis: Hypothesis) -> None:
            if utterance not in self._finals:
                return
            self._finals.remove(utterance)
            self._emit(utterance, hypothesis, final=True, settled=True)
            if not self._finals:
                self.drained.set()
            self._wipe_used()

        self._submit("final", utterance, take, done)

    def _emit(self, utterance: Utterance, hypothesis: Hypothesis, final: bool, settled: bool) -> None:
        start, end = utterance.start / SAMPLE_RATE, utterance.voice_end / SAMPLE_RATE
        if final:
            self.voiced_s += end - start
            self.understood_s += end - start if hypothesis.confidence >= UNDERSTOOD_CONFIDENCE else 0.0
        heard = HeardSpeech(
            self._leg, utterance.number, hypothesis.text, final, settled, start, end, hypothesis.confidence
        )
        self._on_heard(heard)

    def _wipe_used(self) -> None:
        """Keep what an utterance still needs, and the moment before the next one; wipe the rest now."""
        needed = [utterance.start for utterance in self._finals]
        if self._segmenter.current is not None:
            needed.append(self._segmenter.current.start)
        before_the_next = self.ring.end if self._resting else self._next_window - SILENCE_KEPT
        self.ring.wipe(min([before_the_next, *needed]))

    @property
    def speaking(self) -> bool:
        """Whether an utterance is open or being recognised."""
        return self._segmenter.current is not None or bool(self._finals)

    @property
    def talking(self) -> bool:
        """Whether an utterance is open: its voice is heard, or has been silent for less than half a second."""
        return self._segmenter.current is not None

    @property
    def heard_to(self) -> float | None:
        """Media second up to where all words are known. None: up to now."""
        starts = [utterance.start for utterance in self._finals]
        if self._segmenter.current is not None:
            starts.append(self._segmenter.current.start)
        return min(starts) / SAMPLE_RATE if starts else None

    def flush(self) -> None:
        """The call is over: recognise what is still open."""
        last = self._segmenter.flush()
        if last is not None:
            self._finish(last)

    def rest(self) -> None:
        """Nothing more comes for now: what is open is recognised, and then nothing is held."""
        self.flush()
        self._voice.turn_ended()
        self._resting = True
        self._wipe_used()

    def forget(self) -> None:
        """Wipe what is not yet understood, unheard. Its captions end empty."""
        last = self._segmenter.flush()
        unheard = [*self._finals, *([last] if last is not None and last.spoken else [])]
        self.wipe()
        self._voice.turn_ended()
        self._resting = True
        for utterance in unheard:
            start, end = utterance.start / SAMPLE_RATE, utterance.voice_end / SAMPLE_RATE
            self._on_heard(HeardSpeech(self._leg, utterance.number, "", True, True, start, end, 0.0))

    def wipe(self) -> None:
        """Overwrite everything, at once; hypotheses still in work are for nobody."""
        self._scheduler.forget(self._key)
        self._settled = None
        self._finals.clear()
        self.drained.set()
        self.ring.wipe(self.ring.end)
        self._next_window = self.ring.end
        self._voice.wipe()
