"""Where the product lies: in a checkout, or installed as a package. What differs between the two stands here."""

import sys
from pathlib import Path

from saas.instance import ROOT

# A package has its description in its metadata, and no such file.
IS_CHECKOUT = (ROOT / "pyproject.toml").exists()
PROGRAM = "./assort" if IS_CHECKOUT else "assort"
DATA = ROOT / ".assort" if IS_CHECKOUT else Path(".assort")
# How Django's commands and ours are called: a checkout is found from its root, an installed package from everywhere,
# whatever lies in the directory of who calls it. The settings come from the environment.
MANAGE = (sys.executable, "-m", "django") if IS_CHECKOUT else (sys.executable, "-P", "-m", "django")
