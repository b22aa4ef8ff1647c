"""What the architecture tests read: the project's own files, as text and as syntax trees."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("moderation", "bot")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def code_files(*packages: str) -> list[Path]:
    """Every Python file of the packages (of both without a name), less the migrations, which are history."""
    folders = packages or PACKAGES
    found = [path for folder in folders for path in (PROJECT / folder).rglob("*.py")]
    return sorted(path for path in found if "migrations" not in path.parts)


def tree(path: Path) -> ast.Module:
    """The syntax tree of one file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def shown(path: Path) -> str:
    """The path as it is spoken of: from the project's folder."""
    return path.relative_to(PROJECT).as_posix()


def module_name(path: Path) -> str:
    """The dotted name under which a file is imported."""
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def page(name: str) -> str:
    """A page of the documentation."""
    return (PROJECT / "docs" / name).read_text(encoding="utf-8")


def written_pages() -> list[Path]:
    """Every page a person is meant to read."""
    pages = [PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    return [path for path in pages if path.is_file()] + sorted((PROJECT / "docs").rglob("*.md"))


def first_cells(text: str) -> list[str]:
    """What stands in code marks in the first cell of each row of the page's tables."""
    return [cell for line in text.splitlines() if line.startswith("| `") for cell in in_code(line.split(" | ")[0])]


def in_code(text: str) -> list[str]:
    """What stands between code marks."""
    return re.findall(r"`([^`\n]+)`", text)


def functions(parsed: ast.AST) -> Iterator[Function]:
    """Every function and method, nested ones too."""
    for node in ast.walk(parsed):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
