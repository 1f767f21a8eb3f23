"""Signalling: placing, ringing, answering, ending; and what the person is told when it cannot be."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from rtc.messages import MAX_SDP_CHARS, Refusal
from server.demo import HARBOUR, RIVERSIDE
from tests.support.fake_media import ANSWER, FakeMedia
from tests.support.installation import Installation, receive
from tests.support.signalling import (
    OFFER,
    answer,
    answered_call,
    hang_up,
    join,
    place,
    problem,
    ringing_call,
)


async def state_of(installation: Installation, call_id: str, practice_id: UUID = RIVERSIDE.id) -> tuple[Any, ...]:
    async with installation.rows(practice_id) as rows:
        row = await rows.fetchrow("SELECT state, ended_by FROM call WHERE id = $1", UUID(call_id))
    return tuple(row)


async def available(socket: Any) -> None:
    await socket.send(json.dumps({"type": "available", "value": True}))
    assert (await receive(socket, "presence"))["available"] is True


async def ring_of(socket: Any, call_id: str, never: str = "") -> dict[str, Any]:
    """The ring of this call. Calls that other tests left waiting may ring before it; `never` may not."""
    while (ring := await receive(socket, "ring"))["call_id"] != call_id:
        assert ring["call_id"] != never
    return ring


async def joined_caller(socket: Any, token: str) -> dict[str, Any]:
    await socket.send(json.dumps({"type": "join", "token": token}))
    return await receive(socket, "call_state")


async def test_a_call_from_link_to_hang_up(
    installation: Installation, media: FakeMedia, anybody: httpx2.AsyncClient, tom: httpx2.AsyncClient
) -> None:
    line = (await anybody.get(f"/api/lines/{installation.link}")).json()
    assert line == {"practice": "Riverside Surgery", "line": "Reception", "emergency_number": "999", "open": True}

    async with installation.socket("/ws/agent", installation.headers_of("tom.agent")) as agent:
        await available(agent)
        call = await place(anybody, installation.link)
        async with installation.socket(f"/ws/caller/{call.call_id}") as caller:
            assert await joined_caller(caller, call.token) == {"type": "call_state", "state": "ringing", "by": None}
            assert (await join(anybody, call)).json() == {"sdp": ANSWER}
            assert (await ring_of(agent, call.call_id))["line"] == "Reception"

            assert (await answer(tom, call)).json() == {"sdp": ANSWER}
            assert (await receive(caller, "call_state"))["state"] == "answered"
            await media.tell(call.call_id, "agent", "connected")
            connected = await receive(agent, "call_state")
            assert connected == {"type": "call_state", "call_id": call.call_id, "state": "connected", "by": None}

            assert (await tom.post(f"/api/calls/{call.call_id}/hang-up")).status_code == 204
            assert await receive(caller, "call_state") == {"type": "call_state", "state": "ended", "by": "agent"}
            ended = await receive(agent, "call_state")
            assert ended == {"type": "call_state", "call_id": call.call_id, "state": "ended", "by": "agent"}

    assert [offer.leg for offer in media.offers] == ["patient", "agent"]
    plan = media.offers[0].plan
    assert (plan.call_id, plan.practice_id, plan.playbook) == (call.call_id, str(RIVERSIDE.id), "gp-reception")
    assert (await media.until_hung_up(call.call_id)).by == "agent"
    assert await state_of(installation, call.call_id) == ("ended", "agent")


async def test_the_start_is_kept_to_the_minute(installation: Installation, media: FakeMedia) -> None:
    call = await ringing_call(installation)
    async with installation.rows(RIVERSIDE.id) as rows:
        started = await rows.fetchval("SELECT started_at FROM call WHERE id = $1", UUID(call.call_id))
    assert (started.second, started.microsecond) == (0, 0)
    assert media.offers


async def test_a_caller_may_refuse_analysis(
    installation: Installation, media: FakeMedia, anybody: httpx2.AsyncClient
) -> None:
    placed = await anybody.post(f"/api/lines/{installation.link}/calls", json={"analyse": False})
    headers = {"X-Call-Token": placed.json()["token"]}
    await anybody.post(f"/api/calls/{placed.json()['call_id']}/patient-leg", json={"sdp": OFFER}, headers=headers)
    assert media.offers[0].plan.analyse is False


async def test_of_two_agents_exactly_one_gets_the_call(installation: Installation, media: FakeMedia) -> None:
    async with installation.as_person("tom.agent") as tom, installation.as_person("asha.agent") as asha:
        for _ in range(5):
            call = await ringing_call(installation)
            answers = await asyncio.gather(answer(tom, call), answer(asha, call))
            assert sorted(a.status_code for a in answers) == [200, 409]
            assert problem(next(a for a in answers if a.status_code == 409)) == (409, "call-taken")
            assert [o.leg for o in media.offers if o.plan.call_id == call.call_id] == ["patient", "agent"]


async def test_colleagues_stop_ringing_when_one_answers(
    installation: Installation, media: FakeMedia, tom: httpx2.AsyncClient
) -> None:
    assert media.worker_id
    async with installation.socket("/ws/agent", installation.headers_of("asha.agent")) as asha:
        await available(asha)
        call = await ringing_call(installation)
        await ring_of(asha, call.call_id)
        await answer(tom, call)
        stopped = await receive(asha, "ring_stopped")
        assert stopped == {"type": "ring_stopped", "call_id": call.call_id, "reason": "answered"}


async def test_another_practice_neither_hears_nor_takes_the_call(installation: Installation, media: FakeMedia) -> None:
    async with (
        installation.socket("/ws/agent", installation.headers_of("ben.agent")) as ben,
        installation.socket("/ws/agent", installation.headers_of("tom.agent")) as tom,
        installation.as_person("ben.agent") as from_ben,
    ):
        await available(ben)
        await available(tom)
        call = await ringing_call(installation)
        await ring_of(tom, call.call_id)
        own = await ringing_call(installation, installation.practice("Harbour Dental")["line_link"])
        # What Ben hears is his own practice's call; the other one never came.
        await ring_of(ben, own.call_id, never=call.call_id)
        assert problem(await answer(from_ben, call)) == (404, "unknown-call")
        assert problem(await from_ben.post(f"/api/calls/{call.call_id}/hang-up")) == (404, "unknown-call")
    assert media.offers


async def test_calls_that_wait_ring_for_an_agent_who_becomes_available(
    installation: Installation, media: FakeMedia
) -> None:
    call = await ringing_call(installation)
    async with installation.socket("/ws/agent", installation.headers_of("asha.agent")) as agent:
        await available(agent)
        await ring_of(agent, call.call_id)
    assert media.offers


async def test_an_agent_who_is_not_available_is_not_rung(installation: Installation, media: FakeMedia) -> None:
    async with (
        installation.socket("/ws/agent", installation.headers_of("asha.agent")) as asha,
        installation.socket("/ws/agent", installation.headers_of("tom.agent")) as tom,
    ):
        await available(tom)
        call = await ringing_call(installation)
        await ring_of(tom, call.call_id)
        await asha.send(json.dumps({"type": "ping"}))
        assert json.loads(await asha.recv()) == {"type": "pong"}
    assert media.offers


@pytest.mark.parametrize("how", ["hangs up", "closes the page", "loses the connection"])
async def test_a_caller_who_leaves_stops_the_ringing(
    installation: Installation, media: FakeMedia, anybody: httpx2.AsyncClient, tom: httpx2.AsyncClient, how: str
) -> None:
    async with installation.socket("/ws/agent", installation.headers_of("tom.agent")) as agent:
        await available(agent)
        call = await ringing_call(installation)
        await ring_of(agent, call.call_id)
        if how == "hangs up":
            left = await anybody.post(f"/api/calls/{call.call_id}/patient-hang-up", headers=call.headers)
            assert left.status_code == 204
        elif how == "closes the page":
            await media.tell(call.call_id, "patient", "closed")
        else:
            await media.tell(call.call_id, "patient", "ended")
        stopped = await receive(agent, "ring_stopped")
        assert stopped == {"type": "ring_stopped", "call_id": call.call_id, "reason": "abandoned"}
    assert await state_of(installation, call.call_id) == ("ended", "patient")
    assert problem(await answer(tom, call)) == (409, "call-over")
    assert problem(await join(anybody, call)) == (409, "call-over")


async def test_hanging_up_twice_is_no_fault(installation: Installation, media: FakeMedia) -> None:
    call = await answered_call(installation, "tom.agent")
    await hang_up(installation, "tom.agent", call)
    await hang_up(installation, "tom.agent", call)
    assert len([request for request in media.hang_ups if request.call_id == call.call_id]) == 1


async def test_only_the_one_who_answered_hangs_up(installation: Installation, media: FakeMedia) -> None:
    call = await answered_call(installation, "tom.agent")
    async with installation.as_person("asha.agent") as asha:
        assert problem(await asha.post(f"/api/calls/{call.call_id}/hang-up")) == (404, "unknown-call")
    assert await state_of(installation, call.call_id) == ("answered", None)
    assert media.offers


async def test_media_that_refuses_the_agent_leaves_the_call_ringing(
    installation: Installation, media: FakeMedia, tom: httpx2.AsyncClient
) -> None:
    call = await ringing_call(installation)
    media.refusal = Refusal("bad_session_description", "No codec in common.")
    refused = await answer(tom, call)
    assert problem(refused) == (422, "bad-session-description")
    assert refused.json()["detail"] == "No codec in common."
    media.refusal = Refusal("media_full", "Every line is busy.")
    assert problem(await answer(tom, call)) == (503, "media-unreachable")
    assert await state_of(installation, call.call_id) == ("ringing", None)
    media.refusal = None
    assert (await answer(tom, call)).status_code == 200


async def test_media_that_vanished_ends_its_calls(
    installation: Installation, media: FakeMedia, anybody: httpx2.AsyncClient
) -> None:
    call = await place(anybody, installation.link)
    async with installation.socket(f"/ws/caller/{call.call_id}") as caller:
        await joined_caller(caller, call.token)
        await join(anybody, call)
        await media.fall_silent()
        assert await receive(caller, "call_state") == {"type": "call_state", "state": "ended", "by": "server"}
    assert await state_of(installation, call.call_id) == ("ended", "server")


async def test_without_media_no_call_is_placed(installation: Installation, anybody: httpx2.AsyncClient) -> None:
    refused = await anybody.post(f"/api/lines/{installation.link}/calls", json={"analyse": True})
    assert problem(refused) == (503, "no-media")
    assert (await anybody.get(f"/api/lines/{installation.link}")).json()["open"] is False


@pytest.mark.parametrize("link", ["nobody-has-this", "x" * 200, "%E2%98%83"])
async def test_an_unknown_link(anybody: httpx2.AsyncClient, link: str) -> None:
    assert problem(await anybody.get(f"/api/lines/{link}")) == (404, "unknown-line")
    assert problem(await anybody.post(f"/api/lines/{link}/calls", json={"analyse": True})) == (404, "unknown-line")


async def test_an_expired_link(installation: Installation, anybody: httpx2.AsyncClient) -> None:
    link = installation.practice("Harbour Dental")["line_link"]
    async with installation.rows(HARBOUR.id) as rows:
        await rows.execute("UPDATE line SET expires_at = now() WHERE link = $1", link)
    try:
        assert problem(await anybody.get(f"/api/lines/{link}")) == (410, "line-expired")
        refused = await anybody.post(f"/api/lines/{link}/calls", json={"analyse": True})
        assert problem(refused) == (410, "line-expired")
    finally:
        async with installation.rows(HARBOUR.id) as rows:
            await rows.execute("UPDATE line SET expires_at = NULL WHERE link = $1", link)


@pytest.mark.parametrize(
    "sdp",
    [
        "",
        "hello",
        "v=0\r\nnot a line of SDP\r\n",
        "v=0\r\ns=-\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
        OFFER.replace("a=fingerprint", "a=finger"),
        OFFER + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n",
        OFFER + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
        OFFER + "a=x:\x00\r\n",
    ],
)
async def test_a_malformed_session_description_never_reaches_media(
    installation: Installation, media: FakeMedia, anybody: httpx2.AsyncClient, tom: httpx2.AsyncClient, sdp: str
) -> None:
    call = await place(anybody, installation.link)
    assert problem(await join(anybody, call, sdp)) == (422, "bad-session-description")
    assert problem(await answer(tom, call, sdp)) == (422, "bad-session-description")
    assert media.offers == []


async def test_a_session_description_that_is_too_long(
    installation: Installation, media: FakeMedia, anybody: httpx2.AsyncClient
) -> None:
    call = await place(anybody, installation.link)
    assert problem(await join(anybody, call, OFFER + "a=x\r\n" * MAX_SDP_CHARS)) == (413, "too-large")
    assert problem(await join(anybody, call, OFFER + "a=x\r\n" * (MAX_SDP_CHARS // 5))) == (400, "malformed-request")
    assert media.offers == []


async def test_a_call_is_its_callers_only(
    installation: Installation, media: FakeMedia, anybody: httpx2.AsyncClient
) -> None:
    mine, other = await place(anybody, installation.link), await place(anybody, installation.link)
    for token in (other.token, "made up", "x" * 100):
        headers = {"X-Call-Token": token}
        for path, body in (("patient-leg", {"sdp": OFFER}), ("patient-hang-up", None)):
            refused = await anybody.post(f"/api/calls/{mine.call_id}/{path}", json=body, headers=headers)
            assert problem(refused) == (403, "wrong-call-token")
    async with installation.socket(f"/ws/caller/{mine.call_id}") as caller:
        await caller.send(json.dumps({"type": "join", "token": other.token}))
        await caller.wait_closed()
        assert caller.close_code == 4403
    assert media.offers == []
    assert (await anybody.post(f"/api/calls/{mine.call_id}/patient-hang-up")).status_code == 400


async def test_a_call_nobody_placed(tom: httpx2.AsyncClient) -> None:
    unknown = uuid4()
    assert problem(await tom.post(f"/api/calls/{unknown}/answer", json={"sdp": OFFER})) == (404, "unknown-call")
    assert problem(await tom.post("/api/calls/17/answer", json={"sdp": OFFER})) == (404, "not-found")


@pytest.mark.parametrize("text", ["no json", '{"type":"unheard-of"}', '{"type":"available"}', '{"a":"' + "x" * 5000])
async def test_a_socket_that_sends_nonsense_is_closed(installation: Installation, text: str) -> None:
    async with installation.socket("/ws/agent", installation.headers_of("tom.agent")) as agent:
        await agent.send(text)
        await agent.wait_closed()
        assert agent.close_code == 1003


async def test_signing_out_closes_the_softphones_socket(installation: Installation) -> None:
    headers = installation.headers_of("ines.agent")
    async with installation.socket("/ws/agent", headers) as agent, installation.client(headers) as browser:
        await available(agent)
        assert (await browser.post("/auth/sign-out")).status_code == 204
        await agent.wait_closed()
    installation.forget("ines.agent")


async def test_a_monitor_places_and_answers_its_own_call(
    installation: Installation, media: FakeMedia, anybody: httpx2.AsyncClient, tom: httpx2.AsyncClient
) -> None:
    async with (
        installation.as_monitor() as monitor,
        installation.socket("/ws/agent", installation.headers_of("tom.agent")) as agent,
    ):
        await available(agent)
        link = (await monitor.get("/api/monitor")).json()["link"]
        assert link != installation.link
        call = await place(anybody, link)
        await join(anybody, call)
        assert problem(await answer(tom, call)) == (404, "unknown-call")
        assert (await answer(monitor, call)).status_code == 200
        assert (await monitor.post(f"/api/calls/{call.call_id}/hang-up")).status_code == 204

        real = await ringing_call(installation)
        # The monitoring line rang nobody, and no program takes a patient's call.
        await ring_of(agent, real.call_id, never=call.call_id)
        assert problem(await answer(monitor, real)) == (404, "unknown-call")
    assert media.offers
