"""A side of a call that was lost and comes back, as the server sees it."""

from datetime import UTC, datetime

import httpx2
import pytest

from rtc.messages import Refusal
from tests.support.fake_media import ANSWER, FakeMedia
from tests.support.installation import Installation, receive
from tests.support.signalling import answer, answered_call, hang_up, join, problem, ringing_call

AGENT = "ines.agent"


@pytest.fixture
def link(installation: Installation) -> str:
    """Of the practice where no other test leaves an answered call behind."""
    return str(installation.practice("Harbour Dental")["line_link"])


async def test_who_has_the_call_connects_again_and_nobody_else(
    installation: Installation, media: FakeMedia, anybody: httpx2.AsyncClient, link: str
) -> None:
    call = await answered_call(installation, AGENT, link)
    async with installation.as_person(AGENT) as ines, installation.as_person("ben.agent") as ben:
        assert (await answer(ines, call)).json() == {"sdp": ANSWER}
        assert (await join(anybody, call)).json() == {"sdp": ANSWER}
        assert problem(await answer(ben, call)) == (409, "call-taken")
        offers = [offer.leg for offer in media.offers if offer.plan.call_id == call.call_id]
        assert offers == ["patient", "agent", "agent", "patient"]

        # A return that media refuses does not make the call ring again.
        media.refusal = Refusal("media_full", "Every line is busy.")
        assert problem(await answer(ines, call)) == (503, "media-unreachable")
        media.refusal = Refusal("call_over", "It has just ended.")
        assert problem(await answer(ines, call)) == (409, "call-over")
        media.refusal = None
        assert (await answer(ines, call)).status_code == 200
    await hang_up(installation, AGENT, call)
    async with installation.as_person(AGENT) as ines:
        assert problem(await answer(ines, call)) == (409, "call-over")


async def test_a_reloaded_softphone_finds_its_call(installation: Installation, media: FakeMedia, link: str) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    async with installation.as_person(AGENT) as ines, installation.as_person("ben.agent") as ben:
        assert (await ines.get("/api/calls/current")).json() == {"call": None}
        waiting = await ringing_call(installation, link)
        assert (await ines.get("/api/calls/current")).json() == {"call": None}
        await answer(ines, waiting)
        current = (await ines.get("/api/calls/current")).json()["call"]
        since = datetime.fromisoformat(current.pop("since"))
        assert current == {"call_id": waiting.call_id, "line": "Reception", "analyse": True}
        assert before <= since <= datetime.now(UTC)
        assert (await ben.get("/api/calls/current")).json() == {"call": None}
        await hang_up(installation, AGENT, waiting)
        assert (await ines.get("/api/calls/current")).json() == {"call": None}
    assert media.offers


async def test_each_side_is_told_when_the_other_is_lost_and_when_it_is_back(
    installation: Installation, media: FakeMedia, link: str
) -> None:
    async with installation.socket("/ws/agent", installation.headers_of(AGENT)) as agent:
        call = await answered_call(installation, AGENT, link)
        async with installation.socket(f"/ws/caller/{call.call_id}") as caller:
            await caller.send(f'{{"type":"join","token":"{call.token}"}}')
            assert (await receive(caller, "call_state"))["state"] == "answered"
            for state, shown in (("lost", "interrupted"), ("resumed", "answered")):
                await media.tell(call.call_id, "agent", state)
                assert await receive(caller, "call_state") == {"type": "call_state", "state": shown, "by": None}
            for state, shown in (("lost", "interrupted"), ("resumed", "connected")):
                await media.tell(call.call_id, "patient", state)
                told = await receive(agent, "call_state")
                assert told == {"type": "call_state", "call_id": call.call_id, "state": shown, "by": None}
        await hang_up(installation, AGENT, call)


async def test_a_lost_caller_still_rings_until_media_ends_the_call(
    installation: Installation, media: FakeMedia, anybody: httpx2.AsyncClient, link: str
) -> None:
    call = await ringing_call(installation, link)
    async with installation.as_person(AGENT) as ines:
        await media.tell(call.call_id, "patient", "lost")
        assert (await join(anybody, call)).status_code == 200
        await media.tell(call.call_id, "patient", "resumed")
        assert (await answer(ines, call)).status_code == 200
    await hang_up(installation, AGENT, call)
