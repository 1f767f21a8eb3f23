"""Rows of evaluations and receipts. Callers open the transaction. Written once, never changed."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

import msgspec
from msgspec import Struct, structs
from piccolo.columns.combination import And, Where
from piccolo.query.functions import Count

from rtc.messages import CriterionResult, Flag, Outcome
from rtc.receipts import Confinement, PurgeReceipt, canonical
from server.tables import Call, CriterionOutcome, Evaluation, FlagRaised, Receipt


class LockedCall(Struct, frozen=True):
    """`own_playbook`: it was coached by one of the practice's own."""

    answered_by: Literal["person", "program", "nobody"]
    own_playbook: bool


class Found(Struct, frozen=True):
    """An evaluation with the call it is of."""

    id: UUID
    call_id: UUID
    started_at: datetime
    duration_s: int | None
    playbook: str
    playbook_version: int
    version_id: UUID | None
    total: int | None
    reason: str | None
    coverage: float
    person_id: UUID | None
    person_name: str | None
    account_id: UUID | None
    account_name: str | None


COLUMNS = (
    Evaluation.id,
    Evaluation.call_id,
    Evaluation.call_id._.started_at.as_alias("started_at"),
    Evaluation.call_id._.duration_s.as_alias("duration_s"),
    Evaluation.playbook,
    Evaluation.playbook_version,
    Evaluation.call_id._.playbook_version_id.as_alias("version_id"),
    Evaluation.total,
    Evaluation.reason,
    Evaluation.coverage,
    Evaluation.call_id._.person_id.as_alias("person_id"),
    Evaluation.call_id._.person_id._.name.as_alias("person_name"),
    Evaluation.call_id._.service_account_id.as_alias("account_id"),
    Evaluation.call_id._.service_account_id._.name.as_alias("account_name"),
)


async def lock_call(call_id: UUID) -> LockedCall | None:
    """Hold the call's row until the end of the transaction. None if there is no such call.

    Two deliveries of one outcome, or two steps of one review, wait for each other here.
    """
    columns = (Call.person_id, Call.service_account_id, Call.playbook_version_id)
    row = await Call.select(*columns).where(Call.id == call_id).lock_rows().first()
    if row is None:
        return None
    person, program, own = (row[column._meta.name] for column in columns)
    return LockedCall("person" if person else "program" if program else "nobody", own is not None)


async def has_receipt(call_id: UUID) -> bool:
    return bool(await Receipt.exists().where(Receipt.call_id == call_id))


async def add_receipt(practice_id: UUID, call_id: UUID, receipt: PurgeReceipt) -> None:
    await Receipt.insert(
        Receipt(
            id=uuid4(),
            practice_id=practice_id,
            call_id=call_id,
            frames_in=receipt.frames_in,
            bytes_in=receipt.bytes_in,
            frames_wiped=receipt.frames_wiped,
            oldest_sample_ms=receipt.oldest_sample_ms,
            wiped_at=datetime.fromisoformat(receipt.wiped_at),
            complete=receipt.complete,
            document=canonical(receipt).decode(),
            hash=receipt.hash,
        )
    )


async def add_evaluation(practice_id: UUID, call_id: UUID, outcome: Outcome) -> None:
    """The evaluation with its criteria and flags, in the order of the scorecard."""
    card, evaluation_id = outcome.scorecard, uuid4()
    await Evaluation.insert(
        Evaluation(
            id=evaluation_id,
            practice_id=practice_id,
            call_id=call_id,
            playbook=outcome.playbook,
            playbook_version=outcome.playbook_version,
            total=card.total,
            reason=card.reason,
            coverage=card.coverage,
        )
    )
    criteria = [
        CriterionOutcome(
            id=uuid4(),
            practice_id=practice_id,
            evaluation_id=evaluation_id,
            position=position,
            criterion=result.criterion,
            label=result.label,
            weight=result.weight,
            state=result.state,
            hits=result.hits,
            leg=result.leg,
            first_bucket=result.first_bucket,
            points=result.points,
            option=result.option,
            reason=result.reason,
            automatic_fail=result.automatic_fail,
        )
        for position, result in enumerate(card.criteria)
    ]
    if criteria:
        await CriterionOutcome.insert(*criteria)
    flags = [
        FlagRaised(
            id=uuid4(),
            practice_id=practice_id,
            evaluation_id=evaluation_id,
            position=position,
            code=flag.code,
            severity=flag.severity,
            about=flag.about,
        )
        for position, flag in enumerate(card.flags)
    ]
    if flags:
        await FlagRaised.insert(*flags)


async def list_evaluations(
    limit: int, before: datetime | None, person_id: UUID | None, monitor: bool, among: list[UUID] | None = None
) -> list[Found]:
    """The newest first, of one agent or of all; of `among` only where it is given. At least `limit` where there are.

    Starts are kept to the minute only, so a page takes every call of its last minute: `before` then loses none.
    """
    wanted: Where | And = Evaluation.call_id._.monitor.eq(monitor)
    if among is not None:
        wanted = wanted & Evaluation.id.is_in(among)
    if person_id is not None:
        wanted = wanted & (Evaluation.call_id._.person_id == person_id)
    if before is not None:
        wanted = wanted & (Evaluation.call_id._.started_at < before)
    query = Evaluation.select(*COLUMNS).order_by(Evaluation.call_id._.started_at, Evaluation.id, ascending=False)
    rows: list[dict[str, Any]] = await query.where(wanted).limit(limit)
    if len(rows) == limit:
        last = rows[-1]["started_at"]
        rows = await (
            Evaluation.select(*COLUMNS)
            .order_by(Evaluation.call_id._.started_at, Evaluation.id, ascending=False)
            .where(wanted & (Evaluation.call_id._.started_at >= last))
        )
    return [Found(**row) for row in rows]


async def count_flags(evaluation_ids: list[UUID]) -> dict[UUID, int]:
    if not evaluation_ids:
        return {}
    rows = (
        await FlagRaised.select(FlagRaised.evaluation_id, Count(alias="flags"))
        .where(FlagRaised.evaluation_id.is_in(evaluation_ids))
        .group_by(FlagRaised.evaluation_id)
    )
    return {row["evaluation_id"]: row["flags"] for row in rows}


async def get_evaluation(evaluation_id: UUID) -> Found | None:
    row = await Evaluation.select(*COLUMNS).where(Evaluation.id == evaluation_id).first()
    return None if row is None else Found(**row)


async def evaluation_of_call(call_id: UUID) -> Found | None:
    row = await Evaluation.select(*COLUMNS).where(Evaluation.call_id == call_id).first()
    return None if row is None else Found(**row)


async def criteria_of(evaluation_id: UUID) -> list[CriterionResult]:
    rows = (
        await CriterionOutcome.select(
            CriterionOutcome.criterion,
            CriterionOutcome.label,
            CriterionOutcome.weight,
            CriterionOutcome.state,
            CriterionOutcome.hits,
            CriterionOutcome.leg,
            CriterionOutcome.first_bucket,
            CriterionOutcome.points,
            CriterionOutcome.option,
            CriterionOutcome.reason,
            CriterionOutcome.automatic_fail,
        )
        .where(CriterionOutcome.evaluation_id == evaluation_id)
        .order_by(CriterionOutcome.position)
    )
    return [CriterionResult(**{**row, "points": _points(row)}) for row in rows]


def _points(row: dict[str, Any]) -> float | None:
    """Results from before there were points were all or nothing, and row-level security lets no migration see them."""
    if row["points"] is None and row["state"] in ("met", "not_met"):
        return float(row["weight"]) if row["state"] == "met" else 0.0
    points: float | None = row["points"]
    return points


async def flags_of(evaluation_id: UUID) -> list[Flag]:
    rows = (
        await FlagRaised.select(FlagRaised.code, FlagRaised.severity, FlagRaised.about)
        .where(FlagRaised.evaluation_id == evaluation_id)
        .order_by(FlagRaised.position)
    )
    return [Flag(**row) for row in rows]


async def receipt_of(call_id: UUID) -> PurgeReceipt | None:
    row: dict[str, Any] | None = (
        await Receipt.select(
            Receipt.frames_in,
            Receipt.bytes_in,
            Receipt.frames_wiped,
            Receipt.oldest_sample_ms,
            Receipt.wiped_at,
            Receipt.complete,
            Receipt.document,
            Receipt.hash,
        )
        .where(Receipt.call_id == call_id)
        .first()
    )
    if row is None:
        return None
    document, hashed = row.pop("document"), row.pop("hash")
    if not document:
        return _of_before(call_id, row)
    return structs.replace(msgspec.json.decode(document, type=PurgeReceipt), hash=hashed)


def _of_before(call_id: UUID, row: dict[str, Any]) -> PurgeReceipt:
    """A receipt from before the whole was stored: what nobody noted is not claimed."""
    return PurgeReceipt(
        call_id=str(call_id),
        frames_heard=row["frames_in"],
        oldest_in_media_ms=0,
        wipe_ms=None,
        stopped_by=None,
        stopped_at_s=None,
        pauses=[],
        confinement=[Confinement("media", "unproven", []), Confinement("speech", "unproven", [])],
        engines={},
        **{**row, "wiped_at": row["wiped_at"].isoformat()},
    )


WITHOUT_RECEIPT = """
SELECT c.id AS call_id, e.id AS evaluation_id, c.started_at, r.id IS NULL AS missing
FROM call c LEFT JOIN purge_receipt r ON r.call_id = c.id LEFT JOIN evaluation e ON e.call_id = c.id
WHERE c.state = 'ended' AND (c.person_id IS NOT NULL OR c.service_account_id IS NOT NULL)
AND c.started_at > {} AND NOT coalesce(r.complete, false)
AND (r.id IS NOT NULL OR c.ended_at IS NULL OR c.ended_at < {})
ORDER BY c.started_at DESC LIMIT {}
"""


async def without_receipt(since: datetime, expected_by: datetime, limit: int) -> list[dict[str, Any]]:
    """Answered calls without a complete receipt, the newest first. The outcome of one that ended after `expected_by`
    may still be on its way."""
    rows: list[dict[str, Any]] = await Call.raw(WITHOUT_RECEIPT, since, expected_by, limit)
    return rows
