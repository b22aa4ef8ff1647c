"""The texts of `locales/`, chosen by key and language. Reads them once; pure after that.

`say` gives HTML as Telegram understands it, with every variable escaped; `plain` is for buttons, commands and the short
answers to a press, where markup would be shown as it stands.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any

from fluent.runtime import FluentBundle, FluentResource

from moderation.comment import is_visible, utf16_length
from moderation.policy import LANGUAGES

LOCALES = Path(__file__).resolve().parent.parent / "locales"

LANGUAGE_NAMES = {"en": "English", "ur": "اردو", "hi": "हिन्दी", "mr": "मराठी", "ar": "العربية"}
"""Each language's own name, in the order in which it is offered."""

MODERATORS = "moderators"
"""The file of what moderators are shown, in English only."""

MESSAGE_LENGTH = 4096
"""UTF-16 units of a message's visible text that Telegram takes."""

CAPTION_LENGTH = 1024
"""UTF-16 units of text that Telegram takes under a picture."""

_TAG = re.compile(r"<[^>]*>")

RIGHT_TO_LEFT = frozenset({"ur", "ar"})

_COMMAND = re.compile(r"(?<![\w</])/[a-z]+")

_JOINERS = "\u200d\ufe0f"


class Html(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


def escape(text: str) -> Html:
    """Somebody's words as they may stand in HTML: literal, whatever they hold."""
    return Html(html.escape(text, quote=False))


def link(address: str, label: str | Html) -> Html:
    """A link; the address is escaped for an attribute."""
    shown = label if isinstance(label, Html) else escape(label)
    return Html(f'<a href="{html.escape(address, quote=True)}">{shown}</a>')


def known_language(code: str | None) -> str:
    """The language to speak: the one asked for when it is ours (`ur-PK` is Urdu), else English."""
    base = (code or "").lower().replace("_", "-").partition("-")[0]
    return base if base in LANGUAGES else "en"


def say(key: str, language: str, /, **variables: str | int) -> Html:
    """A text as HTML. Strings among the variables are escaped unless they are Html. Raises KeyError for no such key."""
    safe = {
        name: value if isinstance(value, int | Html) else isolated(escape(value), language)
        for name, value in variables.items()
    }
    return Html(_format(key, language, safe))


def plain(key: str, language: str, /, **variables: str | int) -> str:
    """A text without markup. Raises KeyError for no such key."""
    return _format(key, language, variables)


def cut(text: str, *, at_most: int) -> str:
    """The text in at most so many UTF-16 units, ended by … where something was left out; no letter loses its marks."""
    if utf16_length(text) <= at_most:
        return text
    end = units = 0
    for number, letter in enumerate(text):
        units += 2 if letter > "\uffff" else 1
        if units > at_most - 1:
            break
        end = number + 1
    while end > 0 and _belongs_before(text, end):
        end -= 1
    return text[:end].rstrip() + "…"


def visible_length(text: Html) -> int:
    """Length in UTF-16 units of what is left of the text once Telegram has read the tags and entities."""
    return utf16_length(html.unescape(_TAG.sub("", text)))


def isolated(text: str, language: str) -> str:
    """The text with its direction kept apart from the language around it, where the two differ.

    Not where they are the same: an invisible mark between "clause" and "3.2" would hide the words from a search.
    """
    foreign = {"L"} if language in RIGHT_TO_LEFT else {"R", "AL", "AN", "RLE", "RLO", "RLI", "PDF", "PDI"}
    return f"\u2068{text}\u2069" if any(unicodedata.bidirectional(letter) in foreign for letter in text) else text


def comma(language: str) -> str:
    """What stands between the parts of a list."""
    return "، " if language in RIGHT_TO_LEFT else ", "


def spoken_name(name: str) -> str:
    """A person's name as others are shown it: short, on one line, and never empty."""
    shown = "".join(letter for letter in name if unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Zl", "Zp"})
    shown = cut(" ".join(shown.split()), at_most=64)
    return shown if any(is_visible(letter) for letter in shown) else "?"


def _belongs_before(text: str, end: int) -> bool:
    following = text[end : end + 1]
    return bool(following) and (
        unicodedata.combining(following) > 0
        or unicodedata.category(following) in {"Mn", "Me", "Mc"}
        or following in _JOINERS
        or text[end - 1] in _JOINERS[0]
    )


def _format(key: str, language: str, variables: dict[str, Any]) -> str:
    bundle = _bundle(language)
    pattern = bundle.get_message(key).value
    if pattern is None:
        raise KeyError(key)
    text, _problems = bundle.format_pattern(pattern, variables)
    return str(text)


@lru_cache(maxsize=16)
def _bundle(language: str) -> FluentBundle:
    bundle = FluentBundle(
        ["en" if language == MODERATORS else language],
        use_isolating=False,  # `say` isolates what needs it
    )
    source = (LOCALES / f"{language}.ftl").read_text(encoding="utf-8")
    if language in RIGHT_TO_LEFT:
        # Or a command's slash goes to its other end. Done before variables are filled in: a link holds slashes.
        source = _COMMAND.sub("\u2066\\g<0>\u2069", source)
    bundle.add_resource(FluentResource(source))
    return bundle
