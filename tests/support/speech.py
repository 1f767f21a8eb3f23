"""Calls as the speech process holds them, fed as fast as they are understood, and the recordings they are fed with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar

import av

from rtc.coaching.playbook import Playbook, load
from rtc.messages import (
    SAMPLE_RATE,
    CallPlan,
    Caption,
    ChannelMessage,
    Cue,
    Lease,
    Leg,
    PauseListening,
    Pcm,
    Rest,
    SupervisorAlert,
)
from rtc.speech.call import LiveCall
from rtc.speech.device import Device
from rtc.speech.scheduler import Scheduler
from rtc.speech.vad import Silero
from rtc.speech.windows import Recognizer

T = TypeVar("T", bound=ChannelMessage)

CALLS = Path(__file__).parents[1] / "data" / "calls"

ONE_THREAD = Device("cpu", "int8", workers=1, batch=1, wait_s=0.0, bucket_s=0.5)

CHUNK = 640
"""Samples of a message from media: 40 ms."""


@cache
def pcm(name: str) -> bytes:
    """One side of a recorded call ("chest_pain.patient"): s16le, 16 kHz, mono."""
    with av.open(str(CALLS / f"{name}.flac")) as container:
        frames = list(container.decode(audio=0))
    return b"".join(frame.to_ndarray().astype("<i2").tobytes() for frame in frames)


def plan(call_id: str = "call", vocabulary: tuple[str, ...] = ()) -> CallPlan:
    return CallPlan(call_id, "practice", "gp-reception", True, list(vocabulary))


class Line:
    """One live call and everything it says to the agent. Stands in for media: a pause lasts `pause_s`."""

    def __init__(
        self,
        network: Silero,
        scheduler: Scheduler,
        plan: CallPlan,
        resumed: bool = False,
        playbook: Playbook | None = None,
        pause_s: float = 0.0,
    ) -> None:
        self.said: list[ChannelMessage] = []
        self.alerts: list[SupervisorAlert] = []
        self.call = LiveCall(
            Lease(plan, "media", resumed),
            playbook or load(plan.playbook),
            network,
            scheduler,
            self._say,
            alert=self.alerts.append,
        )
        self.paused: list[Leg] = []
        self._asked: list[Leg] = []
        self._pause = int(pause_s * SAMPLE_RATE)
        self._heard_from: dict[Leg, int] = {}

    def _say(self, message: ChannelMessage | PauseListening) -> None:
        if isinstance(message, PauseListening):
            self._asked.append(message.leg)
        else:
            self.said.append(message)

    async def play(self, sound: dict[Leg, bytes], start: int = 0) -> int:
        """Both legs beside each other, from media sample `start` on; finals are awaited. Returns where it ended."""
        length = max(len(pcm) // 2 for pcm in sound.values())
        for at in range(0, length, CHUNK):
            self.feed(sound, at, start)
            await self.call.drained()
        return start + length

    def feed(self, sound: dict[Leg, bytes], at: int, start: int = 0) -> None:
        """The chunk at sample `at` of both legs."""
        while self._asked:
            leg = self._asked.pop()
            self.paused.append(leg)
            self.call.rest(Rest(self.call.plan.call_id, leg, unheard=True))
            self._heard_from[leg] = start + at + self._pause
        for leg, pcm in sound.items():
            if start + at < self._heard_from.get(leg, 0):
                continue
            chunk = pcm[at * 2 : (at + CHUNK) * 2]
            if chunk:
                self.call.hear(Pcm(self.call.plan.call_id, leg, start + at, chunk))

    def of(self, kind: type[T]) -> list[T]:
        return [message for message in self.said if isinstance(message, kind)]

    def finals(self, leg: Leg) -> list[Caption]:
        return [caption for caption in self.of(Caption) if caption.final and caption.leg == leg]

    @property
    def words(self) -> list[str]:
        return [caption.text for caption in self.of(Caption) if caption.text]

    @property
    def cues(self) -> list[str]:
        return [cue.label for cue in self.of(Cue)]


@asynccontextmanager
async def scheduling(recognizer: Recognizer, device: Device = ONE_THREAD) -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(recognizer, device)
    running = asyncio.create_task(scheduler.run())
    try:
        yield scheduler
    finally:
        running.cancel()
        scheduler.close()
