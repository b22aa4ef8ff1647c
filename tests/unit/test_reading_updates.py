"""An update as it comes is made one that can be read, whatever it holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.handlers import readable


@pytest.mark.parametrize("opens", ['{"a": ', "["])
def test_an_update_nested_without_end_is_cut_where_none_of_telegrams_goes(opens: str) -> None:
    closes = "}" if opens.startswith("{") else "]"
    update: dict[str, Any] = json.loads(f'{{"a": {opens * 900}1{closes * 900}}}')
    payload, damaged = readable(update)
    assert damaged and 100 <= json.dumps(payload).count(opens[0]) < 300


def test_an_update_as_deep_as_telegrams_own_stays_as_it_is() -> None:
    update: dict[str, Any] = {"message": [[[[[[{"text": "a"}]]]]]]}
    assert readable(update) == (update, False)
