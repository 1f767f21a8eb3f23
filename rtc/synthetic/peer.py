"""One end of a synthetic call: sends prepared packets, knows those it should hear, decodes nothing."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from statistics import median

from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import RtpPacket
from msgspec import Struct

from rtc.messages import channel_encoder
from rtc.synthetic.network import Fate, Pipe
from rtc.synthetic.sound import FRAME_S, Player

_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"


class Ear:
    """Takes the jitter buffer's place: which packets of the other side's recording arrive unchanged, and when."""

    def __init__(self, expected: list[bytes]) -> None:
        counted = Counter(expected)
        self._expected = frozenset(expected)
        self._places = {packet: number for number, packet in enumerate(expected) if counted[packet] == 1}
        self._arrived: dict[int, float] = {}
        self.heard = 0
        self.changed = asyncio.Event()
        """Set whenever `heard` grows; whoever waits clears it."""

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        if packet.payload in self._expected:
            self.heard += 1
            self.changed.set()
            place = self._places.get(packet.payload)
            if place is not None:
                self._arrived.setdefault(place, time.monotonic())
        return False, None

    def delays_ms(self, started_at: float) -> list[int | None]:
        """For each second of the recording, the median time its packets were on the way; None when none arrived.

        `started_at`: monotonic seconds at which its first packet was due."""
        seconds: dict[int, list[float]] = {}
        for place, at in self._arrived.items():
            due = place * FRAME_S
            seconds.setdefault(int(due), []).append(at - started_at - due)
        last = max(seconds, default=-1)
        return [round(median(seconds[n]) * 1000) if n in seconds else None for n in range(last + 1)]


class SyntheticPeer:
    """A browser without a browser: one audio section, for the agent also the data channel `cues`."""

    def __init__(self, player: Player, expected: list[bytes], on_message: Callable[[str], None] | None = None) -> None:
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.ear = Ear(expected)
        self.connected = asyncio.Event()
        self.closed = asyncio.Event()
        audio = self._connection.addTransceiver(player)
        setattr(audio.receiver, _JITTER_BUFFER, self.ear)
        self.channel: RTCDataChannel | None = None
        if on_message is not None:
            self.channel = self._connection.createDataChannel("cues", ordered=False)
            self.channel.on("message", on_message)
        self._connection.on("connectionstatechange", self._changed)

    def lose(self, sound: Fate, data: Fate) -> None:
        """From now on its sound, and what arrives for it on the data channel, meet these fates."""
        Pipe(self._connection, "sound", sound).begin()
        if self.channel is not None:
            Pipe(self._connection, "data", data, incoming=True).begin()

    def _changed(self) -> None:
        if self._connection.connectionState == "connected":
            self.connected.set()
        elif self._connection.connectionState in ("failed", "closed"):
            self.closed.set()

    def say(self, message: Struct) -> None:
        """As the page does, over its data channel."""
        if self.channel is not None and self.channel.readyState == "open":
            self.channel.send(channel_encoder.encode(message).decode())

    async def offer(self) -> str:
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return str(self._connection.localDescription.sdp)

    async def accept(self, sdp: str) -> None:
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def close(self) -> None:
        await self._connection.close()
