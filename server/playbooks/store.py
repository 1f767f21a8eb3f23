"""Rows of playbooks and their versions. Callers open the transaction."""

from datetime import datetime
from uuid import UUID, uuid4

from msgspec import Struct
from piccolo.columns.combination import And, Where
from piccolo.query.functions import Max

from server.tables import Line, Playbook, PlaybookVersion


class PlaybookFound(Struct, frozen=True):
    """`draft` is None when nothing is being written."""

    id: UUID
    name: str
    starter: str | None
    draft: str | None
    draft_cases: str
    draft_starter_cases: bool
    revision: int
    saved_at: datetime | None
    saved_by: str | None
    archived_at: datetime | None


class VersionFound(Struct, frozen=True):
    """Without its text, which may be large."""

    playbook_id: UUID
    number: int
    starter_cases: bool
    cases_run: int
    cases_right: int
    published_at: datetime
    published_by: str


class VersionSource(Struct, frozen=True):
    number: int
    source: str
    cases: str
    starter_cases: bool


class NewVersion(Struct, frozen=True):
    source: str
    cases: str
    starter_cases: bool
    cases_run: int
    cases_right: int


class InForce(Struct, frozen=True):
    """What a call on a line with this playbook's name gets."""

    id: UUID
    number: int


class LineFound(Struct, frozen=True):
    id: UUID
    name: str
    monitor: bool
    playbook: str


COLUMNS = (
    Playbook.id,
    Playbook.name,
    Playbook.starter,
    Playbook.draft,
    Playbook.draft_cases,
    Playbook.draft_starter_cases,
    Playbook.revision,
    Playbook.saved_at,
    Playbook.saved_by._.name.as_alias("saved_by"),
    Playbook.archived_at,
)

VERSION_COLUMNS = (
    PlaybookVersion.playbook_id,
    PlaybookVersion.number,
    PlaybookVersion.starter_cases,
    PlaybookVersion.cases_run,
    PlaybookVersion.cases_right,
    PlaybookVersion.published_at,
    PlaybookVersion.published_by._.name.as_alias("published_by"),
)


async def playbooks() -> list[PlaybookFound]:
    return [PlaybookFound(**row) for row in await Playbook.select(*COLUMNS).order_by(Playbook.name)]


async def get(playbook_id: UUID) -> PlaybookFound | None:
    row = await Playbook.select(*COLUMNS).where(Playbook.id == playbook_id).first()
    return None if row is None else PlaybookFound(**row)


async def lock(playbook_id: UUID) -> None:
    """Hold its row until the end of the transaction: who publishes second sees what the first did."""
    await Playbook.select(Playbook.id).where(Playbook.id == playbook_id).lock_rows()


async def has_name(name: str) -> bool:
    return bool(await Playbook.exists().where(Playbook.name == name))


async def add(practice_id: UUID, name: str, starter: str | None) -> UUID:
    playbook_id = uuid4()
    await Playbook.insert(Playbook(id=playbook_id, practice_id=practice_id, name=name, starter=starter))
    return playbook_id


async def save_draft(
    playbook_id: UUID, seen: int, source: str, cases: str, starter_cases: bool, person_id: UUID, now: datetime
) -> bool:
    """False when the draft is not at the revision that was `seen` any more."""
    changed = (
        await Playbook.update(
            {
                Playbook.draft: source,
                Playbook.draft_cases: cases,
                Playbook.draft_starter_cases: starter_cases,
                Playbook.revision: Playbook.revision + 1,
                Playbook.saved_at: now,
                Playbook.saved_by: person_id,
            }
        )
        .where((Playbook.id == playbook_id) & (Playbook.revision == seen))
        .returning(Playbook.id)
    )
    return bool(changed)


async def clear_draft(playbook_id: UUID) -> None:
    """The revision goes on counting: a page that still shows the old draft must not bring it back."""
    await Playbook.update(
        {Playbook.draft: None, Playbook.draft_cases: "", Playbook.revision: Playbook.revision + 1}
    ).where(Playbook.id == playbook_id)


async def remove(playbook_id: UUID) -> None:
    """One that was never published."""
    await Playbook.delete().where(Playbook.id == playbook_id)


async def set_archived(playbook_id: UUID, at: datetime | None) -> None:
    await Playbook.update({Playbook.archived_at: at}).where(Playbook.id == playbook_id)


async def versions(playbook_id: UUID | None = None) -> list[VersionFound]:
    """Of one playbook or of all, the newest first."""
    query = PlaybookVersion.select(*VERSION_COLUMNS).order_by(PlaybookVersion.number, ascending=False)
    if playbook_id is not None:
        query = query.where(PlaybookVersion.playbook_id == playbook_id)
    return [VersionFound(**row) for row in await query]


async def version(playbook_id: UUID, number: int) -> VersionSource | None:
    return await _source((PlaybookVersion.playbook_id == playbook_id) & (PlaybookVersion.number == number))


async def add_version(
    practice_id: UUID, playbook_id: UUID, new: NewVersion, number: int, person_id: UUID, now: datetime
) -> None:
    await PlaybookVersion.insert(
        PlaybookVersion(
            id=uuid4(),
            practice_id=practice_id,
            playbook_id=playbook_id,
            number=number,
            source=new.source,
            cases=new.cases,
            starter_cases=new.starter_cases,
            cases_run=new.cases_run,
            cases_right=new.cases_right,
            published_at=now,
            published_by=person_id,
        )
    )


async def last_number(playbook_id: UUID) -> int:
    """0 before the first."""
    row = (
        await PlaybookVersion.select(Max(PlaybookVersion.number, alias="last"))
        .where(PlaybookVersion.playbook_id == playbook_id)
        .first()
    )
    return 0 if row is None else row["last"] or 0


# --- for calls --------------------------------------------------------------------------------------------------


async def in_force(name: str) -> InForce | None:
    """The practice's newest version under this name. None: the starter playbook of that name, if there is one."""
    row = (
        await PlaybookVersion.select(PlaybookVersion.id, PlaybookVersion.number)
        .where((PlaybookVersion.playbook_id._.name == name) & PlaybookVersion.playbook_id._.archived_at.is_null())
        .order_by(PlaybookVersion.number, ascending=False)
        .first()
    )
    return None if row is None else InForce(**row)


async def version_by_id(version_id: UUID) -> VersionSource | None:
    return await _source(PlaybookVersion.id == version_id)


async def lines() -> list[LineFound]:
    rows = await Line.select(Line.id, Line.name, Line.monitor, Line.playbook).order_by(Line.monitor, Line.name)
    return [LineFound(**row) for row in rows]


async def set_line_playbook(line_id: UUID, name: str) -> None:
    await Line.update({Line.playbook: name}).where(Line.id == line_id)


async def _source(wanted: Where | And) -> VersionSource | None:
    row = (
        await PlaybookVersion.select(
            PlaybookVersion.number, PlaybookVersion.source, PlaybookVersion.cases, PlaybookVersion.starter_cases
        )
        .where(wanted)
        .first()
    )
    return None if row is None else VersionSource(**row)
