"""Finding a line by its link, for those who have nothing but the link."""

from datetime import UTC, datetime

from server.database import Database
from server.errors import Problem
from server.practices import store

MAX_LINK_CHARS = 64


async def open_line(database: Database, link: str) -> store.LineRow:
    """Raises Problem `unknown-line` or `line-expired`."""
    line = None
    if 0 < len(link) <= MAX_LINK_CHARS and link.isascii():
        async with database.credential(link):
            line = await store.find_line(link)
    if line is None:
        raise Problem("unknown-line")
    if line.expires_at is not None and line.expires_at <= datetime.now(UTC):
        raise Problem("line-expired")
    return line
