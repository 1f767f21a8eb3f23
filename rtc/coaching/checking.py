"""Whether the parts of a playbook fit together. Everything that is wrong is told, not only the first."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from rtc.coaching.condition_checks import check_conditions, referred
from rtc.coaching.definitions import MAX_TITLE_WORDS, Condition, ConductFlag, Criterion, Head, Trigger
from rtc.coaching.marked_yaml import MarkedYaml
from rtc.coaching.patterns import Lexicon
from rtc.coaching.rules import Rules
from rtc.coaching.structure import Refusal, Refusals, T, convert

WEIGHTS_SUM = 100

SECTIONS: dict[str, type[Struct]] = {
    "conditions": Condition,
    "triggers": Trigger,
    "criteria": Criterion,
    "flags": ConductFlag,
}


class Parts(Struct, frozen=True):
    """What a good file holds."""

    head: Head
    conditions: dict[str, Condition]
    triggers: dict[str, Trigger]
    criteria: dict[str, Criterion]
    flags: dict[str, ConductFlag]
    rules: Rules


def check(marked: MarkedYaml) -> Parts | list[Refusal]:
    """The parts, or everything that is wrong with them by line."""
    refusals = Refusals(marked)
    top = marked.value
    if not isinstance(top, dict):
        refusals.add("$", "a playbook is a mapping; it begins with 'name:'")
        return refusals.found
    head = convert({key: value for key, value in top.items() if key not in SECTIONS}, Head, "$", refusals)
    conditions = _section(top, "conditions", Condition, refusals)
    triggers = _section(top, "triggers", Trigger, refusals)
    criteria = _section(top, "criteria", Criterion, refusals)
    flags = _section(top, "flags", ConductFlag, refusals)
    structure_good = not refusals.found
    declared = frozenset(top["conditions"]) if isinstance(top.get("conditions"), dict) else frozenset()
    names = _Names(declared, conditions, frozenset(criteria), refusals)
    lexicon = Lexicon(head.words if head else {})
    check_conditions(conditions, head, lexicon, refusals, names.known)
    _check_triggers(triggers, names)
    _check_criteria(criteria, names, complete=structure_good)
    for name, flag in flags.items():
        names.against_agent(flag.raised_by, f"$.flags.{name}.raised_by")
    if not refusals.found:
        _check_used(conditions, triggers, criteria, flags, refusals)
    if refusals.found or head is None:
        return sorted(refusals.found)
    return Parts(head, conditions, triggers, criteria, flags, Rules(conditions, lexicon, head.country, head.language))


def _section(top: dict[str, Any], section: str, kind: type[T], refusals: Refusals) -> dict[str, T]:
    entries = top.get(section)
    if not isinstance(entries, dict) or not entries:
        refusals.add(f"$.{section}" if section in top else "$", f"'{section}' must be a mapping of names")
        return {}
    good = {}
    for name, entry in entries.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,47}", name):
            refusals.add(f"$.{section}.{name}", "a name is lower-case letters, digits and _, at most 48")
        read = convert(entry, kind, f"$.{section}.{name}", refusals)
        if read is not None:
            good[name] = read
    return good


class _Names:
    """Checks of lists of names. A condition that is wrong in itself is still known by its name."""

    def __init__(
        self,
        declared: frozenset[str],
        conditions: dict[str, Condition],
        criteria: frozenset[str],
        refusals: Refusals,
    ) -> None:
        self.declared = declared
        self.conditions = conditions
        self.criteria = criteria
        self.refusals = refusals

    def known(self, names: Iterable[str], path: str, what: str = "condition") -> Iterator[tuple[str, str]]:
        """The conditions that can be looked at further, each with its place."""
        seen: set[str] = set()
        declared = self.criteria if what == "criterion" else self.declared
        for n, name in enumerate(names):
            place = f"{path}[{n}]"
            if name not in declared:
                self.refusals.add(place, f"there is no {what} '{name}'")
            elif name in seen:
                self.refusals.add(place, f"'{name}' is given twice")
            elif name in self.conditions:
                yield name, place
            seen.add(name)

    def listed(self, names: Iterable[str], path: str, what: str = "condition") -> None:
        for _ in self.known(names, path, what):
            pass

    def against_agent(self, names: Iterable[str], path: str) -> None:
        """Nothing is held against an agent on words that the recogniser may still take back, or the patient said."""
        for name, place in self.known(names, path):
            condition = self.conditions[name]
            if condition.hears and (condition.on != "final" or condition.leg != "agent"):
                self.refusals.add(place, f"'{name}' counts against the agent: needs 'leg: agent, on: final'")


def _check_triggers(triggers: dict[str, Trigger], names: _Names) -> None:
    refusals = names.refusals
    for name, trigger in triggers.items():
        path = f"$.triggers.{name}"
        for condition, place in names.known(trigger.conditions, f"{path}.conditions"):
            if names.conditions[condition].late:
                refusals.add(place, f"'{condition}' is known when the call is over; a card comes too late")
        names.listed(trigger.suppressed_by, f"{path}.suppressed_by")
        names.listed(trigger.ticks, f"{path}.ticks", "criterion")
        if len(trigger.title.split()) > MAX_TITLE_WORDS:
            refusals.add(f"{path}.title", f"at most {MAX_TITLE_WORDS} words, to be read at a glance")
        if trigger.ttl_s is not None and trigger.lane != "coach":
            refusals.add(f"{path}.ttl_s", f"a card of the {trigger.lane} lane never goes by itself")
        if trigger.needs_ack is False and trigger.lane == "safety":
            refusals.add(f"{path}.needs_ack", "a card of the safety lane stays until it is acknowledged")
        if trigger.once and trigger.cooldown_s is not None:
            refusals.add(f"{path}.once", "fires once, so there is nothing to cool down")
        if trigger.once_per_call and (trigger.max_per_call or 1) > 1:
            refusals.add(f"{path}.max_per_call", "fires once; give 'cooldown_s' or 'once: false' for more")
        if bool(trigger.ticks) != ("checklist_tick" in trigger.actions):
            refusals.add(path, "'checklist_tick' and 'ticks' go together")
        if len(set(trigger.actions)) != len(trigger.actions):
            refusals.add(f"{path}.actions", "an action is given twice")


def _check_criteria(criteria: dict[str, Criterion], names: _Names, complete: bool) -> None:
    refusals = names.refusals
    for name, criterion in criteria.items():
        path = f"$.criteria.{name}"
        for key in ("met_by", "applies_if", "waived_if"):
            names.listed(getattr(criterion, key), f"{path}.{key}")
        names.against_agent(criterion.broken_by, f"{path}.broken_by")
        if not (criterion.met_by or criterion.broken_by):
            refusals.add(path, "needs 'met_by' or 'broken_by'")
        if criterion.at_least > max(1, len(criterion.met_by)):
            refusals.add(f"{path}.at_least", f"only {len(criterion.met_by)} conditions are listed in 'met_by'")
        for n, option in enumerate(criterion.options):
            if option.at_least >= criterion.at_least:
                refusals.add(f"{path}.options[{n}].at_least", f"all of it needs {criterion.at_least}, part of it less")
            if option.share >= 1:
                refusals.add(f"{path}.options[{n}].share", "part of the weight is less than 1")
    total = sum(criterion.weight for criterion in criteria.values())
    if complete and total != WEIGHTS_SUM:
        refusals.add("$.criteria", f"the weights sum to {total}, must be {WEIGHTS_SUM}")


def _check_used(
    conditions: dict[str, Condition],
    triggers: dict[str, Trigger],
    criteria: dict[str, Criterion],
    flags: dict[str, ConductFlag],
    refusals: Refusals,
) -> None:
    used = {name for trigger in triggers.values() for name in (*trigger.conditions, *trigger.suppressed_by)}
    used |= {name for flag in flags.values() for name in flag.raised_by}
    for criterion in criteria.values():
        used |= {*criterion.met_by, *criterion.broken_by, *criterion.applies_if, *criterion.waived_if}
    used |= {other for condition in conditions.values() for other in referred(condition)}
    for name in conditions:
        if name not in used:
            refusals.add(f"$.conditions.{name}", "nothing uses this condition")
