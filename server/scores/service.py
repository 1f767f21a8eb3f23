"""Who may see which evaluation: an agent their own, a manager the practice's, nobody another practice's."""

from datetime import datetime
from uuid import UUID

from server.auth.access import Program, SignedIn
from server.database import Database
from server.errors import Problem
from server.scores import store
from server.scores.schemas import Answerer, Evaluation, EvaluationPage, EvaluationRow


async def page(
    database: Database, person: SignedIn, limit: int, before: datetime | None, monitor: bool
) -> EvaluationPage:
    async with database.practice(person.practice_id):
        found = await store.list_evaluations(limit, before, None if _sees_all(person) else person.person_id, monitor)
        flags = await store.count_flags([row.id for row in found])
    items = [
        EvaluationRow(
            id=row.id,
            call_id=row.call_id,
            agent=_answerer(row),
            started_at=_utc(row.started_at),
            duration_s=row.duration_s or 0,
            playbook=row.playbook,
            playbook_version=row.playbook_version,
            total=row.total,
            reason=row.reason,
            coverage=row.coverage,
            flags=flags.get(row.id, 0),
        )
        for row in found
    ]
    return EvaluationPage(items, items[-1].started_at if len(items) >= limit else None)


async def one(database: Database, person: SignedIn, evaluation_id: UUID) -> Evaluation:
    """Raises Problem `unknown-evaluation`, also for one this person may not see: its existence is not told."""
    async with database.practice(person.practice_id):
        found = await store.get_evaluation(evaluation_id)
        if found is None or not (_sees_all(person) or found.person_id == person.person_id):
            raise Problem("unknown-evaluation")
        return await _in_full(found)


async def outcome_of(database: Database, program: Program, call_id: UUID) -> Evaluation:
    """Of a call this program answered. Raises Problem `no-outcome-yet`."""
    async with database.practice(program.practice_id):
        found = await store.evaluation_of_call(call_id)
        if found is None or found.account_id != program.account_id:
            raise Problem("no-outcome-yet")
        return await _in_full(found)


async def _in_full(found: store.Found) -> Evaluation:
    receipt = await store.receipt_of(found.call_id)
    if receipt is None:
        raise Problem("unknown-evaluation")
    return Evaluation(
        id=found.id,
        call_id=found.call_id,
        agent=_answerer(found),
        started_at=_utc(found.started_at),
        duration_s=found.duration_s or 0,
        playbook=found.playbook,
        playbook_version=found.playbook_version,
        total=found.total,
        reason=found.reason,
        coverage=found.coverage,
        flags=await store.flags_of(found.id),
        criteria=await store.criteria_of(found.id),
        receipt=receipt,
    )


def _sees_all(person: SignedIn) -> bool:
    return "manager" in person.roles


def _answerer(found: store.Found) -> Answerer:
    """Evaluations are made of answered calls only, so one of the two is there."""
    answerer_id = found.person_id or found.account_id
    if answerer_id is None:
        raise Problem("internal")
    return Answerer(answerer_id, found.person_name or found.account_name or "")


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
