"""What attacks may ask for."""

from __future__ import annotations

from tests.browsers import browser, chromium, newsroom

__all__ = ["browser", "chromium", "newsroom"]
