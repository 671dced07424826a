"""Folders that are not of a kind that can be computed are refused, and the reason is in the refusal."""

import json
from pathlib import Path
from typing import Any

import pytest

from classifier.encoders import published
from tenants.errors import InvalidInput
from tests.classifier.encoders import tiny


def test_a_folder_is_read_with_its_licence_and_the_hash_of_its_weights(tmp_path: Path) -> None:
    found = published.read(tiny.publish(tmp_path / "tiny"))
    assert (found.licence, found.shape.layers, found.shape.tokens) == ("mit", 2, tiny.PLACES)
    assert len(found.sha256) == 64


def test_fewer_tokens_are_read_where_it_was_made_for_fewer(tmp_path: Path) -> None:
    folder = tiny.publish(tmp_path / "tiny")
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 20}')
    assert published.read(folder).shape.tokens == 20


@pytest.mark.parametrize("mode", ["cls_token", "max_tokens"])
def test_another_pooling_is_refused(tmp_path: Path, mode: str) -> None:
    with pytest.raises(InvalidInput, match="mean over the tokens"):
        published.read(tiny.pooled(tiny.publish(tmp_path / "tiny"), mode))


def test_a_second_pooling_beside_the_mean_is_refused(tmp_path: Path) -> None:
    folder = tiny.pooled(tiny.publish(tmp_path / "tiny"), "mean_tokens")
    assert published.read(folder).licence == "mit"
    both = {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(both))
    with pytest.raises(InvalidInput, match="mean over the tokens"):
        published.read(folder)


def test_a_dense_module_after_the_layers_is_refused(tmp_path: Path) -> None:
    assert published.read(tiny.followed_by(tiny.publish(tmp_path / "plain"), "Normalize")).licence == "mit"
    with pytest.raises(InvalidInput, match="comes Dense"):
        published.read(tiny.followed_by(tiny.publish(tmp_path / "tiny"), "Dense"))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"model_type": "t5"}, "supported are bert, roberta"),
        ({"hidden_act": "relu"}, "supported is 'gelu'"),
        ({"position_embedding_type": "relative_key"}, "not absolute"),
        ({"num_hidden_layers": None}, "does not hold an encoder"),
    ],
)
def test_another_network_is_refused(tmp_path: Path, said: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        published.read(tiny.publish(tmp_path / "tiny", **said))


def test_without_a_licence_one_has_to_be_named(tmp_path: Path) -> None:
    folder = tiny.publish(tmp_path / "tiny", licence="")
    with pytest.raises(InvalidInput, match="--licence NAME"):
        published.read(folder)
    assert published.read(folder, licence="apache-2.0").licence == "apache-2.0"


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_file_that_is_missing_is_named(tmp_path: Path, name: str) -> None:
    folder = tiny.publish(tmp_path / "tiny")
    (folder / name).unlink()
    with pytest.raises(InvalidInput, match=f"{name} cannot be read"):
        published.read(folder)


def test_weights_that_are_none_are_refused(tmp_path: Path) -> None:
    folder = tiny.publish(tmp_path / "tiny")
    (folder / "model.safetensors").write_bytes(b"no weights at all")
    with pytest.raises(InvalidInput, match="does not hold an encoder"):
        published.read(folder)
