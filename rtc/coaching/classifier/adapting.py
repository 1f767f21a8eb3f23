"""Training only: the encoder's last layers, adapted by low-rank differences, with gradients, in plain numpy.

A layer is BERT's (Devlin et al. 2018): self-attention and a feed-forward part, each followed by addition and
normalisation. The matrices stay as they were trained; what is learnt is a difference `down @ up` of rank RANK for each
(LoRA, Hu et al. 2021), the biases and the normalisations. On top, each label has a query that says which word pieces
to look at and a direction that says what to look for there: its score is the attended mean of states @ direction.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Parameters = dict[str, Floats]

HEADS, HEAD_WIDTH = 12, 32
MATRICES = ("query", "key", "value", "attended", "inner", "outer")
RANK = 16
_FAR = np.float32(-1e9)


class LayerTrace(NamedTuple):
    """What the way back needs to know of the way there."""

    into: Floats
    query: Floats
    key: Floats
    value: Floats
    attention: Floats
    context: Floats
    drop_attended: Floats
    first: tuple[Floats, Floats]
    middle: Floats
    inner: tuple[Floats, Floats, Floats]
    activated: Floats
    drop_outer: Floats
    second: tuple[Floats, Floats]


class Adapted:
    """`frozen` holds each layer's matrices by name ("3.query"), `start` its biases and normalisations."""

    def __init__(self, frozen: Parameters, start: Parameters, layers: list[int], labels: int, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.dropped = np.float32(0.05)
        self.layers, self.labels, self._frozen = layers, labels, frozen
        self.learnt: Parameters = {name: values.copy() for name, values in start.items()}
        for name, matrix in frozen.items():
            wide = matrix.shape[0]
            self.learnt[f"{name}.down"] = self._normal((wide, RANK), 1 / np.sqrt(wide))
            self.learnt[f"{name}.up"] = np.zeros((RANK, matrix.shape[1]), np.float32)
        self.learnt["look"] = self._normal((HEADS * HEAD_WIDTH, labels), 0.05)
        self.learnt["find"] = self._normal((HEADS * HEAD_WIDTH, labels), 0.05)
        self.learnt["bias"] = np.full(labels, -3, np.float32)
        self._matrices: Parameters = {}

    def merge(self) -> Parameters:
        """The matrices with what was learnt so far; call after each change of `learnt`."""
        learnt = self.learnt
        self._matrices = {
            name: matrix + learnt[f"{name}.down"] @ learnt[f"{name}.up"] for name, matrix in self._frozen.items()
        }
        return self._matrices

    def scores(self, states: Floats, real: NDArray[np.bool_]) -> Floats:
        """[turns, labels] from [turns, pieces, width]; `real` says which pieces are no padding."""
        return self._forward(states, real, np.float32(0))[0]

    def gradients(
        self, states: Floats, real: NDArray[np.bool_], wanted: Floats, weights: Floats
    ) -> tuple[float, Parameters]:
        """Cross-entropy of one batch, summed, and its gradient by each of `learnt`."""
        scores, traces, last, attention, found = self._forward(states, real, self.dropped)
        chance = sigmoid(scores)
        loss = -np.sum(weights * (wanted * np.log(chance + 1e-7) + (1 - wanted) * np.log(1 - chance + 1e-7)))
        by_score = ((chance - wanted) * weights / len(states)).astype(np.float32)
        return float(loss), self._backward(by_score, traces, last, attention, found)

    def _forward(
        self, states: Floats, real: NDArray[np.bool_], dropped: np.float32
    ) -> tuple[Floats, list[LayerTrace], Floats, Floats, Floats]:
        hidden = np.where(real, np.float32(0), _FAR)[:, None, None, :]
        traces = []
        for layer in self.layers:
            states, trace = self._layer_forward(layer, states, hidden, dropped)
            traces.append(trace)
        attention = states @ self.learnt["look"]
        attention = softmax(np.where(real[:, :, None], attention, _FAR), axis=1)
        found = states @ self.learnt["find"]
        return (attention * found).sum(1) + self.learnt["bias"], traces, states, attention, found

    def _layer_forward(
        self, layer: int, states: Floats, hidden: Floats, dropped: np.float32
    ) -> tuple[Floats, LayerTrace]:
        learnt = self.learnt
        query, key, value = (_split(self._apply(f"{layer}.{name}", states)) for name in MATRICES[:3])
        attention = softmax(query @ key.transpose(0, 1, 3, 2) * np.float32(HEAD_WIDTH**-0.5) + hidden, axis=-1)
        context = _join(attention @ value)
        drop_attended, drop_outer = self._drop(states.shape, dropped), self._drop(states.shape, dropped)
        attended = self._apply(f"{layer}.attended", context) * drop_attended
        middle, first = _normalise(states + attended, learnt[f"{layer}.scale1"], learnt[f"{layer}.shift1"])
        activated, inner = _gelu(self._apply(f"{layer}.inner", middle))
        outer = self._apply(f"{layer}.outer", activated) * drop_outer
        out, second = _normalise(middle + outer, learnt[f"{layer}.scale2"], learnt[f"{layer}.shift2"])
        trace = LayerTrace(
            states, query, key, value, attention, context, drop_attended, first, middle, inner, activated, drop_outer,
            second,
        )  # fmt: skip
        return out, trace

    def _backward(
        self, by_score: Floats, traces: list[LayerTrace], last: Floats, attention: Floats, found: Floats
    ) -> Parameters:
        out: Parameters = {"bias": by_score.sum(0)}
        by_found = attention * by_score[:, None, :]
        by_look = by_found * (found - (attention * found).sum(1, keepdims=True))
        flat = _flat(last)
        out["look"], out["find"] = flat.T @ _flat(by_look), flat.T @ _flat(by_found)
        by_state = by_look @ self.learnt["look"].T + by_found @ self.learnt["find"].T
        for layer, trace in zip(reversed(self.layers), reversed(traces), strict=True):
            by_state = self._layer_backward(layer, trace, by_state, out)
        return out

    def _layer_backward(self, layer: int, trace: LayerTrace, by_out: Floats, out: Parameters) -> Floats:
        by_sum = self._normalise_back(f"{layer}", "2", by_out, trace.second, out)
        by_activated = self._apply_back(f"{layer}.outer", trace.activated, by_sum * trace.drop_outer, out)
        by_inner = _gelu_back(by_activated, trace.inner)
        by_middle = by_sum + self._apply_back(f"{layer}.inner", trace.middle, by_inner, out)
        by_sum = self._normalise_back(f"{layer}", "1", by_middle, trace.first, out)
        by_context = _split(self._apply_back(f"{layer}.attended", trace.context, by_sum * trace.drop_attended, out))
        by_attention = by_context @ trace.value.transpose(0, 1, 3, 2)
        by_match = trace.attention * (by_attention - (by_attention * trace.attention).sum(-1, keepdims=True))
        by_match *= np.float32(HEAD_WIDTH**-0.5)
        by_parts = (
            by_match @ trace.key,
            by_match.transpose(0, 1, 3, 2) @ trace.query,
            trace.attention.transpose(0, 1, 3, 2) @ by_context,
        )
        for name, by_part in zip(MATRICES[:3], by_parts, strict=True):
            by_sum = _floats(by_sum + self._apply_back(f"{layer}.{name}", trace.into, _join(by_part), out))
        return by_sum

    def _apply(self, name: str, into: Floats) -> Floats:
        return into @ self._matrices[name] + self.learnt[f"{name}.bias"]

    def _apply_back(self, name: str, into: Floats, by_out: Floats, out: Parameters) -> Floats:
        flat, by_flat = _flat(into), _flat(by_out)
        out[f"{name}.bias"] = by_flat.sum(0)
        out[f"{name}.up"] = _floats((flat @ self.learnt[f"{name}.down"]).T @ by_flat)
        out[f"{name}.down"] = _floats(flat.T @ (by_flat @ self.learnt[f"{name}.up"].T))
        return _floats(by_out @ self._matrices[name].T)

    def _normalise_back(
        self, layer: str, which: str, by_out: Floats, trace: tuple[Floats, Floats], out: Parameters
    ) -> Floats:
        even, inverse = trace
        out[f"{layer}.scale{which}"] = _flat(by_out * even).sum(0)
        out[f"{layer}.shift{which}"] = _flat(by_out).sum(0)
        by_even = by_out * self.learnt[f"{layer}.scale{which}"]
        lean = by_even.mean(-1, keepdims=True) + even * (by_even * even).mean(-1, keepdims=True)
        return _floats(inverse * (by_even - lean))

    def _normal(self, shape: tuple[int, int], spread: float) -> Floats:
        return self.random.normal(0, spread, shape).astype(np.float32)

    def _drop(self, shape: tuple[int, ...], share: np.float32) -> Floats:
        if not share:
            return np.ones((1, 1, 1), np.float32)
        return _floats((self.random.random(shape, dtype=np.float32) >= share) / (1 - share))


def sigmoid(scores: Floats) -> Floats:
    return _floats(1 / (1 + np.exp(-np.clip(scores, -30, 30))))


def softmax(scores: Floats, axis: int) -> Floats:
    powers = np.exp(scores - scores.max(axis, keepdims=True))
    return _floats(powers / powers.sum(axis, keepdims=True))


def _floats(values: NDArray[np.floating[Any]]) -> Floats:
    return np.asarray(values, dtype=np.float32)


def _flat(values: Floats) -> Floats:
    return values.reshape(-1, values.shape[-1])


def _split(states: Floats) -> Floats:
    turns, pieces, _ = states.shape
    return states.reshape(turns, pieces, HEADS, HEAD_WIDTH).transpose(0, 2, 1, 3)


def _join(heads: Floats) -> Floats:
    turns, _, pieces, _ = heads.shape
    return heads.transpose(0, 2, 1, 3).reshape(turns, pieces, HEADS * HEAD_WIDTH)


def _normalise(values: Floats, scale: Floats, shift: Floats) -> tuple[Floats, tuple[Floats, Floats]]:
    centred = values - values.mean(-1, keepdims=True)
    inverse = 1 / np.sqrt((centred * centred).mean(-1, keepdims=True) + np.float32(1e-12))
    even = centred * inverse
    return even * scale + shift, (even, inverse)


_SLOPE, _CUBIC = np.float32(0.7978845608), np.float32(0.044715)


def _gelu(values: Floats) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
    """By tanh; within 0.001 of the exact one that the network runs with afterwards."""
    square = values * values
    bend = np.tanh(_SLOPE * values * (1 + _CUBIC * square))
    return np.float32(0.5) * values * (1 + bend), (values, bend, square)


def _gelu_back(by_out: Floats, trace: tuple[Floats, Floats, Floats]) -> Floats:
    values, bend, square = trace
    rise = values * (1 - bend * bend) * _SLOPE * (1 + 3 * _CUBIC * square)
    return by_out * np.float32(0.5) * (1 + bend + rise)
