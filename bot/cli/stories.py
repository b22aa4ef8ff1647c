"""`feed …` and `story …`: what an editor and an operator do with stories."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.cli.answers import Seldom, refuse, say
from bot.settings import BotSettings
from moderation.running import EXIT_REFUSED, start_logging, told_plainly, who
from moderation.settings import load_settings

if TYPE_CHECKING:
    from datetime import datetime

    from bot.editing import Amended, Editor
    from bot.story import Story

T = TypeVar("T")

feed_app = typer.Typer(help="The feeds whose stories are pushed.", no_args_is_help=True)
story_app = typer.Typer(help="An editor's hand on stories.", no_args_is_help=True)

NamedStory = Annotated[str, typer.Argument(metavar="URL", help="The story: its address, number, or link to the bot.")]
Wait = Annotated[bool, typer.Option("--wait", help="Stay until every message was changed, and tell how far it is.")]

LOOK_EVERY_S = 1.0


@feed_app.command()
@told_plainly
def check(
    url: Annotated[str, typer.Argument(help="Address or path of a feed.")],
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object.")] = False,
    language: Annotated[str, typer.Option(help="Language of items that do not say theirs.")] = "en",
    section: Annotated[str, typer.Option(help="Section of items that name none.")] = "world",
) -> None:
    """Say what the bot would make of a feed; not 0 when the feed is refused."""
    from bot.feed_check import check_feed
    from moderation.policy import LANGUAGES

    if language not in LANGUAGES:
        raise typer.BadParameter(f"must be one of {', '.join(LANGUAGES)}", param_hint="--language")
    report = asyncio.run(check_feed(url, load_settings(BotSettings), language=language, section=section))
    if as_json:
        say(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        report.print_to(sys.stdout)
    if report.refused:
        raise typer.Exit(EXIT_REFUSED)


@story_app.command()
@told_plainly
def push(
    url: Annotated[str, typer.Argument(help="The story's address.")],
    title: Annotated[str | None, typer.Option(help="Its title, where no feed has it.")] = None,
    summary: Annotated[str | None, typer.Option(help="Two lines of it.")] = None,
    language: Annotated[str | None, typer.Option(help="en, ur, hi, mr or ar.")] = None,
    section: Annotated[str | None, typer.Option(help="Its section.")] = None,
) -> None:
    """Push a story to its subscribers now; who has it already does not get it again."""
    from bot.story import SECTIONS

    async def work(editor: Editor) -> tuple[Story, int, int]:
        story = await editor.to_push(url, title=title, summary=summary, language=language, section=section)
        channels = await editor.channels(story)
        return story, await editor.push(story), channels

    story, planned, channels = _as_editor(work)
    if story.section not in SECTIONS:
        known = ", ".join(SECTIONS)
        say(f"no subscriber can choose the section {story.section}: it goes to those who have all. Known are {known}")
    posted = f", and at once to {_counted(channels, 'channel')}" if channels else ""
    say(f"story {story.id} “{story.title}” goes to {_counted(planned, 'subscriber')}{_takes(planned)}{posted}")


@story_app.command()
@told_plainly
def correct(
    url: NamedStory,
    title: Annotated[str | None, typer.Option(help="Its title from now on.")] = None,
    summary: Annotated[str | None, typer.Option(help="Its two lines from now on; empty for none.")] = None,
    note: Annotated[str | None, typer.Option(help="What was wrong, in a few words; subscribers read it.")] = None,
    wait: Wait = False,
) -> None:
    """Mend a story in every message that shows it; the running bot edits them."""

    async def work(editor: Editor) -> Amended:
        return await editor.correct(await editor.known(url), title=title, summary=summary, note=note)

    amended = _as_editor(work)
    say(f"story {amended.story.id} “{amended.story.title}” is corrected{_in_messages(amended)}")
    _follow(amended, wait=wait)


@story_app.command()
@told_plainly
def recall(
    url: NamedStory,
    note: Annotated[str | None, typer.Option(help="Why, in a few words; subscribers read it.")] = None,
    wait: Wait = False,
) -> None:
    """Take a story back: it goes to nobody else, its messages say so, its comments are closed."""

    async def work(editor: Editor) -> Amended:
        me = who()
        return await editor.recall(await editor.known(url), note=note, who=me, name=me)

    amended = _as_editor(work)
    said = f"story {amended.story.id} “{amended.story.title}” is taken back{_in_messages(amended)}"
    say(f"{said}; {amended.stopped} more were not sent")
    _follow(amended, wait=wait)


@story_app.command()
@told_plainly
def pin(
    url: NamedStory,
    hours: Annotated[int | None, typer.Option(help="For how long: 24 where nothing is said, 336 at most.")] = None,
) -> None:
    """Have a story first of the top stories, until its time is over or `unpin`."""
    from bot.editing import PINNED_H

    async def work(editor: Editor) -> tuple[Story, datetime]:
        story = await editor.known(url)
        return story, await editor.pin(story, hours=PINNED_H if hours is None else hours)

    story, until = _as_editor(work)
    say(f"story {story.id} “{story.title}” is first of the top stories until {until:%Y-%m-%d %H:%M} UTC")


@story_app.command()
@told_plainly
def unpin(url: NamedStory) -> None:
    """Have a story where it comes by itself again."""

    async def work(editor: Editor) -> Story:
        story = await editor.known(url)
        await editor.unpin(story)
        return story

    story = _as_editor(work)
    say(f"story {story.id} “{story.title}” is pinned no more")


@story_app.command()
@told_plainly
def mute(url: NamedStory) -> None:
    """Have a story not among the top stories or in digests; what is on its way goes on, and its comments stay open."""
    _mute(url, muted=True)


@story_app.command()
@told_plainly
def unmute(url: NamedStory) -> None:
    """Have a story among the top stories again, where it is good enough."""
    _mute(url, muted=False)


def _mute(url: str, *, muted: bool) -> None:
    async def work(editor: Editor) -> Story:
        story = await editor.known(url)
        await editor.mute(story, muted=muted)
        return story

    story = _as_editor(work)
    say(f"story {story.id} “{story.title}” is {'not' if muted else 'again'} among the top stories")


def _as_editor(work: Callable[[Editor], Awaitable[T]]) -> T:
    from bot.editing import StoryRefused, editor_of

    settings = load_settings(BotSettings)
    start_logging(settings.model_copy(update={"log_level": "error"}))  # what was done is the command's own answer

    async def run() -> T:
        async with editor_of(settings) as editor:
            return await work(editor)

    try:
        return asyncio.run(run())
    except StoryRefused as error:
        refuse(str(error))


def _in_messages(amended: Amended) -> str:
    return f"; the bot changes {_counted(amended.messages, 'message')}{_takes(amended.messages)}"


def _counted(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"


def _takes(messages: int) -> str:
    """How long so many messages take, where that is worth a word."""
    from bot.limiter import Rates

    minutes = Rates().takes_s(messages) / 60
    if minutes < 2:
        return ""
    return f", which takes {minutes:.0f} minutes" if minutes < 120 else f", which takes {minutes / 60:.1f} hours"


def _follow(amended: Amended, *, wait: bool) -> None:
    async def until_done(editor: Editor) -> None:
        seldom = Seldom()
        while left := await editor.messages_left(amended):
            seldom(f"{amended.messages - left} of {amended.messages} messages are changed …")
            await asyncio.sleep(LOOK_EVERY_S)

    if wait:
        _as_editor(until_done)
        say("every message is changed")
