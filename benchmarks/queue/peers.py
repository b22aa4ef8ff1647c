"""The peers, and a throw-away environment for each, since some of them want another redis-py than the project."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

LOCKS = Path(__file__).resolve().parent / "requirements"
"""One lock file for each peer, which `make lock` writes from what stands here."""

INSTALL = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--require-hashes"]
INSTALLED_WITHIN_S = 180.0


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody else's queue. `wanted` is what is asked for; its lock file has all that comes with it. With
    `batches` it claims many tasks for one call by itself, which its tuned row does."""

    key: str
    title: str
    wanted: tuple[str, ...]
    batches: bool = False

    def lock(self) -> Path:
        """Its lock file."""
        return LOCKS / f"{self.key}.txt"


PEERS = (
    Peer("saq", "SAQ 0.26.4", ("saq[redis,hiredis]==0.26.4", "uvloop==0.23.0")),
    Peer("dramatiq", "dramatiq 2.2.1", ("dramatiq[redis]==2.2.1", "hiredis==3.5.0")),
    Peer("taskiq", "taskiq 0.13.0, taskiq-redis 1.2.4", ("taskiq==0.13.0", "taskiq-redis==1.2.4", "uvloop==0.23.0")),
    Peer("arq", "arq 0.28.0", ("arq==0.28.0", "hiredis==3.5.0", "uvloop==0.23.0")),
    Peer(
        "faststream", "FastStream 0.7.8", ("faststream[redis]==0.7.8", "hiredis==3.5.0", "uvloop==0.23.0"), batches=True
    ),
    Peer("streaq", "streaQ 7.2.0", ("streaq==7.2.0", "uvloop==0.23.0")),
)


def installed(peer: Peer, folder: Path) -> Path | None:
    """A Python that has the peer and, behind it, everything of ours; None where it can't be installed.

    The environment is made in `folder`. What the installer says of a failure is shown.
    """
    place = folder / peer.key
    python = place / "bin" / "python"
    commands = [
        [sys.executable, "-m", "venv", "--without-pip", str(place)],
        [*INSTALL, "--python", str(python), "--requirements", str(peer.lock())],
    ]
    try:
        for command in commands:
            subprocess.run(command, check=True, timeout=INSTALLED_WITHIN_S, capture_output=True, text=True)
    except (subprocess.SubprocessError, OSError) as error:
        said = getattr(error, "stderr", None) or str(error)
        print(f"{peer.title} is not installed: {said.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    # Paths of a .pth file come after the environment's own packages: the peer's redis-py is found before ours.
    own = next(place.glob("lib/python*/site-packages"))
    (own / "ours.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return python
