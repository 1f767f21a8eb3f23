"""`python -m server.settings_document > docs/settings.md`: every setting, from the declarations read at start."""

import sys
from typing import Any

import msgspec
from msgspec import Struct, inspect

from rtc.settings import ListeningSettings
from server.settings import ServerProcessSettings

PROCESSES: dict[str, type[Struct]] = {"server": ServerProcessSettings, "media and speech": ListeningSettings}

HEAD = """# Settings

Written by `python -m server.settings_document`; a test keeps it true.

A setting is read from the environment, then from the TOML file named by `CLINIXCUE_CONFIG` (the table is the section:
`[media]`, `capacity = 4`), then its default holds. A list is written with commas in the environment. A secret may
also be given as a file: `..._FILE` names it. `clinixcue up` sets what connects the processes of one machine itself.
"""


def document() -> str:
    """Markdown: one table for each section, in the order of declaration."""
    users: dict[str, list[str]] = {}
    kinds: dict[str, type[Struct]] = {}
    for process, sections in PROCESSES.items():
        for field in msgspec.structs.fields(sections):
            users.setdefault(field.name, []).append(process)
            kinds[field.name] = field.type
    return HEAD + "".join(_section(name, kind, users[name]) for name, kind in kinds.items())


def _section(name: str, kind: type[Struct], users: list[str]) -> str:
    rows = "".join(_row(name, field) for field in msgspec.structs.fields(kind))
    return (
        f"\n## {name}\n\nRead by {', '.join(users)}.\n\n"
        f"| environment | type | default | meaning |\n|---|---|---|---|\n{rows}"
    )


def _row(section: str, field: msgspec.structs.FieldInfo) -> str:
    described = inspect.type_info(field.type)
    meta: dict[str, Any] = described.extra_json_schema or {} if isinstance(described, inspect.Metadata) else {}
    secret = isinstance(described, inspect.Metadata) and bool((described.extra or {}).get("secret"))
    bare = described.type if isinstance(described, inspect.Metadata) else described
    variable = f"CLINIXCUE_{section}_{field.name}".upper()
    kind = _type_name(bare) + (", secret" if secret else "")
    return f"| `{variable}` | {kind} | {_default(field)} | {meta.get('description', '')} |\n"


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    if value in ("", [], None):
        return "empty"
    return f"`{','.join(map(str, value)) if isinstance(value, list) else value}`"


def _type_name(kind: inspect.Type) -> str:
    """In words an administrator uses."""
    if isinstance(kind, inspect.LiteralType):
        return " or ".join(f"`{value}`" for value in kind.values)
    if isinstance(kind, inspect.ListType):
        return f"list of {_type_name(kind.item_type)}"
    if isinstance(kind, inspect.IntType):
        return "number" + _range(kind)
    names: dict[type[inspect.Type], str] = {
        inspect.StrType: "text",
        inspect.BoolType: "true or false",
        inspect.FloatType: "number",
    }
    return names[type(kind)]


def _range(kind: inspect.IntType) -> str:
    if kind.ge is not None and kind.le is not None:
        return f", {kind.ge} to {kind.le}"
    return f", at least {kind.ge}" if kind.ge is not None else ""


if __name__ == "__main__":
    sys.stdout.write(document())
