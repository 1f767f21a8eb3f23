"""One leg's RTCPeerConnection: the answer, the receive path, the track it hears, its end."""

import asyncio
import time
from collections.abc import Callable

from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.rtp import RtpPacket
from msgspec import DecodeError

from rtc.media.bridge import PassThroughTrack
from rtc.media.ice import announce
from rtc.media.jitter import ReorderWindow
from rtc.media.opus import FRAME_SAMPLES, OpusDecoder, OpusError, Samples
from rtc.media.rtp import SoundPacket, SoundPath
from rtc.messages import MAX_PAGE_MESSAGE_CHARS, PageMessage, Ping, page_decoder

OPUS_FMTP = "minptime=10;useinbandfec=1;stereo=0;usedtx=0"
"""RFC 7587 section 6.1: ask the browser for mono with in-band FEC and without discontinuous transmission."""

MAX_CONCEALED_FRAMES = 5
"""100 ms. Longer holes stay silent: libopus would only fade out anyway."""

PAGE_MESSAGES_PER_SECOND = 20
"""A page pings once a second and a person answers a card now and then. What is more is dropped unread."""

_JITTER_BUFFER = "_RTCRtpReceiver__jitter_buffer"


class UnusableOffer(Exception):
    """The browser's session description cannot be answered. The text says why."""


class LegPeer:
    """Owner: the call, on the event loop of `media`.

    `on_sound(pcm, lost)` gets s16le 16 kHz mono in order, to copy at once, `lost` frames of it concealed; `on_channel`
    the data channel; `on_state` "connected", "failed" or "closed"; `on_said` what the page wants, besides being alive.
    """

    def __init__(
        self,
        on_sound: Callable[[Samples, int], None],
        on_packet: Callable[[bytes, int], None],
        on_state: Callable[[str], None],
        on_channel: Callable[[RTCDataChannel], None] | None = None,
        on_said: Callable[[PageMessage], None] | None = None,
    ) -> None:
        self._on_sound = on_sound
        self._on_packet = on_packet
        self._decoder = OpusDecoder()
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.hears = PassThroughTrack()
        self.window = ReorderWindow(self._release, time.monotonic)
        self.last_sign_at = time.monotonic()
        """When a packet or a ping last came: a page that hangs still sends sound, a page without sound still pings."""
        audio = self._take_audio()
        self.path = SoundPath(audio.sender, audio.receiver, self.window.add)
        self.hears.goes_to(self.path.send)
        self.closed = asyncio.Event()
        self._on_state = on_state
        self._connection.on("connectionstatechange", self._changed)
        self._on_channel = on_channel
        self._on_said = on_said
        self._second, self._said = 0, 0
        self._connection.on("datachannel", self._open_channel)

    async def answer(self, offer_sdp: str, announced_address: str) -> str:
        """SDP answer to the browser's offer. Raises UnusableOffer."""
        sections = [line.split(" ")[0] for line in offer_sdp.splitlines() if line.startswith("m=")]
        if sections.count("m=audio") != 1 or set(sections) - {"m=audio", "m=application"}:
            raise UnusableOffer(f"one audio section and at most one data channel are needed, got {sections}")
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(offer_sdp, "offer"))
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except Exception as error:  # aiortc raises whatever its parser trips over
            raise UnusableOffer(f"the session description could not be used ({type(error).__name__})") from error
        return _with_opus_parameters(announce(self._connection.localDescription, announced_address))

    def _take_audio(self) -> RTCRtpTransceiver:
        """Opus only, and our receive path in place of aiortc's jitter buffer."""
        audio = self._connection.addTransceiver(self.hears)
        capabilities = RTCRtpReceiver.getCapabilities("audio")
        if capabilities is None or not hasattr(audio.receiver, _JITTER_BUFFER):
            raise RuntimeError("this aiortc has no jitter buffer to replace: install the locked version")
        audio.setCodecPreferences([codec for codec in capabilities.codecs if codec.mimeType.lower() == "audio/opus"])
        setattr(audio.receiver, _JITTER_BUFFER, self.window)
        return audio

    def _open_channel(self, channel: RTCDataChannel) -> None:
        channel.on("message", self._page_said)
        if self._on_channel is not None:
            self._on_channel(channel)

    def _page_said(self, text: str | bytes) -> None:
        """A page has little to say here, and not often."""
        second = int(time.monotonic())
        self._said = self._said + 1 if second == self._second else 1
        self._second = second
        if len(text) > MAX_PAGE_MESSAGE_CHARS or self._said > PAGE_MESSAGES_PER_SECOND:
            return
        try:
            message = page_decoder.decode(text)
        except DecodeError:
            return
        self.last_sign_at = time.monotonic()
        if self._on_said is not None and not isinstance(message, Ping):
            self._on_said(message)

    def _changed(self) -> None:
        state = self._connection.connectionState
        if state == "connected":
            self.path.open(self._connection.localDescription.sdp)
        elif state in ("failed", "closed"):
            self.path.close()
            self.closed.set()
        self._on_state(state)

    def _release(self, packet: SoundPacket | RtpPacket, lost: int) -> None:
        self.last_sign_at = time.monotonic()
        if not packet.payload:
            return  # padding only, a probe of the network; libopus would invent 120 ms for it
        self._on_packet(packet.payload, packet.timestamp)
        concealed = min(lost, MAX_CONCEALED_FRAMES)
        try:
            for missing in range(concealed, 0, -1):
                self._on_sound(self._fill(packet.payload, last=missing == 1), 1)
            self._on_sound(self._decoder.decode(packet.payload), 0)
        except OpusError:
            self._on_sound(bytes(FRAME_SAMPLES * 2), 1)

    def _fill(self, next_payload: bytes, last: bool) -> Samples:
        """Only the frame right before a packet can be in that packet's redundancy (RFC 6716 section 2.1.7)."""
        return self._decoder.recover(next_payload) if last else self._decoder.conceal()

    def deafen(self) -> None:
        """What arrives is not decoded any more, and the decoder's memory is wiped."""
        self._decoder.close()

    async def close(self) -> None:
        self.hears.stop()
        self.path.close()
        await self._connection.close()
        self._decoder.close()


def _with_opus_parameters(sdp: str) -> str:
    """aiortc answers with its own codec parameters, which carry none for Opus; add ours."""
    lines: list[str] = []
    for line in sdp.split("\r\n"):
        lines.append(line)
        if line.startswith("a=rtpmap:") and "opus/48000" in line:
            payload_type = line.split(":")[1].split(" ")[0]
            lines.append(f"a=fmtp:{payload_type} {OPUS_FMTP}")
    return "\r\n".join(lines)
