"""Which media workers are alive, and which one takes the next call."""

import time
from collections.abc import Callable

from rtc.messages import WorkerState

SILENCE_SECONDS = 3.0
"""Workers speak once a second; three missed means gone."""


class MediaWorkers:
    """What this process heard on `workers.media`. `clock` gives seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._heard: dict[str, tuple[float, WorkerState]] = {}
        self._placed_since: dict[str, int] = {}

    def hear(self, state: WorkerState) -> None:
        self._heard[state.worker_id] = (self._clock(), state)
        self._placed_since.pop(state.worker_id, None)

    def pick(self) -> str | None:
        """The live worker with room whose share of used places is the smallest. None: no call can be taken."""
        with_room = [
            ((state.calls + placed) / state.capacity, worker_id)
            for worker_id, (_, state) in self._live().items()
            if state.calls + (placed := self._placed_since.get(worker_id, 0)) < state.capacity
        ]
        if not with_room:
            return None
        _, chosen = min(with_room)
        # Its next report counts this call; until then we do, or a burst would all go to one worker.
        self._placed_since[chosen] = self._placed_since.get(chosen, 0) + 1
        return chosen

    @property
    def has_room(self) -> bool:
        return any(state.calls < state.capacity for _, state in self._live().values())

    @property
    def count(self) -> int:
        return len(self._live())

    def is_gone(self, worker_id: str) -> bool:
        """False while this process is too young to know."""
        return worker_id not in self._live() and self._clock() - self._started > SILENCE_SECONDS

    def was_deaf(self) -> None:
        """This process could not have heard anybody until now: nobody's silence counts yet."""
        now = self._clock()
        self._heard = {worker_id: (now, state) for worker_id, (_, state) in self._heard.items()}

    def take_lost(self) -> list[str]:
        """Workers that fell silent since the last time this was asked."""
        lost = sorted(set(self._heard) - set(self._live()))
        for worker_id in lost:
            del self._heard[worker_id]
            self._placed_since.pop(worker_id, None)
        return lost

    def _live(self) -> dict[str, tuple[float, WorkerState]]:
        oldest = self._clock() - SILENCE_SECONDS
        return {worker_id: heard for worker_id, heard in self._heard.items() if heard[0] >= oldest}
