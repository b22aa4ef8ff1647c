"""Buttons of moderators and editors."""

from __future__ import annotations

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot.keyboards.press import AMONG_ALL, ANSWERING, Ask, button, desk_button, rows_of
from bot.messages.texts import MODERATORS, plain
from moderation.policy import Terms
from moderation.switch import Scope, Switch, SwitchKind


def card(comment_id: int, revision: int) -> InlineKeyboardMarkup:
    """Approve and Reject."""
    return rows_of(
        [
            desk_button("button-approve", Ask.APPROVE, comment_id, revision),
            desk_button("button-reject", Ask.REJECT, comment_id, revision),
        ],
        width=2,
    )


def clauses(comment_id: int, revision: int, *, terms: Terms, likely: Sequence[str]) -> InlineKeyboardMarkup:
    """The clauses a comment may be rejected under; and the way back.

    Those found broken come first, each on a row of its own; of the others two share one, so that the comment they are
    about stays in view on a telephone.
    """
    found = [*dict.fromkeys(id_ for id_ in likely if id_ in terms.clauses)]
    others = [id_ for id_ in terms.clauses if id_ not in found]

    def rows(ids: Sequence[str], *, width: int) -> list[list[InlineKeyboardButton]]:
        buttons = [button(f"{id_} {terms.clauses[id_].title}", Ask.CLAUSE, comment_id, revision, id_) for id_ in ids]
        return rows_of(buttons, width=width).inline_keyboard

    back = [desk_button("button-back", Ask.REJECT, comment_id, revision, "back")]
    return InlineKeyboardMarkup(inline_keyboard=[*rows(found, width=1), *rows(others, width=2), back])


def decided(comment_id: int, revision: int, *, following: bool) -> InlineKeyboardMarkup:
    """Undo; in a moderator's private chat also the next one."""
    buttons = [desk_button("button-undo", Ask.UNDO, comment_id, revision)]
    return rows_of([*buttons, *([desk_button("button-next", Ask.QUEUE, "next")] if following else [])], width=2)


def following() -> InlineKeyboardMarkup:
    """Shows the next held comment."""
    return rows_of([desk_button("button-next", Ask.QUEUE, "next")], width=1)


def switches(active: Sequence[Switch]) -> InlineKeyboardMarkup:
    """Ends each switch that is on; holds the whole site, and asks whether to stop publishing, where they are not."""
    ends = [
        button(plain("button-switch-end", MODERATORS, number=str(one.id)), Ask.SWITCH, "end", one.id, AMONG_ALL)
        for one in active
    ]
    kinds = {one.kind for one in active if one.scope is Scope.SITE and one.is_known}
    begin = [
        *([desk_button("button-switch-hold", Ask.SWITCH, "hold")] if SwitchKind.HOLD not in kinds else []),
        *([desk_button("button-switch-stop", Ask.SWITCH, "stop")] if SwitchKind.STOP not in kinds else []),
    ]
    rows = rows_of(ends, width=3).inline_keyboard
    return InlineKeyboardMarkup(inline_keyboard=[*rows, *([button] for button in begin)])


def end_switch(switch_id: int) -> InlineKeyboardMarkup:
    """Ends the one switch that a message tells of."""
    return rows_of([desk_button("button-switch-end-one", Ask.SWITCH, "end", switch_id)], width=1)


_EDITING = {"push": "button-story-push", "correct": "button-story-correct", "recall": "button-story-recall"}


def editing(story_id: int, *, act: str, answers: bool) -> InlineKeyboardMarkup:
    """The second press that pushes, corrects or recalls a story, and the way out. Says whether a story was answered."""
    form = [ANSWERING] if answers else []
    sure = desk_button(_EDITING[act], Ask.STORY, act, story_id, *form)
    return rows_of([sure, desk_button("button-story-leave", Ask.STORY, "leave", story_id)], width=2)


def how_far(story_id: int) -> InlineKeyboardMarkup:
    """Says how many of a story's messages are sent and changed by now."""
    return rows_of([desk_button("button-story-far", Ask.STORY, "far", story_id)], width=1)


def stop_publishing() -> InlineKeyboardMarkup:
    """The second press that stops publishing, and the way back."""
    sure, back = desk_button("button-switch-sure", Ask.SWITCH, "sure"), desk_button("button-back", Ask.SWITCH, "back")
    return rows_of([sure, back], width=2)
