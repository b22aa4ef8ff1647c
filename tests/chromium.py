"""Which Chromium this machine has, if any."""

from __future__ import annotations

import shutil

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first is Chromium without a window to draw: the same engine for half the computing."""

CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
