"""The media process over a real bus, with browsers that are real peers and recognisers that follow a script."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest

from rtc import bus as subjects
from rtc.bus import Bus
from rtc.media.hearing import WORKER_GONE_SECONDS
from rtc.media.worker import MediaWorker
from rtc.messages import (
    CallClose,
    CallPlan,
    ChannelMessage,
    Cue,
    Done,
    Grant,
    HangUp,
    Hello,
    Lease,
    Leg,
    LegAnswer,
    LegEvent,
    LegOffer,
    Notice,
    Outcome,
    Pcm,
    Pipeline,
    Refusal,
    Reply,
    Scorecard,
    ToAgent,
    WorkerState,
)
from rtc.settings import MediaSettings
from server.engines import Nats
from tests.support.legs import BrowserLeg

CUE = Cue("chest_pain-1", "safety", "chest_pain", "Chest pain: call 999", "Please call 999 now.", None, "patient", 1.0)
SCORECARD = Scorecard(80, None, 1.0, [], [])


class ScriptedSpeech:
    """Grants every lease, counts the sound, closes when asked; dies when told to."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.worker_id = uuid.uuid4().hex[:12]
        self.leases: list[Lease] = []
        self.closed: list[CallClose] = []
        self.samples: dict[str, int] = {"agent": 0, "patient": 0}
        self.ends: dict[str, int] = {"agent": 0, "patient": 0}
        self.enough = asyncio.Event()
        self.alive = True
        self._announcing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.bus.listen(subjects.pcm(self.worker_id), Pcm, self._hear)
        await self.bus.serve(subjects.speech_close(self.worker_id), CallClose, self._close)
        await self.bus.serve(subjects.SPEECH_LEASE, Lease, self._lease, queue=subjects.SPEECH_QUEUE)
        self._announcing = asyncio.create_task(self._announce())

    async def _announce(self) -> None:
        while self.alive:
            await self.bus.publish(subjects.SPEECH_STATE, WorkerState(self.worker_id, 0, 12))
            await asyncio.sleep(0.5)

    async def _lease(self, lease: Lease) -> Reply:
        if not self.alive:
            return Refusal("speech_full", "dead")
        self.leases.append(lease)
        return Grant(self.worker_id, [])

    async def _hear(self, pcm: Pcm) -> None:
        assert pcm.at >= self.ends[pcm.leg], "media time never goes back"
        self.ends[pcm.leg] = pcm.at + len(pcm.pcm) // 2
        self.samples[pcm.leg] += len(pcm.pcm) // 2
        if min(self.samples.values()) > 16_000:
            self.enough.set()

    async def _close(self, close: CallClose) -> Reply:
        self.closed.append(close)
        await self.say(close.call_id, SCORECARD)
        return Done()

    async def say(self, call_id: str, message: Cue | Scorecard) -> None:
        await self.bus.publish(subjects.say(self.leases[-1].media_worker), ToAgent(call_id, message))

    async def stop(self) -> None:
        self.alive = False
        if self._announcing is not None:
            self._announcing.cancel()
            with suppress(asyncio.CancelledError):
                await self._announcing
        await self.bus.close()


class Office:
    """The server's side: what media told it."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.events: list[LegEvent] = []
        self.outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
        self.ended = asyncio.Event()
        self.media_worker: asyncio.Queue[str] = asyncio.Queue()

    async def start(self) -> None:
        await self.bus.listen(subjects.CALL_EVENTS, LegEvent, self._event)
        await self.bus.listen(subjects.MEDIA_STATE, WorkerState, self._media)
        await self.bus.serve(subjects.OUTCOME, Outcome, self._outcome, queue=subjects.SERVER_QUEUE)

    async def _media(self, state: WorkerState) -> None:
        self.media_worker.put_nowait(state.worker_id)

    async def _event(self, event: LegEvent) -> None:
        self.events.append(event)
        if event.state == "ended":
            self.ended.set()

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
async def running_media(nats: Nats, office: Office, capacity: int = 20) -> AsyncIterator[MediaWorker]:
    bus = await connect(nats, "media")
    worker = MediaWorker(MediaSettings(addresses=["127.0.0.1"], capacity=capacity), bus)
    task = asyncio.create_task(worker.run())
    while await asyncio.wait_for(office.media_worker.get(), 5) != worker.worker_id:
        continue
    yield worker
    worker.stop()
    await task
    await bus.close()


@pytest.fixture
async def office(nats: Nats) -> AsyncIterator[Office]:
    office = Office(await connect(nats, "server"))
    await office.start()
    yield office
    await office.bus.close()


@pytest.fixture
async def speech(nats: Nats) -> AsyncIterator[ScriptedSpeech]:
    speech = ScriptedSpeech(await connect(nats, "speech"))
    await speech.start()
    yield speech
    await speech.stop()


class Conversation:
    """Two browsers in one call, talking."""

    def __init__(self, office: Office, worker: MediaWorker, analyse: bool = True) -> None:
        self.plan = CallPlan(str(uuid.uuid4()), str(uuid.uuid4()), "gp-reception", analyse)
        self.office, self.worker = office, worker
        self.patient = BrowserLeg("chest_pain.patient.flac", "chest_pain.agent.flac")
        self.agent = BrowserLeg("chest_pain.agent.flac", "chest_pain.patient.flac", channel=True)

    async def begin(self) -> None:
        legs: tuple[tuple[Leg, BrowserLeg], ...] = (("patient", self.patient), ("agent", self.agent))
        for leg, browser in legs:
            await browser.connect(partial(self.office.answer, self.worker.worker_id, self.plan, leg))
        await asyncio.wait_for(asyncio.gather(self.patient.peer.connected.wait(), self.agent.peer.connected.wait()), 10)
        self.agent.player.play()
        self.patient.player.play()

    async def hang_up(self) -> None:
        reply = await self.office.bus.request(
            subjects.media_hangup(self.worker.worker_id), HangUp(self.plan.call_id, "patient")
        )
        assert isinstance(reply, Done)

    async def leave(self) -> None:
        await self.agent.peer.close()
        await self.patient.peer.close()


async def test_a_call_is_bridged_heard_cued_scored_and_ended(
    nats: Nats, office: Office, speech: ScriptedSpeech
) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        hello = await call.agent.until(lambda m: isinstance(m, Hello))
        assert isinstance(hello, Hello)
        assert hello.analysed
        await asyncio.wait_for(speech.enough.wait(), 10)
        await speech.say(call.plan.call_id, CUE)
        await call.agent.until(lambda m: isinstance(m, Cue))
        await call.agent.until(lambda _: call.agent.messages.count(CUE) == 3)
        await call.hang_up()
        assert await call.agent.until(lambda m: isinstance(m, Scorecard)) == SCORECARD
        await asyncio.wait_for(office.ended.wait(), 5)
        await call.leave()
    assert call.agent.peer.ear.heard > 20, "the agent hears the patient's very packets"
    assert call.patient.peer.ear.heard > 20
    assert [close.call_id for close in speech.closed] == [call.plan.call_id]
    assert speech.closed[0].totals.frames_out <= speech.closed[0].totals.frames_in
    assert {event.leg for event in office.events if event.state == "connected"} == {"agent", "patient"}


async def test_without_analysis_no_sound_leaves_media(nats: Nats, office: Office, speech: ScriptedSpeech) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media, analyse=False)
        await call.begin()
        hello = await call.agent.until(lambda m: isinstance(m, Hello))
        assert isinstance(hello, Hello)
        assert not hello.analysed
        await call.agent.until(lambda m: isinstance(m, Pipeline) and m.frames_in > 40)
        await call.hang_up()
        outcome = await asyncio.wait_for(office.outcomes.get(), 5)
        await call.leave()
    assert speech.leases == []
    assert speech.samples == {"agent": 0, "patient": 0}
    assert outcome.scorecard.total is None
    assert outcome.scorecard.reason == "patient_declined"
    assert outcome.receipt.complete
    assert outcome.receipt.frames_wiped == outcome.receipt.frames_in > 40


async def test_a_lost_recogniser_pauses_cues_and_a_new_one_takes_over(
    nats: Nats, office: Office, speech: ScriptedSpeech
) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        await asyncio.wait_for(speech.enough.wait(), 10)
        await speech.stop()
        await call.agent.until(is_paused, WORKER_GONE_SECONDS + 5)
        before = call.agent.peer.ear.heard
        second = ScriptedSpeech(await connect(nats, "speech"))
        await second.start()
        await asyncio.wait_for(second.enough.wait(), 10)
        assert second.leases[0].resumed
        assert call.agent.peer.ear.heard > before, "the bridge never stopped"
        await call.hang_up()
        await call.agent.until(lambda m: isinstance(m, Scorecard))
        await call.leave()
        await second.stop()


async def test_without_any_recogniser_the_call_goes_on_and_says_so(nats: Nats, office: Office) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        await call.agent.until(is_paused)
        await call.agent.until(lambda m: isinstance(m, Pipeline) and m.frames_in > 20)
        await call.agent.peer.close()
        outcome = await asyncio.wait_for(office.outcomes.get(), 10)
        await call.leave()
    assert outcome.scorecard.reason == "recogniser_lost"
    assert office.events[-1] == LegEvent(call.plan.call_id, "agent", "ended")


async def test_a_recogniser_that_comes_late_is_told_so(nats: Nats, office: Office) -> None:
    """What was said before it came is unheard, and nobody may be marked down for that."""
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        await call.agent.until(is_paused)
        late = ScriptedSpeech(await connect(nats, "speech"))
        await late.start()
        await asyncio.wait_for(late.enough.wait(), 10)
        assert (late.leases[0].late, late.leases[0].resumed) == (True, False)
        await call.hang_up()
        await call.agent.until(lambda m: isinstance(m, Scorecard))
        await call.leave()
        await late.stop()


async def test_bad_offers_and_a_full_house_are_refused_and_harm_nothing(nats: Nats, office: Office) -> None:
    async with running_media(nats, office, capacity=1) as media:
        plan = CallPlan(str(uuid.uuid4()), str(uuid.uuid4()), "gp-reception", True)
        refused = await office.offer(media.worker_id, plan, "patient", "v=0 nonsense")
        assert isinstance(refused, Refusal)
        assert refused.code == "bad_session_description"
        call = Conversation(office, media)
        await call.begin()
        third = BrowserLeg("chest_pain.patient.flac", "chest_pain.agent.flac")
        full = await office.offer(media.worker_id, plan, "patient", await third.peer.offer())
        await third.peer.close()
        assert isinstance(full, Refusal)
        assert full.code == "media_full"
        await call.leave()
