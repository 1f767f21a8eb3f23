"""Whisper on CTranslate2, on short windows.

faster-whisper pads everything to 30 s, which costs the encoder four times what a phrase needs. CTranslate2 takes any
length; what it then needs is silence after the words, or it says them again and again until the window is full.
"""

import zlib

import ctranslate2
import numpy as np
import tokenizers
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer
from msgspec import Struct
from numpy.typing import NDArray

from rtc.messages import SAMPLE_RATE
from rtc.settings import SpeechSettings
from rtc.speech.weights import whisper

MAX_WINDOW_S = 11.0
MARGIN_S = 4.0
"""Silence after the words. Measured on our recordings with tiny.en, word error rate and turns said twice:
1.5 s 33 %, 6 of 31; 2.56 s 24 %, 4; 3.5 s 15 %, 1; 4 s 12 %, 0; 8 s 12 %, 0. The time for a window is the same from
1.5 s to 5 s, because every invented word costs a decoder step."""
BUCKET_S = 0.5
"""Windows are rounded up to this, so that equal lengths are common and the forbidden one never occurs."""

FORBIDDEN_FRAMES = 160
"""Exactly 2 x 80 mel frames look like encoder output to CTranslate2 and would be encoded twice."""

TOKENS_PER_SECOND = 6.5
EXTRA_TOKENS = 8
"""Faster than anybody talks: a decode that wants more tokens is repeating itself."""

MAX_NO_SPEECH = 0.6
MIN_LOG_PROBABILITY = -1.0
MAX_COMPRESSION = 2.4
"""faster-whisper's own gates against invented words: no-speech only counts together with a low log-probability."""


class Hypothesis(Struct, frozen=True):
    """What a window was understood as. `confidence` is exp(average token log-probability), 0 to 1."""

    text: str
    confidence: float


NOTHING = Hypothesis("", 0.0)


class WhisperRecognizer:
    """One model shared by all legs. `recognize` may be called from several threads at once, one CPU thread each."""

    def __init__(self, settings: SpeechSettings) -> None:
        weights = whisper(settings.model)
        self._model = ctranslate2.models.Whisper(
            settings.model,
            device=settings.device,
            compute_type=settings.compute_type,
            inter_threads=settings.workers,
            intra_threads=1,
            files=weights.files,
        )
        self._features = FeatureExtractor(feature_size=self._model.n_mels)
        self._tokenizer = Tokenizer(
            tokenizers.Tokenizer.from_buffer(weights.tokenizer),
            multilingual=self._model.is_multilingual,
            task="transcribe",
            language="en",
        )
        self._prompt = [*self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]

    def recognize(self, samples: NDArray[np.float32]) -> Hypothesis:
        """`samples`: at most MAX_WINDOW_S of 16 kHz mono, -1 to 1. Returns NOTHING when it holds no words."""
        window = _padded(samples)
        try:
            features = self._features(window, padding=0)
        finally:
            window[:] = 0
        encoded = self._model.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(features[None])))
        tokens = int(TOKENS_PER_SECOND * samples.size / SAMPLE_RATE) + EXTRA_TOKENS
        result = self._model.generate(
            encoded,
            [self._prompt],
            beam_size=1,
            max_length=2 * tokens,  # CTranslate2 counts the prompt's share: half of this is what may be new
            suppress_blank=True,
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        return self._gate(result)

    def _gate(self, result: ctranslate2.models.WhisperGenerationResult) -> Hypothesis:
        ids = result.sequences_ids[0]
        log_probability = result.scores[0] * len(ids) / (len(ids) + 1)
        if result.no_speech_prob > MAX_NO_SPEECH and log_probability < MIN_LOG_PROBABILITY:
            return NOTHING
        text = _said_once(self._tokenizer.decode([token for token in ids if token < self._tokenizer.eot]).strip())
        if not text or _compression(text) > MAX_COMPRESSION:
            return NOTHING
        return Hypothesis(text, float(np.exp(log_probability)))


def _padded(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The samples and silence after them, rounded up to a bucket."""
    bucket = int(BUCKET_S * SAMPLE_RATE)
    length = -(-samples.size // bucket) * bucket + int(MARGIN_S * SAMPLE_RATE)
    if length // 160 == FORBIDDEN_FRAMES:
        length += bucket
    window = np.zeros(length, dtype=np.float32)
    window[: samples.size] = samples
    return window


def _said_once(text: str) -> str:
    """Cut the recogniser's echo: when the end of the text repeats its own last words, keep them once.

    "My daughter is here. My daughter is here. My" becomes "My daughter is here." One repeated word ("bye bye") stays.
    """
    words = text.split()
    heard = [word.strip(",.!?").lower() for word in words]
    for start in range(len(words) - 3):
        for period in range(2, (len(words) - start) // 2 + 1):
            if all(heard[at] == heard[at - period] for at in range(start + period, len(words))):
                return " ".join(words[: start + period])
    return text


def _compression(text: str) -> float:
    """How well the text compresses; talk is below 2, a repetition loop far above."""
    data = text.encode()
    return len(data) / len(zlib.compress(data))
