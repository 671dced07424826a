"""Version and changelog of a release, from the commits since the last one.

A commit that readers of the changelog should know of says so in a trailer, as `Changelog: Fixed`, by a section of Keep
a Changelog; its subject is the entry. The sections say which part of the version is raised. What is written by hand
below `Unreleased` is taken along.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from saas.instance import ROOT

CHANGELOG = "CHANGELOG.md"
# Where the version stands, each time as the first group.
VERSIONS = {
    "pyproject.toml": r'^version = "([^"]+)"$',
    "deploy/chart/Chart.yaml": r'^(?:version|appVersion): "?([0-9.]+)"?$',
}
SECTIONS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
# What a caller must not rely on any more raises the first part, what is new the second, what is mended the third.
_BREAKING = {"Removed"}
_NEW = {"Added", "Changed", "Deprecated"}
_UNRELEASED = "## Unreleased\n"


class ReleaseError(Exception):
    """There is no such release; the message says why."""


@dataclass(frozen=True)
class Entry:
    section: str
    text: str


@dataclass(frozen=True)
class Project:
    root: Path

    def read(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    @property
    def versions(self) -> dict[str, str]:
        """Return the version that each file states, by its name and line."""
        return {
            f"{name}:{text.count(chr(10), 0, found.start()) + 1}": found[1]
            for name, pattern in VERSIONS.items()
            if (self.root / name).exists()
            for text in [self.read(name)]
            for found in re.finditer(pattern, text, re.MULTILINE)
        }

    @property
    def version(self) -> str:
        return next(iter(self.versions.values()))

    @property
    def last_tag(self) -> str:
        """Return the newest tag of a release in this commit's past, or nothing where there is none."""
        return self._git("tag", "--merged", "HEAD", "--sort=-version:refname", "--list", "v[0-9]*").partition("\n")[0]

    def entries(self) -> list[Entry]:
        """Return what the commits since the last release say, oldest first. Raises ReleaseError for other sections."""
        since = f"{self.last_tag}..HEAD" if self.last_tag else "HEAD"
        form = "%x1e%s%x1f%(trailers:key=Changelog,valueonly,unfold)"
        commits = self._git("log", "--reverse", "--no-merges", f"--format={form}", since).split("\x1e")[1:]
        return [
            entry
            for subject, _, sections in (commit.partition("\x1f") for commit in commits)
            for entry in _of_commit(subject, sections)
        ]

    def next_version(self) -> str:
        """Return the version of the next release: the one that is stated where none has been released yet."""
        return raised(self.version, {entry.section for entry in self.entries()}) if self.last_tag else self.version

    def write(self, day: str) -> str:
        """Write the next version and its part of the changelog into the files, and return the version."""
        version = self.next_version()
        before, _, rest = self.read(CHANGELOG).partition(_UNRELEASED)
        by_hand, heading, older = rest.partition("\n## ")
        part = merged(by_hand, self.entries())
        if not part:
            raise ReleaseError(f"no commit since {self.last_tag} is for the changelog: there is nothing to release")
        text = f"{before}{_UNRELEASED}\n## {version} – {day}\n\n{part}{heading}{older}"
        (self.root / CHANGELOG).write_text(text, encoding="utf-8")
        for name, pattern in VERSIONS.items():
            if (self.root / name).exists():
                stated = re.sub(pattern, lambda found: found[0].replace(found[1], version), self.read(name), flags=re.M)
                (self.root / name).write_text(stated, encoding="utf-8")
        return version

    def notes(self, version: str) -> str:
        """Return what the changelog says of a release. Raises ReleaseError where it says nothing."""
        found = re.search(rf"^## {re.escape(version)} – .*?\n(.*?)(?=^## |\Z)", self.read(CHANGELOG), re.M | re.S)
        if found is None:
            raise ReleaseError(f"{CHANGELOG} says nothing of {version}: ./assort release write comes before the tag")
        return found[1].strip() + "\n"

    def verify(self, tag: str) -> str:
        """Return the version of a tag. Raises ReleaseError where the files of this commit are not of that version."""
        version = tag.removeprefix("v")
        if other := {place: stated for place, stated in self.versions.items() if f"v{stated}" != tag}:
            said = ", ".join(f"{stated} in {place}" for place, stated in other.items())
            raise ReleaseError(f"the tag {tag} is for another version than {said}")
        self.notes(version)
        return version

    def _git(self, *arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=self.root, check=True, capture_output=True, text=True).stdout


def raised(version: str, sections: set[str]) -> str:
    """Return the version after `version` in which these sections have entries."""
    first, second, third = map(int, version.split("."))
    if sections & _BREAKING and first:
        return f"{first + 1}.0.0"
    # Before 1.0.0 the second part says that callers may have to change something.
    if sections & (_BREAKING | _NEW):
        return f"{first}.{second + 1}.0"
    return f"{first}.{second}.{third + 1}"


def merged(by_hand: str, entries: Sequence[Entry]) -> str:
    """Return the sections of a release: the text that is there already, and the entries of commits after it."""
    parts = re.split(r"^### (\w+)\n", by_hand, flags=re.MULTILINE)
    texts = {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}
    for entry in entries:
        texts[entry.section] = f"{texts.get(entry.section, '')}\n- {entry.text}.".strip()
    return "\n".join(f"### {name}\n\n{texts[name]}\n" for name in SECTIONS if texts.get(name))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="./assort release")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    commands.add_parser("next", help="print the next version, by the commits since the last release")
    commands.add_parser("write", help="write it, and its part of the changelog, into the files")
    notes = commands.add_parser("notes", help="print what the changelog says of a version")
    notes.add_argument("version", metavar="VERSION")
    verify = commands.add_parser("verify", help="print a tag's version, if the files are of that version")
    verify.add_argument("tag", metavar="TAG")
    options = parser.parse_args(arguments)
    project = Project(ROOT)
    try:
        sys.stdout.write(_carry_out(project, options).strip() + "\n")
    except ReleaseError as error:
        sys.stderr.write(f"assort: {error}\n")
        return 1
    return 0


def _carry_out(project: Project, options: argparse.Namespace) -> str:
    match options.command:
        case "next":
            return project.next_version()
        case "write":
            return project.write(datetime.now(UTC).date().isoformat())
        case "notes":
            return project.notes(options.version)
        case _:
            return project.verify(options.tag)


def _of_commit(subject: str, sections: str) -> Iterator[Entry]:
    for section in sections.split():
        if section not in SECTIONS:
            raise ReleaseError(f"the commit {subject!r} is for a section {section}: choose among {', '.join(SECTIONS)}")
        yield Entry(section, subject.strip().rstrip("."))


if __name__ == "__main__":
    sys.exit(main())
