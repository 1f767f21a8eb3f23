"""The real network and the real recogniser, loaded once."""

import pytest

from rtc.speech.recognizers.whisper import WhisperRecognizer
from rtc.speech.vad import Silero
from tests.support.speech import ONE_THREAD


@pytest.fixture(scope="session")
def recognizer() -> WhisperRecognizer:
    return WhisperRecognizer("tiny.en", ONE_THREAD)


@pytest.fixture(scope="session")
def network() -> Silero:
    return Silero()
