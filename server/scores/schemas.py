"""HTTP shapes of evaluations. Criteria, flags and receipts are as media and speech report them (rtc/messages.py)."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from rtc.messages import AutomaticFail, CriterionResult, Flag
from rtc.receipts import PurgeReceipt

ReviewState = Literal["submitted", "in_review", "upheld", "revised", "acknowledged"]

ContestReason = Literal[
    "said_differently",
    "misheard",
    "did_not_apply",
    "something_urgent",
    "other_speaker",
    "done_without_words",
    "bad_connection",
]
"""Codes and no free text: an explanation in words would soon hold a patient's."""

UpheldReason = Literal["evidence_stands", "needed_here_too", "cannot_be_told"]
RevisedReason = Literal["account_accepted", "recognition_at_fault", "did_not_apply", "rule_at_fault"]

CriterionName = Annotated[str, Meta(max_length=100)]


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
    playbook_own: bool
    """The practice's own; else the starter playbook of that name."""
    total: int | None
    reason: str | None
    coverage: float
    flags: int
    state: ReviewState
    revised_total: int | None
    """What it comes to where a criterion was revised, 0 where a person has failed it; `total` stays as it was."""
    automatic_fail: AutomaticFail
    """`candidate` while a person has to say whether it fails the call; `confirmed` once one has."""


class EvaluationPage(Struct, frozen=True):
    """`next`: ask again with `before` set to this; None at the end. `in_review`: how many wait for a decision."""

    items: list[EvaluationRow]
    next: str | None
    in_review: int


class ReviewStep(Struct, frozen=True):
    """What agent and manager said about a score, in codes. `code`: a ContestReason, UpheldReason or RevisedReason."""

    kind: Literal["contested", "upheld", "revised", "fail_confirmed", "fail_dismissed", "acknowledged"]
    criterion: str | None
    code: str | None
    state: Literal["met", "not_met", "not_applicable"] | None
    """What the criterion is now, where it was revised."""
    by: str
    at: str
    """UTC, RFC 3339, to the minute."""


class Evaluation(Struct, frozen=True):
    """One evaluation in full."""

    id: UUID
    call_id: UUID
    agent: Answerer
    started_at: str
    duration_s: int
    playbook: str
    playbook_version: int
    playbook_own: bool
    """The practice's own; else the starter playbook of that name."""
    total: int | None
    reason: str | None
    coverage: float
    flags: list[Flag]
    criteria: list[CriterionResult]
    receipt: PurgeReceipt
    state: ReviewState
    revised_total: int | None
    automatic_fail: AutomaticFail
    review: list[ReviewStep]
    """In the order they were taken."""


class PurgeAlert(Struct, frozen=True):
    """A call without a complete purge receipt. `missing`: the process that would have written it is gone."""

    call_id: UUID
    evaluation_id: UUID | None
    started_at: str
    """UTC, RFC 3339, to the minute."""
    reason: Literal["missing", "incomplete"]


class PurgeAlerts(Struct, frozen=True):
    """The newest first, of the last `days` days."""

    items: list[PurgeAlert]
    days: int


class Contest(Struct, frozen=True, forbid_unknown_fields=True):
    """An agent contests one criterion of their own call. Once for each."""

    criterion: CriterionName
    reason: ContestReason


class Upheld(Struct, frozen=True, forbid_unknown_fields=True, tag="upheld", tag_field="outcome"):
    """The manager's answer: the result stays."""

    criterion: CriterionName
    rationale: UpheldReason


class Revised(Struct, frozen=True, forbid_unknown_fields=True, tag="revised", tag_field="outcome"):
    """The manager's answer: the criterion is now `state`, and the total follows. The first result stays in sight."""

    criterion: CriterionName
    rationale: RevisedReason
    state: Literal["met", "not_met", "not_applicable"]


class FailConfirmed(Struct, frozen=True, forbid_unknown_fields=True, tag="fail_confirmed", tag_field="outcome"):
    """The manager's answer to a candidate of the machine: yes, this fails the whole call, which then counts 0."""

    criterion: CriterionName
    rationale: UpheldReason


class FailDismissed(Struct, frozen=True, forbid_unknown_fields=True, tag="fail_dismissed", tag_field="outcome"):
    """The manager's answer to a candidate of the machine: no. The criterion stays as it is."""

    criterion: CriterionName
    rationale: RevisedReason


Decision = Upheld | Revised | FailConfirmed | FailDismissed
