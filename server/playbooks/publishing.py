"""From a draft to what calls get: its cases are run, it is numbered, and lines choose it. Future calls only."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from rtc.published_playbook import PublishedPlaybook
from server.auth.access import SignedIn
from server.database import Database
from server.errors import Problem
from server.faults import Fault
from server.logs import log
from server.playbooks import service, starters, store
from server.playbooks.heading import numbered
from server.playbooks.job import Job
from server.playbooks.runs import Runs
from server.playbooks.schemas import CannotRun, CaseFinding, CaseRun, PracticePlaybook

MAX_NAMED = 20
"""Cases that an answer names when they keep a version from being published."""


async def run(database: Database, runs: Runs, person: SignedIn, playbook_id: UUID) -> AsyncIterator[bytes]:
    """The draft's cases, as it was saved last: lines of JSON (RunAnswer). Raises Problem `unknown-playbook`."""
    async with database.practice(person.practice_id):
        found = await service.get(playbook_id)
        job = service.job_of(found, await service.lines_of(found.name), run=True)

    async def lines() -> AsyncIterator[bytes]:
        async for answer in runs.answers(job):
            yield msgspec.json.encode(answer) + b"\n"

    return lines()


async def publish(
    database: Database, runs: Runs, person: SignedIn, playbook_id: UUID, revision: int
) -> PracticePlaybook:
    """Run the cases; if no safety case fails, the draft becomes the next version, for calls placed from now on.

    Raises Problem `unknown-playbook`, `draft-changed`, `bad-playbook` or `safety-case-failed`; the version that calls
    use then stays.
    """
    async with database.practice(person.practice_id):
        found = await service.get(playbook_id)
        lines = await service.lines_of(found.name)
    if found.draft is None or found.revision != revision:
        raise Problem("draft-changed")
    job = service.job_of(found, lines, run=True)
    result = await runs.result(job)
    if isinstance(result, CannotRun):
        raise Problem("bad-playbook", _in_words(result.faults[0]), faults=result.faults)
    if result.blocking:
        raise Problem("safety-case-failed", faults=_blocking(result))
    ours = await asyncio.to_thread(starters.version_of, found.name)
    async with database.practice(person.practice_id):
        await store.lock(playbook_id)
        now = await service.get(playbook_id)
        if now.draft is None or now.revision != revision:
            raise Problem("draft-changed")
        # Not a number of ours of that name: scores and sums name a version by both.
        number = max(await store.last_number(playbook_id), ours) + 1
        run_cases = result.sentences + result.calls
        new = store.NewVersion(
            source=_fitting(number, numbered(job.source, number)),
            cases=job.cases,
            starter_cases=now.draft_starter_cases,
            cases_run=run_cases,
            cases_right=result.right,
        )
        await store.add_version(person.practice_id, playbook_id, new, number, person.person_id, datetime.now(UTC))
        await store.clear_draft(playbook_id)
        await store.set_archived(playbook_id, None)
    log.info("playbook published", count=run_cases)
    return await service.one(database, runs, person, playbook_id)


def _fitting(number: int, source: str) -> str:
    try:
        PublishedPlaybook.of(number, source)
    except ValueError as error:
        raise Problem("too-large", f"This playbook {error}, to go with a call. Make it shorter.") from error
    return source


def _in_words(fault: Fault) -> str:
    where = {"playbook": "the playbook", "cases": "your cases", "starter": "our cases"}[fault.where]
    return f"Line {fault.line} of {where}: {fault.reason}."


def _blocking(result: CaseRun) -> list[Fault]:
    return [_fault(one) for one in result.findings if one.blocks][:MAX_NAMED]


def _fault(one: CaseFinding) -> Fault:
    what = "is missed" if one.what == "missed" else "is raised wrongly"
    quoted = f": “{one.text}”" if one.text else ""
    return Fault("cases" if one.own else "starter", one.line, one.case, f"{one.label} {what}{quoted}")


async def archive(database: Database, runs: Runs, person: SignedIn, playbook_id: UUID) -> PracticePlaybook:
    """No call gets it any more. A line that names it gets the starter playbook of that name, if there is one.

    Raises Problem `unknown-playbook`, `unknown-version` (nothing was published) or `playbook-in-use`.
    """
    async with database.practice(person.practice_id):
        await store.lock(playbook_id)
        found = await service.get(playbook_id)
        if await store.last_number(playbook_id) == 0:
            raise Problem("unknown-version", "Nothing of this playbook was published. Discard its draft instead.")
        using = await service.lines_of(found.name)
        if using and found.name not in starters.names():
            raise Problem("playbook-in-use", f"Choose another playbook for {', '.join(using)} first.")
        await store.set_archived(playbook_id, datetime.now(UTC))
    log.info("playbook archived")
    return await service.one(database, runs, person, playbook_id)


async def set_line(database: Database, runs: Runs, person: SignedIn, line_id: UUID, name: str) -> None:
    """From the next call on. Raises Problem `unknown-line`, `unknown-playbook`, or `bad-playbook` when that one is
    for other lines."""
    async with database.practice(person.practice_id):
        line = next((line for line in await store.lines() if line.id == line_id), None)
        in_force = await store.in_force(name)
        version = await store.version_by_id(in_force.id) if in_force else None
    if line is None:
        raise Problem("unknown-line", "This practice has no such line.")
    if version is None and name not in starters.names():
        raise Problem("unknown-playbook", f"“{name}” is neither ours nor published by your practice.")
    if version is not None:
        faults = await runs.faults(Job(name, version.source, "", None, [line.name], run=False))
        if faults:
            raise Problem("bad-playbook", _in_words(faults[0]), faults=faults)
    async with database.practice(person.practice_id):
        await store.set_line_playbook(line_id, name)
