"""`media` over a real bus: its server's side, a recogniser that follows a script, and two browsers in one call."""

import asyncio
import uuid
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Protocol, get_args

from rtc import bus as subjects
from rtc.bus import Bus
from rtc.locked_memory import SoundMemory
from rtc.media.post import PLACE_BYTES
from rtc.media.worker import MediaWorker
from rtc.messages import (
    CallClose,
    CallPlan,
    ChannelMessage,
    Checklist,
    ChecklistItem,
    Closed,
    Cue,
    Done,
    Grant,
    HangUp,
    Lease,
    Leg,
    LegAnswer,
    LegEvent,
    LegOffer,
    Notice,
    Outcome,
    PauseListening,
    Refusal,
    Reply,
    Rest,
    Scorecard,
    Sound,
    ToAgent,
    WorkerState,
)
from rtc.receipts import Confinement, Wiped
from rtc.settings import MediaSettings
from server.engines import Nats
from tests.support.legs import BrowserLeg

CUE = Cue("chest_pain-1", "safety", "chest_pain", "Chest pain: call 999", "Please call 999 now.", None, "patient", 1.0)
RECENT_SOUNDS = 100
OLDEST_MS = 5_000
SCORECARD = Scorecard(80, None, 1.0, [], [])


class ScriptedSpeech:
    """Grants every lease, counts the sound, closes when asked; dies when told to."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.worker_id = uuid.uuid4().hex[:12]
        self.leases: list[Lease] = []
        self.checklist: list[ChecklistItem] = []
        self.scorecard = SCORECARD
        self.closed: list[CallClose] = []
        self.has_closed = asyncio.Event()
        self.samples: dict[str, int] = {"agent": 0, "patient": 0}
        self.ends: dict[str, int] = {"agent": 0, "patient": 0}
        self._ends: dict[tuple[str, Leg], int] = {}
        self.went_back = False
        self.sounds: deque[Sound] = deque(maxlen=RECENT_SOUNDS)
        self.rests: list[Rest] = []
        self._taken: dict[str, int] = {}
        self.enough = asyncio.Event()
        self.heard = asyncio.Condition()
        self.alive = True
        self._announcing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.bus.listen(subjects.pcm(self.worker_id), Sound, self._hear)
        await self.bus.serve(subjects.speech_close(self.worker_id), CallClose, self._close)
        await self.bus.serve(subjects.SPEECH_LEASE, Lease, self._lease, queue=subjects.SPEECH_QUEUE)
        await self.bus._client.flush()  # from here on the server knows of all three
        self._announcing = asyncio.create_task(self._announce())

    async def _announce(self) -> None:
        while self.alive:
            await self.bus.publish(subjects.SPEECH_STATE, WorkerState(self.worker_id, 0, 12))
            await asyncio.sleep(0.5)

    async def _lease(self, lease: Lease) -> Reply:
        if not self.alive:
            return Refusal("speech_full", "dead")
        self.leases.append(lease)
        for leg in get_args(Leg):
            self._ends.pop((lease.plan.call_id, leg), None)
        return Grant(self.worker_id, self.checklist)

    async def _hear(self, sound: Sound) -> None:
        self.sounds.append(sound)
        for pcm in sound.pieces:
            self.went_back |= pcm.at < self._ends.get((pcm.call_id, pcm.leg), 0)
            self._ends[pcm.call_id, pcm.leg] = self.ends[pcm.leg] = pcm.at + len(pcm.pcm) // 2
            self.samples[pcm.leg] += len(pcm.pcm) // 2
            self._taken[pcm.call_id] = self._taken.get(pcm.call_id, 0) + len(pcm.pcm) // 2
        self.rests += sound.rests
        if min(self.samples.values()) > 16_000:
            self.enough.set()
        async with self.heard:
            self.heard.notify_all()

    async def _close(self, close: CallClose) -> Reply:
        self.closed.append(close)
        self.has_closed.set()
        if not close.forget:
            await self.say(close.call_id, self.scorecard)
        samples = self._taken.get(close.call_id, 0)
        wiped = Wiped(samples, samples, True, OLDEST_MS, Confinement("speech", "enforced", []), {"model": "a script"})
        return Closed(None if close.forget else self.scorecard, 1, wiped)

    async def more(self, samples: int, seconds: float = 10.0) -> None:
        """Until so many more samples of both legs have come."""
        wanted = {leg: count + samples for leg, count in self.samples.items()}
        async with self.heard:
            await asyncio.wait_for(
                self.heard.wait_for(lambda: all(self.samples[leg] >= count for leg, count in wanted.items())), seconds
            )

    async def until_rest(self, leg: Leg, unheard: bool = False, seconds: float = 10.0) -> None:
        """From now on. Raises TimeoutError."""
        before = len(self.rests)
        async with self.heard:
            await asyncio.wait_for(
                self.heard.wait_for(
                    lambda: any(rest.leg == leg and rest.unheard == unheard for rest in self.rests[before:])
                ),
                seconds,
            )

    async def say(self, call_id: str, message: Checklist | Cue | Scorecard | PauseListening) -> None:
        await self.bus.publish(subjects.say(self.leases[-1].media_worker), ToAgent(call_id, message))

    async def stop(self) -> None:
        self.alive = False
        if self._announcing is not None:
            self._announcing.cancel()
            with suppress(asyncio.CancelledError):
                await self._announcing
        await self.bus.close()
        assert not self.went_back, "media time never goes back"


class Office:
    """The server's side: what media told it."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.events: list[LegEvent] = []
        self.outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
        self.changed = asyncio.Condition()
        self.ended = asyncio.Event()
        self.media_worker: asyncio.Queue[str] = asyncio.Queue()
        self._calls_of: dict[str, int] = {}

    async def start(self) -> None:
        await self.bus.listen(subjects.CALL_EVENTS, LegEvent, self._event)
        await self.bus.listen(subjects.MEDIA_STATE, WorkerState, self._media)
        await self.bus.serve(subjects.OUTCOME, Outcome, self._outcome, queue=subjects.SERVER_QUEUE)

    async def _media(self, state: WorkerState) -> None:
        self.media_worker.put_nowait(state.worker_id)
        self._calls_of[state.worker_id] = state.calls
        async with self.changed:
            self.changed.notify_all()

    async def _event(self, event: LegEvent) -> None:
        self.events.append(event)
        if event.state == "ended":
            self.ended.set()
        async with self.changed:
            self.changed.notify_all()

    async def outcome(self) -> Outcome:
        return await asyncio.wait_for(self.outcomes.get(), 10)

    async def until(self, event: LegEvent, seconds: float = 10.0) -> None:
        """Raises TimeoutError when media does not say so."""
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(lambda: event in self.events), seconds)

    async def until_empty(self, worker: str, seconds: float = 15.0) -> None:
        """Until this media process says that it carries no call."""
        async with self.changed:
            await asyncio.wait_for(self.changed.wait_for(lambda: self._calls_of.get(worker) == 0), seconds)

    async def _outcome(self, outcome: Outcome) -> Reply:
        self.outcomes.put_nowait(outcome)
        return Done()

    async def offer(self, worker: str, plan: CallPlan, leg: Leg, sdp: str) -> Reply:
        return await self.bus.request(subjects.media_offer(worker), LegOffer(plan, leg, sdp))

    async def answer(self, worker: str, plan: CallPlan, leg: Leg, sdp: str) -> str:
        reply = await self.offer(worker, plan, leg, sdp)
        assert isinstance(reply, LegAnswer), reply
        return reply.sdp


def is_paused(message: ChannelMessage) -> bool:
    return isinstance(message, Notice) and message.code == "cues_paused"


async def connect(nats: Nats, user: str) -> Bus:
    return await Bus.connect(nats.url, user, user, nats.passwords[user])


@asynccontextmanager
async def running_media(
    nats: Nats, office: Office, capacity: int = 20, resume_seconds: float = 20.0
) -> AsyncIterator[MediaWorker]:
    bus = await connect(nats, "media")
    settings = MediaSettings(addresses=["127.0.0.1"], capacity=capacity, resume_seconds=resume_seconds)
    worker = MediaWorker(settings, bus, SoundMemory(2 * capacity, PLACE_BYTES))
    task = asyncio.create_task(worker.run())
    while await asyncio.wait_for(office.media_worker.get(), 5) != worker.worker_id:
        continue
    yield worker
    worker.stop()
    await task
    await bus.close()


class Named(Protocol):
    """A media worker, in this process or in one of its own."""

    worker_id: str


class Conversation:
    """Two browsers in one call, talking."""

    def __init__(self, office: Office, worker: Named, analyse: bool = True) -> None:
        self.plan = CallPlan(str(uuid.uuid4()), str(uuid.uuid4()), "gp-reception", analyse)
        self.office, self.worker = office, worker
        self.patient = self.patient_page()
        self.agent = self.agent_page()

    async def begin(self) -> None:
        legs: tuple[tuple[Leg, BrowserLeg], ...] = (("patient", self.patient), ("agent", self.agent))
        for leg, browser in legs:
            await browser.connect(partial(self.office.answer, self.worker.worker_id, self.plan, leg))
        await asyncio.wait_for(asyncio.gather(self.patient.peer.connected.wait(), self.agent.peer.connected.wait()), 10)
        self.agent.player.play()
        self.patient.player.play()

    def agent_page(self) -> BrowserLeg:
        return BrowserLeg("chest_pain.agent.flac", "chest_pain.patient.flac", channel=True)

    def patient_page(self) -> BrowserLeg:
        return BrowserLeg("chest_pain.patient.flac", "chest_pain.agent.flac", channel=True)

    async def agent_returns(self) -> None:
        """With a new page, as after a reload: it knows nothing of the call."""
        self.agent = self.agent_page()
        await self.agent.connect(partial(self.office.answer, self.worker.worker_id, self.plan, "agent"))
        await asyncio.wait_for(self.agent.peer.connected.wait(), 10)
        self.agent.player.play()

    async def patient_returns(self) -> None:
        self.patient = self.patient_page()
        await self.patient.connect(partial(self.office.answer, self.worker.worker_id, self.plan, "patient"))
        await asyncio.wait_for(self.patient.peer.connected.wait(), 10)
        self.patient.player.play()

    async def hang_up(self) -> None:
        reply = await self.office.bus.request(
            subjects.media_hangup(self.worker.worker_id), HangUp(self.plan.call_id, "patient")
        )
        assert isinstance(reply, Done)

    async def leave(self) -> None:
        await self.agent.peer.close()
        await self.patient.peer.close()
