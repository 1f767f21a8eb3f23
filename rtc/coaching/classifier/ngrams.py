"""Which words and word parts a turn has, as rows of a table. Word order is kept: "no pain" is a row of its own.

The encoder knows what words mean but is careless of small ones; these features are the other way round.
"""

import re
import zlib

import numpy as np
from numpy.typing import NDArray

ROWS = 1 << 15
"""Rows of the table. Features that share a row are rare enough not to matter."""

LONGEST_PHRASE = 2
SHORTEST_PART, LONGEST_PART = 3, 4

_TOKEN = re.compile(r"[a-z0-9']+|[?.,£]")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'"})


def rows(text: str) -> NDArray[np.int64]:
    """Sorted, each once: words, pairs of words, and parts of three or four letters of each word."""
    tokens = _TOKEN.findall(text.lower().translate(_APOSTROPHES))
    found = {
        _row(" ".join(tokens[start : start + size]))
        for size in range(1, LONGEST_PHRASE + 1)
        for start in range(len(tokens) - size + 1)
    }
    for token in set(tokens):
        found.update(_parts(token))
    return np.array(sorted(found), dtype=np.int64)


def _parts(word: str) -> list[int]:
    if len(word) == 1:
        return []
    marked = f"<{word}>"
    return [
        _row("#" + marked[start : start + size])
        for size in range(SHORTEST_PART, LONGEST_PART + 1)
        for start in range(len(marked) - size + 1)
    ]


def _row(feature: str) -> int:
    return zlib.crc32(feature.encode()) % ROWS
