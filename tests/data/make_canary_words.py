"""Speak the words of the canary phrase: one Ogg Opus file a word, for `clinixcue prove-zero-retention`.

Usage: make_canary_words.py OUT_DIR
Needs Debian's flite and ffmpeg's libopus through PyAV. The voice is flite's "slt" (CMU, free of charge and of
conditions but its notice). Two or three syllables each, so that a recogniser hears them apart.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import av
import numpy as np
import soundfile as sf

WORDS = """apple banana basket bicycle blanket butter candle carpet castle cherry chicken coffee cookie copper cotton
diamond dinner doctor dolphin elephant engine family feather finger flower forest garden giraffe guitar hammer harbour
holiday honey island jacket kitchen ladder lemon lion market mirror monkey mountain music number onion orange paper
pencil pepper piano picture pilot pocket potato rabbit river rocket sailor silver sister spider sugar summer table
ticket tiger tomato tunnel umbrella valley village violin water window winter wooden yellow zebra""".split()
RATE = 16_000


def speak(word: str) -> np.ndarray:
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["flite", "-voice", "slt", "-t", word, "-o", file.name], check=True)
        pcm, rate = sf.read(file.name, dtype="float32")
    assert rate == RATE
    loud = np.flatnonzero(np.convolve(np.abs(pcm), np.ones(160) / 160, "same") > 0.008)
    pcm = pcm[max(0, loud[0] - 320) : loud[-1] + 800]
    return pcm / np.abs(pcm).max() * 0.5


def write(pcm: np.ndarray, path: Path) -> None:
    with av.open(str(path), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        stream.bit_rate = 32_000
        frame = av.AudioFrame.from_ndarray((pcm * 32767).astype(np.int16)[None, :], format="s16", layout="mono")
        frame.sample_rate = RATE
        resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000)
        for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
            for packet in stream.encode(piece):
                container.mux(packet)


for spoken in WORDS:
    write(speak(spoken), Path(sys.argv[1], f"{spoken}.ogg"))
