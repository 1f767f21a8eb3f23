"""Who may see which evaluation, and say what about it.

An agent sees and contests their own; a manager sees the practice's and decides, but never about themselves; nobody
sees another practice's.
"""

from datetime import datetime
from uuid import UUID

from server.auth.access import Principal, SignedIn
from server.database import Database
from server.errors import Problem
from server.reviews import review
from server.reviews import store as reviews
from server.scores import store
from server.scores.schemas import (
    Answerer,
    Contest,
    Decision,
    Evaluation,
    EvaluationPage,
    EvaluationRow,
    FailConfirmed,
    FailDismissed,
    ReviewStep,
    Revised,
    Upheld,
)

KINDS: dict[type[Decision], str] = {
    Upheld: "upheld",
    Revised: "revised",
    FailConfirmed: "fail_confirmed",
    FailDismissed: "fail_dismissed",
}


async def page(
    database: Database, person: SignedIn, limit: int, before: datetime | None, monitor: bool, only_in_review: bool
) -> EvaluationPage:
    of_whom = None if _sees_all(person) else person.person_id
    async with database.practice(person.practice_id):
        in_review = await reviews.in_review(of_whom)
        if only_in_review and not in_review:
            return EvaluationPage([], None, 0)
        found = await store.list_evaluations(limit, before, of_whom, monitor, in_review if only_in_review else None)
        ids = [row.id for row in found]
        flags = await store.count_flags(ids)
        steps = await reviews.steps_of(ids)
        candidates = await reviews.candidates_of(ids)
        revised = {row.id: await _revised_total(row, steps.get(row.id, [])) for row in found}
    items = [
        EvaluationRow(
            id=row.id,
            call_id=row.call_id,
            agent=_answerer(row),
            started_at=_utc(row.started_at),
            duration_s=row.duration_s or 0,
            playbook=row.playbook,
            playbook_version=row.playbook_version,
            playbook_own=row.version_id is not None,
            total=row.total,
            reason=row.reason,
            coverage=row.coverage,
            flags=flags.get(row.id, 0),
            state=review.state_of(steps.get(row.id, []), candidates.get(row.id, ())),
            revised_total=revised[row.id],
            automatic_fail=review.fail_of(steps.get(row.id, []), candidates.get(row.id, ())),
        )
        for row in found
    ]
    return EvaluationPage(items, items[-1].started_at if len(items) >= limit else None, len(in_review))


async def one(database: Database, person: SignedIn, evaluation_id: UUID) -> Evaluation:
    """Raises Problem `unknown-evaluation`, also for one this person may not see: its existence is not told."""
    async with database.practice(person.practice_id):
        found = await store.get_evaluation(evaluation_id)
        if found is None or not (_sees_all(person) or _is_of(found, person)):
            raise Problem("unknown-evaluation")
        return await _in_full(found)


async def outcome_of(database: Database, principal: Principal, call_id: UUID) -> Evaluation:
    """Of a call this person or program answered. Raises Problem `no-outcome-yet`."""
    async with database.practice(principal.practice_id):
        found = await store.evaluation_of_call(call_id)
        if found is None or not _is_of(found, principal):
            raise Problem("no-outcome-yet")
        return await _in_full(found)


async def contest(database: Database, person: SignedIn, evaluation_id: UUID, contested: Contest) -> Evaluation:
    """Raises Problem `unknown-evaluation`, `not-your-call`, `nothing-to-contest` or `already-contested`."""
    async with database.practice(person.practice_id):
        found, steps = await _locked(person, evaluation_id)
        if not _is_of(found, person):
            raise Problem("not-your-call")
        review.refuse_contest(contested, await store.criteria_of(found.id), steps)
        code = contested.reason
        await _add(person, found, steps, "contested", criterion=contested.criterion, code=code)
        return await _in_full(found)


async def decide(database: Database, person: SignedIn, evaluation_id: UUID, decision: Decision) -> Evaluation:
    """Raises Problem `unknown-evaluation`, `own-evaluation`, `nothing-to-decide`, `contest-comes-first` or
    `nothing-revised`."""
    async with database.practice(person.practice_id):
        found, steps = await _locked(person, evaluation_id)
        if _is_of(found, person):
            raise Problem("own-evaluation")
        review.refuse_decision(decision, await store.criteria_of(found.id), steps)
        state = decision.state if isinstance(decision, Revised) else None
        await _add(
            person,
            found,
            steps,
            KINDS[type(decision)],
            criterion=decision.criterion,
            code=decision.rationale,
            state=state,
        )
        return await _in_full(found)


async def acknowledge(database: Database, person: SignedIn, evaluation_id: UUID) -> Evaluation:
    """Raises Problem `unknown-evaluation`, `not-your-call` or `still-in-review`. May be repeated."""
    async with database.practice(person.practice_id):
        found, steps = await _locked(person, evaluation_id)
        if not _is_of(found, person):
            raise Problem("not-your-call")
        state = review.state_of(steps, review.candidates_of(await store.criteria_of(found.id)))
        if state == "in_review":
            raise Problem("still-in-review")
        if state != "acknowledged":
            await _add(person, found, steps, "acknowledged")
        return await _in_full(found)


async def _locked(person: SignedIn, evaluation_id: UUID) -> tuple[store.Found, list[ReviewStep]]:
    """The evaluation and its review, which nobody else changes until the end of the transaction."""
    found = await store.get_evaluation(evaluation_id)
    if found is None or not (_sees_all(person) or _is_of(found, person)):
        raise Problem("unknown-evaluation")
    await store.lock_call(found.call_id)
    steps = await reviews.steps_of([found.id])
    return found, steps.get(found.id, [])


async def _add(person: SignedIn, found: store.Found, steps: list[ReviewStep], kind: str, **said: str | None) -> None:
    await reviews.add_step(person.practice_id, found.id, len(steps), person.person_id, kind, **said)


async def _revised_total(found: store.Found, steps: list[ReviewStep]) -> int | None:
    if not any(step.kind in ("revised", "fail_confirmed") for step in steps):
        return None
    return review.revised_total(found.total, await store.criteria_of(found.id), steps)


async def _in_full(found: store.Found) -> Evaluation:
    receipt = await store.receipt_of(found.call_id)
    if receipt is None:
        raise Problem("unknown-evaluation")
    steps = (await reviews.steps_of([found.id])).get(found.id, [])
    criteria = await store.criteria_of(found.id)
    candidates = review.candidates_of(criteria)
    return Evaluation(
        id=found.id,
        call_id=found.call_id,
        agent=_answerer(found),
        started_at=_utc(found.started_at),
        duration_s=found.duration_s or 0,
        playbook=found.playbook,
        playbook_version=found.playbook_version,
        playbook_own=found.version_id is not None,
        total=found.total,
        reason=found.reason,
        coverage=found.coverage,
        flags=await store.flags_of(found.id),
        criteria=criteria,
        receipt=receipt,
        state=review.state_of(steps, candidates),
        revised_total=review.revised_total(found.total, criteria, steps),
        automatic_fail=review.fail_of(steps, candidates),
        review=steps,
    )


def _sees_all(person: SignedIn) -> bool:
    return "manager" in person.roles


def _is_of(found: store.Found, principal: Principal) -> bool:
    if isinstance(principal, SignedIn):
        return found.person_id == principal.person_id
    return found.account_id == principal.account_id


def _answerer(found: store.Found) -> Answerer:
    """Evaluations are made of answered calls only, so one of the two is there."""
    answerer_id = found.person_id or found.account_id
    if answerer_id is None:
        raise Problem("internal")
    return Answerer(answerer_id, found.person_name or found.account_name or "")


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
