"""Audio files as Opus packets, encoded once and before the call, and a track that plays them in real time."""

import asyncio
import time
from fractions import Fraction
from pathlib import Path

import av
from aiortc import MediaStreamTrack
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.codec.context import CodecContext
from av.packet import Packet
from av.stream import Stream

OPUS_RATE = 48_000
FRAME_S = 0.02
FRAME_SAMPLES = OPUS_RATE // 50
BIT_RATE = 32_000


class UnreadableSound(Exception):
    """The file is missing or is not audio."""


def opus_packets(path: Path) -> list[bytes]:
    """The file as 20 ms mono Opus packets. Raises UnreadableSound."""
    try:
        with av.open(str(path)) as container:
            frames = list(container.decode(audio=0))
    except (OSError, av.FFmpegError, IndexError) as error:
        raise UnreadableSound(f"{path} cannot be read as audio: {error}") from error
    return _encode(frames)


def silence(packets: int) -> list[bytes]:
    """Encoded silence, as a browser with a muted microphone sends it."""
    frame = AudioFrame(format="s16", layout="mono", samples=FRAME_SAMPLES * packets)
    frame.sample_rate = OPUS_RATE
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    return _encode([frame])


def _encode(frames: list[AudioFrame]) -> list[bytes]:
    encoder = CodecContext.create("libopus", "w")
    encoder.format, encoder.layout, encoder.sample_rate = "s16", "mono", OPUS_RATE
    encoder.bit_rate, encoder.options = BIT_RATE, {"application": "voip"}
    resampler = AudioResampler(format="s16", layout="mono", rate=OPUS_RATE, frame_size=FRAME_SAMPLES)
    packets: list[bytes] = []
    for frame in [*frames, None]:
        for piece in resampler.resample(frame):
            piece.pts = None
            packets += [bytes(packet) for packet in encoder.encode(piece)]
    return packets


class Player(MediaStreamTrack):
    """Plays packets from the moment `play` is called; before and after, silence. `played` is set at their end."""

    kind = "audio"

    def __init__(self, packets: list[bytes], quiet: bytes) -> None:
        super().__init__()
        self._packets = packets
        self._quiet = quiet
        self._count = 0
        self._began: float | None = None
        self._first = 0
        self.started_at: float | None = None
        """Monotonic seconds at which the first packet of the file was due."""
        self.played = asyncio.Event()

    def play(self) -> None:
        self._first = self._count
        self.started_at = time.monotonic() if self._began is None else self._began + self._count * FRAME_S

    async def recv(self) -> "Packet[Stream]":
        if self._began is None:
            self._began = time.monotonic()
        await asyncio.sleep(max(0.0, self._began + self._count * FRAME_S - time.monotonic()))
        packet: Packet[Stream] = Packet(self._payload())
        packet.pts = self._count * FRAME_SAMPLES
        packet.time_base = Fraction(1, OPUS_RATE)
        self._count += 1
        return packet

    def _payload(self) -> bytes:
        if self.started_at is None:
            return self._quiet
        index = self._count - self._first
        if index >= len(self._packets):
            self.played.set()
            return self._quiet
        return self._packets[index]
