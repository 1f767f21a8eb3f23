"""Is the process alive, and can a call be taken."""

from pathlib import Path
from typing import Literal

import asyncpg
from litestar import get
from litestar.di import NamedDependency
from msgspec import Struct

from rtc.bus import Bus
from server.auth.access import anybody
from server.calls.placement import MediaWorkers
from server.database import UNREACHABLE, Database
from server.errors import Problem

NO_DATABASE: tuple[type[Exception], ...] = (asyncpg.PostgresError, *UNREACHABLE)

MIGRATIONS = Path(__file__).parent / "piccolo_migrations"


class Ready(Struct, frozen=True):
    """`media`: live media workers."""

    status: Literal["ready"]
    media: int


class Health:
    """`missing` names what keeps calls from being taken, in the order to look at."""

    def __init__(self, database: Database, bus: Bus, workers: MediaWorkers) -> None:
        self._database = database
        self._bus = bus
        self.workers = workers

    async def missing(self) -> list[str]:
        missing = []
        try:
            applied = await self._database.applied_migrations()
            if len(applied) < len(list(MIGRATIONS.glob("server_*.py"))):
                missing.append("migrations")
        except NO_DATABASE:
            missing.append("database")
        if not self._bus.connected:
            missing.append("bus")
        if self.workers.count == 0:
            missing.append("media")
        return missing


@get("/healthz/live", opt=anybody(), include_in_schema=False)
async def live() -> dict[str, str]:
    return {"status": "live"}


@get("/healthz/ready", opt=anybody(), include_in_schema=False)
async def ready(health: NamedDependency[Health]) -> Ready:
    """Raises Problem `not-ready` (503) naming what is missing: database, migrations, bus, media."""
    missing = await health.missing()
    if missing:
        raise Problem("not-ready", f"Missing: {', '.join(missing)}.")
    return Ready("ready", health.workers.count)
