"""The real network, the real recogniser and a real NATS server, each started once."""

from collections.abc import Iterator

import pytest

from rtc.speech.recognizers.whisper import WhisperRecognizer
from rtc.speech.vad import Silero
from server.engines import Nats
from tests.support.speech import ONE_THREAD


@pytest.fixture(scope="session")
def recognizer() -> WhisperRecognizer:
    return WhisperRecognizer("tiny.en", ONE_THREAD)


@pytest.fixture(scope="session")
def network() -> Silero:
    return Silero()


@pytest.fixture(scope="session")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    engine = Nats(tmp_path_factory.mktemp("nats"))
    engine.start()
    yield engine
    engine.stop()
