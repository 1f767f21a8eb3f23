"""Sentences and whole calls with known answers, to test a playbook with.

A case is one line of JSON: a sentence with the labels it must and must not fire, or a call with what must come of it.
A label is the name of a cue (trigger), a criterion or a flag. docs/playbooks.md shows both.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct, field

from rtc.coaching.playbook import Playbook
from rtc.messages import Leg

Text = Annotated[str, Meta(min_length=1)]
Outcome = Literal["met", "partly_met", "not_met", "not_applicable"]


class CasesError(Exception):
    """A line that is no case. `line` counts from 1."""

    def __init__(self, source: str, line: int, reason: str) -> None:
        super().__init__(f"{source}:{line}: {reason}")
        self.line = line
        self.reason = reason


class Sentence(Struct, frozen=True, forbid_unknown_fields=True):
    """Heard alone, as one final. `expect` must fire, and nothing else; `not_` names what is easily taken for it."""

    id: Text
    speaker: Leg
    text: Text
    expect: list[str] = []
    not_: list[str] = field(name="not", default_factory=list)
    lang: str | None = None
    place: str = ""


class Turn(Struct, frozen=True, forbid_unknown_fields=True):
    speaker: Leg
    text: Text


class Expected(Struct, frozen=True, forbid_unknown_fields=True):
    """All cues and flags of a call, and the state at its end of those criteria that are named."""

    cues: list[str] = []
    criteria: dict[str, Outcome] = {}
    flags: list[str] = []


class Call(Struct, frozen=True, forbid_unknown_fields=True):
    id: Text
    turns: Annotated[list[Turn], Meta(min_length=1)]
    expected: Expected
    lang: str | None = None
    place: str = ""


class Labels:
    """The names that a playbook's cases may use. With `absent_allowed` any other counts as one that never fires."""

    def __init__(self, playbook: Playbook, absent_allowed: bool = False) -> None:
        self.playbook = playbook
        self.absent_allowed = absent_allowed
        self._cues = frozenset(playbook.triggers)
        self._criteria = frozenset(playbook.criteria)
        self._flags = frozenset(playbook.flags)
        self.safety = frozenset(name for name, trigger in playbook.triggers.items() if trigger.lane == "safety")

    def kind(self, label: str) -> Literal["cue", "criterion", "flag", "absent"]:
        if label in self._cues:
            return "cue"
        if label in self._criteria:
            return "criterion"
        return "flag" if label in self._flags else "absent"

    def check(self, case: Sentence | Call) -> None:
        """Raises ValueError with the reason."""
        if case.lang is not None and case.lang.split("-")[0] != self.playbook.language.split("-")[0]:
            raise ValueError(f"is in '{case.lang}', the playbook in '{self.playbook.language}'")
        if isinstance(case, Sentence):
            self._known([*case.expect, *case.not_], self._cues | self._criteria | self._flags, "cue, criterion or flag")
            for label in case.expect:
                if label in case.not_:
                    raise ValueError(f"'{label}' is both in 'expect' and in 'not'")
        else:
            self._known(case.expected.cues, self._cues, "cue")
            self._known(case.expected.criteria, self._criteria, "criterion")
            self._known(case.expected.flags, self._flags, "flag")

    def _known(self, names: Iterable[str], known: frozenset[str], what: str) -> None:
        for name in names:
            if name not in known and not self.absent_allowed:
                raise ValueError(f"playbook '{self.playbook.name}' has no {what} '{name}'")


def read_cases(raw: bytes, source: str, labels: Labels) -> list[Sentence | Call]:
    """One case per line; blank lines are passed over. Raises CasesError with the first thing wrong."""
    cases: list[Sentence | Call] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            value = _json(line)
            kind: type[Sentence] | type[Call] = Call if isinstance(value, dict) and "turns" in value else Sentence
            case: Sentence | Call = msgspec.convert(value, kind)
            labels.check(case)
        except ValueError as error:
            raise CasesError(source, number, str(error)) from error
        if case.id in seen:
            raise CasesError(source, number, f"'{case.id}' is also the id of line {seen[case.id]}")
        seen[case.id] = number
        cases.append(msgspec.structs.replace(case, place=f"{source}:{number}"))
    if not cases:
        raise CasesError(source, 1, "there are no cases in it")
    return cases


def _json(line: bytes) -> object:
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from error
