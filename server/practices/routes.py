"""The monitoring line, for a monitor. (A line as callers see it is in calls/routes.py: it may be open or not.)"""

from litestar import Request, get
from litestar.datastructures import State
from litestar.di import NamedDependency

from server.auth.access import MONITOR, Program, only
from server.database import Database
from server.errors import Problem
from server.practices import store
from server.practices.schemas import MonitoringLine


@get("/api/monitor", opt=only(scopes=(MONITOR,)))
async def monitor(request: Request[Program, None, State], database: NamedDependency[Database]) -> MonitoringLine:
    """The line of this program's practice that rings no person."""
    async with database.practice(request.user.practice_id):
        link = await store.monitoring_link()
    if link is None:
        raise Problem("unknown-line", "This practice has no monitoring line. Ask your administrator to add one.")
    return MonitoringLine(link)
