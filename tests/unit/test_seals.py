"""A seal vouches for exactly its rows: any other rows, in any other order, give another hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation.seals import AuditedRow, Head, Seal, Sealing, row_bytes
from tests.builders import NOW

ROW = AuditedRow(
    id=7,
    at=1_795_348_800_000_000,
    comment_id=3,
    revision_id=4,
    is_own=False,
    who="telegram:2001",
    name="میرا",
    act="review",
    from_status="held",
    to_status="rejected",
    clause="3.2",
    reason=None,
    terms="2026-11",
    model=None,
)

NUMBER = st.integers(0, 3)
WORD = st.sampled_from(["", "a", "null", "1", '","', "\n", "[]", "ا", "𝄞"])
MAYBE = st.none() | WORD
ROWS = st.builds(
    AuditedRow,
    id=NUMBER,
    at=NUMBER,
    comment_id=NUMBER,
    revision_id=NUMBER,
    is_own=st.booleans(),
    who=WORD,
    name=WORD,
    act=WORD,
    from_status=MAYBE,
    to_status=WORD,
    clause=MAYBE,
    reason=MAYBE,
    terms=MAYBE,
    model=MAYBE,
)


def seal(rows: Sequence[AuditedRow], previous: Seal | None = None, *, up_to: int = 9) -> Seal:
    sealing = Sealing(previous)
    for row in rows:
        sealing.take(row)
    return sealing.close(up_to=up_to, at=NOW)


def told(row: AuditedRow) -> list[object]:
    """What of a row a seal is to see: of one's own not who one is."""
    values = [value for name, value in asdict(row).items() if name != "is_own"]
    return [*values[:4], None, None, *values[6:]] if row.is_own else values


@given(st.lists(ROWS, max_size=3))
def test_what_a_seal_is_to_see_can_be_read_back_from_the_bytes(rows: list[AuditedRow]) -> None:
    """So rows that say different things have different bytes, however many there are."""
    lines = b"".join(map(row_bytes, rows)).split(b"\n")
    assert lines.pop() == b""
    assert [json.loads(line) for line in lines] == [told(row) for row in rows]


@pytest.mark.parametrize("column", [name for name in asdict(ROW) if name not in {"is_own"}])
def test_each_column_counts(column: str) -> None:
    value = getattr(ROW, column)
    changed = value + 1 if isinstance(value, int) else f"{value or ''}x"
    assert seal([replace(ROW, **{column: changed})]).hash != seal([ROW]).hash


def test_of_an_authors_own_row_only_that_it_was_the_author_counts() -> None:
    own = replace(ROW, is_own=True, who="telegram:1001", name="Asha")
    assert row_bytes(own) == row_bytes(replace(own, who="", name=""))
    assert row_bytes(own) != row_bytes(replace(own, is_own=False))


def test_a_seal_stands_on_the_one_before_it_and_on_what_it_says_itself() -> None:
    first = seal([ROW])
    second = seal([ROW], first)
    assert (first.number, second.number) == (1, 2)
    hashes = {first.hash, second.hash, seal([], first).hash, seal([ROW], up_to=10).hash}
    hashes.add(seal([ROW], replace(first, hash="0" * 64)).hash)
    hashes.add(Sealing(first).close(up_to=9, at=NOW + timedelta(microseconds=1)).hash)
    assert len(hashes) == 6


def test_what_a_seal_is_made_of_is_not_changed_by_a_release() -> None:
    """Else every audit there is would seem to have been tampered with."""
    name = rb'"\u0645\u06cc\u0631\u0627"'
    told = b'"review","held","rejected","3.2",null,"2026-11",null]\n'
    made_of = (
        b'["baithak audit seal/v1"]\n'
        b'[7,1795348800000000,3,4,"telegram:2001",' + name + b"," + told + b"[7,1795348800000000,3,4,null,null," + told
    ) + b"[1,1795348800000000,9,2]\n"
    first = seal([ROW, replace(ROW, is_own=True)])
    assert first.hash == hashlib.sha256(made_of).hexdigest()
    further = f'["{first.hash}"]\n[2,1795348800000000,9,0]\n'
    assert seal([], first).hash == hashlib.sha256(further.encode()).hexdigest()


@pytest.mark.parametrize("text", ["", "1", f"0:{'a' * 64}", f"1:{'A' * 64}", f"1:{'a' * 63}", f"-1:{'a' * 64}"])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        Head.read(text)


def test_a_head_is_read_as_it_is_written() -> None:
    head = seal([ROW]).head
    assert Head.read(f" {head}\n") == head
