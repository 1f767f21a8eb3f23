"""Whisper on CTranslate2, on short windows.

faster-whisper pads everything to 30 s, which costs the encoder four times what a phrase needs. CTranslate2 takes any
length; what it then needs is silence after the words, or it says them again and again until the window is full.
"""

import re
import zlib

import ctranslate2
import numpy as np
import tokenizers
from ctranslate2.models import WhisperGenerationResult
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import _LANGUAGE_CODES, Tokenizer

from rtc.messages import SAMPLE_RATE
from rtc.speech.device import Device
from rtc.speech.weights import ModelName, whisper
from rtc.speech.windows import NOTHING, Hypothesis, Window

MARGIN_S = 4.0
"""Silence after the words. Measured on our recordings with tiny.en, word error rate and turns said twice:
1.5 s 33 %, 6 of 31; 2.56 s 24 %, 4; 3.5 s 15 %, 1; 4 s 12 %, 0; 8 s 12 %, 0. The time for a window is the same from
1.5 s to 5 s, because every invented word costs a decoder step.

It also keeps every window longer than the one length CTranslate2 gets wrong: 160 mel frames (1.6 s; 2.56 s with 128
mel bands) look like encoder output to it and would be encoded twice."""

TOKENS_PER_SECOND = 6.5
EXTRA_TOKENS = 8
"""Faster than anybody talks: a decode that wants more tokens is repeating itself."""

MAX_PROMPT_TOKENS = 150
"""Of a vocabulary, whose nearest entries stand last. Whisper takes 223; every one costs time before the first word."""

MAX_NO_SPEECH = 0.5
MIN_LOG_PROBABILITY = -1.0
MAX_COMPRESSION = 2.4
"""faster-whisper's gates against invented words: no-speech only counts together with a low log-probability. Its 0.6
lets a sung vowel through as "Yeah" (0.59); no turn of our recordings is above 0.23, none of them shouted and that
uncertain above 0.21."""


class WhisperRecognizer:
    """One model shared by all legs; one CPU thread for each call of `recognize`."""

    def __init__(self, name: ModelName, device: Device) -> None:
        weights = whisper(name)
        self._model = ctranslate2.models.Whisper(
            name,
            device=device.name,
            compute_type=device.compute_type,
            inter_threads=device.workers,
            intra_threads=1,
            files=weights.files,
        )
        self._bucket = int(device.bucket_s * SAMPLE_RATE)
        self._features = FeatureExtractor(feature_size=self._model.n_mels)
        self._tokenizer = Tokenizer(
            tokenizers.Tokenizer.from_buffer(weights.tokenizer),
            multilingual=self._model.is_multilingual,
            task="transcribe",
            language="en",
        )
        self._prompts = self._language_prompts()

    def _language_prompts(self) -> dict[str, list[int]]:
        """What a hypothesis begins with, for each language. An English-only model has no tokens for languages."""
        sot, end = self._tokenizer.sot, self._tokenizer.no_timestamps
        if not self._model.is_multilingual:
            return {"en": [sot, end]}
        codes = {code: self._tokenizer.tokenizer.token_to_id(f"<|{code}|>") for code in _LANGUAGE_CODES}
        known = {code: token for code, token in codes.items() if token is not None}
        return {code: [sot, token, self._tokenizer.transcribe, end] for code, token in known.items()}

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(self._prompts)

    def recognize(self, windows: list[Window]) -> list[Hypothesis]:
        """Windows of one language and, rounded up, one length; NOTHING for each that holds no words."""
        length = max(window.samples.size for window in windows)
        if length == 0:
            return [NOTHING] * len(windows)
        length = -(-length // self._bucket) * self._bucket
        prompt = self._prompts[windows[0].language]
        encoded = self._encode(windows, length)
        results = self._generate(encoded, [prompt] * len(windows), length)
        return [
            self._respelled(window, hypothesis, encoded, row, length)
            for row, (window, hypothesis) in enumerate(zip(windows, map(self._gate, results), strict=True))
        ]

    def _encode(self, windows: list[Window], length: int) -> ctranslate2.StorageView:
        padded = np.zeros((len(windows), length + int(MARGIN_S * SAMPLE_RATE)), dtype=np.float32)
        try:
            for row, window in zip(padded, windows, strict=True):
                row[: window.samples.size] = window.samples
            features = np.stack([self._features(row, padding=0) for row in padded])
        finally:
            padded[:] = 0
        try:
            return self._model.encode(ctranslate2.StorageView.from_array(features))
        finally:
            features[:] = 0  # sound could be made of them again

    def _generate(
        self, encoded: ctranslate2.StorageView, prompts: list[list[int]], length: int
    ) -> list[WhisperGenerationResult]:
        tokens = int(TOKENS_PER_SECOND * length / SAMPLE_RATE) + EXTRA_TOKENS
        results: list[WhisperGenerationResult] = self._model.generate(
            encoded,
            prompts,
            beam_size=1,
            # CTranslate2 lets as many tokens be new as half of this, or what the prompt leaves of it if that is less
            max_length=max(2 * tokens, len(prompts[0]) + tokens),
            suppress_blank=True,
            return_scores=True,
            return_no_speech_prob=True,
        )
        return results

    def _respelled(
        self, window: Window, plain: Hypothesis, encoded: ctranslate2.StorageView, row: int, length: int
    ) -> Hypothesis:
        """Words that sound like the practice's own are heard once more, with those words in mind.

        What was heard without them decides which words there are: a window without words never gets here, so a
        vocabulary cannot leak onto silence.
        """
        if window.vocabulary is None or not window.vocabulary.near(plain.text):
            return plain
        listed = self._tokenizer.encode(f" {window.vocabulary.prompt_for(plain.text)}")
        prompt = [self._tokenizer.sot_prev, *listed[-MAX_PROMPT_TOKENS:]]
        prompt += self._prompts[window.language]
        biased = self._gate(self._generate(_row(encoded, row), [prompt], length)[0])
        return Hypothesis(window.vocabulary.respell(plain.text, biased.text), plain.confidence)

    def _gate(self, result: WhisperGenerationResult) -> Hypothesis:
        ids = result.sequences_ids[0]
        log_probability = result.scores[0] * len(ids) / (len(ids) + 1)
        if result.no_speech_prob > MAX_NO_SPEECH and log_probability < MIN_LOG_PROBABILITY:
            return NOTHING
        text = _said_once(self._tokenizer.decode([token for token in ids if token < self._tokenizer.eot]).strip())
        if not text or _compression(text) > MAX_COMPRESSION:
            return NOTHING
        return Hypothesis(text, float(np.exp(log_probability)))


def _row(encoded: ctranslate2.StorageView, row: int) -> ctranslate2.StorageView:
    """One window's encoder output out of a batch's, as it is or by way of the CPU."""
    if encoded.shape[0] == 1:
        return encoded
    on_cpu = encoded.to(ctranslate2.DataType.float32).to_device(ctranslate2.Device.cpu)
    return ctranslate2.StorageView.from_array(np.asarray(on_cpu)[row : row + 1])


_WORD = re.compile(r"[^\s-]+[\s-]*|-+\s*")
"""With what follows it. A recogniser that is stuck often joins its echo with hyphens."""


def _said_once(text: str) -> str:
    """Cut the recogniser's echo: when the end of the text repeats its own last words, keep them once.

    "My daughter is here. My daughter is here. My" becomes "My daughter is here." One repeated word ("bye bye") stays,
    and so do digits: a telephone number may say the same ones again.
    """
    words = _WORD.findall(text)
    heard = [word.strip(" -,.!?").lower() for word in words]
    for start in range(len(words) - 3):
        for period in range(2, (len(words) - start) // 2 + 1):
            again = all(heard[at] == heard[at - period] for at in range(start + period, len(words)))
            if again and not all(word.isdigit() for word in heard[start : start + period]):
                return "".join(words[: start + period]).rstrip(" -")
    return text


def _compression(text: str) -> float:
    """How well the text compresses; talk is below 2, a repetition loop far above."""
    data = text.encode()
    return len(data) / len(zlib.compress(data))
