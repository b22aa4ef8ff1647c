"""A database as large as a busy site's after a year: filled in a minute by the database itself.

`fill` writes rows of the first form of the tables (every later form has their columns too), so that a database of any
form can be filled, and an old one brought to the newest form with all that in it. Of each kind of row there are so many
for every comment; what the columns hold follows from the row's number, so that a run is like the one before.
"""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

MILLION = 1_000_000
STORY = "https://news.example/stories/{}"
BUSY_STORY = STORY.format(1)
"""Has a twentieth of all comments."""

AUTHOR = "telegram:{}"
FIRST_AUTHOR = 10_000
COMMENT_S = 31
"""Seconds from one comment to the next: a million are a year."""

HELD, RECEIVED = 500, 20
"""So many of the newest comments wait for a moderator, and for the machine."""

PROSE = (
    "The council met again last night and nobody in the hall believed the figures that were read out to them. I have "
    "lived by this river for thirty years, and every summer the water stands lower while the pumps run longer. If the "
    "minister wants to know what the road costs, let him drive it in July with a lorry full of onions. "
    "یہ سڑک ہر سال ٹوٹتی ہے اور ہر سال وہی وعدہ ہوتا ہے۔ गाँव के स्कूल में इस साल भी कोई गणित का मास्टर नहीं आया। "
    "My daughter teaches there, so I know what I am talking about; the roof has leaked since the spring and they sent "
    "us a committee. "
)
SCORES = (
    '{"toxic": 0.031, "severe": 0.004, "insult": 0.027, "threat": 0.003, "obscene": 0.009, '
    '"identity_hate": 0.006, "sexual": 0.002, "spam": 0.011}'
)
FINDINGS = (
    '[{"check": "classifier", "label": "insult", "clause": "3.2", "score": 0.71, "asks": "hold", '
    '"spans": [{"begin": 3, "end": 9}]}]'
)


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything goes with so many comments."""

    comments: int

    @property
    def stories(self) -> int:
        """A multiple of 100, so that whatever goes by hundreds is alike in each story."""
        return max(100, self.comments // 50_000 * 100)

    @property
    def authors(self) -> int:
        """Twenty comments each."""
        return max(20, self.comments // 20)


def fill(address: str, comments: int = MILLION, *, now: datetime | None = None) -> Size:
    """Fill the empty tables of a database with so many comments and what belongs to them; the newest is of `now`.

    Blocking, and in a hurry: on SQLite nothing is flushed to the disk before the end. At least 2,000.
    """
    if comments < 2_000:
        raise ValueError("so few comments are no fair likeness")
    size = Size(comments)
    url = sa.make_url(address)
    begin = round((now or datetime.now(UTC)).timestamp() * 1e6) - comments * COMMENT_S * 1_000_000
    sqlite = url.get_backend_name() == "sqlite"
    statements = _statements(size, begin=begin, sqlite=sqlite)
    if sqlite:
        _fill_sqlite(str(url.database), statements)
    else:
        asyncio.run(_fill_postgresql(url.set(drivername="postgresql").render_as_string(False), statements))
    return size


def _fill_sqlite(path: str, statements: list[str]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in ("journal_mode=WAL", "synchronous=OFF", "cache_size=-400000", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN IMMEDIATE")
        for statement in statements:
            connection.execute(statement)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


async def _fill_postgresql(address: str, statements: list[str]) -> None:
    import asyncpg

    connection = await asyncpg.connect(address, timeout=30)
    try:
        for statement in statements:
            await connection.execute(statement, timeout=600)
        for table in ("comments", "revisions", "audit", "outbox", "stories", "deliveries"):
            sequence = f"pg_get_serial_sequence('{table}', 'id')"
            await connection.execute(f"SELECT setval({sequence}, (SELECT max(id) FROM {table}))")
        # What autovacuum has done by then to a table that grew for a year: figures, and a map of what all may see.
        await connection.execute("VACUUM ANALYZE", timeout=600)
    finally:
        await connection.close()


def _statements(size: Size, *, begin: int, sqlite: bool) -> list[str]:
    count, stories, authors = size.comments, size.stories, size.authors
    json = "'{}'" if sqlite else "CAST('{}' AS JSON)"
    fingerprint = "printf('%016x', n % 900001)" if sqlite else "lpad(to_hex(n % 900001), 16, '0')"
    true, false = ("1", "0") if sqlite else ("true", "false")

    def numbers(upto: int) -> str:
        if sqlite:
            return f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {upto}) SELECT n FROM s)"
        return f"(SELECT n::bigint FROM generate_series(1, {upto}) AS n) AS s"

    def text(n: str) -> str:
        return f"substr('{PROSE}', CAST(1 + ({n} * 37) % 400 AS INTEGER), CAST(40 + ({n} * 53) % 160 AS INTEGER))"

    story_number = f"(CASE WHEN n % 100 < 5 THEN 1 ELSE 2 + (n * 7919) % {stories - 1} END)"
    story = f"'https://news.example/stories/' || {story_number}"
    author = f"'telegram:' || ({FIRST_AUTHOR} + (n * 31) % {authors})"
    at = f"{begin} + n * {COMMENT_S}000000"
    status = (
        f"(CASE WHEN n > {count - RECEIVED} THEN 'received' WHEN n > {count - RECEIVED - HELD} THEN 'held' "
        "WHEN (n * 3) % 101 < 90 THEN 'published' WHEN (n * 3) % 101 < 96 THEN 'rejected' ELSE 'withdrawn' END)"
    )
    decided, published = f"n <= {count - RECEIVED}", f"{status} = 'published'"
    edited = f"({published} AND n % 33 = 0)"
    # Of those who answer, each answers a published comment; SQLite and PostgreSQL check that it is there.
    parent = f"(CASE WHEN n % 5 = 0 AND n > {stories} AND (n * 3 - 3) % 101 < 90 THEN n - 1 END)"
    outcome = f"(CASE {status} WHEN 'held' THEN 'hold' WHEN 'rejected' THEN 'reject' ELSE 'publish' END)"
    clause = f"(CASE WHEN {status} IN ('held', 'rejected') THEN '3.2' END)"
    scores, findings, none = json.format(SCORES), json.format(FINDINGS), json.format("[]")
    revision = (
        "INSERT INTO revisions (id, comment_id, number, text, fingerprint, author, received_at, status, held_at, "
        "outcome, decided_by, decided_at, terms, clause, language, model, scores, findings, machine_clause) "
    )
    seen = f"CASE WHEN {clause} IS NULL THEN {none} ELSE {findings} END"
    machine = f"CASE WHEN {decided} THEN 'machine' END, CASE WHEN {decided} THEN {at} + 40000 END"
    return [
        f"INSERT INTO agreements (author, terms, language, agreed_at) SELECT 'telegram:' || ({FIRST_AUTHOR} - 1 + n), "
        f"'2026-11', 'en', {begin} FROM {numbers(authors)}",
        "INSERT INTO comments (id, story, parent, author, author_name, language, source_key, status, latest_revision, "
        "published_revision, published_at, edited, created_at) "
        f"SELECT n, {story}, {parent}, {author}, 'Reader ' || ((n * 31) % {authors}), 'en', 'telegram:' || n || ':1', "
        f"{status}, CASE WHEN {edited} THEN 2 ELSE 1 END, "
        f"CASE WHEN {edited} THEN 2 WHEN {published} THEN 1 END, CASE WHEN {published} THEN {at} + 40000 END, "
        f"{edited}, {at} FROM {numbers(count)}",
        f"{revision} SELECT n, n, 1, {text('n')}, {fingerprint}, {author}, {at}, {status}, "
        f"CASE WHEN {status} = 'held' THEN {at} + 40000 END, CASE WHEN {decided} THEN {outcome} END, {machine}, "
        f"CASE WHEN {decided} THEN '2026-11' END, {clause}, 'en', CASE WHEN {decided} THEN '2026-11-24.1' END, "
        f"CASE WHEN {decided} THEN {scores} END, CASE WHEN {decided} THEN {seen} END, {clause} FROM {numbers(count)}",
        f"{revision} SELECT {count} + n, n, 2, {text('n + 1')}, {fingerprint}, {author}, {at} + 90000000, 'published', "
        f"NULL, 'publish', 'machine', {at} + 90040000, '2026-11', NULL, 'en', '2026-11-24.1', {scores}, {none}, NULL "
        f"FROM {numbers(count)} WHERE {edited}",
        "INSERT INTO audit (at, comment_id, revision_id, who, name, act, from_status, to_status, terms) "
        f"SELECT {at}, n, n, {author}, '', 'submit', NULL, 'received', '2026-11' FROM {numbers(count)}",
        "INSERT INTO audit (at, comment_id, revision_id, who, name, act, from_status, to_status, clause, terms, model, "
        f"scores) SELECT {at} + 40000, n, n, 'machine', '', 'screen', 'received', "
        f"CASE WHEN {status} = 'withdrawn' THEN 'published' ELSE {status} END, {clause}, '2026-11', '2026-11-24.1', "
        f"{scores} FROM {numbers(count)} WHERE {decided}",
        "INSERT INTO audit (at, comment_id, revision_id, who, name, act, from_status, to_status, clause, terms) "
        f"SELECT {at} + 900000000, n, n, 'telegram:' || (2001 + n % 20), 'Meera', 'review', 'held', 'rejected', '3.2', "
        f"'2026-11' FROM {numbers(count)} WHERE {status} = 'rejected'",
        "INSERT INTO outbox (at, kind, comment_id, revision, author, story, decided_by, clause, visible, "
        '"first", silent, due_at, done_at) '
        f"SELECT {at} + 40000, {status}, n, 1, {author}, {story}, 'machine', {clause}, {published}, {published}, "
        f"{false}, {at} + 40000, CASE WHEN n <= {count - RECEIVED - 50} THEN {at} + 900000 END FROM {numbers(count)}",
        "INSERT INTO stories (id, url, title, summary, language, section, published_at, seen_at, top) "
        "SELECT n, 'https://news.example/stories/' || n, 'Story ' || n, 'What happened.', 'en', 'world', "
        f"{begin} + n * {count // stories * COMMENT_S}000000, {begin}, {true} FROM {numbers(stories)}",
        "INSERT INTO subscribers (id, name, language, sections, active, joined_at) "
        f"SELECT {FIRST_AUTHOR} - 1 + n, 'Reader', 'en', {json.format('[]')}, {true}, {begin} FROM {numbers(authors)}",
        "INSERT INTO deliveries (story_id, subscriber_id, state, due_at, attempts, message_id, sent_at) "
        f"SELECT 1 + n / {authors}, {FIRST_AUTHOR} + n % {authors}, 'sent', {at}, 1, n, {at} + 1000000 "
        f"FROM {numbers(count // 4)}",
        "INSERT INTO inbox (update_id, lane, payload, received_at, attempts, due_at, done_at) "
        f"SELECT n, {FIRST_AUTHOR} + n % {authors}, "
        + json.format('{"message": {"message_id": 1, "text": "what was handled long ago, and is no news to anybody"}}')
        + f", {at}, 1, {at}, CASE WHEN n <= {count // 4 - 20} THEN {at} + 90000 END FROM {numbers(count // 4)}",
        "INSERT INTO shown (chat_id, message_id, story_id, comment_id, shown_at) "
        f"SELECT {FIRST_AUTHOR} + n % {authors}, n, 1 + n % {stories}, n, {at} FROM {numbers(count // 4)}",
        "INSERT INTO notices (comment_id, revision, chat_id, message_id, told, event_id, told_at) "
        f"SELECT n, 1, {FIRST_AUTHOR} + (n * 31) % {authors}, n, 'published', n, {at} FROM {numbers(count // 4)}",
        "INSERT INTO cards (chat_id, message_id, comment_id, revision, open, posted_at) "
        f"SELECT -1003000000001, n, n * 33, 1, {false}, {at} FROM {numbers(count // 33)}",
    ]
