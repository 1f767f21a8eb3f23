"""Sessions of our own: 256 random bits in a cookie, their SHA-256 in the database.

A session is made at sign-in and only there. What a browser brings along is looked up, never adopted, so a cookie
planted before sign-in is worth nothing afterwards (session fixation).
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from server.auth import store
from server.auth.access import Principal, Program, SignedIn
from server.database import Database
from server.security import SESSION_COOKIE
from server.settings import SessionSettings

TOUCH_SECONDS = 60
"""Note a person's activity at most this often: the idle limit is in minutes."""

MAX_TOKEN_CHARS = 100
"""Ours have 43. Do not hash what cannot be one."""


def new_token() -> str:
    """256 bits, as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Plain SHA-256 is enough for 256 random bits: there is nothing to guess (OWASP ASVS 5.0, 7.2.3)."""
    return hashlib.sha256(token.encode()).hexdigest()


class Sessions:
    def __init__(self, database: Database, settings: SessionSettings) -> None:
        self._database = database
        self._idle = timedelta(minutes=settings.idle_minutes)
        self._absolute = timedelta(hours=settings.absolute_hours)
        self._on_close: list[Callable[[UUID], None]] = []

    async def open(self, practice_id: UUID, person_id: UUID) -> str:
        """A new session; returns its token, which is stored nowhere."""
        token, now = new_token(), datetime.now(UTC)
        async with self._database.practice(practice_id):
            await store.drop_expired_sessions(now)
            await store.add_session(practice_id, person_id, token_hash(token), now, now + self._absolute)
        return token

    async def resume(self, token: str) -> SignedIn | None:
        """Who holds this token. None for an unknown, idle or expired session and for a disabled person."""
        now = datetime.now(UTC)
        session = await self._find(token)
        if session is None:
            return None
        async with self._database.practice(session.practice_id):
            if now >= session.expires_at or now >= session.last_seen_at + self._idle:
                await store.drop_session(session.id)
                return None
            person = await store.get_person(session.person_id)
            if person is None or person.disabled:
                return None
            if now - session.last_seen_at >= timedelta(seconds=TOUCH_SECONDS):
                await store.touch_session(session.id, now)
        return SignedIn(
            session_id=session.id,
            person_id=person.id,
            practice_id=person.practice_id,
            practice_name=person.practice_name,
            name=person.name,
            email=person.email,
            roles=frozenset(person.roles),
        )

    async def close(self, token: str) -> None:
        """End the session of this token, if there is one, and whatever is open under it."""
        session = await self._find(token)
        if session is not None:
            async with self._database.practice(session.practice_id):
                await store.drop_session(session.id)
            for closed in self._on_close:
                closed(session.id)

    def on_close(self, closed: Callable[[UUID], None]) -> None:
        """Call `closed` with the id of each session that is signed out of in this process."""
        self._on_close.append(closed)

    async def program(self, token: str) -> Program | None:
        """The service account that holds this bearer token (RFC 6750)."""
        if len(token) > MAX_TOKEN_CHARS:
            return None
        hashed = token_hash(token)
        async with self._database.credential(hashed):
            account = await store.find_account(hashed)
        if account is None or datetime.now(UTC) >= account.expires_at:
            return None
        return Program(account.id, account.practice_id, account.name, frozenset(account.scopes))

    async def _find(self, token: str) -> store.SessionRow | None:
        if len(token) > MAX_TOKEN_CHARS:
            return None
        hashed = token_hash(token)
        async with self._database.credential(hashed):
            return await store.find_session(hashed)


class Authentication:
    """Puts who is asking into the scope, or None. Decides nothing: that is the guard's."""

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self.app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in (ScopeType.HTTP, ScopeType.WEBSOCKET):
            scope["auth"] = None
            scope["user"] = await self._identify(ASGIConnection(scope))
        await self.app(scope, receive, send)

    async def _identify(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Principal | None:
        """A bearer token wins over a cookie: a program that names itself never acts as a person."""
        scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
        if scheme:
            return await self._sessions.program(bearer.strip()) if scheme.lower() == "bearer" else None
        cookie = connection.cookies.get(SESSION_COOKIE)
        return await self._sessions.resume(cookie) if cookie else None


def session_cookie(token: str, max_age: int | None = None) -> Cookie:
    """`max_age` 0 removes it; None lets it end with the browser (the server's limits hold anyway)."""
    return Cookie(
        key=SESSION_COOKIE, value=token, path="/", secure=True, httponly=True, samesite="lax", max_age=max_age
    )
