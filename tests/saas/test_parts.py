"""What `up` starts, and in which order."""

from pathlib import Path

from saas import parts
from saas.instance import Instance


def names(instance: Instance) -> list[str]:
    return [part.name for stage in parts.stages(instance) for part in stage]


def test_the_encoder_is_there_before_workers_are_forked_and_the_sample_is_trained(tmp_path: Path) -> None:
    started = names(Instance.create(tmp_path / "data"))
    assert started.index("prepare") < started.index("encoder") < started.index("fleet") < started.index("sample")


def test_an_encoder_that_was_added_is_not_added_again(tmp_path: Path) -> None:
    instance = Instance.create(tmp_path / "data")
    (tmp_path / "data" / "shared" / "_encoders" / "made").mkdir(parents=True)
    (tmp_path / "data" / "shared" / "_encoders" / "default").symlink_to("made")
    assert "encoder" not in names(instance)


def test_without_the_encoder_none_is_added_and_every_part_is_told(tmp_path: Path) -> None:
    instance = Instance.create(tmp_path / "data", encoder=False)
    assert "encoder" not in names(instance)
    assert instance.environment("fleet")["ASSORT_ENCODER"] == "off"
