"""One search, in a process of its own: libFuzzer ends the process it runs in. `tests.fuzz.guided` starts it.

python -m tests.fuzz.searching TARGET FOLDER SECONDS
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import atheris
import structlog

from tests.fuzz.guided import CRASH, TARGETS

LONGEST = 8192
"""Bytes of the longest input tried: more than the digits Python makes a number of."""

LONGEST_WORD = 64
"""Bytes of the longest word that libFuzzer takes into its dictionary."""

INPUT_S = 10
MEMORY_MB = 2048
"""What one input may take, and the whole process: beyond is a find as well."""


def main(name: str, folder: Path, seconds: int) -> None:
    """Search; does not return. Says how far it came, and writes what breaks a promise into the folder."""
    # What is broken on purpose is not to be logged a thousand times a second.
    structlog.configure(processors=[_dropped])
    with atheris.instrument_imports(include=list(TARGETS.get(name, (f"tests.fuzz.targets.{name}",)))):
        target = importlib.import_module(f"tests.fuzz.targets.{name}")
    corpus, seeds = folder / "corpus" / name, folder / "seeds" / name
    for place in (corpus, seeds):
        place.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds()):
        (seeds / f"{number:04}").write_bytes(seed[:LONGEST])
    options: dict[str, Any] = {
        "max_total_time": seconds,
        "max_len": LONGEST,
        "timeout": INPUT_S,
        "rss_limit_mb": MEMORY_MB,
        "artifact_prefix": f"{folder / name}-{CRASH}",
        "print_final_stats": 1,
    }
    if target.WORDS:
        words = folder / f"{name}.words"
        known = [word for word in dict.fromkeys(target.WORDS) if 0 < len(word) <= LONGEST_WORD]
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in known), encoding="ascii")
        options["dict"] = str(words)
    given = [sys.argv[0], *(f"-{option}={value}" for option, value in options.items()), str(corpus), str(seeds)]
    atheris.Setup(given, target.check)
    atheris.Fuzz()


def _dropped(*_event: Any) -> Any:
    raise structlog.DropEvent


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
