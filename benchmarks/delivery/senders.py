"""Who sends: ours, and others at the best settings they have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.environments import Package

LOCKS = Path(__file__).resolve().parent / "requirements"


@dataclass(frozen=True, slots=True)
class Sender(Package):
    """A way to send one text to many chats: so many processes of ours, or what `sending` knows by the name `way`."""

    locks: Path = LOCKS
    ours: int = 0
    way: str = ""


OURS = tuple(
    Sender(f"ours-{count}", f"ours, {count} {'process' if count == 1 else 'processes'}", (), ours=count)
    for count in (1, 2, 4)
)
PEERS = (
    Sender("aiogram", "aiogram 3.31.0, a loop", ("aiogram==3.31.0",), way="loop"),
    Sender("aiogram", "aiogram 3.31.0, 30 at once, then a second's rest", ("aiogram==3.31.0",), way="gather"),
    Sender(
        "aiogram-broadcaster", "aiogram-broadcaster 0.6.8", ("aiogram-broadcaster==0.6.8",), way="aiogram-broadcaster"
    ),
    Sender(
        "aiogram-broadcast",
        "aiogram-broadcast 0.2.0, `rate_limit` 0",
        ("aiogram-broadcast==0.2.0",),
        way="aiogram-broadcast",
    ),
    Sender(
        "python-telegram-bot",
        "python-telegram-bot 22.8, AIORateLimiter(30, 1), 100 at once",
        ("python-telegram-bot[rate-limiter]==22.8",),
        way="python-telegram-bot",
    ),
)
