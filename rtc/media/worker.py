"""The `media` process: announces itself, answers offers, ends calls."""

import asyncio
import gc
import signal
import time
import uuid

from rtc import bus as subjects
from rtc.bus import Bus, Unreachable
from rtc.locked_memory import SoundMemory
from rtc.media import ice
from rtc.media.call import CallOver, MediaCall
from rtc.media.hearing import Hearing, SpeechWorkers
from rtc.media.peer import UnusableOffer
from rtc.media.post import SoundPost
from rtc.messages import (
    Done,
    HangUp,
    LegAnswer,
    LegEvent,
    LegOffer,
    Outcome,
    Refusal,
    Reply,
    SandboxState,
    ToAgent,
    WorkerState,
)
from rtc.refusals import Refusals, announce, pin
from rtc.sandbox import confinement
from rtc.settings import ListeningSettings, MediaSettings

SHUTDOWN_SECONDS = 8.0
"""For the calls that were still up when the process was told to stop: scorecard, outcome, goodbye."""


class MediaWorker:
    """Owner of every call in this process. One event loop, no threads of ours."""

    def __init__(
        self, settings: MediaSettings, bus: Bus, memory: SoundMemory, sandbox: SandboxState | None = None
    ) -> None:
        """`sandbox`: what this process has proven."""
        self.worker_id = uuid.uuid4().hex[:12]
        self._settings = settings
        self._bus = bus
        self._memory = memory
        self._confinement = confinement("media", sandbox)
        self._speech = SpeechWorkers()
        self._post = SoundPost(bus)
        self._calls: dict[str, MediaCall] = {}
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Serve until `stop`; then end the calls that are left."""
        await self._bus.listen(subjects.SPEECH_STATE, WorkerState, self._speech_seen)
        await self._bus.listen(subjects.say(self.worker_id), ToAgent, self._say)
        await self._bus.serve(subjects.media_offer(self.worker_id), LegOffer, self._offer)
        await self._bus.serve(subjects.media_hangup(self.worker_id), HangUp, self._hang_up)
        posting = asyncio.create_task(self._post.run())
        while not self._stopping.is_set():
            await self._announce()
            for call in list(self._calls.values()):
                call.tick()
            try:
                await asyncio.wait_for(self._stopping.wait(), 1.0)
            except TimeoutError:
                continue
        await self._end_all()
        posting.cancel()

    def stop(self) -> None:
        self._stopping.set()

    async def _announce(self) -> None:
        try:
            state = WorkerState(self.worker_id, len(self._calls), self._settings.capacity)
            await self._bus.publish(subjects.MEDIA_STATE, state)
        except Unreachable:
            return  # the server places no call here until it hears us again

    async def _speech_seen(self, state: WorkerState) -> None:
        self._speech.seen[state.worker_id] = time.monotonic()

    async def _say(self, said: ToAgent) -> None:
        call = self._calls.get(said.call_id)
        if call is not None:
            call.said(said.message)

    async def _offer(self, offer: LegOffer) -> Reply:
        call = self._calls.get(offer.plan.call_id)
        if call is None:
            if len(self._calls) >= self._settings.capacity:
                return Refusal("media_full", "Every line is busy. Please try again in a minute.")
            call = self._new_call(offer)
        try:
            return LegAnswer(await call.answer(offer.leg, offer.sdp))
        except UnusableOffer as error:
            call.abandon_if_empty()
            return Refusal("bad_session_description", str(error))
        except CallOver:
            return Refusal("call_over", "The caller can place a new call from the same link.")

    def _new_call(self, offer: LegOffer) -> MediaCall:
        hearing = Hearing(offer.plan, self.worker_id, self._bus, self._speech, self._post, self._memory)
        call = MediaCall(
            offer.plan, self._settings, hearing, self._tell_server, self._report, self._forget, self._confinement
        )
        self._calls[offer.plan.call_id] = call
        return call

    async def _hang_up(self, request: HangUp) -> Reply:
        call = self._calls.get(request.call_id)
        if call is not None:
            call.hang_up(request.by)
        return Done()

    def _forget(self, call: MediaCall) -> None:
        self._calls.pop(call.plan.call_id, None)
        if not self._calls:
            gc.collect()  # aiortc's connections are cycles: now nobody's sound waits for it

    async def _tell_server(self, event: LegEvent) -> None:
        try:
            await self._bus.publish(subjects.CALL_EVENTS, event)
        except Unreachable:
            return  # the bus is away: the server ends the call itself when our announcements stop

    async def _report(self, outcome: Outcome) -> None:
        await self._bus.report(subjects.OUTCOME, outcome)

    async def _end_all(self) -> None:
        calls = list(self._calls.values())
        for call in calls:
            call.hang_up("server")
        if calls:
            await asyncio.wait([asyncio.create_task(call.ended()) for call in calls], timeout=SHUTDOWN_SECONDS)


async def main(settings: ListeningSettings, memory: SoundMemory, state: SandboxState, refusals: Refusals) -> None:
    """Run the process until SIGTERM or SIGINT. `memory` has places of PLACE_BYTES."""
    loop = asyncio.get_running_loop()
    ice.apply(settings.media, loop)
    pin(loop, settings.bus)
    bus = await Bus.connect(settings.bus.url, "media", settings.bus.user, settings.bus.password)
    worker = MediaWorker(settings.media, bus, memory, state)
    gc.collect()
    gc.freeze()  # what is here now stays: what calls leave behind is found sooner, and in less time
    announcing = asyncio.create_task(announce(bus, state, refusals))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    try:
        await worker.run()
    finally:
        announcing.cancel()
        await bus.close()
