"""Buttons and their callback data, together: what a button asks for stands beside what reads it back.

Callback data names what it is about and never authorises: whoever handles a press asks who pressed and what they may.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import urlencode

from aiogram.types import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup

from bot.hours import DAY, DIGEST_AT, MOST_A_DAY, OFFERED, USUAL_QUIET, USUALLY_A_DAY
from bot.messages import hours as hours_told
from bot.messages.stories import section
from bot.messages.texts import LANGUAGE_NAMES, MODERATORS, plain
from bot.story import SECTIONS, Story, start_payload
from bot.subscriber import Subscriber
from moderation.policy import Terms
from moderation.switch import Scope, Switch, SwitchKind

DATA_AT_MOST = 64
"""Bytes of callback data Telegram takes."""

START = "start"
"""What a language's button names besides when it was offered by /start."""

AMONG_ALL = "all"
"""Says of a switch's End button that it stands under all of them, which are to be shown again."""


HOURS, DIGEST, NONE, NOW = "hours", "digest", "none", "now"
"""Says of a button of the settings that it is about hours, or digests; that what it names is chosen no more; that it
is wanted at once."""

ANSWERING = "answer"
"""Says of a story's command that it answered the story: all that stands behind it is what is to be said."""


class Ask(StrEnum):
    """What a button asks for: the word before the first colon of its callback data."""

    LANGUAGE = "lang"
    AGREE = "agree"
    COMMENT = "comment"
    THREAD = "thread"
    SETTINGS = "settings"
    STOP = "stop"
    FORGET = "forget"
    APPROVE = "approve"
    REJECT = "reject"
    CLAUSE = "clause"
    UNDO = "undo"
    QUEUE = "queue"
    SWITCH = "switch"
    STORY = "story"
    SHOW = "show"


@dataclass(frozen=True, slots=True)
class Press:
    """A button's callback data, read: what it asks for, and the names that follow. Nothing in it is to be believed."""

    ask: Ask
    names: tuple[str, ...]

    def number(self, position: int) -> int | None:
        """The name at this place as a number a database takes, or None."""
        if position >= len(self.names):
            return None
        name = self.names[position]
        return int(name) if name.isascii() and name.isdigit() and len(name) <= 18 else None

    def name(self, position: int) -> str:
        """The name at this place, empty when there is none."""
        return self.names[position] if position < len(self.names) else ""


def read(data: str | None) -> Press | None:
    """What callback data asks for; None for data this bot never wrote."""
    if data is None or len(data.encode("utf-8", "replace")) > DATA_AT_MOST:
        return None
    ask, _, rest = data.partition(":")
    try:
        return Press(Ask(ask), tuple(rest.split(":")) if rest else ())
    except ValueError:
        return None


def data(ask: Ask, *names: str | int) -> str:
    """Callback data. Raises ValueError above 64 bytes."""
    written = ":".join([ask.value, *(str(name) for name in names)])
    if len(written.encode()) > DATA_AT_MOST:
        raise ValueError(f"callback data has at most {DATA_AT_MOST} bytes: {written}")
    return written


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that open the bot. They are plain and may be shared: they name a story and grant nothing."""

    bot_username: str

    def story(self, story_id: int) -> str:
        """Opens the story in the bot."""
        return f"https://t.me/{self.bot_username}?start={start_payload(story_id)}"

    def share(self, story: Story) -> str:
        """Lets a reader choose whom to send the story to."""
        return "https://t.me/share/url?" + urlencode({"url": self.story(story.id), "text": story.title[:200]})


def languages(*, starting: bool = False) -> InlineKeyboardMarkup:
    """The five languages, each under its own name; `starting`: the press is to bring a story as well."""
    ending = [START] if starting else []
    buttons = [_button(name, Ask.LANGUAGE, code, *ending) for code, name in LANGUAGE_NAMES.items()]
    return _rows(buttons, width=2)


def alert(story: Story, *, comments: int, links: Links, language: str) -> InlineKeyboardMarkup:
    """A story's buttons: Comment, Comments (n), Read, Share, and no more stories."""
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [
                _button(plain("button-comment", language), Ask.COMMENT, story.id),
                _button(plain("button-comments", language, n=comments), Ask.THREAD, story.id),
            ],
            [
                InlineKeyboardButton(text=plain("button-read", language), url=story.url),
                InlineKeyboardButton(text=plain("button-share", language), url=links.share(story)),
            ],
            [_button(plain("settings-pause", language), Ask.STOP)],
        ]
    )


def counted(shown: InlineKeyboardMarkup, story_id: int, *, comments: int, language: str) -> InlineKeyboardMarkup:
    """The same buttons, with the number of the story's comments as it is now on the one that shows them all."""
    thread = data(Ask.THREAD, story_id)
    label = plain("button-comments", language, n=comments)
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [button.model_copy(update={"text": label}) if button.callback_data == thread else button for button in row]
            for row in shown.inline_keyboard
        ]
    )


def settings(*, language: str, chosen: Collection[str], active: bool) -> InlineKeyboardMarkup:
    """Sections to switch on and off, stories on or off, and the way to another language."""
    # Each names the state it asks for, so that a press handled twice changes nothing the second time.
    toggles = [
        _button(
            ("✓ " if name in chosen else "") + section(name, language),
            Ask.SETTINGS,
            "drop" if name in chosen else "add",
            name,
        )
        for name in SECTIONS
    ]
    everything = _button(("✓ " if not chosen else "") + plain("section-all", language), Ask.SETTINGS, "all")
    push = ("settings-pause", "pause") if active else ("settings-resume", "resume")
    last = [
        _button(plain("settings-digest", language), Ask.SETTINGS, DIGEST),
        _button(plain("settings-hours", language), Ask.SETTINGS, HOURS),
        _button(plain(push[0], language), Ask.SETTINGS, push[1]),
        _button(plain("settings-language", language), Ask.SETTINGS, "language"),
    ]
    rows = _rows([*toggles, everything], width=2).inline_keyboard
    return InlineKeyboardMarkup(inline_keyboard=[*rows, *([button] for button in last)])


def hours(subscriber: Subscriber) -> InlineKeyboardMarkup:
    """Quiet hours, how many stories a day, the time zone. Each button names what it sets."""
    language, quiet = subscriber.language, subscriber.quiet
    rows: list[list[InlineKeyboardButton]] = []
    if quiet is None:
        begins, ends = (hours_told.clock(minute, language) for minute in USUAL_QUIET)
        rows.append([_hours(plain("button-quiet-on", language, begins=begins, ends=ends), "quiet", *USUAL_QUIET)])
    else:
        rows += [
            _either("begins", quiet[0], but=quiet[1], language=language),
            _either("ends", quiet[1], but=quiet[0], language=language),
            [
                _hours(plain("button-breaking-waits", language), "breaking", "no")
                if subscriber.breaking
                else _hours(plain("button-breaking-comes", language), "breaking", "yes")
            ],
            [_hours(plain("button-quiet-off", language), "quiet", NONE)],
        ]
    most = subscriber.daily_at_most
    wanted = [USUALLY_A_DAY] if most is None else [n for n in (most - 1, most + 1) if 1 <= n <= MOST_A_DAY]
    rows.append([_hours(plain("button-daily", language, n=n), "most", n) for n in wanted])
    if most is not None:
        rows.append([_hours(plain("button-daily-any", language), "most", NONE)])
    rows.append(
        [
            _hours(plain("button-zones", language), "zones"),
            _button(plain("button-settings-back", language), Ask.SETTINGS, "show"),
        ]
    )
    return InlineKeyboardMarkup(inline_keyboard=rows)


def zones(language: str, *, now: datetime) -> InlineKeyboardMarkup:
    """Time zones, each with what its clocks show now; and the way back."""
    buttons = [
        _hours(f"{hours_told.place(zone, language)} {hours_told.shown(now, zone, language)}", "zone", zone)
        for zone in OFFERED
    ]
    back = [_hours(plain("button-settings-back", language))]
    return InlineKeyboardMarkup(inline_keyboard=[*_rows(buttons, width=2).inline_keyboard, back])


def digests(subscriber: Subscriber) -> InlineKeyboardMarkup:
    """When digests come, and whether stories come one by one as well. Each button names what it sets."""
    language, chosen = subscriber.language, subscriber.digest_at
    hours = [
        _button(
            ("✓ " if minute in chosen else "") + hours_told.clock(minute, language),
            Ask.SETTINGS,
            DIGEST,
            "drop" if minute in chosen else "add",
            minute,
        )
        for minute in sorted({*DIGEST_AT, *chosen})
    ]
    rows = _rows(hours, width=4).inline_keyboard
    if chosen:
        alone = ("button-digest-alone", "no") if subscriber.alerts else ("button-digest-besides", "yes")
        rows.append([_button(plain(alone[0], language), Ask.SETTINGS, DIGEST, "alerts", alone[1])])
        rows.append([_button(plain("button-digest-off", language), Ask.SETTINGS, DIGEST, NONE)])
    rows.append([_button(plain("button-digest-now", language), Ask.SETTINGS, DIGEST, NOW)])
    rows.append([_button(plain("button-settings-back", language), Ask.SETTINGS, "show")])
    return InlineKeyboardMarkup(inline_keyboard=rows)


def digest(stories: Sequence[Story], *, language: str) -> InlineKeyboardMarkup:
    """Under a digest: each story by its number, to be shown with its own buttons; and no more stories."""
    numbers = [
        _button(f"{number} ↗", Ask.SHOW, story.id)
        for number, story in enumerate(stories, 1)
        if story.recalled_at is None
    ]
    stop = _button(plain("settings-pause", language), Ask.STOP)
    return InlineKeyboardMarkup(inline_keyboard=[*([numbers] if numbers else []), [stop]])


def terms(*, version: str, language: str) -> InlineKeyboardMarkup:
    """The button that agrees to this version of the terms."""
    return _rows([_button(plain("button-agree", language), Ask.AGREE, version)], width=1)


def forget(language: str) -> InlineKeyboardMarkup:
    """Erase everything, or leave it."""
    return _rows(
        [
            _button(plain("button-forget-yes", language), Ask.FORGET, "yes"),
            _button(plain("button-forget-no", language), Ask.FORGET, "no"),
        ],
        width=1,
    )


def writing(language: str) -> ForceReply:
    """Opens the keyboard of a reader who is asked to write."""
    return ForceReply(input_field_placeholder=plain("compose-placeholder", language))


def thread(story_id: int, *, next_page: int | None, language: str) -> InlineKeyboardMarkup:
    """Under the last comment shown, or the word that there is none: comment, and the way to older ones, if any."""
    buttons = [_button(plain("button-comment", language), Ask.COMMENT, story_id)]
    if next_page is not None:
        buttons.append(_button(plain("button-more", language), Ask.THREAD, story_id, next_page))
    return _rows(buttons, width=2)


def card(comment_id: int, revision: int) -> InlineKeyboardMarkup:
    """Approve and Reject."""
    return _rows(
        [
            _desk("button-approve", Ask.APPROVE, comment_id, revision),
            _desk("button-reject", Ask.REJECT, comment_id, revision),
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
        buttons = [_button(f"{id_} {terms.clauses[id_].title}", Ask.CLAUSE, comment_id, revision, id_) for id_ in ids]
        return _rows(buttons, width=width).inline_keyboard

    back = [_desk("button-back", Ask.REJECT, comment_id, revision, "back")]
    return InlineKeyboardMarkup(inline_keyboard=[*rows(found, width=1), *rows(others, width=2), back])


def decided(comment_id: int, revision: int, *, following: bool) -> InlineKeyboardMarkup:
    """Undo; in a moderator's private chat also the next one."""
    buttons = [_desk("button-undo", Ask.UNDO, comment_id, revision)]
    return _rows([*buttons, *([_desk("button-next", Ask.QUEUE, "next")] if following else [])], width=2)


def following() -> InlineKeyboardMarkup:
    """Shows the next held comment."""
    return _rows([_desk("button-next", Ask.QUEUE, "next")], width=1)


def switches(active: Sequence[Switch]) -> InlineKeyboardMarkup:
    """Ends each switch that is on; holds the whole site, and asks whether to stop publishing, where they are not."""
    ends = [
        _button(plain("button-switch-end", MODERATORS, number=str(one.id)), Ask.SWITCH, "end", one.id, AMONG_ALL)
        for one in active
    ]
    kinds = {one.kind for one in active if one.scope is Scope.SITE and one.is_known}
    begin = [
        *([_desk("button-switch-hold", Ask.SWITCH, "hold")] if SwitchKind.HOLD not in kinds else []),
        *([_desk("button-switch-stop", Ask.SWITCH, "stop")] if SwitchKind.STOP not in kinds else []),
    ]
    rows = _rows(ends, width=3).inline_keyboard
    return InlineKeyboardMarkup(inline_keyboard=[*rows, *([button] for button in begin)])


def end_switch(switch_id: int) -> InlineKeyboardMarkup:
    """Ends the one switch that a message tells of."""
    return _rows([_desk("button-switch-end-one", Ask.SWITCH, "end", switch_id)], width=1)


_EDITING = {"push": "button-story-push", "correct": "button-story-correct", "recall": "button-story-recall"}


def editing(story_id: int, *, act: str, answers: bool) -> InlineKeyboardMarkup:
    """The second press that pushes, corrects or recalls a story, and the way out. Says whether a story was answered."""
    form = [ANSWERING] if answers else []
    sure = _desk(_EDITING[act], Ask.STORY, act, story_id, *form)
    return _rows([sure, _desk("button-story-leave", Ask.STORY, "leave", story_id)], width=2)


def how_far(story_id: int) -> InlineKeyboardMarkup:
    """Says how many of a story's messages are sent and changed by now."""
    return _rows([_desk("button-story-far", Ask.STORY, "far", story_id)], width=1)


def stop_publishing() -> InlineKeyboardMarkup:
    """The second press that stops publishing, and the way back."""
    sure, back = _desk("button-switch-sure", Ask.SWITCH, "sure"), _desk("button-back", Ask.SWITCH, "back")
    return _rows([sure, back], width=2)


def _hours(text: str, *names: str | int) -> InlineKeyboardButton:
    return _button(text, Ask.SETTINGS, HOURS, *names)


_ENDS = {"begins": "button-quiet-begins", "ends": "button-quiet-ends"}


def _either(end: str, minute: int, *, but: int, language: str) -> list[InlineKeyboardButton]:
    """An hour earlier, an hour later; not where the quiet time would last no time."""
    others = [(minute + step) % DAY for step in (-60, 60)]
    return [
        _hours(plain(_ENDS[end], language, time=hours_told.clock(other, language)), end, other)
        for other in others
        if other != but
    ]


def _button(text: str, ask: Ask, *names: str | int) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, callback_data=data(ask, *names))


def _desk(key: str, ask: Ask, *names: str | int) -> InlineKeyboardButton:
    return _button(plain(key, MODERATORS), ask, *names)


def _rows(buttons: Sequence[InlineKeyboardButton], *, width: int) -> InlineKeyboardMarkup:
    rows = [list(buttons[begin : begin + width]) for begin in range(0, len(buttons), width)]
    return InlineKeyboardMarkup(inline_keyboard=rows)
