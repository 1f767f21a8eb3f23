"""`python -m server.typescript`: write the browser's side of the contract, web/src/shared/contract.d.ts.

The structs are the only definition; the browser's types are printed from them and a test fails when they differ.
Printed: everything the data channel can carry, and every struct and union of the packages' `schemas` modules.
"""

import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any, get_args

import msgspec
from msgspec import inspect as kinds

from rtc import messages, receipts

DESTINATION = Path(__file__).parent.parent / "web" / "src" / "shared" / "contract.d.ts"

HEADING = """\
// Printed from the structs in rtc/messages.py and server/*/schemas.py by `python -m server.typescript`.
// Do not edit: change the struct and print again; tests/test_typescript.py fails when the two differ.
"""

SCALARS: dict[type[kinds.Type], str] = {
    kinds.AnyType: "unknown",
    kinds.NoneType: "null",
    kinds.BoolType: "boolean",
    kinds.IntType: "number",
    kinds.FloatType: "number",
    kinds.StrType: "string",
    kinds.DateTimeType: "string",
    kinds.DateType: "string",
    kinds.UUIDType: "string",
}


class NoTypeScript(Exception):
    """A struct has a field this printer has no spelling for. The text names the kind; add it to SCALARS."""


def spell(kind: kinds.Type) -> str:
    """One msgspec type as TypeScript. Raises NoTypeScript."""
    match kind:
        case kinds.StructType(cls=cls):
            return cls.__name__
        case kinds.Metadata(type=inner):
            return spell(inner)
        case kinds.LiteralType(values=values):
            return " | ".join(msgspec.json.encode(value).decode() for value in values)
        case kinds.EnumType(cls=cls):
            return " | ".join(msgspec.json.encode(member.value).decode() for member in cls)
        case kinds.ListType(item_type=item) | kinds.VarTupleType(item_type=item):
            spelt = spell(item)
            return f"readonly ({spelt})[]" if " | " in spelt else f"readonly {spelt}[]"
        case kinds.DictType(value_type=value):
            return f"Readonly<Record<string, {spell(value)}>>"
        case kinds.UnionType(types=parts):
            return " | ".join(spell(part) for part in parts)
    try:
        return SCALARS[type(kind)]
    except KeyError:
        raise NoTypeScript(f"no TypeScript spelling for {kind!r}") from None


def _is_struct(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, msgspec.Struct)


def _is_union_of_structs(value: object) -> bool:
    return isinstance(value, UnionType) and all(_is_struct(part) for part in get_args(value))


def _comment(struct: type[msgspec.Struct]) -> str:
    """The first paragraph of the struct's docstring. A struct without one inherits msgspec's, which says nothing."""
    text = struct.__doc__ if "__doc__" in vars(struct) else None
    if not text:
        return ""
    paragraph = inspect.cleandoc(text).split("\n\n")[0].replace("\n", " ")
    return f"/** {paragraph} */\n"


def print_struct(struct: type[msgspec.Struct]) -> str:
    """An interface. Every field is there: msgspec writes defaults too, and a browser that sends one must fill it in."""
    described = kinds.type_info(struct)
    if not isinstance(described, kinds.StructType):
        raise NoTypeScript(f"{struct} is not a struct")
    lines = []
    if described.tag_field is not None:
        lines.append(f"  readonly {described.tag_field}: {msgspec.json.encode(described.tag).decode()};")
    lines += [f"  readonly {field.encode_name}: {spell(field.type)};" for field in described.fields]
    body = "\n".join(lines) + "\n" if lines else ""
    return f"{_comment(struct)}export interface {struct.__name__} {{\n{body}}}\n"


def _reachable(struct: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """Parts before the whole, so that the file reads top to bottom."""
    for field in msgspec.structs.fields(struct):
        yield from _structs_in(field.type)
    yield struct


def _structs_in(annotation: Any) -> Iterator[type[msgspec.Struct]]:
    if _is_struct(annotation):
        yield from _reachable(annotation)
    for part in get_args(annotation):
        yield from _structs_in(part)


def schemas() -> list[ModuleType]:
    """What crosses HTTP or a WebSocket, package by package."""
    packages = sorted(path.parent.name for path in Path(__file__).parent.glob("*/schemas.py"))
    return [importlib.import_module(f"server.{package}.schemas") for package in packages]


def print_contract() -> str:
    """The whole file."""
    structs: dict[type[msgspec.Struct], None] = {}
    unions: dict[str, UnionType] = {"ChannelMessage": messages.ChannelMessage}
    for root in (messages.ChannelMessage, messages.PageMessage, receipts.PurgeReceipt):
        structs.update(dict.fromkeys(_structs_in(root)))
    for module in schemas():
        for name, value in vars(module).items():
            if _is_struct(value) and value.__module__ == module.__name__:
                structs.update(dict.fromkeys(_reachable(value)))
            elif _is_union_of_structs(value):
                unions[name] = value
    _refuse_doubles([struct.__name__ for struct in structs] + list(unions))
    parts = [print_struct(struct) for struct in structs]
    parts += [
        f"export type {name} = {' | '.join(part.__name__ for part in get_args(union))};\n"
        for name, union in unions.items()
    ]
    return "\n".join([HEADING, *parts])


def _refuse_doubles(names: list[str]) -> None:
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise NoTypeScript(f"two structs share a name in one file: {', '.join(doubles)}")


def main() -> int:
    DESTINATION.write_text(print_contract(), encoding="utf-8")
    sys.stdout.write(f"wrote {DESTINATION.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
