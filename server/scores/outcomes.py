"""Outcomes of calls, from speech (or media, when speech is gone), stored once."""

from uuid import UUID

import asyncpg

from rtc import bus as subjects
from rtc.bus import Bus
from rtc.messages import Done, Outcome, Refusal, Reply
from server.calls import store as calls
from server.database import Database
from server.logs import code_place, log
from server.scores import store


async def serve_outcomes(bus: Bus, database: Database) -> None:
    """Answer `calls.outcome`: one server process of the queue group gets each request."""

    async def answer(outcome: Outcome) -> Reply:
        return await keep(database, outcome)

    await bus.serve(subjects.OUTCOME, Outcome, answer, queue=subjects.SERVER_QUEUE)


async def keep(database: Database, outcome: Outcome) -> Reply:
    """Store an outcome in one transaction. Durable once Done; the sender repeats until then.

    The practice is the one of the message, and the call must be that practice's: row-level security decides.
    """
    try:
        practice_id, call_id = UUID(outcome.practice_id), UUID(outcome.call_id)
        async with database.practice(practice_id):
            answered = await store.lock_call(call_id)
            if answered is None:
                return Refusal("unknown_call", "This practice has no such call.")
            if await store.has_receipt(call_id):
                return Done()
            await store.add_receipt(practice_id, call_id, outcome.receipt)
            await calls.set_duration(call_id, outcome.duration_s)
            if answered:
                await store.add_evaluation(practice_id, call_id, outcome)
    except ValueError as error:
        log.error("outcome is malformed", error=type(error).__name__, at=code_place(error))
        return Refusal("malformed_request", "An id or a time in this outcome cannot be read.")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        log.error("outcome was not stored", call_id=outcome.call_id, error=type(error).__name__, at=code_place(error))
        return Refusal("not_stored", "The database did not take it. Send it again.")
    log.info("outcome stored", call_id=outcome.call_id)
    return Done()
