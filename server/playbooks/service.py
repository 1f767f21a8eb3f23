"""What a manager does with playbooks up to the moment of publishing: looks, begins, writes, discards."""

import asyncio
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from rtc.published_playbook import MAX_PLAYBOOK_BYTES
from server.auth.access import SignedIn
from server.database import Database
from server.errors import Problem
from server.faults import Fault
from server.playbooks import starters, store
from server.playbooks.heading import name_in, named
from server.playbooks.job import Job
from server.playbooks.runs import Runs
from server.playbooks.schemas import (
    Draft,
    DraftText,
    LineUse,
    NewPlaybook,
    PlaybookRow,
    Playbooks,
    PracticePlaybook,
    PublishedVersion,
    StarterPlaybook,
    VersionText,
)

MOST_PLAYBOOKS = 50


async def overview(database: Database, person: SignedIn) -> Playbooks:
    shipped = list(await asyncio.to_thread(starters.described))
    async with database.practice(person.practice_id):
        found, versions, lines = await store.playbooks(), await store.versions(), await store.lines()
    newest = {version.playbook_id: version for version in reversed(versions)}
    rows = [_row(one, newest.get(one.id)) for one in found]
    return Playbooks(rows, shipped, [_line_use(line, rows, shipped) for line in lines])


def _row(found: store.PlaybookFound, newest: store.VersionFound | None) -> PlaybookRow:
    state = _state(found, newest)
    in_force = newest if state == "published" else None
    return PlaybookRow(
        id=found.id,
        name=found.name,
        state=state,
        version=in_force.number if in_force else None,
        published_at=_utc(in_force.published_at) if in_force else None,
        published_by=in_force.published_by if in_force else None,
        has_draft=found.draft is not None,
    )


def _state(found: store.PlaybookFound, newest: store.VersionFound | None) -> Literal["draft", "published", "archived"]:
    if newest is None:
        return "draft"
    return "archived" if found.archived_at is not None else "published"


def _line_use(line: store.LineFound, rows: list[PlaybookRow], shipped: list[StarterPlaybook]) -> LineUse:
    own = next((row for row in rows if row.name == line.playbook and row.state == "published"), None)
    ours = next((starter for starter in shipped if starter.name == line.playbook), None)
    version = own.version if own else ours.version if ours else None
    return LineUse(line.id, line.name, line.monitor, line.playbook, own is not None, version)


async def one(database: Database, runs: Runs, person: SignedIn, playbook_id: UUID) -> PracticePlaybook:
    """Raises Problem `unknown-playbook`, also for another practice's: its existence is not told."""
    async with database.practice(person.practice_id):
        found = await get(playbook_id)
        versions = await store.versions(playbook_id)
        lines = await lines_of(found.name)
    faults = [] if found.draft is None else await runs.faults(job_of(found, lines))
    return PracticePlaybook(
        id=found.id,
        name=found.name,
        state=_state(found, versions[0] if versions else None),
        starter=found.starter,
        draft=_draft(found, faults),
        versions=[published(version) for version in versions],
        lines=lines,
    )


async def get(playbook_id: UUID) -> store.PlaybookFound:
    """In the practice's transaction. Raises Problem `unknown-playbook`."""
    found = await store.get(playbook_id)
    if found is None:
        raise Problem("unknown-playbook")
    return found


async def lines_of(name: str) -> list[str]:
    """Names of the lines that use this playbook. In the practice's transaction."""
    return [line.name for line in await store.lines() if line.playbook == name]


def job_of(found: store.PlaybookFound, lines: list[str], run: bool = False) -> Job:
    """The draft, to be checked or run. Raises Problem `unknown-playbook` when there is none."""
    if found.draft is None:
        raise Problem("unknown-playbook", "This playbook has no draft. Begin one from a published version.")
    starter = found.starter if found.draft_starter_cases else None
    return Job(found.name, found.draft, found.draft_cases, starter, lines, run)


def _draft(found: store.PlaybookFound, faults: list[Fault]) -> Draft | None:
    if found.draft is None or found.saved_at is None:
        return None
    return Draft(
        source=found.draft,
        cases=found.draft_cases,
        starter_cases=found.draft_starter_cases,
        revision=found.revision,
        saved_at=_utc(found.saved_at),
        saved_by=found.saved_by or "",
        faults=faults,
    )


def published(version: store.VersionFound) -> PublishedVersion:
    return PublishedVersion(
        number=version.number,
        published_at=_utc(version.published_at),
        published_by=version.published_by,
        starter_cases=version.starter_cases,
        cases_run=version.cases_run,
        cases_right=version.cases_right,
    )


async def version_text(database: Database, person: SignedIn, playbook_id: UUID, number: int) -> VersionText:
    """Raises Problem `unknown-version`."""
    async with database.practice(person.practice_id):
        found = await store.version(playbook_id, number)
    if found is None:
        raise Problem("unknown-version")
    return VersionText(found.number, found.source, found.cases)


# --- drafts -----------------------------------------------------------------------------------------------------


async def begin(database: Database, runs: Runs, person: SignedIn, new: NewPlaybook) -> PracticePlaybook:
    """Raises Problem `bad-playbook`, `too-large`, `name-taken` or `unknown-playbook` (of the starter)."""
    source = await asyncio.to_thread(_first_text, new)
    name = name_in(source)
    if name is None:
        fault = Fault("playbook", 1, "name", "needs a line 'name: …' of small letters, digits and hyphens")
        raise Problem("bad-playbook", f"The file {fault.reason}.", faults=[fault])
    now = datetime.now(UTC)
    async with database.practice(person.practice_id):
        if len(await store.playbooks()) >= MOST_PLAYBOOKS:
            raise Problem(
                "name-taken", f"A practice may have {MOST_PLAYBOOKS} playbooks. Go on with one that is there."
            )
        if await store.has_name(name):
            raise Problem(
                "name-taken", f"You have a playbook called “{name}” already. Open it, or choose another name."
            )
        playbook_id = await store.add(person.practice_id, name, new.starter)
        await store.save_draft(playbook_id, 0, source, "", new.starter is not None, person.person_id, now)
    return await one(database, runs, person, playbook_id)


def _first_text(new: NewPlaybook) -> str:
    if new.source is not None:
        return tidy(new.source, "playbook")
    if new.starter not in starters.names():
        raise Problem("unknown-playbook", f"There is no starter playbook “{new.starter}”.")
    source = starters.yaml_of(new.starter)
    if new.name is None:
        return source
    renamed = named(source, new.name)
    if name_in(renamed) != new.name:
        raise Problem("bad-playbook", "A name is small letters, digits and hyphens, begins with a letter, 64 at most.")
    return renamed


async def begin_draft(
    database: Database, runs: Runs, person: SignedIn, playbook_id: UUID, number: int
) -> PracticePlaybook:
    """A draft as a copy of a version. Raises Problem `unknown-playbook`, `unknown-version` or `draft-exists`."""
    async with database.practice(person.practice_id):
        found = await get(playbook_id)
        if found.draft is not None:
            raise Problem("draft-exists")
        version = await store.version(playbook_id, number)
        if version is None:
            raise Problem("unknown-version")
        await _save(found, found.revision, DraftText(version.source, version.cases, version.starter_cases, 0), person)
    return await one(database, runs, person, playbook_id)


async def save(
    database: Database, runs: Runs, person: SignedIn, playbook_id: UUID, text: DraftText
) -> PracticePlaybook:
    """Also what is faulty is kept: nobody's typing is lost. Raises Problem `draft-changed`, `too-large`,
    `bad-playbook` (only for what is no text) or `unknown-playbook`."""
    tidied = DraftText(tidy(text.source, "playbook"), tidy(text.cases, "cases"), text.starter_cases, text.revision)
    async with database.practice(person.practice_id):
        found = await get(playbook_id)
        if found.draft is None:
            raise Problem("draft-changed", "The draft was published or discarded meanwhile. Copy what you have typed.")
        await _save(found, text.revision, tidied, person)
    return await one(database, runs, person, playbook_id)


async def _save(found: store.PlaybookFound, seen: int, text: DraftText, person: SignedIn) -> None:
    now = datetime.now(UTC)
    if not await store.save_draft(found.id, seen, text.source, text.cases, text.starter_cases, person.person_id, now):
        raise Problem(
            "draft-changed", f"{found.saved_by or 'Somebody'} saved it since you opened it. Copy what you have typed."
        )


async def discard(database: Database, person: SignedIn, playbook_id: UUID) -> None:
    """Without a published version the playbook goes too. Raises Problem `unknown-playbook`."""
    async with database.practice(person.practice_id):
        await store.lock(playbook_id)
        await get(playbook_id)
        if await store.last_number(playbook_id) == 0:
            await store.remove(playbook_id)
        else:
            await store.clear_draft(playbook_id)


def tidy(text: str, where: Literal["playbook", "cases"]) -> str:
    """As it is stored: line feeds only, no byte order mark. Raises Problem `too-large` or `bad-playbook`."""
    if len(text.encode()) > MAX_PLAYBOOK_BYTES:
        raise Problem("too-large", f"This file is larger than {MAX_PLAYBOOK_BYTES // 1000} kB. Nothing was saved.")
    tidied = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\x00" in tidied:
        line = tidied.count("\n", 0, tidied.index("\x00")) + 1
        fault = Fault(where, line, "", "holds a character that is not text")
        raise Problem("bad-playbook", f"Line {line} {fault.reason}. Nothing was saved.", faults=[fault])
    return tidied


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
