"""One table drives both the application and its OpenAPI document, so that neither can say what the other does not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ValidationError

from moderation.web.problems import CODES, Problem
from moderation.web.schemas import Query

Handle = Callable[[web.Request, Any], Awaitable[BaseModel | web.StreamResponse]]

PUBLIC, OPERATORS = "stories and comments", "for operators"
TAGS = {
    PUBLIC: "What is published, for whoever asks.",
    OPERATORS: "How the system is, for those who run it. Keep these from strangers at the proxy.",
}
"""The headings of the document, in their order, and what stands under each."""


@dataclass(frozen=True, slots=True)
class Route:
    """One address. `answer` is the JSON model it answers with; `media` the type of what is no JSON."""

    method: str
    path: str
    name: str
    summary: str
    handle: Handle
    query: type[Query] | None = None
    answer: type[BaseModel] | None = None
    media: str = "application/json"
    problems: tuple[str, ...] = ()
    statuses: tuple[int, ...] = (200,)
    listed: bool = True
    """Whether programs are told of it in the document; pages for people are not."""
    tag: str = PUBLIC
    """Under which heading of the document it stands."""


def add_routes(app: web.Application, routes: Iterable[Route]) -> None:
    """Serve each route, its query checked before its handler sees it."""
    for route in routes:
        add = app.router.add_get if route.method == "GET" else app.router.add_post
        add(route.path, _handler(route), name=route.name)


def _handler(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        query = parsed_query(route.query, request) if route.query is not None else None
        answer = await route.handle(request, query)
        if isinstance(answer, web.StreamResponse):
            return answer
        return json_answer(answer)

    return handler


def json_answer(answer: BaseModel, *, status: int = 200) -> web.Response:
    """The model as JSON, never kept by a cache without asking again."""
    return web.Response(
        status=status,
        text=answer.model_dump_json(),
        content_type="application/json",
        headers={"Cache-Control": "no-cache"},
    )


def parsed_query(model: type[Query], request: web.Request) -> Query:
    """The query as the model has it. Raises Problem with the code of the first parameter at fault."""
    given: dict[str, object] = {}
    for name, field in model.model_fields.items():
        values = request.query.getall(name, [])
        if values:
            # Asked twice for what can be answered once: two readers of the address could each see another question.
            is_list = getattr(field.annotation, "__origin__", None) is list
            if len(values) > 1 and not is_list:
                raise Problem(_code("bad", name), f"{name} stands more than once")
            given[name] = values if is_list else values[0]
    try:
        return model.model_validate(given)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        name = str(fault["loc"][0])
        code = _code("missing" if fault["type"] == "missing" else "bad", name)
        raise Problem(code, f"{name}: {fault['msg']}") from None


def _code(kind: str, name: str) -> str:
    code = f"{kind}_{name}"
    return code if code in CODES else "bad_query"
