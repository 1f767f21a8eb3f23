"""The playbooks and cases that ship with rtc/coaching, as a practice may begin with them."""

from functools import cache
from importlib.resources import files

from rtc.coaching.marked_yaml import parse_yaml
from server.playbooks.schemas import StarterPlaybook

_SHIPPED = files("rtc.coaching")


@cache
def names() -> tuple[str, ...]:
    found = (entry.name for entry in (_SHIPPED / "packs").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml")))


def yaml_of(name: str) -> str:
    """Raises KeyError."""
    if name not in names():
        raise KeyError(name)
    return (_SHIPPED / "packs" / f"{name}.yaml").read_text(encoding="utf-8")


def cases_of(name: str) -> list[tuple[str, bytes]]:
    """Its files of tuning cases. Those for reporting stay apart: a playbook that is changed by them is not measured."""
    folder = _SHIPPED / "cases" / name
    if name not in names() or not folder.is_dir():
        return []
    chosen = (file for file in folder.iterdir() if file.name.startswith("tuning") and file.name.endswith(".jsonl"))
    return [(file.name, file.read_bytes()) for file in sorted(chosen, key=lambda file: file.name)]


@cache
def described() -> tuple[StarterPlaybook, ...]:
    """Reads all of them: in a thread. Kept while the process lives: they are part of this version."""
    return tuple(_described(name) for name in names())


def _described(name: str) -> StarterPlaybook:
    """Its heading only: to compile a playbook may load models, which this process has no use for."""
    head = parse_yaml(yaml_of(name)).value
    cases = sum(sum(bool(line.strip()) for line in raw.split(b"\n")) for _, raw in cases_of(name))
    return StarterPlaybook(name, head["title"], int(head["version"]), head["language"], head["country"], cases)


def version_of(name: str) -> int:
    """0 when none of ours has this name. Reads all of them once: in a thread."""
    return next((one.version for one in described() if one.name == name), 0)
