"""Opus decoding with loss concealment and in-band FEC (RFC 6716 section 2.1.7), straight to 16 kHz mono.

PyAV's decoder offers neither, so this calls the libopus that ships inside the PyAV wheel.
"""

import ctypes
from functools import cache
from pathlib import Path

import av

from rtc.locked_memory import SoundMemory
from rtc.messages import SAMPLE_RATE

FRAME_SAMPLES = SAMPLE_RATE // 50
"""Samples of a 20 ms frame, the length browsers send and the only length we conceal."""

MAX_FRAME_SAMPLES = SAMPLE_RATE * 120 // 1000
"""RFC 6716 section 3.2.5: one packet holds at most 120 ms."""


Samples = bytes | memoryview
"""s16le samples, 16 kHz mono. A view is of the decoder's own memory: copy it before the next packet."""


class OpusError(Exception):
    """A packet libopus refuses: corrupt or not Opus. The caller conceals it like a lost one."""


@cache
def _libopus() -> ctypes.CDLL:
    folder = Path(av.__file__).parent.parent / "av.libs"
    found = sorted(folder.glob("libopus-*.so*"))
    if not found:
        raise OpusError(f"no libopus beside PyAV in {folder.name}: install the PyAV wheel, not a source build")
    library = ctypes.CDLL(str(found[0]))
    library.opus_decoder_create.restype = ctypes.c_void_p
    library.opus_decoder_create.argtypes = [ctypes.c_int32, ctypes.c_int, ctypes.POINTER(ctypes.c_int)]
    library.opus_decode.restype = ctypes.c_int
    library.opus_decode.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_int,
    ]
    library.opus_decoder_destroy.restype = None
    library.opus_decoder_destroy.argtypes = [ctypes.c_void_p]
    return library


class OpusDecoder:
    """One leg's decoder. Not shared between threads. `close` wipes its output buffer and frees it."""

    def __init__(self) -> None:
        self._library = _libopus()
        error = ctypes.c_int()
        self._state = self._library.opus_decoder_create(SAMPLE_RATE, 1, ctypes.byref(error))
        if error.value != 0:
            raise OpusError(f"opus_decoder_create failed with {error.value}")
        self._memory = SoundMemory(1, 2 * MAX_FRAME_SAMPLES)
        self._place = self._memory.take()
        self._out = (ctypes.c_int16 * MAX_FRAME_SAMPLES).from_buffer(self._place)

    def decode(self, payload: bytes) -> Samples:
        """One packet. Raises OpusError when it is corrupt."""
        return self._run(payload, len(payload), MAX_FRAME_SAMPLES, 0)

    def recover(self, next_payload: bytes) -> Samples:
        """The 20 ms before `next_payload`, from the redundancy inside it; concealed when it carries none."""
        return self._run(next_payload, len(next_payload), FRAME_SAMPLES, 1)

    def conceal(self) -> Samples:
        """20 ms invented from what came before (packet-loss concealment); fades to silence when called again."""
        return self._run(None, 0, FRAME_SAMPLES, 0)

    def _run(self, payload: bytes | None, length: int, room: int, fec: int) -> Samples:
        if self._state is None:
            raise OpusError("decoder is closed")
        count: int = self._library.opus_decode(self._state, payload, length, self._out, room, fec)
        if count < 0:
            raise OpusError(f"opus_decode failed with {count}")
        return self._place[: count * 2]

    def close(self) -> None:
        if self._state is not None:
            self._place[:] = bytes(len(self._place))
            self._library.opus_decoder_destroy(self._state)
            self._state = None
