"""The media process over a real bus, with browsers that are real peers and recognisers that follow a script."""

import asyncio
import uuid

from rtc.media.hearing import WORKER_GONE_SECONDS
from rtc.messages import CallPlan, Cue, Hello, LegEvent, Notice, Pipeline, Refusal, Scorecard
from server.engines import Nats
from tests.support.legs import BrowserLeg
from tests.support.media import CUE, SCORECARD, Conversation, Office, ScriptedSpeech, connect, is_paused, running_media


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
        await call.agent.until(
            lambda m: isinstance(m, Notice) and m.code == "cues_live" and "nothing was heard" in m.text
        )
        assert call.agent.peer.ear.heard > before, "the bridge never stopped"
        await call.hang_up()
        await call.agent.until(lambda m: isinstance(m, Scorecard))
        await call.leave()
        await second.stop()


async def test_nobody_attests_to_sound_that_a_lost_recogniser_held(
    nats: Nats, office: Office, speech: ScriptedSpeech
) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        await asyncio.wait_for(speech.enough.wait(), 10)
        await speech.stop()
        await call.agent.until(is_paused, WORKER_GONE_SECONDS + 5)
        await call.hang_up()
        outcome = await asyncio.wait_for(office.outcomes.get(), 10)
        purge = await call.agent.until(lambda m: isinstance(m, Pipeline) and m.stage == "purge")
        await call.leave()
    assert outcome.scorecard.reason == "recogniser_lost"
    assert not outcome.receipt.complete
    assert 50 < outcome.receipt.frames_in - outcome.receipt.frames_wiped < outcome.receipt.frames_in
    assert isinstance(purge, Pipeline)
    assert (purge.frames_in, purge.frames_wiped) == (outcome.receipt.frames_in, outcome.receipt.frames_wiped)


async def test_without_any_recogniser_the_call_goes_on_and_says_so(nats: Nats, office: Office) -> None:
    async with running_media(nats, office, resume_seconds=0.5) as media:
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
