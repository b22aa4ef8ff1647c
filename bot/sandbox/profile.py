"""What the bot says about itself: commands, names, descriptions, the menu button."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.sandbox.journal import Journal, Record

# Scopes from the most to the least particular, as Telegram looks commands up.
PRIVATE_SCOPES = ("chat", "all_private_chats", "default")
GROUP_SCOPES = ("chat_member", "chat_administrators", "chat", "all_chat_administrators", "all_group_chats", "default")
ADMINISTRATOR_SCOPES = frozenset({"chat_administrators", "all_chat_administrators"})


class Profile:
    """Texts by name and language, and commands by scope and language."""

    def __init__(self, *, journal: Journal) -> None:
        self._journal = journal
        self._kept: dict[str, Any] = {}

    def recall(self, record: Record) -> None:
        """Take in one record of an earlier run; those of other kinds are left alone."""
        if record.kind == "profile":
            self._kept[record.key] = record.value

    def records(self) -> Iterator[Record]:
        """All there is to remember."""
        for key, value in self._kept.items():
            if value is not None:
                yield Record("profile", key, value)

    def get(self, what: str, language: str) -> Any:
        """What was set for the language, or None."""
        return self._kept.get(f"{what}:{language}")

    def set(self, what: str, language: str, value: Any) -> None:
        """Set it for the language; None takes it back."""
        self._kept[f"{what}:{language}"] = value
        self._journal.put("profile", f"{what}:{language}", value)

    def commands_for(
        self, *, chat_id: int, private: bool, user_id: int, administrator: bool, language: str
    ) -> list[Any]:
        """The commands a person is offered in a chat: the most particular scope that has any."""
        for scope in PRIVATE_SCOPES if private else GROUP_SCOPES:
            if scope in ADMINISTRATOR_SCOPES and not administrator:
                continue
            named = {
                "chat_member": f"commands:chat_member:{chat_id}:{user_id}",
                "chat": f"commands:chat:{chat_id}",
                "chat_administrators": f"commands:chat_administrators:{chat_id}",
            }.get(scope, f"commands:{scope}")
            for spoken in (language, ""):
                if commands := self.get(named, spoken):
                    return list(commands)
        return []
