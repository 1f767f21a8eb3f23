"""The sound of every call of this process, on its way to the recognisers: gathered, and posted 25 times a second.

One timer for all legs: the messages of one round leave in one write. A message for each leg whenever 40 ms of it were
complete cost two wakings of the event loop each, more than decoding did (docs/performance.md).
"""

import asyncio
import time
from typing import Protocol

from rtc.media.opus import FRAME_SAMPLES
from rtc.messages import SAMPLE_RATE

POST_SECONDS = 0.04
"""Between two rounds: a 20 ms frame waits 20 ms on average."""

MAX_MESSAGE_SAMPLES = SAMPLE_RATE // 2

MAX_GATHERED_SAMPLES = 2 * SAMPLE_RATE
"""When the bus stalls longer, what waits is dropped; the bridge never waits."""

MAX_DRIFT_SAMPLES = SAMPLE_RATE // 5
"""A leg's clock that runs 200 ms away from ours (a pause in sending) is set again, forwards only."""


class LegSound:
    """What one leg said since the last round. Owner: the call's `Hearing`. What leaves here is overwritten here."""

    def __init__(self) -> None:
        self._pcm = bytearray()
        self._began = 0.0
        self._next_at: int | None = None

    def add(self, pcm: bytes) -> None:
        """s16le 16 kHz mono as it was decoded."""
        if len(self._pcm) // 2 > MAX_GATHERED_SAMPLES:
            self.wipe()
        if not self._pcm:
            self._began = time.monotonic() - FRAME_SAMPLES / SAMPLE_RATE
        self._pcm += pcm

    def take(self, bridged_at: float) -> tuple[int, bytes] | None:
        """The oldest sound and the media sample it begins at; None when there is none. `bridged_at` is monotonic."""
        if not self._pcm:
            return None
        pcm = bytes(self._pcm[: 2 * MAX_MESSAGE_SAMPLES])
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
        self._pcm[:length] = bytes(length)
        del self._pcm[:length]

    def wipe(self) -> None:
        self._forget(len(self._pcm))

    def restart(self) -> None:
        """Another recogniser listens from now on."""
        self.wipe()
        self._next_at = None


class Sender(Protocol):
    async def post(self) -> None:
        """Publish what was gathered. Never raises."""


class SoundPost:
    """Owner: the media worker. Sleeps while nobody is heard."""

    def __init__(self) -> None:
        self._senders: set[Sender] = set()
        self._somebody = asyncio.Event()

    def add(self, sender: Sender) -> None:
        self._senders.add(sender)
        self._somebody.set()

    def remove(self, sender: Sender) -> None:
        self._senders.discard(sender)
        if not self._senders:
            self._somebody.clear()

    async def run(self) -> None:
        while True:
            await self._somebody.wait()
            for sender in tuple(self._senders):
                await sender.post()
            await asyncio.sleep(POST_SECONDS)
