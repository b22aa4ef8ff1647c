"""The whole command `baithak`: moderation's commands, and with them the bot's. Every import that costs is made late."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from bot.cli import stories, subscribers
from bot.cli.answers import Progress, refuse, say
from bot.settings import BotSettings
from moderation import cli as moderation_cli
from moderation.errors import SettingsError
from moderation.running import (
    EXIT_MISSING,
    loading,
    say_ready,
    start_logging,
    told_plainly,
    until_stopped,
)
from moderation.settings import load_settings

if TYPE_CHECKING:
    from moderation.database import Database

R = TypeVar("R")

app = typer.Typer(
    name="baithak",
    help="A newsroom's comment desk in Telegram: top stories out, comments in, each screened before it is published.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
moderation_cli.add_screening(app)
moderation_cli.add_audit(app)


async def _story_called(database: Database, name: str) -> str | None:
    """A story's address in the store, whichever way it is named: by its number, its address, or a link to the bot."""
    from bot.store import BotStore

    story = await BotStore(database).stories.pointed_at(name)
    return story.url if story is not None else None


async def _section_called(database: Database, name: str) -> str | None:
    from bot.store import BotStore

    return await BotStore(database).stories.section_called(name)


moderation_cli.add_switches(app, _story_called, _section_called)

db_app = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(stories.feed_app, name="feed")
app.add_typer(stories.story_app, name="story")
app.add_typer(subscribers.subscriber_app, name="subscriber")
reader_app = typer.Typer(help="A reader's data: out, or gone.", no_args_is_help=True)
legal_app = typer.Typer(help="Comments whose text the law keeps.", no_args_is_help=True)
app.add_typer(db_app, name="db")
app.add_typer(reader_app, name="reader")
app.add_typer(legal_app, name="legal")

ReaderId = Annotated[str, typer.Argument(metavar="ID", help="A Telegram number, or an author such as web:abc.")]
BackupFile = Annotated[Path, typer.Argument(help="The backup's file.", dir_okay=False)]
CommentId = Annotated[int, typer.Argument(metavar="ID", help="The comment's number.", min=1)]


def main() -> None:
    """What the console script runs."""
    app()


@app.command()
@told_plainly
def up() -> None:
    """Run everything: each part as a process of its own, started again if it dies; Ctrl-C stops all."""
    from bot.supervisor import Supervisor

    settings = load_settings(BotSettings)
    asyncio.run(Supervisor(settings, say=say).run())


@app.command()
@told_plainly
def bot() -> None:
    """Run the bot: updates in, stories and notices out. May run many times on many machines."""
    with loading():
        from bot.aiogram_types import build_when_used

        build_when_used()
        from bot import process

    settings = load_settings(BotSettings)
    start_logging(settings)
    asyncio.run(process.run(settings))


@app.command()
@told_plainly
def worker() -> None:
    """Run a screening worker. May run many times on many machines."""
    with loading():
        from moderation.cli.worker import run_worker

    raise typer.Exit(run_worker(load_settings(BotSettings), ready=say_ready))


@app.command()
@told_plainly
def web() -> None:
    """Run the web part: the public API, the widget, the moderators' pages."""
    with loading():
        from bot import web_process

    settings = load_settings(BotSettings)
    start_logging(settings)
    asyncio.run(web_process.run(settings))


@app.command()
@told_plainly
def sandbox() -> None:
    """Run the Telegram sandbox: a Bot API server on this machine, with a page where one person plays everybody."""
    with loading():
        from bot.sandbox import run

    settings = load_settings(BotSettings)
    start_logging(settings)
    serving = run(
        host=settings.sandbox_host, port=settings.sandbox_port, data_dir=settings.data_dir, on_ready=say_ready
    )
    try:
        asyncio.run(until_stopped(serving))
    except OSError as error:
        raise SettingsError(
            f"the sandbox can't start at {settings.sandbox_host}:{settings.sandbox_port} ({error.strerror}): "
            "set BAITHAK_SANDBOX_HOST, BAITHAK_SANDBOX_PORT or BAITHAK_DATA_DIR"
        ) from error


@app.command()
@told_plainly
def doctor() -> None:
    """Look at every connection, setting and limit, and say what to do about each fault."""
    from rich.console import Console

    from bot.aiogram_types import build_when_used

    build_when_used()
    from bot.doctor import examine

    console = Console(highlight=False, soft_wrap=True)
    found = asyncio.run(examine(load_settings(BotSettings)))
    for diagnosis in found:
        mark = "[red]✗[/]" if diagnosis.fault else "[green]✓[/]"
        console.print(f"{mark} [bold]{diagnosis.name}[/]", end="  ")
        console.print(diagnosis.fault or diagnosis.said, markup=False)
        if diagnosis.fault:
            console.print(f"    → {diagnosis.advice}", markup=False)
    if any(diagnosis.fault for diagnosis in found):
        raise typer.Exit(EXIT_MISSING)


@app.command("backup")
@told_plainly
def save_backup(file: BackupFile) -> None:
    """Save the whole system as one file while it runs; encrypted where BAITHAK_BACKUP_KEY_FILE names a key."""
    from bot.backup import backup

    settings = load_settings(BotSettings)
    start_logging(settings)
    rows = _unless_refused(lambda: backup(settings, file, say=Progress("saved")))
    say(f"{rows} rows are saved in {file}" + ("" if settings.backup_key_file else ", not encrypted"))


@app.command("restore")
@told_plainly
def restore_backup(
    file: BackupFile,
    erasures: Annotated[
        list[Path] | None, typer.Option(help="A list of erasures; may be given several times.", dir_okay=False)
    ] = None,
    no_erasures: Annotated[bool, typer.Option("--no-erasures", help="Nobody was erased since the backup.")] = False,
) -> None:
    """Bring a backup back into an empty database; who was erased since stays erased."""
    from bot.restoring import restore

    if erasures and no_erasures:
        raise typer.BadParameter("--erasures and --no-erasures exclude each other")
    settings = load_settings(BotSettings)
    start_logging(settings)
    lists = None if no_erasures else erasures or []
    done = _unless_refused(lambda: restore(settings, file, lists=lists, say=Progress("restored")))
    again = "1 reader was" if done.erased_again == 1 else f"{done.erased_again} readers were"
    say(f"{done.rows} rows are back as they were at {done.made_at.isoformat()}; {again} erased again")
    if done.audit_head is not None:
        say(f"the audit's head was {done.audit_head}: baithak audit verify --head {done.audit_head}")


@db_app.command()
@told_plainly
def upgrade() -> None:
    """Bring the tables to their newest form; does nothing where they are."""
    import bot.store
    import moderation.store

    address = load_settings(BotSettings).database_address()
    done = [store.upgrade(address) for store in (moderation.store, bot.store)]
    say("the tables were brought to their newest form" if any(done) else "the tables are in their newest form")


@reader_app.command("export")
@told_plainly
def export_data(reader: ReaderId) -> None:
    """Write everything held of a reader as one JSON object to standard output."""
    from bot.keeping import export_reader

    settings = load_settings(BotSettings)
    start_logging(settings)
    say(json.dumps(export_reader(settings, _author(reader)), ensure_ascii=False, indent=2))


@reader_app.command()
@told_plainly
def erase(
    reader: ReaderId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Erase a reader everywhere; their comments become tombstones. Asks first. Again is harmless."""
    from bot.keeping import erase_reader

    settings, author = load_settings(BotSettings), _author(reader)
    start_logging(settings)
    if not yes:
        typer.confirm(f"Erase everything held of {author}? It does not come back", abort=True, err=True)
    erased = erase_reader(settings, author)
    say(f"{author} is erased: {len(erased.comments)} comments are tombstones now")
    if erased.kept:
        numbers = ", ".join(str(number) for number in erased.kept)
        say(f"kept by a legal hold and seen by nobody, until `baithak legal release`: {numbers}")


@legal_app.command("hold")
@told_plainly
def hold_legally(
    comment: CommentId,
    note: Annotated[str, typer.Option(help="Why, and who asked: the court's number, for example.")],
) -> None:
    """Keep a comment's text whatever its author or retention asks, until it is released."""
    from bot.keeping import put_legal_hold

    settings = load_settings(BotSettings)
    start_logging(settings)
    new = _of_known_comment(lambda: put_legal_hold(settings, comment, note))
    say(f"comment {comment} is kept" if new else f"comment {comment} was kept already")


@legal_app.command("release")
@told_plainly
def release_legally(comment: CommentId) -> None:
    """End a legal hold; what it kept of an erased reader goes at once."""
    from bot.keeping import release_legal_hold

    settings = load_settings(BotSettings)
    start_logging(settings)
    hold = _of_known_comment(lambda: release_legal_hold(settings, comment))
    if hold is None:
        refuse(f"no legal hold keeps comment {comment}")
    else:
        say(f"comment {comment} is released" + (" and erased, as its author asked" if hold.erasure_due else ""))


@legal_app.command("list")
@told_plainly
def list_legal_holds() -> None:
    """Show every comment a legal hold keeps: since when, by whom, and why."""
    from bot.keeping import legal_holds

    for hold in legal_holds(load_settings(BotSettings)):
        due = "  its author is erased" if hold.erasure_due else ""
        say(f"{hold.comment_id}  {hold.since:%Y-%m-%d %H:%M}  {hold.who}  {hold.note}{due}")


def _author(reader: str) -> str:
    from bot.keeping import author_of

    author = author_of(reader)
    if author is None:
        raise typer.BadParameter("a reader is a Telegram number, or an author such as web:abc", param_hint="ID")
    return author


def _of_known_comment(work: Callable[[], R]) -> R:
    from moderation.errors import UnknownComment

    try:
        return work()
    except UnknownComment as error:
        refuse(str(error))


def _unless_refused(work: Callable[[], R]) -> R:
    from bot.erasure_list import ListRefused
    from moderation.errors import BackupRefused

    try:
        return work()
    except (BackupRefused, ListRefused) as error:
        refuse(str(error))
