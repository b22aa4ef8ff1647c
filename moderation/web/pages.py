"""Pages for people that need no login: the API described, and the terms."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from moderation.policy import Terms
from moderation.web.assets import page
from moderation.web.parts import PARTS
from moderation.web.problems import CODES, Problem

DOCUMENT: web.AppKey[dict[str, Any]] = web.AppKey("document", dict)

LANGUAGE_NAMES = {"en": "English", "ur": "اردو", "hi": "हिन्दी", "mr": "मराठी", "ar": "العربية"}
RIGHT_TO_LEFT = frozenset({"ur", "ar"})


async def docs(request: web.Request, _query: Any) -> web.Response:
    """The API for people, made from the same document that programs read."""
    document = request.app[DOCUMENT]
    return page(
        request,
        "docs.html",
        document=document,
        operations=[
            (path, method.upper(), operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        ],
        schemas=document["components"]["schemas"],
        codes=CODES,
        type_of=type_in_words,
    )


def type_in_words(schema: dict[str, Any]) -> str:
    """A JSON schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(type_in_words(kind) for kind in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    kind = str(schema.get("type", "anything"))
    if kind == "array":
        return f"list of {type_in_words(schema['items'])}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map to {type_in_words(schema['additionalProperties'])}"
    bounds = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
    words = " ".join([{"null": "null", "integer": "whole number"}.get(kind, kind), *bounds])
    return f"{words} ({schema['format']})" if "format" in schema else words


async def terms(request: web.Request, _query: Any) -> web.Response:
    """The terms in the language of the address, else in the first edition's."""
    given = request.app[PARTS].terms
    language = request.match_info.get("language", next(iter(given)))
    if language not in given:
        raise Problem("not_found")
    return page(
        request,
        "terms.html",
        terms=given[language],
        blocks=blocks_of(given[language]),
        languages=[(code, LANGUAGE_NAMES.get(code, code)) for code in given],
        direction="rtl" if language in RIGHT_TO_LEFT else "ltr",
    )


def blocks_of(terms: Terms) -> list[tuple[str, str, str]]:
    """The terms' headings and paragraphs as (kind, anchor, words): kinds are h1, h2, h3 and p. Nothing is markup."""
    blocks: list[tuple[str, str, str]] = []
    paragraph: list[str] = []
    for line in [*terms.markdown.splitlines(), ""]:
        hashes = len(line) - len(line.lstrip("#"))
        if (hashes or not line.strip()) and paragraph:
            blocks.append(("p", "", " ".join(paragraph)))
            paragraph = []
        if hashes:
            words = line[hashes:].strip()
            anchor = f"clause-{words.split(' ')[0]}" if hashes == 3 else ""
            blocks.append((f"h{min(hashes, 3)}", anchor, words))
        elif line.strip():
            paragraph.append(line.strip())
    return blocks
