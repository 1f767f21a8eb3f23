"""A call's way to a recogniser: the lease, the sound that goes there, and what happens when it is lost."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from rtc import bus as subjects
from rtc.bus import Bus, Unreachable
from rtc.locked_memory import SoundMemory
from rtc.media.opus import FRAME_SAMPLES, Samples
from rtc.media.post import LegSound, SoundPost
from rtc.messages import (
    CallClose,
    CallPlan,
    ChannelMessage,
    Closed,
    Grant,
    Hello,
    Lease,
    Leg,
    MediaTotals,
    Notice,
    Pcm,
    Refusal,
    Rest,
    Sound,
)
from rtc.receipts import Wiped

WORKER_GONE_SECONDS = 2.5
FORGET_AGAIN_SECONDS = 0.5
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
        self._leasing = False
        self._rests: dict[Leg, bool] = {}
        self._over = False
        self._paused_told = False
        self._lost_at = 0.0
        self._samples_out = 0
        self._held_by_worker = 0
        self._samples_unattested = 0
        self.wiped: list[Wiped] = []
        """What each recogniser of this call said at its end."""

    @property
    def live(self) -> bool:
        return self._worker is not None

    @property
    def samples_unattested(self) -> int:
        """Went to a recogniser which was then lost: gone with its memory, but nobody saw them wiped."""
        return self._samples_unattested

    @property
    def samples_out(self) -> int:
        """Went to a recogniser."""
        return self._samples_out

    @property
    def longest_wait_s(self) -> float:
        """Any sample's, here in media."""
        return max(leg.longest_wait_s for leg in self._legs.values())

    async def start(self, bridged_at: float, to_agent: Callable[[ChannelMessage], None]) -> None:
        """Media time starts at `bridged_at` (monotonic seconds). Returns when the first lease was won or refused."""
        self._bridged_at = bridged_at
        self._to_agent = to_agent
        await self._lease()
        if self._over:
            return
        self._post.add(self)
        self._keeper = asyncio.create_task(self._keep())

    async def _lease(self) -> None:
        self._leasing = True
        try:
            await self._ask()
        finally:
            self._leasing = False

    async def _ask(self) -> None:
        try:
            request = Lease(self._plan, self._media_worker, resumed=self._had_worker, late=self._began_unheard)
            reply = await self._bus.request(subjects.SPEECH_LEASE, request, LEASE_SECONDS)
        except Unreachable:
            reply = None
        if not isinstance(reply, Grant):
            self._began_unheard |= not self._had_worker
            if self._over:
                return
            self._tell_paused(reply.detail if isinstance(reply, Refusal) else UNREACHABLE)
            return
        self._workers.seen[reply.worker_id] = time.monotonic()
        if self._over:
            await self._forget(reply.worker_id)  # hung up or stopped meanwhile
            return
        live = live_again(time.monotonic() - self._lost_at) if self._had_worker else LIVE
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
        while not self._over:
            await asyncio.sleep(1.0)
            if self._worker is not None and not self._workers.alive(self._worker):
                self._lose_worker()
                self._tell_paused(UNREACHABLE)
            if self._worker is None:
                await self._lease()
            for leg, unheard in list(self._rests.items()):
                await self._tell_rest(leg, unheard)

    def sound(self, leg: Leg, pcm: Samples) -> None:
        """s16le 16 kHz mono as it was decoded. Without a recogniser it is dropped here, at once."""
        if self._worker is None or self._over:
            return
        self._rests.pop(leg, None)
        self._legs[leg].add(pcm)
        self._post.heard()

    async def rest(self, leg: Leg, unheard: bool = False) -> None:
        """No more sound of this leg for now, until there is some. What was gathered goes to the recogniser, which then
        holds nothing; or, `unheard`, is wiped here and there."""
        if unheard:
            self._legs[leg].wipe()
        self._rests[leg] = unheard
        await self._post.post(self)
        await self._tell_rest(leg, unheard)

    async def _tell_rest(self, leg: Leg, unheard: bool) -> None:
        if self._worker is None or self._over:
            return
        with suppress(Unreachable):
            await self._bus.publish(subjects.pcm(self._worker), Sound([], [Rest(self._plan.call_id, leg, unheard)]))

    async def stop(self) -> None:
        """For good: what is gathered is wiped, and the recogniser wipes and forgets the call. Returns when it has."""
        self._leave()
        for leg in self._legs.values():
            leg.wipe()
        if self._worker is not None:
            await self._forget(self._worker)

    async def _forget(self, worker: str) -> None:
        """Until it has said so, or is gone."""
        close = CallClose(self._plan.call_id, 0.0, MediaTotals(0, 0, 0), forget=True)
        while self._workers.alive(worker):
            try:
                reply = await self._bus.request(subjects.speech_close(worker), close, CLOSE_SECONDS)
            except Unreachable:
                await asyncio.sleep(FORGET_AGAIN_SECONDS)
                continue
            if isinstance(reply, Closed):
                self._attest(reply.wiped)
            break
        self._lose_worker()

    def given_up(self, wiped: Wiped) -> None:
        """The recogniser ends, having wiped what it held. The keeper looks for another."""
        if self._worker is not None and not self._over:
            self._attest(wiped)
            self._lose_worker()
            self._tell_paused(UNREACHABLE)

    def _attest(self, wiped: Wiped) -> None:
        """The recogniser has told what it wiped: of what it was sent, only the rest is unaccounted for."""
        self.wiped.append(wiped)
        self._samples_unattested += max(0, self._held_by_worker - wiped.samples_wiped)
        self._held_by_worker = 0

    def _leave(self) -> None:
        self._over = True
        self._post.remove(self)
        if self._keeper is not None and not self._leasing:
            self._keeper.cancel()  # else it ends by itself: a grant on its way must be given back

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

    async def close(self, duration_s: float, frames_in: int, concealed: int) -> Closed | None:
        """Tell the recogniser the call is over. It has then scored and wiped it; None when there is nobody to ask."""
        if self._over:
            return None
        self._leave()
        await self._post.post(self)
        worker, closed = self._worker, None
        if worker is not None:
            totals = MediaTotals(frames_in, self._samples_out // FRAME_SAMPLES, concealed)
            close = CallClose(self._plan.call_id, duration_s, totals)
            with suppress(Unreachable):
                reply = await self._bus.request(subjects.speech_close(worker), close, CLOSE_SECONDS)
                closed = reply if isinstance(reply, Closed) else None
        if closed is not None:
            self._attest(closed.wiped)
        self._lose_worker()
        return closed
