"""A trained ONNX network cut short and given other weights, as bytes. Reads just as much of the format as that takes.

An ONNX file is one protobuf message: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. Field numbers below are
from there. The `onnx` package would do the same with 40 MB of code.
"""

from collections.abc import Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

MODEL_GRAPH = 7
GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_OUTPUT = 1, 5, 12
NODE_INPUT, NODE_OUTPUT, NODE_OPERATOR = 1, 2, 4
TENSOR_DIMENSION, TENSOR_TYPE, TENSOR_NAME, TENSOR_BYTES = 1, 2, 8, 9
VALUE_NAME = 1
FLOAT = b"\x01"


class Product(Struct, frozen=True):
    """One more node: `name` = `of` @ `matrix`."""

    name: str
    of: str
    matrix: NDArray[np.float32]


def rewritten(
    model: bytes,
    outputs: list[str],
    weights: dict[str, NDArray[np.float32]] | None = None,
    product: Product | None = None,
) -> bytes:
    """The network up to `outputs`, any of its inner values by name; what comes after them is left out.

    `weights` take the place of initializers and of inner values of the same name, `product` is computed at the end.
    """
    given = dict(weights or {})
    if product is not None:
        given[f"{product.name}.matrix"] = product.matrix
    parts = []
    for number, whole, inside in _fields(model):
        part = _field(MODEL_GRAPH, _graph(inside, outputs, given, product)) if number == MODEL_GRAPH else whole
        parts.append(part)
    return b"".join(parts)


def _graph(graph: bytes, outputs: list[str], given: dict[str, NDArray[np.float32]], product: Product | None) -> bytes:
    wanted = {*outputs, product.of} if product else set(outputs)
    kept = []
    for number, whole, inside in _fields(graph):
        if number == GRAPH_OUTPUT:
            continue
        if number == GRAPH_NODE:
            makes = _names(inside, NODE_OUTPUT)
            # Nodes stand in the order in which they can be computed, so nothing behind the last output is needed.
            if not wanted or makes & given.keys():
                continue
            wanted -= makes
        if number == GRAPH_INITIALIZER and _names(inside, TENSOR_NAME) & given.keys():
            continue
        kept.append(whole)
    kept.extend(_field(GRAPH_INITIALIZER, _tensor(name, values)) for name, values in given.items())
    if product is not None:
        kept.append(_field(GRAPH_NODE, _matrix_product(product)))
        outputs = [*outputs, product.name]
    kept.extend(_field(GRAPH_OUTPUT, _field(VALUE_NAME, name.encode())) for name in outputs)
    return b"".join(kept)


def _matrix_product(product: Product) -> bytes:
    return (
        _field(NODE_INPUT, product.of.encode())
        + _field(NODE_INPUT, f"{product.name}.matrix".encode())
        + _field(NODE_OUTPUT, product.name.encode())
        + _field(NODE_OPERATOR, b"MatMul")
    )


def _tensor(name: str, values: NDArray[np.float32]) -> bytes:
    dimensions = b"".join(_number(TENSOR_DIMENSION << 3) + _number(size) for size in values.shape)
    kind = _number(TENSOR_TYPE << 3) + FLOAT
    data = np.ascontiguousarray(values, dtype="<f4").tobytes()
    return dimensions + kind + _field(TENSOR_NAME, name.encode()) + _field(TENSOR_BYTES, data)


def _names(message: bytes, field: int) -> set[str]:
    return {inside.decode() for number, _, inside in _fields(message) if number == field}


def _field(number: int, inside: bytes) -> bytes:
    return _number(number << 3 | 2) + _number(len(inside)) + inside


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, whole bytes and contents of each field; contents are empty for plain numbers."""
    view, at = memoryview(message), 0
    while at < len(view):
        start = at
        key, at = _read_number(view, at)
        size = 0
        if key & 7 == 0:
            _, at = _read_number(view, at)
        elif key & 7 == 2:
            size, at = _read_number(view, at)
        else:
            at += 8 if key & 7 == 1 else 4
        yield key >> 3, bytes(view[start : at + size]), bytes(view[at : at + size])
        at += size


def _read_number(view: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = view[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
