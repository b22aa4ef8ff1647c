"""What a stream's entries say is read with care: anybody who reaches Redis may have written them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from moderation.entries import added_at, revision_of
from tests.builders import NOW


@pytest.mark.parametrize("number", [1, 42, 2**63 - 1])
def test_a_revision_s_number_is_read(number: int) -> None:
    assert revision_of({"revision": str(number)}) == number


@pytest.mark.parametrize(
    "written",
    ["", "-1", "+1", "1.0", " 1", "1_000", "DROP TABLE", "١٢٣", "²", str(2**63), "9" * 25, "9" * 5000, "0" * 20],
)
def test_what_no_database_takes_for_a_revision_is_none(written: str) -> None:
    assert revision_of({"revision": written}) is None


@pytest.mark.parametrize("fields", [None, {}, {"other": "1"}])
def test_an_entry_that_names_no_revision_is_none(fields: dict[str, str] | None) -> None:
    assert revision_of(fields) is None


def test_an_entry_was_added_when_its_id_says_and_not_later_than_now() -> None:
    assert added_at("1700000000000-3", now=NOW) == datetime.fromtimestamp(1_700_000_000, UTC)
    for ahead in ("99999999999999999-0", f"{2**64 - 1}-{2**64 - 1}"):
        assert added_at(ahead, now=NOW) - NOW == timedelta(0)
