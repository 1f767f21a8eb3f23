"""How sure it is that a turn means each label. One run of the network and one look into a table."""

from functools import cache

import numpy as np

from rtc.coaching.classifier.encoder import Floats
from rtc.coaching.classifier.labels import ALL_LABELS, BY_LEG
from rtc.coaching.classifier.layers import adapted, original
from rtc.coaching.classifier.learnt import Learnt, learnt
from rtc.messages import Leg

_COLUMNS = {leg: np.array([ALL_LABELS.index(label) for label in labels]) for leg, labels in BY_LEG.items()}


class Classifier:
    """One per process, shared by all calls and threads: see `classifier`. Holds about 80 MB, and nothing said."""

    def __init__(self, found: Learnt) -> None:
        self._learnt = found
        weights = found.network
        matrices = {
            name: matrix + weights[f"{name}.down"] @ weights[f"{name}.up"] for name, matrix in original()[0].items()
        }
        self._network = adapted(weights | matrices, weights["look"], weights["find"])

    def read(self, text: str, leg: Leg) -> dict[str, float]:
        """0 to 1 for each label of the leg; 0.5 is where it is found. Same text, same numbers."""
        scores = mixed(self.network_scores(text)[_COLUMNS[leg]], self._learnt.tables[leg].scores(text), self._learnt)
        chances = 1 / (1 + np.exp(-scores))
        return dict(zip(BY_LEG[leg], chances.tolist(), strict=True))

    def network_scores(self, text: str) -> Floats:
        """[labels]: each label attends to the pieces it looks for."""
        (both,) = self._network.run(text)
        look, find = np.split(both[0], 2, axis=1)
        attention = np.exp(look - look.max(0))
        attended = (attention * find).sum(0) / attention.sum(0)
        return np.asarray(attended + self._learnt.network["bias"], dtype=np.float32)


def mixed(by_network: Floats, by_table: Floats, found: Learnt) -> Floats:
    return np.asarray((1 - found.blend) * by_network + found.blend * by_table, dtype=np.float32)


@cache
def classifier() -> Classifier:
    """Loaded at the first call, in about a second. Raises EncoderError."""
    return Classifier(learnt())
