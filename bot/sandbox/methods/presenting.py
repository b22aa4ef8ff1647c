"""How the bot presents itself: commands, names, descriptions, the menu button."""

from __future__ import annotations

import re
from typing import Any

from bot.sandbox.errors import bad_request
from bot.sandbox.methods import Method
from bot.sandbox.params import Params
from bot.sandbox.profile import Profile
from bot.sandbox.state import BOT_NAME, Json, World

MOST_COMMANDS = 100
LONGEST = {"name": 64, "description": 512, "short_description": 120}
LONGEST_COMMAND_DESCRIPTION = 256
_COMMAND = re.compile(r"/?[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"(?:[a-z]{2})?")
SCOPE_IDS = {
    "default": (), "all_private_chats": (), "all_group_chats": (), "all_chat_administrators": (),
    "chat": ("chat_id",), "chat_administrators": ("chat_id",), "chat_member": ("chat_id", "user_id"),
}  # fmt: skip


class Presenting:
    """The bot's profile."""

    def __init__(self, *, world: World, profile: Profile) -> None:
        self._world = world
        self._profile = profile

    def methods(self) -> dict[str, Method]:
        """Each method under its name."""
        return {
            "setMyCommands": self._set_commands,
            "getMyCommands": self._get_commands,
            "deleteMyCommands": self._delete_commands,
            "setMyName": self._set_name,
            "getMyName": self._get_name,
            "setMyDescription": self._set_description,
            "getMyDescription": self._get_description,
            "setMyShortDescription": self._set_short_description,
            "getMyShortDescription": self._get_short_description,
            "setChatMenuButton": self._set_menu_button,
            "getChatMenuButton": self._get_menu_button,
        }

    async def _set_commands(self, params: Params) -> bool:
        given = params.structure("commands", what="commands")
        if not isinstance(given, list):
            raise bad_request("can't parse commands JSON object")
        if len(given) > MOST_COMMANDS:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        self._profile.set(_scope(params), _language(params), [_command(command) for command in given])
        return True

    async def _get_commands(self, params: Params) -> list[Json]:
        return self._profile.get(_scope(params), _language(params)) or []

    async def _delete_commands(self, params: Params) -> bool:
        self._profile.set(_scope(params), _language(params), None)
        return True

    async def _set_name(self, params: Params) -> bool:
        self._set_text(params, "name")
        if not _language(params):
            self._world.bot_is(name=params.text("name") or BOT_NAME)
        return True

    async def _get_name(self, params: Params) -> Json:
        return self._text(params, "name") if self._text(params, "name")["name"] else {"name": self._world.bot_name}

    async def _set_description(self, params: Params) -> bool:
        return self._set_text(params, "description")

    async def _get_description(self, params: Params) -> Json:
        return self._text(params, "description")

    async def _set_short_description(self, params: Params) -> bool:
        return self._set_text(params, "short_description")

    async def _get_short_description(self, params: Params) -> Json:
        return self._text(params, "short_description")

    async def _set_menu_button(self, params: Params) -> bool:
        button = params.structure("menu_button", what="menu button") or {"type": "default"}
        if not isinstance(button, dict) or button.get("type") not in ("commands", "web_app", "default"):
            raise bad_request("MenuButton has unsupported type")
        self._profile.set(f"menu:{params.text('chat_id')}", "", button)
        return True

    async def _get_menu_button(self, params: Params) -> Json:
        button = self._profile.get(f"menu:{params.text('chat_id')}", "") or self._profile.get("menu:", "")
        return button or {"type": "commands"}

    def _set_text(self, params: Params, what: str) -> bool:
        text = params.text(what)
        if len(text) > LONGEST[what]:
            raise bad_request(f"{what.replace('_', ' ')} is too long")
        self._profile.set(what, _language(params), text or None)
        return True

    def _text(self, params: Params, what: str) -> Json:
        return {what: self._profile.get(what, _language(params)) or self._profile.get(what, "") or ""}


def _language(params: Params) -> str:
    language = params.text("language_code")
    if not _LANGUAGE.fullmatch(language):
        raise bad_request("invalid language code specified")
    return language


def _scope(params: Params) -> str:
    scope = params.structure("scope", what="bot command scope") or {"type": "default"}
    if not isinstance(scope, dict) or scope.get("type") not in SCOPE_IDS:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    ids = [str(scope.get(name, "")) for name in SCOPE_IDS[scope["type"]]]
    if not all(ids):
        raise bad_request("can't parse BotCommandScope: chat_id or user_id is missing")
    return ":".join(["commands", scope["type"], *ids])


def _command(given: Any) -> Json:
    if not isinstance(given, dict):
        raise bad_request("expected BotCommand to be an Object")
    command, description = str(given.get("command", "")), str(given.get("description", ""))
    if not _COMMAND.fullmatch(command):
        raise bad_request("BOT_COMMAND_INVALID")
    if not 1 <= len(description) <= LONGEST_COMMAND_DESCRIPTION:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": command.removeprefix("/"), "description": description}
