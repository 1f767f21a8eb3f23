"""Every refusal a person or program can meet, in one table, answered as RFC 9457 problem+json.

A browser that navigates gets the same words as a plain page. `detail` says what to do next. What went wrong inside
is never in an answer.
"""

from html import escape
from typing import Any

import msgspec
from litestar import MediaType, Request, Response
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, WebSocketDisconnect, WebSocketException
from litestar.types import Scope
from msgspec import Struct

from server.faults import Fault
from server.logs import code_place, log

TYPE_PREFIX = "urn:clinixcue:problem:"

PROBLEMS: dict[str, tuple[int, str, str]] = {
    # code: (HTTP status, title, detail when the one who raises has nothing more exact to say)
    "malformed-request": (
        400,
        "This request cannot be read",
        "Check the fields named here with the API description.",
    ),
    "sign-in-required": (401, "You are not signed in", "Sign in, then try again."),
    "not-allowed": (403, "You may not do this", "Ask your practice's administrator for the role this needs."),
    "wrong-origin": (403, "This request came from another site", "Open this server's own page and try again."),
    "wrong-call-token": (403, "This is not your call", "Open the call link again and place a new call."),
    "sign-in-failed": (403, "Sign-in did not work", "Start again from the sign-in page."),
    "unknown-person": (
        403,
        "You have no account here",
        "Your sign-in worked, but your practice has not added you. Ask your practice's administrator.",
    ),
    "disabled-person": (403, "Your account is switched off", "Ask your practice's administrator to switch it on."),
    "not-found": (404, "There is nothing here", "Check the address."),
    "unknown-line": (404, "This call link is not known", "Ask the practice for its current link, or telephone them."),
    "unknown-call": (404, "This call is not known", "It may belong to another practice, or never have been placed."),
    "no-outcome-yet": (404, "This call has no outcome yet", "It is stored shortly after the call ends; ask again."),
    "own-evaluation": (403, "This is your own call", "Somebody else with the manager role decides about it."),
    "not-your-call": (403, "This is not your call", "Only who answered a call can contest or acknowledge its score."),
    "unknown-evaluation": (404, "This evaluation is not known", "Go back to the list and open it from there."),
    "unknown-playbook": (404, "This playbook is not known", "Go back to the list of playbooks and open it from there."),
    "unknown-version": (404, "This version is not known", "Open the playbook and choose one from its list."),
    "method-not-allowed": (405, "This address does not take that method", "Check the API description."),
    "call-taken": (409, "A colleague took this call", "Nothing to do: they are speaking to the caller."),
    "nothing-to-contest": (409, "This criterion was not judged", "There is no result here that could be contested."),
    "already-contested": (409, "This is contested already", "Each criterion can be contested once; see the answer."),
    "nothing-to-decide": (409, "Nothing is to be decided here", "It was not contested, or is decided already."),
    "contest-comes-first": (409, "This criterion is contested", "Decide the contest first: it may settle this too."),
    "nothing-revised": (409, "That is the result as it is", "Choose another result, or uphold this one."),
    "still-in-review": (409, "This score is still in review", "Acknowledge it once every contest is decided."),
    "call-over": (409, "This call is over", "The caller can place a new call from the same link."),
    "name-taken": (409, "There is a playbook of this name", "Open it, or choose another name."),
    "draft-exists": (409, "A draft is being written already", "Go on with it, or discard it first."),
    "draft-changed": (409, "The draft was changed elsewhere", "Copy what you have typed, then reload the page."),
    "playbook-in-use": (409, "A line still uses this playbook", "Choose another playbook for that line first."),
    "line-expired": (410, "This call link is no longer in use", "Ask the practice for its current link."),
    "too-large": (413, "This request is too large", "Send less: most requests may hold 64 KiB, a playbook 400 kB."),
    "bad-session-description": (422, "The browser's call offer cannot be used", "Reload the page and try again."),
    "bad-words": (422, "These words cannot be saved", "Correct the entry named here, then save again."),
    "bad-playbook": (422, "This playbook cannot be used", "Correct what is listed here, then try again."),
    "safety-case-failed": (422, "A safety case fails", "The version that calls use stays. See the cases listed here."),
    "internal": (500, "Something went wrong here", "It is noted in the log. Try again in a moment."),
    "no-media": (503, "No call can be taken right now", "Try again in a minute, or telephone the practice."),
    "media-unreachable": (503, "The call could not be connected", "Try again; if it stays so, telephone the practice."),
    "provider-unreachable": (503, "The sign-in service does not answer", "Try again in a minute."),
    "pages-missing": (503, "The pages are not built", "Administrator: build the front end (make run does)."),
    "storage-unreachable": (503, "The database does not answer", "Try again in a moment; calls in progress go on."),
    "not-ready": (503, "Not ready for calls", "Wait for what is named here, then ask again."),
}

_OF_STATUS = {
    400: "malformed-request",
    401: "sign-in-required",
    403: "not-allowed",
    404: "not-found",
    405: "method-not-allowed",
    413: "too-large",
}


class Problem(Exception):
    """Raised anywhere to answer with a row of PROBLEMS; `detail` replaces the row's own. Code must be in the table.

    `at`: which entry of a list that was sent is meant, from 0. `faults`: what is wrong in a file that was sent.
    """

    def __init__(
        self, code: str, detail: str | None = None, at: int | None = None, faults: list[Fault] | None = None
    ) -> None:
        self.status, self.title, usual = PROBLEMS[code]
        self.code = code
        self.detail = detail or usual
        self.at = at
        self.faults = faults
        super().__init__(code)


class ProblemDetails(Struct, frozen=True, omit_defaults=True):
    """RFC 9457 section 3.1; `at` and `faults` are extensions (section 3.2)."""

    type: str
    title: str
    status: int
    detail: str
    at: int | None = None
    faults: list[Fault] | None = None


def answer_problem(request: Request[Any, Any, Any], problem: Problem) -> Response[bytes]:
    if _is_navigation(request):
        return Response(_page(problem), status_code=problem.status, media_type=MediaType.HTML)
    body = ProblemDetails(
        TYPE_PREFIX + problem.code, problem.title, problem.status, problem.detail, problem.at, problem.faults
    )
    return Response(
        msgspec.json.encode(body), status_code=problem.status, media_type="application/problem+json; charset=utf-8"
    )


def answer_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Litestar's own refusals: no route, wrong method, a body that does not fit its struct."""
    code = _OF_STATUS.get(error.status_code)
    if code is None:
        return answer_unhandled(request, error)
    return answer_problem(request, Problem(code, _what_does_not_fit(error) if error.status_code == 400 else None))


def answer_unhandled(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Messages of exceptions may hold a row's values, so only the kind and the place are logged."""
    log.error("unhandled", error=type(error).__name__, at=code_place(error), method=request.method)
    return answer_problem(request, Problem("internal"))


def answer_storage_failure(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """PostgreSQL is away, starting or full. The pool connects again by itself."""
    log.error("database does not answer", error=type(error).__name__, at=code_place(error))
    return answer_problem(request, Problem("storage-unreachable"))


async def note_socket_failure(error: Exception, scope: Scope) -> None:
    """Litestar closes a WebSocket whose handler failed without a word; the reason must not be lost."""
    if scope["type"] == ScopeType.WEBSOCKET and not isinstance(error, WebSocketException | WebSocketDisconnect):
        log.error("socket failed", error=type(error).__name__, at=code_place(error))


def _is_navigation(request: Request[Any, Any, Any]) -> bool:
    wants_page = "text/html" in request.headers.get("accept", "")
    return wants_page and not request.url.path.startswith(("/api/", "/static/", "/healthz/"))


def _page(problem: Problem) -> bytes:
    """No style and no script: the strict Content-Security-Policy holds for this page too."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<title>{escape(problem.title)}</title></head><body><main><h1>{escape(problem.title)}</h1>"
        f'<p>{escape(problem.detail)}</p><p><a href="/">Back to the start</a></p></main></body></html>'
    ).encode()


def _what_does_not_fit(error: HTTPException) -> str | None:
    """Names the field; never repeats what was sent (it could be a whole session description)."""
    extra = error.extra
    if not isinstance(extra, list):
        return None
    named = [f"{item['key']}: {item['message']}" for item in extra if isinstance(item, dict) and "key" in item]
    return "; ".join(named)[:500] or None
