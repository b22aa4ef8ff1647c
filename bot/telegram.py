"""The way out to Telegram: a Bot whose every message waits for its place and heeds Telegram's own word to wait."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
from collections.abc import Awaitable, Callable, Collection
from contextvars import ContextVar
from typing import Any

import structlog
from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.client.telegram import PRODUCTION, TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import TelegramMethod
from aiogram.methods.base import Response, TelegramType
from aiohttp import ClientSession, TraceConfig
from pydantic import SecretStr

from bot.limiter import USED, Limiter
from bot.settings import BotSettings
from moderation.errors import SettingsError
from moderation.sockets import watched_socket

log = structlog.get_logger(__name__)

PATIENCE_S = 20
"""Longest pause Telegram may ask for that a call sits out by itself; a longer one is the caller's to judge."""

CHANNEL_PATIENCE_S = 0.5
"""Longest wait of a story for its place in a channel; for longer it is put off."""

LAST_LOOK: ContextVar[Callable[[], Awaitable[None]] | None] = ContextVar("LAST_LOOK", default=None)
"""What a task asks shortly before its message goes, however long it waited; raises where it is to go no more."""

AGAIN_S = 0.5
"""Seconds until Telegram is asked again for what the bot can't begin without."""

_TRIES = 3

# Whether edits share the limits of sends is not documented, so all that shows or changes a message is counted.
_PACED = ("send", "edit", "copyMessage", "forwardMessage", "deleteMessage")
_UNPACED = frozenset({"sendChatAction"})

_KNOWN = re.compile(
    r"(?:(?:Bad Request|Forbidden|Not Found|Conflict|Internal Server Error): )?"
    r"(?:(?:private )?chat not found|chat_id is empty|user not found|user is deactivated|the group chat was deleted"
    r"|bot was (?:blocked by the user|kicked from the (?:group|supergroup|channel) chat)"
    r"|bot is not a member of the (?:group|supergroup|channel) chat|bot can't initiate conversation with a user"
    r"|the bot can't send messages to the bot|group chat was upgraded to a supergroup chat|need administrator rights"
    r"|not enough rights|have no rights to send a message|can't parse entities|method not found"
    r"|message (?:is not modified|is too long|text is empty|caption is too long|thread not found)"
    r"|message to (?:edit|delete|be replied) not found|(?:the )?message can't be (?:edited|deleted|copied|forwarded)"
    r"|there is no (?:text|caption) in the message to edit|text (?:is too long|must be non-empty)"
    r"|query is too old and response timeout expired or query ID is invalid|file is too big|wrong file identifier"
    r"|failed to get HTTP URL content|wrong type of the web page content|[A-Z]{3,}(?:_[A-Z]{2,}){1,5}\b)"
)
"""Telegram's refusals in its own words; codes such as BUTTON_DATA_INVALID are among them."""


def make_bot(settings: BotSettings, limiter: Limiter, *, alerts: bool = False) -> Bot:
    """A Bot for answers, or with `alerts` one for stories going out: with connections of its own, and giving way."""
    address = settings.telegram_address()
    api = PRODUCTION if address is None else TelegramAPIServer.from_base(address)
    session = Session(api=api, limit=100, timeout=30)
    session.middleware(Pacing(limiter, alerts=alerts))
    properties = DefaultBotProperties(parse_mode=ParseMode.HTML, link_preview_is_disabled=True)
    return Bot(settings.token(), session=session, default=properties)


async def name_of(bot: Bot) -> str:
    """The bot's username, asked for until Telegram answers. Raises SettingsError for a token that is not known."""
    while True:
        try:
            return (await bot.me()).username or ""
        except TelegramUnauthorizedError as error:
            raise SettingsError("Telegram does not know the bot's token: set BAITHAK_BOT_TOKEN") from error
        except TelegramAPIError as error:
            log.warning("Telegram can't be reached", error=type(error).__name__)
            await asyncio.sleep(AGAIN_S)


async def set_webhook(bot: Bot, address: str, *, secret: SecretStr | None, kinds: Collection[str]) -> None:
    """Have updates of these kinds sent there; asked for until Telegram agrees."""
    while True:
        try:
            await bot.set_webhook(
                address,
                secret_token=secret.get_secret_value() if secret is not None else None,
                allowed_updates=list(kinds),
            )
        except TelegramAPIError as error:
            log.error("webhook not set", error=type(error).__name__)
            await asyncio.sleep(error.retry_after if isinstance(error, TelegramRetryAfter) else AGAIN_S)
        else:
            return


def refusal(said: str) -> str:
    """What Telegram said of a refused call, as far as it is Telegram's own words.

    The rest may quote the message, and so what a reader wrote, or the call's address with the token in it.
    """
    known = _KNOWN.search(said)
    return known[0] if known is not None else "refused, in words that are not repeated here"


class Session(AiohttpSession):
    """The connections. Reads of an answer what it can: sent is sent, whatever kinds of thing it holds that are new.

    The errors it raises hold nothing that must not be logged.
    """

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        # aiogram has no setting for it. A call over a network that was cut would else hang for as long as it may take.
        self._connector_init["socket_factory"] = watched_socket
        self._kinds_of_answers: dict[Any, type[Response[Any]]] = {}
        self._traced: ClientSession | None = None

    async def create_session(self) -> ClientSession:
        """The connections, which tell the limiter when a message goes."""
        session = await super().create_session()
        if session is not self._traced:
            trace = TraceConfig()
            trace.on_request_headers_sent.append(_it_goes)
            trace.freeze()
            session.trace_configs.append(trace)
            self._traced = session
        return session

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109  as the class above has it
    ) -> TelegramType:
        """Make the call. Raises what Telegram answers, and TelegramNetworkError without the token."""
        try:
            return await super().make_request(bot, method, timeout=timeout)
        except TelegramNetworkError as error:
            said = error.message.replace(bot.token, "…")
        # Outside of the handler: the error it came from would be shown with the address it failed at.
        raise TelegramNetworkError(method=method, message=said)

    def check_response(
        self, bot: Bot, method: TelegramMethod[TelegramType], status_code: int, content: str
    ) -> Response[TelegramType]:
        """The answer, or a part of it. Raises TelegramServerError for what is none, as from a proxy on the way."""
        if method.__returning__ not in self._kinds_of_answers:
            # pydantic forgets a generic model nobody holds, and to make it anew takes longer than to read the answer.
            self._kinds_of_answers[method.__returning__] = Response[method.__returning__]  # type: ignore[name-defined]  # a type given by a value
        try:
            return super().check_response(bot, method, status_code, content)
        except TelegramAPIError as error:
            error.message = refusal(error.message)
            raise
        except ClientDecodeError as error:
            answer = error.data
        result = answer.get("result") if isinstance(answer, dict) and answer.get("ok") else None
        if isinstance(result, dict) and "message_id" in result:
            # The message that is replied to comes back with it, in kinds that Telegram may have learned since.
            part = {name: result.get(name) for name in ("message_id", "date", "chat")}
            with contextlib.suppress(ClientDecodeError):
                return super().check_response(bot, method, status_code, json.dumps({"ok": True, "result": part}))
        # The error itself would quote what it could not read.
        raise TelegramServerError(method=method, message="the answer can't be read")


async def _it_goes(session: ClientSession, context: object, headers: object) -> None:
    if (used := USED.get()) is not None:
        USED.set(None)
        used()


class Pacing(BaseRequestMiddleware):
    """Makes each message wait for its place; after a 429 pauses as long as asked and tries the same call again.

    Never repeats a call whose fate is unknown: a network error goes to the caller as it is.
    """

    def __init__(self, limiter: Limiter, *, alerts: bool) -> None:
        self._limiter = limiter
        self._alerts = alerts
        # An alert that has to wait for longer makes room in hand for others, and comes again when it is due.
        self._patience_s = PATIENCE_S if alerts else math.inf

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        """Send the method when its turn has come."""
        chat_id = getattr(method, "chat_id", None)
        if not isinstance(chat_id, int) or not _is_paced(method):
            return await make_request(bot, method)
        for tries_left in reversed(range(_TRIES)):
            # A channel's turn comes thrice a minute: what waits for it would keep readers' stories out of the hand.
            patience_s = min(self._patience_s, CHANNEL_PATIENCE_S) if chat_id < 0 and self._alerts else self._patience_s
            wait_s = await self._limiter.place(
                chat_id, alert=self._alerts, at_most_s=patience_s, last_look=LAST_LOOK.get()
            )
            if wait_s:
                raise TelegramRetryAfter(method=method, message="no place yet", retry_after=math.ceil(wait_s))
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as error:
                await self._limiter.pause(chat_id, for_s=error.retry_after)
                if tries_left == 0 or error.retry_after > PATIENCE_S:
                    raise
        raise AssertionError("the last try returns or raises")


def _is_paced(method: TelegramMethod[Any]) -> bool:
    name = method.__api_method__
    return name.startswith(_PACED) and name not in _UNPACED
