"""HTTP shapes of a practice's lines."""

from msgspec import Struct


class Line(Struct, frozen=True):
    """What a caller's page shows before a call. `open`: a call can be taken right now."""

    practice: str
    line: str
    emergency_number: str
    open: bool


class MonitoringLine(Struct, frozen=True):
    """The link of the line that rings no person."""

    link: str
