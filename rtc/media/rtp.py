"""A leg's sound between its socket and us, one function call for each packet.

aiortc brings a received packet through a queue and a task, and a sent one through a queue, a task and four coroutines;
that was two thirds of what a leg cost (docs/decisions/0013-straight-through.md). Here a packet of a stream that
aiortc already knows is taken where aioice would queue it, and a packet to send goes from SRTP to the socket.

All else stays aiortc's: STUN, DTLS, RTCP, the first packet of every stream, and whatever is not recognised here.
Its RTCP reports stay right, because its own counters are fed. The private names this needs are in `_PRIVATE`; an
aiortc without one of them is refused by name.
"""

import struct
import time
from collections.abc import Callable
from typing import Any

import pylibsrtp
from aiortc import RTCRtpReceiver, RTCRtpSender
from aiortc.rtcrtpsender import random_sequence_number
from aiortc.rtp import pack_header_extensions
from aiortc.utils import random32
from msgspec import Struct

HEADER = struct.Struct("!BBHLL")
"""RFC 3550 section 5.1: version, padding, extension, CSRC count; marker, payload type; number; timestamp; SSRC."""

VERSION_2 = 0x80
PADDED = 0x20
EXTENDED = 0x10

SRTP_FIRST_BYTES = range(128, 192)
"""RFC 7983 section 7."""

MAX_DATAGRAM_BYTES = 4_096
"""Read at once. Far above any path MTU; asyncio would make a buffer of 256 KiB for each of 50 packets a second."""

UNSENT_BYTES = 16_384
"""When the socket takes nothing, so much waits for it; then sound is dropped: late speech is worse than a gap."""

NTP_EPOCH_SECONDS = 2_208_988_800
"""From 1900 to 1970, RFC 5905 section 6."""

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"

_PRIVATE = {
    "sender": (
        "_RTCRtpSender__packet_count",
        "_RTCRtpSender__octet_count",
        "_RTCRtpSender__ntp_timestamp",
        "_RTCRtpSender__rtp_timestamp",
    ),
    "receiver": ("_RTCRtpReceiver__jitter_buffer", "_RTCRtpReceiver__remote_streams"),
    "DTLS transport": ("_rx_srtp", "_tx_srtp"),
    "ICE transport": ("_connection",),
    "ICE connection": ("data_received", "_nominated"),
    "ICE protocol": ("datagram_received", "transport"),
    "UDP transport": ("max_size", "get_write_buffer_size"),
}


class SoundPacket(Struct):
    """What is used of an RTP packet. aiortc's `RtpPacket` has these, too."""

    sequence_number: int
    timestamp: int
    payload: bytes


class Parameters(Struct, frozen=True):
    """What our answer promised about the packets we send."""

    payload_type: int
    ssrc: int
    extension: bytes
    """The whole header extension, empty when none was negotiated."""


class Malformed(ValueError):
    """An authentic packet whose header does not fit its length."""


def require(**parts: object) -> None:
    """Raises RuntimeError naming what this aiortc lacks. The keywords are those of `_PRIVATE`, `_` for a space."""
    for keyword, holder in parts.items():
        part = keyword.replace("_", " ")
        for name in _PRIVATE[part]:
            if not hasattr(holder, name):
                raise RuntimeError(f"this aiortc's {part} has no {name}: install the locked version")


def parameters(answer_sdp: str) -> Parameters:
    """From the answer's only audio section."""
    section = next(part for part in answer_sdp.split("\r\nm=") if part.startswith("audio "))
    lines = [line.split(":", 1) for line in section.split("\r\n") if ":" in line]
    values = {name: [value for other, value in lines if other == name] for name, _ in lines}
    [payload_type] = [int(value.split(" ")[0]) for value in values["a=rtpmap"] if " opus/" in value]
    mids = [int(value.split(" ")[0]) for value in values.get("a=extmap", []) if value.split(" ")[1] == MID]
    extension = b""
    if mids:
        profile, body = pack_header_extensions([(mids[0], values["a=mid"][0].encode())])
        extension = struct.pack("!HH", profile, len(body) // 4) + body
    return Parameters(payload_type, int(values["a=ssrc"][0].split(" ")[0]), extension)


def payload_of(packet: bytes) -> bytes:
    """Without header, CSRCs, extension and padding. Raises Malformed."""
    start = HEADER.size + 4 * (packet[0] & 0x0F)
    if packet[0] & EXTENDED:
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    end = len(packet)
    if packet[0] & PADDED:
        end -= packet[-1] or end  # the count includes itself, so it is not 0
    if start > end:
        raise Malformed
    return packet[start:end]


class SoundPath:
    """Owner: the leg, on the event loop of `media`. Until `open` everything is aiortc's, and nothing is sent."""

    def __init__(self, sender: RTCRtpSender, receiver: RTCRtpReceiver, take: Callable[[SoundPacket], object]) -> None:
        require(sender=sender, receiver=receiver)
        self._sender: Any = sender
        self._streams: dict[int, Any] = getattr(receiver, "_RTCRtpReceiver__remote_streams")  # noqa: B009
        self._take = take
        self._ice: Any = None
        self._protocol: Any = None
        self._nominated: dict[int, Any] = {}
        self._pair: Any = None
        self._sequence_number = random_sequence_number()
        self._first_timestamp = random32()
        self.dropped = 0

    def open(self, answer_sdp: str) -> None:
        """DTLS and ICE are up."""
        dtls = self._sender.transport
        require(DTLS_transport=dtls, ICE_transport=dtls.transport, ICE_connection=dtls.transport._connection)
        self._parameters = parameters(answer_sdp)
        self._unprotect, self._protect = dtls._rx_srtp.unprotect, dtls._tx_srtp.protect
        self._ice = dtls.transport._connection
        self._aiortc = self._ice.data_received
        self._ice.data_received = self._received
        self._nominated = self._ice._nominated
        self._shorten(self._nominated[1].protocol)

    def _shorten(self, protocol: Any) -> None:
        """aioice tries to read every datagram as STUN and catches the error; sound needs one look at its first byte."""
        require(ICE_protocol=protocol, UDP_transport=protocol.transport)
        self._protocol = protocol
        self._stun: Callable[[bytes, object], None] = protocol.datagram_received
        protocol.transport.max_size = MAX_DATAGRAM_BYTES
        protocol.datagram_received = self._datagram

    def close(self) -> None:
        if self._ice is not None:
            del self._protocol.datagram_received, self._ice.data_received
            self._ice = self._protocol = self._pair = None
            self._nominated = {}

    def _datagram(self, data: bytes, address: object) -> None:
        if data and data[0] in SRTP_FIRST_BYTES:
            self._received(data, 1)
        else:
            self._stun(data, address)

    def _received(self, data: bytes, component: int) -> None:
        """Any datagram that is not STUN."""
        if not data:
            return  # from anybody; it would end aiortc's DTLS task with an IndexError
        if data[0] not in SRTP_FIRST_BYTES or len(data) < HEADER.size:
            self._aiortc(data, component)
            return
        _, kind, number, timestamp, ssrc = HEADER.unpack_from(data)
        stream = self._streams.get(ssrc)
        if stream is None or kind & 0x7F != self._parameters.payload_type:
            self._aiortc(data, component)  # RTCP, too: its types are no sound's (RFC 5761 section 4)
            return
        try:
            packet = SoundPacket(number, timestamp, payload_of(self._unprotect(data)))
        except (pylibsrtp.Error, ValueError):
            return  # forged, repeated, too long or malformed
        stream.add(packet)
        self._take(packet)

    def send(self, payload: bytes, timestamp: int) -> None:
        """`timestamp` counts 1/48000 s from the first packet's. Without a way to send it, it is dropped."""
        pair = self._nominated.get(1)
        if pair is not self._pair:
            self._use(pair)
        if pair is None or self._transport.get_write_buffer_size() > UNSENT_BYTES:
            self.dropped += 1
            return
        rtp_timestamp = self._first_timestamp + timestamp & 0xFFFFFFFF
        header = self._header(self._sequence_number, rtp_timestamp)
        try:
            data = self._protect(header + payload)
        except (pylibsrtp.Error, ValueError):
            self.dropped += 1  # longer than any datagram we may send
            return
        self._transport.sendto(data, self._address)
        self._sequence_number = self._sequence_number + 1 & 0xFFFF
        self._count(len(payload), rtp_timestamp)

    def _use(self, pair: Any) -> None:
        """ICE has chosen another way (RFC 8445 section 8), or there is none any more."""
        self._pair = pair
        if pair is not None:
            self._transport, self._address = pair.protocol.transport, pair.remote_addr

    def _header(self, sequence_number: int, timestamp: int) -> bytes:
        mine = self._parameters
        first = VERSION_2 | EXTENDED if mine.extension else VERSION_2
        return HEADER.pack(first, mine.payload_type, sequence_number, timestamp, mine.ssrc) + mine.extension

    def _count(self, octets: int, rtp_timestamp: int) -> None:
        """For the sender reports, RFC 3550 section 6.4.1."""
        sender = self._sender
        sender._RTCRtpSender__packet_count += 1
        sender._RTCRtpSender__octet_count += octets
        sender._RTCRtpSender__ntp_timestamp = int((time.time() + NTP_EPOCH_SECONDS) * (1 << 32))
        sender._RTCRtpSender__rtp_timestamp = rtp_timestamp
