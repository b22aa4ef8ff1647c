"""Resolve the dependencies of pyproject.toml into hashed requirements files without any address in them.

And those of what ours is measured beside, queues, classifiers and senders, each into a file of its own: they are never
installed together.
What searches by coverage is locked by itself as well.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from benchmarks.candidates import PACKAGES
from benchmarks.delivery.senders import PEERS as SENDERS
from benchmarks.queue.peers import PEERS

ROOT = Path(__file__).resolve().parent.parent
FILES = {
    "requirements.txt": ("build",),
    "requirements-second.txt": ("build", "second"),
    "requirements-fallback.txt": ("build", "fallback"),
    "requirements-embedded.txt": ("build", "fallback", "embedded"),
    "requirements-dev.txt": ("build", "fallback", "embedded", "dev"),
}
"""Each file and the extras it locks; later files agree with earlier ones."""

ALONE = {"requirements-fuzz.txt": "fuzz"}
"""Files that lock nothing but what one extra names."""

COMPILE = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
COMPILE += ["--no-header", "--python-version", "3.11"]
# With its extras named: pip takes a pin of `coverage` for none of `coverage[toml]`, and once there is a newer release
# it refuses to install what is locked.
COMPILE += ["--no-strip-extras"]


def main() -> None:
    """Write every lock file anew."""
    earlier: list[str] = []
    for name, extras in FILES.items():
        (ROOT / name).unlink(missing_ok=True)
        command = [*COMPILE, "--output-file", name]
        for extra in extras:
            command += ["--extra", extra]
        for constraint in earlier:
            command += ["--constraint", constraint]
        subprocess.run([*command, "pyproject.toml"], cwd=ROOT, check=True)
        earlier.append(name)
        print(f"{name} written")
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for name, extra in ALONE.items():
        _lock(ROOT / name, named[extra])
    for peer in (*PEERS, *PACKAGES, *SENDERS):
        _lock(peer.lock(), peer.wanted)


def _lock(path: Path, wanted: Sequence[str]) -> None:
    path.unlink(missing_ok=True)
    command = [*COMPILE, "--no-annotate", "--output-file", str(path), "-"]
    subprocess.run(command, input="\n".join(wanted).encode(), cwd=ROOT, check=True)
    print(f"{path.relative_to(ROOT)} written")


if __name__ == "__main__":
    main()
