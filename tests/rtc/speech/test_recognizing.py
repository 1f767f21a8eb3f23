"""The real engine: windows together, languages, devices, and a practice's words."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import ctranslate2
import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from rtc.bus import OUTCOME, SPEECH_LEASE, SPEECH_STATE
from rtc.coaching.playbook import Playbook, load
from rtc.locked_memory import SoundMemory
from rtc.messages import SAMPLE_RATE, Done, Grant, Lease, Outcome, Refusal, WorkerState
from rtc.settings import SpeechSettings
from rtc.speech.device import DeviceError, device
from rtc.speech.frames import RING_BYTES
from rtc.speech.recognizers.whisper import WhisperRecognizer
from rtc.speech.vad import Silero
from rtc.speech.vocabulary import Vocabulary
from rtc.speech.windows import NOTHING, Window, spoken
from rtc.speech.worker import SpeechWorker
from server.engines import Nats
from tests.support.media import connect
from tests.support.speech import CALLS, ONE_THREAD, pcm, plan

ROOT = Path(__file__).parents[3]


def turns(call: str) -> list[NDArray[np.float32]]:
    """The turns of a recorded call, cut as a leg would cut them."""
    cut = []
    for turn in json.loads((CALLS / f"{call}.marks.json").read_text()):
        sound = np.frombuffer(pcm(f"{call}.{turn['speaker']}"), "<i2").astype(np.float32) / np.float32(32768)
        cut.append(sound[int((turn["start"] - 0.3) * SAMPLE_RATE) : int((turn["end"] + 0.15) * SAMPLE_RATE)])
    return cut


def trimmed(sounds: list[NDArray[np.float32]], seconds: float) -> list[NDArray[np.float32]]:
    return [sound[: int(seconds * SAMPLE_RATE)] for sound in sounds if sound.size >= seconds * SAMPLE_RATE]


def test_windows_together_say_the_same_words_as_one_by_one(recognizer: WhisperRecognizer) -> None:
    equal = trimmed(turns("chest_pain") + turns("routine_booking"), 2.7)[:4]
    uneven = [sound[: sound.size - 400 * number] for number, sound in enumerate(equal)]
    windows = [Window(sound) for sound in uneven]
    alone = [recognizer.recognize([window])[0] for window in windows]
    together = recognizer.recognize(windows)
    assert len({hypothesis.text for hypothesis in alone}) == 4
    assert [hypothesis.text for hypothesis in together] == [hypothesis.text for hypothesis in alone]
    for one, other in zip(alone, together, strict=True):
        assert one.confidence == pytest.approx(other.confidence, abs=0.02)


def test_windows_together_keep_their_own_vocabulary(recognizer: WhisperRecognizer) -> None:
    greeting = turns("price_and_card")[0]
    other = turns("chest_pain")[4][: greeting.size]
    heard = recognizer.recognize(
        [Window(other), Window(greeting, vocabulary=Vocabulary(["hygienist", "Mill Lane", "Harbour Dental"]))]
    )
    assert "Harbour Dental" in heard[1].text
    assert heard[0] == recognizer.recognize([Window(other)])[0]


def test_a_window_without_sound_is_nothing(recognizer: WhisperRecognizer) -> None:
    """Recognition was a whole ring behind, and what a final meant is overwritten."""
    assert recognizer.recognize([Window(np.zeros(0, dtype=np.float32))]) == [NOTHING]


def test_a_practices_words_are_spelled_as_it_spells_them(recognizer: WhisperRecognizer) -> None:
    charge = turns("price_and_card")[1]
    plain = recognizer.recognize([Window(charge)])[0]
    known = recognizer.recognize([Window(charge, vocabulary=Vocabulary(["hygienist"]))])[0]
    # Which of the two the recogniser writes by itself depends on the processor's arithmetic.
    assert "gienist" in plain.text
    assert known.text == plain.text.replace("high-gienist", "hygienist")
    assert "hygienist" in known.text
    assert known.confidence == plain.confidence


def test_a_vocabulary_changes_nothing_else(recognizer: WhisperRecognizer) -> None:
    """Long enough to fill the prompt; none of it is said in this call."""
    words = Vocabulary(["Dr Okonkwo", "Ballyfermot", "Levothyroxine", "Llanfair Crescent", "Nurse Przybylski"] * 8)
    for sound in turns("chest_pain"):
        assert recognizer.recognize([Window(sound, vocabulary=words)]) == recognizer.recognize([Window(sound)])


def test_the_multilingual_model_takes_the_language_of_the_playbook() -> None:
    base = WhisperRecognizer("base", ONE_THREAD)
    assert {"en", "de", "fr", "pl", "cy"} <= base.languages
    pain = turns("chest_pain")[3]
    assert "going down my left arm" in base.recognize([Window(pain, spoken("en-IE"))])[0].text
    german = base.recognize([Window(pain, spoken("de"))])[0].text
    assert german
    assert "going down my left arm" not in german


async def test_a_call_in_another_language_is_refused_with_a_reason(
    recognizer: WhisperRecognizer, network: Silero, nats: Nats
) -> None:
    def playbook(name: str) -> Playbook:
        language = {"praxis": "de", "dublin": "en-IE"}[name]
        return msgspec.structs.replace(load("gp-reception"), name=name, language=language)

    async def stored(_outcome: Outcome) -> Done:
        return Done()

    speech, media, server = [await connect(nats, name) for name in ("speech", "media", "server")]
    await server.serve(OUTCOME, Outcome, stored)
    announced = asyncio.Event()

    async def seen(_state: WorkerState) -> None:
        announced.set()

    await media.listen(SPEECH_STATE, WorkerState, seen)
    worker = SpeechWorker(
        SpeechSettings(), speech, recognizer, network, ONE_THREAD, SoundMemory(2, RING_BYTES), playbook
    )
    running = asyncio.create_task(worker.run())
    await asyncio.wait_for(announced.wait(), 10)
    replies = [
        await media.request(SPEECH_LEASE, Lease(msgspec.structs.replace(plan(name), playbook=name), "media", False))
        for name in ("praxis", "dublin")
    ]
    worker.stop()
    await running
    for bus in (speech, media, server):
        await bus.close()
    assert replies[0] == Refusal(
        "language", "This practice's playbook is in a language that the recogniser does not understand."
    )
    assert isinstance(replies[1], Grant)


def test_the_cpu_needs_no_settings() -> None:
    cpu = device(SpeechSettings())
    assert (cpu.name, cpu.compute_type, cpu.batch, cpu.wait_s) == ("cpu", "int8", 1, 0.0)
    assert cpu.workers >= 1
    asked = device(SpeechSettings(workers=5, batch=4, compute_type="float32"))
    assert (asked.workers, asked.batch, asked.compute_type) == (5, 4, "float32")


def test_a_compute_type_the_device_lacks_is_refused() -> None:
    with pytest.raises(DeviceError, match=r"compute_type int7 is not possible on this cpu: set one of .*int8"):
        device(SpeechSettings(compute_type="int7"))


@pytest.mark.skipif(ctranslate2.get_cuda_device_count() > 0, reason="this machine has a CUDA GPU")
def test_without_a_gpu_cuda_does_not_start_and_says_what_to_do() -> None:
    environment = {"PATH": "/usr/bin:/bin", "CLINIXCUE_SPEECH_DEVICE": "cuda", "CLINIXCUE_SANDBOX_REQUIRE": "false"}
    started = subprocess.run(
        [sys.executable, "-m", "rtc.speech"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30
    )
    assert started.returncode == 1
    assert started.stderr == (
        "speech: device is cuda, but no CUDA GPU is visible here: install the NVIDIA driver, or set device to cpu\n"
    )
