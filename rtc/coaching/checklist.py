"""The agent's checklist: one state per criterion, moved by the conditions that were met.

applies_if not yet met: not_applicable -> open -> met
met_by:     open -> met, and stays met
broken_by:  open or met -> not_met, and stays so; kept to the end it is met. With met_by it can be met before
waived_if:  open -> not_applicable
at the end: open -> not_met, partly_met by one of its options, or insufficient where too little was understood
"""

from collections.abc import Callable

from rtc.coaching.definitions import Criterion, Option
from rtc.coaching.hearing import Met
from rtc.coaching.playbook import Playbook
from rtc.messages import Checklist, ChecklistItem, CriterionResult, CriterionState

BUCKET_SECONDS = 10
"""Evidence says in which stretch of the call something was said, not when: see CriterionResult.first_bucket."""


class ChecklistEngine:
    """Per call."""

    def __init__(self, playbook: Playbook) -> None:
        self._rows = {name: _Row(name, criterion) for name, criterion in playbook.criteria.items()}

    @property
    def items(self) -> list[ChecklistItem]:
        return [ChecklistItem(name, row.criterion.label, row.criterion.weight) for name, row in self._rows.items()]

    @property
    def states(self) -> list[Checklist]:
        """The state of every criterion now."""
        return [Checklist(name, row.state) for name, row in self._rows.items()]

    def consider(self, met: list[Met]) -> list[Checklist]:
        """The criteria whose state changed."""
        changed = []
        for name, row in self._rows.items():
            before = row.state
            for one in met:
                row.take(one)
            if row.state != before:
                changed.append(Checklist(name, row.state, row.heard_in))
        return changed

    def tick(self, names: list[str]) -> list[Checklist]:
        """Criteria that an action of a trigger counts as met."""
        changed = []
        for name in names:
            row = self._rows[name]
            before = row.state
            row.ticked = True
            if row.state != before:
                changed.append(Checklist(name, row.state))
        return changed

    def results(self, decided: bool, understood: Callable[[str], float]) -> list[CriterionResult]:
        """The rows as evidence. `decided`: the call is over and was understood, so what is open is settled.

        `understood`: the share, 0 to 1, that was understood of the speech a criterion depends on.
        """
        return [row.result(decided, understood(name)) for name, row in self._rows.items()]


class _Row:
    def __init__(self, name: str, criterion: Criterion) -> None:
        self.name = name
        self.criterion = criterion
        self.ticked = False
        self._applies = not criterion.applies_if
        self._waived = False
        self._evidence: list[Met] = []

    def take(self, met: Met) -> None:
        criterion = self.criterion
        if met.condition in criterion.applies_if:
            self._applies = True
        if met.condition in criterion.waived_if:
            self._waived = True
        if met.condition in criterion.met_by or met.condition in criterion.broken_by:
            self._evidence.append(met)

    @property
    def state(self) -> CriterionState:
        """What was done counts even where nobody asked for it any more; what was not, only where it applies."""
        criterion = self.criterion
        if any(met.condition in criterion.broken_by for met in self._evidence):
            return "not_met"
        if not self._applies:
            return "not_applicable"
        if self.ticked or (criterion.met_by and self._enough(criterion.at_least)):
            return "met"
        return "not_applicable" if self._waived else "open"

    def _enough(self, conditions: int) -> bool:
        heard = [met for met in self._evidence if met.condition in self.criterion.met_by]
        utterances = len({met.utterance for met in heard})
        return len({met.condition for met in heard}) >= conditions and utterances >= self.criterion.evidence_needed

    @property
    def heard_in(self) -> list[str]:
        """The utterances that met it or broke it."""
        settled = self.state in ("met", "not_met")
        return list(dict.fromkeys(met.utterance for met in self._evidence)) if settled else []

    def result(self, decided: bool, understood: float) -> CriterionResult:
        criterion = self.criterion
        state, option = self.state, None
        if decided and state == "open":
            option = self._option()
            state = "met" if criterion.broken_by else "partly_met" if option else "not_met"
            if state != "met" and understood < criterion.abstains_below:
                state, option = "insufficient", None
        shares: dict[CriterionState, float] = {
            "met": 1.0,
            "partly_met": option.share if option else 0.0,
            "not_met": 0.0,
        }
        evidence = self._evidence if state in shares else []  # nothing is kept of what did not apply
        first = min(evidence, key=lambda met: met.at) if evidence else None
        return CriterionResult(
            criterion=self.name,
            label=criterion.label,
            weight=criterion.weight,
            state=state,
            hits=len({met.utterance for met in evidence}),
            leg=first.leg if first else None,
            first_bucket=max(0, int(first.at // BUCKET_SECONDS)) if first else None,
            points=criterion.weight * shares[state] if state in shares else None,
            option=option.label if option else None,
            reason="speech_not_understood" if state == "insufficient" else None,
            automatic_fail="candidate" if criterion.automatic_fail and state == "not_met" else "none",
        )

    def _option(self) -> Option | None:
        """The best part of it that was reached."""
        reached = [option for option in self.criterion.options if self._enough(option.at_least)]
        return max(reached, key=lambda option: option.share, default=None)
