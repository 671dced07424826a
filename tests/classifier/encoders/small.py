"""A published sentence encoder of eight numbers, drawn at random, and its folder as its authors would publish it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

WIDTH, INNER, LAYERS, PLACES = 8, 16, 2, 32
VOCABULARY = {word: number for number, word in enumerate(("[UNK]", "[CLS]", "[SEP]", "my", "card", "is", "lost"))}
CONFIGURATION = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "hidden_size": WIDTH,
    "layer_norm_eps": 1e-12,
    "max_position_embeddings": PLACES,
}


def publish(folder: Path, *, licence: str = "mit", seed: int = 0, **changes: Any) -> Path:
    """Write the folder, with `changes` to its configuration."""
    folder.mkdir(parents=True)
    save_file(weights(seed), str(folder / "model.safetensors"))
    (folder / "config.json").write_text(json.dumps(CONFIGURATION | changes))
    (folder / "README.md").write_text(f"---\nlicense: {licence}\n---\n" if licence else "# An encoder\n")
    tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def tokenizer() -> Tokenizer:
    made = Tokenizer(WordLevel(VOCABULARY, unk_token="[UNK]"))  # It is no password.
    made.pre_tokenizer = Whitespace()
    made.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)])
    return made


def weights(seed: int) -> dict[str, NDArray[np.float32]]:
    chance = np.random.default_rng(seed)

    def drawn(*shape: int) -> NDArray[np.float32]:
        return chance.normal(scale=0.5, size=shape).astype(np.float32)

    found = {f"embeddings.{kind}_embeddings.weight": drawn(rows, WIDTH) for kind, rows in _TABLES.items()}
    names = ["embeddings.LayerNorm"]
    for layer in range(LAYERS):
        before = f"encoder.layer.{layer}"
        names += [f"{before}.attention.output.LayerNorm", f"{before}.output.LayerNorm"]
        for part, (outputs, inputs) in _PRODUCTS.items():
            found |= {f"{before}.{part}.weight": drawn(outputs, inputs), f"{before}.{part}.bias": drawn(outputs)}
    for name in names:
        found |= {f"{name}.weight": 1 + drawn(WIDTH), f"{name}.bias": drawn(WIDTH)}
    return found


_TABLES = {"word": len(VOCABULARY), "position": PLACES, "token_type": 2}
_PRODUCTS = {
    **{f"attention.self.{part}": (WIDTH, WIDTH) for part in ("query", "key", "value")},
    "attention.output.dense": (WIDTH, WIDTH),
    "intermediate.dense": (INNER, WIDTH),
    "output.dense": (WIDTH, INNER),
}
