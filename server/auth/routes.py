"""Sign in, come back, sign out, who am I."""

import hmac
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie, State
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect

from server.auth import store
from server.auth.access import ROLES, Program, SignedIn, anybody, only
from server.auth.oidc import OpenIdProvider
from server.auth.schemas import Me, PracticeName
from server.auth.sessions import Sessions, session_cookie, token_hash
from server.database import Database
from server.errors import Problem
from server.security import SESSION_COOKIE

BROWSER_COOKIE = "__Host-clinixcue-sign-in"
"""Ties an attempt to the browser it began in: nobody can finish their own sign-in in yours (login CSRF)."""

ATTEMPT_MINUTES = 10

OUR_PAGES = re.compile(r"/(softphone|portal(/[A-Za-z0-9-]+)*)")
"""Where sign-in may lead. Anything else leads to the start: no open redirect."""

Text = Annotated[str | None, QueryParameter(max_length=4096)]


@get("/auth/sign-in", opt=anybody(), include_in_schema=False)
async def sign_in(
    provider: NamedDependency[OpenIdProvider],
    database: NamedDependency[Database],
    next_path: Annotated[str, QueryParameter(name="next")] = "/",
) -> Redirect:
    departure = await provider.depart()
    browser, now = secrets.token_urlsafe(32), datetime.now(UTC)
    state_hash = token_hash(departure.state)
    attempt = store.AttemptRow(
        browser_hash=token_hash(browser),
        nonce=departure.nonce,
        code_verifier=departure.code_verifier,
        next_path=next_path if OUR_PAGES.fullmatch(next_path) else "/",
        expires_at=now + timedelta(minutes=ATTEMPT_MINUTES),
    )
    async with database.credential(state_hash):
        await store.drop_stale_attempts(now)
        await store.add_attempt(state_hash, attempt)
    return Redirect(departure.url, status_code=302, cookies=[_browser_cookie(browser, ATTEMPT_MINUTES * 60)])


@get("/auth/callback", opt=anybody(), include_in_schema=False)
async def callback(
    request: Request[SignedIn | Program | None, None, State],
    provider: NamedDependency[OpenIdProvider],
    database: NamedDependency[Database],
    sessions: NamedDependency[Sessions],
    code: Text = None,
    attempt_state: Annotated[str | None, QueryParameter(name="state", max_length=200)] = None,
    iss: Text = None,
    error: Text = None,
) -> Redirect:
    """RFC 6749 section 4.1.2. Every way in ends the attempt, so a stolen answer cannot be used again."""
    state_hash = token_hash(attempt_state or "")
    async with database.credential(state_hash):
        attempt = await store.take_attempt(state_hash)
    if attempt is None or attempt.expires_at <= datetime.now(UTC):
        raise Problem("sign-in-failed", "This sign-in took too long or was used before. Start again.")
    browser = request.cookies.get(BROWSER_COOKIE, "")
    if not hmac.compare_digest(token_hash(browser), attempt.browser_hash):
        raise Problem("sign-in-failed", "This sign-in began in another browser. Start again in this one.")
    if error is not None or not code:
        raise Problem("sign-in-failed", "The sign-in service did not sign you in. Start again.")
    subject = await provider.arrive(code, iss, attempt.nonce, attempt.code_verifier)

    person = await _find_person(database, provider.issuer, subject)
    before = request.cookies.get(SESSION_COOKIE)
    if before:
        await sessions.close(before)
    token = await sessions.open(person.practice_id, person.id)
    return Redirect(attempt.next_path, status_code=302, cookies=[session_cookie(token), _browser_cookie("", 0)])


@post("/auth/sign-out", opt=anybody(), status_code=204)
async def sign_out(
    request: Request[SignedIn | Program | None, None, State], sessions: NamedDependency[Sessions]
) -> Response[None]:
    """Public: a browser whose session ended already may still drop its cookie. The Origin rule holds."""
    token = request.cookies.get(SESSION_COOKIE)
    if token:
        await sessions.close(token)
    return Response(None, status_code=204, cookies=[session_cookie("", max_age=0)])


@get("/api/me", opt=only(*ROLES))
async def me(request: Request[SignedIn, None, State]) -> Me:
    """Who is signed in, for the page to greet and to show what their roles allow."""
    person = request.user
    return Me(
        person_id=person.person_id,
        name=person.name,
        email=person.email,
        practice=PracticeName(person.practice_id, person.practice_name),
        roles=[role for role in ROLES if role in person.roles],
    )


async def _find_person(database: Database, issuer: str, subject: str) -> store.PersonRow:
    """Raises Problem for somebody the provider knows and we do not, or who was switched off."""
    async with database.credential(store.person_credential(issuer, subject)):
        found = await store.find_person_of(issuer, subject)
    if found is None:
        raise Problem("unknown-person")
    practice_id, person_id = found
    async with database.practice(practice_id):
        person = await store.get_person(person_id)
    if person is None or person.disabled:
        raise Problem("disabled-person")
    return person


def _browser_cookie(value: str, max_age: int) -> Cookie:
    return Cookie(
        key=BROWSER_COOKIE, value=value, path="/", secure=True, httponly=True, samesite="lax", max_age=max_age
    )
