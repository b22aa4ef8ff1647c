"""What was asked of the sandbox, counted. Never a word of any message."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

RECENT = 50
SECONDS = 60
"""Seconds of which it is told how much was written in each."""

TOO_MANY = 429


class Stats:
    """Counts by method since the start or the last reset."""

    def __init__(self) -> None:
        self.reset(0.0)

    def reset(self, now: float) -> None:
        """Begin anew."""
        self.since = now
        self._calls: Counter[str] = Counter()
        self._deliveries: Counter[str] = Counter()
        self._too_many: Counter[str] = Counter()
        self._errors: dict[str, Counter[str]] = {}
        self._faults: Counter[str] = Counter()
        self._recent: deque[dict[str, Any]] = deque(maxlen=RECENT)
        self._seconds: dict[int, list[int]] = {}

    def count(self, method: str, *, code: int, chat: str, delivered: bool, at: float, took_s: float) -> None:
        """One call answered with that code; `delivered` if it put a message into a chat or changed one."""
        self._calls[method] += 1
        self._deliveries[method] += delivered
        self._too_many[method] += code == TOO_MANY
        if code != 200:
            self._errors.setdefault(method, Counter())[str(code)] += 1
        if delivered or code == TOO_MANY:
            self._count_second(int(at), too_many=code == TOO_MANY)
        self._recent.append({"at": at, "method": method, "chat_id": chat, "code": code, "ms": round(took_s * 1000, 2)})

    def _count_second(self, second: int, *, too_many: bool) -> None:
        self._seconds.setdefault(second, [0, 0])[too_many] += 1
        # The clock may be set: the newest are those of the highest numbers, and what lies ahead of now goes with them.
        for old in sorted(self._seconds)[:-SECONDS]:
            del self._seconds[old]

    def count_fault(self, kind: str) -> None:
        """One fault was played."""
        self._faults[kind] += 1

    def shown(self) -> dict[str, Any]:
        """As the control API shows them."""
        return {
            "since": self.since,
            "calls": dict(self._calls),
            "deliveries": {method: n for method, n in self._deliveries.items() if n},
            "too_many_requests": {method: n for method, n in self._too_many.items() if n},
            "errors": {method: dict(codes) for method, codes in self._errors.items()},
            "faults": dict(self._faults),
            "seconds": [
                {"at": second, "deliveries": delivered, "too_many_requests": refused}
                for second, (delivered, refused) in sorted(self._seconds.items())
            ],
            "recent": list(self._recent),
        }
