"""Nothing is too long to be read at one sitting."""

from __future__ import annotations

from tests.architecture.sources import code_files, functions, shown, tree

LINES_OF_A_FILE = 400
LINES_OF_A_FUNCTION = 50

LONGER_FILES: dict[str, str] = {}
"""Files that may be longer, each with the reason. Migrations are not looked at: they are lists of columns."""

LONGER_FUNCTIONS: dict[str, str] = {}
"""Functions that may be longer, as `path:name`, each with the reason."""


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    lines = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in code_files()}
    assert lines, "there is code to look at"
    too_long = {name for name, number in lines.items() if number > LINES_OF_A_FILE}
    assert too_long == set(LONGER_FILES)


def test_no_function_is_longer_than_fifty_lines() -> None:
    too_long = set()
    for path in code_files():
        for function in functions(tree(path)):
            if (function.end_lineno or 0) - function.lineno + 1 > LINES_OF_A_FUNCTION:
                too_long.add(f"{shown(path)}:{function.name}")
    assert too_long == set(LONGER_FUNCTIONS)
