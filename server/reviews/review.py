"""What a score comes to once agent and manager have spoken. Pure: from the score and the steps taken since.

submitted -> in_review: a criterion is contested -> upheld or revised: every contest is decided. acknowledged: the agent
has read what there is; a contest after that opens the review again. The score itself never changes.

A criterion may be a candidate for failing the whole call. A machine only names it: until a person has confirmed or
dismissed it the score is in review too (EU AI Act, Regulation (EU) 2024/1689, Art. 14).
"""

from collections.abc import Collection, Sequence

from rtc.coaching.totals import as_state, total_of
from rtc.messages import AutomaticFail, CriterionResult
from server.errors import Problem
from server.scores.schemas import (
    Contest,
    Decision,
    FailConfirmed,
    FailDismissed,
    ReviewState,
    ReviewStep,
    Revised,
)


def state_of(steps: Sequence[ReviewStep], candidates: Collection[str]) -> ReviewState:
    """`candidates`: criteria that the machine named as failing the whole call."""
    kinds = {step.kind for step in steps}
    if open_contests(steps) or fail_of(steps, candidates) == "candidate":
        return "in_review"
    if steps and steps[-1].kind == "acknowledged":
        return "acknowledged"
    if kinds & {"revised", "fail_confirmed"}:
        return "revised"
    return "upheld" if kinds & {"upheld", "fail_dismissed"} else "submitted"


def open_contests(steps: Sequence[ReviewStep]) -> set[str]:
    """Criteria that are contested and not decided."""
    return _criteria(steps, "contested") - _criteria(steps, "upheld", "revised")


def fail_of(steps: Sequence[ReviewStep], candidates: Collection[str]) -> AutomaticFail:
    """What has become of the candidates. A criterion that was revised is none any more."""
    left = {*candidates} - _criteria(steps, "revised")
    if left & _criteria(steps, "fail_confirmed"):
        return "confirmed"
    return "candidate" if left - _criteria(steps, "fail_dismissed") else "none"


def candidates_of(criteria: Sequence[CriterionResult]) -> set[str]:
    return {one.criterion for one in criteria if one.automatic_fail == "candidate"}


def as_revised(criteria: Sequence[CriterionResult], steps: Sequence[ReviewStep]) -> list[CriterionResult]:
    """The criteria as they count now. The evidence stays: it is what was heard."""
    states = {step.criterion: step.state for step in steps if step.kind == "revised"}
    return [as_state(one, states.get(one.criterion) or one.state) for one in criteria]


def revised_total(total: int | None, criteria: Sequence[CriterionResult], steps: Sequence[ReviewStep]) -> int | None:
    """0 where a person has failed the call. Else None unless a criterion of a scored call was revised, or when nothing
    applies any more."""
    if total is not None and fail_of(steps, candidates_of(criteria)) == "confirmed":
        return 0
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


def refuse_decision(decision: Decision, criteria: Sequence[CriterionResult], steps: Sequence[ReviewStep]) -> None:
    """Raises Problem `nothing-to-decide`, `contest-comes-first` or `nothing-revised`."""
    contested = decision.criterion in open_contests(steps)
    if isinstance(decision, FailConfirmed | FailDismissed):
        if fail_of(_about(steps, decision.criterion), candidates_of(criteria) & {decision.criterion}) != "candidate":
            raise Problem("nothing-to-decide")
        if contested:
            raise Problem("contest-comes-first")
        return
    if not contested:
        raise Problem("nothing-to-decide")
    before = next(one.state for one in criteria if one.criterion == decision.criterion)
    if isinstance(decision, Revised) and decision.state == before:
        raise Problem("nothing-revised")


def _about(steps: Sequence[ReviewStep], criterion: str) -> list[ReviewStep]:
    return [step for step in steps if step.criterion == criterion]


def _criteria(steps: Sequence[ReviewStep], *kinds: str) -> set[str]:
    return {step.criterion for step in steps if step.kind in kinds and step.criterion is not None}
