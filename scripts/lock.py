"""Resolve the dependencies of pyproject.toml into hashed requirements files without any address in them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = {
    "requirements.txt": ("build",),
    "requirements-fallback.txt": ("build", "fallback"),
    "requirements-embedded.txt": ("build", "fallback", "embedded"),
    "requirements-dev.txt": ("build", "fallback", "embedded", "dev"),
}
"""Each file and the extras it locks; later files agree with earlier ones."""


def main() -> None:
    """Write every lock file anew."""
    earlier: list[str] = []
    for name, extras in FILES.items():
        (ROOT / name).unlink(missing_ok=True)
        command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
        command += ["--no-header", "--python-version", "3.11", "--output-file", name]
        for extra in extras:
            command += ["--extra", extra]
        for constraint in earlier:
            command += ["--constraint", constraint]
        subprocess.run([*command, "pyproject.toml"], cwd=ROOT, check=True)
        earlier.append(name)
        print(f"{name} written")


if __name__ == "__main__":
    main()
