"""A practice's own playbooks: who sees them, what is refused and where, what publishing asks, and what calls get."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
import pytest

from rtc.coaching.playbook import parse
from rtc.messages import CallPlan
from rtc.published_playbook import MAX_PLAYBOOK_BYTES
from server.demo import HARBOUR, RIVERSIDE
from server.playbooks import starters
from tests.support.fake_media import FakeMedia, an_outcome
from tests.support.installation import Installation
from tests.support.playbooks import GOOD_CASES, MISSED, SMALL, begin, publish, published, save, sentence
from tests.support.signalling import OFFER, answer, answered_call, join, place, problem, ringing_call, scored

STARTER = "gp-reception"
FIRST = starters.version_of(STARTER) + 1
"""What a practice's first version under that name is called."""


@pytest.fixture
async def maria(installation: Installation) -> AsyncIterator[httpx2.AsyncClient]:
    """The manager. Afterwards her practice has no playbooks, and its lines the demo's."""
    async with installation.as_person("maria.manager") as client:
        yield client
    async with installation.rows(RIVERSIDE.id) as rows:
        await rows.execute("UPDATE call SET playbook_version_id = NULL")
        await rows.execute("DELETE FROM playbook_version")
        await rows.execute("DELETE FROM playbook")
        await rows.execute("UPDATE line SET playbook = $1", STARTER)


async def overview(client: httpx2.AsyncClient) -> dict[str, Any]:
    return dict((await client.get("/api/playbooks")).json())


async def read(client: httpx2.AsyncClient, playbook: dict[str, Any]) -> dict[str, Any]:
    return dict((await client.get(f"/api/playbooks/{playbook['id']}")).json())


async def run(client: httpx2.AsyncClient, playbook: dict[str, Any]) -> list[dict[str, Any]]:
    answered = await client.post(f"/api/playbooks/{playbook['id']}/draft/run")
    assert answered.status_code == 200, answered.text
    return [json.loads(line) for line in answered.text.splitlines()]


# --- beginning and writing --------------------------------------------------------------------------------------


async def test_every_starter_can_be_begun_with_and_is_a_good_draft(maria: httpx2.AsyncClient) -> None:
    offered = (await overview(maria))["starters"]
    assert [one["name"] for one in offered] == list(starters.names())
    assert next(one for one in offered if one["name"] == STARTER)["cases"] > 700
    for one in offered:
        playbook = await begin(maria, starter=one["name"])
        assert (playbook["name"], playbook["starter"], playbook["state"]) == (one["name"], one["name"], "draft")
        assert playbook["draft"]["faults"] == []
        assert playbook["draft"]["starter_cases"] is True
        assert playbook["draft"]["source"] == starters.yaml_of(one["name"])
        shown = (await maria.get(f"/api/starter-playbooks/{one['name']}")).json()
        assert (shown["number"], shown["source"]) == (one["version"], playbook["draft"]["source"])
        file = await maria.get(f"/api/starter-playbooks/{one['name']}/playbook.yaml")
        assert file.text == starters.yaml_of(one["name"])
        assert file.headers["content-disposition"] == f'attachment; filename="{one["name"]}.yaml"'


async def test_a_starter_under_another_name(maria: httpx2.AsyncClient) -> None:
    playbook = await begin(maria, starter=STARTER, name="riverside-desk")
    assert playbook["name"] == "riverside-desk"
    assert parse(playbook["draft"]["source"]).name == "riverside-desk"
    for name in ("Riverside", "a" * 65, "x\ny: z"):
        assert problem(await maria.post("/api/playbooks", json={"starter": STARTER, "name": name}))[0] == 422
    taken = await maria.post("/api/playbooks", json={"starter": STARTER, "name": "riverside-desk"})
    assert problem(taken) == (409, "name-taken")
    assert problem(await maria.post("/api/playbooks", json={"starter": "none"})) == (404, "unknown-playbook")


async def test_a_file_without_a_name_is_refused_with_its_line(maria: httpx2.AsyncClient) -> None:
    answered = await maria.post("/api/playbooks", json={"source": "title: nameless"})
    assert problem(answered) == (422, "bad-playbook")
    assert answered.json()["faults"][0]["line"] == 1
    assert (await overview(maria))["playbooks"] == []


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        (SMALL.replace("weight: 100", "weight: 99"), 14, "the weights sum to 99"),
        (SMALL.replace("[chest],", "[chess],"), 13, "there is no condition 'chess'"),
        (SMALL.replace("leg: patient", "leg: patient, mood: sad"), 10, "unknown key 'mood'"),
        (SMALL.replace("title: Small", "title: 'Small"), 2, "not YAML"),
        (SMALL.replace("version: 1", 'version: "1"'), 3, "write 'version: 1' once"),
        (SMALL.replace("name: small", "name: smaller"), 1, "must stay 'small'"),
        ("", 1, "the file is empty"),
    ],
)
async def test_a_bad_draft_is_kept_and_says_where_and_why(
    maria: httpx2.AsyncClient, source: str, line: int, reason: str
) -> None:
    playbook = await save(maria, await begin(maria, source=SMALL), source)
    [fault] = playbook["draft"]["faults"]
    assert (fault["where"], fault["line"]) == ("playbook", line)
    assert reason in fault["reason"]
    assert (await read(maria, playbook))["draft"]["source"] == source
    assert [answer["type"] for answer in await run(maria, playbook)] == ["cannot_run"]
    refused = await publish(maria, playbook)
    assert problem(refused) == (422, "bad-playbook")
    assert refused.json()["faults"] == [fault]
    assert f"Line {line} of the playbook: " in refused.json()["detail"]


async def test_everything_wrong_with_it_is_listed_at_once(maria: httpx2.AsyncClient) -> None:
    bad = SMALL.replace("weight: 100", "weight: 99").replace("[chest],", "[chess],")
    playbook = await save(maria, await begin(maria, source=SMALL), bad)
    told = {(fault["line"], fault["place"]) for fault in playbook["draft"]["faults"]}
    assert {(13, "triggers.chest_pain.conditions[0]"), (14, "criteria")} <= told


async def test_every_bad_case_is_named_at_once(maria: httpx2.AsyncClient) -> None:
    cases = GOOD_CASES + "{\n\n" + sentence("d", "x", "chess_pain") + '{"id": 3}\n'
    playbook = await save(maria, await begin(maria, source=SMALL), SMALL, cases)
    faults = playbook["draft"]["faults"]
    assert [(fault["where"], fault["line"]) for fault in faults] == [("cases", 3), ("cases", 5), ("cases", 6)]
    assert "chess_pain" in faults[1]["reason"]
    twice = await save(maria, playbook, SMALL, GOOD_CASES + GOOD_CASES)
    assert [fault["line"] for fault in twice["draft"]["faults"]] == [3]


async def test_files_are_stored_with_plain_line_ends(maria: httpx2.AsyncClient) -> None:
    windows = "\ufeff" + SMALL.replace("\n", "\r\n")
    playbook = await begin(maria, source=windows)
    assert playbook["draft"]["source"] == SMALL
    assert playbook["draft"]["faults"] == []


async def test_what_is_too_large_or_no_text_is_refused_early(maria: httpx2.AsyncClient) -> None:
    playbook = await begin(maria, source=SMALL)
    large = "#" * (MAX_PLAYBOOK_BYTES + 1)
    for text in ({"source": large, "cases": ""}, {"source": SMALL, "cases": large}):
        body = {**text, "starter_cases": False, "revision": 1}
        answered = await maria.put(f"/api/playbooks/{playbook['id']}/draft", json=body)
        assert problem(answered) == (413, "too-large")
        assert "400 kB" in answered.json()["detail"]
    # Refused by its length, before it is read: a client that goes on sending may find the connection closed.
    with contextlib.suppress(httpx2.TransportError):
        answered = await maria.post("/api/playbooks", json={"source": "#" * 5_000_000})
        assert problem(answered) == (413, "too-large")
    body = {"source": SMALL + "\x00", "cases": "", "starter_cases": False, "revision": 1}
    assert problem(await maria.put(f"/api/playbooks/{playbook['id']}/draft", json=body)) == (422, "bad-playbook")
    assert (await read(maria, playbook))["draft"]["source"] == SMALL


async def test_nobody_overwrites_what_they_have_not_seen(maria: httpx2.AsyncClient) -> None:
    opened = await begin(maria, source=SMALL)
    saved = await save(maria, opened, SMALL, GOOD_CASES)
    body = {"source": "old", "cases": "", "starter_cases": False, "revision": opened["draft"]["revision"]}
    answered = await maria.put(f"/api/playbooks/{opened['id']}/draft", json=body)
    assert problem(answered) == (409, "draft-changed")
    assert "Maria Doyle" in answered.json()["detail"]
    assert problem(await publish(maria, opened)) == (409, "draft-changed")
    assert (await publish(maria, saved)).status_code == 201
    assert problem(await publish(maria, saved)) == (409, "draft-changed")
    body["revision"] = saved["draft"]["revision"] + 1
    assert problem(await maria.put(f"/api/playbooks/{opened['id']}/draft", json=body)) == (409, "draft-changed")


async def test_discarding(maria: httpx2.AsyncClient) -> None:
    never = await begin(maria, source=SMALL)
    assert (await maria.post(f"/api/playbooks/{never['id']}/draft/discard")).status_code == 204
    assert problem(await maria.get(f"/api/playbooks/{never['id']}")) == (404, "unknown-playbook")
    playbook = await published(maria)
    draft = await maria.post(f"/api/playbooks/{playbook['id']}/draft", json={"number": 1})
    assert draft.json()["draft"]["cases"] == GOOD_CASES
    again = await maria.post(f"/api/playbooks/{playbook['id']}/draft", json={"number": 1})
    assert problem(again) == (409, "draft-exists")
    await maria.post(f"/api/playbooks/{playbook['id']}/draft/discard")
    left = await read(maria, playbook)
    assert (left["draft"], left["state"]) == (None, "published")
    unknown = await maria.post(f"/api/playbooks/{playbook['id']}/draft", json={"number": 2})
    assert problem(unknown) == (404, "unknown-version")


# --- running and publishing -------------------------------------------------------------------------------------


async def test_a_run_shows_each_label_and_each_failure(maria: httpx2.AsyncClient) -> None:
    alarm = sentence("e", "My dad had chest pain, he says.")
    playbook = await save(maria, await begin(maria, source=SMALL), SMALL, GOOD_CASES + MISSED + alarm)
    [result] = [one for one in await run(maria, playbook) if one["type"] != "progress"]
    assert (result["type"], result["sentences"], result["right"], result["blocking"]) == ("run", 4, 2, 2)
    [row] = result["labels"]
    assert (row["label"], row["safety"], row["expected"], row["found"], row["false_alarms"]) == (
        "chest_pain",
        True,
        2,
        1,
        1,
    )
    shown = {(one["what"], one["case"], one["line"], one["own"], one["blocks"]) for one in result["findings"]}
    assert shown == {("missed", "c", 3, True, True), ("false alarm", "e", 4, True, True)}
    assert "elephant" in result["findings"][0]["text"] + result["findings"][1]["text"]
    assert result["untested"] == []
    bare = await save(maria, playbook, SMALL, "")
    assert (await run(maria, bare))[-1]["untested"] == ["chest_pain"]


async def test_a_version_whose_safety_case_fails_is_refused_and_the_one_in_use_stays(
    installation: Installation, media: FakeMedia, maria: httpx2.AsyncClient
) -> None:
    playbook = await published(maria, SMALL.replace("small", STARTER))
    draft = (await maria.post(f"/api/playbooks/{playbook['id']}/draft", json={"number": FIRST})).json()
    worse = await save(maria, draft, draft["draft"]["source"].replace("chest pain", "kneecap"), GOOD_CASES + MISSED)
    refused = await publish(maria, worse)
    assert problem(refused) == (422, "safety-case-failed")
    named = refused.json()["faults"]
    assert [(fault["where"], fault["line"], fault["place"]) for fault in named] == [
        ("cases", 1, "a"),
        ("cases", 3, "c"),
    ]
    assert named[0]["reason"] == "chest_pain is missed: “I have chest pain.”"
    kept = await read(maria, playbook)
    assert [version["number"] for version in kept["versions"]] == [FIRST]
    assert kept["draft"]["source"] == worse["draft"]["source"]
    await ringing_call(installation)
    assert version_of(media.offers[-1].plan) == FIRST
    assert media.offers[-1].plan.published is not None
    assert "chest pain" in media.offers[-1].plan.published.yaml


async def test_our_own_cases_bind_where_ours_does_not_fail_too(maria: httpx2.AsyncClient) -> None:
    """Leaving out a safety cue of the starter playbook fails its cases, also as they then name an unknown label."""
    playbook = await begin(maria, starter=STARTER)
    result = (await run(maria, playbook))[-1]
    assert result["sentences"] > 700
    assert result["blocking"] == 0, [one["case"] for one in result["findings"] if one["blocks"]]
    without = SMALL.replace("name: small", f"name: {STARTER}").replace("chest_pain:", "heart:")
    draft = await save(maria, playbook, without, starter_cases=True)
    refused = await publish(maria, draft)
    assert problem(refused) == (422, "safety-case-failed")
    assert any("chest_pain is missed" in fault["reason"] for fault in refused.json()["faults"])
    assert {fault["where"] for fault in refused.json()["faults"]} == {"starter"}
    assert (await publish(maria, await save(maria, draft, without))).status_code == 201


async def test_a_version_is_numbered_by_the_server_and_never_changes(
    installation: Installation, maria: httpx2.AsyncClient
) -> None:
    playbook = await published(maria)
    [first] = playbook["versions"]
    assert (first["number"], first["published_by"], first["cases_run"], first["cases_right"]) == (
        1,
        "Maria Doyle",
        2,
        2,
    )
    draft = (await maria.post(f"/api/playbooks/{playbook['id']}/draft", json={"number": 1})).json()
    second = await publish(
        maria, await save(maria, draft, SMALL.replace("version: 1", "version: 99\nstatus: draft"), GOOD_CASES)
    )
    assert [version["number"] for version in second.json()["versions"]] == [2, 1]
    text = (await maria.get(f"/api/playbooks/{playbook['id']}/versions/2")).json()
    assert (text["source"], text["cases"]) == (SMALL.replace("version: 1", "version: 2\nstatus: published"), GOOD_CASES)
    file = await maria.get(f"/api/playbooks/{playbook['id']}/versions/1/playbook.yaml")
    assert file.text == SMALL
    for statement in ("UPDATE playbook_version SET source = ''", "DELETE FROM playbook_version"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with installation.rows(RIVERSIDE.id, owner=False) as rows:
                await rows.execute(statement)


async def test_of_two_who_publish_at_once_one_does(maria: httpx2.AsyncClient) -> None:
    playbook = await begin(maria, source=SMALL)
    both = await asyncio.gather(publish(maria, playbook), publish(maria, playbook))
    assert sorted(answered.status_code for answered in both) == [201, 409]
    assert [version["number"] for version in (await read(maria, playbook))["versions"]] == [1]


async def test_what_does_not_fit_into_a_message_is_not_published(maria: httpx2.AsyncClient) -> None:
    noise = "".join(f"# {uuid4()} {uuid4()} {uuid4()}\n" for _ in range(3000))
    playbook = await begin(maria, source=SMALL + noise)
    answered = await publish(maria, playbook)
    assert problem(answered) == (413, "too-large")
    assert "to go with a call" in answered.json()["detail"]


# --- calls ------------------------------------------------------------------------------------------------------


def version_of(plan: CallPlan) -> int | None:
    return None if plan.published is None else plan.published.version


async def test_the_next_call_gets_a_new_version_and_a_call_in_progress_keeps_its_own(
    installation: Installation, media: FakeMedia, maria: httpx2.AsyncClient, anybody: httpx2.AsyncClient
) -> None:
    before = await ringing_call(installation)
    assert (media.offers[-1].plan.playbook, version_of(media.offers[-1].plan)) == (STARTER, None)
    playbook = await published(maria, SMALL.replace("small", STARTER))
    during = await place(anybody, installation.link)
    assert (await join(anybody, during)).status_code == 200
    plan = media.offers[-1].plan
    assert plan.published is not None
    assert (plan.playbook, plan.published.version) == (STARTER, FIRST)
    assert parse(plan.published.yaml).title == "Small"
    draft = (await maria.post(f"/api/playbooks/{playbook['id']}/draft", json={"number": FIRST})).json()
    assert (await publish(maria, draft)).status_code == 201
    async with installation.as_person("tom.agent") as tom:
        assert (await answer(tom, before)).status_code == 200
        assert version_of(media.offers[-1].plan) is None
    assert (await join(anybody, during)).status_code == 200
    assert version_of(media.offers[-1].plan) == FIRST
    await ringing_call(installation)
    assert version_of(media.offers[-1].plan) == FIRST + 1
    async with installation.rows(HARBOUR.id) as rows:
        await rows.execute("UPDATE line SET playbook = $1", STARTER)
    other = await ringing_call(installation, str(installation.practice("Harbour Dental")["line_link"]))
    async with installation.rows(HARBOUR.id) as rows:
        await rows.execute("UPDATE line SET playbook = $1", HARBOUR.playbook)
    assert media.offers[-1].plan.call_id == other.call_id
    assert version_of(media.offers[-1].plan) is None


async def test_a_call_without_analysis_carries_no_playbook(
    media: FakeMedia, installation: Installation, maria: httpx2.AsyncClient, anybody: httpx2.AsyncClient
) -> None:
    await published(maria, SMALL.replace("small", STARTER))
    placed = (await anybody.post(f"/api/lines/{installation.link}/calls", json={"analyse": False})).json()
    headers = {"X-Call-Token": placed["token"]}
    await anybody.post(f"/api/calls/{placed['call_id']}/patient-leg", json={"sdp": OFFER}, headers=headers)
    assert version_of(media.offers[-1].plan) is None


async def test_the_score_says_whose_playbook_it_was(
    installation: Installation, media: FakeMedia, maria: httpx2.AsyncClient
) -> None:
    await published(maria, SMALL.replace("small", STARTER))
    call = await answered_call(installation, "tom.agent")
    await media.report(an_outcome(call.call_id, str(RIVERSIDE.id), scored()))
    newest = (await maria.get("/api/evaluations?limit=200")).json()["items"]
    row = next(one for one in newest if one["call_id"] == call.call_id)
    assert (row["playbook"], row["playbook_version"], row["playbook_own"]) == (STARTER, 1, True)


async def test_a_line_gets_another_playbook(
    installation: Installation, media: FakeMedia, maria: httpx2.AsyncClient
) -> None:
    playbook = await begin(maria, source=SMALL)
    line = next(line for line in (await overview(maria))["lines"] if not line["monitor"])
    assert (line["playbook"], line["own"]) == (STARTER, False)
    address = f"/api/practice/lines/{line['id']}/playbook"
    assert problem(await maria.put(address, json={"playbook": "small"})) == (404, "unknown-playbook")
    assert (await publish(maria, playbook)).status_code == 201
    chosen = (await maria.put(address, json={"playbook": "small"})).json()["lines"]
    assert {name: chosen[0][name] for name in ("playbook", "own", "version")} == {
        "playbook": "small",
        "own": True,
        "version": 1,
    }
    await ringing_call(installation)
    assert (media.offers[-1].plan.playbook, version_of(media.offers[-1].plan)) == ("small", 1)
    archive = f"/api/playbooks/{playbook['id']}/archive"
    used = await maria.post(archive)
    assert problem(used) == (409, "playbook-in-use")
    assert "Reception" in used.json()["detail"]
    await maria.put(address, json={"playbook": STARTER})
    assert (await maria.post(archive)).json()["state"] == "archived"
    assert problem(await maria.put(address, json={"playbook": "small"})) == (404, "unknown-playbook")


async def test_a_playbook_for_other_lines_is_not_published_for_this_one_nor_chosen(maria: httpx2.AsyncClient) -> None:
    elsewhere = SMALL.replace("version: 1", "version: 1\napplies_to: {lines: [Dental desk]}")
    taken = await begin(maria, source=elsewhere.replace("small", STARTER))
    [fault] = taken["draft"]["faults"]
    assert (fault["line"], fault["place"]) == (4, "applies_to")
    assert "Reception" in fault["reason"]
    await published(maria, elsewhere)
    line = (await overview(maria))["lines"][0]
    chosen = await maria.put(f"/api/practice/lines/{line['id']}/playbook", json={"playbook": "small"})
    assert problem(chosen) == (422, "bad-playbook")
    assert (await overview(maria))["lines"][0]["playbook"] == STARTER


async def test_an_archived_one_gives_way_to_ours_and_comes_back_with_a_new_version(
    installation: Installation, media: FakeMedia, maria: httpx2.AsyncClient
) -> None:
    playbook = await published(maria, SMALL.replace("small", STARTER))
    assert (await maria.post(f"/api/playbooks/{playbook['id']}/archive")).json()["state"] == "archived"
    [row] = (await overview(maria))["playbooks"]
    assert (row["state"], row["version"]) == ("archived", None)
    await ringing_call(installation)
    assert version_of(media.offers[-1].plan) is None
    draft = (await maria.post(f"/api/playbooks/{playbook['id']}/draft", json={"number": FIRST})).json()
    again = (await publish(maria, draft)).json()
    assert (again["state"], again["versions"][0]["number"]) == ("published", FIRST + 1)
    await ringing_call(installation)
    assert version_of(media.offers[-1].plan) == FIRST + 1
    never = await begin(maria, source=SMALL)
    assert problem(await maria.post(f"/api/playbooks/{never['id']}/archive")) == (404, "unknown-version")


# --- others -----------------------------------------------------------------------------------------------------


async def test_another_practice_sees_and_does_nothing(installation: Installation, maria: httpx2.AsyncClient) -> None:
    playbook = await published(maria)
    draft = (await maria.post(f"/api/playbooks/{playbook['id']}/draft", json={"number": 1})).json()
    line = (await overview(maria))["lines"][0]
    here = f"/api/playbooks/{playbook['id']}"
    text = {"source": "x", "cases": "", "starter_cases": False, "revision": draft["draft"]["revision"]}
    async with installation.as_person("hugo.manager") as hugo:
        assert (await overview(hugo))["playbooks"] == []
        for asked in (
            hugo.get(here),
            hugo.get(f"{here}/versions/1"),
            hugo.get(f"{here}/versions/1/playbook.yaml"),
            hugo.get(f"{here}/draft/playbook.yaml"),
            hugo.put(f"{here}/draft", json=text),
            hugo.post(f"{here}/draft", json={"number": 1}),
            hugo.post(f"{here}/draft/run"),
            hugo.post(f"{here}/draft/discard"),
            hugo.post(f"{here}/archive"),
            publish(hugo, draft),
            hugo.put(f"/api/practice/lines/{line['id']}/playbook", json={"playbook": STARTER}),
        ):
            assert problem(await asked)[0] == 404
    assert (await read(maria, playbook))["draft"] == draft["draft"]
