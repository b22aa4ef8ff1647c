"""The best stories in one message: a digest, under the picture of the first that has one, and what `/top` shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from babel.dates import format_datetime

from bot.messages.hours import clocks, place
from bot.messages.stories import recalled, section
from bot.messages.texts import CAPTION_LENGTH, MESSAGE_LENGTH, Html, cut, escape, link, plain, say, visible_length
from bot.story import Story
from bot.subscriber import Subscriber

STORIES_AT_MOST = 5
"""Stories of a digest: so many fit under a picture. A list of more has none, and the room of a whole message."""

_TITLE_AT_MOST = 100
_SUMMARY_AT_MOST = 150
_NOTE_AT_MOST = 60
_SECTION_AT_MOST = 30
_DATE = "EEEE d MMMM HH:mm"


def digest(stories: Sequence[Story], *, reader: Subscriber, at: datetime, comments: Mapping[str, int]) -> Html:
    """The stories, numbered, each title a link; of the first also its summary, where all fits.

    `at` is when it comes, `comments` how many a story has, by address. Of a story that was recalled only that is said.
    """
    language = reader.language
    when = format_datetime(at.astimezone(reader.hours.zone), _DATE, locale=language)
    heading = say("digest-heading", language, when=when)

    def written(titles: int, *, summary: bool, notes: bool) -> Html:
        lines = [
            _line_of(
                number,
                story,
                language=language,
                comments=comments.get(story.url, 0),
                title_at_most=titles,
                summary=summary and number == 1,
                notes=notes,
            )
            for number, story in enumerate(stories, 1)
        ]
        hint = [say("digest-hint", language)] if any(story.recalled_at is None for story in stories) else []
        return Html("\n\n".join([heading, *lines, *hint]))

    room = CAPTION_LENGTH if len(stories) <= STORIES_AT_MOST else MESSAGE_LENGTH
    text = written(_TITLE_AT_MOST, summary=True, notes=True)
    for titles, notes in ((_TITLE_AT_MOST, True), (_TITLE_AT_MOST, False), (60, False), (30, False)):
        if visible_length(text) <= room:
            break
        text = written(titles, summary=False, notes=notes)
    return text


def picture(stories: Sequence[Story]) -> Story | None:
    """The story whose picture a digest has."""
    return next((story for story in stories if story.picture is not None), None)


def chosen(reader: Subscriber) -> Html:
    """What the reader has chosen of digests."""
    return say(
        "digest",
        reader.language,
        # A variable that chooses a wording is shown nowhere: isolated, it would choose none.
        comes=Html("yes" if reader.digest_at else "no"),
        times=clocks(reader.digest_at, reader.language),
        place=place(reader.hours.zone.key, reader.language),
        alerts=Html("yes" if reader.alerts else "breaking" if reader.breaking else "no"),
    )


def _line_of(
    number: int, story: Story, *, language: str, comments: int, title_at_most: int, summary: bool, notes: bool
) -> Html:
    if story.recalled_at is not None:
        told = recalled(story, language=language) if notes else say("story-recalled", language)
        return Html(f"{number}. {told}")
    lines = [f"{number}. <b>{link(story.url, cut(story.title, at_most=title_at_most))}</b>"]
    if summary and story.summary:
        lines.append(escape(cut(story.summary, at_most=_SUMMARY_AT_MOST)))
    under = [cut(section(story.section, language), at_most=_SECTION_AT_MOST)]
    if comments:
        under.append(plain("button-comments", language, n=comments))
    lines.append(f"<i>{escape(' · '.join(under))}</i>")
    if story.corrected_at is not None:
        said = say("story-corrected", language)
        lines.append(f"{said} {escape(cut(story.note, at_most=_NOTE_AT_MOST))}" if notes and story.note else said)
    return Html("\n".join(lines))
