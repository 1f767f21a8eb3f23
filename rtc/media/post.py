"""The sound of every call of this process, on its way to the recognisers: gathered, and posted 25 times a second.

One round for all legs, and one message for each recogniser: what a message costs, here and there, is hardly its bytes.
A message for each leg whenever 40 ms of it were complete cost more than decoding did; a timer wakes for nothing.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Protocol

from rtc import bus as subjects
from rtc.bus import Bus, Unreachable
from rtc.locked_memory import SoundMemory
from rtc.media.opus import FRAME_SAMPLES, MAX_FRAME_SAMPLES, Samples
from rtc.messages import SAMPLE_RATE, Pcm, Sound

ROUND_SECONDS = 0.035
"""At least, between two rounds: every second frame of a single leg finds one due. A frame waits half of that."""

MAX_PIECE_SAMPLES = SAMPLE_RATE // 2

MAX_PARCEL_BYTES = 128 * 1024
"""Of sound in one message: half of what NATS takes (`max_payload`). A round of a hundred legs, or four seconds of one
that could not be posted."""

MAX_GATHERED_SAMPLES = 2 * SAMPLE_RATE
"""When the bus stalls longer, what waits is dropped; the bridge never waits."""

PLACE_BYTES = 2 * (MAX_GATHERED_SAMPLES + MAX_FRAME_SAMPLES)
"""What one leg holds at most."""

MAX_DRIFT_SAMPLES = SAMPLE_RATE // 5
"""A leg's clock that runs 200 ms away from ours (a pause in sending) is set again, forwards only."""


class LegSound:
    """What one leg said since the last round. Owner: the call's `Hearing`. What leaves here is overwritten here."""

    def __init__(self, memory: SoundMemory) -> None:
        """`memory` has places of PLACE_BYTES; one is held from the first sound until `wipe`."""
        self._memory = memory
        self._held: memoryview | None = None
        self._length = 0
        self._began = 0.0
        self.longest_wait_s = 0.0
        """Any sample's, from when it was said until it left here or was wiped."""
        self._next_at: int | None = None

    def add(self, pcm: Samples) -> None:
        """s16le 16 kHz mono as it was decoded, at most MAX_FRAME_SAMPLES. Copied."""
        if self._length // 2 > MAX_GATHERED_SAMPLES:
            self.wipe()
        if not self._length:
            self._began = time.monotonic() - FRAME_SAMPLES / SAMPLE_RATE
        if self._held is None:
            self._held = self._memory.take()
        end = self._length + len(pcm)
        self._held[self._length : end] = pcm
        self._length = end

    def take(self, bridged_at: float) -> tuple[int, bytes] | None:
        """The oldest sound and the media sample it begins at; None when there is none. `bridged_at` is monotonic."""
        if self._held is None or not self._length:
            return None
        pcm = bytes(self._held[: min(self._length, 2 * MAX_PIECE_SAMPLES)])
        self._forget(len(pcm))
        at = self._place(int((self._began - bridged_at) * SAMPLE_RATE))
        self._next_at = at + len(pcm) // 2
        self._began += len(pcm) / 2 / SAMPLE_RATE
        return at, pcm

    def _place(self, by_the_clock: int) -> int:
        """After the sound before, or by the clock when that has run away."""
        at = self._next_at
        if at is None or by_the_clock - at > MAX_DRIFT_SAMPLES:
            return max(by_the_clock, at or 0, 0)
        return at

    def _forget(self, length: int) -> None:
        """The oldest bytes: what is newer moves to the front, and where it was is overwritten."""
        if self._held is not None:
            self._note_wait()
            rest = self._length - length
            self._held[:rest] = self._held[length : self._length]
            self._held[rest : self._length] = bytes(length)
            self._length = rest

    def _note_wait(self) -> None:
        if self._length:
            self.longest_wait_s = max(self.longest_wait_s, time.monotonic() - self._began)

    def wipe(self) -> None:
        """Everything; the place goes back."""
        self._note_wait()
        if self._held is not None:
            self._memory.give_back(self._held)
        self._held, self._length = None, 0

    def restart(self) -> None:
        """Another recogniser listens from now on."""
        self.wipe()
        self._next_at = None


class Sender(Protocol):
    """A call whose sound goes to a recogniser."""

    def take(self) -> Iterator[tuple[str, Pcm]]:
        """What was gathered, each leg's oldest first, and the speech worker that it is for."""

    def posted(self, worker: str, samples: int) -> None:
        """So much of it has left for that worker."""


Parcel = list[tuple[Sender, Pcm]]
"""What goes to one speech worker in one message."""


class SoundPost:
    """Owner: the media worker. The sound itself makes a round due: while nobody is heard, nothing wakes."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._senders: set[Sender] = set()
        self._due = asyncio.Event()
        self._last_round_at = 0.0
        self._posting = asyncio.Lock()

    def add(self, sender: Sender) -> None:
        self._senders.add(sender)

    def remove(self, sender: Sender) -> None:
        self._senders.discard(sender)

    def heard(self) -> None:
        """A sender has gathered something."""
        if time.monotonic() - self._last_round_at > ROUND_SECONDS:
            self._due.set()

    async def run(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            self._last_round_at = time.monotonic()
            await self.post(*self._senders)

    async def post(self, *senders: Sender) -> None:
        """Publish what these have gathered, after what is on its way already. Never raises."""
        async with self._posting:
            for worker, parcel in _parcels(senders):
                await self._publish(worker, parcel)

    async def _publish(self, worker: str, parcel: Parcel) -> None:
        try:
            await self._bus.publish(subjects.pcm(worker), Sound([piece for _, piece in parcel]))
        except Unreachable:
            return
        for sender, piece in parcel:
            sender.posted(worker, len(piece.pcm) // 2)


def _parcels(senders: tuple[Sender, ...]) -> list[tuple[str, Parcel]]:
    """All that is gathered, by the worker it goes to, none above MAX_PARCEL_BYTES."""
    full: list[tuple[str, Parcel]] = []
    packing: dict[str, Parcel] = {}
    sizes: dict[str, int] = {}
    for sender in senders:
        for worker, piece in sender.take():
            size = sizes.get(worker, 0) + len(piece.pcm)
            if size > MAX_PARCEL_BYTES:
                full.append((worker, packing.pop(worker)))
                size = len(piece.pcm)
            sizes[worker] = size
            packing.setdefault(worker, []).append((sender, piece))
    return [*full, *packing.items()]
