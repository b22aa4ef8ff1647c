"""The terms as a reader is shown them in the chat: in short with the button, in full on /terms."""

from __future__ import annotations

from bot.messages.texts import Html, escape, say
from moderation.comment import utf16_length
from moderation.policy import Terms

_AT_MOST = 3800


def asked(terms: Terms, *, kept: bool) -> Html:
    """The question before the first comment: title, introduction, the clauses' titles. `kept`: a comment waits."""
    titles = "\n".join(f"{clause.id} {escape(clause.title)}" for clause in terms.clauses.values())
    parts = [
        f"<b>{escape(terms.title)}</b>",
        say("terms-ask", terms.language),
        escape(terms.intro),
        titles,
        *([say("terms-kept", terms.language)] if kept else []),
    ]
    return Html("\n\n".join(parts))


def in_full(terms: Terms) -> list[Html]:
    """Title, every heading, clause and paragraph, in as many messages as it takes; never cut within a paragraph."""
    messages: list[Html] = []
    current: list[str] = []
    length = 0
    for paragraph in terms.markdown.split("\n\n"):
        shown = _paragraph(paragraph.strip())
        if not shown:
            continue
        size = utf16_length(shown) + 2
        if current and length + size > _AT_MOST:
            messages.append(Html("\n\n".join(current)))
            current, length = [], 0
        current.append(shown)
        length += size
    if current:
        messages.append(Html("\n\n".join(current)))
    return messages


def _paragraph(text: str) -> str:
    if text.startswith("#"):
        return f"<b>{escape(text.lstrip('#').strip())}</b>"
    return escape(" ".join(text.split()))
