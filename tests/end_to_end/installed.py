"""`./assort package --try`: installs the built wheel into an empty environment, and uses it as a stranger would.

It runs in a directory that has nothing to do with the checkout, with nothing of the caller's environment but where
programs are found.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from saas.instance import ROOT
from saas.ports import free

START_SECONDS = 120
# The sentence encoder is an extra, which is not tried here.
UP = ("up", "--no-encoder", "--web-processes", "1")
FOR_DEVELOPERS = ("check", "test", "bench", "prove", "package")


class Broken(Exception):
    """The installed package does not do what it should."""


def main() -> int:
    wheel = max((ROOT / "dist").glob("*.whl"), key=lambda path: path.stat().st_mtime)
    with tempfile.TemporaryDirectory(prefix="assort-installed-") as folder:
        # Workers may be users of their own, and go through it.
        Path(folder).chmod(0o755)
        installed = Installed(Path(folder))
        started = time.monotonic()
        installed.install(wheel)
        say(f"{wheel.name} was installed in {time.monotonic() - started:.0f} s")
        port = free({})
        with installed.running(port):
            say(f"up is ready on port {port}")
            say(installed.run("smoke", "--url", f"http://127.0.0.1:{port}", "--timeout", "120"))
            installed.run("manage", "organisation", "list")
            if "./assort" in (advice := installed.run("doctor")):
                raise Broken(f"doctor advises to run a program that is not here:\n{advice}")
        for command in FOR_DEVELOPERS:
            installed.refuse(command)
        if not (installed.home / ".assort" / "secrets.json").exists():
            raise Broken("its data is not in .assort of the directory in which it was called")
    return 0


class Installed:
    def __init__(self, folder: Path) -> None:
        self.home = folder / "somewhere"
        self.home.mkdir()
        self._venv = folder / "venv"
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(self.home)}

    def install(self, wheel: Path) -> None:
        uv = shutil.which(ROOT / ".venv" / "uv" / "bin" / "uv") or shutil.which("uv")
        if uv is None:
            raise Broken("there is no uv; ./assort installs one into .venv of a checkout")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self._venv], check=True)
        python = self._venv / "bin" / "python"
        subprocess.run([uv, "pip", "install", "--quiet", "--python", python, wheel], check=True)

    @contextmanager
    def running(self, port: int) -> Iterator[None]:
        log = self.home / "up.log"
        with log.open("w") as output:
            command = [str(self._program), *UP, "--port", str(port)]
            process = subprocess.Popen(
                command, cwd=self.home, env=self._environment, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            deadline = time.monotonic() + START_SECONDS
            while f"ready http://127.0.0.1:{port}" not in log.read_text():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise Broken(f"up does not start:\n{log.read_text()}")
                time.sleep(0.1)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)

    def run(self, *arguments: str) -> str:
        """Return what the command prints. Raises Broken unless it ends with status 0."""
        done = self._call(arguments)
        if done.returncode:
            raise Broken(f"assort {' '.join(arguments)}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def refuse(self, command: str) -> None:
        done = self._call([command])
        if done.returncode != 1 or "is for a checkout" not in done.stderr:
            raise Broken(f"assort {command} was to say that it is for a checkout: {done.stderr or done.stdout}")

    def _call(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._program, *arguments],
            cwd=self.home,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    @property
    def _program(self) -> Path:
        return self._venv / "bin" / "assort"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as error:
        sys.stderr.write(f"assort: {error}\n")
        sys.exit(1)
