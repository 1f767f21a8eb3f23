"""A side that is lost, and comes back: everything but its connection stays as it was."""

import asyncio

import pytest

from rtc.media.call import LOST_SECONDS
from rtc.messages import Checklist, Cue, Hello, LegEvent, Notice, Scorecard
from server.engines import Nats
from tests.support.media import CUE, Conversation, Office, ScriptedSpeech, running_media

GREETED = Checklist("greeting", "met")
ASKED_TWICE = (Checklist("identity_check", "not_met"), Checklist("identity_check", "met"))
HALF_A_SECOND = 8_000
"""Samples."""


async def test_an_agent_who_vanishes_and_returns_goes_on_where_they_were(
    nats: Nats, office: Office, speech: ScriptedSpeech
) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        await asyncio.wait_for(speech.enough.wait(), 10)
        for message in (GREETED, *ASKED_TWICE):
            await speech.say(call.plan.call_id, message)
        await call.agent.until(lambda m: m == ASKED_TWICE[1])
        gone = call.agent
        gone.vanish()
        await speech.say(call.plan.call_id, CUE)
        await office.until(LegEvent(call.plan.call_id, "agent", "lost"))

        before, end_before = dict(speech.samples), speech.ends["agent"]
        await call.agent_returns()
        await office.until(LegEvent(call.plan.call_id, "agent", "resumed"))
        await speech.more(HALF_A_SECOND)

        # The new page knows what the old one knew, and the cue that went to nobody.
        await call.agent.until(lambda m: m == CUE)
        told = call.agent.messages
        assert [m for m in told if isinstance(m, Hello)] == [m for m in gone.messages if isinstance(m, Hello)]
        assert GREETED in told
        assert [m for m in told if isinstance(m, Checklist) and m.criterion == "identity_check"] == [ASKED_TWICE[1]]
        await call.agent.until(lambda m: isinstance(m, Notice) and m.code == "cues_live")

        # One lease, one clock: the pause is a pause in media time, not a jump back or a squeeze.
        assert len(speech.leases) == 1
        assert speech.ends["agent"] - end_before > (speech.samples["agent"] - before["agent"]) + HALF_A_SECOND
        assert call.agent.peer.ear.heard > 10, "the agent hears the patient again"
        heard = call.patient.peer.ear.heard
        await speech.more(HALF_A_SECOND)
        assert call.patient.peer.ear.heard > heard, "and the patient the agent"

        await call.hang_up()
        await call.agent.until(lambda m: isinstance(m, Scorecard))
        await gone.peer.close()
        await call.leave()


async def test_a_page_reloaded_within_seconds_is_nobodys_loss(
    nats: Nats, office: Office, speech: ScriptedSpeech
) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        await asyncio.wait_for(speech.enough.wait(), 10)
        gone = call.patient
        gone.vanish()
        await call.patient_returns()
        await office.until(LegEvent(call.plan.call_id, "patient", "resumed"))
        await speech.more(HALF_A_SECOND)
        assert LegEvent(call.plan.call_id, "patient", "lost") not in office.events
        assert len(speech.leases) == 1
        await gone.peer.close()
        await call.leave()


async def test_the_agent_is_told_when_the_caller_is_lost_and_when_they_are_back(
    nats: Nats, office: Office, speech: ScriptedSpeech
) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        await asyncio.wait_for(speech.enough.wait(), 10)
        call.patient.vanish()
        await call.agent.until(lambda m: isinstance(m, Notice) and m.code == "connection_lost")
        # The network had only paused: no new offer is needed.
        call.patient.reappear()
        await call.agent.until(lambda m: isinstance(m, Notice) and m.code == "connection_restored")
        await office.until(LegEvent(call.plan.call_id, "patient", "resumed"))
        await speech.more(HALF_A_SECOND)
        await call.leave()


async def test_a_call_to_which_nobody_returns_ends(nats: Nats, office: Office, speech: ScriptedSpeech) -> None:
    async with running_media(nats, office, resume_seconds=1.0) as media:
        call = Conversation(office, media)
        await call.begin()
        await asyncio.wait_for(speech.enough.wait(), 10)
        call.patient.vanish()
        await office.until(LegEvent(call.plan.call_id, "patient", "ended"))
        await call.agent.until(lambda m: isinstance(m, Scorecard))
        await call.leave()
    assert [event.state for event in office.events if event.leg == "patient"] == ["connected", "lost", "ended"]
    assert [close.call_id for close in speech.closed] == [call.plan.call_id]


async def test_a_page_without_sound_is_alive_while_it_pings(nats: Nats, office: Office, speech: ScriptedSpeech) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        await asyncio.wait_for(speech.enough.wait(), 10)
        lost = LegEvent(call.plan.call_id, "agent", "lost")
        call.agent.fall_silent()
        for _ in range(round(LOST_SECONDS) + 2):
            call.agent.ping()
            with pytest.raises(TimeoutError):
                await office.until(lost, 1.0)
        # What is no ping is no sign of life, and no harm.
        for text in ("", "{}", '{"type":"pong"}', '{"type":"ping","more":1}', '{"type":"cue"}', "x" * 5000):
            call.agent.ping(text)
        await office.until(lost, LOST_SECONDS + 2)
        await call.leave()


async def test_a_bad_offer_leaves_the_connection_that_is_there(
    nats: Nats, office: Office, speech: ScriptedSpeech
) -> None:
    async with running_media(nats, office) as media:
        call = Conversation(office, media)
        await call.begin()
        await asyncio.wait_for(speech.enough.wait(), 10)
        await office.offer(media.worker_id, call.plan, "agent", "v=0 nonsense")
        await speech.more(HALF_A_SECOND)
        await speech.say(call.plan.call_id, CUE)
        await call.agent.until(lambda m: isinstance(m, Cue))
        await call.leave()
