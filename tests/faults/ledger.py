"""What the store says became of every comment, read from its file by nothing of ours but the tables' names."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Ledger:
    """Comments by their source key, and everything about them that must never be."""

    status_of: dict[str, str]
    decided_twice: int
    published_twice: int
    undecided: int
    without_audit: int
    seconds_to_decision: tuple[float, ...]


def read_ledger(data_dir: Path) -> Ledger:
    """The ledger of a system's SQLite file, which may be running."""
    with sqlite3.connect(f"file:{data_dir / 'baithak.db'}?mode=ro", uri=True) as connection:

        def rows(query: str) -> list[tuple[object, ...]]:
            return connection.execute(query).fetchall()

        def number(query: str) -> int:
            return int(str(rows(query)[0][0]))

        return Ledger(
            status_of={str(key): str(status) for key, status in rows("SELECT source_key, status FROM comments")},
            decided_twice=number(
                "SELECT count(*) FROM (SELECT revision_id FROM audit WHERE from_status = 'received' "
                "AND to_status != 'withdrawn' GROUP BY revision_id HAVING count(*) > 1)"
            ),
            published_twice=number(
                "SELECT count(*) FROM (SELECT comment_id, revision FROM outbox WHERE kind = 'published' "
                "GROUP BY comment_id, revision HAVING count(*) > 1)"
            ),
            undecided=number("SELECT count(*) FROM revisions WHERE status = 'received'"),
            without_audit=number(
                "SELECT count(*) FROM revisions r WHERE r.status != 'received' AND NOT EXISTS "
                "(SELECT 1 FROM audit a WHERE a.revision_id = r.id AND a.from_status = 'received')"
            ),
            seconds_to_decision=tuple(
                sorted(
                    float(str(seconds))
                    for (seconds,) in rows(
                        "SELECT (a.at - r.received_at) / 1e6 FROM audit a JOIN revisions r ON r.id = a.revision_id "
                        "WHERE a.from_status = 'received'"
                    )
                )
            ),
        )


def percentile(ordered: tuple[float, ...], share: float) -> float:
    """The value below which this share of an ordered row lies."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
