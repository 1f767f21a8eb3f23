"""Outcomes of calls, from speech (or media, when speech is gone), stored once."""

from uuid import UUID

import asyncpg

from rtc import bus as subjects
from rtc.bus import Bus
from rtc.messages import NOT_CONNECTED, Done, Outcome, Refusal, Reply
from rtc.receipts import is_sealed
from server.calls import store as calls
from server.calls.switchboard import Switchboard
from server.cues import store as cues
from server.database import UNREACHABLE, Database
from server.logs import code_place, log
from server.scores import store
from server.scores.receipts import alert

NOT_STORED: tuple[type[Exception], ...] = (asyncpg.PostgresError, *UNREACHABLE)


async def serve_outcomes(bus: Bus, database: Database, switchboard: Switchboard) -> None:
    """Answer `calls.outcome`: one server process of the queue group gets each request."""

    async def answer(outcome: Outcome) -> Reply:
        try:
            practice_id, call_id = UUID(outcome.practice_id), UUID(outcome.call_id)
            if not is_sealed(outcome.receipt) or outcome.receipt.call_id != outcome.call_id:
                raise ValueError("the receipt's hash is not of this receipt")
            reply = await keep(database, practice_id, call_id, outcome)
            if isinstance(reply, Done):
                # Reports of media arrive at most once, an outcome is repeated until it does: no call stays open.
                await switchboard.end(practice_id, call_id, "server")
        except ValueError as error:
            log.error("outcome is malformed", error=type(error).__name__, at=code_place(error))
            return Refusal("malformed_request", "An id or a time in this outcome cannot be read.")
        except NOT_STORED as error:
            log.error("outcome was not stored", error=type(error).__name__, at=code_place(error))
            return Refusal("not_stored", "The database did not take it. Send it again.")
        return reply

    await bus.serve(subjects.OUTCOME, Outcome, answer, queue=subjects.SERVER_QUEUE)


async def keep(database: Database, practice_id: UUID, call_id: UUID, outcome: Outcome) -> Reply:
    """Store an outcome in one transaction. Durable once Done; the sender repeats until then.

    The practice is the one of the message, and the call must be that practice's: row-level security decides.
    """
    async with database.practice(practice_id):
        call = await store.lock_call(call_id)
        if call is None:
            return Refusal("unknown_call", "This practice has no such call.")
        if await store.has_receipt(call_id):
            return Done()
        await store.add_receipt(practice_id, call_id, outcome.receipt)
        await calls.set_duration(call_id, outcome.duration_s)
        if call.answered_by != "nobody" and outcome.scorecard.reason != NOT_CONNECTED:
            await store.add_evaluation(practice_id, call_id, outcome)
        if call.answered_by == "person":
            # Into sums over all calls; which call or person it came from is not written anywhere.
            playbook = (outcome.playbook, call.own_playbook, outcome.playbook_version)
            await cues.add(practice_id, *playbook, outcome.cues)
    log.info("outcome stored", call_id=outcome.call_id)
    if not outcome.receipt.complete:
        alert(call_id, "incomplete")
    return Done()
