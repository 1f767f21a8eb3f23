"""weights.npz: what was learnt from the sentences, small enough to ship. Written by train.py, read once per process."""

from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from rtc.coaching.classifier import ngrams
from rtc.coaching.classifier.encoder import Floats
from rtc.coaching.classifier.labels import BY_LEG
from rtc.messages import Leg

PATH = Path(__file__).parent / "weights.npz"
_TABLE = "table"


class Table(Struct, frozen=True):
    """Scores by the words a turn has. `entries` [ngrams.ROWS, labels of the leg], `weight` [ngrams.ROWS], `bias`."""

    entries: Floats | NDArray[np.int8]
    weight: Floats
    bias: Floats
    scale: Floats | None = None
    """What one step of each column's 8-bit entries is worth."""

    def scores(self, text: str) -> Floats:
        rows = ngrams.rows(text)
        rows = rows[self.weight[rows] > 0]
        strength = self.weight[rows]
        length = max(float(np.sqrt((strength * strength).sum())), 1e-6)
        found = np.asarray((strength[:, None] * self.entries[rows]).sum(0) / length, dtype=np.float32)
        return (found if self.scale is None else found * self.scale) + self.bias


class Learnt(Struct, frozen=True):
    """`network` by the names of adapting.py: low-rank differences, biases, normalisations, and the head."""

    network: dict[str, Floats]
    tables: dict[Leg, Table]
    blend: float
    """The tables' share of a score."""
    fingerprint: str
    """Of the sentences it was learnt from."""


@cache
def learnt() -> Learnt:
    with np.load(BytesIO(files("rtc.coaching.classifier").joinpath(PATH.name).read_bytes())) as file:
        arrays: dict[str, NDArray[np.generic]] = {name: file[name] for name in file.files}
    tables: dict[Leg, Table] = {
        leg: Table(
            arrays[f"{_TABLE}.{leg}.entries"],  # type: ignore[arg-type]
            *(np.asarray(arrays[f"{_TABLE}.{leg}.{part}"], np.float32) for part in ("weight", "bias", "scale")),
        )
        for leg in BY_LEG
    }
    network = {
        name.removeprefix("network."): np.asarray(values, np.float32)
        for name, values in arrays.items()
        if name.startswith("network.")
    }
    return Learnt(network, tables, float(np.asarray(arrays["blend"])), str(arrays["fingerprint"]))


def save(path: Path, found: Learnt) -> None:
    """Differences as 16-bit floats; tables as 8-bit numbers, small ones as none."""
    arrays: dict[str, NDArray[np.generic]] = {
        f"network.{name}": values.astype(np.float16) for name, values in found.network.items()
    }
    for leg, table in found.tables.items():
        scale = np.maximum(np.abs(table.entries).max(0), 1e-6).astype(np.float32) / 127
        arrays[f"{_TABLE}.{leg}.entries"] = np.rint(table.entries / scale).astype(np.int8)
        arrays[f"{_TABLE}.{leg}.weight"] = table.weight.astype(np.float16)
        arrays[f"{_TABLE}.{leg}.bias"] = table.bias
        arrays[f"{_TABLE}.{leg}.scale"] = scale
    arrays["blend"] = np.array(found.blend)
    arrays["fingerprint"] = np.array(found.fingerprint)
    np.savez_compressed(path, allow_pickle=False, **arrays)
