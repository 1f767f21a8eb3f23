"""What a call would leave behind if it leaked, and a search for that in every file below some folders.

A trace is a string of bytes with a name. All of them are looked for in one pass over a file: eight bytes of each (its
key) are looked up at every position of the file; where a key is found the whole trace is compared.
"""

import base64
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rtc.media.opus import FRAME_SAMPLES, OpusDecoder
from rtc.synthetic.sound import opus_packets, silence

KEY_BYTES = 8
BLOCK_BYTES = 4 * 1024 * 1024
STRETCH_SAMPLES = 16
"""1 ms out of each 20 ms frame, the loudest: a single frame that leaked anywhere would be found."""

LOUD = 400
"""Peak of a stretch worth looking for, of 32767; quieter ones look like anything."""

SHINGLE_WORDS = 4
SHORTEST = 14
"""Characters of a phrase worth looking for: a caption of "Thank you." is also in every program's messages."""


@dataclass(frozen=True)
class Found:
    trace: str
    file: Path
    offset: int


@dataclass
class Searched:
    files: int = 0
    bytes: int = 0
    gone: int = 0
    """Files that were deleted between being listed and being opened."""
    found: list[Found] = field(default_factory=list)


class Traces:
    """`text` traces are looked for without regard to case, `exact` ones byte for byte."""

    def __init__(self, text: dict[bytes, str], exact: dict[bytes, str]) -> None:
        self._text = _Table({trace.lower(): name for trace, name in text.items()})
        self._exact = _Table(exact)

    def search(self, folders: Iterable[Path]) -> Searched:
        result = Searched()
        for path in regular_files(folders):
            try:
                self._search_file(path, result)
            except FileNotFoundError:
                result.gone += 1
        return result

    def _search_file(self, path: Path, result: Searched) -> None:
        overlap = max(self._text.longest, self._exact.longest)
        seen: set[str] = set()
        with path.open("rb") as file:
            result.files += 1
            tail, start = b"", 0
            while block := file.read(BLOCK_BYTES):
                result.bytes += len(block)
                data = tail + block
                for name, offset in (*self._exact.find(data), *self._text.find(data.lower())):
                    if name not in seen:
                        seen.add(name)
                        result.found.append(Found(name, path, start + offset))
                tail = data[-overlap:]
                start += len(data) - len(tail)


class _Table:
    def __init__(self, traces: dict[bytes, str]) -> None:
        self.longest = max(map(len, traces))
        self._by_key: dict[int, list[tuple[int, bytes, str]]] = {}
        for trace, name in traces.items():
            # In the middle: beginnings are alike (the first byte of an Opus packet is its kind, RFC 6716 section 3.1).
            at = (len(trace) - KEY_BYTES) // 2
            key = int.from_bytes(trace[at : at + KEY_BYTES], "little")
            self._by_key.setdefault(key, []).append((at, trace, name))
        self._keys = np.array(sorted(self._by_key), dtype="<u8")
        # Most positions are ruled out by two of the key's bytes.
        self._may_begin = np.zeros(0x10000, dtype=np.bool_)
        self._may_begin[self._keys & np.uint64(0xFFFF)] = True

    def find(self, data: bytes) -> Iterator[tuple[str, int]]:
        for shift in range(KEY_BYTES):
            count = (len(data) - shift) // KEY_BYTES
            if count > 0:
                values = np.frombuffer(data, dtype="<u8", count=count, offset=shift)
                for position in self._hits(values):
                    yield from self._compare(data, shift + KEY_BYTES * position, int(values[position]))

    def _hits(self, values: NDArray[np.uint64]) -> list[int]:
        maybe = np.flatnonzero(self._may_begin[values & np.uint64(0xFFFF)])
        places = np.searchsorted(self._keys, values[maybe])
        places[places == self._keys.size] = 0
        hits: list[int] = maybe[self._keys[places] == values[maybe]].tolist()
        return hits

    def _compare(self, data: bytes, position: int, key: int) -> Iterator[tuple[str, int]]:
        for at, trace, name in self._by_key[key]:
            begin = position - at
            if begin >= 0 and data[begin : begin + len(trace)] == trace:
                yield name, begin


def regular_files(folders: Iterable[Path]) -> Iterator[Path]:
    """Every regular file below the folders. Symbolic links are not followed: none leads to what we wrote elsewhere."""
    for folder in folders:
        for parent, _, names in os.walk(folder):
            for name in names:
                path = Path(parent, name)
                try:
                    kind = path.lstat().st_mode
                except FileNotFoundError:
                    continue
                if stat.S_ISREG(kind):
                    yield path


def traces_of(phrases: Iterable[str], sound: dict[bytes, str]) -> Traces:
    """`phrases` are looked for whole, as any four words in a row, and each of those encoded in other ways."""
    text: dict[bytes, str] = {}
    exact = dict(sound)
    parts = {part for phrase in phrases for part in (phrase, *_shingles(phrase))}
    for phrase in sorted(part for part in parts if len(part) >= SHORTEST):
        text[phrase.encode()] = f"words {phrase!r}"
        text[phrase.encode("utf-16-le")] = text[phrase.encode("utf-16-be")] = f"words in UTF-16 {phrase!r}"
        exact |= dict.fromkeys(_base64(phrase.encode()), f"words in base64 {phrase!r}")
    return Traces(text, exact)


def sound_of(recordings: Iterable[Path]) -> dict[bytes, str]:
    """The packets a synthetic call sends, which are passed on unchanged, and the samples they decode to."""
    sound: dict[bytes, str] = {}
    for path in recordings:
        packets = opus_packets(path)
        sound |= {packet: f"Opus packet {number} of {path.name}" for number, packet in enumerate(packets)}
        sound |= dict.fromkeys(_stretches(packets), f"samples of {path.name}")
    return sound


def _shingles(phrase: str) -> Iterator[str]:
    words = phrase.split()
    for first in range(len(words) - SHINGLE_WORDS + 1):
        yield " ".join(words[first : first + SHINGLE_WORDS])


def _base64(data: bytes) -> Iterator[bytes]:
    """The part of the encoding that does not depend on what stands before and after, at each of three alignments."""
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data)
        whole = (before + len(data)) * 8 // 6
        yield encoded[-(-before * 8 // 6) : whole]


def _stretches(packets: list[bytes]) -> Iterator[bytes]:
    """What the packets decode to, as the 16-bit samples that `media` sends and the floats that `speech` works on.

    The decoder has heard silence before, as in a call; its output does not depend on how long (tested once by hand).
    """
    decoder = OpusDecoder()
    for packet in silence(10):
        decoder.decode(packet)
    for packet in packets:
        frame = np.frombuffer(decoder.decode(packet), dtype=np.int16)
        first = int(np.argmax(np.abs(frame.astype(np.int32)))) // STRETCH_SAMPLES * STRETCH_SAMPLES
        stretch = frame[first : first + STRETCH_SAMPLES]
        if frame.size == FRAME_SAMPLES and int(np.abs(stretch.astype(np.int32)).max()) >= LOUD:
            yield stretch.tobytes()
            yield (stretch.astype(np.float32) / 32768).tobytes()
    decoder.close()
