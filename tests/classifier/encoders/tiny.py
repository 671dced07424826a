"""Encoders of eight numbers and two layers with random weights, laid out as the large ones are published."""

import json
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import numpy as np
import tokenizers
from safetensors import numpy

from classifier.encoders import making, published

WIDTH, INNER, LAYERS, PLACES = 8, 16, 2, 32
CONFIGURATION = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": PLACES,
}
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def publish(folder: Path, *, licence: str = "mit", seed: int = 0, **configuration: Any) -> Path:
    """Write a folder as its authors would; `configuration` replaces what config.json says."""
    folder.mkdir(parents=True)
    words = [*SPECIAL, *ascii_lowercase, *(f"##{letter}" for letter in ascii_lowercase)]
    (folder / "tokenizer.json").write_text(_tokenizer(words))
    (folder / "config.json").write_text(json.dumps(CONFIGURATION | configuration))
    numpy.save_file(weights(len(words), seed), folder / "model.safetensors")
    if licence:
        (folder / "README.md").write_text(f"---\nlicense: {licence}\n---\n# Tiny\n")
    return folder


def make(folder: Path) -> Path:
    """Make an encoder in a folder that is named by its hash, and return that."""
    sha256 = making.make(published.read(publish(folder / "published")), folder / "made", name="tiny")
    return (folder / "made").rename(folder / sha256)


def pooled(folder: Path, mode: str) -> Path:
    """Say in the folder how vectors of tokens become one."""
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({f"pooling_mode_{mode}": True}))
    return folder


def followed_by(folder: Path, module: str) -> Path:
    """Say in the folder what comes after the layers."""
    kinds = ("Transformer", "Pooling", module)
    (folder / "modules.json").write_text(json.dumps([{"type": f"sentence_transformers.models.{k}"} for k in kinds]))
    return folder


def weights(words: int, seed: int) -> dict[str, np.ndarray[Any, np.dtype[np.float32]]]:
    chance = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (words, WIDTH),
        "embeddings.position_embeddings.weight": (PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
    }
    normal = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            shapes |= _dense(f"{name}.attention.{part}", WIDTH, WIDTH)
        shapes |= _dense(f"{name}.intermediate.dense", INNER, WIDTH) | _dense(f"{name}.output.dense", WIDTH, INNER)
        normal += [f"{name}.attention.output.LayerNorm", f"{name}.output.LayerNorm"]
    made = {name: chance.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}
    for name in normal:
        made |= {f"{name}.weight": np.ones(WIDTH, np.float32), f"{name}.bias": np.zeros(WIDTH, np.float32)}
    return made


def _dense(name: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _tokenizer(words: list[str]) -> str:
    made = tokenizers.Tokenizer(
        tokenizers.models.WordPiece({word: number for number, word in enumerate(words)}, unk_token="[UNK]")
    )
    made.normalizer = tokenizers.normalizers.BertNormalizer()
    made.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return str(made.to_str())
