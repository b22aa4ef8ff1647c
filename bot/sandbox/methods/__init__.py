"""The Bot API's methods, by who asks what of whom. Names are matched without regard to case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from bot.sandbox.params import Params

# Answers a call's `result`; raises ApiError for what Telegram would refuse.
Method = Callable[[Params], Awaitable[Any]]
