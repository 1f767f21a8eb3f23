"""The next call goes to the worker with the most room, never to one that is silent or full."""

from rtc.messages import WorkerState
from server.calls.placement import SILENCE_SECONDS, MediaWorkers


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def workers(*states: WorkerState) -> tuple[MediaWorkers, Clock]:
    clock = Clock()
    known = MediaWorkers(clock)
    for state in states:
        known.hear(state)
    return known, clock


def test_nobody_is_picked_from_nobody() -> None:
    known, _ = workers()
    assert known.pick() is None
    assert not known.has_room


def test_the_least_loaded_by_share() -> None:
    known, _ = workers(WorkerState("small", 1, 2), WorkerState("large", 4, 20))
    assert known.pick() == "large"


def test_a_burst_is_spread_before_the_next_report() -> None:
    known, _ = workers(WorkerState("a", 0, 4), WorkerState("b", 0, 4))
    assert sorted(str(known.pick()) for _ in range(8)) == ["a"] * 4 + ["b"] * 4
    assert known.pick() is None
    known.hear(WorkerState("a", 3, 4))
    assert known.pick() == "a"


def test_a_full_worker_and_one_that_takes_none_are_left_alone() -> None:
    known, _ = workers(WorkerState("full", 2, 2), WorkerState("leaving", 0, 0))
    assert known.pick() is None
    assert known.count == 2


def test_three_seconds_of_silence() -> None:
    known, clock = workers(WorkerState("a", 0, 4), WorkerState("b", 0, 4))
    clock.now += SILENCE_SECONDS
    known.hear(WorkerState("b", 0, 4))
    assert known.count == 2
    clock.now += 0.1
    assert known.take_lost() == ["a"]
    assert known.take_lost() == []
    assert known.pick() == "b"
    assert known.is_gone("a")
    assert not known.is_gone("b")


def test_silence_does_not_count_while_nobody_could_be_heard() -> None:
    known, clock = workers(WorkerState("a", 1, 4))
    clock.now += 60
    known.was_deaf()
    assert known.take_lost() == []
    clock.now += SILENCE_SECONDS + 0.1
    assert known.take_lost() == ["a"]


def test_a_young_process_calls_nobody_gone() -> None:
    known, clock = workers()
    assert not known.is_gone("a")
    clock.now += SILENCE_SECONDS + 0.1
    assert known.is_gone("a")
