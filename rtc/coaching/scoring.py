"""The score of a finished call: the weights of what was met, over the weights of what applied."""

from rtc.coaching.checklist import ChecklistEngine
from rtc.coaching.playbook import Playbook
from rtc.messages import CriterionResult, Flag, Scorecard


def scorecard(
    playbook: Playbook, checklist: ChecklistEngine, met: set[str], duration_s: float, coverage: float
) -> Scorecard:
    """`met`: names of all conditions met in the call. `coverage`: share of speech understood, 0 to 1.

    A call that was too short or not understood gets no total, and what was not heard stays open:
    nobody is marked down for words the recogniser may have missed.
    """
    reason = _not_scored(playbook, duration_s, coverage)
    criteria = checklist.results(decided=reason is None)
    total = None if reason else total_of(criteria)
    if reason is None and total is None:
        reason = "Nothing in the playbook applied to this call."
    flags = [
        Flag(code, flag.severity, flag.about)
        for code, flag in playbook.flags.items()
        if any(condition in met for condition in flag.raised_by)
    ]
    return Scorecard(total=total, reason=reason, coverage=round(coverage, 3), criteria=criteria, flags=flags)


def _not_scored(playbook: Playbook, duration_s: float, coverage: float) -> str | None:
    if duration_s < playbook.min_duration_s:
        return f"Not scored: shorter than {playbook.min_duration_s:g} seconds."
    if coverage < playbook.min_coverage:
        return f"Not scored: only {coverage:.0%} of the speech was understood, {playbook.min_coverage:.0%} is needed."
    return None


def total_of(criteria: list[CriterionResult]) -> int | None:
    """0 to 100, or None when nothing applied."""
    applied = sum(one.weight for one in criteria if one.state in ("met", "not_met"))
    if not applied:
        return None
    met = sum(one.weight for one in criteria if one.state == "met")
    return int(100 * met / applied + 0.5)
