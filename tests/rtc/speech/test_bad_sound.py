"""Sound that is no conversation: it must not grow, invent, act or crash. Real voice detection, recogniser, playbook."""

import asyncio
import gc
import threading
from pathlib import Path

import numpy as np
import pytest

from rtc.messages import SAMPLE_RATE, Checklist, Closed, Leg, Pcm, Scorecard
from rtc.speech.device import Device
from rtc.speech.frames import FRAME_SAMPLES, RING_S
from rtc.speech.recognizers.whisper import WhisperRecognizer
from rtc.speech.vad import Silero
from rtc.speech.windows import Hypothesis, Window
from tests.support import sounds
from tests.support.sounds import Sound, pcm_of
from tests.support.speech import CHUNK, Line, pcm, plan, scheduling

LEGS: tuple[Leg, Leg] = ("agent", "patient")
NAMES = ("Harbour Dental", "hygienist", "Dr Evans", "Mill Lane", "Helen Ward")

MIB = 2**20


def scored(closed: Closed) -> Scorecard:
    assert closed.scorecard is not None
    return closed.scorecard


def resident() -> int:
    """Bytes of memory this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def test_half_an_hour_of_a_quiet_room_is_nothing(recognizer: WhisperRecognizer, network: Silero) -> None:
    minute: dict[Leg, bytes] = {"patient": pcm_of(sounds.hum(60)), "agent": pcm_of(sounds.silence(60))}
    async with scheduling(recognizer) as scheduler:
        line = Line(network, scheduler, plan(vocabulary=NAMES))
        at = await line.play(minute)
        before = resident()
        for _ in range(29):
            at = await line.play(minute, at)
        assert resident() - before < 16 * MIB, "29 minutes of both legs are 106 MiB"
        assert line.call.pipeline().buffered_ms < 500
        assert (line.words, line.cues, line.of(Checklist)) == ([], [], [])
        await line.play({"patient": pcm("chest_pain.patient")[: 14 * 2 * SAMPLE_RATE]}, at)
        closed = await line.call.finish(1814)
    assert line.cues == ["chest_pain"], "and then somebody speaks"
    assert scored(closed).flags == []
    assert closed.wiped.samples_in // FRAME_SAMPLES == (2 * 1800 + 14) * 50
    assert closed.wiped.blank


@pytest.mark.parametrize(
    ("kind", "sound"),
    [
        ("silence", sounds.silence(20)),
        ("loud noise", sounds.noise(20, 0.05)),
        ("chords", sounds.chords(30)),
        ("drums", sounds.drums(30)),
        ("singing", sounds.singing(30)),
        ("singing and drums", 0.7 * sounds.singing(30) + 0.5 * sounds.drums(30)),
        ("a band", 0.7 * sounds.singing(30) + 0.5 * sounds.drums(30) + 0.5 * sounds.chords(30)),
    ],
)
async def test_music_and_noise_cue_tick_and_flag_nothing(
    recognizer: WhisperRecognizer, network: Silero, kind: str, sound: Sound
) -> None:
    async with scheduling(recognizer) as scheduler:
        line = Line(network, scheduler, plan(vocabulary=NAMES))
        await line.play(dict.fromkeys(LEGS, pcm_of(sound)))
        closed = await line.call.finish(30)
    assert (line.words, line.cues, line.of(Checklist)) == ([], [], [])
    assert scored(closed).flags == []
    assert scored(closed).coverage == 0
    assert closed.wiped.blank


def shouted(name: str) -> bytes:
    """24 dB louder than full scale takes."""
    return pcm_of(np.frombuffer(pcm(name), "<i2") / 32768 * 10 ** (24 / 20))


async def test_a_shouting_caller_is_cued_for_what_was_said_only(recognizer: WhisperRecognizer, network: Silero) -> None:
    async with scheduling(recognizer) as scheduler:
        line = Line(network, scheduler, plan())
        await line.play({"patient": shouted("chest_pain.patient"), "agent": pcm("chest_pain.agent")})
        closed = await line.call.finish(40)
    assert line.cues == ["chest_pain"]
    assert scored(closed).flags == []


async def test_what_is_shouted_beyond_recognition_does_not_count_as_understood(
    recognizer: WhisperRecognizer, network: Silero
) -> None:
    coverages = []
    for sound in (pcm("price_and_card.patient"), shouted("price_and_card.patient")):
        async with scheduling(recognizer) as scheduler:
            line = Line(network, scheduler, plan())
            await line.play({"patient": sound})
            coverages.append(scored(await line.call.finish(60)).coverage)
        assert set(line.cues) <= {"price", "card_number", "recording_question"}
    clear, loud = coverages
    assert clear > 0.95
    assert loud < 0.9


class StoppedRecognizer:
    """Understands nothing until `go`; then everything, at once. Remembers how many worked at the same time."""

    languages = ("en",)

    def __init__(self) -> None:
        self.go = threading.Event()
        self._lock = threading.Lock()
        self._at_once = 0
        self.most_at_once = 0

    def recognize(self, windows: list[Window]) -> list[Hypothesis]:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        assert self.go.wait(30)
        with self._lock:
            self._at_once -= 1
        return [Hypothesis("hello", 0.9) for _ in windows]


async def forty_legs(network: Silero) -> None:
    """Twenty calls at once, two threads, and a recogniser that stands still for the first eight seconds."""
    recognizer = StoppedRecognizer()
    sound: dict[Leg, bytes] = {leg: pcm(f"chest_pain.{leg}") for leg in LEGS}
    async with scheduling(recognizer, Device("cpu", "int8", 2, 1, wait_s=0.0, bucket_s=0.5)) as scheduler:
        lines = [Line(network, scheduler, plan(f"call{number}")) for number in range(20)]
        for at in range(0, 14 * SAMPLE_RATE, CHUNK):
            for line in lines:
                line.feed(sound, at)
                pipeline = line.call.pipeline()
                assert pipeline.buffered_ms <= RING_S * 1000
            await asyncio.sleep(0)  # a turn of the loop: recognition begins, and stands still
            if at == 8 * SAMPLE_RATE:
                assert len([line for line in lines if line.words]) == 0
                assert 20 <= scheduler.waiting <= 40 + 20, "one wish of each leg, and the finals"
                recognizer.go.set()
            if recognizer.go.is_set():
                for line in lines:
                    await line.call.drained()
        ended = [await line.call.finish(14) for line in lines]
        assert recognizer.most_at_once == 2
        assert scheduler.waiting == 0
    for line, closed in zip(lines, ended, strict=True):
        for leg in LEGS:
            ids = [caption.id for caption in line.finals(leg)]
            assert ids == [f"{leg}-{number}" for number in range(1, len(ids) + 1)], "every final, once, in order"
        assert len(line.finals("patient")) >= 1
        assert len(line.finals("agent")) >= 1
        assert closed.wiped.blank
        assert closed.wiped.oldest_sample_ms <= (RING_S + 30) * 1000


async def test_forty_legs_at_once_stay_bounded_and_every_final_is_served(network: Silero) -> None:
    await forty_legs(network)
    gc.collect()
    before = resident()
    await forty_legs(network)
    gc.collect()
    assert resident() - before < 16 * MIB, "the rings of forty legs alone are 18 MiB"


def _chunk(at: int, pcm: bytes) -> Pcm:
    return Pcm("call", "patient", at, pcm)


SECOND = bytes(2 * SAMPLE_RATE)


@pytest.mark.parametrize(
    ("kind", "garbage"),
    [
        ("half a sample", [_chunk(0, b"\x01"), _chunk(0, SECOND[:641])]),
        ("nothing", [_chunk(0, b""), _chunk(SAMPLE_RATE, b"")]),
        ("before the call", [_chunk(-SAMPLE_RATE, SECOND), _chunk(-1, SECOND)]),
        ("more than a second", [_chunk(0, SECOND * 20), _chunk(0, SECOND + b"\0\0")]),
        ("twice", [_chunk(0, SECOND), _chunk(0, SECOND), _chunk(SAMPLE_RATE // 2, SECOND)]),
        ("backwards", [_chunk(4 * SAMPLE_RATE, SECOND), _chunk(SAMPLE_RATE, SECOND), _chunk(0, SECOND)]),
        ("a hole", [_chunk(0, SECOND), _chunk(4 * SAMPLE_RATE, SECOND)]),
        ("a jump", [_chunk(0, SECOND), _chunk(5000 * SAMPLE_RATE, SECOND), _chunk(9000 * SAMPLE_RATE, SECOND)]),
        ("full scale", [_chunk(0, b"\xff\x7f" * SAMPLE_RATE), _chunk(SAMPLE_RATE, b"\x00\x80" * SAMPLE_RATE)]),
    ],
)
async def test_garbage_does_not_keep_a_call_from_being_heard(
    recognizer: WhisperRecognizer, network: Silero, kind: str, garbage: list[Pcm]
) -> None:
    async with scheduling(recognizer) as scheduler:
        line = Line(network, scheduler, plan())
        for chunk in garbage:
            line.call.hear(chunk)
        await line.play({"patient": pcm("chest_pain.patient")[: 14 * 2 * SAMPLE_RATE]}, start=10_000 * SAMPLE_RATE)
        closed = await line.call.finish(20)
    assert "across my chest" in " ".join(line.words)
    assert line.cues == ["chest_pain"]
    assert closed.wiped.blank


async def test_holes_in_speech_crash_nothing(recognizer: WhisperRecognizer, network: Silero) -> None:
    """Every third chunk is missing, every seventh is doubled, and twice the clock jumps: the network at its worst."""
    sound = pcm("chest_pain.patient")
    async with scheduling(recognizer) as scheduler:
        line = Line(network, scheduler, plan())
        for number, at in enumerate(range(0, len(sound) // 2, CHUNK)):
            jump = (at > 8 * SAMPLE_RATE) * 3 * SAMPLE_RATE + (at > 18 * SAMPLE_RATE) * 60 * SAMPLE_RATE
            chunk = _chunk(at + jump, sound[at * 2 : (at + CHUNK) * 2])
            for _ in range(0 if number % 3 == 0 else 2 if number % 7 == 0 else 1):
                line.call.hear(chunk)
            await line.call.drained()
        closed = await line.call.finish(40)
    assert set(line.cues) <= {"chest_pain"}
    assert closed.wiped.blank
    assert closed.wiped.samples_in // FRAME_SAMPLES < len(sound) // CHUNK, "what was missing is not attested"
