"""The recordings, and a device to recognise them on."""

from functools import cache
from pathlib import Path

import av

from rtc.speech.device import Device

CALLS = Path(__file__).parents[1] / "data" / "calls"

ONE_THREAD = Device("cpu", "int8", workers=1, batch=1, wait_s=0.0, bucket_s=0.5)


@cache
def pcm(name: str) -> bytes:
    """One side of a recorded call ("chest_pain.patient"): s16le, 16 kHz, mono."""
    with av.open(str(CALLS / f"{name}.flac")) as container:
        frames = list(container.decode(audio=0))
    return b"".join(frame.to_ndarray().astype("<i2").tobytes() for frame in frames)
