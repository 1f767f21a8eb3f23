"""Which cues help: for the manager, by trigger. Nothing here is about a person or a call."""

from litestar import Request, get
from litestar.datastructures import State
from litestar.di import NamedDependency

from server.auth.access import SignedIn, only
from server.cues import store
from server.cues.schemas import CueAnswers, CuesInUse, CueUse
from server.database import Database

FEWEST = 5
"""Cards of a trigger shown before its answers are told. In a small practice a single answer has a face."""


@get("/api/practice/cues", opt=only("manager"))
async def cues_in_use(request: Request[SignedIn, None, State], database: NamedDependency[Database]) -> CuesInUse:
    """How often the cards of each trigger were shown, and what reception made of them: sums, never who or when."""
    async with database.practice(request.user.practice_id):
        sums = await store.list_sums()
    items = [
        CueUse(
            playbook=row["playbook"],
            playbook_own=row["playbook_own"],
            playbook_version=row["playbook_version"],
            trigger=row["trigger"],
            shown=row["shown"],
            answers=None
            if row["shown"] < FEWEST
            else CueAnswers(row["done"], row["acknowledged"], row["not_relevant"], row["later"]),
        )
        for row in sums
    ]
    return CuesInUse(items, FEWEST)
