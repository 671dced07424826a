"""A sentence encoder of the BERT family (Devlin et al. 2019) as an ONNX graph: token numbers in, one vector out.

Sentences of one call have the same number of tokens, so that nothing is padded and nothing has to be masked: a sentence
gets the same vector alone and among others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Weights = Mapping[str, NDArray[np.float32]]

IDS, VECTORS = "ids", "vectors"
_OPSET = 21
# The operators beyond the standard are those of ONNX Runtime, which computes a layer with few of them.
_OWN = "com.microsoft"
_LARGEST = 127


@dataclass(frozen=True)
class Shape:
    """What a published configuration says of the network; `first_position` is the number of the first token's place."""

    layers: int
    heads: int
    width: int
    epsilon: float
    tokens: int
    first_position: int = 0


def build(weights: Weights, shape: Shape, *, is_small: bool) -> bytes:
    """Return the graph, with `is_small` of weights in 8 bits, otherwise in 32.

    `weights` have the names of Hugging Face's BertModel. The graph takes `ids` (sentences, tokens) as int64 and gives
    `vectors` (sentences, 2 * width), of length one. Their first half is the mean over the tokens after half of the
    layers, which still knows the words; the second that after the last layer, as the encoder was published. Raises
    KeyError for a weight that is missing.
    """
    graph = _Graph(weights, is_small=is_small)
    states = _embeddings(graph, shape)
    means = []
    for number in range(shape.layers):
        states = _layer(graph, shape, f"encoder.layer.{number}.", states)
        if number + 1 in {shape.layers // 2, shape.layers}:
            mean = graph.add("ReduceMean", states, graph.constant(np.array([1])), keepdims=0)
            means.append(graph.add("LpNormalization", mean, axis=1, p=2))
    together = graph.add("Concat", *means, axis=1)
    graph.nodes.append(helper.make_node("LpNormalization", [together], [VECTORS], axis=1, p=2))
    return graph.serialised(shape)


def _embeddings(graph: "_Graph", shape: Shape) -> str:
    words = graph.rows("embeddings.word_embeddings.weight", IDS)
    # A sentence is one segment, so the vector of the first kind of segment belongs to every place.
    places = graph.weights["embeddings.position_embeddings.weight"][shape.first_position :][: shape.tokens]
    table = graph.constant(places + graph.weights["embeddings.token_type_embeddings.weight"][0])
    length = graph.add("Shape", IDS, start=1)
    places_used = graph.add("Slice", table, graph.constant(np.array([0])), length, graph.constant(np.array([0])))
    return graph.normalised("embeddings.LayerNorm.", shape, graph.add("Add", words, places_used))


def _layer(graph: "_Graph", shape: Shape, name: str, states: str) -> str:
    # One product gives queries, keys and values together.
    parts = [f"{name}attention.self.{part}." for part in ("query", "key", "value")]
    together = graph.product(
        states,
        np.concatenate([graph.weights[f"{part}weight"] for part in parts]),
        np.concatenate([graph.weights[f"{part}bias"] for part in parts]),
    )
    heads = graph.split(together, 3)
    attended = graph.add("MultiHeadAttention", *heads, domain=_OWN, num_heads=shape.heads)
    states = graph.added_to(states, f"{name}attention.output.", shape, attended)
    inner = graph.dense(f"{name}intermediate.dense.", states)
    return graph.added_to(states, f"{name}output.", shape, graph.add("Gelu", inner, domain=_OWN))


class _Graph:
    """Nodes and constants as they are added; every method returns the name of a value."""

    def __init__(self, weights: Weights, *, is_small: bool) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self._is_small = is_small
        self._constants: list[TensorProto] = []
        self._count = 0

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        (name,) = self._add(operator, inputs, 1, attributes)
        return name

    def split(self, value: str, number: int) -> list[str]:
        return self._add("Split", (value,), number, {"axis": 2, "num_outputs": number})

    def constant(self, array: NDArray[Any]) -> str:
        name = self._name()
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def rows(self, table: str, numbers: str) -> str:
        """The rows of a table that have these numbers."""
        if not self._is_small:
            return self.add("Gather", self.constant(self.weights[table]), numbers)
        small, scales = _in_8_bits(self.weights[table])
        found = self.add("Cast", self.add("Gather", self.constant(small), numbers), to=TensorProto.FLOAT)
        return self.add("Mul", found, self.add("Gather", self.constant(scales[:, None]), numbers))

    def dense(self, name: str, value: str) -> str:
        return self.product(value, self.weights[f"{name}weight"], self.weights[f"{name}bias"])

    def product(self, value: str, weights: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """`value` times `weights` (outputs, inputs), plus `bias` (outputs,)."""
        if not self._is_small:
            return self.add("Add", self.add("MatMul", value, self.constant(weights.T)), self.constant(bias))
        small, scales = _in_8_bits(weights)
        constants = [self.constant(array) for array in (small.T, scales, np.zeros(len(scales), np.int8), bias)]
        return self.add("DynamicQuantizeMatMul", value, *constants, domain=_OWN)

    def normalised(self, name: str, shape: Shape, value: str) -> str:
        gamma, beta = (self.constant(self.weights[f"{name}{part}"]) for part in ("weight", "bias"))
        return self.add("LayerNormalization", value, gamma, beta, axis=-1, epsilon=shape.epsilon)

    def added_to(self, states: str, name: str, shape: Shape, value: str) -> str:
        """The states with a dense layer's output added, normalised."""
        return self.normalised(f"{name}LayerNorm.", shape, self.add("Add", self.dense(f"{name}dense.", value), states))

    def serialised(self, shape: Shape) -> bytes:
        ids = helper.make_tensor_value_info(IDS, TensorProto.INT64, ["sentences", "tokens"])
        vectors = helper.make_tensor_value_info(VECTORS, TensorProto.FLOAT, ["sentences", 2 * shape.width])
        graph = helper.make_graph(self.nodes, "sentence encoder", [ids], [vectors], self._constants)
        imports = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_OWN, 1)]
        # The oldest that has this opset, so that older runtimes read it as well.
        return bytes(helper.make_model(graph, opset_imports=imports, ir_version=10).SerializeToString())

    def _add(self, operator: str, inputs: tuple[str, ...], number: int, attributes: dict[str, Any]) -> list[str]:
        outputs = [self._name() for _ in range(number)]
        self.nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        return outputs

    def _name(self) -> str:
        self._count += 1
        return f"v{self._count}"


def _in_8_bits(weights: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """The rows in 8 bits, and what each is to be multiplied with."""
    scales = np.maximum(np.abs(weights).max(axis=1), np.finfo(np.float32).tiny) / _LARGEST
    return np.round(weights / scales[:, None]).astype(np.int8), scales.astype(np.float32)
