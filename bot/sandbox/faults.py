"""Faults to play: slowness, errors, broken connections, broken answers."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

KINDS = ("latency", "error", "reset_before", "reset_after", "truncated")
SLOWEST_MS = 600_000.0
# The normal distribution's 99th percentile, in standard deviations.
P99_DEVIATIONS = 2.326


@dataclass(slots=True)
class Fault:
    """One fault: what happens, to which methods (none named: all), how often, and how many times still."""

    kind: str
    methods: frozenset[str] = frozenset()
    rate: float = 1.0
    count: int | None = None
    ms: tuple[float, float] = (0.0, 0.0)
    code: int = 500

    def __post_init__(self) -> None:
        """Raises ValueError for a fault that makes no sense."""
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        if not 0 <= self.rate <= 1:
            raise ValueError("rate is in 0..1")
        if self.count is not None and self.count < 0:
            raise ValueError("count is 0 or more, or null for no end")
        if not 0 <= self.ms[0] <= self.ms[1] <= SLOWEST_MS:
            raise ValueError(f"ms is in 0..{SLOWEST_MS:g}, or two of them, the first not above the second")
        if not 500 <= self.code <= 599:
            raise ValueError("code is in 500..599")

    def shown(self) -> dict[str, Any]:
        """As the control API shows it."""
        low, high = self.ms
        return {
            "kind": self.kind,
            "methods": sorted(self.methods),
            "rate": self.rate,
            "count": self.count,
            "ms": low if low == high else [low, high],
            "code": self.code,
        }


class Faults:
    """Decides for each call what goes wrong. The same seed and calls give the same faults."""

    def __init__(self) -> None:
        self.play([], seed=None)

    def play(self, faults: list[Fault], *, seed: int | None) -> None:
        """From now on these, and no others."""
        self.faults = faults
        self._random = random.Random(seed)

    def strike(self, method: str, kind: str) -> Fault | None:
        """The fault of this kind that strikes this call of a method (lower case), if one does."""
        for fault in self.faults:
            if fault.kind != kind or fault.count == 0 or (fault.methods and method not in fault.methods):
                continue
            if fault.rate < 1 and self._random.random() >= fault.rate:
                continue
            if fault.count is not None:
                fault.count -= 1
            return fault
        return None

    def latency_s(self, method: str) -> float:
        """How long this call of a method (lower case) takes before anything else, in seconds."""
        fault = self.strike(method, "latency")
        if fault is None:
            return 0.0
        p50, p99 = fault.ms
        if p50 == p99 or p50 == 0:
            return p99 / 1000
        deviation = math.log(p99 / p50) / P99_DEVIATIONS
        return min(self._random.lognormvariate(math.log(p50), deviation), SLOWEST_MS) / 1000
