"""URL rules of the application, and the paths that they match."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, Map, MapAdapter, Rule, RuleFactory
from werkzeug.routing.rules import RulePart, Weighting

from .endpoint import ENCODED_SLASH, Endpoint
from .endpoint_table import EndpointTable, first_segment

API_PREFIX = "/api/v2"

#: Paths whose rule is remembered, and the length of a path that is not.
_REMEMBERED_PATHS = 4_096
_MAX_REMEMBERED = 200


class MatchOnlyRule(Rule):
    """URL rule that only matches, in a time that does not grow with the number of rules.

    Compiling the unused URL builder would take a third of the application's start-up time.
    """

    #: True if Flask answers OPTIONS by itself; set by Flask.
    provide_automatic_options = False

    def _parse_rule(self, rule: str) -> Iterator[RulePart]:
        """Returns the parts of the rule; Werkzeug merges equal ones of different rules, and tries the others in turn.

        A parameter would differ from the same one of another rule by its weight alone, which counts what the rest of the rule
        has too: the weight of its own converter remains.
        """
        for part in super()._parse_rule(rule):
            if part.static or part.final:
                yield part
            else:
                weights = part.weight.argument_weights[:1]
                yield replace(part, weight=Weighting(0, [], -len(weights), weights))

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        def build(self: Rule, **values: object) -> tuple[str, str]:
            raise NotImplementedError("the emulator builds no URLs from its rules")

        return build


class SharedMap(Map):
    """Map of URL rules that is compiled when a request needs it, once for all applications of a process that have the same rules.

    Compiling the rules of the control API and the dashboard would take four fifths of the time in which an application is made.
    """

    def __init__(self) -> None:
        super().__init__(merge_slashes=False)
        self._declared: list[Rule] = []
        self._compiled: Map | None = None

    def add(self, rulefactory: RuleFactory) -> None:
        self._declared.extend(rulefactory.get_rules(self))
        self._compiled = None

    def update(self) -> None:
        self._map().update()

    def bind(self, *args: Any, **options: Any) -> MapAdapter:
        return self._map().bind(*args, **options)

    def bind_to_environ(self, *args: Any, **options: Any) -> MapAdapter:
        return self._map().bind_to_environ(*args, **options)

    def iter_rules(self, endpoint: Any = None) -> Iterator[Rule]:
        return self._map().iter_rules(endpoint)

    def is_endpoint_expecting(self, endpoint: Any, *arguments: str) -> bool:
        return self._map().is_endpoint_expecting(endpoint, *arguments)

    def _map(self) -> Map:
        if (compiled := self._compiled) is None:
            keys = tuple(map(_RuleKey.of, self._declared))
            if None in keys or self.converters != self.default_converters:
                copies = [_copy(rule) for rule in self._declared]
                compiled = Map(copies, converters=self.converters, merge_slashes=False)
            else:
                compiled = _compile_shared(keys)
            self._compiled = compiled
        return compiled


class _RuleKey(NamedTuple):
    """The parts of a rule without further options; rules that have them in common match alike."""

    rule: str
    endpoint: str
    methods: frozenset[str]
    provide_automatic_options: bool

    @classmethod
    def of(cls, rule: Rule) -> _RuleKey | None:
        others = {**rule.get_empty_kwargs(), "endpoint": None, "methods": None}
        if not isinstance(rule, MatchOnlyRule) or not rule.methods or any(others.values()):
            return None
        return cls(rule.rule, rule.endpoint, frozenset(rule.methods), rule.provide_automatic_options)

    def to_rule(self) -> Rule:
        rule = MatchOnlyRule(self.rule, endpoint=self.endpoint, methods=self.methods)
        rule.provide_automatic_options = self.provide_automatic_options
        return rule


@lru_cache(maxsize=8)
def _compile_shared(keys: tuple[_RuleKey, ...]) -> Map:
    return Map([key.to_rule() for key in keys], merge_slashes=False)


def _copy(rule: Rule) -> Rule:
    """Returns a copy that is bound to no map."""
    copied = rule.empty()
    if isinstance(rule, MatchOnlyRule) and isinstance(copied, MatchOnlyRule):
        copied.provide_automatic_options = rule.provide_automatic_options
    return copied


def id_converter(literals: Iterable[str]) -> type[BaseConverter]:
    """Returns the converter of ids that are numbers.

    It takes any segment, so that a wrong id is refused as such, but those that belong to other routes: a word of a declared
    path, or words joined by hyphens. No route matches these, whatever the method.
    """
    words = "|".join(sorted(map(re.escape, literals)))

    class IdConverter(BaseConverter):
        """Converter of ids that are numbers."""

        regex = rf"(?!(?i:{words}|[a-z]+(?:-[a-z0-9]+)+)\Z)[^/]+"
        # Werkzeug would not see that the pattern matches within one segment, and try the rest of each rule as a pattern.
        part_isolating = True

    return IdConverter


class RouteMatch(NamedTuple):
    """Rule that a path matches, with the values of its parameters; or Werkzeug's error, if none does."""

    route: str | None
    values: Mapping[str, str]
    error: HTTPException | None = None


class RouteMatcher:
    """Matcher of the routes of a table of endpoints, which remembers the paths that it has matched lately."""

    def __init__(self, endpoints: EndpointTable) -> None:
        self._endpoints = endpoints
        #: By the first segment of the paths; ``None`` for the rules of all.
        self._adapters: dict[str | None, MapAdapter] = {}
        self._remembered = lru_cache(maxsize=_REMEMBERED_PATHS)(self._match)

    def match(self, method: str, path: str) -> RouteMatch:
        """Returns the route of a method and a path below the prefix of the API."""
        try:
            return (self._remembered if len(path) < _MAX_REMEMBERED else self._match)(method, path)
        except HTTPException as error:
            return RouteMatch(None, {}, error)

    def _match(self, method: str, path: str) -> RouteMatch:
        segment = first_segment(path.removeprefix(API_PREFIX))
        with suppress(HTTPException):
            route, values = self._adapter(segment).match(path, method)
            if self._endpoints[route].has_number_ids(values):
                return RouteMatch(route, values)
        # An id that is no number may be a word of any route.
        return RouteMatch(*self._adapter(None).match(path, method))

    def _adapter(self, segment: str | None) -> MapAdapter:
        adapter = self._adapters.get(segment)
        if adapter is None:
            endpoints = list(self._endpoints.values() if segment is None else self._endpoints.below(segment))
            adapter = url_map(endpoints).bind("")
            # Of the paths that callers think up, none is kept.
            if endpoints:
                self._adapters[segment] = adapter
        return adapter


def url_map(endpoints: Collection[Endpoint]) -> Map:
    """Returns the URL rules of endpoints, below the prefix of the API."""
    words = {word for endpoint in endpoints for word in endpoint.literal_segments}
    return Map(
        [
            MatchOnlyRule(API_PREFIX + each.url_rule, endpoint=each.route, methods=[each.method])
            for each in endpoints
        ],
        converters={"id": id_converter(words)},
        merge_slashes=False,
    )


def request_path(environ: WSGIEnvironment) -> str:
    """Returns the path of a request, as Werkzeug reads it."""
    path: str = environ.get("PATH_INFO") or "/"
    if not path.isascii():
        path = path.encode("latin-1").decode(errors="replace")
    return path if path[:1] == "/" != path[1:2] else "/" + path.lstrip("/")


class EncodedSlashMiddleware:
    """WSGI middleware that keeps an encoded slash (``%2F``) inside a path segment, such as a record's key.

    WSGI servers decode a path before it is split, or leave encoded slashes as they are; either way the
    difference is lost. Here it is read from the request line.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = str(environ.get("REQUEST_URI", "")).partition("?")[0]
        if "%2f" in path.lower():
            segments = [unquote(segment).replace("/", ENCODED_SLASH) for segment in path.split("/")]
            environ["PATH_INFO"] = "/".join(segments).encode(errors="replace").decode("latin-1")
        return self._app(environ, start_response)
