"""What is wrong in a file that somebody sent, and where: part of a problem (server/errors.py) and of answers."""

from typing import Literal

from msgspec import Struct


class Fault(Struct, frozen=True):
    """`line` counts from 1 in the file that `where` names: the playbook, the practice's own cases, or the starter's."""

    where: Literal["playbook", "cases", "starter"]
    line: int
    place: str
    """The path inside a playbook, or the id of a case. May be empty."""
    reason: str
