"""Sound for the tests: fake microphones for Chromium and shorter calls, cut from our recordings."""

import json
import wave
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

CALLS = Path(__file__).parents[1] / "tests" / "data" / "calls"
RATE = 48_000


@dataclass(frozen=True)
class Turn:
    """One spoken turn, and where it lies in the WAV file, in seconds."""

    text: str
    start: float
    end: float


def turns_of(call: str, speaker: str) -> list[tuple[str, NDArray[np.int16]]]:
    """The turns of one side of a recorded call: words and sound."""
    sound = _sound(call, speaker)
    marks = json.loads((CALLS / f"{call}.marks.json").read_text())
    return [
        (mark["text"], sound[int(mark["start"] * RATE) : int(mark["end"] * RATE)])
        for mark in marks
        if mark["speaker"] == speaker
    ]


def fake_microphone(path: Path, turns: list[tuple[str, NDArray[np.int16]]], starts: list[float]) -> list[Turn]:
    """Write a WAV in which each turn begins at its second of `starts`; returns where each one lies."""
    ends = [start + turn[1].size / RATE for start, turn in zip(starts, turns, strict=True)]
    sound = np.random.default_rng(7).normal(0, 20, int((ends[-1] + 60) * RATE)).astype(np.int16)
    for start, (_, samples) in zip(starts, turns, strict=True):
        first = int(start * RATE)
        sound[first : first + samples.size] = samples
    _write(path, sound)
    return [Turn(text, start, end) for (text, _), start, end in zip(turns, starts, ends, strict=True)]


def beginning(call: str, seconds: float, folder: Path) -> Path:
    """The first seconds of a recorded call, both sides and their marks, in `folder`, which is returned."""
    for speaker in ("agent", "patient"):
        _write(folder / f"{call}.{speaker}.wav", _sound(call, speaker)[: int(seconds * RATE)])
    marks = json.loads((CALLS / f"{call}.marks.json").read_text())
    (folder / f"{call}.marks.json").write_text(json.dumps([mark for mark in marks if mark["end"] < seconds]))
    return folder


def _sound(call: str, speaker: str) -> NDArray[np.int16]:
    with av.open(str(CALLS / f"{call}.{speaker}.flac")) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        pieces = [piece.to_ndarray()[0] for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
    return np.concatenate(pieces)


def _write(path: Path, sound: NDArray[np.int16]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound.tobytes())
