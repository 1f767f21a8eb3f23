"""What one leg hears: the other leg's Opus packets, passed through without transcoding."""

import asyncio
import time
from collections.abc import Callable
from typing import Never

from aiortc import MediaStreamTrack

OPUS_CLOCK = 48_000
"""RTP clock of Opus whatever the real sampling rate, RFC 7587 section 4.1."""

FRAME_SECONDS = 0.02
FRAME_TICKS = OPUS_CLOCK // 50


class PassThroughTrack(MediaStreamTrack):
    """Sent to one browser; fed with the other browser's packets.

    Owner: the call. aiortc's sender starts when it may send, and from then on waits here for ever: it keeps the
    RTCP going, and `send` does the sending.
    """

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._send: Callable[[bytes, int], None] = lambda _payload, _timestamp: None
        self._may_send = False
        self._first_timestamp: int | None = None
        self._last_timestamp = 0
        self._last_fed_at = 0.0
        self._another_source = False

    def goes_to(self, send: Callable[[bytes, int], None]) -> None:
        """`send(payload, timestamp)`: timestamps count 1/48000 s from the first packet."""
        self._send = send

    def another_source(self) -> None:
        """What is fed from now on comes from another browser connection, whose timestamps begin anywhere."""
        self._another_source = True

    def feed(self, payload: bytes, timestamp: int) -> None:
        """`timestamp` is the source's RTP timestamp, 32 bits, in 1/48000 s; gaps in it are kept."""
        if not self._may_send or self.readyState != "live":
            return
        now = time.monotonic()
        if self._first_timestamp is None:
            self._first_timestamp = timestamp
        elif self._another_source:
            pause = max(1, round((now - self._last_fed_at) / FRAME_SECONDS)) * FRAME_TICKS
            self._first_timestamp = (timestamp - self._last_timestamp - pause) & 0xFFFFFFFF
        self._another_source = False
        self._last_timestamp, self._last_fed_at = (timestamp - self._first_timestamp) & 0xFFFFFFFF, now
        self._send(payload, self._last_timestamp)

    async def recv(self) -> Never:
        self._may_send = True
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nobody completes this future")
