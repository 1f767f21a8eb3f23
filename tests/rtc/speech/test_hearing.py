"""One leg with the real network and the real recogniser, on our recordings."""

import asyncio

import numpy as np
import pytest

from rtc.messages import SAMPLE_RATE, Leg
from rtc.speech.frames import RING_S
from rtc.speech.leg import HeardLeg, HeardSpeech
from rtc.speech.recognizers.whisper import WhisperRecognizer
from rtc.speech.scheduler import Scheduler
from rtc.speech.vad import Silero
from tests.support.speech import ONE_THREAD, Line, pcm, plan, scheduling

CHUNK = 640


async def listen(
    recognizer: WhisperRecognizer, network: Silero, sound: bytes, leg: Leg = "patient"
) -> tuple[HeardLeg, list[HeardSpeech]]:
    """Everything heard in `sound`, fed as fast as finals are understood."""
    heard: list[HeardSpeech] = []
    scheduler = Scheduler(recognizer, ONE_THREAD)
    running = asyncio.create_task(scheduler.run())
    ear = HeardLeg("call/leg", leg, True, network, scheduler, heard.append)
    for at in range(0, len(sound) // 2, CHUNK):
        ear.hear(at, sound[at * 2 : (at + CHUNK) * 2])
        await ear.drained.wait()
    ear.flush()
    await ear.drained.wait()
    running.cancel()
    scheduler.close()
    return ear, heard


async def test_the_words_of_a_call_are_understood_and_nothing_is_left(
    recognizer: WhisperRecognizer, network: Silero
) -> None:
    ear, heard = await listen(recognizer, network, pcm("chest_pain.patient"))
    text = " ".join(speech.text.lower() for speech in heard if speech.final)
    for words in ("see a doctor", "across my chest", "left arm", "daughter", "call them now"):
        assert words in text
    assert text.count("my daughter is here") == 1
    assert ear.understood_s / ear.voiced_s > 0.9
    assert 9 < ear.voiced_s < 16
    assert ear.ring.longest_life_s < RING_S
    ear.wipe()
    assert ear.ring.blank
    assert ear.ring.frames_in == ear.ring.frames_wiped


async def test_utterance_times_are_media_times(recognizer: WhisperRecognizer, network: Silero) -> None:
    _, heard = await listen(recognizer, network, pcm("chest_pain.patient"))
    first = next(speech for speech in heard if speech.final)
    assert abs(first.start - 5.5) < 0.5, "the patient's first turn begins at 5.502 s"
    finals = [speech for speech in heard if speech.final]
    assert [speech.start for speech in finals] == sorted(speech.start for speech in finals)


@pytest.mark.parametrize("kind", ["silence", "noise", "tone"])
async def test_no_words_are_invented(recognizer: WhisperRecognizer, network: Silero, kind: str) -> None:
    count = 20 * SAMPLE_RATE
    dice = np.random.default_rng(1)
    sounds = {
        "silence": np.zeros(count),
        "noise": dice.normal(0, 300, count),
        "tone": 8_000 * np.sin(np.arange(count) * 2 * np.pi * 440 / SAMPLE_RATE),
    }
    ear, heard = await listen(recognizer, network, sounds[kind].astype("<i2").tobytes())
    assert [speech.text for speech in heard if speech.text] == []
    assert ear.ring.buffered_ms < 500, "a quiet leg holds only the moment before the next word"


async def test_who_takes_a_call_over_names_captions_anew(recognizer: WhisperRecognizer, network: Silero) -> None:
    """The page still holds the first recogniser's: by an old id it would quote other words as evidence."""
    greeting: dict[Leg, bytes] = {"agent": pcm("chest_pain.agent")[: 2 * 6 * SAMPLE_RATE]}
    series = []
    async with scheduling(recognizer) as scheduler:
        for resumed in (False, True, True):
            line = Line(network, scheduler, plan(), resumed)
            await line.play(greeting)
            series.append({caption.id for caption in line.finals("agent")})
            await line.call.finish(6)
    assert all(series)
    assert sum(map(len, series)) == len(set.union(*series))


async def open_utterance(recognizer: WhisperRecognizer, network: Silero) -> tuple[HeardLeg, list[HeardSpeech]]:
    """A leg that stops in the middle of the patient's first turn, and whose sound nobody has recognised yet."""
    heard: list[HeardSpeech] = []
    ear = HeardLeg("call/leg", "patient", True, network, Scheduler(recognizer, ONE_THREAD), heard.append)
    for at in range(0, 7 * SAMPLE_RATE, CHUNK):
        ear.hear(at, pcm("chest_pain.patient")[at * 2 : (at + CHUNK) * 2])
    assert ear.speaking
    assert ear.ring.buffered_ms > 1000
    return ear, heard


async def test_what_is_forgotten_is_wiped_unheard_and_its_caption_taken_back(
    recognizer: WhisperRecognizer, network: Silero
) -> None:
    ear, heard = await open_utterance(recognizer, network)
    ear.forget()
    assert ear.ring.blank
    assert [(speech.text, speech.final) for speech in heard] == [("", True)]
    assert not ear.speaking
    ear.hear(60 * SAMPLE_RATE, pcm("chest_pain.patient")[: CHUNK * 2])
    assert ear.ring.buffered_ms <= 40, "the pause is not filled with silence"


async def test_a_leg_that_rests_holds_only_what_is_still_to_be_recognised(
    recognizer: WhisperRecognizer, network: Silero
) -> None:
    ear, heard = await open_utterance(recognizer, network)
    ear.rest()
    assert not ear.drained.is_set()
    assert 1000 < ear.ring.buffered_ms < 2500
    scheduler = ear._scheduler
    running = asyncio.create_task(scheduler.run())
    await ear.drained.wait()
    await ear.idle.wait()
    running.cancel()
    scheduler.close()
    assert heard[-1].final
    assert heard[-1].text != ""
    assert ear.ring.blank
