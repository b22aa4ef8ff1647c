"""Every make target and every command is documented with its options, and every documented one exists."""

from __future__ import annotations

import re

import bot.cli
from moderation.cli import make_app
from tests.architecture.command_line import commands
from tests.architecture.sources import PROJECT, first_cells, in_code, page, written_pages


def targets() -> set[str]:
    """Make's targets that say what they do; the others are files and steps."""
    return set(re.findall(r"^([a-z-]+):.*## ", (PROJECT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))


def phony_targets() -> set[str]:
    text = (PROJECT / "Makefile").read_text(encoding="utf-8")
    return {name for names in re.findall(r"^\.PHONY: (.+)$", text, flags=re.MULTILINE) for name in names.split()}


def documented_commands() -> set[str]:
    cells = [cell for cell in first_cells(page("commands.md")) if cell.startswith("baithak ")]
    return {re.sub(r" (?:\[?[A-Z]+\]?|--).*", "", cell.removeprefix("baithak ")) for cell in cells}


def row_of(command: str) -> str:
    return next(line for line in page("commands.md").splitlines() if re.match(rf"\| `baithak {command}[` ]", line))


def test_every_make_target_is_documented_and_every_documented_one_exists() -> None:
    documented = {cell.split()[1] for cell in first_cells(page("commands.md")) if cell.startswith("make ")}
    assert documented == targets() == phony_targets()


def test_help_is_the_first_target() -> None:
    text = (PROJECT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^([a-z-]+):", text, flags=re.MULTILINE)[1] == "help"  # type: ignore[index]  # there are targets


def test_every_command_is_documented_and_every_documented_one_exists() -> None:
    assert documented_commands() == set(commands(bot.cli.app))


def test_every_option_is_documented_beside_its_command() -> None:
    missing = []
    for name, command in commands(bot.cli.app).items():
        options = {word for parameter in command.params for word in parameter.opts if word.startswith("--")}
        missing += [f"{name} {option}" for option in sorted(options) if f"`{option}" not in row_of(name)]
    assert missing == []


def test_no_page_names_a_command_that_does_not_exist() -> None:
    known = set(commands(bot.cli.app))
    groups = {name.split()[0] for name in known if " " in name}
    for path in written_pages():
        for code in in_code(path.read_text(encoding="utf-8")):
            words = re.match(r"baithak ([a-z]+)(?: ([a-z]+))?", code)
            if words:
                name = " ".join(word for word in words.groups() if word) if words[1] in groups else words[1]
                assert name in known | groups, f"{path.name}: {code}"


def test_no_page_names_a_make_target_that_does_not_exist() -> None:
    for path in written_pages():
        named = {code.split()[1] for code in in_code(path.read_text(encoding="utf-8")) if re.match(r"make [a-z]", code)}
        assert named - targets() == set(), path.name


def test_moderation_alone_has_no_command_that_baithak_has_not() -> None:
    assert set(commands(make_app())) - set(commands(bot.cli.app)) == set()
