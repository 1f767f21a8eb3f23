"""What a score comes to once agent and manager have spoken. Pure: from the score and the steps taken since.

submitted -> in_review: a criterion is contested -> upheld or revised: every contest is decided. acknowledged: the agent
has read what there is; a contest after that opens the review again. The score itself never changes.
"""

from collections.abc import Sequence

from rtc.coaching.scoring import as_state, total_of
from rtc.messages import CriterionResult
from server.errors import Problem
from server.scores.schemas import (
    Contest,
    ReviewState,
    ReviewStep,
    Revised,
    Upheld,
)


def state_of(steps: Sequence[ReviewStep]) -> ReviewState:
    kinds = [step.kind for step in steps]
    if open_contests(steps):
        return "in_review"
    if kinds and kinds[-1] == "acknowledged":
        return "acknowledged"
    return "revised" if "revised" in kinds else "upheld" if "upheld" in kinds else "submitted"


def open_contests(steps: Sequence[ReviewStep]) -> set[str]:
    """Criteria that are contested and not decided."""
    return _criteria(steps, "contested") - _criteria(steps, "upheld", "revised")


def as_revised(criteria: Sequence[CriterionResult], steps: Sequence[ReviewStep]) -> list[CriterionResult]:
    """The criteria as they count now. The evidence stays: it is what was heard."""
    states = {step.criterion: step.state for step in steps if step.kind == "revised"}
    return [as_state(one, states.get(one.criterion) or one.state) for one in criteria]


def revised_total(total: int | None, criteria: Sequence[CriterionResult], steps: Sequence[ReviewStep]) -> int | None:
    """None unless a criterion of a scored call was revised, or when nothing applies any more."""
    if total is None or not _criteria(steps, "revised"):
        return None
    return total_of(as_revised(criteria, steps))


def refuse_contest(contest: Contest, criteria: Sequence[CriterionResult], steps: Sequence[ReviewStep]) -> None:
    """Raises Problem `nothing-to-contest` or `already-contested`."""
    judged = {one.criterion for one in criteria if one.state != "open"}
    if contest.criterion not in judged:
        raise Problem("nothing-to-contest")
    if contest.criterion in _criteria(steps, "contested"):
        raise Problem("already-contested")


def refuse_decision(
    decision: Upheld | Revised, criteria: Sequence[CriterionResult], steps: Sequence[ReviewStep]
) -> None:
    """Raises Problem `nothing-to-decide` or `nothing-revised`."""
    if decision.criterion not in open_contests(steps):
        raise Problem("nothing-to-decide")
    before = next(one.state for one in criteria if one.criterion == decision.criterion)
    if isinstance(decision, Revised) and decision.state == before:
        raise Problem("nothing-revised")


def _criteria(steps: Sequence[ReviewStep], *kinds: str) -> set[str]:
    return {step.criterion for step in steps if step.kind in kinds and step.criterion is not None}
