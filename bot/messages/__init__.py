"""Every text a person sees in the chat, from `locales/`. Pure: values in, HTML for Telegram out.

texts    choose by key and language, escape, cut
stories  alerts, settings, threads
hours    when stories may come
words    followed and muted words
digest   the best stories in one message
terms    the terms, in short and in full
notices  what an author is told of a comment
cards    what moderators are shown
"""

from __future__ import annotations

from bot.messages.stories import alert, recalled
from bot.messages.texts import Html, visible_length

__all__ = ["Html", "alert", "recalled", "visible_length"]
