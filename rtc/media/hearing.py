"""A call's way to a recogniser: the lease, the sound that goes there, and what happens when it is lost."""

import asyncio
import time
from collections.abc import Callable, Iterator

from rtc import bus as subjects
from rtc.bus import Bus, Unreachable
from rtc.locked_memory import SoundMemory
from rtc.media.opus import FRAME_SAMPLES, Samples
from rtc.media.post import LegSound, SoundPost
from rtc.messages import (
    CallClose,
    CallPlan,
    ChannelMessage,
    CueCounts,
    Done,
    Grant,
    Hello,
    Lease,
    Leg,
    MediaTotals,
    Notice,
    Pcm,
    Refusal,
)

WORKER_GONE_SECONDS = 2.5
LEASE_SECONDS = 2.0
CLOSE_SECONDS = 4.0

UNREACHABLE = "The recogniser is not reachable."


def paused(why: str) -> Notice:
    """`why` is a sentence: what the recogniser answered, or that it did not."""
    return Notice("cues_paused", "warning", f"Cues are paused. {why} The call goes on; use the paper protocol.")


LIVE = Notice("cues_live", "info", "Cues are live.")


def live_again(seconds: float) -> Notice:
    """After a loss: the agent must know that nothing was heard meanwhile, also if it was too short to be seen."""
    text = f"Cues are live again. For about {max(1, round(seconds))} s nothing was heard, so this call is not scored."
    return Notice("cues_live", "warning", text)


class SpeechWorkers:
    """When each speech worker was last heard of (monotonic seconds). Owner: the media worker."""

    def __init__(self) -> None:
        self.seen: dict[str, float] = {}

    def alive(self, worker_id: str) -> bool:
        return time.monotonic() - self.seen.get(worker_id, -1e9) < WORKER_GONE_SECONDS


class Hearing:
    """Owner: one call. `sound` never blocks and never raises: losing a recogniser must not touch the bridge."""

    def __init__(
        self,
        plan: CallPlan,
        media_worker: str,
        bus: Bus,
        workers: SpeechWorkers,
        post: SoundPost,
        memory: SoundMemory,
    ) -> None:
        self._plan = plan
        self._media_worker = media_worker
        self._bus = bus
        self._workers = workers
        self._post = post
        self._worker: str | None = None
        self._had_worker = False
        self._began_unheard = False
        self._to_agent: Callable[[ChannelMessage], None] = lambda _message: None
        self._bridged_at = 0.0
        self._legs: dict[Leg, LegSound] = {"agent": LegSound(memory), "patient": LegSound(memory)}
        self._keeper: asyncio.Task[None] | None = None
        self._over = False
        self._paused_told = False
        self._lost_at = 0.0
        self._samples_out = 0
        self._held_by_worker = 0
        self._samples_unattested = 0

    @property
    def live(self) -> bool:
        return self._worker is not None

    @property
    def unattested(self) -> int:
        """Frames that went to a recogniser which was then lost: gone with its memory, but nobody saw them wiped."""
        return self._samples_unattested // FRAME_SAMPLES

    async def start(self, bridged_at: float, to_agent: Callable[[ChannelMessage], None]) -> None:
        """Media time starts at `bridged_at` (monotonic seconds). Returns when the first lease was won or refused."""
        self._bridged_at = bridged_at
        self._to_agent = to_agent
        await self._lease()
        if self._over:
            return  # hung up meanwhile; a recogniser that took the call gives it up when it hears nothing
        self._post.add(self)
        self._keeper = asyncio.create_task(self._keep())

    async def _lease(self) -> None:
        try:
            request = Lease(self._plan, self._media_worker, resumed=self._had_worker, late=self._began_unheard)
            reply = await self._bus.request(subjects.SPEECH_LEASE, request, LEASE_SECONDS)
        except Unreachable:
            reply = None
        if not isinstance(reply, Grant):
            self._began_unheard |= not self._had_worker
            self._tell_paused(reply.detail if isinstance(reply, Refusal) else UNREACHABLE)
            return
        live = live_again(time.monotonic() - self._lost_at) if self._had_worker else LIVE
        self._workers.seen[reply.worker_id] = time.monotonic()
        self._worker, self._had_worker, self._paused_told = reply.worker_id, True, False
        for leg in self._legs.values():
            leg.restart()
        self._to_agent(Hello(self._plan.call_id, True, self._plan.playbook, reply.checklist))
        self._to_agent(live)

    def _lose_worker(self) -> None:
        if self._worker is not None:
            self._lost_at = self._workers.seen.get(self._worker, time.monotonic())
        self._worker = None
        self._samples_unattested += self._held_by_worker
        self._held_by_worker = 0
        for leg in self._legs.values():
            leg.wipe()

    def _tell_paused(self, why: str) -> None:
        if not self._paused_told:
            self._paused_told = True
            self._to_agent(paused(why))

    async def _keep(self) -> None:
        """Look after the lease for the rest of the call: once a second, lost or missing, ask again."""
        while True:
            await asyncio.sleep(1.0)
            if self._worker is not None and not self._workers.alive(self._worker):
                self._lose_worker()
                self._tell_paused(UNREACHABLE)
            if self._worker is None:
                await self._lease()

    def sound(self, leg: Leg, pcm: Samples) -> None:
        """s16le 16 kHz mono as it was decoded. Without a recogniser it is dropped here, at once."""
        if self._worker is None:
            return
        self._legs[leg].add(pcm)
        self._post.heard()

    def interrupted(self, leg: Leg) -> None:
        """This leg's connection was lost: what it said last is not held back for the next one."""
        self._legs[leg].wipe()

    def take(self) -> Iterator[tuple[str, Pcm]]:
        for leg, sound in self._legs.items():
            while self._worker is not None and (taken := sound.take(self._bridged_at)) is not None:
                at, pcm = taken
                yield self._worker, Pcm(self._plan.call_id, leg, at, pcm)

    def posted(self, worker: str, samples: int) -> None:
        self._samples_out += samples
        if worker == self._worker:
            self._held_by_worker += samples
        else:
            self._samples_unattested += samples  # it was lost while this was on its way

    async def close(self, duration_s: float, frames_in: int, concealed: int, cues: list[CueCounts]) -> bool:
        """Tell the recogniser the call is over. True when it has scored it and will report the outcome itself."""
        self._over = True
        self._post.remove(self)
        if self._keeper is not None:
            self._keeper.cancel()
        await self._post.post(self)
        worker = self._worker
        self._lose_worker()
        if worker is None:
            return False
        try:
            totals = MediaTotals(frames_in, self._samples_out // FRAME_SAMPLES, concealed)
            close = CallClose(self._plan.call_id, duration_s, totals, cues)
            return isinstance(await self._bus.request(subjects.speech_close(worker), close, CLOSE_SECONDS), Done)
        except Unreachable:
            return False
