"""What the kernel forbids the listening processes, as they say on the bus; each refused attempt is an alert."""

import time
from collections.abc import Callable

from msgspec import Struct

from rtc import bus as subjects
from rtc.bus import Bus
from rtc.messages import Denials, SandboxState
from server.logs import log

SILENCE_SECONDS = 10.0
"""They speak once a second."""

Identity = tuple[str, str, int]
"""Process, machine and process id."""


class Alert(Struct, frozen=True):
    """`kind` is what was attempted, `count` how often since that process started."""

    process: str
    host: str
    pid: int
    kind: str
    count: int


class Sandboxes:
    """Owner: whoever listens to the bus. `clock` gives seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._states: dict[Identity, tuple[float, SandboxState]] = {}
        self._counts: dict[Identity, dict[str, int]] = {}

    async def listen(self, bus: Bus) -> None:
        async def state(state: SandboxState) -> None:
            self.hear_state(state)

        async def denials(denials: Denials) -> None:
            self.hear_denials(denials)

        await bus.listen(subjects.SANDBOX_STATE, SandboxState, state)
        await bus.listen(subjects.DENIALS, Denials, denials)

    def hear_state(self, state: SandboxState) -> None:
        identity = (state.process, state.host, state.pid)
        if identity not in self._states:
            for protection in state.weaker:
                log.warning(
                    "a listening process is not held by the kernel",
                    process=state.process,
                    host=state.host,
                    code=protection.name,
                    state=protection.strength,
                    reason=protection.detail,
                )
        self._states[identity] = (self._clock(), state)
        self._forget_silent()

    def hear_denials(self, denials: Denials) -> None:
        """From the process itself and from its witness: what either has counted is so."""
        if not denials.counts:
            return
        known = self._counts.setdefault((denials.process, denials.host, denials.pid), {})
        for kind, count in denials.counts.items():
            if count > known.get(kind, 0):
                known[kind] = count
                log.error(
                    "ALERT: a listening process was refused by the kernel",
                    process=denials.process,
                    host=denials.host,
                    code=kind,
                    count=count,
                )

    @property
    def states(self) -> list[SandboxState]:
        """Of the processes that run now."""
        self._forget_silent()
        return [state for _, state in self._states.values()]

    @property
    def alerts(self) -> list[Alert]:
        """Since this process began to listen, also of processes that have ended meanwhile."""
        return [
            Alert(*identity, kind, count) for identity, counts in self._counts.items() for kind, count in counts.items()
        ]

    def _forget_silent(self) -> None:
        oldest = self._clock() - SILENCE_SECONDS
        self._states = {identity: heard for identity, heard in self._states.items() if heard[0] >= oldest}
