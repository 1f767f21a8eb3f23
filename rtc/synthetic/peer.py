"""One end of a synthetic call: sends prepared packets, knows those it should hear, decodes nothing."""

import asyncio
from collections.abc import Callable

from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import RtpPacket

from rtc.synthetic.sound import Player

_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"


class Ear:
    """Takes the jitter buffer's place and counts the packets of the other side's recording that arrive unchanged."""

    def __init__(self, expected: list[bytes]) -> None:
        self._expected = frozenset(expected)
        self.heard = 0

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        if packet.payload in self._expected:
            self.heard += 1
        return False, None


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

    def _changed(self) -> None:
        if self._connection.connectionState == "connected":
            self.connected.set()
        elif self._connection.connectionState in ("failed", "closed"):
            self.closed.set()

    async def offer(self) -> str:
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return str(self._connection.localDescription.sdp)

    async def accept(self, sdp: str) -> None:
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def close(self) -> None:
        await self._connection.close()
