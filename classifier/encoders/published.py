"""A sentence encoder as it is published: a folder with weights (safetensors), a tokenizer and configurations."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load

from classifier.encoders.graph import Shape
from tenants.errors import InvalidInput

WEIGHTS, TOKENIZER, CONFIGURATION = "model.safetensors", "tokenizer.json", "config.json"
# The families whose layers are BERT's, and by how much the places of their tokens begin later.
FAMILIES = {"bert": 0, "roberta": 2, "xlm-roberta": 2}
_MEAN = "pooling_mode_mean_tokens"
_LICENCE = re.compile(r"^license:\s*['\"]?([\w.+-]+)", re.MULTILINE)


@dataclass(frozen=True)
class Published:
    """`sha256` is that of the weights."""

    shape: Shape
    weights: dict[str, NDArray[np.float32]] = field(repr=False)
    tokenizer: bytes = field(repr=False)
    licence: str
    sha256: str


def read(folder: Path, *, licence: str = "") -> Published:
    """Read a folder. Raises InvalidInput that says what it lacks, or what of it is not supported."""
    configuration = _json(folder / CONFIGURATION)
    _check_pooling(folder)
    content = _content(folder / WEIGHTS)
    try:
        shape = _shape(configuration, _tokens(folder, configuration))
        weights = _plain_names(load(content))
    except (KeyError, ValueError, TypeError, SafetensorError) as error:
        raise _refused(f"{folder} does not hold an encoder of the BERT family: {error!r}.") from error
    found = licence or _licence(folder)
    if not found:
        raise _refused("Its README.md names no licence. Say which it is: --licence NAME.")
    return Published(
        shape, weights, _content(folder / TOKENIZER), licence=found, sha256=hashlib.sha256(content).hexdigest()
    )


def _shape(configuration: dict[str, Any], tokens: int) -> Shape:
    family = configuration["model_type"]
    if family not in FAMILIES:
        raise _refused(f"It is of the family {family!r}; supported are {', '.join(FAMILIES)}.")
    if configuration.get("hidden_act", "gelu") != "gelu":
        raise _refused(f"Its activation is {configuration['hidden_act']!r}; supported is 'gelu'.")
    if configuration.get("position_embedding_type", "absolute") != "absolute":
        raise _refused("The places of its tokens are not absolute, and other ways are not supported.")
    return Shape(
        layers=int(configuration["num_hidden_layers"]),
        heads=int(configuration["num_attention_heads"]),
        width=int(configuration["hidden_size"]),
        epsilon=float(configuration["layer_norm_eps"]),
        tokens=tokens,
        first_position=FAMILIES[family],
    )


def _tokens(folder: Path, configuration: dict[str, Any]) -> int:
    """How many tokens of a text it reads: as many as it was made for, or as it has places for."""
    places = int(configuration["max_position_embeddings"]) - FAMILIES.get(configuration["model_type"], 0)
    path = folder / "sentence_bert_config.json"
    wanted = _json(path).get("max_seq_length") if path.exists() else None
    return min(places, int(wanted)) if wanted else places


def _check_pooling(folder: Path) -> None:
    modules = folder / "modules.json"
    kinds = [str(module["type"]).rpartition(".")[2] for module in _json(modules)] if modules.exists() else []
    if unknown := set(kinds) - {"Transformer", "Pooling", "Normalize"}:
        raise _refused(f"After its layers comes {', '.join(sorted(unknown))}, which is not supported.")
    pooling = folder / "1_Pooling" / CONFIGURATION
    modes = {name for name, is_on in _json(pooling).items() if is_on is True} if pooling.exists() else {_MEAN}
    if {mode for mode in modes if mode.startswith("pooling_mode_")} != {_MEAN}:
        raise _refused("It does not take the mean over the tokens, and other ways are not supported.")


def _plain_names(weights: dict[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """A model with a head has the family's name before the names of its layers."""
    names = {re.sub(r"^(bert|roberta)\.", "", name): array for name, array in weights.items()}
    return {name: np.asarray(array, dtype=np.float32) for name, array in names.items() if array.dtype.kind == "f"}


def _licence(folder: Path) -> str:
    readme = folder / "README.md"
    found = _LICENCE.search(readme.read_text(encoding="utf-8")) if readme.exists() else None
    return found[1] if found else ""


def _json(path: Path) -> Any:
    try:
        return json.loads(_content(path))
    except ValueError as error:
        raise _refused(f"{path} is not JSON: {error}.") from error


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _refused(
            f"{path} cannot be read. Give the folder with {WEIGHTS}, {TOKENIZER} and {CONFIGURATION}."
        ) from error


def _refused(detail: str) -> InvalidInput:
    return InvalidInput.field("directory", detail)
