"""The practice's words, for its manager; the monitoring line, for a monitor.

(A line as callers see it is in calls/routes.py: it may be open or not.)
"""

from litestar import Request, get, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import JSONBody

from server.auth.access import MONITOR, Program, SignedIn, only
from server.database import Database
from server.errors import Problem
from server.practices import store
from server.practices.schemas import MonitoringLine, PracticeWords
from server.practices.vocabulary import checked


@get("/api/monitor", opt=only(scopes=(MONITOR,)))
async def monitor(request: Request[Program, None, State], database: NamedDependency[Database]) -> MonitoringLine:
    """The line of this program's practice that rings no person."""
    async with database.practice(request.user.practice_id):
        link = await store.monitoring_link()
    if link is None:
        raise Problem("unknown-line", "This practice has no monitoring line. Ask your administrator to add one.")
    return MonitoringLine(link)


@get("/api/practice/vocabulary", opt=only("manager"))
async def vocabulary(request: Request[SignedIn, None, State], database: NamedDependency[Database]) -> PracticeWords:
    """The words this practice's recogniser spells as the practice does."""
    async with database.practice(request.user.practice_id):
        return PracticeWords(await store.vocabulary(request.user.practice_id))


@put("/api/practice/vocabulary", opt=only("manager"))
async def replace_vocabulary(
    request: Request[SignedIn, None, State], data: JSONBody[PracticeWords], database: NamedDependency[Database]
) -> PracticeWords:
    """Replace the whole list; it holds from the next call on. Returns it as stored.

    Never put a patient's name here, nor anything else about one: the list is kept, and goes with every call. It is
    for clinicians, streets, hospitals and medicines (GDPR Art. 5(1)(c)). Raises Problem `bad-words`; then nothing
    was saved.
    """
    words = checked(data.words)
    async with database.practice(request.user.practice_id):
        await store.set_vocabulary(request.user.practice_id, words)
    return PracticeWords(words)
