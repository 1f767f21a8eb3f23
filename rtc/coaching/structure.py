"""From plain YAML values to structs: everything that does not fit is told, and the rest is still looked at."""

import copy
import re
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, structs

from rtc.coaching.marked_yaml import MarkedYaml

T = TypeVar("T", bound=Struct)

MAX_REFUSALS = 100
"""More of them help nobody."""


class Refusal(Struct, frozen=True, order=True):
    """`line` counts from 1; `place` is the path inside the file; `reason` says what to change."""

    line: int
    place: str
    reason: str


class Refusals:
    """Collects them, each with the line of its place."""

    def __init__(self, marked: MarkedYaml) -> None:
        self._lines = marked.lines
        self.found: list[Refusal] = []

    def add(self, place: str, reason: str) -> None:
        """`place` begins with "$"; the line is that of the place, or of the nearest thing around it in the file."""
        known = place
        while known not in self._lines:
            known = known[: max(known.rfind("."), known.rfind("["))] or "$"
        refusal = Refusal(self._lines[known], place.removeprefix("$").removeprefix("."), reason)
        if refusal not in self.found and len(self.found) < MAX_REFUSALS:
            self.found.append(refusal)


def convert(value: Any, kind: type[T], path: str, refusals: Refusals) -> T | None:
    """None when it does not fit. What is wrong is told and taken out, and the rest is looked at again."""
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError:
        value = copy.deepcopy(value)
    if isinstance(value, dict):
        # A key misspelt is an unknown key and a missing one; msgspec would tell the missing one only.
        for key in value.keys() - {one.encode_name for one in structs.fields(kind)}:
            refusals.add(f"{path}.{key}", f"unknown key '{key}'")
            del value[key]
    taken: set[str] = set()
    for _ in range(MAX_REFUSALS):
        try:
            msgspec.convert(value, kind, strict=False)
        except msgspec.ValidationError as error:
            place, reason = _read(str(error))
            missing = re.search(r"missing required field `(.*)`", reason)
            if missing:
                if f"{place}.{missing[1]}" not in taken:
                    refusals.add(path + place, reason)
                break
            refusals.add(path + place, reason)
            taken.add(place)
            if not _take_out(value, place):
                break
        else:
            break
    return None


def _read(message: str) -> tuple[str, str]:
    """Place (as ".a.b[0]") and reason of msgspec's message."""
    reason, _, inner = message.partition(" - at `")
    place = inner.rstrip("`").removeprefix("$")
    unknown = re.search(r"unknown field `(.*)`", reason)
    if unknown:
        return f"{place}.{unknown[1]}", f"unknown key '{unknown[1]}'"
    return place, reason


def _take_out(value: Any, place: str) -> bool:
    steps: list[str | int] = [
        int(step[1:-1]) if step.startswith("[") else step[1:] for step in re.findall(r"\.[^.\[]+|\[\d+\]", place)
    ]
    if not steps:
        return False
    try:
        for step in steps[:-1]:
            value = value[step]
        del value[steps[-1]]
    except (KeyError, IndexError, TypeError):
        return False
    return True
