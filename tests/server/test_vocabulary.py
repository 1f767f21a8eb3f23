"""A practice's own words: who reads and replaces them, what they may hold, and that the next call carries them."""

import asyncio
import unicodedata
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from server.demo import HARBOUR, RIVERSIDE
from tests.support.fake_media import FakeMedia
from tests.support.installation import Installation
from tests.support.signalling import OFFER, answered_call, problem, ringing_call

ADDRESS = "/api/practice/vocabulary"
MIGRATION = "2026-11-24T00:40:00:000000"


@pytest.fixture
async def maria(installation: Installation) -> AsyncIterator[httpx2.AsyncClient]:
    """The manager; the demo's words are back afterwards."""
    async with installation.as_person("maria.manager") as client:
        yield client
        await replace(client, RIVERSIDE.vocabulary)


async def replace(client: httpx2.AsyncClient, words: list[str]) -> list[str]:
    answered = await client.put(ADDRESS, json={"words": words})
    assert answered.status_code == 200, answered.text
    return list(answered.json()["words"])


async def read(client: httpx2.AsyncClient) -> list[str]:
    return list((await client.get(ADDRESS)).json()["words"])


async def test_each_practice_has_its_own(installation: Installation, maria: httpx2.AsyncClient) -> None:
    assert await read(maria) == RIVERSIDE.vocabulary
    assert await replace(maria, ["Dr Adeyemi", "Elm Street"]) == ["Dr Adeyemi", "Elm Street"]
    assert await read(maria) == ["Dr Adeyemi", "Elm Street"]
    async with installation.as_person("hugo.manager") as elsewhere:
        assert await read(elsewhere) == HARBOUR.vocabulary


async def test_only_a_manager_writes(installation: Installation, maria: httpx2.AsyncClient) -> None:
    for login in ("tom.agent", "dora.dpo", "ada.admin"):
        async with installation.as_person(login) as person:
            assert problem(await person.put(ADDRESS, json={"words": []})) == (403, "not-allowed")
    assert await read(maria) == RIVERSIDE.vocabulary


async def test_words_are_stored_as_they_are_compared(maria: httpx2.AsyncClient) -> None:
    sent = ["  Dr   O\u2019Brien ", unicodedata.normalize("NFD", "Renée"), "St. Mary's", "co-codamol", "A30", "ß-Haus"]
    stored = ["Dr O'Brien", unicodedata.normalize("NFC", "Renée"), "St. Mary's", "co-codamol", "A30", "ß-Haus"]
    assert await replace(maria, sent) == stored
    assert await read(maria) == stored


async def test_the_most_and_the_longest_fit(maria: httpx2.AsyncClient) -> None:
    most = [f"{n:03d} ".ljust(40, "w") for n in range(200)]
    assert await replace(maria, most) == most
    assert await replace(maria, []) == []


@pytest.mark.parametrize(
    ("words", "at", "named"),
    [
        (["Patel", "Q"], 1, "\u201cQ\u201d is too short"),
        (["Patel", "   "], 1, "too short"),
        (["w" * 41], 0, "too long"),
        (["Patel", "Dr Kelly", "patel"], 2, "\u201cpatel\u201d is on the list already"),
        (["Patel", "Dr. Kelly; Patel"], 1, "has a ';'"),
        (["<b>Patel</b>"], 0, "has a '<'"),
        (["under_score"], 0, "has a '_'"),
        (["nul\x00"], 0, "has a '\\x00'"),
        (["Patel", "943 476 5919"], 1, "has no letter"),
        ([f"word {n}" for n in range(201)], 200, "At most 200"),
    ],
)
async def test_a_bad_entry_is_named_and_nothing_is_saved(
    maria: httpx2.AsyncClient, words: list[str], at: int, named: str
) -> None:
    answered = await maria.put(ADDRESS, json={"words": words})
    assert problem(answered) == (422, "bad-words")
    assert named in answered.json()["detail"]
    assert answered.json()["at"] == at
    assert len(answered.json()["detail"]) < 200
    assert await read(maria) == RIVERSIDE.vocabulary


@pytest.mark.parametrize("body", [{}, {"words": "Patel"}, {"words": [7]}, {"words": None}, []])
async def test_another_shape_cannot_be_read(maria: httpx2.AsyncClient, body: Any) -> None:
    answered = await maria.put(ADDRESS, json=body)
    assert problem(answered) == (400, "malformed-request")
    assert "at" not in answered.json()
    assert await read(maria) == RIVERSIDE.vocabulary


async def test_the_next_call_carries_them(
    installation: Installation, media: FakeMedia, maria: httpx2.AsyncClient
) -> None:
    await answered_call(installation, "tom.agent")
    assert [offer.plan.vocabulary for offer in media.offers] == [RIVERSIDE.vocabulary] * 2
    await replace(maria, ["Dr Adeyemi"])
    await ringing_call(installation)
    assert media.offers[-1].plan.vocabulary == ["Dr Adeyemi"]
    await ringing_call(installation, str(installation.practice("Harbour Dental")["line_link"]))
    assert media.offers[-1].plan.vocabulary == HARBOUR.vocabulary


async def test_a_call_without_analysis_carries_none(
    installation: Installation, media: FakeMedia, anybody: httpx2.AsyncClient
) -> None:
    placed = await anybody.post(f"/api/lines/{installation.link}/calls", json={"analyse": False})
    call_id = placed.json()["call_id"]
    headers = {"X-Call-Token": placed.json()["token"]}
    await anybody.post(f"/api/calls/{call_id}/patient-leg", json={"sdp": OFFER}, headers=headers)
    assert [offer.plan.vocabulary for offer in media.offers] == [[]]


async def test_the_api_warns_of_patients_names(anybody: httpx2.AsyncClient) -> None:
    described = (await anybody.get("/api/schema/openapi.json")).json()["paths"][ADDRESS]["put"]["description"]
    assert "Never put a patient's name here" in " ".join(described.split())


async def test_a_practice_from_before_has_none(installation: Installation, maria: httpx2.AsyncClient) -> None:
    """The migration, on a database that is in use."""
    async with installation.rows() as rows:
        await rows.execute("ALTER TABLE practice DROP COLUMN vocabulary")
        await rows.execute("DELETE FROM migration WHERE name = $1", MIGRATION)
    await asyncio.to_thread(installation.run, "server.migrate", owner=True)
    try:
        assert await read(maria) == []
    finally:
        async with installation.as_person("hugo.manager") as elsewhere:
            await replace(elsewhere, HARBOUR.vocabulary)
