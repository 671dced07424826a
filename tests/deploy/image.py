"""Starts an image from a registry where there is no container engine, and asks it.

`python -m tests.deploy.image REFERENCE`: each role is a process of the image's own user in the image's own file system,
which is read-only, with two places to write to, as a cluster runs it. It takes root, buildah and some gigabytes;
docs/kubernetes.md says how to get a reference.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx2 as httpx

from saas import process
from saas.instance import ROOT
from tests.deploy.cluster import COMMAND, STAY, Cluster
from tests.end_to_end.stranger import Api

MODEL = "assort.support"
# In a mount namespace of its own: the image read-only, an empty /tmp, and the folder that stands for the claim.
_ENTER = """
    mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" &&
    mount --bind "$1" "$0/data" && mount -t tmpfs tmpfs "$0/tmp" && mount -t proc proc "$0/proc" &&
    mount --rbind /dev "$0/dev" && mount --rbind /sys "$0/sys" &&
    root=$0 user=$2 && shift 2 && exec setpriv --no-new-privs chroot --userspec="$user" "$root" "$@"
"""


class Refused(Exception):
    """The image is not what was promised."""


def main(reference: str) -> int:
    with tempfile.TemporaryDirectory(prefix="assort-image-", dir="/var/tmp") as folder:
        root, files = Path(folder) / "root", Path(folder) / "files"
        told = subprocess.run(
            [ROOT / "deploy" / "image", "unpack", reference, root], check=True, stdout=subprocess.PIPE
        )
        config: dict[str, Any] = json.loads(told.stdout)["OCIv1"]["config"]
        user = str(config["User"])
        _expect("it is started as a user who is not root", user == "10001:10001")
        _expect("its start command takes a role", config["Entrypoint"] == ["assort"])
        files.mkdir()
        subprocess.run(["chown", user, files], check=True)
        enter = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, str(root), str(files), user]
        variables = dict(each.split("=", 1) for each in config["Env"])
        program = ["/usr/local/bin/assort"]
        _ask(Path(folder), [*enter, *program], variables, outside=[*enter, "/bin/sh", "-c"])
    return 0


def _ask(folder: Path, command: list[str], variables: dict[str, str], *, outside: list[str]) -> None:
    own = {name: text for name, text in variables.items() if name != "ASSORT_HEALTH_LISTEN"} | {"ASSORT_ENCODER": "on"}
    cluster = Cluster(folder, command=command, data="/data", told=own)
    try:
        written = subprocess.run([*outside, "touch /opt/assort/written"], check=False, capture_output=True, text=True)
        _expect(f"nothing can be written to its file system ({written.stderr.strip()})", "Read-only" in written.stderr)
        _timed("migrate", lambda: cluster.run("migrate"))
        _timed("start every role", lambda: cluster.start(*STAY, "mlflow"))
        _timed("furnish, with the encoder", lambda: cluster.run("furnish"))
        below = [found.pid for running in cluster.running.values() for found in process.descendants(running.pid)]
        _expect("no process of it is root's", all(_user(pid) == 10001 for pid in below))
        made = json.loads(cluster.manage("organisation", "create", "Acme", "--owner", "anna@acme.test"))
        with (api := Api(cluster.url, made["key"])).client:
            answer = api.classify(MODEL, ["I was charged twice this month"]).json()
            _expect("it answers", answer["results"][0]["label"] == "billing")
        with httpx.Client(base_url=cluster.url, timeout=30) as browser:
            page = browser.get("/accounts/login/")
            style = next(part for part in page.text.split('"') if part.endswith(".css"))
            _expect("its pages have their styles", browser.get(style).status_code == 200)
        _timed("smoke", lambda: _smoke(cluster.url))
        sys.stdout.write(cluster.manage("fleet", "status"))
        ended = {role: _timed(f"end {role}", partial(cluster.stop, role))[role] for role in list(cluster.running)}
        _expect("every role ends well when it is told to", set(ended.values()) == {0})
    finally:
        cluster.close()


def _smoke(url: str) -> None:
    """Do from outside what a customer does, by the program of this checkout, and let its table be seen."""
    subprocess.run([*COMMAND, "smoke", "--url", url], cwd=ROOT, check=True)


def _timed(what: str, do: Callable[[], Any]) -> Any:
    began = time.monotonic()
    found = do()
    sys.stdout.write(f"{what}: {time.monotonic() - began:.1f} s\n")
    sys.stdout.flush()
    return found


def _expect(what: str, holds: bool) -> None:
    if not holds:
        raise Refused(what)
    sys.stdout.write(f"ok: {what}\n")
    sys.stdout.flush()


def _user(pid: int) -> int:
    try:
        return Path(f"/proc/{pid}").stat().st_uid
    except FileNotFoundError:  # It has just ended.
        return 10001


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
