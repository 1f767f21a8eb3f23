"""Who is recognised next: one scheduler for all legs of the process.

A leg has at most one wish waiting, besides its finals: a newer wish replaces an older one, and the sound is read when
the work starts, so what is decoded is always the newest. Finals come before settled hypotheses, those before partials,
and within a class the earliest deadline. Finals are never dropped.

With a `batch` of more than one, further wishes of the same padded length and language are recognised with the first.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from msgspec import Struct

from rtc.messages import SAMPLE_RATE
from rtc.speech.device import Device
from rtc.speech.windows import NOTHING, Hypothesis, Recognizer, Window

log = logging.getLogger(__name__)

Kind = Literal["final", "settled", "partial"]

RANK: dict[Kind, int] = {"final": 0, "settled": 1, "partial": 2}
DEADLINE_S: dict[Kind, float] = {"final": 0.35, "settled": 0.30, "partial": 0.25}
"""How soon after the wish each is due: used only to order wishes of the same class."""

CADENCE_S = 0.25
SLOWEST_CADENCE_S = 0.9
TARGET_LOAD = 0.7
"""Partials of one leg are at least CADENCE_S apart, and further when recognition would fill more than this share
of its threads."""

DECODE_WEIGHT = 0.1
"""Weight of the newest decode in the moving average of decode times."""

MOST_FAILURES = 5
"""So many recognitions in a row that fail are not bad sound but a broken engine: the process ends, and its calls go
to another recogniser."""


class Job(Struct):
    """One wish. `take` is called when the work starts and returns the window, or None when it is no longer wanted;
    `length` says before, how many samples it would have. `done` gets the hypothesis, on the event loop."""

    key: str
    kind: Kind
    language: str
    length: Callable[[], int]
    take: Callable[[], Window | None]
    done: Callable[[Hypothesis], None]
    left: Callable[[], None] = lambda: None
    """Called when the work is over: the window is wiped, or was not wanted."""
    due: float = 0.0


class Scheduler:
    """Owner: the speech worker. `submit` and every callback run on the event loop; only recognition is in threads."""

    def __init__(self, recognizer: Recognizer, device: Device) -> None:
        self._recognizer = recognizer
        self._device = device
        self._bucket = int(device.bucket_s * SAMPLE_RATE)
        self._pool = ThreadPoolExecutor(device.workers, thread_name_prefix="recognize")
        self._wishes: dict[str, Job] = {}
        self._finals: list[Job] = []
        self._running: dict[str, list[Kind]] = {}
        self._wake = asyncio.Event()
        self._decode_s = 0.1
        self._failures = 0
        self._speaking: dict[str, float] = {}

    def submit(self, job: Job) -> None:
        """Queue a wish; it replaces an earlier one of the same leg, unless that was a final."""
        job.due = time.monotonic() + DEADLINE_S[job.kind]
        if job.kind == "final":
            self._finals.append(job)
            self._wishes.pop(job.key, None)
        else:
            self._wishes[job.key] = job
        self._speaking[job.key] = time.monotonic()
        self._wake.set()

    def forget(self, key: str) -> None:
        """The leg is gone: drop its wishes. A final of a closing call is awaited by the call, not forgotten."""
        self._wishes.pop(key, None)
        self._speaking.pop(key, None)

    @property
    def cadence_s(self) -> float:
        """How far apart one leg's partials should be at the present load."""
        now = time.monotonic()
        legs = sum(1 for at in self._speaking.values() if now - at < 1.0)
        fair = legs * self._decode_s / (self._device.workers * TARGET_LOAD)
        return min(max(CADENCE_S, fair), SLOWEST_CADENCE_S)

    def busy(self, key: str) -> bool:
        """Whether this leg has a wish waiting or running."""
        return key in self._wishes or key in self._running

    @property
    def waiting(self) -> int:
        """Wishes and finals whose work has not begun."""
        return len(self._wishes) + len(self._finals)

    async def run(self) -> None:
        """Recognise until cancelled. Ends with an ExceptionGroup when the engine is broken."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._device.workers):
                group.create_task(self._work())

    async def _work(self) -> None:
        while True:
            jobs = await self._next()
            taken = [(job, job.take()) for job in jobs]
            try:
                wanted = [(job, window) for job, window in taken if window is not None]
                hypotheses = await self._recognize([window for _, window in wanted])
            finally:
                for job in jobs:
                    self._leave(job)
            for (job, _), hypothesis in zip(wanted, hypotheses, strict=True):
                job.done(hypothesis)

    async def _recognize(self, windows: list[Window]) -> list[Hypothesis]:
        """In a thread. What the engine fails on is understood as nothing."""
        if not windows:
            return []
        started = time.monotonic()
        loop = asyncio.get_running_loop()
        try:
            hypotheses = await loop.run_in_executor(self._pool, self._recognizer.recognize, windows)
            self._failures = 0
        except (RuntimeError, ValueError, MemoryError) as error:
            self._failures += 1
            log.warning("recognition failed: %s", type(error).__name__)
            if self._failures >= MOST_FAILURES:
                raise
            hypotheses = [NOTHING] * len(windows)
        finally:
            for window in windows:
                window.samples[:] = 0
        each = (time.monotonic() - started) / len(windows)
        self._decode_s += DECODE_WEIGHT * (each - self._decode_s)
        return hypotheses

    async def _next(self) -> list[Job]:
        """Wait for work: the most urgent wish, and what may be recognised with it."""
        while (first := self._pick()) is None:
            self._wake.clear()
            await self._wake.wait()
        self._enter(first)
        jobs = [first]
        if self._device.batch > 1 and self._device.wait_s:
            await asyncio.sleep(self._device.wait_s)
        while len(jobs) < self._device.batch and (other := self._pick(like=first)) is not None:
            self._enter(other)
            jobs.append(other)
        return jobs

    def _pick(self, like: Job | None = None) -> Job | None:
        """The most urgent wish. A leg is recognised by one thread at a time, but what is settled or final does not
        wait for a partial of the same leg: the partial's hypothesis is then out of date, and the leg drops it."""
        ready = [job for job in (*self._finals, *self._wishes.values()) if not self._blocked(job)]
        if like is not None:
            ready = [job for job in ready if self._shape(job) == self._shape(like)]
        return min(ready, key=lambda job: (RANK[job.kind], job.due), default=None)

    def _blocked(self, job: Job) -> bool:
        return any(job.kind == "partial" or kind != "partial" for kind in self._running.get(job.key, ()))

    def _shape(self, job: Job) -> tuple[int, str]:
        """CTranslate2 recognises windows together only if they are equally long and begin with equal prompts."""
        return -(-job.length() // self._bucket), job.language

    def _enter(self, job: Job) -> None:
        """From waiting to running."""
        if job.kind == "final":
            self._finals.remove(job)
        else:
            del self._wishes[job.key]
        self._running.setdefault(job.key, []).append(job.kind)

    def _leave(self, job: Job) -> None:
        kinds = self._running[job.key]
        kinds.remove(job.kind)
        if not kinds:
            del self._running[job.key]
        job.left()
        self._wake.set()

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
