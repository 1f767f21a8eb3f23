"""The agent's checklist: one state per criterion, moved by the conditions that were met.

applies_if not yet met: not_applicable -> open -> met
met_by:     open -> met, and stays met
broken_by:  open -> not_met, and stays so; kept to the end it is met
waived_if:  open -> not_applicable
"""

from rtc.coaching.conditions import Met
from rtc.coaching.definitions import Criterion
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

    def results(self, decided: bool) -> list[CriterionResult]:
        """The rows as evidence. `decided`: the call is over and was understood, so what is open is settled."""
        return [row.result(decided) for row in self._rows.values()]


class _Row:
    def __init__(self, name: str, criterion: Criterion) -> None:
        self.name = name
        self.criterion = criterion
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
        if self._evidence and criterion.broken_by:
            return "not_met"
        if not self._applies:
            return "not_applicable"
        if criterion.met_by and len({met.condition for met in self._evidence}) >= criterion.at_least:
            return "met"
        return "not_applicable" if self._waived else "open"

    @property
    def heard_in(self) -> list[str]:
        """The utterances that met it or broke it."""
        settled = self.state in ("met", "not_met")
        return list(dict.fromkeys(met.utterance for met in self._evidence)) if settled else []

    def result(self, decided: bool) -> CriterionResult:
        state = self.state
        if decided and state == "open":
            state = "met" if self.criterion.broken_by else "not_met"
        evidence = self._evidence if state in ("met", "not_met") else []  # nothing is kept of what did not apply
        first = min(evidence, key=lambda met: met.at) if evidence else None
        return CriterionResult(
            criterion=self.name,
            label=self.criterion.label,
            weight=self.criterion.weight,
            state=state,
            hits=len({met.utterance for met in evidence}),
            leg=first.leg if first else None,
            first_bucket=max(0, int(first.at // BUCKET_SECONDS)) if first else None,
        )
