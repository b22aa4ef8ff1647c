"""The sandbox stands alone: an emulator that borrowed the bot's code, or its library's, would share its mistakes."""

from __future__ import annotations

import subprocess
import sys

LOADED = """
import sys
import bot.sandbox
names = {name for name in sys.modules if name.split(".")[0] in ("bot", "moderation", "aiogram", "redis", "sqlalchemy")}
print(*sorted(name for name in names - {"bot"} if not name.startswith("bot.sandbox")))
"""


def test_importing_the_sandbox_loads_neither_the_bot_nor_its_library() -> None:
    run = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert run.stdout.split() == []
