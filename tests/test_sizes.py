"""Files and functions stay small enough to read in one go."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("server", "rtc", "compliance", "tests", "e2e", "web")
SUFFIXES = {".py", ".ts", ".tsx", ".css", ".html", ".mjs", ".yaml"}
LONGEST_FILE = 500
LONGEST_FUNCTION = 60

NOT_WRITTEN_BY_HAND = {"node_modules", "static", "piccolo_migrations", "__pycache__", "dist", "data", "packs", "drafts"}
"""Folders of generated files, test data and playbooks: data is as long as it is."""
GENERATED = {"contract.d.ts"}


def sources() -> Iterator[Path]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            inside = path.relative_to(ROOT).parts
            if path.suffix in SUFFIXES and path.name not in GENERATED and NOT_WRITTEN_BY_HAND.isdisjoint(inside):
                yield path


def test_no_file_is_too_long() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in sources()}
    assert lengths, "no sources found"
    too_long = {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > LONGEST_FILE}
    assert too_long == {}


def test_no_function_is_too_long() -> None:
    too_long = {}
    for path in sources():
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > LONGEST_FUNCTION:
                    too_long[f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"] = length
    assert too_long == {}
