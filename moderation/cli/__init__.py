"""The commands of `moderation` alone; `baithak` has the same ones and more.

No function here is named as a module beside it: importing that module would put it in the function's place.
What a command needs is imported when it runs, so that asking for help costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import typer

from moderation.running import EXIT_REFUSED, say_ready, start_logging, told_plainly

Comments = Annotated[Path | None, typer.Argument(help="JSON Lines, one comment a line; standard input without it.")]
Examples = Annotated[Path, typer.Argument(help="Folder of labelled .csv.gz files.", exists=True, file_okay=False)]
Story = Annotated[str, typer.Argument(help="The story's address, or its number.")]
Note = Annotated[str, typer.Option(help="Why, for everybody at the desk.")]
Version = Annotated[str, typer.Argument(help="A model's version, such as 2026-11-24.1.")]
Stages = Annotated[
    Literal["all", "fast"] | None, typer.Option(help="fast leaves out the second stage; the setting without it.")
]
AtMost = Annotated[
    int | None, typer.Option(metavar="N", min=20, help="Of each file, language and side; all without it.")
]
OtherPolicy = Annotated[Path | None, typer.Option("--policy", help="Another policy file.")]

if TYPE_CHECKING:
    from moderation.cli.switches import Find
    from moderation.settings import Settings

R = TypeVar("R")


def _or_refused(work: Callable[[], R]) -> R:
    """What `work` gives; where the input itself is at fault, one line on standard error and status 1."""
    from moderation.errors import BadSwitch, PolicyError, PromotionRefused, UnknownSwitch

    try:
        return work()
    except (BadSwitch, PolicyError, PromotionRefused, UnknownSwitch) as error:
        typer.echo(f"baithak: {error}", err=True)
        raise typer.Exit(EXIT_REFUSED) from None


def _settings(stages: Stages) -> Settings:
    """The settings, with what was said on the command line."""
    from moderation.settings import Settings, load_settings

    settings = load_settings(Settings)
    return settings if stages is None else settings.model_copy(update={"stages": stages})


@told_plainly
def screen_comments(file: Comments = None, stages: Stages = None) -> None:
    """Screen comments: JSON Lines in, JSON Lines out, in the same order."""
    from moderation.cli.screen import screen_file

    raise typer.Exit(screen_file(_settings(stages), file))


@told_plainly
def train_model(
    examples: Examples,
    held_out: Annotated[
        Path | None, typer.Option(help="Folder to calibrate and judge by; `dev` beside the examples without it.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the model; `models` in the data directory.")] = None,
    stages: Stages = None,
) -> None:
    """Train a classifier and judge it beside the one in use, which stays in use. Ends with promote or refuse."""
    from moderation.cli import models

    raise typer.Exit(models.train(_settings(stages), examples, held_out=held_out, out=out))


@told_plainly
def evaluate_model(
    examples: Examples,
    model: Annotated[str | None, typer.Option(help="Version of the model; the one in use without it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object.")] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with every figure drawn; takes minutes longer.", dir_okay=False)
    ] = None,
    stages: Stages = None,
    at_most: AtMost = None,
) -> None:
    """Measure a classifier on labelled comments, by label, language and source."""
    from moderation.cli import models

    raise typer.Exit(
        models.evaluate(_settings(stages), examples, version=model, as_json=as_json, html=html, at_most=at_most)
    )


@told_plainly
def list_models() -> None:
    """Show every model; the one in use has a star."""
    from moderation.cli import models
    from moderation.settings import Settings, load_settings

    models.list_models(load_settings(Settings))


@told_plainly
def show_model(version: Version) -> None:
    """Show a model and its figures, as JSON."""
    from moderation.cli import models
    from moderation.settings import Settings, load_settings

    _or_refused(lambda: models.show(load_settings(Settings), version))


@told_plainly
def promote_model(
    version: Version,
    anyway: Annotated[bool, typer.Option("--anyway", help="Although it was judged worse than the one in use.")] = False,
) -> None:
    """Put a model into use: every worker has it within seconds."""
    from moderation.cli import models
    from moderation.settings import Settings, load_settings

    _or_refused(lambda: models.promote(load_settings(Settings), version, anyway=anyway))


@told_plainly
def rollback_model() -> None:
    """Put the model into use again that was before the present one."""
    from moderation.cli import models
    from moderation.settings import Settings, load_settings

    _or_refused(lambda: models.rollback(load_settings(Settings)))


@told_plainly
def check_policy(policy: OtherPolicy = None) -> None:
    """Say whether policy and terms are well formed, and where not."""
    from moderation.cli.policy import check

    _or_refused(lambda: check(policy))


@told_plainly
def simulate_policy(file: Comments = None, policy: OtherPolicy = None) -> None:
    """Count what the policy would decide about comments; with another policy, what would change."""
    from moderation.cli.policy import simulate
    from moderation.settings import Settings, load_settings

    raise typer.Exit(_or_refused(lambda: simulate(load_settings(Settings), file, other=policy)))


@told_plainly
def keep_to_budget(
    examples: Examples,
    policy: OtherPolicy = None,
    stages: Stages = None,
    at_most: AtMost = None,
) -> None:
    """Tell which thresholds keep to the policy's error budget, on labelled comments. Changes nothing."""
    from moderation.cli.policy import thresholds

    raise typer.Exit(_or_refused(lambda: thresholds(_settings(stages), examples, other=policy, at_most=at_most)))


@told_plainly
def start_worker() -> None:
    """Screen what readers write, until told to stop. May run many times on many machines."""
    from moderation.cli.worker import run_worker
    from moderation.settings import Settings, load_settings

    raise typer.Exit(run_worker(load_settings(Settings), ready=say_ready))


@told_plainly
def serve_web() -> None:
    """Serve the comments API, the widget and the moderators' pages."""
    from moderation.settings import Settings, load_settings
    from moderation.web import process

    settings = load_settings(Settings)
    start_logging(settings)
    asyncio.run(process.run(settings))


@told_plainly
def bring_up_to_date() -> None:
    """Bring the tables to their newest form; does nothing where they are."""
    from moderation.settings import Settings, load_settings
    from moderation.store import upgrade

    done = upgrade(load_settings(Settings).database_address())
    typer.echo("the tables were brought to their newest form" if done else "the tables are in their newest form")


@told_plainly
def list_switches(ended: Annotated[bool, typer.Option("--all", help="Those that were ended, too.")] = False) -> None:
    """Show the switches that are on: what each does, since when, by whom."""
    from moderation.cli import switches
    from moderation.settings import Settings, load_settings

    switches.show(load_settings(Settings), ended=ended)


@told_plainly
def end_switch(number: Annotated[int, typer.Argument(metavar="ID", help="The switch's number in the list.")]) -> None:
    """End a switch. What was held under it stays held, for a person."""
    from moderation.cli import switches
    from moderation.settings import Settings, load_settings

    _or_refused(lambda: switches.end(load_settings(Settings), number))


def _begin_switch(find: Find | None, kind: str, scope: str, target: str, *, note: str) -> None:
    from moderation.cli import switches
    from moderation.settings import Settings, load_settings
    from moderation.switch import Scope, SwitchKind

    find = find or (switches.named_by_address if scope == "story" else switches.any_section)
    settings = load_settings(Settings)
    _or_refused(lambda: switches.begin(settings, SwitchKind(kind), Scope(scope), target, note=note, find=find))


def add_switches(app: typer.Typer, find_story: Find | None = None, find_section: Find | None = None) -> None:
    """Add `switch …`. A front knows its stories and sections; without one every web address is a story."""

    @told_plainly
    def close_story(story: Story, note: Note = "") -> None:
        """Take no more comments on a story."""
        _begin_switch(find_story, "close", "story", story, note=note)

    @told_plainly
    def hold_comments(
        story: Annotated[str | None, typer.Option(help="Under this story: its address, or its number.")] = None,
        section: Annotated[str | None, typer.Option(help="In this section.")] = None,
        site: Annotated[bool, typer.Option("--site", help="Everywhere.")] = False,
        note: Note = "",
    ) -> None:
        """Publish nothing before a person has read it: under a story, in a section, or everywhere."""
        wanted = {"story": story, "section": section, "site": "" if site else None}
        given = [(scope, target) for scope, target in wanted.items() if target is not None]
        if len(given) != 1:
            raise typer.BadParameter("give one of --story, --section and --site")
        find = find_section if given[0][0] == "section" else find_story
        _begin_switch(find, "hold", *given[0], note=note)

    @told_plainly
    def stop_publishing(note: Note = "") -> None:
        """Publish nothing at all, by nobody, until this is ended."""
        _begin_switch(find_story, "stop", "site", "", note=note)

    switch = typer.Typer(help="Switches for a bad day.", no_args_is_help=True)
    switch.command("list")(list_switches)
    switch.command("close")(close_story)
    switch.command("hold")(hold_comments)
    switch.command("stop")(stop_publishing)
    switch.command("end")(end_switch)
    app.add_typer(switch, name="switch")


@told_plainly
def verify_audit(
    head: Annotated[
        str | None, typer.Option(metavar="NUMBER:HASH", help="An earlier head, kept elsewhere: it must stand.")
    ] = None,
) -> None:
    """Compare every row of the audit with its seals. 1 where one was removed, added or changed, and says where."""
    from moderation.cli.audit import verify
    from moderation.seals import Head
    from moderation.settings import Settings, load_settings

    try:
        kept = Head.read(head) if head is not None else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--head") from None
    raise typer.Exit(verify(load_settings(Settings), kept))


def add_audit(app: typer.Typer) -> None:
    """Add `audit …`."""
    audit = typer.Typer(help="The record of who decided what.", no_args_is_help=True)
    audit.command("verify")(verify_audit)
    app.add_typer(audit, name="audit")


def add_screening(app: typer.Typer) -> None:
    """Add the commands that `baithak` and `python -m moderation` have alike: screening, its models, its policy."""
    app.command("screen")(screen_comments)
    app.command("train")(train_model)
    app.command("evaluate")(evaluate_model)
    models = typer.Typer(help="The classifier's models.", no_args_is_help=True)
    models.command("list")(list_models)
    models.command("show")(show_model)
    models.command("promote")(promote_model)
    models.command("rollback")(rollback_model)
    app.add_typer(models, name="model")
    policy = typer.Typer(help="The terms for the machine.", no_args_is_help=True)
    policy.command("check")(check_policy)
    policy.command("simulate")(simulate_policy)
    policy.command("thresholds")(keep_to_budget)
    app.add_typer(policy, name="policy")


def make_app() -> typer.Typer:
    """The commands of `python -m moderation`."""
    app = typer.Typer(
        name="moderation",
        help="Comments, terms and decisions, without the bot.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    add_screening(app)
    add_switches(app)
    add_audit(app)
    app.command("worker")(start_worker)
    app.command("web")(serve_web)
    database = typer.Typer(help="The database.", no_args_is_help=True)
    database.command("upgrade")(bring_up_to_date)
    app.add_typer(database, name="db")
    return app


def main() -> None:
    """`python -m moderation`."""
    make_app()()
