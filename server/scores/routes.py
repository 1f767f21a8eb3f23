"""Evaluations: the list, one in full, and the outcome of a monitoring call."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from litestar import Request, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from server.auth.access import MONITOR, Program, SignedIn, only
from server.database import Database
from server.scores import service
from server.scores.schemas import Evaluation, EvaluationPage


@get("/api/evaluations", opt=only("agent", "manager"))
async def evaluations(
    request: Request[SignedIn, None, State],
    database: NamedDependency[Database],
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    before: FromQuery[datetime | None] = None,
    monitor: FromQuery[bool] = False,
) -> EvaluationPage:
    """The newest first. A manager sees the practice, an agent their own; monitoring calls only when asked for.

    A page holds every call of its last minute, so it can be a little longer than `limit`.
    """
    if before is not None and before.tzinfo is None:
        before = before.replace(tzinfo=UTC)
    return await service.page(database, request.user, limit, before, monitor)


@get("/api/evaluations/{evaluation_id:uuid}", opt=only("agent", "manager"))
async def evaluation(
    request: Request[SignedIn, None, State], database: NamedDependency[Database], evaluation_id: FromPath[UUID]
) -> Evaluation:
    """One evaluation with its criteria, flags and purge receipt."""
    return await service.one(database, request.user, evaluation_id)


@get("/api/calls/{call_id:uuid}/outcome", opt=only(scopes=(MONITOR,)))
async def outcome(
    request: Request[Program, None, State], database: NamedDependency[Database], call_id: FromPath[UUID]
) -> Evaluation:
    """What a monitoring call of this program came to."""
    return await service.outcome_of(database, request.user, call_id)
