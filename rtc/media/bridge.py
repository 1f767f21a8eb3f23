"""What one leg hears: the other leg's Opus packets, passed through without transcoding."""

import asyncio
import time
from fractions import Fraction

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av.packet import Packet
from av.stream import Stream

OPUS_CLOCK = 48_000
"""RTP clock of Opus whatever the real sampling rate, RFC 7587 section 4.1."""

FRAME_SECONDS = 0.02
FRAME_TICKS = OPUS_CLOCK // 50

QUEUE_PACKETS = 10
"""200 ms. When the sender falls behind, the oldest sound is dropped: late speech is worse than a gap."""


class PassThroughTrack(MediaStreamTrack):
    """Sent to one browser; fed with the other browser's packets.

    Owner: the call. `feed` is called from the event loop; the RTP sender of aiortc awaits `recv`.
    """

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._packets: asyncio.Queue[Packet[Stream] | None] = asyncio.Queue()
        self._first_timestamp: int | None = None
        self._last_pts = 0
        self._last_fed_at = 0.0
        self._another_source = False
        self.dropped = 0

    def another_source(self) -> None:
        """What is fed from now on comes from another browser connection, whose timestamps begin anywhere."""
        self._another_source = True

    def feed(self, payload: bytes, timestamp: int) -> None:
        """`timestamp` is the source's RTP timestamp, 32 bits, in 1/48000 s; gaps in it are kept."""
        now = time.monotonic()
        if self._first_timestamp is None:
            self._first_timestamp = timestamp
        elif self._another_source:
            pause = max(1, round((now - self._last_fed_at) / FRAME_SECONDS)) * FRAME_TICKS
            self._first_timestamp = (timestamp - self._last_pts - pause) & 0xFFFFFFFF
        self._another_source = False
        packet: Packet[Stream] = Packet(payload)
        packet.pts = (timestamp - self._first_timestamp) & 0xFFFFFFFF
        packet.time_base = Fraction(1, OPUS_CLOCK)
        self._last_pts, self._last_fed_at = packet.pts, now
        while self._packets.qsize() >= QUEUE_PACKETS:
            self._packets.get_nowait()
            self.dropped += 1
        self._packets.put_nowait(packet)

    async def recv(self) -> "Packet[Stream]":
        packet = await self._packets.get()
        if packet is None or self.readyState != "live":
            raise MediaStreamError
        return packet

    def stop(self) -> None:
        super().stop()
        while not self._packets.empty():
            self._packets.get_nowait()
        self._packets.put_nowait(None)
