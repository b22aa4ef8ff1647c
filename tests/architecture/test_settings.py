"""Every setting is documented with its default and unit, every documented one exists, and each is read somewhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from bot.settings import BotSettings
from tests.architecture.sources import PROJECT, code_files, functions, page, tree, written_pages

SETTINGS = {name: field.default for name, field in BotSettings.model_fields.items()}

BESIDES = {"BAITHAK_CONFIG_DIR": "says where the file of settings is, so it can't stand in it"}
"""Documented variables that are no fields, each with the reason."""

INTERNAL = {
    "BAITHAK_READY_FD": "handed by the supervisor to the parts it starts; nobody sets it",
    "BAITHAK_PLACE": "the same",
}
"""Variables that nobody sets, each with what it is."""

SETTINGS_FILES = {PROJECT / "bot/settings.py", PROJECT / "moderation/settings.py"}


def documented() -> dict[str, tuple[str, str]]:
    """Each documented variable with its default and its unit as they are written."""
    rows = re.findall(r"^\| `(BAITHAK_\w+)` \| (.+?) \| (.+?) \| .+\|$", page("settings.md"), flags=re.MULTILINE)
    assert len({name for name, _, _ in rows}) == len(rows), "a setting stands twice"
    return {name: (default, unit) for name, default, unit in rows}


def variable(name: str) -> str:
    return f"BAITHAK_{name.upper()}"


def written(default: object) -> str:
    """A default as the page writes it."""
    if default is None or default == ():
        return "none"
    if isinstance(default, tuple):
        return f"`{','.join(default)}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    assert set(documented()) - set(BESIDES) == {variable(name) for name in SETTINGS}


def test_the_documented_defaults_are_the_real_ones() -> None:
    page_says = {name: default for name, (default, _) in documented().items() if name not in BESIDES}
    assert page_says == {variable(name): written(default) for name, default in SETTINGS.items()}


def test_what_is_measured_in_seconds_says_so_in_its_name() -> None:
    in_seconds = {name for name, (_, unit) in documented().items() if unit == "seconds"}
    assert in_seconds == {variable(name) for name in SETTINGS if name.endswith("_s")}


def test_no_page_and_no_file_names_a_variable_that_does_not_exist() -> None:
    known = {variable(name) for name in SETTINGS} | set(BESIDES) | set(INTERNAL)
    files = [PROJECT / name for name in ("Makefile", "Dockerfile", "docker-compose.yml")]
    files += [*written_pages(), *code_files(), *(PROJECT / "config").iterdir()]
    for path in files:
        names = set(re.findall(r"\bBAITHAK_[A-Z][A-Z_]*[A-Z]\b", path.read_text(encoding="utf-8")))
        assert names - known == set(), path.name


def is_settings(node: ast.expr) -> bool:
    """Whether an expression is somebody's settings: `settings`, `self._settings`, `parts.settings`."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return name.endswith("settings")


def asked_for(path: Path) -> set[str]:
    """Names that a file asks of settings."""
    return {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute) and is_settings(node.value)}


def read_within_methods() -> dict[str, set[str]]:
    """For each method of the settings, what it reads of them."""
    reads: dict[str, set[str]] = {}
    for path in SETTINGS_FILES:
        for method in functions(tree(path)):
            own = (node for node in ast.walk(method) if isinstance(node, ast.Attribute))
            names = {node.attr for node in own if isinstance(node.value, ast.Name) and node.value.id == "self"}
            reads[method.name] = reads.get(method.name, set()) | names
    return reads


def test_every_setting_is_read_somewhere() -> None:
    used = set().union(*(asked_for(path) for path in code_files() if path not in SETTINGS_FILES))
    reads = read_within_methods()
    waiting = list(used)
    while waiting:
        new = reads.get(waiting.pop(), set()) - used
        used |= new
        waiting += new
    assert set(SETTINGS) - used == set()
