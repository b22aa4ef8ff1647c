"""What the sandbox answers is what aiogram takes for Telegram: its own types parse every answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiogram import Bot, Dispatcher
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ParseMode
from aiogram.exceptions import TelegramBadRequest, TelegramConflictError, TelegramForbiddenError, TelegramRetryAfter
from aiogram.filters import Command
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BufferedInputFile,
    CallbackQuery,
    ChatMemberAdministrator,
    ChatMemberLeft,
    ChatMemberOwner,
    ChatMemberRestricted,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    MenuButtonCommands,
    Message,
    MessageOriginUser,
    ReactionTypeEmoji,
    ReplyParameters,
    TelegramObject,
)

from tests.integration.sandbox_client import BILAL, EMMA, GROUP, MEERA, Sandbox, sandbox_running, until

PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (8).to_bytes(4, "big") + (4).to_bytes(4, "big") + b"\x08\x02\0\0\0"
BUTTONS = InlineKeyboardMarkup(
    inline_keyboard=[
        [InlineKeyboardButton(text="Approve", callback_data="approve:1", style="success")],
        [InlineKeyboardButton(text="Read", url="https://example.com/x")],
    ]
)


@dataclass(frozen=True)
class Both:
    """The bot's side, and the people's."""

    bot: Bot
    sandbox: Sandbox


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    async with sandbox_running() as sandbox:
        await sandbox.start(EMMA)
        session = AiohttpSession(api=TelegramAPIServer.from_base(sandbox.address))
        async with Bot(
            "42:SANDBOX", session=session, default=DefaultBotProperties(parse_mode=ParseMode.HTML)
        ).context() as bot:
            yield Both(bot, sandbox)


def shown(value: TelegramObject | None) -> object:
    """What an object says, whichever bot it came from."""
    return value.model_dump() if value else None


async def test_the_bot_learns_who_it_is(both: Both) -> None:
    me = await both.bot.get_me()
    assert (me.id, me.is_bot, me.username) == (42, True, "baithak_sandbox_bot")


async def test_every_way_of_sending_and_changing_gives_a_message(both: Both) -> None:
    bot = both.bot
    sent = await bot.send_message(
        EMMA,
        "<b>سلام</b> 😀 <a href='https://example.com'>x</a>",
        reply_markup=BUTTONS,
        reply_parameters=ReplyParameters(message_id=1),
        link_preview_options=LinkPreviewOptions(is_disabled=True),
    )
    assert sent.html_text == '<b>سلام</b> 😀 <a href="https://example.com/">x</a>'
    assert shown(sent.reply_markup) == shown(BUTTONS)
    assert sent.reply_to_message is not None
    edited = await sent.edit_text("bye")
    assert isinstance(edited, Message)
    assert (edited.text, edited.reply_markup, bool(edited.edit_date)) == ("bye", None, True)
    remarked = await sent.edit_reply_markup(reply_markup=BUTTONS)
    assert isinstance(remarked, Message)
    assert shown(remarked.reply_markup) == shown(BUTTONS)
    photo = await bot.send_photo(EMMA, BufferedInputFile(PNG, "dot.png"), caption="<i>c</i>", reply_markup=BUTTONS)
    assert photo.photo is not None
    again = await bot.send_photo(EMMA, photo.photo[-1].file_id)
    assert again.photo is not None
    assert shown(again.photo[0]) == shown(photo.photo[0])
    recaptioned = await photo.edit_caption(caption="other")
    assert isinstance(recaptioned, Message)
    assert recaptioned.caption == "other"
    document = await bot.send_document(EMMA, BufferedInputFile(b"{}", "data.json"))
    assert document.document is not None
    assert document.document.file_name == "data.json"
    assert (await bot.copy_message(GROUP, EMMA, sent.message_id)).message_id == 1
    assert isinstance((await bot.forward_message(GROUP, EMMA, sent.message_id)).forward_origin, MessageOriginUser)
    file = await bot.get_file(photo.photo[-1].file_id)
    assert file.file_path is not None
    content = await bot.download_file(file.file_path)
    assert content is not None
    assert content.read() == PNG


async def test_every_small_act_is_taken(both: Both) -> None:
    bot = both.bot
    sent = await bot.send_message(EMMA, "a")
    assert await bot.send_chat_action(EMMA, "typing")
    assert await bot.set_message_reaction(EMMA, 1, [ReactionTypeEmoji(emoji="👍")])
    assert await bot.pin_chat_message(EMMA, sent.message_id)
    pinned = (await bot.get_chat(EMMA)).pinned_message
    assert pinned is not None
    assert pinned.message_id == sent.message_id
    assert await bot.unpin_chat_message(EMMA)
    assert await bot.delete_message(EMMA, sent.message_id)
    assert await bot.delete_messages(EMMA, [1, 99])
    assert [message["message_id"] for message in await both.sandbox.messages(EMMA)] == []


async def test_chats_and_their_members_are_told(both: Both) -> None:
    bot = both.bot
    assert ((await bot.get_chat(GROUP)).type, (await bot.get_chat(EMMA)).first_name) == ("supergroup", "Emma")
    assert isinstance(await bot.get_chat_member(GROUP, MEERA), ChatMemberOwner)
    assert isinstance(await bot.get_chat_member(GROUP, 42), ChatMemberAdministrator)
    assert isinstance(await bot.get_chat_member(GROUP, BILAL), ChatMemberLeft)
    await both.sandbox.do("PUT", f"chats/{GROUP}/members/{BILAL}", {"status": "restricted"})
    assert isinstance(await bot.get_chat_member(GROUP, BILAL), ChatMemberRestricted)
    assert [member.user.id for member in await bot.get_chat_administrators(GROUP)] == [MEERA]
    assert await bot.get_chat_member_count(GROUP) == 4


async def test_the_bot_presents_itself(both: Both) -> None:
    bot, commands = both.bot, [BotCommand(command="stop", description="Stop")]
    assert await bot.set_my_commands(commands, scope=BotCommandScopeAllGroupChats(), language_code="ur")
    told = await bot.get_my_commands(scope=BotCommandScopeAllGroupChats(), language_code="ur")
    assert [(command.command, command.description) for command in told] == [("stop", "Stop")]
    assert await bot.delete_my_commands(scope=BotCommandScopeAllGroupChats(), language_code="ur")
    assert await bot.get_my_commands() == []
    assert await bot.set_my_name("Desk")
    assert await bot.set_my_description("Long")
    assert await bot.set_my_short_description("Short")
    assert (await bot.get_my_name()).name == (await bot.get_me()).first_name == "Desk"
    assert (await bot.get_my_description()).description == "Long"
    assert (await bot.get_my_short_description()).short_description == "Short"
    assert await bot.set_chat_menu_button(menu_button=MenuButtonCommands())
    assert isinstance(await bot.get_chat_menu_button(), MenuButtonCommands)


async def test_webhooks_are_set_told_and_deleted(both: Both) -> None:
    bot = both.bot
    assert await bot.set_webhook("http://127.0.0.1:9/", secret_token="s", allowed_updates=["message"])
    info = await bot.get_webhook_info()
    assert (info.url, info.allowed_updates, info.pending_update_count) == ("http://127.0.0.1:9/", ["message"], 0)
    with pytest.raises(TelegramConflictError, match="can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    assert await bot.delete_webhook()


async def test_refusals_become_aiograms_errors(both: Both) -> None:
    bot = both.bot
    with pytest.raises(TelegramForbiddenError, match="bot can't initiate conversation with a user"):
        await bot.send_message(BILAL, "a")
    with pytest.raises(TelegramBadRequest, match='Unsupported start tag "foo" at byte offset 0'):
        await bot.send_message(EMMA, "<foo>")
    await both.sandbox.do("PUT", "limits", {"chat_burst": 1, "model": "gcra"})
    await bot.send_message(EMMA, "a")
    with pytest.raises(TelegramRetryAfter) as refusal:
        await bot.send_message(EMMA, "b")
    assert refusal.value.retry_after == 1


async def test_a_polling_dispatcher_is_reached_by_what_people_do(both: Both) -> None:
    dispatcher, heard = Dispatcher(), []

    @dispatcher.message(Command("start"))
    async def started(message: Message) -> None:
        await message.answer("welcome", reply_markup=BUTTONS)

    @dispatcher.callback_query()
    async def pressed(query: CallbackQuery) -> None:
        await query.answer(f"you said {query.data}", show_alert=True)

    @dispatcher.edited_message()
    async def edited(message: Message) -> None:
        heard.append(("edited", message.text))

    @dispatcher.my_chat_member()
    async def blocked(event: object) -> None:
        heard.append(("member", None))

    @dispatcher.message_reaction()
    async def reacted(event: object) -> None:
        heard.append(("reacted", None))

    polling = asyncio.ensure_future(
        dispatcher.start_polling(
            both.bot,
            handle_signals=False,
            close_bot_session=False,
            allowed_updates=["message", "edited_message", "callback_query", "my_chat_member", "message_reaction"],
        )
    )
    sandbox = both.sandbox

    async def polled() -> bool:
        return bool((await sandbox.do("GET", "stats"))["updates"]["polling"])

    await until(polled)
    written = await sandbox.write(EMMA, "/start")

    async def welcomed() -> list[dict[str, object]]:
        return await sandbox.messages(EMMA, after=written["message_id"])

    (welcome,) = await until(welcomed)
    answer = await sandbox.do(
        "POST", f"users/{EMMA}/presses", {"message_id": welcome["message_id"], "button": "Approve"}
    )
    assert answer == {"answer": {"text": "you said approve:1", "show_alert": True}}
    await sandbox.do("POST", f"users/{EMMA}/edits", {"message_id": written["message_id"], "text": "other"})
    await sandbox.do("POST", f"users/{EMMA}/reactions", {"message_id": welcome["message_id"], "emoji": "❤"})
    await sandbox.do("POST", f"users/{EMMA}/block")

    async def all_heard() -> bool:
        return len(heard) == 3

    await until(all_heard)
    assert sorted(heard, key=str) == [("edited", "other"), ("member", None), ("reacted", None)]
    await dispatcher.stop_polling()
    await polling
