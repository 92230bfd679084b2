"""Declarations of the API's routes.

From each follow the URL rule, the scope check, the plan gate, paging and columns, the look-up of every resource
that the caller names, the OpenAPI operation and the row in ``make-emulator routes``::

    @group.get("/scenarios/{scenarioId}", scopes=["scenarios:read"], response=one("scenario", ScenarioOut), core=2)
    def get_scenario(call: Call, scenario: Scenario) -> Scenario:
        \"\"\"Get a scenario.\"\"\"
        return scenario

Every id in the path, the query or the body (a `schemas.base.ResourceId` field, or a path name of `PATH_PARAMETER_KINDS`) is found
through the caller's visibility before the handler runs, which gets the row under the name without ``Id``.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeVar

import orjson
from werkzeug.datastructures import MultiDict

from ..engine.run_state import AgentRun
from ..lazy_dataclasses import dataclass
from ..plain_text import printable
from ..policies.resources import Access
from ..schemas import ma
from ..schemas.base import (
    MAX_DEPTH,
    MAX_ID,
    BodySchema,
    Bool,
    ListField,
    QuerySchema,
    ResourceId,
    is_too_deep,
    validation_messages,
)
from ..world.models import Agent, Organization, Token, User
from ..world.schema import path_parameter_kinds, text_id_parameters
from ..world.tables import Row, Selection
from ..world.visibility import Visibility
from ..world.world import World
from .envelope import Envelope
from .errors import BadRequestError, RequestValidationError
from .paging import PageRequest, Paging, parse_columns, parse_page
from .parameter_hints import explain_issues

#: Path parameter -> the kind of resource whose id it is.
PATH_PARAMETER_KINDS = {
    **path_parameter_kinds(),
    # A private space is a team of one user.
    "privateSpaceId": "team",
}

#: The path parameters whose ids are text.
TEXT_ID_PARAMETERS = text_id_parameters()

_PARAMETER = re.compile(r"\{(\w+)\}")
_NUMBER = re.compile(r"[0-9]{1,16}", re.ASCII)
_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)

#: Placeholder of an encoded slash inside one segment of a path, until the path is split.
ENCODED_SLASH = "\uf8ff"


@lru_cache
def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


class Reference(NamedTuple):
    """Reference of a request to a resource.

    Args:
        name: the name of the handler's parameter.
        kind: the kind of the resource.
        id: its id, or a list of ids.
        parameter: the name of the parameter of query or body; ``None`` for one of the path.
    """

    name: str
    kind: str
    id: Any
    parameter: str | None = None


@dataclass(slots=True)
class ParsedParameters:
    """Parameters of a request, parsed and validated, before anything is looked up."""

    # What the schemas load: each handler knows the types of its own.
    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict, repr=False)
    page: PageRequest | None = None
    columns: tuple[str, ...] | None = None
    #: The query as it came, for names of the caller's choosing.
    arguments: MultiDict[str, str] = field(default_factory=MultiDict)
    #: Every resource that the request names, those of the path first.
    references: list[Reference] = field(default_factory=list)


@dataclass(slots=True)
class ApiCall:
    """An admitted request, as a handler gets it."""

    world: World
    user: User
    token: Token
    visibility: Visibility
    endpoint: Endpoint
    parameters: ParsedParameters = field(default_factory=ParsedParameters)
    #: Handler's parameter -> the row, or rows, that the request names.
    rows: dict[str, Any] = field(default_factory=dict)
    organization: Organization | None = None
    #: The agent that calls; ``None`` for a caller that is none.
    agent: Agent | None = None
    #: Of an agent whose grants allow some of the resources of a list: true for the ids of those.
    may_list: Callable[[str], bool] | None = None
    #: The ids of the resources that a filtered list has shown.
    listed: list[str] = field(default_factory=list)
    #: Of an agent whose runs are checked: the runs that the call starts.
    agent_run: AgentRun | None = None
    #: What the caller should know though the call is served; sent in a header, and shown in the request log.
    warnings: list[str] = field(default_factory=list)

    @property
    def query(self) -> dict[str, Any]:
        return self.parameters.query

    @property
    def body(self) -> dict[str, Any]:
        return self.parameters.body

    @property
    def page(self) -> PageRequest | None:
        return self.parameters.page

    @property
    def confirmed(self) -> bool:
        return bool(self.query.get("confirmed"))

    def permitted(self, rows: Selection[Row]) -> Selection[Row]:
        """Returns those rows of a list that the grants of the agent allow; all of them for a caller that is none.

        For a handler that counts or pages its rows itself: any other list is filtered when it is rendered.
        """
        may_list, attribute = self.may_list, self.endpoint.lists
        if may_list is None or attribute is None:
            return rows
        return rows.filter(lambda row: may_list(str(getattr(row, attribute))))

    def page_of(self, rows: Selection[Row]) -> list[Row]:
        """Returns the requested page of some rows, for a handler that changes them before they are rendered."""
        page, paging = self.page, self.endpoint.paging
        assert page is not None
        assert paging is not None
        return rows.page(
            paging.sort_key(page.sort), descending=page.descending, offset=page.offset, limit=page.limit
        )


@dataclass(frozen=True, slots=True)
class PublicCall:
    """A request to an endpoint that takes no token, as its handler gets it; it knows no world."""

    parameters: ParsedParameters
    #: Scheme and host that were called.
    origin: str = ""

    @property
    def body(self) -> dict[str, Any]:
        return self.parameters.body


class ConfirmableQuery(QuerySchema):
    """Query of a request that may need ``confirmed=true``."""

    confirmed = Bool(load_default=False)


SchemaT = TypeVar("SchemaT", bound=ma.Schema)

Handler = Callable[..., Any]
"""Function of an `ApiCall` and the rows that the path and the body name; returns what the envelope renders."""


AccessRule = Callable[[ApiCall], Iterable[Access]]
"""Function of a resolved call; returns the accesses that it needs of an agent."""


@dataclass(frozen=True, slots=True)
class NoPermissionRequired:
    """Declaration that an endpoint requires no permission of the user's role, with the reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A declared route."""

    method: str
    path: str
    handler: Handler
    tag: str
    scopes: tuple[str, ...]
    response: Envelope
    query_schema: type[QuerySchema] | None = None
    body_schema: type[BodySchema] | None = None
    raw_body: bool = False
    secret_body: bool = False
    paging: Paging | None = None
    cols: bool = False
    plain_cols: bool = False
    plan: str | None = None
    rate_limited: bool = True
    spans_organizations: bool = False
    status: int = 200
    #: True if it takes no token: the handler gets a `PublicCall`.
    is_public: bool = False
    #: True if errors are answered as ``{"error": text}``.
    plain_errors: bool = False
    core: tuple[int, ...] = ()
    evidence: str = ""
    permissions: tuple[str, ...] = ()
    permission_of: Mapping[str, str] = field(default_factory=dict)
    #: Reason for requiring no permission; ``None`` if there are permissions.
    no_permission: str | None = None
    path_types: tuple[tuple[str, str | None], ...] = ()
    lists: str | None = None
    accesses: AccessRule | None = None

    @property
    def name(self) -> str:
        return self.handler.__name__

    @property
    def query(self) -> QuerySchema | None:
        """Schema of the query, made when it is first used: it copies all its fields."""
        return None if self.query_schema is None else _schema(self.query_schema)

    @property
    def body(self) -> BodySchema | None:
        """Schema of the body, made when it is first used."""
        return None if self.body_schema is None else _schema(self.body_schema)

    @property
    def query_refs(self) -> Sequence[tuple[str, str, str]]:
        """Attribute, resource kind and parameter of each id in the query."""
        return () if self.query_schema is None else _reference_fields(self.query_schema)

    @property
    def body_refs(self) -> Sequence[tuple[str, str, str]]:
        """Attribute, resource kind and parameter of each id in the body."""
        return () if self.body_schema is None else _reference_fields(self.body_schema)

    @property
    def summary(self) -> str:
        return (inspect.getdoc(self.handler) or "").partition("\n")[0].rstrip(".")

    def required_permissions(self, body: Mapping[str, Any]) -> Iterable[str]:
        """Returns the permissions that a request with that body requires."""
        if not self.permission_of or not body:
            return self.permissions
        own = [self.permission_of[part] for part in body if part in self.permission_of]
        return own if len(own) == len(body) else [*self.permissions, *own]

    @property
    def route(self) -> str:
        """Method and path, such as ``GET /scenarios/{scenarioId}``."""
        return f"{self.method} {self.path}"

    def fill_path(self, values: Mapping[str, str]) -> str:
        """Returns the path with its parameters replaced; slashes in values are encoded."""
        return _PARAMETER.sub(lambda match: values[match[1]].replace("/", "%2F"), self.path)

    @property
    def url_rule(self) -> str:
        """Path in the notation of Werkzeug; an id that is a number has the converter ``id``."""
        numbers = {name for name, kind in self.path_types if kind and name not in TEXT_ID_PARAMETERS}
        return _PARAMETER.sub(
            lambda match: f"<id:{match[1]}>" if match[1] in numbers else f"<{match[1]}>", self.path
        )

    def has_number_ids(self, values: Mapping[str, str]) -> bool:
        """Returns true if those parameters of a path that are ids and numbers have digits only."""
        return all(
            values[name].isdecimal()
            for name, kind in self.path_types
            if kind and name not in TEXT_ID_PARAMETERS
        )

    @property
    def literal_segments(self) -> Iterable[str]:
        """The segments of the path that are no parameters."""
        return (segment for segment in self.path.split("/") if segment and "{" not in segment)

    def parse(
        self, path: Mapping[str, str], arguments: MultiDict[str, str], body: bytes | None
    ) -> ParsedParameters:
        """Parses and validates path, query and body; ``body`` is ``None`` where the endpoint has none.

        Raises:
            BadRequestError: if an id of the path is no number.
            RequestValidationError: if a parameter is missing, unknown or wrong; it names all of them.
            BadRequestError: if the body is not JSON.
        """
        parsed = ParsedParameters(arguments=arguments)
        issues: list[str] = []
        for name, kind in self.path_types:
            text = path[name]
            if kind is None:
                parsed.path[snake_case(name)] = text.replace(ENCODED_SLASH, "/")
            elif name in TEXT_ID_PARAMETERS:
                parsed.references.append(Reference(_resource_name(snake_case(name)), kind, text))
            elif not _INTEGER.fullmatch(text):
                raise BadRequestError(
                    "Invalid key, not parsable to integer",
                    suberrors=[],
                    hint=f"'{text[:100]}' is no {name}, which is a whole number.",
                )
            elif _NUMBER.fullmatch(text) and 0 < int(text) <= MAX_ID:
                parsed.references.append(Reference(_resource_name(snake_case(name)), kind, int(text)))
            else:
                issues.append(f"Invalid value of parameter '{name}'.")
        if arguments or self.query is not None:
            self._load_query(parsed, issues)
        elif self.paging is not None:
            parsed.page = parse_page(arguments, self.paging, issues)
        if body is not None:
            self._load_body(parsed, body, issues)
        if issues:
            hint = explain_issues(self.route, (self.query, self.body), issues)
            raise RequestValidationError(issues, hint=hint)
        for references, values in ((self.query_refs, parsed.query), (self.body_refs, parsed.body)):
            for attribute, kind, parameter in references:
                if values.get(attribute) is not None:
                    name = _resource_name(attribute)
                    parsed.references.append(Reference(name, kind, values[attribute], parameter))
        return parsed

    def resolve(self, call: ApiCall) -> None:
        """Looks up every row that the parameters name, through the caller's visibility.

        Raises:
            NotFoundError: if one does not exist or the caller may not see it.
            OwnerNotVisibleError: if that is the team or the organization of a query or a body (Make's IM002).
        """
        visibility = call.visibility
        for name, kind, id, parameter in call.parameters.references:
            if isinstance(id, list):
                call.rows[name] = [_find_row(visibility, kind, each, parameter) for each in id]
                continue
            call.rows[name] = row = _find_row(visibility, kind, id, parameter)
            if call.organization is None and kind != "user":
                call.organization = visibility.organization_of(row)

    def handle(self, call: ApiCall) -> dict[str, Any]:
        """Runs the handler on an admitted call, and renders its result as the JSON of the response."""
        parameters = call.parameters
        result = self.handler(call, **parameters.path, **call.rows)
        page = parameters.page
        if page is None or self.paging is None:
            if call.may_list is not None:
                result = self._permitted(call, result)
            return self.response.render(call.world, result, parameters.columns)
        rows, extra = result if isinstance(result, tuple) else (result, {})
        if isinstance(rows, Selection):
            rows = call.page_of(call.permitted(rows))
        if call.may_list is not None:
            rows = self._permitted(call, rows)
        rendered = self.response.render(call.world, rows, parameters.columns)
        return {**rendered, **extra, "pg": extra.get("pg") or page.to_json()}

    def _permitted(self, call: ApiCall, result: Any) -> Any:
        """Returns the result of a list with the rows that the grants of the agent allow, whose ids the call keeps."""
        if isinstance(result, dict):
            key = next(iter(self.response.fields))
            return {**result, key: self._permitted(call, result[key])}
        assert call.may_list is not None
        rows = []
        for row in result:
            id = str(getattr(row, self.lists or "id"))
            if call.may_list(id):
                call.listed.append(id)
                rows.append(row)
        return rows

    def _load_query(self, parsed: ParsedParameters, issues: list[str]) -> None:
        arguments = parsed.arguments
        if self.cols:
            parsed.columns = parse_columns(arguments, self.response.schema, issues, is_plain=self.plain_cols)
        if self.paging is not None:
            parsed.page = parse_page(arguments, self.paging, issues)
        if self.query is not None:
            values: dict[str, str | tuple[str, ...]] = {}
            for name, form in self.query.load_fields.items():
                key = form.data_key or name
                if isinstance(form, ListField):
                    if items := (*arguments.getlist(f"{key}[]"), *arguments.getlist(key)):
                        values[key] = items
                elif (given := arguments.getlist(key)) != []:
                    values[key] = given[0]
                    if len(given) > 1:
                        issues.append(f"Parameter '{key}' was given more than once.")
            try:
                is_short = all(isinstance(value, str) and len(value) < 200 for value in values.values())
                load = _load_values if is_short else _load_values.__wrapped__
                parsed.query = dict(load(self.query, tuple(values.items())))
            except ma.ValidationError as error:
                issues.extend(validation_messages(error.messages))

    def _load_body(self, parsed: ParsedParameters, body: bytes, issues: list[str]) -> None:
        data = parse_json(body) if body.strip() else {}
        if self.raw_body:
            if not isinstance(data, dict):
                raise BadRequestError("The body must be a JSON object.", suberrors=[])
            parsed.body = data
        elif self.body is not None:
            try:
                parsed.body = self.body.load(data)
            except ma.ValidationError as error:
                issues.extend(validation_messages(error.messages))


@lru_cache(maxsize=1024)
def _load_values(
    schema: QuerySchema, values: tuple[tuple[str, str | tuple[str, ...]], ...]
) -> Mapping[str, Any]:
    """Returns the loaded values of a query: most queries have the values of an earlier one.

    Raises:
        ma.ValidationError: if one is missing or wrong.
    """
    loaded: Mapping[str, Any] = schema.load(
        {name: list(value) if isinstance(value, tuple) else value for name, value in values}
    )
    return loaded


def parse_json(body: bytes) -> Any:
    """Parser for JSON as Make reads it.

    Raises:
        BadRequestError: if it is not JSON, or nested too deep.
    """
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequestError(
            _json_error_text(body, error.pos), suberrors=[], hint=f"The body is not valid JSON: {error}."
        ) from None
    # An opening bracket a level: most bodies need not be traversed.
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and is_too_deep(data):
        raise BadRequestError("The body is nested too deep.", suberrors=[])
    return data


def _json_error_text(body: bytes, position: int) -> str:
    """Returns the text of Make's JSON reader, that of Node, for a body that is not JSON (a client of a sister product)."""
    text = body.decode(errors="replace")
    if position >= len(text.rstrip()):
        return "Unexpected end of JSON input"
    return f"Unexpected token {printable(text[position])} in JSON at position {position}"


def _permissions(permission: str | Sequence[str] | NoPermissionRequired) -> tuple[str, ...]:
    if isinstance(permission, NoPermissionRequired):
        return ()
    return (permission,) if isinstance(permission, str) else tuple(permission)


def _find_row(visibility: Visibility, kind: str, id: Any, parameter: str | None) -> Any:
    """Returns the row that a path names, or a parameter of a query or a body.

    Raises:
        NotFoundError, OwnerNotVisibleError: as `Endpoint.resolve`.
    """
    if parameter is not None and kind in ("team", "organization"):
        return visibility.find_owner(kind, id, parameter)
    return visibility.find(kind, id)


@lru_cache
def _resource_name(attribute: str) -> str:
    """``team`` for ``team_id``, ``stores`` for ``store_ids``."""
    if attribute.endswith("_ids"):
        return attribute.removesuffix("_ids") + "s"
    return attribute.removesuffix("_id")


@cache
def _schema(schema: type[SchemaT]) -> SchemaT:
    return schema()


@cache
def _reference_fields(schema: type[ma.Schema]) -> tuple[tuple[str, str, str], ...]:
    found = []
    for name, form in _schema(schema).load_fields.items():
        inner = form.inner if isinstance(form, ListField) else form
        if isinstance(inner, ResourceId):
            found.append((name, inner.kind, form.data_key or name))
    return tuple(found)


class EndpointGroup:
    """Endpoints of one resource group, in the order of their declaration."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.endpoints: list[Endpoint] = []

    def route(
        self,
        method: str,
        path: str,
        *,
        scopes: Sequence[str],
        response: Envelope,
        query: type[QuerySchema] | None = None,
        body: type[BodySchema] | None = None,
        raw_body: bool = False,
        secret_body: bool = False,
        paging: Paging | None = None,
        cols: bool = False,
        plain_cols: bool = False,
        plan: str | None = None,
        permission: str | Sequence[str] | NoPermissionRequired = (),
        permission_of: Mapping[str, str] | None = None,
        rate_limited: bool = True,
        spans_organizations: bool = False,
        status: int = 200,
        is_public: bool = False,
        plain_errors: bool = False,
        lists: str | None = None,
        accesses: AccessRule | None = None,
        core: int | None = None,
        evidence: str = "",
    ) -> Callable[[Handler], Handler]:
        """Declares a route.

        Args:
            scopes: all the scopes that the token needs.
            raw_body: true if the body is an object with names of the caller's choosing.
            secret_body: true if the body has credentials: the request log keeps only the names of its fields.
            plain_cols: true if columns are chosen by ``cols`` as well as by ``cols[]``.
            plan: the field of `License` that must be true in the owning organization.
            permission: the permissions that the user's role needs in each team, or organization, that the request names;
                or the reason for requiring none.
            permission_of: the permissions that parts of the body need instead.
            rate_limited: false if calls do not count against the organization's limit.
            spans_organizations: true if it creates or deletes what is not of one organization, so that an access token of OAuth, which is
                bound to one, does not suffice.
            status: the status of a success.
            is_public: true if it takes no token.
            plain_errors: true if errors are answered as ``{"error": text}``.
            lists: of a list of resources that can be granted one by one, the attribute of its rows that is the id of the resource:
                an agent gets those that its grants allow.
            accesses: the accesses that a request needs of an agent, where they do not follow from the scopes and the rows
                that it names.
            core: the number of the route among the 47 documented ones.
            evidence: the source of the behaviour, for the table of routes.
        """

        def declare(handler: Handler) -> Handler:
            endpoint = Endpoint(
                method=method,
                path=path,
                handler=handler,
                tag=self.tag,
                scopes=tuple(scopes),
                response=response,
                query_schema=query,
                body_schema=body,
                raw_body=raw_body,
                secret_body=secret_body,
                paging=paging,
                cols=cols or plain_cols,
                plain_cols=plain_cols,
                plan=plan,
                rate_limited=rate_limited,
                spans_organizations=spans_organizations,
                status=status,
                is_public=is_public,
                plain_errors=plain_errors,
                core=() if core is None else (core,),
                evidence=evidence,
                permissions=_permissions(permission),
                permission_of=permission_of or {},
                no_permission=permission.reason if isinstance(permission, NoPermissionRequired) else None,
                path_types=tuple((name, PATH_PARAMETER_KINDS.get(name)) for name in _PARAMETER.findall(path)),
                lists=lists,
                accesses=accesses,
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
