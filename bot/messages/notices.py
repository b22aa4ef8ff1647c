"""What an author is told of a comment. In English each begins with Received, Published, Held or Not published."""

from __future__ import annotations

from bot.messages.texts import Html, cut, escape, isolated, link, plain, say
from moderation.comment import CommentStatus
from moderation.decision import DecidedBy, EventKind, OutcomeEvent, Reason
from moderation.policy import Terms


def comment_address(story_url: str, comment_id: int) -> str:
    """Where a published comment stands on the story's page."""
    return f"{story_url}#comment-{comment_id}"


def notice(event: OutcomeEvent, terms: Terms, *, stands: bool, again: bool) -> Html | None:
    """The text for an event; None for one the author is not told of.

    `stands`: an earlier text of the comment is published while this one is not. `again`: the author was told of a
    decision on this revision before.
    """
    language = terms.language
    edit = event.revision > 1
    by_moderator = event.decided_by is DecidedBy.MODERATOR
    match event.kind:
        case EventKind.RECEIVED:
            return say("notice-received-edit" if edit else "notice-received", language)
        case EventKind.PUBLISHED:
            key = "notice-published-moderator" if by_moderator else "notice-published-edit" if edit else None
            address = comment_address(event.story, event.comment_id)
            return say(key or "notice-published", language, link=link(address, plain("notice-link", language)))
        case EventKind.HELD:
            if by_moderator or again:
                return say("notice-held-again", language)
            if event.reason is not None and Reason(event.reason).is_of_switch:
                return say("notice-held-reading-edit" if stands else "notice-held-reading", language)
            return say("notice-held-edit" if stands else "notice-held", language)
        case EventKind.REJECTED:
            return _rejected(event.clause, terms, by_moderator=by_moderator, stands=stands)
        case EventKind.REMOVED:
            return say("notice-removed", language)
        case EventKind.WITHDRAWN:
            return None


def replaced(language: str) -> Html:
    """What stands in place of a notice whose revision the author has edited before it was decided."""
    return say("notice-replaced", language)


def my_comment(status: CommentStatus, *, title: str, text: str, story_url: str, comment_id: int, language: str) -> Html:
    """One of the author's own comments in /mycomments."""
    state: str = say(f"status-{status.value}", language)
    if status is CommentStatus.PUBLISHED:
        state = link(comment_address(story_url, comment_id), Html(state))
    head = isolated(escape(cut(title, at_most=100)), language)
    words = escape(cut(" ".join(text.split()), at_most=160))
    return Html(f"<b>{head}</b>\n{words}\n{state}")


def _rejected(clause_id: str | None, terms: Terms, *, by_moderator: bool, stands: bool) -> Html:
    language = terms.language
    clause = terms.clauses.get(clause_id) if clause_id is not None else None
    if clause is None:
        text = say("notice-rejected-plain", language)
    else:
        key = "notice-rejected-moderator" if by_moderator else "notice-rejected"
        text = say(key, language, clause=clause.id, title=clause.title, words=clause.words)
    last = say("notice-rejected-stands" if stands else "notice-rejected-edit", language)
    return Html(f"{text}\n{last}")
