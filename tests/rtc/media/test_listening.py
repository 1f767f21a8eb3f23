"""What may not be heard does not leave media: stopped by either side, held, a card number. What the receipt says."""

import asyncio
import itertools

import pytest

from rtc.media.listening import ListeningWishes
from rtc.messages import (
    Cue,
    GivenUp,
    Leg,
    Listening,
    PauseListening,
    Pipeline,
    Purged,
    Scorecard,
    ToAgent,
)
from rtc.receipts import Confinement, Pause, Wiped, is_sealed
from server.engines import Nats
from tests.support.legs import BrowserLeg
from tests.support.media import CUE, OLDEST_MS, Conversation, Office, ScriptedSpeech, connect, is_paused, running_media

STOP = '{"type":"stop_listening"}'
HOLD = '{"type":"hold","value":true}'
TALK = '{"type":"hold","value":false}'
RESUME = '{"type":"resume_listening"}'

HALF_A_SECOND = 8_000
"""Samples."""


async def told(page: BrowserLeg, state: str, held: bool = False) -> Listening:
    message = await page.until(lambda m: isinstance(m, Listening) and (m.state, m.held) == (state, held))
    assert isinstance(message, Listening)
    return message


async def frames_later(page: BrowserLeg, frames: int) -> None:
    """Until media has taken in so many more frames, by its own figures."""
    now = max((m.frames_in for m in page.messages if isinstance(m, Pipeline)), default=0)
    await page.until(lambda m: isinstance(m, Pipeline) and m.frames_in >= now + frames, 15)


async def until_heard(page: BrowserLeg, more: int) -> None:
    """Until this page has heard so many more of the other side's packets."""
    wanted = page.peer.ear.heard + more
    while page.peer.ear.heard < wanted:
        await asyncio.wait_for(page.peer.ear.changed.wait(), 10)
        page.peer.ear.changed.clear()


@pytest.mark.parametrize("by", ["patient", "agent"])
async def test_either_side_stops_the_listening_for_good(
    nats: Nats, office: Office, speech: ScriptedSpeech, by: Leg
) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        await asyncio.wait_for(speech.enough.wait(), 10)
        page = call.patient if by == "patient" else call.agent
        page.ping(STOP)
        for side in (call.agent, call.patient):
            assert (await told(side, "stopped")).by == by
        await asyncio.wait_for(speech.has_closed.wait(), 10)
        samples, heard = dict(speech.samples), call.agent.peer.ear.heard
        # Nothing that either page could say brings it back, and what the recogniser still says is for nobody.
        for text in (RESUME, TALK, '{"type":"start_listening"}'):
            call.agent.ping(text)
        await speech.say(call.plan.call_id, CUE)
        await frames_later(call.agent, 150)
        assert speech.samples == samples, "no frame left media"
        assert call.agent.peer.ear.heard > heard, "the two go on talking"
        await call.agent_returns()
        assert (await told(call.agent, "stopped")).by == by
        await call.hang_up()
        outcome = await office.outcome()
        purged = await call.agent.until(lambda m: isinstance(m, Purged))
        await call.leave()
    assert [close.forget for close in speech.closed] == [True]
    assert not any(isinstance(m, Cue) for m in call.agent.messages)
    assert len(speech.leases) == 1
    assert outcome.scorecard == Scorecard(None, f"{by}_stopped", 0.0, [], [])
    receipt = outcome.receipt
    assert (receipt.stopped_by, receipt.complete) == (by, True)
    assert receipt.stopped_at_s is not None
    assert 0 < receipt.stopped_at_s < 12
    assert receipt.frames_heard == sum(speech.samples.values()) // 320 < receipt.frames_in == receipt.frames_wiped
    assert purged == Purged(receipt), "the agent sees what is stored"


async def test_a_caller_stops_it_while_no_recogniser_has_the_call(nats: Nats, office: Office) -> None:
    """Nor does one that comes later get it."""
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        await call.agent.until(is_paused)
        call.patient.ping(STOP)
        await told(call.patient, "stopped")
        late = ScriptedSpeech(await connect(nats, "speech"))
        await late.start()
        await frames_later(call.agent, 150)
        await call.hang_up()
        outcome = await office.outcome()
        await call.leave()
        assert not late.sounds
        assert all(close.forget for close in late.closed)
        await late.stop()
    assert outcome.scorecard.reason == "patient_stopped"
    assert outcome.receipt.complete


async def test_a_held_call_is_silent_and_unheard_and_goes_on(
    nats: Nats, office: Office, speech: ScriptedSpeech
) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        await asyncio.wait_for(speech.enough.wait(), 10)
        call.patient.ping(HOLD)  # the hold button is the agent's
        resting = asyncio.create_task(speech.until_rest("patient"))
        call.agent.ping(HOLD)
        for side in (call.agent, call.patient):
            await told(side, "on", held=True)
        await resting
        samples, ends = dict(speech.samples), dict(speech.ends)
        heard = (call.agent.peer.ear.heard, call.patient.peer.ear.heard)
        for _ in range(3):  # so that the recogniser knows, second by second, that the call goes on
            await speech.until_rest("agent")
        assert speech.samples == samples
        # a packet may have been on its way
        assert call.agent.peer.ear.heard <= heard[0] + 2
        assert call.patient.peer.ear.heard <= heard[1] + 2
        call.agent.ping(TALK)
        await told(call.patient, "on")
        await speech.more(HALF_A_SECOND)
        for leg in ("agent", "patient"):
            assert speech.ends[leg] - ends[leg] > HALF_A_SECOND + 32_000, "the pause is a pause in media time"
        await call.hang_up()
        outcome = await office.outcome()
        await call.leave()
    assert outcome.scorecard.total == 80, "scored all the same"
    [pause] = outcome.receipt.pauses
    assert pause.reason == "hold"
    assert 2 <= pause.to_s - pause.from_s <= 12
    assert outcome.receipt.complete
    assert outcome.receipt.frames_heard < outcome.receipt.frames_in


async def test_a_card_number_is_dropped_in_media_until_the_agent_resumes(
    nats: Nats, office: Office, speech: ScriptedSpeech
) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        await asyncio.wait_for(speech.enough.wait(), 10)
        resting = asyncio.create_task(speech.until_rest("patient", unheard=True))
        await speech.say(call.plan.call_id, PauseListening("patient"))
        await told(call.agent, "paused")
        await resting
        patient, agent = speech.samples["patient"], speech.samples["agent"]
        call.patient.ping(RESUME)  # nor is this one the caller's
        call.agent.ping(HOLD)
        await told(call.agent, "paused", held=True)
        call.agent.ping(TALK)
        await until_heard(call.agent, 40)
        assert speech.samples["patient"] == patient, "neither a hold nor the caller ends it"
        assert speech.samples["agent"] > agent, "the agent's own side is listened to"
        call.agent.ping(RESUME)
        await call.agent.until(lambda m: isinstance(m, Listening) and m.state == "on" and m.number > 2)
        await speech.more(HALF_A_SECOND)
        await call.hang_up()
        outcome = await office.outcome()
        await call.leave()
    assert [pause.reason for pause in outcome.receipt.pauses] == ["card_number", "hold"]
    assert outcome.scorecard.total == 80
    assert outcome.receipt.complete


async def test_a_call_that_nobody_stopped_says_so_on_its_receipt(
    nats: Nats, office: Office, speech: ScriptedSpeech
) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        for side in (call.agent, call.patient):
            await told(side, "on")
        await asyncio.wait_for(speech.enough.wait(), 10)
        await call.hang_up()
        receipt = (await office.outcome()).receipt
        await call.leave()
    assert receipt.call_id == call.plan.call_id
    assert is_sealed(receipt)
    assert (receipt.complete, receipt.stopped_by, receipt.stopped_at_s, receipt.pauses) == (True, None, None, [])
    assert receipt.bytes_in // 640 == receipt.frames_in == receipt.frames_wiped
    assert 0 < receipt.oldest_in_media_ms < 2_000
    assert receipt.oldest_sample_ms == receipt.oldest_in_media_ms + OLDEST_MS
    assert receipt.wipe_ms is not None
    assert [one.state for one in receipt.confinement] == ["unproven", "enforced"], "media has proven nothing in a test"
    assert {"clinixcue", "aiortc", "model"} <= receipt.engines.keys()


async def test_a_call_that_was_never_bridged_has_an_empty_receipt(nats: Nats, office: Office) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.patient.connect(lambda sdp: office.answer(media.worker_id, call.plan, "patient", sdp))
        await asyncio.wait_for(call.patient.peer.connected.wait(), 10)
        await call.hang_up()
        outcome = await office.outcome()
        await call.leave()
    assert (outcome.scorecard.reason, outcome.duration_s) == ("not_connected", 0)
    assert (outcome.receipt.frames_in, outcome.receipt.complete) == (0, True)


async def test_a_recogniser_that_ends_in_order_leaves_nothing_unaccounted_for(
    nats: Nats, office: Office, speech: ScriptedSpeech
) -> None:
    """An update of `speech` in mid-call: cues pause, another takes over, and both have told what they wiped."""
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        await asyncio.wait_for(speech.enough.wait(), 10)
        resting = asyncio.create_task(speech.until_rest("patient"))
        call.agent.ping(HOLD)
        await resting
        samples = sum(speech.samples.values())
        wiped = Wiped(samples, samples, True, 100, Confinement("speech", "enforced", []), {})
        await speech.bus.publish(f"say.{media.worker_id}", ToAgent(call.plan.call_id, GivenUp(wiped)))
        await call.agent.until(is_paused)
        await speech.stop()
        second = ScriptedSpeech(await connect(nats, "speech"))
        await second.start()
        call.agent.ping(TALK)
        await asyncio.wait_for(second.enough.wait(), 15)
        await call.hang_up()
        outcome = await office.outcome()
        await call.leave()
        await second.stop()
    assert second.leases[0].resumed
    assert outcome.receipt.complete
    assert outcome.receipt.frames_wiped == outcome.receipt.frames_in


def wishes(analyse: bool = True) -> ListeningWishes:
    """A second passes between any two looks at the clock."""
    seconds = itertools.count(100)
    return ListeningWishes(analyse, lambda: float(next(seconds)))


def test_there_is_no_way_back_from_stopped() -> None:
    one = wishes()
    assert one.stop("patient")
    assert not one.stop("agent"), "who stopped it first did"
    assert not one.pause()
    assert not one.resume()
    assert (one.hold(True), one.hold(True), one.hold(False)) == (True, False, True)
    assert not one.hears("agent")
    assert not one.hears("patient")
    assert (one.message.state, one.message.by) == ("stopped", "patient")


def test_a_call_without_analysis_is_never_heard_and_cannot_be_stopped() -> None:
    one = wishes(analyse=False)
    assert not one.hears("agent")
    assert not one.stop("patient")
    assert (one.stopped_by, one.message.state) == (None, "declined")


def test_pauses_are_told_in_order_and_those_that_go_on_end_now() -> None:
    one = wishes()
    one.pause()  # at 100
    one.hold(True)  # at 101
    one.hold(False)  # at 102
    one.hold(True)  # at 103
    assert one.pauses(bridged_at=90.0) == [
        Pause("card_number", 10, 15),
        Pause("hold", 11, 12),
        Pause("hold", 13, 14),
    ]


def test_every_change_has_a_higher_number() -> None:
    one = wishes()
    numbers = []
    for act in (one.pause, one.resume, lambda: one.hold(True), lambda: one.hold(False), lambda: one.stop("agent")):
        act()
        numbers.append(one.message.number)
    assert numbers == sorted(set(numbers))
