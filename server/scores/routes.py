"""Evaluations: the list, one in full, the outcome of one's own call, and what is said about a score."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from server.auth.access import MONITOR, Principal, SignedIn, only
from server.database import Database
from server.scores import receipts, service
from server.scores.schemas import (
    Contest,
    Evaluation,
    EvaluationPage,
    FailConfirmed,
    FailDismissed,
    PurgeAlerts,
    Revised,
    Upheld,
)


@get("/api/evaluations", opt=only("agent", "manager"))
async def evaluations(
    request: Request[SignedIn, None, State],
    database: NamedDependency[Database],
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
    before: FromQuery[datetime | None] = None,
    monitor: FromQuery[bool] = False,
    in_review: FromQuery[bool] = False,
) -> EvaluationPage:
    """The newest first. A manager sees the practice, an agent their own; monitoring calls only when asked for.

    `in_review`: only those with a contest that nobody has decided yet.

    A page holds every call of its last minute, so it can be a little longer than `limit`.
    """
    if before is not None and before.tzinfo is None:
        before = before.replace(tzinfo=UTC)
    return await service.page(database, request.user, limit, before, monitor, in_review)


@get("/api/practice/purge-alerts", opt=only("manager"))
async def purge_alerts(request: Request[SignedIn, None, State], database: NamedDependency[Database]) -> PurgeAlerts:
    """Calls that ended without a complete purge receipt."""
    return await receipts.alerts(database, request.user.practice_id)


@get("/api/evaluations/{evaluation_id:uuid}", opt=only("agent", "manager"))
async def evaluation(
    request: Request[SignedIn, None, State], database: NamedDependency[Database], evaluation_id: FromPath[UUID]
) -> Evaluation:
    """One evaluation with its criteria, flags and purge receipt."""
    return await service.one(database, request.user, evaluation_id)


@post("/api/evaluations/{evaluation_id:uuid}/contests", opt=only("agent"))
async def contest(
    request: Request[SignedIn, None, State],
    database: NamedDependency[Database],
    evaluation_id: FromPath[UUID],
    data: JSONBody[Contest],
) -> Evaluation:
    """Contest one criterion of one's own call. The first result stays; a manager answers.

    Raises Problem `unknown-evaluation`, `not-your-call`, `nothing-to-contest` or `already-contested`.
    """
    return await service.contest(database, request.user, evaluation_id, data)


@post("/api/evaluations/{evaluation_id:uuid}/decisions", opt=only("manager"))
async def decide(
    request: Request[SignedIn, None, State],
    database: NamedDependency[Database],
    evaluation_id: FromPath[UUID],
    data: JSONBody[Upheld | Revised | FailConfirmed | FailDismissed],
) -> Evaluation:
    """Answer a contest, or say whether a call failed; never of one's own call. The total follows, beside the first one.

    Raises Problem `unknown-evaluation`, `own-evaluation`, `nothing-to-decide`, `contest-comes-first` or
    `nothing-revised`.
    """
    return await service.decide(database, request.user, evaluation_id, data)


@post("/api/evaluations/{evaluation_id:uuid}/acknowledgement", opt=only("agent"))
async def acknowledge(
    request: Request[SignedIn, None, State], database: NamedDependency[Database], evaluation_id: FromPath[UUID]
) -> Evaluation:
    """The agent has read it. Raises Problem `unknown-evaluation`, `not-your-call` or `still-in-review`."""
    return await service.acknowledge(database, request.user, evaluation_id)


@get("/api/calls/{call_id:uuid}/outcome", opt=only("agent", scopes=(MONITOR,)))
async def outcome(
    request: Request[Principal, None, State], database: NamedDependency[Database], call_id: FromPath[UUID]
) -> Evaluation:
    """What a call that this person or program answered came to. Raises Problem `no-outcome-yet`."""
    return await service.outcome_of(database, request.user, call_id)
