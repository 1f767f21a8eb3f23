"""What the server asks of an examiner. Apart from the examining, which loads what `speech` matches with."""

from msgspec import Struct


class Job(Struct, frozen=True):
    """`name`: what the playbook must be called. `starter`: whose cases count too. `lines`: those that use it, or will.
    `run` False: only check."""

    name: str
    source: str
    cases: str
    starter: str | None
    lines: list[str]
    run: bool
