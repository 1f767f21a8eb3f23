"""The playbooks of live calls: ours from the package, a practice's own out of the call's plan. Each is read once."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable

import msgspec

from rtc.coaching.playbook import Playbook, PlaybookError, load, parse
from rtc.messages import CallPlan
from rtc.published_playbook import PublishedPlaybook

KEPT = 64
"""Practices' playbooks in memory, the one used longest ago goes first. Read again, one costs a fraction of a second."""


class Playbooks:
    """Owner: the speech worker, whose leases ask one after another. Reads in a thread: sound must not wait for it."""

    def __init__(self, ours: Callable[[str], Playbook] = load) -> None:
        """`ours` finds one that ships with this package by its name, or raises PlaybookError."""
        self._ours = ours
        self._read: OrderedDict[tuple[str, int, bytes], Playbook | PlaybookError] = OrderedDict()

    async def of(self, plan: CallPlan) -> Playbook:
        """Raises PlaybookError. What could not be read is remembered too: media asks again every second."""
        if plan.published is None:
            return await asyncio.to_thread(_prepared, self._ours, plan.playbook)
        # Which version it is stands beside the text, so that the same text published twice is two versions.
        key = (plan.playbook, plan.published.version, hashlib.sha256(plan.published.packed).digest())
        if key not in self._read:
            self._read[key] = await asyncio.to_thread(_read, plan.playbook, plan.published)
            if len(self._read) > KEPT:
                self._read.popitem(last=False)
        self._read.move_to_end(key)
        found = self._read[key]
        if isinstance(found, PlaybookError):
            raise found
        return found


def _prepared(ours: Callable[[str], Playbook], name: str) -> Playbook:
    playbook = ours(name)
    playbook.rules.prepare()
    return playbook


def _read(name: str, published: PublishedPlaybook) -> Playbook | PlaybookError:
    try:
        playbook = parse(published.yaml, name)
        playbook.rules.prepare()
    except ValueError as error:
        return PlaybookError(name, 1, "", str(error))
    except PlaybookError as error:
        return error
    if playbook.name != name:
        return PlaybookError(name, 1, "name", f"is '{playbook.name}', must be '{name}'")
    return msgspec.structs.replace(playbook, version=published.version)
