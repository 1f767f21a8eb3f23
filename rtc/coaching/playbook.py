"""Playbooks: read from YAML, checked whole, refused with line and reason for everything that is wrong.

`load` reads one that ships with this package, `parse` any text.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import get_args

from msgspec import structs

from rtc.coaching.checking import Parts, check
from rtc.coaching.definitions import Condition, ConductFlag, Criterion, Head, Trigger
from rtc.coaching.marked_yaml import YamlError, parse_yaml
from rtc.coaching.operators import Id
from rtc.coaching.rules import Rules, legs_of
from rtc.coaching.structure import Refusal
from rtc.messages import Leg


class PlaybookError(Exception):
    """`line`, `place` and `reason` are those of the first refusal; `refusals` are all that were found."""

    def __init__(self, name: str, line: int, place: str, reason: str, more: Sequence[Refusal] = ()) -> None:
        """`line` counts from 1; `place` is the path inside the file; `reason` says what to change."""
        self.refusals = [Refusal(line, place, reason), *more]
        super().__init__("\n".join(_told(name, one) for one in self.refusals))
        self.line = line
        self.place = place
        self.reason = reason


def _told(name: str, one: Refusal) -> str:
    return f"{name}:{one.line}: {one.place}: {one.reason}" if one.place else f"{name}:{one.line}: {one.reason}"


class Playbook(Head, frozen=True, kw_only=True):
    """A checked playbook. `rules` are its conditions, compiled; nothing in it changes during a call."""

    triggers: dict[Id, Trigger]
    criteria: dict[Id, Criterion]
    flags: dict[Id, ConductFlag]
    conditions: dict[Id, Condition]
    rules: Rules

    @property
    def cued_legs(self) -> frozenset[Leg]:
        """The legs whose words can fire a trigger. The other's are only ticked and scored, which can wait."""
        used = [name for trigger in self.triggers.values() for name in trigger.conditions]
        said_by = {leg for name in used for leg in legs_of(name, self.conditions)}
        return frozenset(leg for leg in get_args(Leg) if leg in said_by)

    def applies(self, line: str, direction: str) -> bool:
        """Whether a call on this line of the practice, "inbound" or "outbound", is coached by it."""
        wanted = self.applies_to
        return (not wanted.lines or line in wanted.lines) and wanted.direction in ("any", direction)


@cache
def load(name: str) -> Playbook:
    """The playbook `name` of this package. Raises PlaybookError; an unknown name lists the known ones."""
    packs = files(__package__) / "packs"
    known = sorted(entry.name.removesuffix(".yaml") for entry in packs.iterdir() if entry.name.endswith(".yaml"))
    if name not in known:
        raise PlaybookError(name, 1, "", f"there is no such playbook; known: {', '.join(known)}")
    playbook = parse((packs / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml")
    if playbook.name != name:
        raise PlaybookError(f"{name}.yaml", 1, "name", f"is '{playbook.name}', must be the file's name")
    return playbook


def parse(text: str, source: str = "playbook") -> Playbook:
    """Read and check. `source` names the text in errors. Raises PlaybookError with everything that is wrong."""
    try:
        marked = parse_yaml(text)
    except YamlError as error:
        raise PlaybookError(source, error.line, "", error.reason) from error
    checked = check(marked)
    if not isinstance(checked, Parts):
        first = checked[0]
        raise PlaybookError(source, first.line, first.place, first.reason, checked[1:])
    return Playbook(
        **structs.asdict(checked.head),
        triggers=checked.triggers,
        criteria=checked.criteria,
        flags=checked.flags,
        conditions=checked.conditions,
        rules=checked.rules,
    )
