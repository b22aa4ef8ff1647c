"""Write 300 labelled comments through the sandbox's people and set what became of them against their labels.

    python -m scripts.screened_sample ../shared/data/dev

Writes `docs/screened-sample.md`: counts and shares only, no comment. The draw is fixed by its seed.
"""

from __future__ import annotations

import asyncio
import csv
import gzip
import random
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from moderation.classifier import load, shipped
from moderation.comment import validated_text
from moderation.errors import InvalidSubmission
from moderation.settings import Settings
from tests.e2e.system import Person, data_beginning, eventually, has_data, people_of, running
from tests.faults.ledger import read_ledger

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "docs" / "screened-sample.md"
LANGUAGES = ("en", "hi", "hi-Latn", "ur", "ur-Latn", "mr", "ar")
TOTAL = 300
SEED = 20261122
READERS = 12
OUTCOMES = ("published", "held", "rejected")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A comment that people labelled. `toxic` also when only another harmful label is set."""

    text: str
    language: str
    toxic: bool


def draw(folder: Path) -> list[Labelled]:
    """300 comments: as many of each language as of the others, half of each labelled toxic.

    Left out: suites made of templates, assumed-clean headlines, spam files, and texts that can't be a comment.
    """
    pools: dict[tuple[str, bool], list[Labelled]] = defaultdict(list)
    for path in sorted(folder.glob("*.csv.gz")):
        if path.name.startswith(("suite_", "spam_")) or "_clean" in path.name or "_unlabelled" in path.name:
            continue
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["lang"] in LANGUAGES and row["toxic"] in {"0", "1"} and _fits(row["text"]):
                    comment = Labelled(row["text"], row["lang"], row["toxic"] == "1")
                    pools[comment.language, comment.toxic].append(comment)
    dice = random.Random(SEED)
    keys = [(language, toxic) for language in LANGUAGES for toxic in (True, False)]
    sizes = {key: TOTAL // len(keys) + (number < TOTAL % len(keys)) for number, key in enumerate(keys)}
    drawn = [comment for key in keys for comment in dice.sample(pools[key], sizes[key])]
    dice.shuffle(drawn)
    return drawn


def _fits(text: str) -> bool:
    try:
        return len(validated_text(text)) >= 8 and not text.startswith("/")
    except InvalidSubmission:
        return False


async def screened(comments: list[Labelled]) -> list[tuple[Labelled, str]]:
    """Each comment with what became of it, written by people at the sandbox of a system of its own."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "var", BAITHAK_STAGES="all") as system:
        async with people_of(system) as people:
            readers: list[tuple[Person, dict[str, object]]] = []
            for number in range(READERS):
                reader = await people.newcomer(f"Reader {number}")
                story = await reader.joins("en")
                await reader.comments(story, "First, my thanks for this report.")
                terms = await reader.sees(has_data("agree:"), what="the terms")
                await reader.press(terms, data=data_beginning(terms, "agree:"))
                readers.append((reader, story))
            keys: dict[str, Labelled] = {}
            for number, comment in enumerate(comments):
                reader, story = readers[number % READERS]
                message = await reader.comments(story, comment.text)
                keys[f"telegram:{reader.id}:{message['message_id']}"] = comment

            address = Settings(data_dir=system.data_dir, database_url=None).database_address()

            async def decided() -> bool:
                ledger = await read_ledger(address)
                return set(keys) <= set(ledger.status_of) and ledger.undecided == 0

            await eventually(decided, what="every comment to be decided", within_s=120)
            statuses = (await read_ledger(address)).status_of
            return [(comment, statuses[key]) for key, comment in keys.items()]


def report(results: list[tuple[Labelled, str]]) -> str:
    """The table as Markdown."""
    model = shipped()
    alone = load(model.path, sha256=model.sha256).alone
    counts = Counter((comment.language, comment.toxic, status) for comment, status in results)
    lines = [
        "# 300 labelled comments through the whole system",
        "",
        f"Written by `python -m scripts.screened_sample` on {datetime.now(UTC):%Y-%m-%d}, with model",
        f"{model.version} and {'the fast stage alone' if alone else 'both stages'}: {len(results)} comments of",
        "the development files, which no training saw, written by people at the sandbox. Half of each language has the",
        "label *toxic*. The labels come from many sources with many ideas of what is toxic: an ordinary rude remark, a",
        "swear word among friends and a threat may all bear it. *Published* of the toxic ones are the machine's",
        "misses, *refused* of the clean ones its injustices; *held* goes to a moderator.",
        "",
        "| language | label | comments | published | held | refused |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for language in (*LANGUAGES, "all"):
        for toxic in (True, False):
            row = [
                sum(
                    n
                    for (of, label, status), n in counts.items()
                    if label is toxic and status == outcome and language in (of, "all")
                )
                for outcome in OUTCOMES
            ]
            total = sum(row)
            cells = " | ".join(f"{n} ({n / total:.0%})" if total else "0" for n in row)
            lines.append(f"| {language} | {'toxic' if toxic else 'clean'} | {total} | {cells} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Draw, write, wait, and put the table into docs/."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m scripts.screened_sample FOLDER_OF_LABELLED_COMMENTS")
    results = asyncio.run(screened(draw(Path(sys.argv[1]))))
    REPORT.write_text(report(results), encoding="utf-8")
    print(report(results))


if __name__ == "__main__":
    main()
