"""A score can be contested by the one it is about, and is answered by another; what was written first stays."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx2
import msgspec
import pytest

from rtc.messages import Done
from server.demo import RIVERSIDE
from tests.support.fake_media import FakeMedia, an_outcome
from tests.support.installation import Installation
from tests.support.signalling import answered_call, problem, scored

Client = httpx2.AsyncClient

GREETING_LOST = {"outcome": "revised", "criterion": "greeting", "rationale": "account_accepted", "state": "not_met"}
IDENTITY_MET = {
    "outcome": "revised",
    "criterion": "identity_check",
    "rationale": "recognition_at_fault",
    "state": "met",
}
UPHELD = {"outcome": "upheld", "criterion": "identity_check", "rationale": "evidence_stands"}


@pytest.fixture
async def maria(installation: Installation) -> AsyncIterator[Client]:
    async with installation.as_person("maria.manager") as client:
        yield client


@pytest.fixture
async def evaluation(installation: Installation, media: FakeMedia, tom: Client) -> str:
    """Of a call of Tom's: greeting met (10), identity_check not met (15), total as reported 40."""
    call = await answered_call(installation, "tom.agent")
    assert await media.report(an_outcome(call.call_id, str(RIVERSIDE.id), scored(40))) == Done()
    found = await tom.get(f"/api/calls/{call.call_id}/outcome")
    return str(found.json()["id"])


async def contest(client: Client, evaluation: str, criterion: str, reason: str = "misheard") -> httpx2.Response:
    body = {"criterion": criterion, "reason": reason}
    return await client.post(f"/api/evaluations/{evaluation}/contests", json=body)


async def decide(client: Client, evaluation: str, decision: dict[str, str]) -> httpx2.Response:
    return await client.post(f"/api/evaluations/{evaluation}/decisions", json=decision)


async def acknowledge(client: Client, evaluation: str) -> httpx2.Response:
    return await client.post(f"/api/evaluations/{evaluation}/acknowledgement")


async def seen(client: Client, evaluation: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/api/evaluations/{evaluation}")).json()
    return found


async def row(client: Client, evaluation: str, **query: Any) -> dict[str, Any] | None:
    items = (await client.get("/api/evaluations", params={"limit": 200, **query})).json()["items"]
    return next((item for item in items if item["id"] == evaluation), None)


async def test_a_revised_criterion_changes_the_total_and_both_are_shown(
    evaluation: str, tom: Client, maria: Client
) -> None:
    contested = await contest(tom, evaluation, "identity_check")
    assert contested.status_code == 201, contested.text
    assert contested.json()["state"] == "in_review"
    [step] = (await seen(maria, evaluation))["review"]
    assert {name: step[name] for name in ("kind", "criterion", "code", "state", "by")} == {
        "kind": "contested",
        "criterion": "identity_check",
        "code": "misheard",
        "state": None,
        "by": "Tom Hayes",
    }
    assert step["at"].endswith(":00Z"), "to the minute"

    decided = await decide(maria, evaluation, IDENTITY_MET)
    assert decided.status_code == 201, decided.text
    full = await seen(tom, evaluation)
    assert (full["state"], full["total"], full["revised_total"]) == ("revised", 40, 100)
    assert [one["state"] for one in full["criteria"]] == ["met", "not_met"], "as it was first"
    assert [(one["kind"], one["code"], one["state"], one["by"]) for one in full["review"]] == [
        ("contested", "misheard", None, "Tom Hayes"),
        ("revised", "recognition_at_fault", "met", "Maria Doyle"),
    ]
    listed = await row(maria, evaluation)
    assert listed is not None
    assert (listed["state"], listed["total"], listed["revised_total"]) == ("revised", 40, 100)


async def test_an_upheld_result_stays(evaluation: str, tom: Client, maria: Client) -> None:
    await contest(tom, evaluation, "identity_check")
    await decide(maria, evaluation, UPHELD)
    full = await seen(tom, evaluation)
    assert (full["state"], full["total"], full["revised_total"]) == ("upheld", 40, None)


async def test_a_revision_can_take_points_or_the_criterion_away(evaluation: str, tom: Client, maria: Client) -> None:
    await contest(tom, evaluation, "greeting", "other_speaker")
    await decide(maria, evaluation, GREETING_LOST)
    assert (await seen(tom, evaluation))["revised_total"] == 0
    await contest(tom, evaluation, "identity_check", "something_urgent")
    assert (await seen(tom, evaluation))["state"] == "in_review", "until every contest is decided"
    gone = {**IDENTITY_MET, "rationale": "did_not_apply", "state": "not_applicable"}
    await decide(maria, evaluation, gone)
    full = await seen(tom, evaluation)
    assert (full["state"], full["revised_total"]) == ("revised", 0)


async def test_the_agent_acknowledges_and_may_still_contest(evaluation: str, tom: Client, maria: Client) -> None:
    assert (await acknowledge(tom, evaluation)).json()["state"] == "acknowledged"
    assert (await acknowledge(tom, evaluation)).json()["state"] == "acknowledged"
    assert [step["kind"] for step in (await seen(tom, evaluation))["review"]] == ["acknowledged"]
    await contest(tom, evaluation, "greeting")
    assert problem(await acknowledge(tom, evaluation)) == (409, "still-in-review")
    await decide(maria, evaluation, {**UPHELD, "criterion": "greeting"})
    assert (await acknowledge(tom, evaluation)).json()["state"] == "acknowledged"


async def test_each_criterion_is_contested_and_decided_once(evaluation: str, tom: Client, maria: Client) -> None:
    assert problem(await decide(maria, evaluation, UPHELD)) == (409, "nothing-to-decide")
    await contest(tom, evaluation, "identity_check")
    assert problem(await contest(tom, evaluation, "identity_check")) == (409, "already-contested")
    same = {**IDENTITY_MET, "state": "not_met"}
    assert problem(await decide(maria, evaluation, same)) == (409, "nothing-revised")
    await decide(maria, evaluation, UPHELD)
    assert problem(await decide(maria, evaluation, IDENTITY_MET)) == (409, "nothing-to-decide")
    assert problem(await contest(tom, evaluation, "identity_check")) == (409, "already-contested")
    assert problem(await contest(tom, evaluation, "made_up")) == (409, "nothing-to-contest")


async def test_two_at_once_take_one_step(evaluation: str, tom: Client, maria: Client) -> None:
    answers = await asyncio.gather(*(contest(tom, evaluation, "greeting") for _ in range(4)))
    assert sorted(answered.status_code for answered in answers) == [201, 409, 409, 409]
    decisions = await asyncio.gather(*(decide(maria, evaluation, GREETING_LOST) for _ in range(4)))
    assert sorted(answered.status_code for answered in decisions) == [201, 409, 409, 409]


async def test_only_whose_call_it_was_contests(installation: Installation, evaluation: str, maria: Client) -> None:
    async with installation.as_person("asha.agent") as asha, installation.as_person("ben.agent") as elsewhere:
        for stranger in (asha, elsewhere):
            assert problem(await contest(stranger, evaluation, "greeting")) == (404, "unknown-evaluation")
            assert problem(await acknowledge(stranger, evaluation)) == (404, "unknown-evaluation")
    async with installation.as_person("hugo.manager") as elsewhere:
        assert problem(await decide(elsewhere, evaluation, UPHELD)) == (404, "unknown-evaluation")
    assert problem(await contest(maria, evaluation, "greeting")) == (403, "not-allowed")


async def test_nobody_decides_about_themselves(installation: Installation, evaluation: str, tom: Client) -> None:
    """Tom becomes a manager too; Asha's calls he may decide, his own he may not. And contesting is not for managers."""
    await contest(tom, evaluation, "greeting")
    async with installation.rows(RIVERSIDE.id) as rows:
        await rows.execute("UPDATE person SET roles = '{agent,manager}' WHERE name IN ('Tom Hayes', 'Asha Patel')")
    try:
        async with installation.as_person("asha.agent") as asha:
            assert problem(await contest(asha, evaluation, "identity_check")) == (403, "not-your-call")
            assert problem(await acknowledge(asha, evaluation)) == (403, "not-your-call")
            assert problem(await decide(tom, evaluation, GREETING_LOST)) == (403, "own-evaluation")
            assert (await decide(asha, evaluation, GREETING_LOST)).status_code == 201
    finally:
        async with installation.rows(RIVERSIDE.id) as rows:
            await rows.execute("UPDATE person SET roles = '{agent}' WHERE name IN ('Tom Hayes', 'Asha Patel')")


async def test_what_was_not_judged_cannot_be_contested(
    installation: Installation, media: FakeMedia, tom: Client
) -> None:
    call = await answered_call(installation, "tom.agent")
    await media.report(an_outcome(call.call_id, str(RIVERSIDE.id)))
    unscored = (await tom.get(f"/api/calls/{call.call_id}/outcome")).json()["id"]
    assert problem(await contest(tom, unscored, "greeting")) == (409, "nothing-to-contest")


@pytest.mark.parametrize(
    "body",
    [
        {"criterion": "greeting", "reason": "the patient was rude"},
        {"criterion": "greeting", "reason": "misheard", "text": "she said"},
        {"criterion": "x" * 101, "reason": "misheard"},
        {"criterion": "greeting"},
        [],
    ],
)
async def test_a_reason_is_a_code_and_nothing_else(evaluation: str, tom: Client, body: Any) -> None:
    answered = await tom.post(f"/api/evaluations/{evaluation}/contests", json=body)
    assert problem(answered) == (400, "malformed-request")
    assert (await seen(tom, evaluation))["review"] == []


@pytest.mark.parametrize(
    "body",
    [
        {**UPHELD, "rationale": "rule_at_fault"},
        {**UPHELD, "state": "met"},
        {**IDENTITY_MET, "rationale": "evidence_stands"},
        {**IDENTITY_MET, "state": "open"},
        {"outcome": "voided", "criterion": "identity_check", "rationale": "evidence_stands"},
    ],
)
async def test_a_decision_fits_its_rationale(evaluation: str, tom: Client, maria: Client, body: Any) -> None:
    await contest(tom, evaluation, "identity_check")
    assert problem(await decide(maria, evaluation, body)) == (400, "malformed-request")
    assert (await seen(tom, evaluation))["state"] == "in_review"


async def test_a_manager_finds_what_waits_for_them(
    installation: Installation, evaluation: str, tom: Client, maria: Client
) -> None:
    before = (await maria.get("/api/evaluations")).json()["in_review"]
    assert await row(maria, evaluation, in_review=True) is None
    await contest(tom, evaluation, "greeting")
    waiting = await row(maria, evaluation, in_review=True)
    assert waiting is not None
    assert waiting["state"] == "in_review"
    assert (await maria.get("/api/evaluations")).json()["in_review"] == before + 1
    assert await row(tom, evaluation, in_review=True) is not None
    async with installation.as_person("asha.agent") as asha:
        assert await row(asha, evaluation, in_review=True) is None
        assert (await asha.get("/api/evaluations")).json()["in_review"] == 0
    await decide(maria, evaluation, {**UPHELD, "criterion": "greeting"})
    assert await row(maria, evaluation, in_review=True) is None


@pytest.fixture
async def failing(installation: Installation, media: FakeMedia, tom: Client) -> str:
    """As `evaluation`, but the machine named identity_check as failing the whole call."""
    card = scored(40)
    greeting, identity = card.criteria
    named = msgspec.structs.replace(identity, automatic_fail="candidate")
    card = msgspec.structs.replace(card, criteria=[greeting, named], automatic_fail="candidate")
    call = await answered_call(installation, "tom.agent")
    assert await media.report(an_outcome(call.call_id, str(RIVERSIDE.id), card)) == Done()
    found = await tom.get(f"/api/calls/{call.call_id}/outcome")
    return str(found.json()["id"])


FAILS = {"outcome": "fail_confirmed", "criterion": "identity_check", "rationale": "evidence_stands"}
FAILS_NOT = {"outcome": "fail_dismissed", "criterion": "identity_check", "rationale": "account_accepted"}


async def test_a_machine_fails_no_call(failing: str, tom: Client, maria: Client) -> None:
    full = await seen(tom, failing)
    assert (full["automatic_fail"], full["state"]) == ("candidate", "in_review")
    assert (full["total"], full["revised_total"]) == (40, None), "until a person has decided"
    assert problem(await acknowledge(tom, failing)) == (409, "still-in-review")
    waiting = await row(maria, failing, in_review=True)
    assert waiting is not None
    assert (waiting["automatic_fail"], waiting["state"]) == ("candidate", "in_review")


async def test_a_person_fails_it(failing: str, tom: Client, maria: Client) -> None:
    assert (await decide(maria, failing, FAILS)).status_code == 201
    full = await seen(tom, failing)
    assert (full["automatic_fail"], full["state"]) == ("confirmed", "revised")
    assert (full["total"], full["revised_total"]) == (40, 0)
    assert await row(maria, failing, in_review=True) is None
    listed = await row(maria, failing)
    assert listed is not None
    assert (listed["automatic_fail"], listed["revised_total"]) == ("confirmed", 0)
    for again in (FAILS, FAILS_NOT):
        assert problem(await decide(maria, failing, again)) == (409, "nothing-to-decide")


async def test_a_person_dismisses_it(failing: str, tom: Client, maria: Client) -> None:
    assert (await decide(maria, failing, FAILS_NOT)).status_code == 201
    full = await seen(tom, failing)
    assert (full["automatic_fail"], full["state"], full["revised_total"]) == ("none", "upheld", None)
    assert problem(await decide(maria, failing, FAILS)) == (409, "nothing-to-decide")
    assert (await acknowledge(tom, failing)).json()["state"] == "acknowledged"


async def test_a_contest_comes_first_and_may_settle_it(failing: str, tom: Client, maria: Client) -> None:
    await contest(tom, failing, "identity_check")
    assert problem(await decide(maria, failing, FAILS)) == (409, "contest-comes-first")
    await decide(maria, failing, IDENTITY_MET)
    full = await seen(tom, failing)
    assert (full["automatic_fail"], full["state"], full["revised_total"]) == ("none", "revised", 100)
    assert problem(await decide(maria, failing, FAILS)) == (409, "nothing-to-decide")


async def test_an_upheld_contest_leaves_it_to_be_decided(failing: str, tom: Client, maria: Client) -> None:
    await contest(tom, failing, "identity_check")
    await decide(maria, failing, UPHELD)
    assert (await seen(tom, failing))["state"] == "in_review"
    await decide(maria, failing, FAILS)
    assert (await seen(tom, failing))["revised_total"] == 0


async def test_a_failed_call_can_still_be_contested(failing: str, tom: Client, maria: Client) -> None:
    await decide(maria, failing, FAILS)
    assert (await contest(tom, failing, "identity_check")).json()["state"] == "in_review"
    await decide(maria, failing, IDENTITY_MET)
    full = await seen(tom, failing)
    assert (full["automatic_fail"], full["revised_total"]) == ("none", 100)


async def test_only_what_the_machine_named_can_fail_a_call(
    installation: Installation, evaluation: str, failing: str, tom: Client, maria: Client
) -> None:
    assert problem(await decide(maria, evaluation, FAILS)) == (409, "nothing-to-decide")
    assert problem(await decide(maria, failing, {**FAILS, "criterion": "greeting"})) == (409, "nothing-to-decide")
    assert problem(await decide(tom, failing, FAILS)) == (403, "not-allowed")
    async with installation.rows(RIVERSIDE.id) as rows:
        await rows.execute("UPDATE person SET roles = '{agent,manager}' WHERE name = 'Tom Hayes'")
    try:
        assert problem(await decide(tom, failing, FAILS_NOT)) == (403, "own-evaluation")
    finally:
        async with installation.rows(RIVERSIDE.id) as rows:
            await rows.execute("UPDATE person SET roles = '{agent}' WHERE name = 'Tom Hayes'")


async def test_the_outcome_is_told_to_whose_call_it_was(
    installation: Installation, media: FakeMedia, tom: Client
) -> None:
    call = await answered_call(installation, "tom.agent")
    address = f"/api/calls/{call.call_id}/outcome"
    assert problem(await tom.get(address)) == (404, "no-outcome-yet")
    await media.report(an_outcome(call.call_id, str(RIVERSIDE.id), scored()))
    assert (await tom.get(address)).json()["total"] == 84
    async with installation.as_person("asha.agent") as asha, installation.as_monitor() as monitor:
        for stranger in (asha, monitor):
            assert problem(await stranger.get(address)) == (404, "no-outcome-yet")


@pytest.mark.parametrize(
    ("kind", "criterion", "code", "state"),
    [
        ("voided", "greeting", "misheard", None),
        ("contested", None, "misheard", None),
        ("contested", "greeting", "misheard", "met"),
        ("revised", "greeting", "account_accepted", None),
        ("acknowledged", None, "misheard", None),
    ],
)
async def test_the_database_takes_no_half_step(
    installation: Installation, evaluation: str, kind: str, criterion: str | None, code: str | None, state: str | None
) -> None:
    statement = (
        "INSERT INTO review_step"
        " (id, practice_id, evaluation_id, position, kind, criterion, code, state, person_id, at)"
        " SELECT $1, $2, $3, 0, $4, $5, $6, $7, id, now() FROM person WHERE name = 'Tom Hayes'"
    )
    with pytest.raises(asyncpg.CheckViolationError):
        async with installation.rows(RIVERSIDE.id) as rows:
            await rows.execute(statement, uuid4(), RIVERSIDE.id, UUID(evaluation), kind, criterion, code, state)
