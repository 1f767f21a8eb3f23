"""Regular expressions of playbooks: only those whose worst case is known, and small.

Python's matcher goes back and tries again, so a nested repetition can take for ever. The parsed pattern tells how many
ways there are at most to match it from one place; times the length of a turn, that is the work. What may take more than
MAX_STEPS is refused, as is what cannot be counted: back references and looking around.
"""

import re
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MAX_CHARS = 600
"""A turn is matched by its last 600 characters, about two minutes of reading aloud."""

MAX_STEPS = 2_000_000
"""Measured: 30 ms of one core at the worst."""

MAX_PATTERN = 300

_SINGLE = frozenset(
    (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN, codes.CATEGORY, codes.RANGE, codes.AT, codes.NEGATE)
)
_REPEATS = frozenset((codes.MAX_REPEAT, codes.MIN_REPEAT))


class RegexError(ValueError):
    """The text says why it is refused."""


def compile_regex(pattern: str) -> re.Pattern[str]:
    """Raises RegexError."""
    if len(pattern) > MAX_PATTERN:
        raise RegexError(f"a regular expression has at most {MAX_PATTERN} characters")
    try:
        parsed = parser.parse(pattern, re.IGNORECASE)
        ways = _ways(parsed)
        compiled = re.compile(pattern, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError) as error:
        raise RegexError(f"'{pattern}': not a regular expression: {error}") from error
    if parsed.getwidth()[0] == 0:
        raise RegexError(f"'{pattern}': matches where nothing is said")
    if ways * MAX_CHARS > MAX_STEPS:
        raise RegexError(f"'{pattern}': could run for ever: write {{1,20}} instead of + or *, and repeat no repetition")
    return compiled


def _ways(sequence: Any) -> int:
    """At most so many ways to match this from one place, capped where it is too many anyhow."""
    ways = 1
    for code, argument in sequence:
        ways = min(ways * _ways_of(code, argument), MAX_STEPS + 1)
    return ways


def _ways_of(code: Any, argument: Any) -> int:
    if code in _SINGLE:
        return 1
    if code is codes.SUBPATTERN:
        return _ways(argument[3])
    if code is codes.BRANCH:
        return sum(_ways(branch) for branch in argument[1])
    if code in _REPEATS:
        low, high, inner = argument
        high = min(int(high), MAX_CHARS)
        low, each = int(low), _ways(inner)
        if each == 1:
            return max(1, high - low + 1)
        ways = 0
        for times in range(low, high + 1):
            ways += int(each**times)
            if ways > MAX_STEPS:
                return MAX_STEPS + 1
        return ways
    raise RegexError(f"{str(code).lower().replace('_', ' ')}s are not allowed in a regular expression here")
