import subprocess
from pathlib import Path

import pytest

from tests.delivery.release import Project, ReleaseError, raised

UNRELEASED = "## Unreleased\n\n### Added\n\n- By hand, over\n  two lines.\n"
CHANGELOG = f"# Changelog\n\n{UNRELEASED}\n## 0.1.0 – 2026-01-01\n\n### Added\n\n- All.\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository with one release behind it."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "assort"\nversion = "0.1.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    made = Project(tmp_path)
    git(made, "init", "--quiet")
    commit(made, "Begin")
    git(made, "tag", "v0.1.0")
    return made


def git(project: Project, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, *arguments], cwd=project.root, check=True, capture_output=True)


def commit(project: Project, subject: str, *paragraphs: str) -> None:
    git(project, "add", "--all")
    git(
        project,
        "commit",
        "--quiet",
        "--allow-empty",
        *(word for text in (subject, *paragraphs) for word in ("-m", text)),
    )


@pytest.mark.parametrize(
    ("version", "sections", "after"),
    [
        ("1.2.3", {"Fixed"}, "1.2.4"),
        ("1.2.3", {"Fixed", "Added"}, "1.3.0"),
        ("1.2.3", {"Removed", "Fixed"}, "2.0.0"),
        ("0.2.3", {"Removed"}, "0.3.0"),
    ],
)
def test_sections_say_which_part_of_the_version_is_raised(version: str, sections: set[str], after: str) -> None:
    assert raised(version, sections) == after


def test_the_first_release_is_the_version_that_is_stated(project: Project) -> None:
    git(project, "tag", "--delete", "v0.1.0")
    commit(project, "Something new", "Changelog: Added")
    assert project.next_version() == "0.1.0"


def test_a_release_takes_what_was_written_by_hand_and_what_commits_say(project: Project) -> None:
    commit(project, "Nobody need know of this")
    commit(
        project, "Rows may be empty", "Since they are in practice.", "Changelog: Fixed\nReviewed-by: B <b@example.com>"
    )
    commit(project, "Labels have colours", "Changelog: Added")
    assert project.write("2026-02-01") == "0.2.0"
    assert project.version == "0.2.0"
    added = "### Added\n\n- By hand, over\n  two lines.\n- Labels have colours.\n"
    assert project.notes("0.2.0") == f"{added}\n### Fixed\n\n- Rows may be empty.\n"
    assert project.notes("0.1.0") == "### Added\n\n- All.\n"
    assert "## Unreleased\n\n## 0.2.0 – 2026-02-01\n" in project.read("CHANGELOG.md")


def test_what_is_released_is_not_told_again(project: Project) -> None:
    commit(project, "Labels have colours", "Changelog: Added")
    project.write("2026-02-01")
    commit(project, "Version 0.2.0")
    git(project, "tag", "v0.2.0")
    commit(project, "A red that is red", "Changelog: Fixed")
    assert project.next_version() == "0.2.1"
    assert [entry.text for entry in project.entries()] == ["A red that is red"]
    with pytest.raises(ReleaseError, match=r"says nothing of 0\.2\.1"):
        project.notes("0.2.1")


def test_without_anything_to_tell_there_is_no_release(project: Project) -> None:
    (project.root / "CHANGELOG.md").write_text("## Unreleased\n\n## 0.1.0 – 2026-01-01\n")
    commit(project, "Nobody need know of this")
    with pytest.raises(ReleaseError, match="nothing to release"):
        project.write("2026-02-01")


def test_a_section_that_is_none_names_its_commit(project: Project) -> None:
    commit(project, "Labels have colours", "Changelog: Feature")
    with pytest.raises(ReleaseError, match="'Labels have colours' is for a section Feature"):
        project.entries()


def test_a_tag_is_of_the_version_that_every_file_states(project: Project) -> None:
    (project.root / "deploy/chart").mkdir(parents=True)
    (project.root / "deploy/chart/Chart.yaml").write_text('name: assort\nversion: 0.1.0\nappVersion: "0.1.0"\n')
    assert project.verify("v0.1.0") == "0.1.0"
    with pytest.raises(ReleaseError, match="is for another version than 0") as refused:
        project.verify("v0.2.0")
    assert "0.1.0 in pyproject.toml:3, 0.1.0 in deploy/chart/Chart.yaml:2" in str(refused.value)
    commit(project, "Labels have colours", "Changelog: Added")
    project.write("2026-02-01")
    assert set(project.versions.values()) == {"0.2.0"}
    assert project.verify("v0.2.0") == "0.2.0"
