"""What pyproject.toml cannot say: that a package without the pages' styles and scripts must not be built."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FRONTEND = Path(__file__).parent / "frontend"


class WithAssets(build_py):
    def run(self) -> None:
        missing = [path for path in self.distribution.package_data["frontend"] if not list(FRONTEND.glob(path))]
        if missing:
            raise SystemExit(f"{', '.join(missing)} is missing in frontend/. Run `npm ci` there, or ./assort package.")
        super().run()


setup(cmdclass={"build_py": WithAssets})
