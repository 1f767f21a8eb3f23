"""The ring: what goes in comes out, nothing outlives its use, the counts add up."""

import random

import numpy as np
from numpy.typing import NDArray

from rtc.messages import SAMPLE_RATE
from rtc.speech.frames import RING_S, LegRing

CHUNK = 640


def tone(at: int, count: int = CHUNK) -> NDArray[np.int16]:
    """Samples that are never zero and differ by position, so that any mix-up shows."""
    return ((np.arange(at, at + count) % 30_000) + 1).astype(np.int16)


def write(ring: LegRing, at: int, count: int = CHUNK) -> None:
    ring.write(at, tone(at, count).tobytes())


def held(ring: LegRing, start: int, end: int) -> NDArray[np.int16]:
    return np.round(ring.read(start, end) * 32768).astype(np.int16)


def test_what_was_written_is_read_back_across_the_rings_seam() -> None:
    ring = LegRing()
    for at in range(0, 20 * SAMPLE_RATE, CHUNK):
        write(ring, at)
    assert ring.buffered_ms == RING_S * 1000
    assert ring.start == ring.end - RING_S * SAMPLE_RATE
    assert (held(ring, ring.start, ring.end) == tone(ring.start, RING_S * SAMPLE_RATE)).all()


def test_media_time_may_begin_anywhere_and_have_holes() -> None:
    ring = LegRing()
    write(ring, 5_000)
    write(ring, 5_000 + 3 * CHUNK)
    assert ring.start == 5_000
    assert (held(ring, 5_000, 5_000 + CHUNK) == tone(5_000)).all()
    assert not held(ring, 5_000 + CHUNK, 5_000 + 3 * CHUNK).any()
    assert ring.frames_in == 4, "a hole is not sound that came in"


def test_a_repeat_is_not_written_twice() -> None:
    ring = LegRing()
    write(ring, 0)
    assert ring.write(0, tone(0).tobytes()) == 0
    assert ring.write(CHUNK // 2, tone(CHUNK // 2).tobytes()) == CHUNK // 2
    assert ring.end == CHUNK + CHUNK // 2


def test_a_hole_longer_than_the_ring_starts_anew() -> None:
    ring = LegRing()
    write(ring, 0)
    write(ring, 60 * SAMPLE_RATE)
    assert ring.start == 60 * SAMPLE_RATE
    assert (held(ring, ring.start, ring.end) == tone(60 * SAMPLE_RATE)).all()


def test_wiping_zeroes_memory_and_counts_every_frame() -> None:
    ring = LegRing()
    for at in range(0, 15 * SAMPLE_RATE, CHUNK):
        write(ring, at)
    before = ring.blank
    ring.wipe(ring.end)
    assert (before, ring.blank) == (False, True)
    assert ring.frames_in == ring.frames_wiped == 15 * 50


def test_the_longest_life_of_a_sample_is_known() -> None:
    now = 0.0
    ring = LegRing(clock=lambda: now)
    for at in range(0, 2 * SAMPLE_RATE, CHUNK):
        now = (at + CHUNK) / SAMPLE_RATE
        write(ring, at)
    assert round(ring.oldest_s, 2) == 2.0
    now += 1.0
    assert round(ring.oldest_s, 2) == 3.0
    ring.wipe(SAMPLE_RATE)
    ring.wipe(ring.end)
    assert round(ring.longest_life_s, 2) == 3.0
    assert ring.oldest_s == 0.0


def test_any_sequence_of_writes_and_wipes_keeps_the_books() -> None:
    for seed in range(100):
        dice = random.Random(seed)  # noqa: S311 - a repeatable sequence
        ring, at = LegRing(), dice.randrange(100_000)
        for _ in range(400):
            step = dice.random()
            if step < 0.7:
                write(ring, at, CHUNK)
                at += CHUNK
            elif step < 0.8:
                at += dice.randrange(20_000)
            else:
                ring.wipe(ring.end - dice.randrange(30_000))
            assert 0 <= ring.end - ring.start <= RING_S * SAMPLE_RATE
            assert ring.frames_wiped <= ring.frames_in
        ring.wipe(ring.end)
        assert ring.blank
        assert ring.frames_wiped == ring.frames_in
