"""What server processes tell each other about a call, on `ring.<practice_id>`: each holds its own sockets."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from server.calls.schemas import EndedBy


class CallNews(Struct, frozen=True):
    """At most once, like everything on the bus; the row in the database is what is true."""

    practice_id: UUID
    call_id: UUID
    kind: Literal["ringing", "answered", "ended"]
    line: str = ""
    since: str = ""
    """ringing: UTC, RFC 3339."""
    person_id: UUID | None = None
    """answered, ended: the agent. None for a monitoring call, and for a call nobody answered."""
    by: EndedBy | None = None
    """ended: who decided."""
