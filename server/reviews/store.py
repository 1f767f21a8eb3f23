"""Rows of reviews: steps that are added, never changed. Callers open the transaction."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from server.scores.schemas import ReviewStep
from server.tables import CriterionOutcome
from server.tables import ReviewStep as Step

IN_REVIEW = """
WITH waiting AS (
  SELECT evaluation_id, criterion, ARRAY['upheld', 'revised'] AS answers FROM review_step WHERE kind = 'contested'
  UNION ALL
  SELECT evaluation_id, criterion, ARRAY['fail_confirmed', 'fail_dismissed', 'revised']
  FROM criterion_result WHERE automatic_fail = 'candidate'
)
SELECT DISTINCT w.evaluation_id FROM waiting w
JOIN evaluation e ON e.id = w.evaluation_id JOIN call c ON c.id = e.call_id
WHERE ({}::uuid IS NULL OR c.person_id = {}::uuid) AND c.monitor = false AND NOT EXISTS (
  SELECT FROM review_step s
  WHERE s.evaluation_id = w.evaluation_id AND s.criterion = w.criterion AND s.kind = ANY (w.answers)
)
"""


async def in_review(person_id: UUID | None) -> list[UUID]:
    """Evaluations in which a person has to decide something, of one agent or of all. No monitoring calls."""
    return [row["evaluation_id"] for row in await Step.raw(IN_REVIEW, person_id, person_id)]


async def candidates_of(evaluation_ids: list[UUID]) -> dict[UUID, set[str]]:
    """For each evaluation that has any, the criteria that a machine named as failing the whole call."""
    found: dict[UUID, set[str]] = {}
    if not evaluation_ids:
        return found
    rows = await CriterionOutcome.select(CriterionOutcome.evaluation_id, CriterionOutcome.criterion).where(
        CriterionOutcome.evaluation_id.is_in(evaluation_ids) & (CriterionOutcome.automatic_fail == "candidate")
    )
    for row in rows:
        found.setdefault(row["evaluation_id"], set()).add(row["criterion"])
    return found


async def steps_of(evaluation_ids: list[UUID]) -> dict[UUID, list[ReviewStep]]:
    """For each evaluation that has any, in the order they were taken."""
    found: dict[UUID, list[ReviewStep]] = {}
    if not evaluation_ids:
        return found
    rows: list[dict[str, Any]] = (
        await Step.select(
            Step.evaluation_id,
            Step.kind,
            Step.criterion,
            Step.code,
            Step.state,
            Step.person_id._.name.as_alias("by"),
            Step.at,
        )
        .where(Step.evaluation_id.is_in(evaluation_ids))
        .order_by(Step.evaluation_id, Step.position)
    )
    for row in rows:
        evaluation_id, at = row.pop("evaluation_id"), row.pop("at")
        found.setdefault(evaluation_id, []).append(ReviewStep(**row, at=at.strftime("%Y-%m-%dT%H:%M:%SZ")))
    return found


async def add_step(
    practice_id: UUID,
    evaluation_id: UUID,
    position: int,
    person_id: UUID,
    kind: str,
    criterion: str | None = None,
    code: str | None = None,
    state: str | None = None,
) -> None:
    """The evaluation's call is locked: nobody else takes this position."""
    await Step.insert(
        Step(
            id=uuid4(),
            practice_id=practice_id,
            evaluation_id=evaluation_id,
            position=position,
            kind=kind,
            criterion=criterion,
            code=code,
            state=state,
            person_id=person_id,
            at=datetime.now(UTC).replace(second=0, microsecond=0),
        )
    )
