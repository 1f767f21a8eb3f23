"""Order, replacement and bounds of recognition work, with a recogniser that waits to be told."""

import asyncio
import threading
from collections.abc import AsyncIterator

import numpy as np
import pytest
from numpy.typing import NDArray

from rtc.speech.recognizers.whisper import Hypothesis
from rtc.speech.scheduler import CADENCE_S, SLOWEST_CADENCE_S, Job, Kind, Scheduler


class GatedRecognizer:
    """Runs one window each time the gate opens; knows windows by their first sample."""

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.busy = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.order: list[float] = []
        self.at_once = 0
        self.most_at_once = 0

    def recognize(self, samples: NDArray[np.float32]) -> Hypothesis:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self._loop.call_soon_threadsafe(self.busy.set)
        assert self.gate.acquire(timeout=10)
        self.order.append(float(samples[0]))
        self.at_once -= 1
        return Hypothesis(f"{samples[0]:.0f}", 1.0)


class Bench:
    """One scheduler with one thread."""

    def __init__(self, threads: int = 1) -> None:
        self.recognizer = GatedRecognizer()
        self.scheduler = Scheduler(self.recognizer.recognize, threads)
        self.said: list[str] = []
        self.windows: list[NDArray[np.float32]] = []
        self._running = asyncio.create_task(self.scheduler.run())
        self._finished: asyncio.Queue[str] = asyncio.Queue()

    def wish(self, key: str, kind: Kind, number: float, wanted: bool = True) -> None:
        def take() -> NDArray[np.float32] | None:
            if not wanted:
                return None
            self.windows.append(np.full(4, number, dtype=np.float32))
            return self.windows[-1]

        def done(hypothesis: Hypothesis) -> None:
            self._finished.put_nowait(hypothesis.text)

        self.scheduler.submit(Job(key, kind, take, done))

    async def until(self, count: int) -> None:
        self.recognizer.gate.release(count)
        async with asyncio.timeout(10):
            while len(self.said) < count:
                self.said.append(await self._finished.get())

    async def until_busy(self) -> None:
        await asyncio.wait_for(self.recognizer.busy.wait(), 10)

    async def close(self) -> None:
        self._running.cancel()
        self.recognizer.gate.release(100)
        with pytest.raises(asyncio.CancelledError):
            await self._running
        self.scheduler.close()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    await bench.close()


async def test_finals_come_before_settled_before_partials(bench: Bench) -> None:
    bench.wish("a", "partial", 1)
    await bench.until_busy()
    bench.wish("b", "partial", 2)
    bench.wish("c", "settled", 3)
    bench.wish("d", "final", 4)
    await bench.until(4)
    assert bench.said == ["1", "4", "3", "2"]


async def test_a_newer_wish_of_a_leg_replaces_the_older_but_never_a_final(bench: Bench) -> None:
    bench.wish("a", "partial", 1)
    await bench.until_busy()
    bench.wish("b", "partial", 2)
    bench.wish("b", "partial", 3)
    bench.wish("c", "final", 4)
    bench.wish("c", "partial", 5)
    await bench.until(4)
    assert bench.said == ["1", "4", "3", "5"]


async def test_one_leg_is_never_recognised_twice_at_once() -> None:
    bench = Bench(threads=2)
    for number in range(5):
        bench.wish("a", "final", number)
    await bench.until(5)
    assert bench.said == ["0", "1", "2", "3", "4"]
    assert bench.recognizer.most_at_once == 1
    await bench.close()


async def test_a_settled_wish_does_not_wait_for_a_partial_of_its_leg() -> None:
    bench = Bench(threads=2)
    bench.wish("a", "partial", 1)
    await bench.until_busy()
    bench.recognizer.busy.clear()
    bench.wish("a", "settled", 2)
    await bench.until_busy()
    assert bench.recognizer.at_once == 2
    bench.wish("a", "partial", 3)
    await bench.until(3)
    assert bench.recognizer.most_at_once == 2, "but a partial waits for everything of its leg"
    await bench.close()


async def test_a_wish_that_is_no_longer_wanted_costs_nothing(bench: Bench) -> None:
    bench.wish("a", "settled", 1, wanted=False)
    bench.wish("b", "partial", 2)
    await bench.until(1)
    assert bench.recognizer.order == [2]


async def test_windows_are_wiped_after_use(bench: Bench) -> None:
    bench.wish("a", "final", 7)
    await bench.until(1)
    assert not bench.windows[0].any()


async def test_partials_slow_down_with_the_number_of_speaking_legs(bench: Bench) -> None:
    assert bench.scheduler.cadence_s == CADENCE_S
    for number in range(40):
        bench.wish(f"leg{number}", "partial", number)
    assert bench.scheduler.cadence_s == SLOWEST_CADENCE_S
    await bench.until(40)
