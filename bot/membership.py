"""Who is a moderator, asked of Telegram; and the bot's own name.

Calls the Bot API by hand: the web part needs these two calls alone, and importing a whole client for them would cost it
two seconds at each start and 150 MB.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

import aiohttp

from bot.settings import BotSettings

TELEGRAM = "https://api.telegram.org"
_ANSWER_S = 10.0
_PRESENT = frozenset({"creator", "administrator", "member"})


class Unanswered(Exception):
    """Telegram did not answer, or refused; names the method and the status, never the token."""


class Membership:
    """Asks Telegram, at each question anew. Use it as a context."""

    def __init__(self, settings: BotSettings) -> None:
        self._group = settings.moderators_group()
        self._base = f"{(settings.telegram_address() or TELEGRAM).rstrip('/')}/bot{settings.token()}"
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Membership:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER_S))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def is_member(self, person: str) -> bool:
        """Whether a person (`telegram:42`) is in the moderators' group now, and no bot. Raises Unanswered."""
        scheme, _, number = person.partition(":")
        if self._group is None or scheme != "telegram" or not (number.isascii() and number.isdigit()):
            return False
        member = await self._call("getChatMember", {"chat_id": self._group, "user_id": int(number)})
        status = member.get("status")
        present = status in _PRESENT or (status == "restricted" and member.get("is_member") is True)
        return present and not member.get("user", {}).get("is_bot", True)

    async def username(self) -> str | None:
        """The bot's username. Raises Unanswered."""
        name = (await self._call("getMe", {})).get("username")
        return name if isinstance(name, str) else None

    async def _call(self, method: str, values: dict[str, Any]) -> dict[str, Any]:
        if self._session is None:
            raise RuntimeError("Membership is used as a context")
        try:
            async with self._session.post(f"{self._base}/{method}", json=values) as answer:
                body = await answer.json(content_type=None)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            # Only the kind: the message of a client error holds the address, and with it the token.
            raise Unanswered(f"{method}: {type(error).__name__}") from None
        result = body.get("result") if isinstance(body, dict) else None
        if not isinstance(result, dict):
            raise Unanswered(f"{method}: status {answer.status}")
        return result
