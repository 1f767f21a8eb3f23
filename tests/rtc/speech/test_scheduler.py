"""Order, replacement and bounds of recognition work, with a recogniser that waits to be told."""

import asyncio
import threading
from collections.abc import AsyncIterator

import numpy as np
import pytest
from numpy.typing import NDArray

from rtc.messages import SAMPLE_RATE
from rtc.speech.device import Device
from rtc.speech.scheduler import CADENCE_S, MOST_FAILURES, SLOWEST_CADENCE_S, Job, Kind, Scheduler
from rtc.speech.windows import NOTHING, Hypothesis, Window

BUCKET = SAMPLE_RATE // 2


def cpu(workers: int = 1, batch: int = 1) -> Device:
    return Device("cpu", "int8", workers, batch, wait_s=0.0, bucket_s=0.5)


class GatedRecognizer:
    """Runs one batch each time the gate opens; knows windows by their first sample."""

    languages = ("en",)

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.busy = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.batches: list[list[float]] = []
        self.fails = False
        self.at_once = 0
        self.most_at_once = 0

    def recognize(self, windows: list[Window]) -> list[Hypothesis]:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self._loop.call_soon_threadsafe(self.busy.set)
        assert self.gate.acquire(timeout=10)
        self.batches.append([float(window.samples[0]) for window in windows])
        self.at_once -= 1
        if self.fails:
            raise RuntimeError("out of memory")
        return [Hypothesis(f"{window.samples[0]:.0f}", 1.0) for window in windows]

    @property
    def order(self) -> list[float]:
        return [number for batch in self.batches for number in batch]


class Bench:
    """One scheduler, with one thread unless the device has more."""

    def __init__(self, device: Device | None = None) -> None:
        self.recognizer = GatedRecognizer()
        self.scheduler = Scheduler(self.recognizer, device or cpu())
        self.said: list[str] = []
        self.windows: list[NDArray[np.float32]] = []
        self.running = asyncio.create_task(self.scheduler.run())
        self._finished: asyncio.Queue[str] = asyncio.Queue()

    def wish(
        self, key: str, kind: Kind, number: float, wanted: bool = True, length: int = 4, language: str = "en"
    ) -> None:
        def take() -> Window | None:
            if not wanted:
                return None
            self.windows.append(np.full(length, number, dtype=np.float32))
            return Window(self.windows[-1], language)

        def done(hypothesis: Hypothesis) -> None:
            self._finished.put_nowait(hypothesis.text)

        self.scheduler.submit(Job(key, kind, language, lambda: length, take, done))

    async def until(self, count: int) -> None:
        self.recognizer.gate.release(count)
        async with asyncio.timeout(10):
            while len(self.said) < count:
                self.said.append(await self._finished.get())

    async def until_busy(self) -> None:
        await asyncio.wait_for(self.recognizer.busy.wait(), 10)

    async def close(self) -> None:
        self.running.cancel()
        self.recognizer.gate.release(100)
        with pytest.raises(asyncio.CancelledError):
            await self.running
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
    bench = Bench(cpu(workers=2))
    for number in range(5):
        bench.wish("a", "final", number)
    await bench.until(5)
    assert bench.said == ["0", "1", "2", "3", "4"]
    assert bench.recognizer.most_at_once == 1
    await bench.close()


async def test_a_settled_wish_does_not_wait_for_a_partial_of_its_leg() -> None:
    bench = Bench(cpu(workers=2))
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


@pytest.fixture
async def four() -> AsyncIterator[Bench]:
    """Up to four windows together; the first of them, of another length, keeps the thread busy."""
    bench = Bench(cpu(batch=4))
    bench.wish("first", "partial", 0, length=9 * BUCKET)
    await bench.until_busy()
    yield bench
    await bench.close()


async def test_waiting_windows_of_one_length_are_recognised_together(four: Bench) -> None:
    for number, length in enumerate((1, BUCKET, BUCKET + 1, BUCKET - 1), start=1):
        four.wish(f"leg{number}", "partial", number, length=length)
    await four.until(5)
    assert four.recognizer.batches == [[0], [1, 2, 4], [3]]


async def test_a_batch_is_never_larger_than_asked(four: Bench) -> None:
    for number in range(1, 7):
        four.wish(f"leg{number}", "partial", number)
    await four.until(7)
    assert four.recognizer.batches == [[0], [1, 2, 3, 4], [5, 6]]


async def test_finals_lead_a_batch_and_partials_of_other_lengths_wait(four: Bench) -> None:
    four.wish("a", "partial", 1, length=BUCKET + 1)
    four.wish("b", "partial", 2)
    four.wish("c", "final", 3)
    four.wish("d", "settled", 4)
    await four.until(5)
    assert four.recognizer.batches == [[0], [3, 4, 2], [1]]


async def test_languages_do_not_share_a_batch(four: Bench) -> None:
    for number, language in enumerate(("en", "de", "en", "de"), start=1):
        four.wish(f"leg{number}", "final", number, language=language)
    await four.until(5)
    assert four.recognizer.batches == [[0], [1, 3], [2, 4]]


async def test_two_finals_of_a_leg_do_not_share_a_batch(four: Bench) -> None:
    """The order of a leg's words is the order of its recognitions."""
    four.wish("a", "final", 1)
    four.wish("a", "final", 2)
    four.wish("b", "final", 3)
    await four.until(4)
    assert four.recognizer.batches == [[0], [1, 3], [2]]


async def test_on_a_gpu_the_first_window_waits_for_others() -> None:
    bench = Bench(Device("cuda", "float16", 1, 4, wait_s=0.2, bucket_s=4.0))
    bench.wish("a", "partial", 1)
    for _ in range(10):  # turns of the loop, not time: the scheduler has taken it, and waits
        await asyncio.sleep(0)
    bench.wish("b", "final", 2, length=3 * SAMPLE_RATE)
    await bench.until(1)
    assert bench.recognizer.batches == [[1, 2]]
    await bench.close()


async def test_what_the_engine_fails_on_is_nothing_and_the_next_is_heard(bench: Bench) -> None:
    bench.recognizer.fails = True
    bench.wish("a", "final", 1)
    await bench.until(1)
    bench.recognizer.fails = False
    bench.wish("a", "final", 2)
    await bench.until(2)
    assert bench.said == [NOTHING.text, "2"]
    assert not bench.windows[0].any()


async def test_a_broken_engine_ends_the_scheduler() -> None:
    bench = Bench()
    bench.recognizer.fails = True
    bench.recognizer.gate.release(MOST_FAILURES)
    for number in range(MOST_FAILURES):
        bench.wish("a", "final", number)
    with pytest.raises(ExceptionGroup, match="unhandled errors"):
        await asyncio.wait_for(bench.running, 10)
    bench.scheduler.close()
