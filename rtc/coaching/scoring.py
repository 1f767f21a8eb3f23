"""The score of a finished call: the weights of what was met, over the weights of what applied."""

from rtc.coaching.checklist import ChecklistEngine
from rtc.coaching.hearing import Heard
from rtc.coaching.playbook import Playbook
from rtc.coaching.totals import total_of
from rtc.messages import Flag, Leg, Scorecard

UNDERSTOOD_CONFIDENCE = 0.5
"""Less is heard, but not understood: see rtc/speech/leg.py, where the same line is drawn for coverage."""


class Understanding:
    """Per call: how much of each side's speech was understood."""

    def __init__(self, playbook: Playbook) -> None:
        self._spoken: dict[Leg, float] = {}
        self._understood: dict[Leg, float] = {}
        self._legs = {
            name: playbook.rules.leg_of([*criterion.met_by, *criterion.broken_by])
            for name, criterion in playbook.criteria.items()
        }

    def heard(self, final: Heard) -> None:
        length = max(0.0, final.end - final.start)
        self._spoken[final.leg] = self._spoken.get(final.leg, 0.0) + length
        if final.confidence >= UNDERSTOOD_CONFIDENCE:
            self._understood[final.leg] = self._understood.get(final.leg, 0.0) + length

    def share(self, criterion: str) -> float:
        """Of the speech that the criterion depends on, 0 to 1; 1 where nothing was said."""
        leg = self._legs[criterion]
        spoken = sum(seconds for side, seconds in self._spoken.items() if leg in (None, side))
        understood = sum(seconds for side, seconds in self._understood.items() if leg in (None, side))
        return understood / spoken if spoken else 1.0


def scorecard(
    playbook: Playbook,
    checklist: ChecklistEngine,
    understanding: Understanding,
    met: set[str],
    duration_s: float,
    coverage: float,
) -> Scorecard:
    """`met`: names of all conditions met in the call. `coverage`: share of speech understood, 0 to 1.

    A call that was too short or not understood gets no total, and what was not heard stays open:
    nobody is marked down for words the recogniser may have missed.
    """
    reason = _not_scored(playbook, duration_s, coverage)
    criteria = checklist.results(reason is None, understanding.share)
    total = None if reason else total_of(criteria)
    if reason is None and total is None:
        reason = "Nothing in the playbook applied to this call."
    flags = [
        Flag(code, flag.severity, flag.about)
        for code, flag in playbook.flags.items()
        if any(condition in met for condition in flag.raised_by)
    ]
    failing = total is not None and any(one.automatic_fail == "candidate" for one in criteria)
    return Scorecard(
        total=total,
        reason=reason,
        coverage=round(coverage, 3),
        criteria=criteria,
        flags=flags,
        automatic_fail="candidate" if failing else "none",
    )


def _not_scored(playbook: Playbook, duration_s: float, coverage: float) -> str | None:
    if duration_s < playbook.min_duration_s:
        return f"Not scored: shorter than {playbook.min_duration_s:g} seconds."
    if coverage < playbook.min_coverage:
        return f"Not scored: only {coverage:.0%} of the speech was understood, {playbook.min_coverage:.0%} is needed."
    return None
