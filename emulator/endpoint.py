"""One declaration a route.

From it follow the URL rule, the scope check, the plan gate, paging and columns, the look-up of every resource
that the caller names, the OpenAPI operation and the row in ``make-emulator routes``::

    @group.get("/scenarios/{scenarioId}", scopes=["scenarios:read"], answer=one("scenario", ScenarioOut), core=2)
    def get_scenario(call: Call, scenario: Scenario) -> Scenario:
        \"\"\"Get a scenario.\"\"\"
        return scenario

Every id in the path, the query or the body (a `schemas.base.Ref` field, or a path name of `PATH_KINDS`) is found
through the caller's reach before the handler runs, which gets the row under the name without ``Id``.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import marshmallow as ma
import orjson
from werkzeug.datastructures import MultiDict

from .errors import BadRequest, ValidationFailed
from .schemas.base import MAX_ID, Answer, Body, Bool, Many, Query, Ref, faults, serializer, too_deep
from .world.models import Organization, Token, User
from .world.reach import Reach
from .world.tables import Selection, SortKey
from .world.world import World

#: Path parameter -> kind of resource that its number names.
PATH_KINDS = {
    "organizationId": "organization",
    "teamId": "team",
    "userId": "user",
    "scenarioId": "scenario",
    "folderId": "folder",
    "dataStoreId": "dataStore",
    "dataStructureId": "dataStructure",
    "connectionId": "connection",
    "hookId": "hook",
    "templateId": "template",
}

_PARAMETER = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"[0-9]{1,16}", re.ASCII)
_COLUMN_KEY = re.compile(r"cols\[([0-9]{0,4})\]", re.ASCII)

#: What stands for an encoded slash inside one segment of a path, until the segments are told apart.
SLASH = "\uf8ff"

#: The most rows that one page may hold: the largest limit seen in an answer.
MAX_LIMIT = 10_000


@lru_cache
def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


# --- what goes out -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """One key of an answer: rows of a schema (or of one a type), or a plain value when there is no schema."""

    schema: type[Answer] | None = None
    many: bool = False
    by_type: Mapping[type, type[Answer]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The shape of an answer: parts by key, or one schema without an envelope.

    The handler's result is the value of the only part, or a mapping with one value a part. An envelope of
    nothing shows the result as it is.
    """

    parts: Mapping[str, Part] = field(default_factory=dict)
    bare: type[Answer] | None = None

    @property
    def schema(self) -> type[Answer] | None:
        """The schema that ``cols[]`` picks from: that of the first part which has one."""
        if self.bare is not None:
            return self.bare
        return next((part.schema for part in self.parts.values() if part.schema), None)

    def render(self, world: World, result: Any, columns: tuple[str, ...] | None) -> dict[str, Any]:
        if self.bare is not None:
            return serializer(self.bare, columns)(world, result)
        if not self.parts:
            shaped: dict[str, Any] = result
            return shaped
        if len(self.parts) == 1:
            [key] = self.parts
            result = {key: result}
        rendered: dict[str, Any] = {}
        for key, part in self.parts.items():
            value = result[key]
            if part.by_type:
                dumps = {row_type: serializer(schema) for row_type, schema in part.by_type.items()}
                rendered[key] = [dumps[type(row)](world, row) for row in value]
                continue
            if part.schema is None:
                rendered[key] = value
                continue
            dump = serializer(part.schema, columns if part.schema is self.schema else None)
            rendered[key] = [dump(world, row) for row in value] if part.many else dump(world, value)
        return rendered


def one(key: str, schema: type[Answer]) -> Envelope:
    """``{key: {…}}``"""
    return Envelope({key: Part(schema)})


def many(key: str, schema: type[Answer]) -> Envelope:
    """``{key: [{…}, …]}``, and ``pg`` where the endpoint pages."""
    return Envelope({key: Part(schema, many=True)})


def mixed(key: str, by_type: Mapping[type, type[Answer]]) -> Envelope:
    """``{key: [{…}, …]}`` of rows of several types, each with a schema of its own."""
    return Envelope({key: Part(many=True, by_type=by_type)})


def value(key: str) -> Envelope:
    """``{key: …}`` with a plain value, e.g. the id of what was deleted."""
    return Envelope({key: Part()})


def bare(schema: type[Answer]) -> Envelope:
    """The object itself, without an envelope, as some of Make's older routes answer."""
    return Envelope(bare=schema)


@dataclass(frozen=True, slots=True)
class Paging:
    """How a list is ordered and cut.

    Args:
        by: sortable column -> sort key; the key must tell any two rows apart.
        sort: the default column; ``None`` for lists that offer no sorting.
    """

    by: Mapping[str, SortKey]
    sort: str | None
    descending: bool = False
    limit: int = 10_000

    def order(self, sort: str | None) -> SortKey:
        return self.by[sort or ""]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The page that a caller asked for."""

    sort: str | None
    descending: bool
    offset: int
    limit: int

    def describe(self) -> dict[str, Any]:
        """The ``pg`` of the answer, in the recorded order of keys."""
        if self.sort is None:
            return {"limit": self.limit, "offset": self.offset, "returnTotalCount": False}
        return {
            "sortBy": self.sort,
            "limit": self.limit,
            "sortDir": "desc" if self.descending else "asc",
            "offset": self.offset,
            "returnTotalCount": False,
        }


# --- what comes in -------------------------------------------------------------------------------


@dataclass(slots=True)
class Call:
    """One admitted request, as a handler sees it."""

    world: World
    user: User
    token: Token
    reach: Reach
    endpoint: Endpoint
    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    page: PageRequest | None = None
    columns: tuple[str, ...] | None = None
    organization: Organization | None = None
    #: Tells where the API is served: asked only for an answer with a link in it.
    locate: Callable[[], str] = str

    @property
    def base_url(self) -> str:
        return self.locate()

    @property
    def confirmed(self) -> bool:
        return bool(self.query.get("confirmed"))


class Confirmable(Query):
    """The query of a request that may need ``confirmed=true``."""

    confirmed = Bool(load_default=False)


Handler = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A declared route."""

    method: str
    path: str
    handler: Handler
    tag: str
    scopes: tuple[str, ...]
    answer: Envelope
    query: Query | None = None
    body: Body | None = None
    raw_body: bool = False
    paging: Paging | None = None
    cols: bool = False
    plan: str | None = None
    rate_limited: bool = True
    core: tuple[int, ...] = ()
    evidence: str = ""
    path_types: tuple[tuple[str, str | None], ...] = ()
    body_refs: tuple[tuple[str, str], ...] = ()
    query_refs: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        return self.handler.__name__

    @property
    def summary(self) -> str:
        return (inspect.getdoc(self.handler) or "").partition("\n")[0].rstrip(".")

    @property
    def rule(self) -> str:
        """The path in the notation of Werkzeug."""
        return _PARAMETER.sub(r"<\1>", self.path)

    def admit(
        self, call: Call, path: Mapping[str, str], arguments: MultiDict[str, str], body: bytes | None
    ) -> None:
        """Check everything that the caller sent, then find the rows that it names.

        Raises:
            ValidationFailed: if a parameter is missing, unknown or wrong.
            BadRequest: if the body is not JSON.
            NotFound: if the caller named something that it cannot see.
        """
        faults_found: list[str] = []
        named: list[tuple[str, str, int]] = []
        for name, kind in self.path_types:
            text = path[name]
            if kind is None:
                call.path[snake_case(name)] = text.replace(SLASH, "/")
            elif _NUMBER.fullmatch(text) and 0 < int(text) <= MAX_ID:
                named.append((name, kind, int(text)))
            else:
                faults_found.append(f"Invalid value of parameter '{name}'.")
        if arguments or self.query is not None:
            self._load_query(call, arguments, faults_found)
        elif self.paging is not None:
            call.page = self._page(arguments, faults_found)
        if body is not None:
            self._load_body(call, body, faults_found)
        if faults_found:
            raise ValidationFailed(faults_found)
        for name, kind, id in named:
            self._find(call, _row_name(snake_case(name)), kind, id)
        for refs, given in ((self.query_refs, call.query), (self.body_refs, call.body)):
            for attribute, kind in refs:
                if given.get(attribute) is not None:
                    self._find(call, _row_name(attribute), kind, given[attribute])

    @staticmethod
    def _find(call: Call, name: str, kind: str, id: int | list[int]) -> None:
        """Put the row, or the rows, that a caller named in the handler's hands."""
        if isinstance(id, list):
            call.rows[name] = [call.reach.find(kind, each) for each in id]
            return
        call.rows[name] = row = call.reach.find(kind, id)
        if call.organization is None and kind != "user":
            call.organization = call.reach.organization_of(row)

    def call(self, call: Call) -> dict[str, Any]:
        """Run the handler on an admitted call and give its result the shape of the answer."""
        result = self.handler(call, **call.path, **call.rows)
        page = call.page
        if page is None or self.paging is None:
            return self.answer.render(call.world, result, call.columns)
        rows, extra = result if isinstance(result, tuple) else (result, {})
        if isinstance(rows, Selection):
            rows = rows.page(
                self.paging.order(page.sort),
                descending=page.descending,
                offset=page.offset,
                limit=page.limit,
            )
        rendered = self.answer.render(call.world, rows, call.columns)
        return {**rendered, **extra, "pg": page.describe()}

    def _load_query(self, call: Call, arguments: MultiDict[str, str], faults_found: list[str]) -> None:
        if self.cols:
            call.columns = self._columns(arguments, faults_found)
        if self.paging is not None:
            call.page = self._page(arguments, faults_found)
        if self.query is not None:
            values: dict[str, Any] = {}
            for name, form in self.query.load_fields.items():
                key = form.data_key or name
                if isinstance(form, Many):
                    if items := [*arguments.getlist(f"{key}[]"), *arguments.getlist(key)]:
                        values[key] = items
                elif (given := arguments.getlist(key)) != []:
                    values[key] = given[0]
                    if len(given) > 1:
                        faults_found.append(f"Parameter '{key}' was given more than once.")
            try:
                call.query = self.query.load(values)
            except ma.ValidationError as error:
                faults_found.extend(faults(error.messages))

    def _load_body(self, call: Call, body: bytes, faults_found: list[str]) -> None:
        data = parse_json(body) if body.strip() else {}
        if self.raw_body:
            if not isinstance(data, dict):
                raise BadRequest("The body must be a JSON object.", suberrors=[])
            call.body = data
        elif self.body is not None:
            try:
                call.body = self.body.load(data)
            except ma.ValidationError as error:
                faults_found.extend(faults(error.messages))

    def _columns(self, arguments: MultiDict[str, str], faults_found: list[str]) -> tuple[str, ...] | None:
        asked: list[tuple[int, str]] = []
        for key in arguments:
            if (match := _COLUMN_KEY.fullmatch(key)) is not None:
                place = int(match[1]) if match[1] else 0
                asked.extend((place, column) for column in arguments.getlist(key))
        if not asked:
            return None
        asked.sort(key=lambda item: item[0])
        schema = self.answer.schema
        known = schema.columns() if schema else {}
        if any(column == "*" for _, column in asked):
            return tuple(known)
        columns = tuple(dict.fromkeys(column for _, column in asked))
        faults_found.extend(
            f"Unknown column '{column}' in parameter 'cols'." for column in columns if column not in known
        )
        return columns

    def _page(self, arguments: MultiDict[str, str], faults_found: list[str]) -> PageRequest:
        paging = self.paging
        assert paging is not None
        sort, descending, offset, limit = paging.sort, paging.descending, 0, paging.limit
        for key in arguments:
            if not key.startswith("pg["):
                continue
            text = arguments[key]
            if len(arguments.getlist(key)) > 1:
                faults_found.append(f"Parameter '{key}' was given more than once.")
            match key:
                case "pg[limit]":
                    limit = _whole(key, text, 1, MAX_LIMIT, faults_found)
                case "pg[offset]":
                    offset = _whole(key, text, 0, MAX_ID, faults_found)
                case "pg[sortBy]" if paging.sort is not None:
                    if text not in paging.by:
                        faults_found.append(f"Unknown column '{text}' in parameter 'pg[sortBy]'.")
                    sort = text
                case "pg[sortDir]" if paging.sort is not None:
                    if text not in ("asc", "desc"):
                        faults_found.append("Parameter 'pg[sortDir]' must be one of: asc, desc.")
                    descending = text == "desc"
        return PageRequest(sort, descending, offset, limit)


def parse_json(body: bytes) -> Any:
    """Read JSON as Make would, and refuse what could not be written back.

    Raises:
        BadRequest: if it is not JSON, or nested too deep.
    """
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The body is not valid JSON: {error}.", suberrors=[]) from None
    if too_deep(data):
        raise BadRequest("The body is nested too deep.", suberrors=[])
    return data


def _whole(key: str, text: str, least: int, most: int, faults_found: list[str]) -> int:
    if _NUMBER.fullmatch(text) and least <= int(text) <= most:
        return int(text)
    faults_found.append(f"Parameter '{key}' must be a whole number from {least} to {most}.")
    return least


def _row_name(attribute: str) -> str:
    """``team`` for ``team_id``, ``stores`` for ``store_ids``."""
    if attribute.endswith("_ids"):
        return attribute.removesuffix("_ids") + "s"
    return attribute.removesuffix("_id")


def _refs(schema: ma.Schema | None) -> tuple[tuple[str, str], ...]:
    found = []
    for name, form in schema.load_fields.items() if schema else ():
        inner = form.inner if isinstance(form, Many) else form
        if isinstance(inner, Ref):
            found.append((name, inner.kind))
    return tuple(found)


class Group:
    """The endpoints of one resource group, in the order of their declaration."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.endpoints: list[Endpoint] = []

    def route(
        self,
        method: str,
        path: str,
        *,
        scopes: Sequence[str],
        answer: Envelope,
        query: type[Query] | None = None,
        body: type[Body] | None = None,
        raw_body: bool = False,
        paging: Paging | None = None,
        cols: bool = False,
        plan: str | None = None,
        rate_limited: bool = True,
        core: int | tuple[int, ...] = (),
        evidence: str = "",
    ) -> Callable[[Handler], Handler]:
        """Declare a route.

        Args:
            scopes: the scopes that a token must all have.
            raw_body: the body is an object whose names are the caller's.
            plan: the field of `License` that must be true in the owning organization.
            rate_limited: whether calls count against the organization's limit.
            core: the numbers of the route among the 47 documented ones.
            evidence: where the behaviour is known from, for the routes' table.
        """

        def declare(handler: Handler) -> Handler:
            query_schema, body_schema = query() if query else None, body() if body else None
            endpoint = Endpoint(
                method=method,
                path=path,
                handler=handler,
                tag=self.tag,
                scopes=tuple(scopes),
                answer=answer,
                query=query_schema,
                body=body_schema,
                raw_body=raw_body,
                paging=paging,
                cols=cols,
                plan=plan,
                rate_limited=rate_limited,
                core=(core,) if isinstance(core, int) else core,
                evidence=evidence,
                path_types=tuple((name, PATH_KINDS.get(name)) for name in _PARAMETER.findall(path)),
                body_refs=_refs(body_schema),
                query_refs=_refs(query_schema),
            )
            self.endpoints.append(endpoint)
            return handler

        return declare

    def get(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        return self.route("GET", path, **declaration)

    def post(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        return self.route("POST", path, **declaration)

    def put(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        return self.route("PUT", path, **declaration)

    def patch(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        return self.route("PATCH", path, **declaration)

    def delete(self, path: str, **declaration: Any) -> Callable[[Handler], Handler]:
        return self.route("DELETE", path, **declaration)
