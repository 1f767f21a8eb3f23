"""Outcomes are stored once; who sees them, who does not."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import msgspec
import pytest

from rtc.messages import Done, Refusal
from rtc.receipts import PurgeReceipt, is_sealed
from server.demo import HARBOUR, RIVERSIDE
from tests.support.fake_media import FakeMedia, a_receipt, an_outcome
from tests.support.installation import Installation
from tests.support.signalling import Placed, answer, answered_call, join, place, problem, ringing_call, scored

HARBOUR_NAME = "Harbour Dental"


async def evaluated(installation: Installation, media: FakeMedia, login: str, total: int = 84) -> Placed:
    call = await answered_call(installation, login)
    assert await media.report(an_outcome(call.call_id, str(RIVERSIDE.id), scored(total))) == Done()
    return call


async def listed(client: httpx2.AsyncClient, **query: Any) -> dict[str, dict[str, Any]]:
    """The whole list, page by page, by call."""
    found: dict[str, dict[str, Any]] = {}
    before: dict[str, str] = {}
    while True:
        page = (await client.get("/api/evaluations", params={**query, **before})).json()
        found |= {item["call_id"]: item for item in page["items"]}
        if page["next"] is None:
            return found
        before = {"before": page["next"]}


async def test_an_outcome_becomes_an_evaluation(
    installation: Installation, media: FakeMedia, tom: httpx2.AsyncClient
) -> None:
    call = await evaluated(installation, media, "tom.agent")
    row = (await listed(tom))[call.call_id]
    assert row["agent"]["name"] == "Tom Hayes"
    assert (row["total"], row["reason"], row["flags"], row["duration_s"]) == (84, None, 1, 30)
    assert (row["playbook"], row["playbook_version"]) == ("gp-reception", 1)
    assert row["coverage"] == pytest.approx(0.93)
    assert row["started_at"].endswith(":00Z")
    assert (row["state"], row["revised_total"]) == ("submitted", None)

    full = (await tom.get(f"/api/evaluations/{row['id']}")).json()
    assert {name: full[name] for name in row if name != "flags"} == {n: v for n, v in row.items() if n != "flags"}
    assert full["flags"] == [{"code": "card_digits_requested", "severity": "critical", "about": "conduct"}]
    assert [criterion["criterion"] for criterion in full["criteria"]] == ["greeting", "identity_check"]
    assert full["criteria"][0] == {
        "criterion": "greeting",
        "label": "Greets the caller",
        "weight": 10,
        "state": "met",
        "hits": 1,
        "leg": "agent",
        "first_bucket": 0,
        "points": 10.0,
        "option": None,
        "reason": None,
        "automatic_fail": "none",
    }
    assert full["receipt"] == msgspec.to_builtins(a_receipt(call.call_id))
    assert is_sealed(msgspec.convert(full["receipt"], PurgeReceipt)), "anybody can check it"


async def test_a_call_that_was_not_scored_says_why(
    installation: Installation, media: FakeMedia, tom: httpx2.AsyncClient
) -> None:
    call = await answered_call(installation, "tom.agent")
    await media.report(an_outcome(call.call_id, str(RIVERSIDE.id)))
    row = (await listed(tom))[call.call_id]
    assert (row["total"], row["reason"]) == (None, "too short")


async def test_an_outcome_that_is_repeated_is_stored_once(
    installation: Installation, media: FakeMedia, tom: httpx2.AsyncClient
) -> None:
    call = await answered_call(installation, "tom.agent")
    outcome = an_outcome(call.call_id, str(RIVERSIDE.id), scored())
    other = await installation.media_bus()
    try:
        assert await asyncio.gather(*(media.report(outcome) for _ in range(5))) == [Done()] * 5
        changed = an_outcome(call.call_id, str(RIVERSIDE.id), scored(total=1))
        assert await other.request("calls.outcome", changed) == Done()
    finally:
        await other.close()
    async with installation.rows(RIVERSIDE.id) as rows:
        for table in ("evaluation", "purge_receipt"):
            query = f"SELECT count(*) FROM {table} WHERE call_id = $1"  # noqa: S608  # names above
            assert await rows.fetchval(query, UUID(call.call_id)) == 1
    assert (await listed(tom))[call.call_id]["total"] == 84


async def test_an_outcome_of_no_call_of_that_practice_is_refused(installation: Installation, media: FakeMedia) -> None:
    call = await answered_call(installation, "tom.agent")
    for call_id, practice_id in ((call.call_id, HARBOUR.id), (str(uuid4()), RIVERSIDE.id)):
        reply = await media.report(an_outcome(call_id, str(practice_id), scored()))
        assert isinstance(reply, Refusal)
        assert reply.code == "unknown_call"
    malformed = await media.report(an_outcome("17", str(RIVERSIDE.id)))
    assert isinstance(malformed, Refusal)
    assert malformed.code == "malformed_request"


async def test_an_unanswered_call_leaves_a_receipt_and_no_evaluation(
    installation: Installation, media: FakeMedia
) -> None:
    call = await ringing_call(installation)
    assert await media.report(an_outcome(call.call_id, str(RIVERSIDE.id))) == Done()
    async with installation.rows(RIVERSIDE.id) as rows:
        call_id = UUID(call.call_id)
        assert await rows.fetchval("SELECT count(*) FROM purge_receipt WHERE call_id = $1", call_id) == 1
        assert await rows.fetchval("SELECT count(*) FROM evaluation WHERE call_id = $1", call_id) == 0


async def test_who_sees_an_evaluation(installation: Installation, media: FakeMedia, tom: httpx2.AsyncClient) -> None:
    of_tom = await evaluated(installation, media, "tom.agent")
    of_asha = await evaluated(installation, media, "asha.agent")
    rows = await listed(tom)
    assert of_tom.call_id in rows
    assert of_asha.call_id not in rows
    async with (
        installation.as_person("maria.manager") as manager,
        installation.as_person("asha.agent") as asha,
        installation.as_person("hugo.manager") as elsewhere,
    ):
        of_practice = await listed(manager)
        assert {of_tom.call_id, of_asha.call_id} <= of_practice.keys()
        address = f"/api/evaluations/{of_practice[of_tom.call_id]['id']}"
        assert (await manager.get(address)).status_code == 200
        assert (await tom.get(address)).status_code == 200
        assert problem(await asha.get(address)) == (404, "unknown-evaluation")
        assert await listed(elsewhere) == {}
        assert problem(await elsewhere.get(address)) == (404, "unknown-evaluation")


async def test_pages_lose_nothing(installation: Installation, media: FakeMedia) -> None:
    calls = {(await evaluated(installation, media, "tom.agent")).call_id for _ in range(4)}
    ids = [UUID(call_id) for call_id in sorted(calls)]
    async with installation.rows(RIVERSIDE.id) as rows:
        # two in the same minute, across the edge of a page of one
        for call_id, minutes in zip(ids, (1, 1, 2, 3), strict=True):
            started = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=minutes)
            await rows.execute("UPDATE call SET started_at = $2 WHERE id = $1", call_id, started)
    async with installation.as_person("maria.manager") as manager:
        first = (await manager.get("/api/evaluations", params={"limit": 1})).json()
        assert len(first["items"]) >= 1
        assert calls <= (await listed(manager, limit=1)).keys()
        starts = [item["started_at"] for item in (await manager.get("/api/evaluations")).json()["items"]]
    assert starts == sorted(starts, reverse=True)


async def test_a_monitoring_call_is_kept_apart(
    installation: Installation, media: FakeMedia, anybody: httpx2.AsyncClient, tom: httpx2.AsyncClient
) -> None:
    async with installation.as_monitor() as monitor, installation.as_person("maria.manager") as manager:
        call = await place(anybody, (await monitor.get("/api/monitor")).json()["link"])
        await join(anybody, call)
        await answer(monitor, call)
        address = f"/api/calls/{call.call_id}/outcome"
        assert problem(await monitor.get(address)) == (404, "no-outcome-yet")
        await media.report(an_outcome(call.call_id, str(RIVERSIDE.id), scored()))
        outcome = (await monitor.get(address)).json()
        assert (outcome["total"], outcome["agent"]["name"]) == (84, "Monitor")
        assert call.call_id not in await listed(manager)
        assert call.call_id in await listed(manager, monitor=True)
        assert call.call_id not in await listed(tom, monitor=True)

        real = await evaluated(installation, media, "tom.agent")
        assert problem(await monitor.get(f"/api/calls/{real.call_id}/outcome")) == (404, "no-outcome-yet")
