"""One leg's sound in memory: a ring that is filled as it arrives, read in windows, and wiped as soon as it is used."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rtc.locked_memory import SoundMemory
from rtc.messages import SAMPLE_RATE

RING_S = 15
RING_BYTES = RING_S * SAMPLE_RATE * 2
FRAME_SAMPLES = SAMPLE_RATE // 50


class LegRing:
    """A preallocated ring of int16 samples, addressed by media time in samples.

    Owner: the call's leg, on the event loop of `speech`. Holds at most RING_S; older samples are wiped, not kept.
    `frames_in` and `frames_wiped` count 20 ms frames of real sound; gaps between packets are silence and not counted.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, memory: SoundMemory | None = None) -> None:
        """`memory` has places of RING_BYTES; without, it is locked memory of the ring's own."""
        self._memory = memory or SoundMemory(1, RING_BYTES)
        self._place = self._memory.take()
        self._ring = np.frombuffer(self._place, dtype=np.int16)
        self._clock = clock
        self.start = 0
        """Oldest sample still held."""
        self.end = 0
        """One past the newest sample."""
        self._samples_in = 0
        self._newest_at = 0.0
        self.longest_life_s = 0.0

    def write(self, at: int, pcm: bytes) -> int:
        """Append s16le samples whose first is media sample `at`. Returns how many were taken.

        What lies before `end` was already written (a repeat) and is skipped; a hole is filled with silence.
        """
        samples = np.frombuffer(pcm, dtype="<i2")
        if self._samples_in == 0 or (self.start == self.end and at > self.end):
            self.start = self.end = at
        samples = samples[max(0, self.end - at) :]
        at = max(at, self.end)
        if at - self.end >= self._ring.size:
            self.wipe(self.end)
            self.start = self.end = at
        self._put(self.end, np.zeros(at - self.end, dtype=np.int16))
        self._put(at, samples)
        self._samples_in += samples.size
        self._newest_at = self._clock()
        return int(samples.size)

    def _put(self, at: int, samples: NDArray[np.int16]) -> None:
        overflow = at + samples.size - self.start - self._ring.size
        if overflow > 0:
            self.wipe(self.start + overflow)
        for piece, offset in _pieces(at, samples.size, self._ring.size):
            self._ring[piece] = samples[offset : offset + piece.stop - piece.start]
        self.end = at + samples.size

    def read(self, start: int, end: int) -> NDArray[np.float32]:
        """A float copy, -1 to 1, of what is held between two media samples. The caller wipes it after use."""
        start, end = max(start, self.start), min(end, self.end)
        window = np.empty(max(0, end - start), dtype=np.float32)
        for piece, offset in _pieces(start, window.size, self._ring.size):
            window[offset : offset + piece.stop - piece.start] = self._ring[piece]
        window /= 32768.0
        return window

    def wipe(self, before: int) -> None:
        """Overwrite and forget everything older than media sample `before`."""
        before = min(before, self.end)
        if before <= self.start:
            return
        self.longest_life_s = max(self.longest_life_s, self.oldest_s)
        for piece, _ in _pieces(self.start, before - self.start, self._ring.size):
            self._ring[piece] = 0
        self.start = before

    def release(self) -> None:
        """Give the memory back, wiped; for good. Counts and figures stay."""
        self.wipe(self.end)
        self._ring = np.zeros(1, dtype=np.int16)
        self._memory.give_back(self._place)

    @property
    def oldest_s(self) -> float:
        """Age of the oldest held sample in seconds, 0 when nothing is held. Sound arrives in real time."""
        return 0.0 if self.end == self.start else self._clock() - self.born(self.start)

    def born(self, at: int) -> float:
        """When this media sample was said, by the clock."""
        return self._newest_at - (self.end - at) / SAMPLE_RATE

    @property
    def buffered_ms(self) -> int:
        return (self.end - self.start) * 1000 // SAMPLE_RATE

    def lived(self, born: float) -> None:
        """A copy of what was said then is wiped only now."""
        self.longest_life_s = max(self.longest_life_s, self._clock() - born)

    @property
    def samples_in(self) -> int:
        return self._samples_in

    @property
    def samples_wiped(self) -> int:
        """Never more than came in: silence that filled a hole was wiped too, but it was never sound."""
        return max(0, self._samples_in - (self.end - self.start))

    @property
    def frames_in(self) -> int:
        return self._samples_in // FRAME_SAMPLES

    @property
    def frames_wiped(self) -> int:
        return self.samples_wiped // FRAME_SAMPLES

    @property
    def blank(self) -> bool:
        """True when every sample of the ring is zero: what a purge receipt may claim."""
        return self.start == self.end and not self._ring.any()


def _pieces(start: int, count: int, size: int) -> list[tuple[slice, int]]:
    """The one or two slices of the ring that `count` samples from `start` occupy, and their offsets in the whole."""
    if count <= 0:
        return []
    first = start % size
    head = min(count, size - first)
    pieces = [(slice(first, first + head), 0)]
    if count > head:
        pieces.append((slice(0, count - head), head))
    return pieces
