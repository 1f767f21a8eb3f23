"""Rows of practices and lines. Callers open the transaction."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from server.tables import Line, Practice


class LineRow(Struct, frozen=True):
    id: UUID
    practice_id: UUID
    name: str
    playbook: str
    monitor: bool
    expires_at: datetime | None


class PracticeRow(Struct, frozen=True):
    name: str
    emergency_number: str


async def find_line(link: str) -> LineRow | None:
    """In a credential transaction with `link`."""
    row = (
        await Line.select(Line.id, Line.practice_id, Line.name, Line.playbook, Line.monitor, Line.expires_at)
        .where(Line.link == link)
        .first()
    )
    return None if row is None else LineRow(**row)


async def get_practice(practice_id: UUID) -> PracticeRow | None:
    row = await Practice.select(Practice.name, Practice.emergency_number).where(Practice.id == practice_id).first()
    return None if row is None else PracticeRow(**row)


async def vocabulary(practice_id: UUID) -> list[str]:
    row = await Practice.select(Practice.vocabulary).where(Practice.id == practice_id).first()
    return [] if row is None else list(row["vocabulary"])


async def set_vocabulary(practice_id: UUID, words: list[str]) -> None:
    await Practice.update({Practice.vocabulary: words}).where(Practice.id == practice_id)


async def monitoring_link() -> str | None:
    """Of the practice of the transaction."""
    row = await Line.select(Line.link).where(Line.monitor.eq(True)).first()
    return None if row is None else str(row["link"])


async def public_link() -> str | None:
    """Of the practice of the transaction: where its callers ring."""
    row = await Line.select(Line.link).where(Line.monitor.eq(False)).first()
    return None if row is None else str(row["link"])


async def ensure_practice(
    practice_id: UUID, name: str, kind: str, emergency_number: str, vocabulary: list[str]
) -> None:
    """Add it unless it is there."""
    if not await Practice.exists().where(Practice.id == practice_id):
        await Practice.insert(
            Practice(id=practice_id, name=name, kind=kind, emergency_number=emergency_number, vocabulary=vocabulary)
        )


async def ensure_line(practice_id: UUID, line: LineRow, link: str) -> None:
    """Add it unless it is there; a line that is there keeps its link."""
    if not await Line.exists().where(Line.id == line.id):
        await Line.insert(
            Line(
                id=line.id,
                practice_id=practice_id,
                link=link,
                name=line.name,
                playbook=line.playbook,
                monitor=line.monitor,
                expires_at=line.expires_at,
            )
        )
