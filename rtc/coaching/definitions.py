"""What a playbook is made of: data only. Names follow the field's usage (condition, trigger, criterion, flag).

`playbook.py` reads these from YAML and checks that they fit together.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from rtc.messages import Lane

Id = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,47}$")]
Line = Annotated[str, Meta(min_length=1, max_length=120, pattern=r"^[^\n\r]*$")]
Seconds = Annotated[float, Meta(gt=0, le=3600)]

MAX_TITLE_WORDS = 7


class Near(Struct, frozen=True, forbid_unknown_fields=True):
    """One phrase of every group, in any order, at most `within` words from the first to the last."""

    groups: Annotated[list[Annotated[list[str], Meta(min_length=1)]], Meta(min_length=2, max_length=4)]
    within: Annotated[int, Meta(ge=2, le=20)] = 8


class Digits(Struct, frozen=True, forbid_unknown_fields=True):
    """A run of spoken digits, at least this long. `first`: what its first digit may be (empty: anything)."""

    at_least: Annotated[int, Meta(ge=2, le=30)]
    first: Annotated[str, Meta(pattern="^[0-9]*$")] = ""


class Recent(Struct, frozen=True, forbid_unknown_fields=True):
    """One of these conditions was met in this utterance, or ended at most `within_s` seconds before it."""

    conditions: Annotated[list[Id], Meta(min_length=1)]
    within_s: Seconds


class Condition(Struct, frozen=True, forbid_unknown_fields=True):
    """Met by an utterance of `leg` in which any of `phrases`, `near`, `digits` occurs.

    A hit that shares a word with one of `unless`, or that is negated ("no chest pain"), does not count.
    """

    leg: Literal["agent", "patient", "any"]
    phrases: list[str] = []
    near: list[Near] = []
    digits: Digits | None = None
    unless: list[str] = []
    negatable: bool = True
    """False for words that mean the same when negated ("don't read me your card number")."""
    after: Recent | None = None
    not_after: Recent | None = None
    until_s: Seconds | None = None
    """Only in utterances that begin before this second of the call."""
    on: Literal["partial", "final"] = "partial"
    """Whether stable partials count, or finals only."""
    min_confidence: Annotated[float, Meta(ge=0, le=1)] = 0.0
    """Utterances recognised with less confidence do not count."""


class Trigger(Struct, frozen=True, forbid_unknown_fields=True):
    """A card for the agent, shown when any of `conditions` is met."""

    lane: Lane
    conditions: Annotated[list[Id], Meta(min_length=1)]
    title: Line
    say: Line
    do_not_say: Line | None = None
    cooldown_s: Seconds | None = None
    """Seconds before it may fire again. None: once per call."""


class Criterion(Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the checklist and of the score. Either met by something said, or lost by something said."""

    label: Line
    weight: Annotated[int, Meta(ge=1, le=100)]
    met_by: list[Id] = []
    at_least: Annotated[int, Meta(ge=1)] = 1
    """How many different conditions of `met_by` are needed."""
    broken_by: list[Id] = []
    applies_if: list[Id] = []
    """Applies once any of these conditions was met. Empty: applies to every call."""
    waived_if: list[Id] = []
    """No longer asked for once any of these was met: an emergency comes before administration."""


class ConductFlag(Struct, frozen=True, forbid_unknown_fields=True):
    """Raised by what the agent says. Never about the patient's condition."""

    severity: Literal["critical", "major", "minor"]
    about: Literal["conduct", "process", "system"]
    raised_by: Annotated[list[Id], Meta(min_length=1)]
