"""The sandbox's clock: it can be set, hurried and stopped, so that hours pass in seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

HIGHEST_SPEED = 100_000.0


class Clock:
    """Time as the sandbox tells it, in Unix seconds. Never goes back unless it is set back."""

    def __init__(self, *, real: Callable[[], float] = time.time) -> None:
        self._real = real
        self._real_then = real()
        self._then = self._real_then
        self._speed = 1.0
        self._changed = asyncio.Event()

    @property
    def speed(self) -> float:
        """Virtual seconds in one real second; 0 stands still."""
        return self._speed

    def now(self) -> float:
        """Unix seconds."""
        return self._then + (self._real() - self._real_then) * self._speed

    def set(self, *, now: float | None = None, speed: float | None = None) -> None:
        """Change time, speed or both; whoever sleeps reckons anew. Raises ValueError outside 0..HIGHEST_SPEED."""
        if speed is not None and not 0 <= speed <= HIGHEST_SPEED:
            raise ValueError(f"speed is a number in 0..{HIGHEST_SPEED:g}")
        if now is not None and not 0 <= now < 2**31:
            raise ValueError("now is in Unix seconds, 0..2147483647")
        self._then = self.now() if now is None else now
        self._real_then = self._real()
        if speed is not None:
            self._speed = speed
        self._changed.set()
        self._changed = asyncio.Event()

    async def sleep_until(self, moment: float) -> None:
        """Return once the clock shows the moment (Unix seconds), however it gets there."""
        while (left := moment - self.now()) > 0:
            changed = self._changed
            real_left = left / self._speed if self._speed else None
            try:
                await asyncio.wait_for(changed.wait(), real_left)
            except TimeoutError:
                continue
