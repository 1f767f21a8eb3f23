"""Half an hour in which nobody says a word: a muted leg and one without a microphone, and then somebody speaks.

The call and its connections are real. The half hour is not: its packets are put where the socket's would come, as
fast as they are taken, and the clock goes with them.
"""

import asyncio
from pathlib import Path

import pytest

from rtc.media import bridge, peer, post, side
from rtc.media import call as call_module
from rtc.media.opus import FRAME_SAMPLES
from rtc.media.peer import LegPeer
from rtc.media.post import MAX_DRIFT_SAMPLES
from rtc.media.rtp import SoundPacket
from rtc.messages import SAMPLE_RATE, Hello, Scorecard
from rtc.synthetic.network import ice_of
from rtc.synthetic.peer import SyntheticPeer
from rtc.synthetic.sound import FRAME_S, silence
from server.engines import Nats
from tests.support.clock import ClockAhead
from tests.support.media import Conversation, Office, ScriptedSpeech, running_media
from tests.support.wire import SPEECH, TICKS, Muzzled

SECONDS = 1800
FRAMES_PER_SECOND = SAMPLE_RATE // FRAME_SAMPLES
MIB = 2**20
PING = '{"type":"ping"}'


def resident() -> int:
    """Bytes of memory this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


class Feed:
    """What a leg's browser sends, 20 ms a packet, as its socket would hand it over."""

    def __init__(self, leg: LegPeer, clock: ClockAhead) -> None:
        self._leg, self._clock = leg, clock
        self._number = 0

    def send(self, payload: bytes) -> None:
        self._clock.ahead += FRAME_S
        self._number += 1
        self._leg.window.add(SoundPacket(self._number & 0xFFFF, self._number * TICKS & 0xFFFFFFFF, payload))


async def heard(speech: ScriptedSpeech, samples: int) -> None:
    async with speech.heard:
        await asyncio.wait_for(speech.heard.wait_for(lambda: sum(speech.samples.values()) >= samples), 10)


async def test_half_an_hour_of_silence_and_one_of_nothing(
    nats: Nats, office: Office, speech: ScriptedSpeech, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ClockAhead(monkeypatch, bridge, call_module, peer, post, side)
    async with running_media(nats, office) as media:
        conversation = Conversation(office, media)
        for page in (conversation.agent, conversation.patient):
            page.peer = SyntheticPeer(Muzzled(), [], page._message)
        await conversation.begin()
        call = media._calls[conversation.plan.call_id]
        agent, patient = call._sides["agent"].peer, call._sides["patient"].peer
        assert agent is not None
        assert patient is not None
        for protocol in ice_of(conversation.patient.connection)._protocols:
            protocol.datagram_received = lambda *_: None  # nobody listens at this speed
        await conversation.agent.until(lambda m: isinstance(m, Hello))

        began, muted, quiet = clock.monotonic(), Feed(agent, clock), silence(10)[-1]
        after_a_minute = 0
        for second in range(1, SECONDS + 1):
            for _ in range(FRAMES_PER_SECOND):
                muted.send(quiet)
            for leg in (agent, patient):
                leg._page_said(PING)
            call.tick()
            await heard(speech, second * SAMPLE_RATE)
            if second == 60:
                after_a_minute = resident()
        assert resident() - after_a_minute < 4 * MIB, "29 minutes of one leg are 53 MiB"
        assert clock.monotonic() - began >= SECONDS
        assert speech.samples == {"agent": SECONDS * SAMPLE_RATE, "patient": 0}

        for _ in range(SECONDS):  # and another half without a packet from anybody
            clock.ahead += 1.0
            for leg in (agent, patient):
                leg._page_said(PING)
            call.tick()
        assert resident() - after_a_minute < 4 * MIB
        assert [event.state for event in office.events] == ["connected", "connected"], "and nobody was missed"

        somebody = Feed(patient, clock)
        for payload in SPEECH[:FRAMES_PER_SECOND]:
            somebody.send(payload)
        await heard(speech, (SECONDS + 1) * SAMPLE_RATE)
        now = (clock.monotonic() - (call._bridged_at or 0.0)) * SAMPLE_RATE
        assert abs(now - speech.ends["patient"]) < MAX_DRIFT_SAMPLES + SAMPLE_RATE, "where the clock is"
        assert max(abs(sample) for sample in memoryview(speech.sounds[-1].pieces[-1].pcm).cast("h")) > 500

        await conversation.hang_up()
        await conversation.agent.until(lambda m: isinstance(m, Scorecard))
        await conversation.leave()
    [close] = speech.closed
    frames = (SECONDS + 1) * FRAMES_PER_SECOND
    assert (close.totals.frames_in, close.totals.frames_out, close.totals.lost) == (frames, frames, 0)
