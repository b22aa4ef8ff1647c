"""The Bot API's methods, by who asks what of whom. Names are matched without regard to case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from bot.sandbox.params import Params

# Answers a call's `result`; raises ApiError for what Telegram would refuse.
Method = Callable[[Params], Awaitable[Any]]


class Remarked(NamedTuple):
    """A result that Telegram sends with a remark beside it."""

    result: Any
    description: str
