"""Formatting as Telegram reads it: HTML, MarkdownV2, entities given, entities found."""

from __future__ import annotations

from typing import Any

from bot.sandbox.errors import bad_request
from bot.sandbox.markup.found import with_found_entities
from bot.sandbox.markup.given import given_entities
from bot.sandbox.markup.html import parse_html
from bot.sandbox.markup.markdown import parse_markdown
from bot.sandbox.markup.text import Formatted, tidied

__all__ = ["Formatted", "formatted", "with_found_entities"]


def formatted(source: str, *, parse_mode: str, entities: Any) -> Formatted:
    """The text a bot sends, tidied, with the entities it marks and those Telegram finds.

    A parse mode wins over entities given. Raises ApiError 400 in Telegram's words.
    """
    mode = parse_mode.strip().lower()
    if mode in ("", "none"):
        marked = Formatted(source, given_entities(source, entities))
    elif mode == "html":
        marked = parse_html(source)
    elif mode == "markdownv2":
        marked = parse_markdown(source)
    else:
        raise bad_request("unsupported parse_mode")
    return with_found_entities(tidied(marked))
