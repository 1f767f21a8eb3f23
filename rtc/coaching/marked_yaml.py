"""YAML that remembers its lines, in the part of YAML a playbook needs: mappings, lists, plain text.

Every scalar stays text (so `no` and `999` are words), msgspec turns it into numbers where the schema wants them.
Anchors, tags and repeated keys are refused: none is needed, and each has a way to surprise.
"""

from collections.abc import Mapping
from typing import Any

import yaml
from msgspec import Struct

MAX_CHARS = 400_000
MAX_DEPTH = 12

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it: ten times as fast."""


class YamlError(ValueError):
    """`line` counts from 1."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class MarkedYaml(Struct, frozen=True):
    """`value` is dicts, lists and str; `lines` maps a msgspec-style path ("$.a.b[0]") to its line."""

    value: Any
    lines: Mapping[str, int]


def parse_yaml(text: str) -> MarkedYaml:
    """Raises YamlError."""
    if len(text) > MAX_CHARS:
        raise YamlError(f"larger than {MAX_CHARS} characters", 1)
    try:
        _refuse_anchors(text)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        # A quote that is never closed is missed at the end of the file; where it was opened is what helps.
        unclosed = error.problem is not None and "end of stream" in error.problem
        mark = (error.context_mark if unclosed else None) or error.problem_mark or error.context_mark
        raise YamlError(f"not YAML: {error.problem or error.context}", mark.line + 1 if mark else 1) from error
    except yaml.YAMLError as error:
        raise YamlError("not YAML: it holds characters that are not text", 1) from error
    except RecursionError as error:
        raise YamlError("nested too deeply", 1) from error
    if node is None:
        raise YamlError("the file is empty", 1)
    lines: dict[str, int] = {}
    return MarkedYaml(_value(node, "$", lines, 0), lines)


def _refuse_anchors(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if getattr(event, "anchor", None) is not None:
            raise YamlError("anchors and aliases (& and *) are not allowed; quote text that begins with them", line)
        if getattr(event, "tag", None) is not None:
            raise YamlError("tags (!) are not allowed; quote text that begins with one", line)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise YamlError("nested too deeply", line)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _value(node: yaml.Node, path: str, lines: dict[str, int], depth: int) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, f"{path}[{n}]", lines, depth + 1) for n, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines, depth)
    return node.value


def _mapping(node: yaml.MappingNode, path: str, lines: dict[str, int], depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for key, item in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise YamlError("a key must be a word", line)
        if key.value in value:
            raise YamlError(f"'{key.value}' is given twice", line)
        lines[f"{path}.{key.value}"] = line
        value[key.value] = _value(item, f"{path}.{key.value}", lines, depth + 1)
    return value
