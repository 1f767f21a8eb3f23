"""Rows of calls. Callers open the transaction; every change says which state it needs, so that one of many wins."""

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from server.calls.schemas import EndedBy
from server.tables import Call


class CallRow(Struct, frozen=True):
    id: UUID
    practice_id: UUID
    state: Literal["ringing", "answered", "ended"]
    monitor: bool
    analyse: bool
    playbook: str
    playbook_version_id: UUID | None
    media_worker: str
    patient_joined: bool
    person_id: UUID | None
    service_account_id: UUID | None
    ended_by: EndedBy | None


class WaitingRow(Struct, frozen=True):
    id: UUID
    line: str
    media_worker: str
    started_at: datetime


class CurrentRow(Struct, frozen=True):
    id: UUID
    line: str
    analyse: bool
    started_at: datetime


COLUMNS = (
    Call.id,
    Call.practice_id,
    Call.state,
    Call.monitor,
    Call.analyse,
    Call.playbook,
    Call.playbook_version_id,
    Call.media_worker,
    Call.patient_joined,
    Call.person_id,
    Call.service_account_id,
    Call.ended_by,
)


async def add_call(call: CallRow, line_id: UUID, caller_token_hash: str, started_at: datetime) -> None:
    await Call.insert(
        Call(
            id=call.id,
            practice_id=call.practice_id,
            line_id=line_id,
            state=call.state,
            monitor=call.monitor,
            analyse=call.analyse,
            playbook=call.playbook,
            playbook_version_id=call.playbook_version_id,
            media_worker=call.media_worker,
            caller_token_hash=caller_token_hash,
            started_at=started_at,
        )
    )


async def get_call(call_id: UUID) -> CallRow | None:
    """In the practice's transaction, or in a credential transaction with the caller's token or the call's id."""
    row = await Call.select(*COLUMNS).where(Call.id == call_id).first()
    return None if row is None else CallRow(**row)


async def line_name(call_id: UUID) -> str:
    row = await Call.select(Call.line_id._.name.as_alias("line")).where(Call.id == call_id).first()
    return "" if row is None else str(row["line"])


async def agent_and_line(call_id: UUID) -> tuple[str, str]:
    """Names of the person who answered and of the line."""
    agent, line = Call.person_id._.name.as_alias("agent"), Call.line_id._.name.as_alias("line")
    row = await Call.select(agent, line).where(Call.id == call_id).first()
    return ("", "") if row is None else (str(row["agent"]), str(row["line"]))


async def calls_of_worker(worker_id: str) -> list[tuple[UUID, UUID]]:
    """(practice, call) of every open call there. In a credential transaction with the worker's id."""
    rows = await Call.select(Call.practice_id, Call.id).where(
        (Call.media_worker == worker_id) & (Call.state != "ended")
    )
    return [(row["practice_id"], row["id"]) for row in rows]


async def waiting_calls() -> list[WaitingRow]:
    """Calls that ring for people, the oldest first."""
    rows = (
        await Call.select(Call.id, Call.line_id._.name.as_alias("line"), Call.media_worker, Call.started_at)
        .where((Call.state == "ringing") & Call.patient_joined.eq(True) & Call.monitor.eq(False))
        .order_by(Call.started_at)
    )
    return [WaitingRow(**row) for row in rows]


async def current_call(person_id: UUID) -> CurrentRow | None:
    """The call this person answered last and that is not over."""
    row = (
        await Call.select(Call.id, Call.line_id._.name.as_alias("line"), Call.analyse, Call.started_at)
        .where((Call.state == "answered") & (Call.person_id == person_id))
        .order_by(Call.started_at, ascending=False)
        .first()
    )
    return None if row is None else CurrentRow(**row)


async def mark_joined(call_id: UUID) -> bool:
    """True the first time."""
    changed = (
        await Call.update({Call.patient_joined: True})
        .where((Call.id == call_id) & Call.patient_joined.eq(False))
        .returning(Call.id)
    )
    return bool(changed)


async def claim(call_id: UUID, person_id: UUID | None, service_account_id: UUID | None) -> CallRow | None:
    """Take a ringing call. Of two at the same time exactly one gets the row: the second finds it not ringing.

    People take callers' calls, service accounts take monitoring calls, never the other way round.
    """
    changed = (
        await Call.update(
            {Call.state: "answered", Call.person_id: person_id, Call.service_account_id: service_account_id}
        )
        .where((Call.id == call_id) & (Call.state == "ringing") & Call.monitor.eq(service_account_id is not None))
        .returning(*COLUMNS)
    )
    return CallRow(**changed[0]) if changed else None


async def release(call_id: UUID) -> None:
    """Undo a claim whose leg could not be connected. A call that ended meanwhile stays ended."""
    await Call.update({Call.state: "ringing", Call.person_id: None, Call.service_account_id: None}).where(
        (Call.id == call_id) & (Call.state == "answered")
    )


async def end(call_id: UUID, by: EndedBy) -> CallRow | None:
    """The row, for whoever ended the call; None when it was over before."""
    changed = (
        await Call.update({Call.state: "ended", Call.ended_by: by, Call.ended_at: _minute()})
        .where((Call.id == call_id) & (Call.state != "ended"))
        .returning(*COLUMNS)
    )
    return CallRow(**changed[0]) if changed else None


def _minute() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)


async def end_never_joined(before: datetime) -> None:
    """Callers who pressed call and then sent no sound: nobody was rung for them."""
    await Call.update({Call.state: "ended", Call.ended_by: "server"}).where(
        (Call.state == "ringing") & Call.patient_joined.eq(False) & (Call.started_at < before)
    )


async def set_duration(call_id: UUID, seconds: int) -> None:
    await Call.update({Call.duration_s: seconds}).where(Call.id == call_id)
