"""Calls whose sound nobody can attest to: an alert in the log, and a list for the practice's manager."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

from server.database import UNREACHABLE, Database
from server.logs import log
from server.scores import store
from server.scores.schemas import PurgeAlert, PurgeAlerts

EXPECTED_SECONDS = 30.0
"""An outcome is reported within seconds of a call's end. speech takes 15 s to notice that media is gone."""

SHOWN_DAYS = 30
MOST_SHOWN = 50


class ReceiptWatch:
    """One per server process: looks after the calls that ended here. What a restart makes it forget, the list shows."""

    def __init__(self, database: Database, seconds: float = EXPECTED_SECONDS) -> None:
        self._database = database
        self._seconds = seconds
        self._waiting: set[asyncio.Task[None]] = set()

    def expect(self, practice_id: UUID, call_id: UUID) -> None:
        """This answered call has ended: its receipt must come."""
        task = asyncio.create_task(self._look(practice_id, call_id))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _look(self, practice_id: UUID, call_id: UUID) -> None:
        await asyncio.sleep(self._seconds)
        try:
            async with self._database.practice(practice_id):
                stored = await store.has_receipt(call_id)
        except UNREACHABLE as error:
            log.error("purge receipt could not be looked for", call_id=str(call_id), error=type(error).__name__)
            return
        if not stored:
            alert(call_id, "missing")

    async def stop(self) -> None:
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)


def alert(call_id: UUID, reason: str) -> None:
    """For whoever watches the log; nothing of the call is in it."""
    log.error("no complete purge receipt", call_id=str(call_id), reason=reason)


async def alerts(database: Database, practice_id: UUID) -> PurgeAlerts:
    now = datetime.now(UTC)
    # Ends are kept to the minute: one more, so that none is called missing too early.
    expected_by = now - timedelta(seconds=EXPECTED_SECONDS + 60)
    async with database.practice(practice_id):
        rows = await store.without_receipt(now - timedelta(days=SHOWN_DAYS), expected_by, MOST_SHOWN)
    return PurgeAlerts(
        [
            PurgeAlert(
                row["call_id"],
                row["evaluation_id"],
                row["started_at"].strftime("%Y-%m-%dT%H:%M:%SZ"),
                "missing" if row["missing"] else "incomplete",
            )
            for row in rows
        ],
        SHOWN_DAYS,
    )
