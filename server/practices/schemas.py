"""HTTP shapes of a practice: its lines and its words."""

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


class PracticeWords(Struct, frozen=True):
    """What this practice's callers and receptionists say: clinicians, streets, hospitals, medicines. No patient's name.

    At most 200 entries of 2 to 40 letters, digits, spaces, apostrophes, hyphens and full stops, none twice.
    """

    words: list[str]
