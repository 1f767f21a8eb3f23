"""Rows of card sums. Callers open the transaction."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from rtc.messages import CueCounts
from server.tables import CueSum

ADD = """
INSERT INTO cue_sum (id, practice_id, playbook, playbook_own, playbook_version, trigger,
                     shown, done, acknowledged, not_relevant, later)
VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})
ON CONFLICT ON CONSTRAINT cue_sum_one DO UPDATE SET
  shown = cue_sum.shown + excluded.shown, done = cue_sum.done + excluded.done,
  acknowledged = cue_sum.acknowledged + excluded.acknowledged,
  not_relevant = cue_sum.not_relevant + excluded.not_relevant, later = cue_sum.later + excluded.later
"""


async def add(practice_id: UUID, playbook: str, own: bool, version: int, counts: Sequence[CueCounts]) -> None:
    """Add one call's counts. In the order of the triggers, so that two calls that end at once wait for each other."""
    for one in sorted(counts, key=lambda count: count.trigger):
        fates = (one.shown, one.done, one.acknowledged, one.not_relevant, one.later)
        await CueSum.raw(ADD, uuid4(), practice_id, playbook, own, version, one.trigger, *fates)


async def list_sums() -> list[dict[str, Any]]:
    """Of the practice of the transaction: the newest version of each playbook first, then what was shown most."""
    rows: list[dict[str, Any]] = (
        await CueSum.select(
            CueSum.playbook,
            CueSum.playbook_own,
            CueSum.playbook_version,
            CueSum.trigger,
            CueSum.shown,
            CueSum.done,
            CueSum.acknowledged,
            CueSum.not_relevant,
            CueSum.later,
        )
        .order_by(CueSum.playbook)
        .order_by(CueSum.playbook_own, CueSum.playbook_version, CueSum.shown, ascending=False)
        .order_by(CueSum.trigger)
    )
    return rows
