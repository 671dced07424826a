"""A virtual environment for each peer, made once and kept in the user's cache."""

import hashlib
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from saas.instance import ROOT

# What the model computes with; the versions are ours, so that a peer gets the same answers as fast.
OURS = ("numpy", "scipy", "scikit-learn", "onnxruntime", "tokenizers")
INSTALL_SECONDS = 900


class NotInstalled(Exception):
    """A peer's packages could not be installed; the message says why."""


def python_of(name: str, requirements: tuple[str, ...]) -> Path:
    """Return the interpreter of an environment with these packages. Raises NotInstalled."""
    wanted = (*requirements, *(f"{library}=={version(library)}" for library in OURS))
    digest = hashlib.sha256("\n".join((sys.version, *wanted)).encode()).hexdigest()[:12]
    folder = _cache() / f"{name}-{digest}"
    python = folder / "bin" / "python"
    if not (folder / "made").exists():
        sys.stdout.write(f"installing {' '.join(requirements)} into {folder}\n")
        sys.stdout.flush()
        shutil.rmtree(folder, ignore_errors=True)
        _run(_uv(), "venv", "--quiet", "--python", sys.executable, str(folder))
        _run(_uv(), "pip", "install", "--quiet", "--python", str(python), *wanted)
        (folder / "made").touch()
    return python


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "assort-bench"


def _uv() -> str:
    """Return the uv that made our own environment, or another that the machine has."""
    places = os.pathsep.join((str(ROOT / ".venv" / "uv" / "bin"), str(Path(sys.executable).parent)))
    found = shutil.which("uv", path=places) or shutil.which("uv")
    if found is None:
        raise NotInstalled("The peers are installed with uv, which is not here. Install it, then repeat.")
    return found


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    if done.returncode:
        raise NotInstalled(f"{' '.join(command)} failed:\n{done.stderr}")
