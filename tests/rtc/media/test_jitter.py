"""The reorder window against scripted arrivals, on a virtual clock."""

import random
from dataclasses import dataclass, field

from aiortc.rtp import RtpPacket

from rtc.media.jitter import MAX_GAP_PACKETS, REORDER_MS, ReorderWindow

PACKET_S = 0.02


def packet(number: int) -> RtpPacket:
    return RtpPacket(payload_type=96, sequence_number=number & 0xFFFF, timestamp=number * 960, payload=b"x")


@dataclass
class Leg:
    """A window, its clock, and what came out: (sequence number, packets lost just before it, seconds)."""

    now: float = 0.0
    released: list[tuple[int, int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.window = ReorderWindow(
            lambda released, lost: self.released.append((released.sequence_number, lost, self.now)), lambda: self.now
        )

    def arrive(self, *numbers: int) -> None:
        """One packet each 20 ms."""
        for number in numbers:
            self.window.add(packet(number))
            self.now += PACKET_S

    @property
    def numbers(self) -> list[int]:
        return [number for number, _, _ in self.released]


def test_packets_in_order_are_released_on_arrival() -> None:
    leg = Leg()
    leg.arrive(7, 8, 9)
    assert leg.released == [(7, 0, 0.0), (8, 0, 0.02), (9, 0, 0.04)]


def test_a_swapped_pair_is_put_right() -> None:
    leg = Leg()
    leg.arrive(1, 3, 2, 4)
    assert leg.numbers == [1, 2, 3, 4]
    assert leg.window.lost == 0


def test_a_lost_packet_is_given_up_after_the_reorder_time_and_delays_nothing_after_it() -> None:
    leg = Leg()
    leg.arrive(1, 3, 4, 5, 6, 7)
    assert leg.numbers == [1, 3, 4, 5, 6, 7]
    assert [lost for _, lost, _ in leg.released] == [0, 1, 0, 0, 0, 0]
    waited = {number: round(at - index * PACKET_S, 3) for index, (number, _, at) in enumerate(leg.released)}
    assert max(waited.values()) * 1000 <= REORDER_MS + 1
    assert waited[6] == 0, "the delay does not ratchet"


def test_late_and_repeated_packets_are_dropped() -> None:
    leg = Leg()
    leg.arrive(1, 3, 4, 5, 2, 5, 6)
    assert leg.numbers == [1, 3, 4, 5, 6]


def test_sequence_numbers_wrap() -> None:
    leg = Leg()
    leg.arrive(65534, 65535, 1, 0, 2)
    assert leg.numbers == [65534, 65535, 0, 1, 2]
    assert leg.window.lost == 0


def test_a_restarted_sender_is_followed_without_inventing_a_gap() -> None:
    leg = Leg()
    leg.arrive(10, 11, 11 + MAX_GAP_PACKETS + 500, 11 + MAX_GAP_PACKETS + 501)
    assert leg.numbers == [10, 11, 561, 562]
    assert leg.window.lost == 0


def test_any_loss_and_reordering_keeps_order_and_bounds() -> None:
    for seed in range(200):
        dice = random.Random(seed)  # noqa: S311 - a repeatable arrival pattern
        arrivals = [n for n in range(300) if dice.random() > 0.1]
        for index in range(len(arrivals) - 1):
            if dice.random() < 0.1:
                arrivals[index], arrivals[index + 1] = arrivals[index + 1], arrivals[index]
        leg = Leg()
        leg.arrive(*arrivals)
        assert leg.numbers == sorted(set(leg.numbers)), seed
        missing = sum(lost for _, lost, _ in leg.released)
        assert leg.numbers[-1] - leg.numbers[0] + 1 == len(leg.numbers) + missing, seed
