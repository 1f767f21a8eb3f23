"""A total out of criteria, and what a person makes of one. Apart from scoring.py, which needs a whole playbook."""

from msgspec import structs

from rtc.messages import CriterionResult, CriterionState


def as_state(result: CriterionResult, state: CriterionState) -> CriterionResult:
    """The same criterion as a person judges it: all of its weight, none of it, or it does not count."""
    if state == result.state:
        return result
    points: dict[CriterionState, float] = {"met": float(result.weight), "not_met": 0.0}
    return structs.replace(
        result, state=state, points=points.get(state), option=None, reason=None, automatic_fail="none"
    )


def total_of(criteria: list[CriterionResult]) -> int | None:
    """0 to 100, or None when nothing applied."""
    counting = [one for one in criteria if one.points is not None]
    if not counting:
        return None
    reached = sum(one.points for one in counting if one.points is not None)
    return int(100 * reached / sum(one.weight for one in counting) + 0.5)
