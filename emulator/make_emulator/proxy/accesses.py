"""Accesses that a request to the zone needs of an agent, found without the state of the zone.

They are those of the emulator wherever the request names all that it concerns. Where the emulator looks something up, such as the
scenario of an incomplete execution, the access to the whole kind is needed here: never less than in the emulator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from ..http.endpoint import TEXT_ID_PARAMETERS, Endpoint, Reference
from ..json_types import Json, as_array, as_mapping
from ..policies.resources import (
    READ,
    RUN,
    WRITE,
    Access,
    Resource,
    endpoint_accesses,
    required_accesses,
    run_access,
    used_accesses,
)
from ..schemas.base import ListField, ResourceId

#: Number in a path, a query or a body -> how far it is looked at.
_MAX_DIGITS = 16


class NamedResources:
    """Ids that a request names, by the name of the parameter."""

    def __init__(
        self, endpoint: Endpoint, path: Mapping[str, str], query: Sequence[tuple[str, str]], body: Json
    ) -> None:
        self.endpoint = endpoint
        self.path = path
        self._query = query
        self._body = as_mapping(body)

    def references(self) -> list[Reference]:
        """Returns the resources that the path, the query and the body name."""
        return [*self._of_path(), *self._of_query(), *self._of_body()]

    def ids(self, name: str) -> list[str]:
        """Returns the ids of a parameter of the query or the body."""
        found = [text for key, text in self._query if key.partition("[")[0] == name]
        value = self._body.get(name)
        values = as_array(value) if isinstance(value, (list, tuple)) else [value]
        found += [str(each) for each in values if isinstance(each, (str, int)) and not isinstance(each, bool)]
        return found

    def has_unreadable_ids(self, name: str) -> bool:
        """Returns true if a list of ids of the body has something that is none."""
        value = self._body.get(name)
        return value is not None and len(self.ids(name)) != len(as_array(value))

    def _of_path(self) -> Iterator[Reference]:
        for name, kind in self.endpoint.path_types:
            if kind is not None:
                text = self.path[name]
                yield Reference(name, kind, text if name in TEXT_ID_PARAMETERS else _number(text))

    def _of_query(self) -> Iterator[Reference]:
        for name, kind in _declared(self.endpoint, "query"):
            for id in self.ids_in_query(name):
                yield Reference(name, kind, id, name)

    def _of_body(self) -> Iterator[Reference]:
        for name, kind in _declared(self.endpoint, "body"):
            value = self._body.get(name)
            for each in as_array(value) if isinstance(value, (list, tuple)) else [value]:
                if isinstance(each, (str, int)) and not isinstance(each, bool):
                    yield Reference(name, kind, _number(str(each)), name)

    def ids_in_query(self, name: str) -> list[str]:
        """Returns the ids of a parameter of the query."""
        return [_number(text) for key, text in self._query if key.partition("[")[0] == name]


def find_accesses(request: NamedResources) -> tuple[Access, ...]:
    """Returns the accesses that a request needs."""
    endpoint = request.endpoint
    if (rule := RULES.get(endpoint.route)) is not None:
        return tuple(rule(request))
    pairs = endpoint_accesses(endpoint.method, endpoint.path, endpoint.scopes)
    references = request.references()
    accesses = required_accesses(pairs, references)
    if endpoint.body_refs:
        named = [reference for reference in references if reference.parameter is not None]
        accesses += used_accesses({kind for kind, _ in pairs}, named)
    return accesses


def _declared(endpoint: Endpoint, place: str) -> Iterator[tuple[str, str]]:
    schema = endpoint.query if place == "query" else endpoint.body
    for name, field in schema.load_fields.items() if schema else ():
        inner = field.inner if isinstance(field, ListField) else field
        if isinstance(inner, ResourceId):
            yield field.data_key or name, inner.kind


def _number(text: str) -> str:
    """Returns the id that a text means: leading zeros do not count."""
    return str(int(text)) if text.isascii() and text.isdigit() and len(text) < _MAX_DIGITS else text


# --- endpoints whose accesses do not follow from their scopes ------------------------------------

Rule = Callable[[NamedResources], list[Access]]


def _of_path(kind: str, action: str, name: str) -> Rule:
    return lambda request: [Access(action, Resource(kind, _number(request.path[name])))]


def _of_kinds(*kinds: str) -> Rule:
    return lambda request: [Access(WRITE, Resource(kind)) for kind in kinds]


def _copy(kind: str, name: str) -> Rule:
    return lambda request: [*_of_path(kind, READ, name)(request), Access(WRITE, Resource(kind))]


def _selection(kind: str) -> Rule:
    """Returns the rule of a change of those resources that a body selects by their ids, or else of all."""

    def accesses(request: NamedResources) -> list[Access]:
        ids = request.ids("ids")
        if not ids or request.has_unreadable_ids("ids"):
            return [Access(WRITE, Resource(kind))]
        return [Access(WRITE, Resource(kind, _number(id))) for id in dict.fromkeys(ids)]

    return accesses


def _retry(request: NamedResources) -> list[Access]:
    return [*_of_path("dlqs", WRITE, "dlqId")(request), Access(RUN, Resource("scenarios"))]


def _retries(request: NamedResources) -> list[Access]:
    runs = [
        run_access(int(id)) if id.isdigit() else Access(RUN, Resource("scenarios"))
        for id in request.ids_in_query("scenarioId")
    ]
    return [*_selection("dlqs")(request), *(runs or [Access(RUN, Resource("scenarios"))])]


def _extension(request: NamedResources) -> list[Access]:
    ids: list[str | None] = [*request.ids("connectionId")]
    return [
        Access(WRITE, Resource("credential-requests")),
        *(Access(WRITE, Resource("connections", id)) for id in ids or [None]),
    ]


#: Route -> the accesses of a request, for those that declare their own.
RULES: Mapping[str, Rule] = {
    "POST /scenarios": _of_kinds("scenarios"),
    "PATCH /scenarios/{scenarioId}": _of_path("scenarios", WRITE, "scenarioId"),
    "POST /scenarios/{scenarioId}/clone": _copy("scenarios", "scenarioId"),
    "POST /scenarios/{scenarioId}/run": _of_path("scenarios", RUN, "scenarioId"),
    "DELETE /data-stores": _selection("data-stores"),
    "POST /data-structures/{dataStructureId}/clone": _copy("data-structures", "dataStructureId"),
    "PATCH /dlqs/{dlqId}": _of_path("dlqs", WRITE, "dlqId"),
    "DELETE /dlqs": _selection("dlqs"),
    "POST /dlqs/{dlqId}/retry": _retry,
    "POST /dlqs/retry": _retries,
    "DELETE /credential-requests/requests/{requestId}": lambda request: [
        *_of_path("credential-requests", WRITE, "requestId")(request),
        *_of_kinds("connections", "keys")(request),
    ],
    "POST /credential-requests/credentials/{credentialId}/decline": _of_kinds("credential-requests"),
    "POST /credential-requests/credentials/{credentialId}/delete-remote": _of_kinds(
        "credential-requests", "connections", "keys"
    ),
    "POST /credential-requests/credentials/{credentialId}/request-reauthorize": _of_kinds(
        "credential-requests"
    ),
    "POST /credential-requests/actions/extend": _extension,
    "PATCH /custom-property-structures/custom-property-structure-items/{customPropertyStructureItemId}": _of_kinds(
        "custom-property-structures"
    ),
    "DELETE /custom-property-structures/custom-property-structure-items/{customPropertyStructureItemId}": _of_kinds(
        "custom-property-structures"
    ),
}
