"""A leg, and a browser's real connection to it on which a test writes its own datagrams."""

import asyncio
import struct
from collections.abc import Callable
from typing import Any

from aiortc.rtp import AnyRtcpPacket, RtcpPacket, RtpPacket

from rtc.media.opus import Samples
from rtc.media.peer import LegPeer
from rtc.media.rtp import HEADER
from rtc.synthetic.network import ice_of
from rtc.synthetic.peer import SyntheticPeer
from rtc.synthetic.sound import Player
from tests.support.legs import CALLS, packets_of

SPEECH = packets_of(CALLS / "chest_pain.patient.flac")[300:400]
SSRC = 0x1234_5678
TICKS = 960
BEDE = b"\xbe\xde"
"""RFC 8285 section 4.2: one-byte headers."""


def rtp(number: int, payload: bytes, csrcs: int = 0, extension: bytes = b"", padding: int = 0, **header: int) -> bytes:
    """RFC 3550 section 5.1. `extension` is whole, its own header included."""
    first = 0x80 | (0x20 if padding else 0) | (0x10 if extension else 0) | csrcs
    kind, ssrc = header.get("payload_type", 96), header.get("ssrc", SSRC)
    head = HEADER.pack(first, kind, number & 0xFFFF, number * TICKS & 0xFFFFFFFF, ssrc)
    tail = bytes(padding - 1) + bytes([padding]) if padding else b""
    return head + b"".join(struct.pack("!L", csrc) for csrc in range(csrcs)) + extension + payload + tail


def extended(body: bytes, profile: bytes = BEDE) -> bytes:
    return profile + struct.pack("!H", len(body) // 4) + body


class Muzzled(Player):
    """A track that never sends: every packet in these tests is one we made."""

    def __init__(self) -> None:
        super().__init__([], b"")

    async def recv(self) -> Any:
        return await asyncio.get_running_loop().create_future()


class Wire:
    """Owner: the test. Loopback keeps the order, so what came before a packet that has arrived was dealt with, too."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.samples = 0
        self.came_back: list[RtpPacket] = []
        self.reports: asyncio.Queue[AnyRtcpPacket] = asyncio.Queue()
        self._changed = asyncio.Condition()
        self._telling: set[asyncio.Task[None]] = set()
        self._leg_connected = asyncio.Event()
        self.leg = LegPeer(self._sound, self._packet, self._state)
        self.browser = SyntheticPeer(Muzzled(), [])
        self.browser.ear.add = self._returned  # type: ignore[method-assign]

    def _state(self, state: str) -> None:
        if state == "connected":
            self._leg_connected.set()

    def _sound(self, pcm: Samples, _lost: int) -> None:
        self.samples += len(pcm) // 2

    def _packet(self, payload: bytes, _timestamp: int) -> None:
        self.heard.append(payload)
        self._tell()

    def _returned(self, packet: RtpPacket) -> tuple[bool, None]:
        self.came_back.append(packet)
        self._tell()
        return False, None

    def _tell(self) -> None:
        async def notify() -> None:
            async with self._changed:
                self._changed.notify_all()

        task = asyncio.ensure_future(notify())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(holds), 5)

    async def connect(self) -> None:
        self.answer = await self.leg.answer(await self.browser.offer(), "")
        await self.browser.accept(self.answer)
        await asyncio.wait_for(self.browser.connected.wait(), 10)
        [sender] = self.browser._connection.getSenders()
        self.dtls: Any = sender.transport
        self.dtls._handle_rtcp_data = self._report  # type: ignore[method-assign]
        self.pair = ice_of(self.browser._connection)._nominated[1]
        await asyncio.wait_for(self._leg_connected.wait(), 10)

    async def _report(self, data: bytes) -> None:
        for packet in RtcpPacket.parse(data):
            self.reports.put_nowait(packet)

    def datagram(self, data: bytes) -> None:
        self.pair.protocol.transport.sendto(data, self.pair.remote_addr)

    def send(self, packet: bytes) -> bytes:
        """Encrypted as the browser would. Returns the datagram."""
        data: bytes = self.dtls._tx_srtp.protect(packet)
        self.datagram(data)
        return data

    async def say(self, first: int, count: int) -> None:
        """So many more packets of speech, numbered from `first` on, and wait for them."""
        wanted = len(self.heard) + count
        for number in range(first, first + count):
            self.send(rtp(number, SPEECH[number % len(SPEECH)]))
        await self.until(lambda: len(self.heard) >= wanted)

    @property
    def counted(self) -> Any:
        """aiortc's own figures of our stream."""
        return self.leg.path._streams[SSRC]

    async def close(self) -> None:
        await self.browser.close()
        await self.leg.close()
