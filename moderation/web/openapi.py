"""The OpenAPI 3.1 document, made from the table of routes and the models of their answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from moderation.web.middlewares import UNLIMITED_PREFIXES
from moderation.web.problems import CODES
from moderation.web.routes import TAGS, Route
from moderation.web.schemas import ProblemDocument

_REF = "#/components/schemas/{model}"


def document(routes: Iterable[Route], *, address: str) -> dict[str, Any]:
    """The document of every listed route. Says nothing that the routes do not do: it is made from them."""
    listed = [route for route in routes if route.listed]
    answers: list[type[BaseModel]] = [route.answer for route in listed if route.answer is not None]
    models: list[type[BaseModel]] = list(dict.fromkeys([*answers, ProblemDocument]))
    inputs: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
        (model, "serialization") for model in models
    ]
    _, schemas = models_json_schema(inputs, ref_template=_REF)
    paths: dict[str, Any] = {}
    for route in listed:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Baithak",
            "version": "1",
            "summary": "Stories, and the comments readers wrote about them.",
            "description": "Everything here is read only. Times are UTC; ids are strings; texts are plain.",
        },
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "servers": [{"url": address}],
        "paths": paths,
        "components": {"schemas": schemas["$defs"]},
    }


def _operation(route: Route) -> dict[str, Any]:
    schema = {"$ref": _REF.format(model=route.answer.__name__)} if route.answer else {"type": "string"}
    responses: dict[str, Any] = {
        str(status): {"description": _MEANING.get(status, "The answer"), "content": {route.media: {"schema": schema}}}
        for status in route.statuses
    }
    by_status: dict[int, list[str]] = {}
    limited = () if route.path.startswith(UNLIMITED_PREFIXES) else ("rate_limited",)
    for code in (*route.problems, *limited):
        by_status.setdefault(CODES[code][0], []).append(code)
    for status, codes in sorted(by_status.items()):
        words = "; ".join(f"`{code}`: {CODES[code][1]}" for code in codes)
        responses[str(status)] = {
            "description": words,
            "content": {"application/problem+json": {"schema": {"$ref": _REF.format(model="ProblemDocument")}}},
        }
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "responses": responses,
    }
    if route.query is not None:
        operation["parameters"] = _parameters(route)
    return operation


_MEANING = {200: "The answer", 503: "Not able to work; the answer says what is wrong"}


def _parameters(route: Route) -> list[dict[str, Any]]:
    assert route.query is not None  # noqa: S101  the caller asked; this tells the type checker
    schema = route.query.model_json_schema()
    parameters = []
    for name, field in schema["properties"].items():
        shown = {key: value for key, value in field.items() if key not in {"title", "description", "default"}}
        if field.get("default") is not None:
            shown["default"] = field["default"]
        shown = _without_null(shown)
        inner = shown.get("items", shown).pop("description", None)
        description = field.get("description", inner)
        parameter = {"name": name, "in": "query", "required": name in schema.get("required", []), "schema": shown}
        if description is not None:
            parameter["description"] = description
        if shown.get("type") == "array":
            parameter |= {"style": "form", "explode": True}
        parameters.append(parameter)
    return parameters


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    # A parameter is there or not; it is never null.
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {**{key: value for key, value in schema.items() if key != "anyOf"}, **kinds[0]}
