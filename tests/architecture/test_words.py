"""One word for one thing: what the glossary tells not to say does not name our classes, functions and modules."""

from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.sources import code_files, functions, page, shown, tree

OPEN_WORDS = {
    "bot": "the package that speaks with Telegram",
    "version": "of a model, of the terms and of a schema; it is only a revision's text that is not called so",
    "message": "Telegram's own word for what is sent in a chat",
    "chat": "Telegram's own word for where messages stand; who gets stories is a subscriber",
    "text": "what a comment, a message or a template says; the kept thing itself is the comment",
    "signal": "what wakes a listener or ends a process; what a check saw is a finding",
    "process": "the operating system's; that a function processes something is refused below",
    "queue": "the screening queue's module is where that name is complete",
}
"""Words of the last column that are also somebody else's rightful name, and so are free."""

EXCEPTIONS = {
    ("moderation/config.py", "config"): "named after the folder it reads",
    ("moderation/settings.py", "config"): "names the folder config/",
    ("moderation/classifier/features.py", "tag"): "scikit-learn's name of what says which estimator this is",
    ("moderation/database.py", "result"): "SQLAlchemy's name of a hook",
    ("moderation/sqlite.py", "execute"): "SQLAlchemy's name of what a cursor does",
    ("moderation/web/limiter.py", "client"): "the other end of an HTTP connection, not a person",
    ("moderation/web/atom.py", "entry"): "Atom's element",
    ("moderation/web/middlewares.py", "limit"): "how many requests may be made: the ordinary word for it",
    ("moderation/entries.py", "entry"): "what stands in a stream of Redis: Redis' own word",
    ("moderation/queue.py", "job"): "one entry of the screening queue",
    ("bot/membership.py", "member"): "Telegram's word for who is in a group",
    ("bot/notices/desk.py", "post"): "to post a card in the group; the news are stories",
    ("bot/story.py", "payload"): "Telegram's word for what stands behind ?start=",
    ("bot/messages/terms.py", "paragraph"): "a piece of a text; the rules are clauses",
    ("moderation/cli/", "input"): "a command's standard input",
    ("bot/inbox.py", "inbox"): "Telegram's updates, stored; the held comments are the review queue",
    ("bot/store/inbox.py", "inbox"): "Telegram's updates, stored; the held comments are the review queue",
    ("bot/", "sender"): "sends alerts; nobody's comment has a sender",
    ("bot/web/", "article"): "the page on which the sample site shows a story: the site's word, not ours",
    ("bot/web/", "sample"): "the sample site with its stories and feeds; labelled texts are examples",
    ("bot/web/demo/", "item"): "RSS's element",
}
"""Where such a word is said all the same (a file or a folder, and the word), each with the reason."""

EXEMPT_FOLDERS = ("bot/sandbox/",)
"""The sandbox speaks the Bot API's language throughout: user, chat, message, member, action."""


def forbidden_words() -> list[tuple[str, ...]]:
    """What the last column of the glossary's tables holds; an expression of two words is two words in a row."""
    found: list[tuple[str, ...]] = []
    for line in page("glossary.md").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| **") and len(cells) == 3:
            for expression in cells[2].replace("bare ", "").replace('"', "").split(","):
                found.append(words_of(expression.title()))
    return [words for words in found if words and words[0] not in OPEN_WORDS]


def words_of(name: str) -> tuple[str, ...]:
    """`StoredUpdates` and `stored_updates` alike are `stored`, `update`: the plural says the same word."""
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
    return tuple(re.sub(r"(?<=[a-z]{2}[^s])s$", "", re.sub(r"ies$", "y", word)) for word in words)


def says(name: str, forbidden: tuple[str, ...]) -> bool:
    words = words_of(name)
    size = len(forbidden)
    return any(words[start : start + size] == forbidden for start in range(len(words) - size + 1))


def names() -> set[tuple[str, str]]:
    """Every module, class and function that we define, with the file it stands in."""
    found = set()
    for path in code_files():
        file = shown(path)
        if file.startswith(EXEMPT_FOLDERS):
            continue
        parsed = tree(path)
        classes = {node.name for node in ast.walk(parsed) if isinstance(node, ast.ClassDef)}
        module = path.parent.name if path.stem == "__init__" else path.stem
        for name in {module, *classes, *(function.name for function in functions(parsed))}:
            found.add((file, name))
    return found


def test_the_glossary_has_words_to_avoid() -> None:
    assert {("article",), ("user",), ("verdict",), ("push", "message")} <= set(forbidden_words())


@pytest.mark.parametrize(
    ("name", "word", "is_said"),
    [
        ("ArticleStore", ("article",), True),
        ("delete_comments", ("delete",), True),
        ("categories_of", ("category",), True),
        ("send_push_message", ("push", "message"), True),
        ("push", ("push", "message"), False),
        ("particle", ("article",), False),
    ],
)
def test_a_word_is_found_however_the_name_is_written(name: str, word: tuple[str, ...], is_said: bool) -> None:
    assert says(name, word) is is_said


def said() -> dict[tuple[str, str], set[str]]:
    """Every name that says a forbidden word, by file and word."""
    found: dict[tuple[str, str], set[str]] = {}
    forbidden = forbidden_words()
    for file, name in names():
        for words in forbidden:
            if says(name, words):
                found.setdefault((file, " ".join(words)), set()).add(name)
    return found


def is_excepted(file: str, word: str) -> bool:
    return any(file.startswith(place) and word == excepted for place, excepted in EXCEPTIONS)


def test_our_names_keep_to_the_glossary() -> None:
    assert {key: found for key, found in said().items() if not is_excepted(*key)} == {}


def test_nothing_is_just_processed() -> None:
    vague = {(file, name) for file, name in names() if re.match(r"_*process_(?!of)", name)}
    # SQLAlchemy gives these two their names.
    database = {("moderation/database.py", f"process_{hook}") for hook in ("bind_param", "result_value")}
    assert vague == database


def test_every_exception_is_still_needed() -> None:
    needed = said()
    idle = [
        (place, word) for place, word in EXCEPTIONS if not any(f.startswith(place) and w == word for f, w in needed)
    ]
    assert idle == []
