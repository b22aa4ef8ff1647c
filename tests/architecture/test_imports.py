"""What a process loads: no Telegram in moderation, no model in the bot and the web, nothing heavy for `--help`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.architecture.sources import PROJECT, code_files, module_name

TELL = "import json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"


def modules_of(package: str) -> list[str]:
    """Every module, less those that are programs and start when they are imported."""
    return [name for path in code_files(package) if not (name := module_name(path)).endswith("__main__")]


ALL_OF_MODERATION = modules_of("moderation")
ALL_OF_BOT = modules_of("bot")
MODELS = {"sklearn", "scipy", "skops"}
SERVERS = {"aiohttp", "aiogram", "sqlalchemy", "alembic", "redis", "numpy", "feedparser", "jinja2"}


def loaded_by(*modules: str) -> set[str]:
    """The top names of everything that a fresh process has loaded once it imported these modules."""
    program = "\n".join([*(f"import {module}" for module in modules), TELL])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=PROJECT)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_all_of_moderation_together_loads_neither_telegram_nor_the_bot() -> None:
    assert len(ALL_OF_MODERATION) > 30
    assert loaded_by(*ALL_OF_MODERATION) & {"aiogram", "bot"} == set()


def test_the_bot_and_the_web_never_load_the_model() -> None:
    web = [name for name in ALL_OF_MODERATION if name.startswith("moderation.web")]
    parts = [name for name in ALL_OF_BOT if not name.startswith("bot.sandbox")]
    assert {"bot.delivery", "bot.inbox", "bot.web.app"} <= set(parts)
    assert loaded_by(*web, *parts) & MODELS == set()


def test_the_sandbox_loads_nothing_of_the_bot_but_itself() -> None:
    program = "import bot.sandbox.server\nimport json, sys; print(json.dumps([name for name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PROJECT)
    ours = {name for name in json.loads(done.stdout) if name.split(".")[0] in {"bot", "moderation", "aiogram"}}
    assert {name for name in ours if name != "bot" and not name.startswith("bot.sandbox")} == set()


@pytest.mark.parametrize("module", ["moderation.cli", "bot.cli"])
def test_asking_a_command_for_help_loads_nothing_heavy(module: str) -> None:
    assert loaded_by(module) & (MODELS | SERVERS) == set()
