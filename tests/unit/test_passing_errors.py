"""Which errors of a database are worth another try: an update whose error is not is set aside after five."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from moderation.database import is_of_its_value, is_passing


class Refusal(Exception):
    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("refused")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("code", "passing"),
    [
        ("08003", True),  # the connection is gone
        ("57P01", True),  # the server is being stopped
        ("57P03", True),  # the server is being started
        ("53300", True),  # no connection is left
        ("53100", True),  # the disk is full
        ("40P01", True),  # a deadlock
        ("25006", True),  # a server that only follows
        ("25P03", True),  # the transaction stood idle
        ("23505", False),  # a key that is there
        ("22P02", False),  # no number
        ("42P01", False),  # no such table
        ("28P01", False),  # a wrong password
        (None, False),
    ],
)
def test_what_passes_by_itself_is_told_by_its_code(code: str | None, passing: bool) -> None:
    assert is_passing(sa.exc.DBAPIError("SELECT 1", None, Refusal(code))) is passing


def test_that_no_connection_is_free_passes() -> None:
    assert is_passing(sa.exc.TimeoutError("QueuePool limit reached"))


@pytest.mark.parametrize(
    ("error", "of_value"),
    [
        (sa.exc.DBAPIError("INSERT", None, Refusal("22P02")), True),  # no JSON
        (sa.exc.DBAPIError("INSERT", None, Refusal("54000")), True),  # too large
        (sa.exc.IntegrityError("INSERT", None, Refusal("23502")), True),  # nothing where something must be
        (sa.exc.DataError("INSERT", None, Refusal(None)), True),  # SQLite's, of what is too large
        (sa.exc.StatementError("no JSON", "INSERT", None, TypeError()), True),
        (sa.exc.ProgrammingError("INSERT", None, Refusal("42P01")), False),  # no such table
        (sa.exc.ProgrammingError("INSERT", None, Refusal("42501")), False),  # this role may not
        (sa.exc.OperationalError("INSERT", None, Refusal(None)), False),  # SQLite's, of a full disk
        (sa.exc.DBAPIError("INSERT", None, Refusal("53100")), False),
        (sa.exc.TimeoutError("none is free"), False),
        (OSError(), False),
    ],
)
def test_what_is_wrong_with_a_value_is_told_from_what_is_wrong_with_the_database(
    error: Exception, of_value: bool
) -> None:
    assert is_of_its_value(error) is of_value
