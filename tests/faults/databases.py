"""Which database a fault test runs on, where it does not run on both."""

from __future__ import annotations

import pytest

from moderation.database import Database

ONLY_SQLITE = pytest.mark.parametrize("server", [None], ids=["sqlite"])
ONLY_POSTGRESQL = pytest.mark.parametrize("server", ["postgresql"], indirect=True)


def name_of(database: Database) -> str:
    """What a report calls this kind of database."""
    return name_of_address(database.address)


def name_of_address(address: str) -> str:
    """The same, of a database known by its address."""
    return "SQLite" if address.startswith("sqlite") else "PostgreSQL"
