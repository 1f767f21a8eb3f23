"""A media worker without sound: it speaks the real bus, answers offers and says what it was asked."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

from rtc import bus as subjects
from rtc.bus import Bus, Unreachable
from rtc.messages import (
    CueCounts,
    Done,
    HangUp,
    Leg,
    LegAnswer,
    LegEvent,
    LegOffer,
    Outcome,
    Refusal,
    Reply,
    Scorecard,
    WorkerState,
)
from rtc.receipts import Confinement, Pause, PurgeReceipt, sealed

ANNOUNCE_SECONDS = 1.0
ANSWER = "v=0\r\ns=an answer\r\n"


class FakeMedia:
    """`offers` and `hang_ups` hold what arrived; set `refusal` to refuse the next offers."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.worker_id = uuid4().hex
        self.offers: list[LegOffer] = []
        self.hang_ups: list[HangUp] = []
        self.refusal: Refusal | None = None
        self._hung_up = asyncio.Condition()
        self._announcing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.bus.serve(subjects.media_offer(self.worker_id), LegOffer, self._offer)
        await self.bus.serve(subjects.media_hangup(self.worker_id), HangUp, self._hang_up)
        self._announcing = asyncio.create_task(self._announce())
        await self._heard_by_server()

    async def _heard_by_server(self) -> None:
        """Our announcement is out before this request, and the server reads the bus in order."""
        await self.announce()
        await self.report(an_outcome(str(uuid4()), str(uuid4())))

    async def fall_silent(self) -> None:
        """As a process that was killed: no announcement, no answer."""
        if self._announcing is not None:
            self._announcing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._announcing

    async def stop(self) -> None:
        """No room any more, so that no later test's call is placed here."""
        await self.fall_silent()
        await self.bus.publish(subjects.MEDIA_STATE, WorkerState(self.worker_id, 0, 0))
        await self.report(an_outcome(str(uuid4()), str(uuid4())))

    async def tell(self, call_id: str, leg: Leg | None, state: str) -> None:
        await self.bus.publish(subjects.CALL_EVENTS, LegEvent(call_id, leg, state))  # type: ignore[arg-type]

    async def report(self, outcome: Outcome) -> Reply:
        return await self.bus.request(subjects.OUTCOME, outcome)

    async def until_hung_up(self, call_id: str) -> HangUp:
        def found() -> HangUp | None:
            return next((request for request in self.hang_ups if request.call_id == call_id), None)

        async with self._hung_up, asyncio.timeout(8):
            await self._hung_up.wait_for(lambda: found() is not None)
        request = found()
        assert request is not None
        return request

    async def announce(self) -> None:
        await self.bus.publish(subjects.MEDIA_STATE, WorkerState(self.worker_id, 0, 20))

    async def is_heard(self) -> bool:
        """Whether a server answers us: after the bus was away, both sides come back in their own time."""
        try:
            await self.report(an_outcome(str(uuid4()), str(uuid4())))
        except Unreachable:
            return False
        return True

    async def _announce(self) -> None:
        never = asyncio.Event()
        while True:
            await self.announce()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(never.wait(), ANNOUNCE_SECONDS)

    async def _offer(self, offer: LegOffer) -> Reply:
        self.offers.append(offer)
        return self.refusal or LegAnswer(ANSWER)

    async def _hang_up(self, request: HangUp) -> Reply:
        async with self._hung_up:
            self.hang_ups.append(request)
            self._hung_up.notify_all()
        return Done()


@asynccontextmanager
async def fake_media(bus: Bus) -> AsyncIterator[FakeMedia]:
    media = FakeMedia(bus)
    await media.start()
    try:
        yield media
    finally:
        await media.stop()
        await bus.close()


def an_outcome(
    call_id: str,
    practice_id: str,
    scorecard: Scorecard | None = None,
    cues: Sequence[CueCounts] = (),
    complete: bool = True,
) -> Outcome:
    return Outcome(
        call_id=call_id,
        practice_id=practice_id,
        playbook="gp-reception",
        playbook_version=1,
        duration_s=30,
        scorecard=scorecard or Scorecard(total=None, reason="too short", coverage=0.0, criteria=[], flags=[]),
        receipt=a_receipt(call_id, complete),
        cues=list(cues),
    )


def a_receipt(call_id: str, complete: bool = True) -> PurgeReceipt:
    return sealed(
        PurgeReceipt(
            call_id=call_id,
            frames_in=3000,
            bytes_in=3000 * 640,
            frames_heard=2800,
            frames_wiped=3000 if complete else 1200,
            oldest_sample_ms=1800,
            oldest_in_media_ms=60,
            wipe_ms=230 if complete else None,
            wiped_at="2026-11-23T10:00:00.000Z",
            complete=complete,
            stopped_by=None,
            stopped_at_s=None,
            pauses=[Pause("hold", 20, 24)],
            confinement=[Confinement("media", "enforced", []), Confinement("speech", "weaker", ["memory"])],
            engines={"clinixcue": "0.1.0", "model": "tiny.en int8"},
        )
    )
