"""The short way of a packet past aiortc: what goes it, what does not, and that aiortc's reports stay right."""

import asyncio
import random
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiortc.rtp import RtcpReceiverInfo, RtcpRrPacket, RtcpSenderInfo, RtcpSrPacket, RtpPacket

from rtc.media.opus import FRAME_SAMPLES
from rtc.media.rtp import UNSENT_BYTES, Malformed, parameters, payload_of, require
from rtc.synthetic.network import ice_of
from tests.support.wire import SPEECH, SSRC, TICKS, Wire, extended, rtp

REPORT_SECONDS = 5.0
"""aiortc sends a report every half to one and a half seconds."""

SHAPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "contributing sources": {"csrcs": 15},
    "an extension": {"extension": extended(b"\x10\x30\0\0")},
    "an empty extension": {"extension": extended(b"")},
    "an extension of two-byte headers": {"extension": extended(b"\x01\x01\x30\0" * 8, b"\x10\0")},
    "an extension nobody knows": {"extension": extended(b"\xff" * 40, b"\xca\xfe")},
    "padding": {"padding": 255},
    "everything": {"csrcs": 3, "extension": extended(b"\x10\x30\0\0"), "padding": 4},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_the_payload_is_what_is_left_without_the_rest(shape: dict[str, Any]) -> None:
    assert payload_of(rtp(7, b"speech", **shape)) == b"speech"
    assert payload_of(rtp(7, b"", **shape)) == b""


MALFORMED = {
    "padding longer than the payload": rtp(0, b"12", padding=4)[:-1] + b"\x07",
    "padding without a length": rtp(0, b"speech", padding=4)[:-1] + b"\0",
}

TRUNCATED = {
    "sources past its end": rtp(1, b"", csrcs=15)[:60],
    "an extension past its end": rtp(1, b"", extension=extended(b"\0" * 40))[:-1],
    "half an extension header": rtp(1, b"", extension=extended(b""))[:-2],
    "padding where the header is": b"\xa0" + rtp(1, b"")[1:],
}


@pytest.mark.parametrize("packet", [*MALFORMED.values(), *TRUNCATED.values()], ids=[*MALFORMED, *TRUNCATED])
def test_a_header_longer_than_its_packet_is_malformed(packet: bytes) -> None:
    with pytest.raises(Malformed):
        payload_of(packet)


def test_any_packet_is_read_as_aiortc_reads_it() -> None:
    read = 0
    for seed in range(5000):
        dice = random.Random(seed)  # noqa: S311 - repeatable packets
        packet = bytes([0x80 | dice.randrange(0x40)]) + dice.randbytes(11 + dice.randrange(60))
        if packet[0] & 0x10 and dice.random() < 0.8:  # most lengths drawn by lot are far too long
            at = 12 + 4 * (packet[0] & 0x0F) + 2
            packet = packet[:at] + struct.pack("!H", dice.randrange(8)) + packet[at + 2 :]
        try:
            theirs: bytes | None = RtpPacket.parse(packet).payload
        except ValueError as error:
            if "extension value is truncated" in str(error) and "header" in str(error):
                continue  # inside the extension, which we do not read
            theirs = None
        try:
            ours: bytes | None = payload_of(packet)
        except Malformed:
            ours = None
        assert ours == theirs, (seed, packet.hex())
        read += ours is not None
    assert read > 500


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    trouble: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: trouble.append(context))
    wire = Wire()
    await wire.connect()
    yield wire
    await wire.close()
    assert trouble == []


async def test_a_new_stream_loses_nothing_between_aiortcs_way_and_ours(wire: Wire) -> None:
    """The first packet waits in aiortc's queue while those behind it already go past it."""
    await wire.say(1, 50)
    assert wire.heard == [SPEECH[number] for number in range(1, 51)]
    assert wire.samples == 50 * FRAME_SAMPLES
    assert wire.leg.window.lost == 0
    assert wire.counted.packets_received == 50


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
async def test_a_payload_arrives_whatever_is_around_it(wire: Wire, shape: dict[str, Any]) -> None:
    await wire.say(1, 2)
    for number in range(3, 6):
        wire.send(rtp(number, SPEECH[number], **shape))
    await wire.until(lambda: len(wire.heard) >= 5)
    assert wire.heard == SPEECH[1:6]


@pytest.mark.parametrize("packet", MALFORMED.values(), ids=MALFORMED)
async def test_an_authentic_packet_can_be_malformed_and_is_dropped(wire: Wire, packet: bytes) -> None:
    """What is truncated libsrtp finds; padding is our business."""
    await wire.say(1, 2)
    wire.send(packet)
    await wire.say(3, 3)
    assert wire.heard == SPEECH[1:6]
    assert wire.counted.packets_received == 5


async def test_what_is_forged_or_repeated_is_dropped_and_not_counted(wire: Wire) -> None:
    await wire.say(1, 2)
    good = wire.send(rtp(3, SPEECH[3]))
    wire.datagram(good)
    for position in (4, len(good) // 2, len(good) - 1):
        wire.datagram(good[:position] + bytes([good[position] ^ 1]) + good[position + 1 :])
    wire.datagram(good[:-4])
    wire.datagram(rtp(4, SPEECH[4]))
    wire.datagram(rtp(4, b"\0" * 3000))
    await wire.say(4, 2)
    assert wire.heard == SPEECH[1:6]
    assert wire.counted.packets_received == 5
    assert wire.leg.window.lost == 0


async def test_another_payload_type_or_stream_is_left_to_aiortc(wire: Wire) -> None:
    await wire.say(1, 2)
    wire.send(rtp(0, SPEECH[8], payload_type=0))
    wire.send(rtp(3, SPEECH[9], payload_type=13, ssrc=SSRC + 1))
    await wire.say(3, 2)
    assert wire.heard == SPEECH[1:5]


async def test_padding_alone_is_no_sound(wire: Wire) -> None:
    """A browser probes the network with it. libopus would invent 120 ms for each."""
    await wire.say(1, 2)
    for number in range(3, 20):
        wire.send(rtp(number, b"", padding=200))
    await wire.say(20, 2)
    assert wire.heard == [SPEECH[number] for number in (1, 2, 20, 21)]
    assert wire.samples == 4 * FRAME_SAMPLES
    assert wire.leg.window.lost == 0


async def test_any_datagram_does_no_harm(wire: Wire) -> None:
    await wire.say(1, 2)
    dice = random.Random(5)  # noqa: S311 - repeatable noise
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for first in range(256):
            for length in (0, 1, 2, 11, 12, 13, 100, 1400):
                noise = bytes([first]) + dice.randbytes(length)
                wire.datagram(noise)
                stranger.sendto(noise, wire.pair.remote_addr)
                await asyncio.sleep(0)  # the leg reads
        stranger.sendto(b"", wire.pair.remote_addr)
    await wire.say(3, 3)
    assert wire.heard == SPEECH[1:6]


async def test_stun_is_still_answered(wire: Wire) -> None:
    """Browsers ask for consent every five seconds (RFC 7675), and hang up when nobody answers."""
    await wire.say(1, 2)
    ice = ice_of(wire.browser._connection)
    request = ice.build_request(wire.pair, nominate=False)
    key = ice.remote_password.encode()
    response, _ = await wire.pair.protocol.request(request, wire.pair.remote_addr, integrity_key=key)
    assert response.attributes["XOR-MAPPED-ADDRESS"][1] == wire.pair.local_addr[1]


async def test_aiortcs_receiver_reports_tell_the_browser_what_was_lost(wire: Wire) -> None:
    await wire.say(1, 10)
    await wire.say(100, 10)

    async def counted_all() -> RtcpReceiverInfo:
        while True:
            packet = await wire.reports.get()
            if isinstance(packet, RtcpRrPacket) and packet.reports[0].highest_sequence == 109:
                return packet.reports[0]

    report = await asyncio.wait_for(counted_all(), REPORT_SECONDS)
    assert (report.ssrc, report.packets_lost) == (SSRC, 89)


async def test_the_browsers_reports_reach_aiortc(wire: Wire) -> None:
    await wire.say(1, 2)
    info = RtcpSenderInfo(ntp_timestamp=1 << 40, rtp_timestamp=5, packet_count=77, octet_count=7)
    data = wire.dtls._tx_srtp.protect_rtcp(bytes(RtcpSrPacket(ssrc=SSRC, sender_info=info)))
    wire.datagram(data)

    async def answered() -> int:
        while True:
            packet = await wire.reports.get()
            if isinstance(packet, RtcpRrPacket) and packet.reports[0].lsr:
                return packet.reports[0].lsr

    assert await asyncio.wait_for(answered(), REPORT_SECONDS) == (1 << 40) >> 16 & 0xFFFFFFFF


async def test_what_we_send_is_one_gapless_stream_as_the_answer_promised(wire: Wire) -> None:
    feed = wire.leg.hears.feed
    for number in range(3):
        feed(SPEECH[number], 0xFFFFFFFF - TICKS + number * TICKS)  # the source's timestamps wrap
    for number in range(5, 60):
        feed(SPEECH[number], (0xFFFFFFFF - TICKS + number * TICKS) & 0xFFFFFFFF)
    await wire.until(lambda: len(wire.came_back) >= 58)
    promised = parameters(wire.answer)
    packets = wire.came_back
    assert [packet.payload for packet in packets] == SPEECH[:3] + SPEECH[5:60]
    assert {(packet.ssrc, packet.payload_type) for packet in packets} == {(promised.ssrc, promised.payload_type)}
    assert {packet.extensions.mid for packet in packets} == {"0"}
    numbers = [packet.sequence_number - packets[0].sequence_number & 0xFFFF for packet in packets]
    assert numbers == list(range(58))
    times = [packet.timestamp - packets[0].timestamp & 0xFFFFFFFF for packet in packets]
    assert times == [number * TICKS for number in (*range(3), *range(5, 60))]


async def test_our_sender_reports_count_what_was_sent(wire: Wire) -> None:
    for number in range(40):
        wire.leg.hears.feed(SPEECH[number], number * TICKS)
    await wire.until(lambda: len(wire.came_back) >= 40)

    async def sent_all() -> RtcpSenderInfo:
        while True:
            packet = await wire.reports.get()
            if isinstance(packet, RtcpSrPacket):
                return packet.sender_info

    info = await asyncio.wait_for(sent_all(), REPORT_SECONDS)
    assert (info.packet_count, info.octet_count) == (40, sum(map(len, SPEECH[:40])))
    assert info.rtp_timestamp == wire.came_back[-1].timestamp


async def test_what_cannot_be_sent_is_dropped(wire: Wire) -> None:
    path = wire.leg.path
    path.send(b"x" * 2000, 0)
    assert path.dropped == 1, "longer than a datagram may be"
    protocol = ice_of(wire.leg._connection)._nominated[1].protocol
    protocol.transport.get_write_buffer_size = lambda: UNSENT_BYTES + 1
    path.send(SPEECH[0], 0)
    assert path.dropped == 2, "the socket takes nothing: late speech is worse than a gap"
    del protocol.transport.get_write_buffer_size
    path.send(SPEECH[1], TICKS)
    await wire.until(lambda: len(wire.came_back) == 1)
    assert wire.came_back[0].payload == SPEECH[1]
    await wire.leg.close()
    path.send(SPEECH[2], 2 * TICKS)
    assert path.dropped == 3, "and after the end"


def test_an_aiortc_without_a_name_we_need_is_refused_by_name() -> None:
    with pytest.raises(RuntimeError, match=r"ICE connection has no data_received: install the locked version"):
        require(ICE_connection=object())


def test_an_answer_without_extensions_is_sent_without() -> None:
    sdp = (
        "v=0\r\nm=audio 9 X 111\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\na=ssrc:77 cname:x\r\nm=application 9 Y 0\r\n"
    )
    assert parameters(sdp).extension == b""
    assert (parameters(sdp).payload_type, parameters(sdp).ssrc) == (111, 77)
