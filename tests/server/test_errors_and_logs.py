"""What people and logs are told when something fails: enough to act on, nothing from inside."""

import io
import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx2
import pytest
import structlog
from litestar import Litestar, get
from litestar.exceptions import HTTPException
from litestar.testing import TestClient

from server.errors import PROBLEMS, Problem, answer_http_exception, answer_problem, answer_unhandled
from server.logs import KEYS, keep_listed, log, set_up
from tests.support.installation import Installation
from tests.support.signalling import problem


async def test_unknown_addresses_and_methods(anybody: httpx2.AsyncClient) -> None:
    assert problem(await anybody.get("/api/nothing")) == (404, "not-found")
    assert problem(await anybody.post("/api/me")) == (405, "method-not-allowed")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"analyse": "perhaps"}', b"\xff"])
async def test_a_body_that_cannot_be_read(installation: Installation, anybody: httpx2.AsyncClient, body: bytes) -> None:
    path = f"/api/lines/{installation.link}/calls"
    sent = await anybody.post(path, content=body, headers={"content-type": "application/json"})
    assert problem(sent) == (400, "malformed-request")


async def test_a_query_that_cannot_be_read(tom: httpx2.AsyncClient) -> None:
    refused = await tom.get("/api/evaluations", params={"limit": "many"})
    assert problem(refused) == (400, "malformed-request")
    assert "limit" in refused.json()["detail"]
    assert problem(await tom.get("/api/evaluations", params={"before": "yesterday"})) == (400, "malformed-request")


async def test_a_person_gets_a_page_and_a_program_gets_json(anybody: httpx2.AsyncClient) -> None:
    page = await anybody.get("/nowhere", headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "<script" not in page.text
    assert problem(await anybody.get("/api/nowhere", headers={"accept": "text/html"})) == (404, "not-found")


def test_every_problem_says_what_to_do() -> None:
    for code, (status, title, detail) in PROBLEMS.items():
        assert 400 <= status < 600, code
        assert title, code
        assert detail.endswith("."), code


@get("/")
async def fails() -> None:
    raise asyncpg.UniqueViolationError("Key (email)=(tom@riverside.example) already exists.")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What reaches the log, through the processors of the running server."""
    set_up()
    sink = io.StringIO()
    configured = structlog.get_config()
    structlog.configure(
        processors=configured["processors"],
        logger_factory=structlog.WriteLoggerFactory(sink),
        cache_logger_on_first_use=False,
    )
    yield sink
    structlog.reset_defaults()


def test_what_went_wrong_inside_stays_inside(written: io.StringIO) -> None:
    app = Litestar(
        [fails],
        exception_handlers={
            Problem: answer_problem,
            HTTPException: answer_http_exception,
            Exception: answer_unhandled,
        },
        logging_config=None,
    )
    with TestClient(app, raise_server_exceptions=False) as client:
        answered = client.get("/")
    assert (answered.status_code, answered.json()["type"]) == (500, "urn:clinixcue:problem:internal")
    entry = json.loads(written.getvalue())
    assert entry["error"] == "UniqueViolationError"
    assert "test_errors_and_logs.py" in entry["at"]
    for told in (answered.text, written.getvalue()):
        assert "tom@" not in told
        assert "Key (" not in told


def test_a_key_that_is_not_listed_never_reaches_the_log(written: io.StringIO) -> None:
    log.info("answered", call_id="17", transcript="I have a pain", caller="0044")
    entry = json.loads(written.getvalue())
    assert entry["call_id"] == "17"
    assert entry["dropped"] == ["caller", "transcript"]
    assert "pain" not in written.getvalue()
    assert "0044" not in written.getvalue()


def test_every_listed_key_is_kept() -> None:
    event: dict[str, Any] = dict.fromkeys(sorted(KEYS), "x")
    assert keep_listed(None, "info", dict(event)) == event


async def test_the_servers_log_is_json_and_names_nobody(installation: Installation, tom: httpx2.AsyncClient) -> None:
    await tom.get("/api/me")
    lines = installation.server_log.splitlines()
    assert lines
    assert all(set(json.loads(line)) <= KEYS for line in lines)
    cookie = installation.headers_of("tom.agent")["cookie"].split("=")[1]
    for secret in ("riverside.example", "Tom Hayes", cookie, installation.monitor_token, installation.link):
        assert secret not in installation.server_log
