"""The audit only grows: no code of ours changes a row, triggers refuse it, and grants leave nobody the means to."""

from __future__ import annotations

import ast
import re
from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from moderation.database import Database
from moderation.privacy import Privacy
from moderation.sealer import Sealer, verify
from moderation.store import Store
from tests.architecture.sources import code_files, page, shown, tree
from tests.builders import NOW
from tests.conftest import PostgreSQL
from tests.desk import READER, Desk

GRANTS = re.findall(r"```sql\n(.*?)```", page("security.md"), re.DOTALL)
ROLE = "baithak_parts"


ERASING = "moderation/store/erasing.py"
"""The one place that may: erasing a reader takes names and scores out of the rows of what was theirs, and triggers see
to it that nothing else of a row goes (`tests/integration/test_privacy.py`)."""


def test_no_code_of_ours_changes_or_removes_a_row_of_the_audit() -> None:
    changing = []
    for path in code_files():
        if shown(path) == ERASING:
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                of = node.args[0].id if isinstance(node.args[0], ast.Name) else ""
                if node.func.attr in {"update", "delete"} and of in {"audit", "audit_seals"}:
                    changing.append(f"{shown(path)}:{node.lineno}")
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said = re.search(r"(?i)\b(update|delete\s+from|truncate|drop\s+\w+)\s+audit(_seals)?\b", node.value)
                changing += [f"{shown(path)}:{node.lineno}"] if said else []
    assert changing == []


@pytest.fixture
async def parts_database(postgresql: PostgreSQL) -> AsyncIterator[str]:
    """The address of a database whose parts come in by a role with the grants of the page, and no more."""
    assert len(GRANTS) == 1
    statements = [one.strip() for one in GRANTS[0].split(";") if one.strip()]
    for statement in statements:
        await postgresql.run(statement, database=postgresql.database)
    yield postgresql.address.format(postgresql.database).replace("//postgres:", f"//{ROLE}:")
    await postgresql.run(f"DROP OWNED BY {ROLE}", database=postgresql.database)
    await postgresql.run(f"DROP ROLE {ROLE}", database=postgresql.database)


FORBIDDEN = (
    "UPDATE audit SET to_status = 'published'",
    "UPDATE audit SET who = 'nobody', act = 'review'",
    "DELETE FROM audit",
    "TRUNCATE audit",
    "TRUNCATE comments CASCADE",
    "ALTER TABLE audit DISABLE TRIGGER audit_kept",
    "DROP TRIGGER audit_kept ON audit",
    "DROP TABLE audit",
    "UPDATE audit_seals SET hash = ''",
    "DELETE FROM audit_seals",
    "TRUNCATE audit_seals",
    "ALTER TABLE audit_seals DISABLE TRIGGER audit_seals_kept",
    "SET session_replication_role = replica",
)


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
async def test_with_the_grants_of_the_page_everything_works_and_the_audit_can_not_be_touched(
    database_address: str, parts_database: str
) -> None:
    database = Database(parts_database)
    desk = Desk.of(Store(database))
    held = await desk.hold()
    await desk.reject(held)
    await desk.undo(held)
    await desk.approve(held)
    published = await desk.publish(text="Another one")
    assert await desk.told()
    sealer = Sealer(desk.store, clock=lambda: NOW)
    assert [await sealer.look() for _ in range(2)][-1] is not None
    for statement in FORBIDDEN:
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            async with database.write() as connection:
                await connection.execute(sa.text(statement))
    for statement in (
        "UPDATE audit SET who = 'nobody'",
        "UPDATE audit SET name = ''",
        "UPDATE audit SET scores = NULL",
    ):
        with pytest.raises(DBAPIError, match="the audit only grows"):
            async with database.write() as connection:
                await connection.execute(sa.text(statement))
    assert (await desk.acts(held))[-1].endswith("→ published") and await desk.acts(published)
    await Privacy(desk.store, desk.outcomes).erase(READER, who="reader", now=NOW)
    assert (await desk.record(published)).erased
    assert (await verify(desk.store)).sealed == 7
    await database.close()
