import os
import subprocess
import sys
from pathlib import Path

import pytest

from saas.instance import ROOT
from tenants import folders, isolation
from tests import universe
from tests.service import Service

IS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root can give files away")
TENANT = "abcdefgh12345678"


@pytest.fixture
def tenants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(isolation, "tenants_directory", lambda: tmp_path)
    return tmp_path


def owners(folder: Path) -> set[tuple[int, int]]:
    found = [folder, *folder.rglob("*")]
    return {(path.lstat().st_uid, path.lstat().st_gid) for path in found}


@needs_root
def test_a_new_organisation_has_a_number_of_its_own_and_owns_its_folder(committed: None) -> None:
    made, other = (universe.organisation(name, universe.person("ulla"))[0] for name in ("Uno", "Due"))
    for organisation in (made, other):
        organisation.refresh_from_db()
        folder = isolation.directory(organisation.tenant).stat()
        assert (folder.st_uid, folder.st_gid, folder.st_mode & 0o777) == (organisation.uid, organisation.uid, 0o700)
    assert made.uid != other.uid


@needs_root
def test_a_folder_from_before_is_given_away_as_a_whole(tenants: Path) -> None:
    (tenants / TENANT / "models" / "support").mkdir(parents=True)
    (tenants / TENANT / "models" / "support" / "arrays.bin").touch()
    victim = tenants / "victim"
    victim.touch()
    (tenants / TENANT / "link").symlink_to(victim)
    folders.settle(TENANT, 1_900_000_777)
    assert owners(tenants / TENANT) == {(1_900_000_777, 1_900_000_777)}
    assert owners(victim) == {(0, 0)}


@needs_root
def test_an_organisation_from_before_has_its_user_from_the_next_start_on(committed: None, service: Service) -> None:
    made, _ = universe.organisation("Uno", universe.person("ulla"))
    folder = folders.part(made.tenant, "models")
    for path in (folder, folder.parent):
        os.chown(path, 0, 0)
    type(made).objects.filter(pk=made.pk).update(uid=None)
    prepared = service.manage("prepare")
    assert prepared.returncode == 0, prepared.stderr
    made.refresh_from_db()
    assert made.uid
    assert owners(folder.parent) == {(made.uid, made.uid)}


@needs_root
def test_giving_away_that_was_interrupted_is_taken_up_again(tenants: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tenants / TENANT / "models").mkdir(parents=True)
    with monkeypatch.context() as interrupted:
        interrupted.setattr(os, "fchown", lambda *given: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            folders.settle(TENANT, 1_900_000_777)
    folders.settle(TENANT, 1_900_000_777)
    assert owners(tenants / TENANT) == {(1_900_000_777, 1_900_000_777)}


@needs_root
def test_what_root_makes_for_an_organisation_is_the_organisations(tenants: Path) -> None:
    folders.settle(TENANT, 1_900_000_777)
    folders.part(TENANT, "models", "support")
    assert owners(tenants / TENANT) == {(1_900_000_777, 1_900_000_777)}


def test_without_root_everything_is_the_users(tenants: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "have_owners", lambda: False)
    folders.settle(TENANT, 1_900_000_777)
    folders.part(TENANT, "uploads")
    assert owners(tenants / TENANT) == {(os.geteuid(), os.getegid())}


@needs_root
@pytest.mark.parametrize("lacking", ["chown", "dac_override", "fowner", "kill", "setgid", "setuid"])
def test_a_root_that_may_do_little_is_noticed(lacking: str) -> None:
    program = "from tenants import folders; print(folders.have_owners())"
    command = ["setpriv", f"--bounding-set=-{lacking}", sys.executable, "-c", program]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout == "False\n"
    assert folders.have_owners()


def test_names_modes_and_links_do_not_keep_a_folder_from_being_removed(tenants: Path) -> None:
    victim = tenants / "victim"
    victim.mkdir()
    (victim / "file").write_text("stays")
    folder = tenants / TENANT
    (folder / "a\nb" / "..." / "-rf").mkdir(parents=True)
    (folder / "a\nb" / "file\n").touch()
    Path(os.fsdecode(bytes(folder) + b"/\xff\xfe")).touch()
    (folder / "out").symlink_to(victim)
    (folder / "a\nb" / "up").symlink_to("../..")
    os.mkfifo(folder / "pipe")
    for locked in ("a\nb/.../-rf", "a\nb/...", "a\nb"):
        (folder / locked).chmod(0)
    folder.chmod(0)
    folders.remove(folder)
    assert not folder.exists()
    assert (victim / "file").read_text() == "stays"


def test_no_depth_keeps_a_folder_from_being_removed(tenants: Path) -> None:
    folder = tenants / TENANT
    folder.mkdir()
    at = os.open(folder, os.O_RDONLY)
    for _ in range(5_000):
        os.mkdir("deeper", dir_fd=at)
        inner = os.open("deeper", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    os.close(at)
    folders.remove(folder)
    assert not folder.exists()


def test_a_link_in_the_place_of_a_folder_is_not_followed(tenants: Path) -> None:
    (tenants / "victim").mkdir()
    (tenants / TENANT).symlink_to(tenants / "victim")
    with pytest.raises(NotADirectoryError):
        folders.remove(tenants / TENANT)
    assert (tenants / "victim").is_dir()
