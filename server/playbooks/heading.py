"""The lines of a playbook's text that are not the manager's alone: its name, its number and its status."""

import re

from rtc.coaching.marked_yaml import parse_yaml
from server.faults import Fault

NAME = re.compile(r"^name[ \t]*:[ \t]*[\"']?([a-z][a-z0-9-]{0,63})[\"']?[ \t]*(?:#.*)?$", re.MULTILINE)
VERSION = re.compile(r"^version[ \t]*:[ \t]*\d+", re.MULTILINE)
STATUS = re.compile(r"^status[ \t]*:[ \t]*(?:draft|published|archived)", re.MULTILINE)
"""Only at the beginning of a line, where YAML has its outermost keys."""


def name_in(source: str) -> str | None:
    """Also of a text that is no good playbook yet."""
    found = NAME.search(source)
    return None if found is None else found[1]


def named(source: str, name: str) -> str:
    return NAME.sub(f"name: {name}", source, count=1)


def numbered(source: str, number: int) -> str:
    """The text as it is published: with the number the server gave it. For a text without `heading_faults`."""
    return STATUS.sub("status: published", VERSION.sub(f"version: {number}", source, count=1), count=1)


def heading_faults(source: str, name: str) -> list[Fault]:
    """`source` can be read as a playbook. Its name must stay, its number be found by `numbered`."""
    marked = parse_yaml(source)
    faults = []
    if marked.value["name"] != name:
        reason = f"is '{marked.value['name']}', must stay '{name}'; a playbook of another name is a new one"
        faults.append(Fault("playbook", marked.lines["$.name"], "name", reason))
    for key, pattern, form in (("version", VERSION, "version: 1"), ("status", STATUS, "status: draft")):
        line = marked.lines.get(f"$.{key}")
        at = [source.count("\n", 0, found.start()) + 1 for found in pattern.finditer(source)]
        if at != ([] if line is None else [line]):
            reason = f"write '{form}' once, at the beginning of a line; publishing sets it"
            faults.append(Fault("playbook", line or at[0], key, reason))
    return faults
