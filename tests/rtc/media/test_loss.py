"""Real peers over a network that loses, reorders and stalls: sound goes on without delay, and no cue is lost."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from statistics import median

from rtc.media.jitter import REORDER_MS, Packet
from rtc.media.opus import FRAME_SAMPLES, Samples
from rtc.media.peer import LegPeer
from rtc.messages import Cue
from rtc.synthetic.network import Fate, Pipe, burst, loss, reorder
from server.engines import Nats
from tests.support.legs import BrowserLeg
from tests.support.media import Conversation, Office, ScriptedSpeech, running_media

PACKETS_PER_SECOND = 50
SETTLED = 2 * PACKETS_PER_SECOND
"""Packets before the burst, while 3 of 100 are lost."""
BURST = 40


class Listener:
    """What a leg releases, and how long it held each packet (seconds)."""

    def __init__(self) -> None:
        self.delays: list[float] = []
        self.frames = 0
        self.concealed = 0
        self._arrived_at: dict[int, float] = {}
        self._changed = asyncio.Condition()
        self._telling: asyncio.Task[None] | None = None
        self.leg = LegPeer(self._sound, self._released, lambda _state: None)
        take = self.leg.window.add

        def add(packet: Packet) -> tuple[bool, None]:
            self._arrived_at.setdefault(packet.timestamp, time.monotonic())
            return take(packet)

        self.leg.window.add = add  # type: ignore[method-assign]
        self.leg.path._take = add

    def _sound(self, pcm: Samples, lost: int) -> None:
        self.frames += len(pcm) // 2 // FRAME_SAMPLES
        self.concealed += lost

    def _released(self, _payload: bytes, timestamp: int) -> None:
        self.delays.append(time.monotonic() - self._arrived_at.pop(timestamp))
        self._telling = asyncio.ensure_future(self._tell())

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def until(self, holds: Callable[[], bool], seconds: float = 15.0) -> None:
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(holds), seconds)


@asynccontextmanager
async def through(fate: Fate) -> AsyncIterator[tuple[Listener, Pipe]]:
    """A browser that talks to a leg through this network."""
    listener = Listener()
    browser = BrowserLeg("chest_pain.patient.flac", "chest_pain.agent.flac")
    answer: Callable[[str], Awaitable[str]] = lambda sdp: listener.leg.answer(sdp, "")  # noqa: E731
    await browser.connect(answer)
    await asyncio.wait_for(browser.peer.connected.wait(), 10)
    browser.player.play()
    await listener.until(lambda: len(listener.delays) > 5)
    listener.delays.clear()
    pipe = Pipe(browser.connection, "sound", fate)
    pipe.begin()
    yield listener, pipe
    await browser.peer.close()
    await listener.leg.close()


async def test_after_loss_and_a_burst_sound_is_on_time_again_within_a_second() -> None:
    async with through(burst(SETTLED, BURST, loss(0.03))) as (listener, pipe):
        await listener.until(lambda: pipe.sent >= SETTLED + BURST)
        at_burst, frames = len(listener.delays), listener.frames
        await listener.until(lambda: len(listener.delays) >= at_burst + 3 * PACKETS_PER_SECOND)
        assert pipe.lost > BURST, "some were lost before the burst too"
        assert listener.frames - frames >= 2 * PACKETS_PER_SECOND, "sound goes on"
        assert listener.leg.window.lost == pipe.lost, "each lost packet was noticed, and none besides"
        settled = listener.delays[at_burst + PACKETS_PER_SECOND :]
        assert max(settled) * 1000 <= REORDER_MS
        assert median(listener.delays) < 0.005, "a packet in order is not held at all"
        assert listener.concealed >= pipe.lost - BURST, "single losses are concealed"


async def test_loss_that_does_not_stop_delays_nothing_but_its_neighbours() -> None:
    async with through(loss(0.03)) as (listener, pipe):
        await listener.until(lambda: len(listener.delays) >= 4 * PACKETS_PER_SECOND)
        late = [delay for delay in listener.delays if delay > 0.010]
        assert pipe.lost > 0
        assert len(late) <= 3 * pipe.lost, "the packets behind a hole wait for it, and no others"
        halves = listener.delays[: len(listener.delays) // 2], listener.delays[len(listener.delays) // 2 :]
        assert abs(median(halves[0]) - median(halves[1])) < 0.005, "the delay does not ratchet"


async def test_packets_that_overtake_each_other_come_out_whole() -> None:
    async with through(reorder(every=7, seconds=0.025)) as (listener, pipe):
        await listener.until(lambda: len(listener.delays) >= 3 * PACKETS_PER_SECOND)
        assert pipe.lost == 0
        assert listener.leg.window.lost == 0


CUES = 15


def cue(number: int) -> Cue:
    return Cue(f"chest_pain-{number}", "safety", "chest_pain", "Chest pain: call 999", "Say.", None, "patient", 1.0)


async def test_every_cue_arrives_through_a_channel_that_loses_one_in_five(
    nats: Nats, office: Office, speech: ScriptedSpeech
) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        await asyncio.wait_for(speech.enough.wait(), 10)
        agent = media._calls[call.plan.call_id]._sides["agent"].peer
        assert agent is not None
        pipe = Pipe(agent._connection, "data", loss(0.2))
        pipe.begin()
        for number in range(CUES):
            await speech.say(call.plan.call_id, cue(number))
            await speech.more(FRAME_SAMPLES * 10)
        wanted = {cue(number).id for number in range(CUES)}
        await call.agent.until(lambda _: wanted <= {m.id for m in call.agent.messages if isinstance(m, Cue)})
        assert pipe.lost > 0
        arrived = [m for m in call.agent.messages if isinstance(m, Cue)]
        assert set(arrived) == {cue(number) for number in range(CUES)}, "one cue for each id, unchanged"
        assert max(arrived.count(one) for one in arrived) <= 3
        await call.leave()
