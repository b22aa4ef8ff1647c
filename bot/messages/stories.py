"""Stories and the comments on them, as a reader sees them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from babel.dates import format_datetime

from bot.messages.texts import LANGUAGE_NAMES, Html, comma, cut, escape, isolated, plain, say, spoken_name
from bot.story import NOTE_LENGTH, SECTIONS, Story

_TITLE_AT_MOST = 250
_SUMMARY_AT_MOST = 500


def alert(story: Story, *, language: str) -> Html:
    """A story's message: title, two lines, section. Fits a picture's caption (1,024 characters) as well."""
    title = escape(cut(story.title, at_most=_TITLE_AT_MOST))
    summary = escape(cut(story.summary, at_most=_SUMMARY_AT_MOST))
    lines = [f"<b>{title}</b>", *([summary] if summary else []), f"<i>{escape(section(story.section, language))}</i>"]
    if story.corrected_at is not None:
        lines.append(_with_note(say("story-corrected", language), story.note, language))
    return Html("\n".join(lines))


def recalled(story: Story, *, language: str) -> Html:
    """What stands where the story stood: that it was taken back, and why. None of its own words."""
    return _with_note(say("story-recalled", language), story.note, language)


def _with_note(said: Html, note: str, language: str) -> Html:
    note = cut(note, at_most=NOTE_LENGTH)
    return Html(f"{said} {isolated(escape(note), language)}") if note else said


def section(name: str, language: str) -> str:
    """A section's name in this language; a feed's own section is shown as the feed names it."""
    return plain(f"section-{name}", language) if name in SECTIONS else cut(name.capitalize(), at_most=64)


def settings(*, language: str, sections: Collection[str], active: bool, hours: str) -> Html:
    """What a reader has chosen; the hours in a few words."""
    chosen = comma(language).join(section(name, language) for name in SECTIONS if name in sections)
    return say(
        "settings",
        language,
        language=LANGUAGE_NAMES[language],
        sections=chosen or plain("section-all", language),
        hours=hours,
        push=Html("on" if active else "off"),  # chooses a wording and is shown nowhere: isolated, it would choose none
    )


def thread_comment(
    *, author_name: str, text: str, published_at: datetime, edited: bool, answers: str | None, language: str
) -> Html:
    """A published comment as one message. The text is cut so that the message fits in 4,096 UTF-16 units."""
    notes = [format_datetime(published_at, f"d MMM'{comma(language)}'HH:mm", locale=language) + " UTC"]
    if answers is not None:
        notes.append(plain("comment-answers", language, name=spoken_name(answers)))
    if edited:
        notes.append(plain("comment-edited", language))
    head = f"<b>{isolated(escape(spoken_name(author_name)), language)}</b> · <i>{escape(' · '.join(notes))}</i>"
    return Html(f"{head}\n{escape(cut(text, at_most=3800))}")
