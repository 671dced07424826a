import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import save_file

from classifier.encoders import published
from tenants.errors import InvalidInput
from tests.classifier.encoders import small


def test_a_folder_says_what_the_encoder_is(tmp_path: Path) -> None:
    found = published.read(small.publish(tmp_path / "small"))
    assert (found.licence, found.shape.layers, found.shape.width, found.shape.tokens) == ("mit", 2, 8, 32)
    assert len(found.sha256) == 64


def test_as_many_tokens_are_read_as_it_was_made_for(tmp_path: Path) -> None:
    folder = small.publish(tmp_path / "small")
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 16}')
    assert published.read(folder).shape.tokens == 16


def test_names_of_weights_may_begin_with_the_family(tmp_path: Path) -> None:
    folder = small.publish(tmp_path / "small")
    renamed = {f"bert.{name}": array for name, array in small.weights(0).items()}
    save_file(renamed, str(folder / "model.safetensors"))
    assert published.read(folder).weights.keys() == small.weights(0).keys()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_type": "mpnet"}, "family 'mpnet'"),
        ({"hidden_act": "relu"}, "activation is 'relu'"),
        ({"position_embedding_type": "relative_key"}, "not absolute"),
    ],
)
def test_what_cannot_be_computed_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        published.read(small.publish(tmp_path / "small", **changes))


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True}, "mean over the tokens"),
        ("modules.json", [{"type": "sentence_transformers.models.Dense"}], "comes Dense"),
    ],
)
def test_another_way_to_one_vector_is_refused(tmp_path: Path, file: str, content: object, said: str) -> None:
    folder = small.publish(tmp_path / "small")
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(json.dumps(content))
    with pytest.raises(InvalidInput, match=said):
        published.read(folder)


def test_a_licence_must_be_known(tmp_path: Path) -> None:
    folder = small.publish(tmp_path / "small", licence="")
    with pytest.raises(InvalidInput, match="names no licence"):
        published.read(folder)
    assert published.read(folder, licence="mit").licence == "mit"


@pytest.mark.parametrize("missing", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_folder_that_lacks_a_file_is_refused(tmp_path: Path, missing: str) -> None:
    folder = small.publish(tmp_path / "small")
    (folder / missing).unlink()
    with pytest.raises(InvalidInput, match=missing):
        published.read(folder)


def test_weights_that_are_none_are_refused(tmp_path: Path) -> None:
    folder = small.publish(tmp_path / "small")
    (folder / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(InvalidInput, match="does not hold an encoder"):
        published.read(folder)
