"""Search for inputs that break a promise, guided by which lines each input reaches.

    python -m tests.fuzz.guided [--seconds N] [TARGET …]     each target in a process of its own, N seconds each
    python -m tests.fuzz.guided --input FILE TARGET          try one input again

A target is a module of `tests/fuzz/targets/`: `check` takes bytes and raises where a promise is broken, `seeds` are the
inputs it begins with, `WORDS` what is put into them. The search is atheris's, on libFuzzer; there are wheels of it for
Linux on x86_64. `--input` needs none.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "fuzz"
"""Where inputs are kept that reach something new, so that the next search goes on from them, and those that break a
promise."""

TARGETS: Mapping[str, Sequence[str]] = {
    "feed": ("bot.feed", "bot.story", "feedparser", "sgmllib"),
    "update": ("bot", "moderation.comment"),
    "press": ("bot.keyboards", "bot.story"),
    "query": ("bot.web", "bot.story", "moderation.web", "moderation.threads", "yarl"),
    "screen": ("moderation", "phonenumbers.phonenumbermatcher", "phonenumbers.phonenumberutil"),
    "classify": ("moderation.classifier",),
    "markup": ("bot.sandbox",),
    "backup": ("moderation.archive", "moderation.sealing", "bot.erasure_list", "zipfile"),
}
"""Each target, and the modules in which lines are looked at."""

PLANTED = "planted"
"""The target whose fault is there to be found."""

CRASH = "broken-"
HANGS_S = 120
"""Seconds over its time after which a search has hung."""

MISSING = "atheris is not installed (`make fuzz` does it where there is a wheel): nothing is searched by coverage"


@dataclass(frozen=True, slots=True)
class Search:
    """What came of a search: inputs tried, places reached, and the input that broke a promise, with what was said."""

    target: str
    tried: int
    reached: int
    broken: Path | None
    said: str

    def line(self) -> str:
        """For people, with the command that shows a find again."""
        told = f"{self.target}: {self.tried} inputs, {self.reached} places reached"
        if self.broken is None:
            return told
        return f"{told}; a promise was broken:\n{self.said}\nshown again by\n  {again(self.target, self.broken)}"


def again(target: str, broken: Path) -> str:
    """The command that tries an input again."""
    return f"{sys.executable} -m tests.fuzz.guided --input {broken} {target}"


def is_available() -> bool:
    """Whether there is an atheris here."""
    return importlib.util.find_spec("atheris") is not None


def search(target: str, *, seconds: int, folder: Path) -> Search:
    """Search one target. Raises RuntimeError where the search itself fails."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.searching", target, str(folder), str(seconds)]
    # libFuzzer ends its process at once: nothing made there is cleared away by itself.
    with (folder / f"{target}.log").open("wb+") as log, tempfile.TemporaryDirectory() as scratch:
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "TMPDIR": scratch},
            stdout=log,
            stderr=log,
            timeout=seconds + HANGS_S,
            check=False,
        )
        log.seek(0)
        said = log.read().decode("utf-8", "replace")
    found = re.search(r"Test unit written to (\S+)", said)
    tried = re.search(r"stat::number_of_executed_units:\s*(\d+)", said)
    if found is None and (ended.returncode != 0 or tried is None):
        raise RuntimeError(f"the search of {target} ended with {ended.returncode}:\n{said[-3000:]}")
    reached = re.findall(r"cov: (\d+)", said)
    return Search(
        target=target,
        tried=int(tried[1]) if tried else 0,
        reached=int(reached[-1]) if reached else 0,
        broken=Path(found[1]) if found else None,
        said=_told(said) if found else "",
    )


def _told(said: str) -> str:
    """Of what libFuzzer says of a find, the part from the error on."""
    begin = said.find("=== Uncaught Python exception")
    return said[begin if begin >= 0 else -2000 :].partition("MS: ")[0].strip()[-3000:]


def main() -> int:
    """Search, or try one input again; answers the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.guided", description=__doc__.partition("\n")[0])
    parser.add_argument("target", nargs="*", choices=[*TARGETS, PLANTED], metavar="TARGET", help=" ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--input", type=Path, help="a file whose bytes are tried, once")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where inputs are kept (build/fuzz)")
    given = parser.parse_args()
    if given.input is not None:
        for target in given.target:
            importlib.import_module(f"tests.fuzz.targets.{target}").check(given.input.read_bytes())
            print(f"{target}: every promise is kept")
        return 0
    if not is_available():
        print(MISSING)
        return 0
    found = 0
    for target in given.target or TARGETS:
        done = search(target, seconds=given.seconds, folder=given.folder.resolve())
        found += done.broken is not None
        print(done.line(), flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
