"""Deny by default: every route says who may call it, and only they may."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import httpx2
import pytest
from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.routes import ASGIRoute, HTTPRoute, WebSocketRoute
from nats.aio.client import Client
from websockets.exceptions import InvalidStatus

from rtc.bus import Bus
from server.app import create_app
from server.auth.access import ROLES, Access, Program, SignedIn, allows, declared, enforce
from server.errors import Problem
from tests.support.installation import Installation
from tests.support.signalling import problem

PUBLIC = {
    ("GET", "/"),
    ("GET", "/softphone"),
    ("GET", "/portal"),
    ("GET", "/portal/{inside:path}"),
    ("GET", "/call/{link:str}"),
    ("GET", "/static/assets/{file_path:path}"),
    ("HEAD", "/static/assets/{file_path:path}"),
    ("GET", "/auth/sign-in"),
    ("GET", "/auth/callback"),
    ("POST", "/auth/sign-out"),
    ("GET", "/api/lines/{link:str}"),
    ("POST", "/api/lines/{link:str}/calls"),
    ("GET", "/api/calls/{call_id:uuid}/patient-ice-servers"),
    ("POST", "/api/calls/{call_id:uuid}/patient-leg"),
    ("POST", "/api/calls/{call_id:uuid}/patient-hang-up"),
    ("WS", "/ws/caller/{call_id:uuid}"),
    ("GET", "/api/schema"),
    ("GET", "/api/schema/openapi.json"),
    ("GET", "/api/schema/{path:str}"),
    ("GET", "/healthz/live"),
    ("GET", "/healthz/ready"),
}
"""Every route that asks for no sign-in. A new one belongs here only after somebody thought about it."""

PROTECTED: dict[tuple[str, str], set[str]] = {
    ("GET", "/api/me"): {"agent", "manager", "dpo", "admin"},
    ("GET", "/api/monitor"): {"monitor"},
    ("GET", "/api/practice/vocabulary"): {"manager"},
    ("PUT", "/api/practice/vocabulary"): {"manager"},
    ("GET", "/api/playbooks"): {"manager"},
    ("POST", "/api/playbooks"): {"manager"},
    ("GET", "/api/playbooks/{playbook_id:uuid}"): {"manager"},
    ("POST", "/api/playbooks/{playbook_id:uuid}/draft"): {"manager"},
    ("PUT", "/api/playbooks/{playbook_id:uuid}/draft"): {"manager"},
    ("POST", "/api/playbooks/{playbook_id:uuid}/draft/discard"): {"manager"},
    ("POST", "/api/playbooks/{playbook_id:uuid}/draft/run"): {"manager"},
    ("GET", "/api/playbooks/{playbook_id:uuid}/draft/playbook.yaml"): {"manager"},
    ("POST", "/api/playbooks/{playbook_id:uuid}/publish"): {"manager"},
    ("POST", "/api/playbooks/{playbook_id:uuid}/archive"): {"manager"},
    ("GET", "/api/playbooks/{playbook_id:uuid}/versions/{number:int}"): {"manager"},
    ("GET", "/api/playbooks/{playbook_id:uuid}/versions/{number:int}/playbook.yaml"): {"manager"},
    ("GET", "/api/starter-playbooks/{name:str}"): {"manager"},
    ("GET", "/api/starter-playbooks/{name:str}/playbook.yaml"): {"manager"},
    ("PUT", "/api/practice/lines/{line_id:uuid}/playbook"): {"manager"},
    ("GET", "/api/calls/current"): {"agent"},
    ("GET", "/api/calls/{call_id:uuid}/ice-servers"): {"agent", "monitor"},
    ("POST", "/api/calls/{call_id:uuid}/answer"): {"agent", "monitor"},
    ("POST", "/api/calls/{call_id:uuid}/hang-up"): {"agent", "monitor"},
    ("GET", "/api/calls/{call_id:uuid}/outcome"): {"agent", "monitor"},
    ("GET", "/api/practice/cues"): {"manager"},
    ("GET", "/api/practice/purge-alerts"): {"manager"},
    ("POST", "/api/evaluations/{evaluation_id:uuid}/contests"): {"agent"},
    ("POST", "/api/evaluations/{evaluation_id:uuid}/decisions"): {"manager"},
    ("POST", "/api/evaluations/{evaluation_id:uuid}/acknowledgement"): {"agent"},
    ("GET", "/api/evaluations"): {"agent", "manager"},
    ("GET", "/api/evaluations/{evaluation_id:uuid}"): {"agent", "manager"},
    ("WS", "/ws/agent"): {"agent"},
}
"""Who may call the others."""

REFUSED: dict[str, dict[str, Any]] = {
    "/contests": {"criterion": "greeting", "reason": "misheard"},
    "/decisions": {"outcome": "upheld", "criterion": "greeting", "rationale": "evidence_stands"},
    "/vocabulary": {"words": ["?"]},
    "/lines/{line_id:uuid}/playbook": {"playbook": "unknown"},
    "/draft": {"number": 0, "source": "", "cases": "", "starter_cases": False, "revision": 0},
    "/publish": {"revision": 0},
    "": {"sdp": ""},
}
"""Bodies of the right shape that change nothing, for whoever is let in, by the end of the path."""

PEOPLE = {"agent": "tom.agent", "manager": "maria.manager", "dpo": "dora.dpo", "admin": "ada.admin"}


class Route(NamedTuple):
    method: str
    path: str
    handler: BaseRouteHandler


@pytest.fixture(scope="module")
def app(installation: Installation) -> Litestar:
    """Wired like the process, not started: its bus is never used."""

    return create_app(installation.settings, Bus(Client()))


def routes(app: Litestar) -> Iterator[Route]:
    """OPTIONS is answered by Litestar itself with a list of methods; everything else is here."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in handler.http_methods - {"OPTIONS"}:
                    yield Route(str(method), route.path, handler)
        elif isinstance(route, WebSocketRoute):
            yield Route("WS", route.path, route.route_handler)
        else:
            assert isinstance(route, ASGIRoute)
            yield Route("ASGI", route.path, route.route_handler)


def test_every_route_declares_who_may_call_it(app: Litestar) -> None:
    undeclared = [(r.method, r.path) for r in routes(app) if declared(r.handler.opt) is None]
    assert undeclared == []


def test_public_routes_are_on_the_list(app: Litestar) -> None:
    public = set()
    for route in routes(app):
        access = declared(route.handler.opt)
        if access is not None and access.public:
            public.add((route.method, route.path))
    assert public == PUBLIC


def test_protected_routes_are_in_the_table(app: Litestar) -> None:
    found = {}
    for route in routes(app):
        access = declared(route.handler.opt)
        if access is not None and not access.public:
            found[route.method, route.path] = set(access.roles | access.scopes)
    assert found == PROTECTED


def test_a_route_that_declares_nothing_is_refused_to_everybody(app: Litestar) -> None:
    person = SignedIn(uuid4(), uuid4(), uuid4(), "", "", "", frozenset(ROLES))
    program = Program(uuid4(), uuid4(), "", frozenset({"monitor"}))
    assert not any(allows(None, principal) for principal in (None, person, program))
    assert not allows(Access(), person)
    handler = next(route.handler for route in routes(app))
    scope: Any = {"type": "http", "user": None, "headers": []}
    undeclared = type("Undeclared", (), {"opt": {}})()
    assert handler is not None
    with pytest.raises(Problem):
        enforce(ASGIConnection(scope), undeclared)


async def call(client: httpx2.AsyncClient, method: str, path: str) -> httpx2.Response:
    filled = re.sub(r"{\w+:(\w+)}", lambda part: {"uuid": str(uuid4()), "int": "1", "str": "x"}[part[1]], path)
    body = next(body for end, body in REFUSED.items() if path.endswith(end))
    return await client.request(method, filled, json=None if method == "GET" else body)


@pytest.mark.parametrize(("method", "path"), [key for key in PROTECTED if key[0] != "WS"])
async def test_each_protected_route_for_each_role(installation: Installation, method: str, path: str) -> None:
    allowed = PROTECTED[method, path]
    async with installation.client() as anybody:
        assert problem(await call(anybody, method, path)) == (401, "sign-in-required")
    async with installation.client({"authorization": "Bearer made-up"}) as stranger:
        assert problem(await call(stranger, method, path)) == (401, "sign-in-required")
    clients = {role: installation.as_person(login) for role, login in PEOPLE.items()}
    clients["monitor"] = installation.as_monitor()
    for role, client in clients.items():
        async with client:
            answered = await call(client, method, path)
            if role in allowed:
                assert answered.status_code in (200, 404, 422), (role, answered.text)
            else:
                assert problem(answered) == (403, "not-allowed"), role


@pytest.mark.parametrize("login", [None, "maria.manager", "dora.dpo", "ada.admin"])
async def test_the_softphones_socket_is_for_agents(installation: Installation, login: str | None) -> None:
    headers = installation.headers_of(login) if login else {"origin": installation.origin}
    with pytest.raises(InvalidStatus):
        async with installation.socket("/ws/agent", headers):
            pass


async def test_a_programs_token_wins_over_a_cookie(installation: Installation) -> None:
    """A page that is made to send both acts as the program, never as the person."""
    headers = {**installation.headers_of("tom.agent"), "authorization": "Bearer made-up"}
    async with installation.client(headers) as both:
        assert problem(await both.get("/api/me")) == (401, "sign-in-required")


async def test_an_expired_program_is_nobody(installation: Installation) -> None:
    practice_id = installation.practice_id("Riverside Surgery")
    async with installation.rows(practice_id) as rows:
        before = await rows.fetchval("SELECT expires_at FROM service_account")
        await rows.execute("UPDATE service_account SET expires_at = now()")
    try:
        async with installation.as_monitor() as monitor:
            assert problem(await monitor.get("/api/monitor")) == (401, "sign-in-required")
    finally:
        async with installation.rows(practice_id) as rows:
            await rows.execute("UPDATE service_account SET expires_at = $1", before)


@pytest.mark.parametrize("path", ["/", "/softphone", "/portal", "/portal/evaluations"])
async def test_pages_lead_the_signed_out_to_sign_in(installation: Installation, path: str) -> None:
    async with installation.client() as anybody:
        answered = await anybody.get(path)
    assert answered.status_code == 302
    assert answered.headers["location"].startswith("/auth/sign-in?next=")


@pytest.mark.parametrize(
    ("login", "leads_to"), [("tom.agent", "/softphone"), ("maria.manager", "/portal"), ("dora.dpo", "/portal")]
)
async def test_the_start_leads_to_where_a_role_works(installation: Installation, login: str, leads_to: str) -> None:
    async with installation.as_person(login) as person:
        assert (await person.get("/")).headers["location"] == leads_to
        page = await person.get(leads_to)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
