"""What became of cards: summed over a practice's calls, once for each call, and never about a person or a call."""

import asyncio
from typing import Any

import httpx2
import msgspec

from rtc.messages import CueCounts, Done
from server.cues.routes import FEWEST
from server.demo import RIVERSIDE
from tests.support.fake_media import FakeMedia, an_outcome
from tests.support.installation import Installation
from tests.support.playbooks import SMALL, published
from tests.support.signalling import answer, answered_call, join, place, ringing_call, scored

ADDRESS = "/api/practice/cues"

COLUMNS = {"id", "practice_id", "playbook", "playbook_own", "playbook_version", "trigger"} | set(
    CueCounts.__struct_fields__
)
"""A column more would have to say what it tells about people."""


async def sums(client: httpx2.AsyncClient, trigger: str) -> dict[str, Any] | None:
    answered = await client.get(ADDRESS)
    assert answered.status_code == 200, answered.text
    return next((item for item in answered.json()["items"] if item["trigger"] == trigger), None)


async def report(installation: Installation, media: FakeMedia, login: str, *counts: CueCounts) -> None:
    call = await answered_call(installation, login)
    assert await media.report(an_outcome(call.call_id, str(RIVERSIDE.id), scored(), counts)) == Done()


async def test_calls_add_up_and_a_repeat_does_not(installation: Installation, media: FakeMedia) -> None:
    async with installation.as_person("maria.manager") as maria, installation.as_person("hugo.manager") as hugo:
        await report(installation, media, "tom.agent", CueCounts("added", shown=3, done=2, later=1))
        call = await answered_call(installation, "asha.agent")
        outcome = an_outcome(
            call.call_id, str(RIVERSIDE.id), scored(), [CueCounts("added", shown=4, acknowledged=1, not_relevant=3)]
        )
        assert await asyncio.gather(*(media.report(outcome) for _ in range(5))) == [Done()] * 5
        assert await sums(maria, "added") == {
            "playbook": "gp-reception",
            "playbook_own": False,
            "playbook_version": 1,
            "trigger": "added",
            "shown": 7,
            "answers": {"done": 2, "acknowledged": 1, "not_relevant": 3, "later": 1},
        }
        assert await sums(hugo, "added") is None, "another practice's"


async def test_a_few_cards_say_nothing(installation: Installation, media: FakeMedia) -> None:
    """One answer of one person would be told else."""
    async with installation.as_person("maria.manager") as maria:
        await report(installation, media, "tom.agent", CueCounts("rare", shown=FEWEST - 1, not_relevant=FEWEST - 1))
        few = await sums(maria, "rare")
        assert few is not None
        assert (few["shown"], few["answers"]) == (FEWEST - 1, None)
        await report(installation, media, "asha.agent", CueCounts("rare", shown=1, done=1))
        enough = await sums(maria, "rare")
        assert enough is not None
        assert enough["answers"] == {"done": 1, "acknowledged": 0, "not_relevant": FEWEST - 1, "later": 0}


async def test_two_calls_that_end_at_once_lose_nothing(installation: Installation, media: FakeMedia) -> None:
    """In opposite orders: each would wait for a row of the other."""
    one, two = CueCounts("together_a", shown=5), CueCounts("together_b", shown=5)
    calls = [await answered_call(installation, login) for login in ("tom.agent", "asha.agent") * 3]
    outcomes = [
        an_outcome(call.call_id, str(RIVERSIDE.id), scored(), [one, two] if number % 2 else [two, one])
        for number, call in enumerate(calls)
    ]
    assert await asyncio.gather(*map(media.report, outcomes)) == [Done()] * len(calls)
    async with installation.as_person("maria.manager") as maria:
        for trigger in ("together_a", "together_b"):
            found = await sums(maria, trigger)
            assert found is not None
            assert found["shown"] == 30


async def test_calls_without_a_person_do_not_count(
    installation: Installation, media: FakeMedia, anybody: httpx2.AsyncClient
) -> None:
    counts = [CueCounts("unheard", shown=9)]
    unanswered = await ringing_call(installation)
    await media.report(an_outcome(unanswered.call_id, str(RIVERSIDE.id), None, counts))
    async with installation.as_monitor() as monitor, installation.as_person("maria.manager") as maria:
        call = await place(anybody, (await monitor.get("/api/monitor")).json()["link"])
        await join(anybody, call)
        await answer(monitor, call)
        await media.report(an_outcome(call.call_id, str(RIVERSIDE.id), scored(), counts))
        assert await sums(maria, "unheard") is None


async def test_the_table_has_no_place_for_a_person_a_call_or_a_time(installation: Installation) -> None:
    async with installation.rows() as rows:
        query = "SELECT column_name FROM information_schema.columns WHERE table_name = 'cue_sum'"
        assert {row["column_name"] for row in await rows.fetch(query)} == COLUMNS


async def test_a_version_has_its_own_sums(installation: Installation, media: FakeMedia) -> None:
    for version in (3, 4):
        call = await answered_call(installation, "tom.agent")
        outcome = an_outcome(call.call_id, str(RIVERSIDE.id), scored(), [CueCounts("versions", shown=version)])
        await media.report(msgspec.structs.replace(outcome, playbook_version=version))
    async with installation.as_person("maria.manager") as maria:
        items = (await maria.get(ADDRESS)).json()["items"]
    assert [(one["playbook_version"], one["shown"]) for one in items if one["trigger"] == "versions"] == [
        (4, 4),
        (3, 3),
    ]


async def test_a_practices_own_playbook_has_its_own_sums(installation: Installation, media: FakeMedia) -> None:
    """Also where ours has the same name and, after an update, the same number."""
    counts = [CueCounts("summed_apart", shown=5, done=4)]
    async with installation.as_person("maria.manager") as maria:
        try:
            for own in (False, True):
                if own:
                    await published(maria, SMALL.replace("small", RIVERSIDE.playbook))
                call = await answered_call(installation, "tom.agent")
                outcome = an_outcome(call.call_id, str(RIVERSIDE.id), scored(), counts)
                await media.report(msgspec.structs.replace(outcome, playbook_version=7))
            items = (await maria.get(ADDRESS)).json()["items"]
        finally:
            async with installation.rows(RIVERSIDE.id) as rows:
                await rows.execute("UPDATE call SET playbook_version_id = NULL")
                await rows.execute("DELETE FROM playbook_version")
                await rows.execute("DELETE FROM playbook")
    sums = [item for item in items if item["trigger"] == "summed_apart"]
    assert [(item["playbook_own"], item["playbook_version"], item["shown"]) for item in sums] == [
        (True, 7, 5),
        (False, 7, 5),
    ]
