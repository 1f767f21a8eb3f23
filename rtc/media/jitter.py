"""The receive path of one leg: packets in any order in, packets in order out, and what is missing named.

It takes the place of aiortc's audio jitter buffer, which after one lost packet holds back 280 ms of sound for the
rest of the call. Ours releases a packet the moment it is next in order, waits at most REORDER_MS for an earlier one,
then gives it up as lost. It can therefore never hold more than REORDER_MS.
"""

from collections.abc import Callable

from aiortc.rtp import RtpPacket

from rtc.media.rtp import SoundPacket

REORDER_MS = 40
MAX_GAP_PACKETS = 50
"""One second. A longer jump is a new stream (sender restarted), not loss: nothing is concealed across it."""

Packet = SoundPacket | RtpPacket

Release = Callable[[Packet, int], None]
"""Called in order with each packet and the number of packets lost just before it."""


class ReorderWindow:
    """Owner: the event loop of `media`. `clock` is monotonic seconds; `release` must not block.

    `add` has the shape aiortc calls on a jitter buffer and always answers "nothing to decode": decoding is ours.
    """

    def __init__(self, release: Release, clock: Callable[[], float]) -> None:
        self._release = release
        self._clock = clock
        self._next: int | None = None
        self._held: dict[int, Packet] = {}
        self._gap_since = 0.0
        self.received = 0
        self.lost = 0

    def add(self, packet: Packet) -> tuple[bool, None]:
        """Take one packet as it arrived (sequence numbers of 16 bits, RFC 3550 section 5.1)."""
        self.received += 1
        number = packet.sequence_number
        if number == self._next and not self._held:
            self._next = (number + 1) & 0xFFFF
            self._release(packet, 0)
            return False, None
        if self._next is None:
            self._next = number
        ahead = (number - self._next) & 0xFFFF
        if ahead >= 0x8000:
            return False, None  # late or repeated: its place has already been released or concealed
        if ahead > MAX_GAP_PACKETS:
            self._restart(number)
        if not self._held and ahead:
            self._gap_since = self._clock()
        self._held[number] = packet
        self._release_ready()
        if self._held and round((self._clock() - self._gap_since) * 1000) >= REORDER_MS:
            self.give_up_gap()
        return False, None

    def give_up_gap(self) -> None:
        """Stop waiting for what is missing before the earliest held packet, and release from there."""
        if not self._held or self._next is None:
            return
        expected = self._next
        first = min(self._held, key=lambda number: (number - expected) & 0xFFFF)
        lost = (first - expected) & 0xFFFF
        self.lost += lost
        self._next = first
        self._release_ready(lost)
        self._gap_since = self._clock()

    def _restart(self, number: int) -> None:
        self._held.clear()
        self._next = number

    def _release_ready(self, lost: int = 0) -> None:
        while self._next is not None and (packet := self._held.pop(self._next, None)) is not None:
            self._next = (self._next + 1) & 0xFFFF
            self._release(packet, lost)
            lost = 0
