"""Clients that take a line and do nothing with it: each is ended when its time is up, and leaves nothing behind."""

import asyncio
import gc
import os
import threading
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from rtc.media import call as call_module
from rtc.media import peer, side
from rtc.media.call import CONNECT_SECONDS, LOST_SECONDS, UNANSWERED_SECONDS, MediaCall
from rtc.media.worker import MediaWorker
from rtc.messages import CallPlan, LegEvent, Refusal, Scorecard
from rtc.synthetic.network import ice_of
from rtc.synthetic.peer import SyntheticPeer
from server.engines import Nats
from tests.support.clock import ClockAhead
from tests.support.media import Conversation, Office, ScriptedSpeech, running_media
from tests.support.wire import Muzzled

LINES = 6
SLACK = 2.0
"""Seconds that the steps of a test take themselves."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ClockAhead:
    return ClockAhead(monkeypatch, call_module, peer, side)


@pytest.fixture
async def trouble() -> AsyncIterator[list[dict[str, Any]]]:
    """What nobody caught."""
    found: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: found.append(context))
    yield found
    assert found == []


def held() -> tuple[int, int, int]:
    """Tasks, threads and open files of this process."""
    gc.collect()
    return len(asyncio.all_tasks()), threading.active_count(), len(os.listdir("/proc/self/fd"))


class IdleClient:
    """A patient's page that offers, and then does only what its kind does."""

    def __init__(self, office: Office, media: MediaWorker) -> None:
        self.plan = CallPlan(str(uuid.uuid4()), str(uuid.uuid4()), "gp-reception", True)
        self.office, self.media = office, media
        self.peer = SyntheticPeer(Muzzled(), [])

    async def offer(self) -> str:
        sdp = await self.peer.offer()
        return await self.office.answer(self.media.worker_id, self.plan, "patient", sdp)

    async def connect(self) -> None:
        """ICE and DTLS, and not a packet after them."""
        await self.peer.accept(await self.offer())
        await self.office.until(LegEvent(self.plan.call_id, "patient", "connected"))

    async def only_ice(self) -> None:
        """Its network answers STUN; its DTLS never says a word."""
        sdp = await self.offer()
        [sender] = self.peer._connection.getSenders()
        dtls: Any = sender.transport
        began = asyncio.Event()

        async def say_nothing() -> None:
            began.set()

        dtls._write_ssl = say_nothing
        await self.peer.accept(sdp)
        await asyncio.wait_for(began.wait(), 10)
        assert ice_of(self.peer._connection)._nominated

    @property
    def call(self) -> MediaCall:
        return self.media._calls[self.plan.call_id]

    def waits_until(self, clock: ClockAhead, seconds: float) -> None:
        """The call is still there just before, and not any more after."""
        clock.ahead += seconds - SLACK
        self.call.tick()
        assert self.call._ending is None
        clock.ahead += 2 * SLACK
        self.call.tick()
        assert self.call._ending is not None

    async def ended(self) -> None:
        await self.office.until(LegEvent(self.plan.call_id, "patient", "ended"))
        await self.peer.close()


async def refused(office: Office, media: MediaWorker) -> bool:
    """Whether there is no line for one caller more."""
    caller = SyntheticPeer(Muzzled(), [])
    plan = CallPlan(str(uuid.uuid4()), str(uuid.uuid4()), "gp-reception", True)
    reply = await office.offer(media.worker_id, plan, "patient", await caller.offer())
    await caller.close()
    return isinstance(reply, Refusal) and reply.code == "media_full"


async def test_connected_without_a_packet(
    nats: Nats, office: Office, clock: ClockAhead, trouble: list[dict[str, Any]]
) -> None:
    async with running_media(nats, office, capacity=1) as media:
        client = IdleClient(office, media)
        await client.connect()
        assert await refused(office, media)
        clock.ahead += LOST_SECONDS + SLACK
        await office.until(LegEvent(client.plan.call_id, "patient", "lost"))
        client.waits_until(clock, UNANSWERED_SECONDS)
        await client.ended()
        assert not await refused(office, media)


async def test_connected_without_a_packet_beside_an_agent_who_talks(
    nats: Nats, office: Office, speech: ScriptedSpeech, clock: ClockAhead, trouble: list[dict[str, Any]]
) -> None:
    async with running_media(nats, office, resume_seconds=20.0) as media:
        call = Conversation(office, media)
        call.patient.peer = SyntheticPeer(Muzzled(), call.agent.packets)
        await call.begin()
        await office.until(LegEvent(call.plan.call_id, "patient", "lost"))
        assert call.patient.peer.ear.heard > 50, "the patient could hear, for three seconds"
        assert speech.samples["patient"] == 0
        clock.ahead += 20.0 + SLACK
        await call.agent.until(lambda m: isinstance(m, Scorecard))
        await office.until(LegEvent(call.plan.call_id, "patient", "ended"))
        await call.leave()
    [close] = speech.closed
    assert close.totals.frames_in >= close.totals.frames_out > 50


@pytest.mark.parametrize("does", [IdleClient.offer, IdleClient.only_ice], ids=["never connects", "never ends DTLS"])
async def test_never_connected(
    nats: Nats, office: Office, clock: ClockAhead, trouble: list[dict[str, Any]], does: Any
) -> None:
    async with running_media(nats, office, capacity=1) as media:
        client = IdleClient(office, media)
        await does(client)
        assert await refused(office, media)
        client.waits_until(clock, CONNECT_SECONDS)
        await client.ended()
        assert not await refused(office, media)


async def test_nothing_of_them_is_left(
    nats: Nats, office: Office, clock: ClockAhead, trouble: list[dict[str, Any]]
) -> None:
    async with running_media(nats, office, capacity=LINES) as media:
        before = (0, 0, 0)
        for round in range(3):
            clients = [IdleClient(office, media) for _ in range(LINES)]
            kinds = (IdleClient.connect, IdleClient.offer, IdleClient.only_ice)
            await asyncio.gather(*(kinds[n % 3](client) for n, client in enumerate(clients)))
            clock.ahead += CONNECT_SECONDS + UNANSWERED_SECONDS
            for client in clients:
                client.call.tick()
            clock.ahead += UNANSWERED_SECONDS + SLACK
            await asyncio.gather(*(client.ended() for client in clients))
            await media_is_empty(media)
            if round == 0:
                before = held()
        assert held() == before


async def media_is_empty(media: MediaWorker) -> None:
    calls = list(media._calls.values())
    await asyncio.gather(*(call.ended() for call in calls))
    assert media._calls == {}
