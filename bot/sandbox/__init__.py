"""A Bot API server on loopback that behaves as Telegram does, with the people to talk to.

It shares no code with the rest of the bot: an emulator that borrowed the bot's code would share its mistakes.

methods/      what the bot may call            people     what people do
content       a message's parts, checked       markup/    HTML and MarkdownV2 to entities
state         chats and messages               journal    what outlives a restart
updates       the queue, long polling          callbacks  presses waiting for an answer
control       people driven over HTTP          watch      changes told to the page
"""

from __future__ import annotations

from bot.sandbox.server import create_app, run

__all__ = ["create_app", "run"]
