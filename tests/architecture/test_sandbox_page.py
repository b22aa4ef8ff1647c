"""What the sandbox answers is documented: every control address and every method of the Bot API, both ways."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.sources import code_files, functions, page, tree

VERBS = ("set", "get", "delete")


def control_addresses() -> set[str]:
    """Every address under /control/ that is served, whatever its parameters are called."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in code_files("bot/sandbox"))
    found = re.findall(r'web\.(?:get|post|put|delete)\("(/control/[^"]+)"', text)
    return {re.sub(r"\{.+?\}", "{}", address) for address in found}


def documented_addresses() -> set[str]:
    found = set()
    for address, others in re.findall(r"[A-Z]+ (/control/[\w/{}]+)[^`]*`((?: · `\w+`)*)", page("sandbox.md")):
        bare = re.sub(r"\{.+?\}", "{}", address)
        found.add(bare)
        # `…/block` · `unblock`: the second stands for the same address with another last word.
        found |= {f"{bare.rpartition('/')[0]}/{word}" for word in re.findall(r"`(\w+)`", others)}
    return found


def methods() -> set[str]:
    """The Bot API's methods that the sandbox knows: the keys of every `methods()`."""

    def keys() -> Iterator[str]:
        for path in code_files("bot/sandbox/methods"):
            for function in functions(tree(path)):
                if function.name == "methods":
                    for node in ast.walk(function):
                        if isinstance(node, ast.Dict):
                            yield from (key.value for key in node.keys if isinstance(key, ast.Constant))

    return set(keys())


def documented_methods() -> set[str]:
    """The methods of the page's table; `set/getMyName` stands for both."""
    table = page("sandbox.md").partition("## The Bot API")[2].partition("Any other gets 404")[0]
    found = set()
    for name in re.findall(
        r"[A-Za-z/]+", " ".join(line.split("|")[2] for line in table.splitlines() if line.count("|") > 2)
    ):
        *verbs, last = name.split("/")
        verb = next((verb for verb in VERBS if last.startswith(verb)), "")
        found |= {last, *(f"{other}{last.removeprefix(verb)}" for other in verbs)}
    return found


def test_every_control_address_is_documented_and_every_documented_one_exists() -> None:
    assert documented_addresses() == control_addresses()


def test_every_method_is_documented_and_every_documented_one_exists() -> None:
    assert documented_methods() == methods()
