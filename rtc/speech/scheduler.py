"""Who is recognised next: one scheduler for all legs of the process.

A leg has at most one wish waiting, besides its finals: a newer wish replaces an older one, and the sound is read when
the work starts, so what is decoded is always the newest. Finals come before settled hypotheses, those before partials,
and within a class the earliest deadline. Finals are never dropped.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from rtc.speech.recognizers.whisper import Hypothesis

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


class Job(Struct):
    """One wish. `take` is called when the work starts and returns the samples, or None when they are no longer wanted;
    `done` gets the hypothesis, on the event loop."""

    key: str
    kind: Kind
    take: Callable[[], NDArray[np.float32] | None]
    done: Callable[[Hypothesis], None]
    due: float = 0.0


class Scheduler:
    """Owner: the speech worker. `submit` and every callback run on the event loop; only recognition is in threads."""

    def __init__(self, recognize: Callable[[NDArray[np.float32]], Hypothesis], threads: int) -> None:
        self._recognize = recognize
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="recognize")
        self._wishes: dict[str, Job] = {}
        self._finals: list[Job] = []
        self._running: dict[str, list[Kind]] = {}
        self._wake = asyncio.Event()
        self._decode_s = 0.1
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
        fair = legs * self._decode_s / (self._threads * TARGET_LOAD)
        return min(max(CADENCE_S, fair), SLOWEST_CADENCE_S)

    def busy(self, key: str) -> bool:
        """Whether this leg has a wish waiting or running."""
        return key in self._wishes or key in self._running

    async def run(self) -> None:
        """Recognise until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._threads):
                group.create_task(self._work())

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            job = await self._next()
            samples = job.take()
            if samples is None:
                self._leave(job)
                continue
            started = time.monotonic()
            try:
                hypothesis = await loop.run_in_executor(self._pool, self._recognize, samples)
            finally:
                samples[:] = 0
                self._leave(job)
            self._decode_s += DECODE_WEIGHT * (time.monotonic() - started - self._decode_s)
            job.done(hypothesis)

    async def _next(self) -> Job:
        """Wait for work, and mark its leg as being recognised."""
        while (job := self._pick()) is None:
            self._wake.clear()
            await self._wake.wait()
        if job.kind == "final":
            self._finals.remove(job)
        else:
            del self._wishes[job.key]
        self._running.setdefault(job.key, []).append(job.kind)
        return job

    def _leave(self, job: Job) -> None:
        kinds = self._running[job.key]
        kinds.remove(job.kind)
        if not kinds:
            del self._running[job.key]
        self._wake.set()

    def _pick(self) -> Job | None:
        """The most urgent wish. A leg is recognised by one thread at a time, but what is settled or final does not
        wait for a partial of the same leg: the partial's hypothesis is then out of date, and the leg drops it."""
        ready = [job for job in (*self._finals, *self._wishes.values()) if not self._blocked(job)]
        return min(ready, key=lambda job: (RANK[job.kind], job.due), default=None)

    def _blocked(self, job: Job) -> bool:
        return any(job.kind == "partial" or kind != "partial" for kind in self._running.get(job.key, ()))

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
