"""The workflows: each action is a commit that is known, each job may do little and ends, each command is ours."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from saas import commandline
from tests.conventions.sources import files, read

WORKFLOWS = [path for path in files() if path.parts[:2] == (".github", "workflows")]
# The commit of each action's tag, as read from its repository: none is taken from anywhere else.
ACTIONS = {
    "actions/attest-build-provenance": ("a2bbfa25375fe432b6a289bc6b6cd05ecd0c4c32", "v4.1.0"),
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/upload-artifact": ("bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "v7.0.0"),
    # Most tags of this one were stolen in March 2026; this commit was reported clean.
    "aquasecurity/trivy-action": ("57a97c7e7821a5776cebc9bb87c984fa69cba8f1", "v0.35.0"),
    "docker/build-push-action": ("53b7df96c91f9c12dcc8a07bcb9ccacbed38856a", "v7.3.0"),
    "docker/login-action": ("4907a6ddec9925e35a0a9e82d7399ccc52663121", "v4.1.0"),
    "docker/metadata-action": ("dc802804100637a589fabce1cb79ff13a1411302", "v6.2.0"),
    "docker/setup-buildx-action": ("37fe631027851001ddb9b187196cc803df7f5f0e", "v4.3.0"),
    "pypa/gh-action-pypi-publish": ("81e9d935c883d0b210363ab89cf05f3894778450", "v1.8.14"),
}
# What a step may start: our own commands, and the programs that carry what they make.
PROGRAMS = {"./assort", "deploy/upgrade", "deploy/on-kind", "sudo ./assort", "docker", "gh", "chromium"}
# Whoever may write something elsewhere, and what.
WRITERS = {
    ("image.yml", "image"): {"packages", "id-token", "attestations"},
    ("deploy-dev.yml", "image"): {"packages", "id-token", "attestations"},
    ("release.yml", "image"): {"packages", "id-token", "attestations"},
    ("release.yml", "pypi"): {"id-token"},
    ("release.yml", "publish"): {"contents"},
}


def parsed(path: Path) -> dict[str, Any]:
    workflow: dict[Any, Any] = yaml.safe_load(read(path))
    # The key `on` is a truth value to YAML.
    return {"on" if key is True else str(key): value for key, value in workflow.items()}


JOBS = [(path, name, job) for path in WORKFLOWS for name, job in parsed(path)["jobs"].items()]
STEPS = [(path, step) for path, _, job in JOBS for step in job.get("steps", ())]
COMMANDS = [(path, str(step["run"])) for path, step in STEPS if "run" in step]


def names(value: Any) -> str:
    return str(value) if isinstance(value, str | Path) else ""


def test_the_workflows_are_found() -> None:
    assert {path.stem for path in WORKFLOWS} == {"ci", "image", "cluster", "deploy-dev", "release"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=str)
def test_every_action_is_a_known_commit_with_its_tag_beside_it(path: Path) -> None:
    for line in re.findall(r"uses: (.*)", read(path)):
        if line.startswith("$/"):
            assert Path(line.removeprefix("$/")) in WORKFLOWS
        else:
            action, _, pinned = line.partition("@")
            assert pinned == "{} # {}".format(*ACTIONS[action])


def test_an_action_that_is_known_is_a_whole_commit_and_used() -> None:
    assert all(re.fullmatch(r"[0-9a-f]{40}", commit) for commit, _ in ACTIONS.values())
    used = {str(step["uses"]).partition("@")[0] for _, step in STEPS if "uses" in step}
    assert used == set(ACTIONS)


@pytest.mark.parametrize("path", WORKFLOWS, ids=str)
def test_a_workflow_may_do_nothing_and_waits_for_its_turn(path: Path) -> None:
    workflow = parsed(path)
    assert workflow["permissions"] == {}
    # One that only others call is in the turn of theirs.
    assert "concurrency" in workflow or set(workflow["on"]) == {"workflow_call"}


@pytest.mark.parametrize(("path", "name", "job"), JOBS, ids=names)
def test_a_job_says_what_it_may_and_how_long(path: Path, name: str, job: dict[str, Any]) -> None:
    writes = {scope for scope, level in job["permissions"].items() if level != "read"}
    assert writes == WRITERS.get((path.name, name), set())
    assert "uses" in job or job["timeout-minutes"] <= 90


def test_a_checkout_leaves_no_credentials_behind() -> None:
    checkouts = [step for _, step in STEPS if str(step.get("uses", "")).startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize(("path", "commands"), COMMANDS, ids=names)
def test_a_step_starts_a_command_that_runs_on_a_desk_as_well(path: Path, commands: str) -> None:
    lines = [line.strip() for line in commands.splitlines() if not re.match(r"\s*(for|done)\b", line)]
    assert lines
    assert [line for line in lines if not f"{line} ".startswith(tuple(f"{program} " for program in PROGRAMS))] == []


@pytest.mark.parametrize(("path", "commands"), COMMANDS, ids=names)
def test_no_value_from_outside_is_written_into_a_command(path: Path, commands: str) -> None:
    assert "${{" not in commands


def calls() -> list[list[str]]:
    """Return the words after ./assort wherever a workflow or a script of deploy/ starts it, variables as addresses."""
    texts = [command for _, command in COMMANDS] + [read(Path("deploy/upgrade")), read(Path("deploy/on-kind"))]
    found = [match for text in texts for match in re.findall(r'(?:\./|"\$root/)assort"? ([^|>;\n]+)', text)]
    return [shlex.split(re.sub(r"\$(\w+|{[^}]*})", "http://any.example", words)) for words in found]


@pytest.mark.parametrize("words", calls(), ids=" ".join)
def test_each_call_of_ours_is_one_that_the_command_line_knows(words: list[str]) -> None:
    assert commandline._parser().parse_args(words).run
