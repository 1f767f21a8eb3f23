"""HTTP shapes of sign-in."""

from typing import Literal
from uuid import UUID

from msgspec import Struct


class PracticeName(Struct, frozen=True):
    id: UUID
    name: str


class Me(Struct, frozen=True):
    """Who is signed in."""

    person_id: UUID
    name: str
    email: str
    practice: PracticeName
    roles: list[Literal["agent", "manager", "dpo", "admin"]]
