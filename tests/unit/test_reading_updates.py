"""An update as it comes is made one that can be read, whatever it holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.handlers import readable
from bot.inbox import stored_update


@pytest.mark.parametrize("opens", ['{"a": ', "["])
def test_an_update_nested_without_end_is_cut_where_none_of_telegrams_goes(opens: str) -> None:
    closes = "}" if opens.startswith("{") else "]"
    update: dict[str, Any] = json.loads(f'{{"a": {opens * 900}1{closes * 900}}}')
    payload, damaged = readable(update)
    assert damaged and 100 <= json.dumps(payload).count(opens[0]) < 300


def test_an_update_as_deep_as_telegrams_own_stays_as_it_is() -> None:
    update: dict[str, Any] = {"message": [[[[[[{"text": "a"}]]]]]]}
    assert readable(update) == (update, False)


@pytest.mark.parametrize("number", [True, 1.0, 2**63, "1", None])
def test_only_a_number_that_a_database_takes_names_a_lane(number: object) -> None:
    lane = stored_update({"update_id": 1, "message": {"chat": {"id": number}}}).lane
    assert (type(lane), lane) == (int, 0)


@pytest.mark.parametrize("number", [True, 1.0, 2**63, "1", None, -1])
def test_only_a_number_that_a_database_takes_names_an_update(number: object) -> None:
    with pytest.raises(ValueError, match="update_id"):
        stored_update({"update_id": number, "message": {}})
