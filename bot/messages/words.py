"""Words that a subscriber follows or mutes, as they are told."""

from __future__ import annotations

from collections.abc import Sequence

from bot.keywords import Keyword
from bot.messages.texts import Html, comma, escape, isolated, plain, say


def words(chosen: Sequence[Keyword], *, language: str) -> Html:
    """What the reader follows, and what they mute."""

    def listed(kind: str) -> Html:
        theirs = [isolated(escape(one.word), language) for one in chosen if one.kind == kind]
        return Html(comma(language).join(theirs) or plain("words-none", language))

    return say("words", language, follows=listed("follow"), mutes=listed("mute"))
