"""HTTP shapes of evaluations. Criteria, flags and receipts are as media and speech report them (rtc/messages.py)."""

from uuid import UUID

from msgspec import Struct

from rtc.messages import CriterionResult, Flag, PurgeReceipt


class Answerer(Struct, frozen=True):
    """Who answered: a person, or for monitoring calls a service account."""

    id: UUID
    name: str


class EvaluationRow(Struct, frozen=True):
    """One line of the list. `total` is 0 to 100, None when the call was not scored (`reason` says why)."""

    id: UUID
    call_id: UUID
    agent: Answerer
    started_at: str
    """UTC, RFC 3339, to the minute."""
    duration_s: int
    playbook: str
    playbook_version: int
    total: int | None
    reason: str | None
    coverage: float
    flags: int


class EvaluationPage(Struct, frozen=True):
    """`next`: ask again with `before` set to this; None at the end."""

    items: list[EvaluationRow]
    next: str | None


class Evaluation(Struct, frozen=True):
    """One evaluation in full."""

    id: UUID
    call_id: UUID
    agent: Answerer
    started_at: str
    duration_s: int
    playbook: str
    playbook_version: int
    total: int | None
    reason: str | None
    coverage: float
    flags: list[Flag]
    criteria: list[CriterionResult]
    receipt: PurgeReceipt
