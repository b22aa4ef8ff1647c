"""`python -m benchmarks`: every benchmark, or the one named. Writes `docs/benchmarks.md`."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import accepting, api, decisions, disguises, month, planning, report, screening, stages, stream, updates
from benchmarks.comments import labelled_comments, own_comments
from benchmarks.delivery import run as delivery
from benchmarks.queue import run as queue
from moderation.running import start_logging
from moderation.settings import Settings


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "name",
        nargs="?",
        choices=(
            "screening",
            "stages",
            "disguises",
            "accepting",
            "decisions",
            "updates",
            "api",
            "queue",
            "stream",
            "delivery",
            "planning",
            "month",
        ),
        help="which one; all without it",
    )
    parser.add_argument("folder", nargs="?", type=Path, help="labelled .csv.gz files to screen; without it our own")
    parser.add_argument("--learn", type=Path, help="labelled .csv.gz files that the plain pipeline learns from, too")
    parser.add_argument("--runs", type=int, default=3, help="how often each is measured (3)")
    parser.add_argument(
        "--comments", type=int, help="how many are screened (11,000), queued (10,000) or streamed (ten million)"
    )
    parser.add_argument("--out", type=Path, default=report.PAGE, help="the page to write")
    asked = parser.parse_args()
    start_logging(Settings(log_level="error"))
    if asked.name in (None, "screening"):
        count = asked.comments or screening.COMMENTS
        comments = labelled_comments(asked.folder, count) if asked.folder else own_comments(count)
        screening.run(comments, runs=asked.runs, learn=asked.learn, page=asked.out)
    if asked.name == "stages" or (asked.name is None and asked.folder):
        if asked.folder is None:
            parser.error("stages needs a folder of labelled comments")
        stages.run(asked.folder, page=asked.out)
    if asked.name == "disguises" or (asked.name is None and asked.folder):
        if asked.folder is None:
            parser.error("disguises needs a folder of labelled comments")
        disguises.run(asked.folder, learn=asked.learn, page=asked.out)
    if asked.name in (None, "accepting"):
        accepting.run(runs=asked.runs, page=asked.out)
    if asked.name in (None, "decisions"):
        decisions.run(runs=asked.runs, page=asked.out)
    if asked.name in (None, "updates"):
        updates.run(runs=asked.runs, page=asked.out)
    if asked.name in (None, "api"):
        api.run(runs=asked.runs, page=asked.out)
    if asked.name == "stream":  # an hour
        stream.run(lines=asked.comments or stream.LINES, page=asked.out)
    if asked.name == "planning":  # three minutes
        planning.run(page=asked.out)
    if asked.name == "month":  # ten minutes
        month.run(page=asked.out)
    if asked.name == "delivery":  # forty minutes
        delivery.run(page=asked.out)
    if asked.name in (None, "queue"):
        queue.run(runs=asked.runs, comments=asked.comments or queue.COMMENTS, page=asked.out)


if __name__ == "__main__":
    main()
