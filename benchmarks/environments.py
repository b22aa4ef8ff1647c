"""Somebody else's packages, each in a throw-away environment of its own: some want other versions than the project."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

INSTALL = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--require-hashes"]
INSTALLED_WITHIN_S = 180.0


@dataclass(frozen=True, slots=True)
class Package:
    """What ours is measured beside. `wanted` is what is asked for; its lock file, in the folder `locks`, has all that
    comes with it, and `make lock` writes it."""

    key: str
    title: str
    wanted: tuple[str, ...]
    locks: Path

    def lock(self) -> Path:
        """Its lock file."""
        return self.locks / f"{self.key}.txt"


def installed(package: Package, folder: Path) -> Path | None:
    """A Python that has the package and, behind it, everything of ours; None where it can't be installed.

    The environment is made in `folder`. What the installer says of a failure is shown.
    """
    place = folder / package.key
    python = place / "bin" / "python"
    commands = [
        [sys.executable, "-m", "venv", "--without-pip", str(place)],
        [*INSTALL, "--python", str(python), "--requirements", str(package.lock())],
    ]
    try:
        for command in commands:
            subprocess.run(command, check=True, timeout=INSTALLED_WITHIN_S, capture_output=True, text=True)
    except (subprocess.SubprocessError, OSError) as error:
        said = getattr(error, "stderr", None) or str(error)
        print(f"{package.title} is not installed: {said.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    # Paths of a .pth file come after the environment's own packages: the package's libraries are found before ours.
    own = next(place.glob("lib/python*/site-packages"))
    (own / "ours.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return python
