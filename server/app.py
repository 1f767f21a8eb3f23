"""The one wiring list of the `server` process, top to bottom."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.middleware import DefineMiddleware
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from rtc.bus import Bus
from server import health
from server.auth import routes as auth
from server.auth.access import anybody, enforce
from server.auth.oidc import OpenIdProvider
from server.auth.sessions import Authentication, Sessions
from server.calls import routes as calls
from server.calls import socket_routes
from server.calls.listening import listen, watch_workers
from server.calls.placement import MediaWorkers
from server.calls.sockets import Sockets
from server.calls.switchboard import Switchboard
from server.calls.turn import Turn
from server.cues import routes as cues
from server.database import UNREACHABLE, Database
from server.errors import (
    Problem,
    answer_http_exception,
    answer_problem,
    answer_storage_failure,
    answer_unhandled,
    note_socket_failure,
)
from server.health import Health
from server.pages import page_routes
from server.playbooks import routes as playbooks
from server.playbooks.runs import Runs
from server.practices import routes as practices
from server.sandboxes import Sandboxes
from server.scores import routes as scores
from server.scores.outcomes import serve_outcomes
from server.scores.receipts import ReceiptWatch
from server.security import MAX_BODY_BYTES, OriginCheck, add_headers
from server.settings import ServerProcessSettings

ROUTES: list[Any] = [
    auth.sign_in,
    auth.callback,
    auth.sign_out,
    auth.me,
    practices.monitor,
    practices.vocabulary,
    practices.replace_vocabulary,
    playbooks.playbooks,
    playbooks.begin,
    playbooks.playbook,
    playbooks.begin_draft,
    playbooks.save,
    playbooks.discard,
    playbooks.run,
    playbooks.publish,
    playbooks.archive,
    playbooks.version,
    playbooks.version_file,
    playbooks.draft_file,
    playbooks.starter,
    playbooks.starter_file,
    playbooks.choose,
    calls.line,
    calls.place,
    calls.patient_leg,
    calls.patient_hang_up,
    calls.patient_ice_servers,
    calls.ice_servers,
    calls.current,
    calls.answer,
    calls.hang_up,
    socket_routes.agent_socket,
    socket_routes.caller_socket,
    scores.evaluations,
    scores.evaluation,
    scores.purge_alerts,
    scores.outcome,
    scores.contest,
    scores.decide,
    scores.acknowledge,
    cues.cues_in_use,
    health.live,
    health.ready,
]

HANDLERS: dict[int | type[Exception], Any] = {
    Problem: answer_problem,
    HTTPException: answer_http_exception,
    **dict.fromkeys(UNREACHABLE, answer_storage_failure),
    Exception: answer_unhandled,
}

DESCRIPTION = OpenAPIConfig(
    title="ClinixCue",
    version="1",
    path="/api/schema",
    render_plugins=[JsonRenderPlugin(path="/openapi.json")],
    use_handler_docstrings=True,
    openapi_router=Router("/api/schema", route_handlers=[], opt=anybody()),
)


def create_app(settings: ServerProcessSettings, bus: Bus) -> Litestar:
    """The application. Its lifespan opens the database, checks it is safe, and listens on `bus`.

    `bus` is connected already and stays the caller's to close.
    """
    database = Database(settings.database)
    sessions = Sessions(database, settings.session)
    provider = OpenIdProvider(settings.identity, f"{settings.server.origin}/auth/callback")
    workers = MediaWorkers()
    sandboxes = Sandboxes()
    sockets = Sockets()
    switchboard = Switchboard(database, workers, sockets, bus)
    sessions.on_close(sockets.close_session)
    receipts = ReceiptWatch(database)
    switchboard.on_end(receipts.expect)

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        await database.open()
        try:
            await database.refuse_if_unsafe()
            await listen(bus, switchboard, workers, sockets)
            await sandboxes.listen(bus)
            await serve_outcomes(bus, database, switchboard)
            watching = asyncio.create_task(watch_workers(bus, switchboard, workers))
            yield
            watching.cancel()
            await asyncio.gather(watching, receipts.stop(), return_exceptions=True)
        finally:
            sockets.close_all()
            await database.close()

    return Litestar(
        route_handlers=[*ROUTES, *page_routes(settings.server.pages)],
        dependencies={
            "database": _given(database),
            "sessions": _given(sessions),
            "provider": _given(provider),
            "media_workers": _given(workers),
            "sandboxes": _given(sandboxes),
            "sockets": _given(sockets),
            "switchboard": _given(switchboard),
            "runs": _given(Runs()),
            "turn": _given(Turn(settings.turn)),
            "health": _given(Health(database, bus, workers)),
        },
        middleware=[
            DefineMiddleware(OriginCheck, origin=settings.server.origin),
            DefineMiddleware(Authentication, sessions=sessions),
        ],
        guards=[enforce],
        exception_handlers=HANDLERS,
        after_exception=[note_socket_failure],
        before_send=[add_headers(settings.server.public_url)],
        lifespan=[lifespan],
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=DESCRIPTION,
        logging_config=None,
        debug=False,
    )


def _given(value: object) -> Provide:
    return Provide(lambda: value, sync_to_thread=False, use_cache=True)
