"""Playbooks: read from YAML, checked whole, refused with line and reason when anything is wrong.

`load` reads one that ships with this package, `parse` any text.
"""

import re
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, TypeVar, get_args

import msgspec
from msgspec import Meta, Struct

from rtc.coaching.conditions import Rules
from rtc.coaching.definitions import MAX_TITLE_WORDS, Condition, ConductFlag, Criterion, Id, Line, Trigger
from rtc.coaching.marked_yaml import MarkedYaml, YamlError, parse_yaml
from rtc.coaching.patterns import Lexicon, PatternError
from rtc.messages import Leg

T = TypeVar("T", bound=Struct)

WEIGHTS_SUM = 100

_SECTIONS: dict[str, type[Struct]] = {
    "conditions": Condition,
    "triggers": Trigger,
    "criteria": Criterion,
    "flags": ConductFlag,
}


class PlaybookError(Exception):
    """`line` counts from 1; `place` is the path inside the file; `reason` says what to change."""

    def __init__(self, name: str, line: int, place: str, reason: str) -> None:
        super().__init__(f"{name}:{line}: {place}: {reason}" if place else f"{name}:{line}: {reason}")
        self.line = line
        self.place = place
        self.reason = reason


class Head(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything in the file but its four sections."""

    name: Annotated[str, Meta(pattern="^[a-z][a-z0-9-]{0,63}$")]
    title: Line
    version: Annotated[int, Meta(ge=1)]
    language: Annotated[str, Meta(pattern="^[a-z]{2}(-[A-Z]{2})?$")]
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")]
    emergency_number: Annotated[str, Meta(pattern="^[0-9]{2,4}$")]
    min_duration_s: Annotated[float, Meta(ge=0, le=600)]
    min_coverage: Annotated[float, Meta(ge=0, le=1)]
    words: dict[str, list[str]] = {}
    """Lists that phrases may name: `{<body part>} hurts`."""


class Playbook(Struct, frozen=True):
    """A checked playbook. `rules` are its conditions, compiled; nothing in it changes during a call."""

    name: str
    title: str
    version: int
    language: str
    country: str
    emergency_number: str
    min_duration_s: float
    """Shorter calls are not scored."""
    min_coverage: float
    """Calls of which less was understood are not scored."""
    triggers: dict[Id, Trigger]
    criteria: dict[Id, Criterion]
    flags: dict[Id, ConductFlag]
    conditions: dict[Id, Condition]
    rules: Rules

    @property
    def cued_legs(self) -> frozenset[Leg]:
        """The legs whose words can fire a trigger. The other's are only ticked and scored, which can wait."""
        said_by = {self.conditions[name].leg for trigger in self.triggers.values() for name in trigger.conditions}
        return frozenset(leg for leg in get_args(Leg) if leg in said_by or "any" in said_by)


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
    """Read and check. `source` names the text in errors. Raises PlaybookError with the first thing wrong."""
    try:
        marked = parse_yaml(text)
    except YamlError as error:
        raise PlaybookError(source, error.line, "", error.reason) from error
    return _Reader(marked, source).playbook()


class _Reader:
    def __init__(self, marked: MarkedYaml, source: str) -> None:
        self._marked = marked
        self._source = source

    def playbook(self) -> Playbook:
        top = self._marked.value
        if not isinstance(top, dict):
            raise self._error("$", "a playbook is a mapping; it begins with 'name:'")
        head = self._convert({k: v for k, v in top.items() if k not in _SECTIONS}, Head, "$")
        conditions = self._section(top, "conditions", Condition)
        triggers = self._section(top, "triggers", Trigger)
        criteria = self._section(top, "criteria", Criterion)
        flags = self._section(top, "flags", ConductFlag)
        self._check_conditions(conditions, head.words)
        self._check_triggers(triggers, conditions)
        self._check_criteria(criteria, conditions)
        self._check_flags(flags, conditions)
        self._check_used(conditions, triggers, criteria, flags)
        return Playbook(
            head.name,
            head.title,
            head.version,
            head.language,
            head.country,
            head.emergency_number,
            head.min_duration_s,
            head.min_coverage,
            triggers,
            criteria,
            flags,
            conditions,
            Rules(conditions, head.words),
        )

    def _section(self, top: dict[str, Any], section: str, kind: type[T]) -> dict[str, T]:
        entries = top.get(section)
        if not isinstance(entries, dict) or not entries:
            raise self._error(f"$.{section}" if section in top else "$", f"'{section}' must be a mapping of names")
        for name in entries:
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,47}", name):
                raise self._error(f"$.{section}.{name}", "a name is lower-case letters, digits and _, at most 48")
        return {name: self._convert(entry, kind, f"$.{section}.{name}") for name, entry in entries.items()}

    def _convert(self, value: Any, kind: type[T], path: str) -> T:
        try:
            return msgspec.convert(value, kind, strict=False)
        except msgspec.ValidationError as error:
            reason, _, inner = str(error).partition(" - at `")
            place = path + inner.rstrip("`").removeprefix("$")
            unknown = re.search(r"unknown field `(.*)`", reason)
            if unknown:
                place = f"{place}.{unknown[1]}"
                reason = f"unknown key '{unknown[1]}'"
            raise self._error(place, reason) from error

    def _check_conditions(self, conditions: dict[str, Condition], words: dict[str, list[str]]) -> None:
        lexicon = Lexicon(words)
        for name in words:
            self._compile(lexicon, "{<" + name + ">}", f"$.words.{name}")
        for name, condition in conditions.items():
            path = f"$.conditions.{name}"
            if not (condition.phrases or condition.near or condition.digits):
                raise self._error(path, "needs 'phrases', 'near' or 'digits'")
            phrases = [(f"{path}.phrases[{n}]", phrase) for n, phrase in enumerate(condition.phrases)]
            phrases += [(f"{path}.unless[{n}]", phrase) for n, phrase in enumerate(condition.unless)]
            for n, near in enumerate(condition.near):
                for g, group in enumerate(near.groups):
                    phrases += [(f"{path}.near[{n}].groups[{g}][{i}]", phrase) for i, phrase in enumerate(group)]
            for place, phrase in phrases:
                self._compile(lexicon, phrase, place)
            self._check_looking_back(path, condition, conditions)

    def _compile(self, lexicon: Lexicon, phrase: str, place: str) -> None:
        try:
            lexicon.add(phrase)
        except PatternError as error:
            raise self._error(place, str(error)) from error

    def _check_looking_back(self, path: str, condition: Condition, conditions: dict[str, Condition]) -> None:
        for field in ("after", "not_after"):
            recent = getattr(condition, field)
            if recent is None:
                continue
            self._check_known(recent.conditions, conditions, f"{path}.{field}.conditions")
            for n, name in enumerate(recent.conditions):
                if conditions[name].after is not None or conditions[name].not_after is not None:
                    place = f"{path}.{field}.conditions[{n}]"
                    raise self._error(place, f"'{name}' looks back itself; a condition may look back once only")

    def _check_known(self, names: list[str], conditions: dict[str, Condition], path: str) -> None:
        for n, name in enumerate(names):
            if name not in conditions:
                raise self._error(f"{path}[{n}]", f"there is no condition '{name}'")
            if name in names[:n]:
                raise self._error(f"{path}[{n}]", f"'{name}' is given twice")

    def _check_triggers(self, triggers: dict[str, Trigger], conditions: dict[str, Condition]) -> None:
        for name, trigger in triggers.items():
            self._check_known(trigger.conditions, conditions, f"$.triggers.{name}.conditions")
            if len(trigger.title.split()) > MAX_TITLE_WORDS:
                raise self._error(
                    f"$.triggers.{name}.title", f"at most {MAX_TITLE_WORDS} words, to be read at a glance"
                )

    def _check_criteria(self, criteria: dict[str, Criterion], conditions: dict[str, Condition]) -> None:
        for name, criterion in criteria.items():
            path = f"$.criteria.{name}"
            for field in ("met_by", "broken_by", "applies_if", "waived_if"):
                self._check_known(getattr(criterion, field), conditions, f"{path}.{field}")
            if bool(criterion.met_by) == bool(criterion.broken_by):
                raise self._error(path, "needs either 'met_by' or 'broken_by'")
            if criterion.at_least > max(1, len(criterion.met_by)):
                raise self._error(f"{path}.at_least", f"only {len(criterion.met_by)} conditions are listed in 'met_by'")
            self._check_final(criterion.broken_by, conditions, f"{path}.broken_by")
        total = sum(criterion.weight for criterion in criteria.values())
        if total != WEIGHTS_SUM:
            raise self._error("$.criteria", f"the weights sum to {total}, must be {WEIGHTS_SUM}")

    def _check_flags(self, flags: dict[str, ConductFlag], conditions: dict[str, Condition]) -> None:
        for name, flag in flags.items():
            path = f"$.flags.{name}.raised_by"
            self._check_known(flag.raised_by, conditions, path)
            self._check_final(flag.raised_by, conditions, path)

    def _check_final(self, names: list[str], conditions: dict[str, Condition], path: str) -> None:
        """Nothing is held against an agent on words that the recogniser may still take back, or the patient said."""
        for n, name in enumerate(names):
            if conditions[name].on != "final" or conditions[name].leg != "agent":
                raise self._error(f"{path}[{n}]", f"'{name}' counts against the agent: needs 'leg: agent, on: final'")

    def _check_used(
        self,
        conditions: dict[str, Condition],
        triggers: dict[str, Trigger],
        criteria: dict[str, Criterion],
        flags: dict[str, ConductFlag],
    ) -> None:
        used = {name for trigger in triggers.values() for name in trigger.conditions}
        used |= {name for flag in flags.values() for name in flag.raised_by}
        for criterion in criteria.values():
            used |= {*criterion.met_by, *criterion.broken_by, *criterion.applies_if, *criterion.waived_if}
        for condition in conditions.values():
            for recent in (condition.after, condition.not_after):
                used |= set(recent.conditions) if recent else set()
        for name in conditions:
            if name not in used:
                raise self._error(f"$.conditions.{name}", "nothing uses this condition")

    def _error(self, place: str, reason: str) -> PlaybookError:
        """The line of the place, or of the nearest thing around it that the file has."""
        lines = self._marked.lines
        known = place
        while known not in lines:
            known = known[: max(known.rfind("."), known.rfind("["))] if known not in ("$", "") else "$"
            if known == "":
                known = "$"
        return PlaybookError(self._source, lines[known], place.removeprefix("$").removeprefix("."), reason)
