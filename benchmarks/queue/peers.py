"""The other queues."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.environments import Package

LOCKS = Path(__file__).resolve().parent / "requirements"


@dataclass(frozen=True, slots=True)
class Peer(Package):
    """Somebody else's queue. With `batches` it claims many tasks for one call by itself, which its tuned row does."""

    locks: Path = LOCKS
    batches: bool = False


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
