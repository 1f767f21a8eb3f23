"""Calls placed and answered through the public signalling, with offers as small as an offer may be."""

from typing import Any

import httpx2
from msgspec import Struct

from rtc.messages import CriterionResult, Flag, Scorecard
from tests.support.installation import Headers, Installation

OFFER = "\r\n".join(
    [
        "v=0",
        "o=- 1 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "c=IN IP4 0.0.0.0",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        "a=setup:actpass",
        "a=rtpmap:111 opus/48000/2",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        "",
    ]
)


class Placed(Struct, frozen=True):
    """A call as its caller knows it."""

    call_id: str
    token: str

    @property
    def headers(self) -> Headers:
        return {"X-Call-Token": self.token}


async def place(client: httpx2.AsyncClient, link: str) -> Placed:
    answer = await client.post(f"/api/lines/{link}/calls", json={"analyse": True})
    assert answer.status_code == 201, answer.text
    return Placed(**answer.json())


async def join(client: httpx2.AsyncClient, call: Placed, sdp: str = OFFER) -> httpx2.Response:
    return await client.post(f"/api/calls/{call.call_id}/patient-leg", json={"sdp": sdp}, headers=call.headers)


async def answer(client: httpx2.AsyncClient, call: Placed, sdp: str = OFFER) -> httpx2.Response:
    return await client.post(f"/api/calls/{call.call_id}/answer", json={"sdp": sdp})


async def ringing_call(installation: Installation, link: str | None = None) -> Placed:
    async with installation.client() as caller:
        call = await place(caller, link or installation.link)
        joined = await join(caller, call)
        assert joined.status_code == 200, joined.text
    return call


async def answered_call(installation: Installation, login: str, link: str | None = None) -> Placed:
    call = await ringing_call(installation, link)
    async with installation.as_person(login) as agent:
        answered = await answer(agent, call)
        assert answered.status_code == 200, answered.text
    return call


async def hang_up(installation: Installation, login: str, call: Placed) -> None:
    async with installation.as_person(login) as agent:
        ended = await agent.post(f"/api/calls/{call.call_id}/hang-up")
        assert ended.status_code == 204, ended.text


def scored(total: int = 84) -> Scorecard:
    return Scorecard(
        total=total,
        reason=None,
        coverage=0.93,
        criteria=[
            CriterionResult("greeting", "Greets the caller", 10, "met", 1, "agent", 0, points=10.0),
            CriterionResult("identity_check", "Checks who is calling", 15, "not_met", 0, None, None, points=0.0),
        ],
        flags=[Flag("card_digits_requested", "critical", "conduct")],
    )


def problem(answered: httpx2.Response) -> tuple[int, str]:
    """(status, code) of a problem; fails when the answer is not a whole one (RFC 9457)."""
    assert answered.headers["content-type"].startswith("application/problem+json"), answered.text
    details: dict[str, Any] = answered.json()
    assert details["status"] == answered.status_code
    assert details["title"]
    assert details["detail"]
    return answered.status_code, str(details["type"]).removeprefix("urn:clinixcue:problem:")
