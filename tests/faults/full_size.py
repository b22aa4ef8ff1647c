"""How large the largest fault tests are: as large as CI has time for, or whole (`make test-long FULL_SIZE=1`)."""

from __future__ import annotations

import os
from typing import TypeVar

Size = TypeVar("Size")

FULL_SIZE = os.environ.get("FULL_SIZE", "") not in {"", "0"}


def sized(usual: Size, full: Size) -> Size:
    """What `make test-long` runs, or the whole of it where that was asked for."""
    return full if FULL_SIZE else usual
