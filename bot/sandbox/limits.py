"""How often the bot may write: models of Telegram's limits, which Telegram itself does not specify."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Protocol

from bot.sandbox.errors import too_many_requests

CHATS_REMEMBERED = 50_000


class Model(Protocol):
    """One limit on one stream of calls. Times are in seconds and may stand still."""

    def wait_s(self, now: float) -> float:
        """How long until a call would be let through; 0 for now."""

    def take(self, now: float) -> None:
        """Count a call that was let through."""


class SlidingWindow:
    """At most `count` calls in any `per_s` seconds."""

    def __init__(self, count: int, per_s: float) -> None:
        self._count = count
        self._per_s = per_s
        self._taken: deque[float] = deque()

    def wait_s(self, now: float) -> float:
        """Until the oldest call of a full window leaves it."""
        while self._taken and self._taken[0] + self._per_s <= now:
            self._taken.popleft()
        return self._taken[0] + self._per_s - now if len(self._taken) >= self._count else 0.0

    def take(self, now: float) -> None:
        """Count it."""
        self._taken.append(now)


class Gcra:
    """`count` calls in `per_s` seconds, evenly, with all of them at once after a rest (generic cell rate algorithm)."""

    def __init__(self, count: int, per_s: float) -> None:
        self._interval_s = per_s / count
        self._tolerance_s = per_s - self._interval_s
        self._due = -math.inf

    def wait_s(self, now: float) -> float:
        """Until the call would be early by no more than the burst allows."""
        wait = self._due - self._tolerance_s - now
        # Sums of many intervals stray by some nanoseconds; that is no reason to refuse.
        return wait if wait > 1e-6 else 0.0

    def take(self, now: float) -> None:
        """Count it."""
        self._due = max(self._due, now) + self._interval_s


class FixedWindow:
    """At most `count` calls in each `per_s` seconds of the clock; two windows' worth can meet at the edge."""

    def __init__(self, count: int, per_s: float) -> None:
        self._count = count
        self._per_s = per_s
        self._window = -1
        self._taken = 0

    def wait_s(self, now: float) -> float:
        """Until the next window, if this one is full."""
        window = int(now // self._per_s)
        if window != self._window:
            return 0.0
        return (window + 1) * self._per_s - now if self._taken >= self._count else 0.0

    def take(self, now: float) -> None:
        """Count it."""
        window = int(now // self._per_s)
        if window != self._window:
            self._window, self._taken = window, 0
        self._taken += 1


MODELS: dict[str, Callable[[int, float], Model]] = {
    "sliding_window": SlidingWindow,
    "gcra": Gcra,
    "fixed_window": FixedWindow,
}


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """What is allowed. A chat gets `chat_burst` calls at once after a rest, and `chat_per_s` in the long run."""

    enabled: bool = True
    model: str = "sliding_window"
    overall_per_s: int = 30
    chat_per_s: float = 1.0
    chat_burst: int = 20
    group_per_min: int = 20
    edits: bool = True

    def __post_init__(self) -> None:
        """Raises ValueError for a setting out of bounds."""
        if self.model not in MODELS:
            raise ValueError(f"model is one of {', '.join(MODELS)}")
        for name in ("overall_per_s", "chat_per_s", "chat_burst", "group_per_min"):
            if not 0 < getattr(self, name) <= 1_000_000:
                raise ValueError(f"{name} is in 0..1000000, 0 left out")

    def shown(self) -> dict[str, object]:
        """As the control API shows them."""
        return asdict(self)


class Limits:
    """Refuses calls that come too fast. A refused call counts nowhere, so `retry_after` stays true."""

    def __init__(self, settings: LimitSettings) -> None:
        self.use(settings)

    def use(self, settings: LimitSettings) -> None:
        """Go by these settings, with nothing counted yet."""
        self.settings = settings
        self._model = MODELS[settings.model]
        self._overall = self._model(settings.overall_per_s, 1.0)
        self._chats: dict[str, Model] = {}

    def check(self, *, chat: str, group: bool, now: float) -> None:
        """Count a call to that chat, or raise ApiError 429 with the seconds after which it would be let through."""
        if not self.settings.enabled:
            return
        limits = (self._overall, self._of_chat(chat, group=group))
        wait_s = max(limit.wait_s(now) for limit in limits)
        if wait_s > 0:
            raise too_many_requests(math.ceil(wait_s))
        for limit in limits:
            limit.take(now)

    def _of_chat(self, chat: str, *, group: bool) -> Model:
        if chat not in self._chats:
            if len(self._chats) >= CHATS_REMEMBERED:
                self._chats.clear()
            settings = self.settings
            self._chats[chat] = (
                self._model(settings.group_per_min, 60.0)
                if group
                else self._model(settings.chat_burst, settings.chat_burst / settings.chat_per_s)
            )
        return self._chats[chat]
