"""Sound gathered for the recogniser: nothing twice, nothing without bound, never back in time."""

import pytest

from rtc.locked_memory import SoundMemory
from rtc.media import post
from rtc.media.opus import FRAME_SAMPLES
from rtc.media.post import MAX_DRIFT_SAMPLES, MAX_GATHERED_SAMPLES, MAX_PIECE_SAMPLES, PLACE_BYTES, LegSound
from rtc.messages import SAMPLE_RATE

FRAME_S = FRAME_SAMPLES / SAMPLE_RATE


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(post, "time", clock)
    return clock


def frame(number: int) -> bytes:
    return bytes([number % 256]) * FRAME_SAMPLES * 2


def test_what_was_gathered_is_taken_once_and_in_order(clock: Clock) -> None:
    leg = LegSound(SoundMemory(1, PLACE_BYTES))
    assert leg.take(100.0) is None
    expected = b""
    taken = b""
    end = 0
    for number in range(50):
        clock.now += FRAME_S
        leg.add(frame(number))
        expected += frame(number)
        if number % 3 == 0:
            piece = leg.take(100.0)
            assert piece is not None
            assert piece[0] == end, "without a gap"
            end = piece[0] + len(piece[1]) // 2
            taken += piece[1]
    assert taken == expected[: len(taken)]
    assert leg.take(100.0) == (end, expected[len(taken) :])


def test_a_stalled_bus_holds_two_seconds_and_no_more(clock: Clock) -> None:
    leg = LegSound(SoundMemory(1, PLACE_BYTES))
    longest = 0
    for number in range(1000):
        clock.now += FRAME_S
        leg.add(frame(number))
        longest = max(longest, leg._length // 2)
    assert longest <= MAX_GATHERED_SAMPLES + FRAME_SAMPLES
    ends = [0]
    while (piece := leg.take(100.0)) is not None:
        assert len(piece[1]) // 2 <= MAX_PIECE_SAMPLES
        assert piece[0] >= ends[-1]
        ends.append(piece[0] + len(piece[1]) // 2)
    assert abs(ends[-1] - 1000 * FRAME_SAMPLES) <= MAX_DRIFT_SAMPLES, "what comes after the stall is in its place"


def test_a_pause_in_sending_is_a_pause_in_media_time(clock: Clock) -> None:
    leg = LegSound(SoundMemory(1, PLACE_BYTES))
    clock.now += FRAME_S
    leg.add(frame(1))
    assert leg.take(100.0) == (0, frame(1))
    clock.now += 5.0
    leg.add(frame(2))
    assert leg.take(100.0) == (5 * SAMPLE_RATE, frame(2))


def test_frames_that_come_in_a_bunch_do_not_move_the_clock(clock: Clock) -> None:
    leg = LegSound(SoundMemory(1, PLACE_BYTES))
    clock.now += 3 * FRAME_S
    for number in range(3):
        leg.add(frame(number))
    first = leg.take(100.0)
    assert first is not None
    clock.now += FRAME_S
    leg.add(frame(3))
    second = leg.take(100.0)
    assert second is not None
    assert second[0] == first[0] + 3 * FRAME_SAMPLES


def test_what_is_forgotten_is_overwritten(clock: Clock) -> None:
    memory = SoundMemory(1, PLACE_BYTES)
    leg = LegSound(memory)
    leg.add(frame(7))
    leg.add(frame(8))
    held = leg._held
    assert held is not None
    assert leg.take(clock.now) is not None
    assert bytes(held) == bytes(PLACE_BYTES), "taken"
    leg.add(frame(9))
    leg.wipe()
    assert bytes(held) == bytes(PLACE_BYTES), "forgotten"
    assert memory.take() is held, "and for the next leg"
