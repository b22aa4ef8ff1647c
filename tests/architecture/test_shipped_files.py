"""What ships beside the code can be used as it is: the files of config/, the image, the compose file."""

from __future__ import annotations

import re
import shlex
import tomllib

import pytest

import bot.cli
from bot.feed import load_feeds
from bot.settings import BotSettings
from moderation.config import load_policy, load_terms
from tests.architecture.command_line import commands
from tests.architecture.sources import PROJECT

SECRETS = {"bot_token", "database_url", "redis_url", "webhook_secret"}


def text_of(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def services() -> dict[str, str]:
    """Each service of the compose file with the lines below its name; read as text, for lack of a YAML parser."""
    block = re.search(r"^services:\n(.*?)(?=^\S)", text_of("docker-compose.yml"), flags=re.MULTILINE | re.DOTALL)
    assert block
    parts = re.split(r"^  ([a-z]+):\n", block[1], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def instructions(word: str) -> list[str]:
    """The arguments of every such instruction of the Dockerfile."""
    return re.findall(rf"^{word} (.+)$", text_of("Dockerfile"), flags=re.MULTILINE)


@pytest.fixture(autouse=True)
def shipped_config(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAITHAK_CONFIG_DIR", str(PROJECT / "config"))
    monkeypatch.delenv("BAITHAK_FEEDS", raising=False)


def test_the_policy_and_the_terms_are_well_formed_and_agree() -> None:
    policy = load_policy()
    assert set(load_terms(policy)) == {"en", "ur", "hi", "mr", "ar"}


def test_the_feeds_file_is_well_formed() -> None:
    # With a token the file is read; the sandbox would use the sample's own feeds.
    assert load_feeds(BotSettings(bot_token="1:TOKEN")) == []


def test_the_settings_file_names_settings_only_and_no_secret() -> None:
    named = set(tomllib.loads(text_of("config/baithak.toml")))
    assert named - set(BotSettings.model_fields) == set(), "an unknown name would be ignored without a word"
    assert named & SECRETS == set()


def test_the_compose_file_has_every_part_and_a_sandbox_to_try_it() -> None:
    found = services()
    assert set(found) == {"redis", "postgres", "schema", "bot", "worker", "web", "sandbox"}
    assert "profiles: [sandbox]" in found["sandbox"]
    assert [name for name, lines in found.items() if "profiles:" in lines] == ["sandbox"]


def test_every_part_of_the_compose_file_runs_a_command_that_exists() -> None:
    known = set(commands(bot.cli.app))
    ours = {name: lines for name, lines in services().items() if "<<: *baithak" in lines}
    assert set(ours) == {"schema", "bot", "worker", "web", "sandbox"}
    for name, lines in ours.items():
        command = re.search(r"^    command: \[(.+)\]$", lines, flags=re.MULTILINE)
        assert command, name
        assert " ".join(word.strip('" ') for word in command[1].split(",")) in known, name


def test_redis_in_the_compose_file_keeps_what_it_is_told() -> None:
    command = re.search(r"command: \[(.+)\]", services()["redis"])
    assert command
    options = [word.strip('" ') for word in command[1].split(",")]
    assert options[options.index("--maxmemory-policy") + 1] == "noeviction"
    assert options[options.index("--appendonly") + 1] == "yes"


def test_the_compose_file_brings_no_secret_and_opens_the_sandbox_to_this_machine_only() -> None:
    text = text_of("docker-compose.yml")
    assert re.findall(r"BAITHAK_BOT_TOKEN: \$\{BAITHAK_BOT_TOKEN:-(.+)\}", text) == []
    assert re.search(r'ports: \["127\.0\.0\.1:', services()["sandbox"])
    assert "ports:" not in services()["redis"] + services()["postgres"]


def test_the_image_runs_as_nobody_in_particular() -> None:
    assert instructions("USER") == ["baithak"]
    assert instructions("ENTRYPOINT") == ['["baithak"]']


def test_the_image_copies_what_is_there() -> None:
    sources = [word for line in instructions("COPY") if "--from" not in line for word in shlex.split(line)[:-1]]
    assert {"bot", "moderation", "config", "requirements-second.txt"} <= set(sources)
    assert [name for name in sources if not (PROJECT / name).exists()] == []
