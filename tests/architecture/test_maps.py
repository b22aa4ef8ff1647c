"""The map at the head of each package names what is there: every name on it resolves, and no module is left out."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

from tests.architecture.sources import PACKAGES

UNMAPPED = {
    "moderation": {"__main__", "migrations", "errors", "settings", "config", "cli", "migrating", "together"},
    "bot": {"__main__", "migrations", "locales", "settings", "cli"},
}
"""Modules that no stage of a way is: where a program starts, and what everything stands on."""


def map_of(package: str) -> str:
    return importlib.import_module(package).__doc__ or ""


def names_on(text: str) -> list[str]:
    return re.findall(r"(?<![\w./])[a-z_]\w*(?:\.\w+)+", text)


def resolve(package: str, name: str) -> object:
    """What the name means: the longest part of it that is a module, and from there by attribute."""
    parts = name.split(".")
    if parts[0] in PACKAGES:
        package, *parts = parts
    found: object = importlib.import_module(package)
    path = package
    for part in parts:
        path = f"{path}.{part}"
        found = getattr(found, part) if hasattr(found, part) else importlib.import_module(path)
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_on_the_map_resolves(package: str) -> None:
    names = names_on(map_of(package))
    assert len(names) >= 8, "the map draws a way, stage by stage"
    for name in names:
        resolve(package, name)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_is_missing_from_the_map(package: str) -> None:
    modules = {module.name for module in pkgutil.iter_modules(importlib.import_module(package).__path__)}
    words = set(re.findall(r"\w+", map_of(package)))
    assert modules - words - UNMAPPED[package] == set()


def test_a_name_that_is_not_there_would_be_found() -> None:
    with pytest.raises(ImportError):
        resolve("moderation", "decision.decide_later")
