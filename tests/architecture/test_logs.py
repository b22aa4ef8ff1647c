"""What the runbook says that one will read is what is written; and no log line carries what a reader wrote."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.sources import code_files, in_code, page, shown, tree

LEVELS = {"debug", "info", "warning", "error", "critical", "exception"}
PRIVATE = {"text", "caption", "author_name", "first_name", "last_name", "payload", "token", "secret", "password"}
"""What no log line may carry, by whatever name: what people wrote or are called, and what opens doors."""


def lines() -> Iterator[tuple[str, ast.Call]]:
    """Every call of a logger, with the file it stands in."""
    for path in code_files():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
                owner = node.func.value
                if isinstance(owner, ast.Name) and owner.id.strip("_") == "log":
                    yield shown(path), node


def test_the_lines_that_the_runbook_names_are_written() -> None:
    table = page("operating.md").partition("### Logs")[2].partition("\n## ")[0]
    named = {cell for line in table.splitlines() if line.startswith("| `") for cell in in_code(line.split(" | ")[0])}
    faults = re.findall(r"^\*Shows as:\* (.+)$", page("operating.md"), flags=re.MULTILINE)
    named |= {code for line in faults for code in in_code(line) if " " in code and not code.startswith("baithak")}
    written = {call.args[0].value for _, call in lines() if call.args and isinstance(call.args[0], ast.Constant)}
    assert len(named) >= 10
    assert named - written == set()


def test_the_faults_at_the_start_are_told_in_the_words_of_the_runbook() -> None:
    table = page("operating.md").partition("### It does not start")[2].partition("\n### ")[0]
    cells = [line.split(" | ")[0] for line in table.splitlines() if line.startswith("| ")]
    quoted = [code for cell in cells for code in in_code(cell) if " " in code]
    # `…` stands for what differs from case to case.
    said = {part.strip() for code in quoted for part in code.split("…") if len(part.strip()) > 3}
    assert len(said) >= 10
    strings = {
        node.value
        for path in code_files()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert {part for part in said if not any(part in string for string in strings)} == set()


def test_a_line_is_a_fixed_sentence_with_names_beside_it() -> None:
    loose = [f"{file}:{call.lineno}" for file, call in lines() if not isinstance(call.args[0], ast.Constant)]
    assert loose == []


def carried(call: ast.Call) -> set[str]:
    """The names that a line gives its values, and those that the values have where they come from."""
    values = [keyword.value for keyword in call.keywords]
    found = {keyword.arg for keyword in call.keywords if keyword.arg}
    found |= {value.id for value in values if isinstance(value, ast.Name)}
    return found | {value.attr for value in values if isinstance(value, ast.Attribute)}


def test_no_line_carries_what_people_wrote_or_what_opens_doors() -> None:
    assert {f"{file}:{call.lineno}" for file, call in lines() if carried(call) & PRIVATE} == set()
