"""Who may call a route. Every route declares it in its `opt`; one that does not is refused to everybody.

Roles are of people, scopes of programs (service accounts). A route may name both.
"""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.exceptions import WebSocketException
from litestar.handlers.base import BaseRouteHandler
from msgspec import Struct

from server.errors import Problem

Role = Literal["agent", "manager", "dpo", "admin"]
ROLES: tuple[Role, ...] = ("agent", "manager", "dpo", "admin")

MONITOR = "monitor"
"""Scope of a program that places monitoring calls and reads their outcome."""

OPT_KEY = "access"
UNAUTHORISED = 4401
FORBIDDEN = 4403
"""WebSocket close codes of ours (RFC 6455 section 7.4.2: 4000 to 4999 are for applications)."""


class SignedIn(Struct, frozen=True):
    """A person, in one practice, through one session."""

    session_id: UUID
    person_id: UUID
    practice_id: UUID
    practice_name: str
    name: str
    email: str
    roles: frozenset[str]


class Program(Struct, frozen=True):
    """A service account, in one practice."""

    account_id: UUID
    practice_id: UUID
    name: str
    scopes: frozenset[str]


Principal = SignedIn | Program


class Access(Struct, frozen=True):
    """`public`: anybody, the handler itself may still ask for a call token. Else one of the roles or scopes."""

    public: bool = False
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()


def anybody() -> dict[str, Any]:
    """No sign-in. Tests hold the full list of such routes."""
    return {OPT_KEY: Access(public=True)}


def only(*roles: Role, scopes: tuple[str, ...] = ()) -> dict[str, Any]:
    """People with one of `roles`, programs with one of `scopes`."""
    return {OPT_KEY: Access(roles=frozenset(roles), scopes=frozenset(scopes))}


def declared(opt: Mapping[str, Any]) -> Access | None:
    access = opt.get(OPT_KEY)
    return access if isinstance(access, Access) else None


def allows(access: Access | None, principal: Principal | None) -> bool:
    """Deny by default: no declaration allows nobody."""
    if access is None:
        return False
    if access.public:
        return True
    match principal:
        case SignedIn(roles=roles):
            return not access.roles.isdisjoint(roles)
        case Program(scopes=scopes):
            return not access.scopes.isdisjoint(scopes)
        case None:
            return False


def enforce(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """The one guard, set on the whole application."""
    principal: Principal | None = connection.user
    if allows(declared(handler.opt), principal):
        return
    unknown = principal is None
    if connection.scope["type"] == ScopeType.WEBSOCKET:
        raise WebSocketException(detail="not allowed", code=UNAUTHORISED if unknown else FORBIDDEN)
    raise Problem("sign-in-required" if unknown else "not-allowed")
