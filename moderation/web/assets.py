"""Files and templates of the pages, read once when the application is made."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from moderation.comment import shown_text
from moderation.web.problems import Problem
from moderation.web.words import link_words

_BETWEEN_BACKTICKS = re.compile("`([^`]+)`")
HERE = Path(__file__).resolve().parent
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    body: bytes
    content_type: str
    etag: str


def read_assets(*folders: Path) -> Mapping[str, Asset]:
    """Every file of the folders by its name; of two with one name the later folder's."""
    assets: dict[str, Asset] = {}
    for folder in folders:
        for path in sorted(folder.iterdir()):
            if path.suffix in _TYPES:
                body = path.read_bytes()
                assets[path.name] = Asset(body, _TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:16])
    return assets


def templates(assets: Mapping[str, Asset], *folders: Path) -> Environment:
    """The templates, everything put into them escaped. `link_words(language)` names
    the links around a page, `static(name)` is a file's address, new when the file is."""
    environment = Environment(
        loader=FileSystemLoader([*folders, HERE / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = shown_text
    environment.filters["coded"] = coded
    environment.globals["link_words"] = link_words
    environment.globals["static"] = lambda name: f"/static/{name}?v={assets[name].etag}"
    return environment


ASSETS: web.AppKey[Mapping[str, Asset]] = web.AppKey("assets", Mapping)


def coded(text: str) -> Markup:
    """A description as OpenAPI has it, in which names stand between backticks, as HTML."""
    escaped = str(escape(text))
    return Markup(_BETWEEN_BACKTICKS.sub(r"<code>\1</code>", escaped))  # noqa: S704  what is put in is escaped


TEMPLATES: web.AppKey[Environment] = web.AppKey("templates", Environment)


def send(request: web.Request, asset: Asset, *, max_age_s: int) -> web.Response:
    """The file, or 304 where the browser has it already."""
    headers = {"ETag": f'"{asset.etag}"', "Cache-Control": f"public, max-age={max_age_s}"}
    known = request.if_none_match or ()
    if any(tag.value in {asset.etag, "*"} for tag in known):
        return web.Response(status=304, headers=headers)
    charset = "utf-8" if asset.content_type.startswith("text/") else None
    return web.Response(body=asset.body, content_type=asset.content_type, charset=charset, headers=headers)


async def static_file(request: web.Request, _query: Any) -> web.Response:
    """A file of the pages."""
    asset = request.app[ASSETS].get(request.match_info["name"])
    if asset is None:
        raise Problem("not_found")
    return send(request, asset, max_age_s=31_536_000 if request.query.get("v") == asset.etag else 300)


async def embed_script(request: web.Request, _query: Any) -> web.Response:
    """The widget. Cached for minutes only: it is the one file other sites name without a version."""
    return send(request, request.app[ASSETS]["embed.js"], max_age_s=300)


def page(request: web.Request, template: str, *, status: int = 200, **values: Any) -> web.Response:
    """A page made from a template."""
    text = request.app[TEMPLATES].get_template(template).render(**values)
    return web.Response(
        status=status, text=text, content_type="text/html", charset="utf-8", headers={"Cache-Control": "no-store"}
    )
