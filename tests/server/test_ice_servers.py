"""Who is given TURN credentials, and that without TURN servers of ours nobody is named."""

from collections.abc import Iterator
from uuid import uuid4

import httpx2
import pytest

from server.engines import free_port
from tests.support.fake_media import FakeMedia
from tests.support.installation import Installation
from tests.support.signalling import answer, hang_up, problem, ringing_call

TURN = {
    "CLINIXCUE_TURN_URLS": "turn:turn.example.org:3478,turns:turn.example.org:443",
    "CLINIXCUE_TURN_SHARED_SECRET": "known-to-tests-only",
}


@pytest.fixture(scope="module")
def with_turn(installation: Installation) -> Iterator[int]:
    """The port of a server process that has TURN servers."""
    port = free_port()
    process = installation.start_server(port, "server-with-turn.log", TURN)
    yield port
    process.terminate()
    assert process.wait(15) == 0


async def test_without_turn_servers_nobody_is_named(
    installation: Installation, media: FakeMedia, anybody: httpx2.AsyncClient, tom: httpx2.AsyncClient
) -> None:
    call = await ringing_call(installation)
    assert (await tom.get(f"/api/calls/{call.call_id}/ice-servers")).json() == {"ice_servers": []}
    asked = await anybody.get(f"/api/calls/{call.call_id}/patient-ice-servers", headers=call.headers)
    assert asked.json() == {"ice_servers": []}
    assert media.offers


async def test_both_sides_of_a_call_get_credentials_and_nobody_else(
    installation: Installation, media: FakeMedia, with_turn: int
) -> None:
    call = await ringing_call(installation)
    agents = f"/api/calls/{call.call_id}/ice-servers"
    callers = f"/api/calls/{call.call_id}/patient-ice-servers"
    async with (
        installation.client(port=with_turn) as stranger,
        installation.client(installation.headers_of("tom.agent"), port=with_turn) as tom,
        installation.client(installation.headers_of("asha.agent"), port=with_turn) as asha,
        installation.client(installation.headers_of("ben.agent"), port=with_turn) as ben,
    ):
        for given in (await tom.get(agents), await stranger.get(callers, headers=call.headers)):
            [server] = given.json()["ice_servers"]
            assert server["urls"] == TURN["CLINIXCUE_TURN_URLS"].split(",")
            assert server["username"].endswith(f":{call.call_id}")
            assert TURN["CLINIXCUE_TURN_SHARED_SECRET"] not in given.text
        assert problem(await stranger.get(callers, headers={"X-Call-Token": "guessed"})) == (403, "wrong-call-token")
        assert problem(await stranger.get(agents)) == (401, "sign-in-required")
        assert problem(await ben.get(agents)) == (404, "unknown-call")
        assert problem(await tom.get(f"/api/calls/{uuid4()}/ice-servers")) == (404, "unknown-call")

        assert (await answer(tom, call)).status_code == 200
        assert (await tom.get(agents)).json()["ice_servers"]
        assert problem(await asha.get(agents)) == (409, "call-taken")
        await hang_up(installation, "tom.agent", call)
        assert problem(await tom.get(agents)) == (409, "call-over")
        assert problem(await stranger.get(callers, headers=call.headers)) == (409, "call-over")
    assert media.offers
