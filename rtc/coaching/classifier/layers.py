"""Which of the encoder's layers are adapted, and what their weights are called in the network's file.

The lower three stay as they are: they know English. The next two learn what matters here. The last is left out: it
makes vectors to compare whole sentences by, which is another task, and it costs time.
"""

import numpy as np

from rtc.coaching.classifier.encoder import Floats, Network, network
from rtc.coaching.classifier.onnx_graph import Product, rewritten

ADAPTED = (3, 4)
BELOW, ABOVE = "layer_norm_6", "layer_norm_10"
"""The states that go into the first adapted layer and come out of the last."""

MATRICES = {
    "3.query": "val_264",
    "3.key": "val_272",
    "3.value": "val_280",
    "3.attended": "val_318",
    "3.inner": "val_322",
    "3.outer": "val_331",
    "4.query": "val_335",
    "4.key": "val_343",
    "4.value": "val_351",
    "4.attended": "val_389",
    "4.inner": "val_393",
    "4.outer": "val_402",
}
_PARTS = {
    "query.bias": "attention.self.query.bias",
    "key.bias": "attention.self.key.bias",
    "value.bias": "attention.self.value.bias",
    "attended.bias": "attention.output.dense.bias",
    "inner.bias": "intermediate.dense.bias",
    "outer.bias": "output.dense.bias",
    "scale1": "attention.output.LayerNorm.weight",
    "shift1": "attention.output.LayerNorm.bias",
    "scale2": "output.LayerNorm.weight",
    "shift2": "output.LayerNorm.bias",
}
REST = {
    f"{layer}.{ours}": f"inner.encoder.layer.{layer}.{theirs}" for layer in ADAPTED for ours, theirs in _PARTS.items()
}
"""Biases and normalisations."""


def original() -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Matrices, and the rest, of the adapted layers as they were published; by our names. Raises EncoderError."""
    return _read(MATRICES), _read(REST)


def below() -> Network:
    """Gives the states that go into the adapted layers."""
    return Network(rewritten(network(), [BELOW]))


def adapted(weights: dict[str, Floats], look: Floats, find: Floats) -> Network:
    """Gives [1, pieces, 2 * labels]: how much each label looks at a piece, and what it finds there.

    `weights` are all matrices and the rest, by our names.
    """
    theirs = {theirs: weights[ours] for ours, theirs in (MATRICES | REST).items()}
    product = Product("scores", ABOVE, np.concatenate([look, find], axis=1))
    return Network(rewritten(network(), [], theirs, product))


def _read(names: dict[str, str]) -> dict[str, Floats]:
    """Asks the network for its own weights: they are inner values like any other."""
    values = Network(rewritten(network(), list(names.values()))).run("")
    return dict(zip(names, values, strict=True))
