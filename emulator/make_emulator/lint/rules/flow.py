"""Rules on the order of modules: aggregators, routes, error handlers, schedules, calls of other scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...engine.apps import catalog
from ...engine.apps.scenarios import find_called_scenario
from ...engine.blueprints.parser import ROUTER, fallback_route_index
from ...engine.errors import ExpressionError
from ...engine.expressions.ast import Reference
from ...engine.expressions.template import Expression, parse_template
from ...engine.scheduling.schedule import MIN_INTERVAL, validate_scheduling
from ...json_patch import replace
from ...json_types import Json, as_array, as_mapping, as_mappings, is_integer
from ...world.blueprint_refs import iter_modules
from ...world.exceptions import IntervalTooShortError, InvalidParametersError, InvalidSchedulingTypeError
from ..document import LintDocument, LintModule
from ..finding import Issue, rule
from ..repairs.flow import move_into_handler, move_to_end, set_feeder

ITERATOR = "builtin:BasicFeeder"
#: Types of single values.
_SCALARS = frozenset({"text", "number", "integer", "uinteger", "boolean", "date", "email", "url", "time"})
#: Directives that only an error handler can give.
_HANDLER_DIRECTIVES = frozenset({"builtin:Break", "builtin:Ignore", "builtin:Resume"})
_DIRECTIVES = _HANDLER_DIRECTIVES | {"builtin:Commit", "builtin:Rollback"}


@rule("aggregator-without-source", "error", repair="the only module before it that outputs several bundles")
def check_aggregators(document: LintDocument) -> Iterator[Issue]:
    """An aggregator has no source module, or one that is not before it, so it cannot know which bundles to combine."""
    for module in document.modules:
        if not catalog.is_aggregator(module.name):
            continue
        feeder = module.parameters.get("feeder")
        if isinstance(feeder, str) and feeder.isascii() and feeder.isdigit():
            feeder = int(feeder)
        if not is_integer(feeder):
            message = f"{module.subject} has no source module in parameters.feeder."
        elif not document.is_before(feeder, module):
            message = f"The source module {feeder} of {module.label} is not before it."
        else:
            continue
        yield Issue(
            message=message,
            path=(*module.path, "parameters"),
            module_id=module.id,
            patch=set_feeder(document, module),
        )


@rule("misplaced-directive", "error", repair="it moves into a handler, or to the end of it")
def check_directives(document: LintDocument) -> Iterator[Issue]:
    """A directive of error handling stands outside of an error handler, or is not the last module of one."""
    for module in document.modules:
        if module.name in _HANDLER_DIRECTIVES and not module.is_in_handler:
            yield Issue(
                message=f"{module.subject} works in an error handler (onerror) only.",
                path=module.path,
                module_id=module.id,
                patch=move_into_handler(document, module),
            )
        elif module.name in _DIRECTIVES and not module.is_last:
            yield Issue(
                message=f"{module.subject} ends its route, so the modules behind it never run.",
                path=module.path,
                module_id=module.id,
                patch=move_to_end(module) if module.is_in_handler else (),
            )


@rule("iterator-without-array", "warning")
def check_iterators(document: LintDocument) -> Iterator[Issue]:
    """An iterator is given no array, so it outputs no bundle, or one."""
    for module in document.modules:
        if module.name != ITERATOR:
            continue
        array = module.mapper.get("array")
        problem = ""
        if array is None or array == "":
            problem = "has no array in mapper.array, so nothing runs behind it"
        elif isinstance(array, (int, float)) or (isinstance(array, str) and "{{" not in array):
            problem = f"is given {str(array)[:60]!r}, not an array, so it outputs one bundle"
        elif isinstance(array, Mapping):
            problem = "is given an object, not an array, so it outputs one bundle"
        elif isinstance(array, str):
            kind = _mapped_type(document, array)
            if kind in _SCALARS:
                problem = f"is given {array[:60]}, which is no array but a {kind}, so it outputs one bundle"
        if problem:
            yield Issue(
                message=f"{module.subject} {problem}.",
                path=(*module.path, "mapper", "array"),
                module_id=module.id,
                suggestion="Map an array of an earlier module, or parse JSON by a module json:ParseJSON first.",
            )


def _mapped_type(document: LintDocument, text: str) -> str:
    """Returns the declared type of what a text with one reference maps, empty if it is not known."""
    parts = parse_template(text)
    try:
        node = parts[0].node() if len(parts) == 1 and isinstance(parts[0], Expression) else None
    except ExpressionError:
        return ""
    if not isinstance(node, Reference) or not isinstance(node.root, int) or not node.path:
        return ""
    module = document.modules_by_id.get(node.root)
    fields: Json = module.metadata.get("interface") if module is not None else None
    kind = ""
    for step in node.path:
        if isinstance(step, int):
            return ""  # an item, whose type no interface says
        found = [field for field in as_mappings(fields) if field.get("name") == step]
        if len(found) != 1:
            return ""
        kind, fields = str(found[0].get("type", "")), found[0].get("spec")
    return kind


@rule("router-without-routes", "warning")
def check_routers(document: LintDocument) -> Iterator[Issue]:
    """A router has no route, so nothing runs behind it."""
    for module in document.modules:
        if module.name == ROUTER and not as_array(module.node.get("routes")):
            yield Issue(
                message=f"{module.subject} has no routes, so nothing runs behind it.",
                path=module.path,
                module_id=module.id,
                suggestion='Give it "routes": [{"flow": […]}, …], beside its id and its mapper.',
            )


@rule("unreachable-route", "warning")
def check_routes(document: LintDocument) -> Iterator[Issue]:
    """The fallback route of a router never runs, since another route takes every bundle."""
    for module in document.modules:
        if module.name != ROUTER:
            continue
        fallback = fallback_route_index(module.parameters)
        routes = as_mappings(module.node.get("routes"))
        if fallback is None or not 0 <= fallback < len(routes) or not as_array(routes[fallback].get("flow")):
            continue
        for place, route in enumerate(routes):
            flow = as_mappings(route.get("flow"))
            if place != fallback and flow and route.get("disabled") is not True and not _is_filtered(flow[0]):
                yield Issue(
                    message=f"The fallback route of {module.label} never runs: route {place + 1} has no filter.",
                    path=(*module.path, "routes", fallback),
                    module_id=module.id,
                )
                break


def _is_filtered(node: Mapping[str, Json]) -> bool:
    return bool(as_array(as_mapping(node.get("filter")).get("conditions")))


@rule("invalid-scheduling", "error")
def check_scheduling(document: LintDocument) -> Iterator[Issue]:
    """The scheduling lacks a part, or has one that does not exist, so that Make rejects it."""
    scheduling = document.scheduling
    if not scheduling:
        return
    try:
        validate_scheduling(scheduling, least_minutes=0)
        if scheduling.get("type") == "indefinitely" and scheduling.get("interval") is None:
            raise InvalidParametersError(
                "The scheduling has the type indefinitely, but no interval in seconds."
            )
    except IntervalTooShortError:
        return  # has a rule of its own
    except InvalidParametersError as error:
        message = error.hint or " ".join(error.issues)
    except InvalidSchedulingTypeError as error:
        message = error.hint or error.detail
    else:
        trigger = document.trigger
        if scheduling.get("type") != "immediately" or trigger is None or _is_instant(trigger):
            return
        message = f"Only a scenario with an instant trigger can run immediately; this one starts with {trigger.name}."
    yield Issue(message=message, path=("scheduling",))


def _is_instant(trigger: LintModule) -> bool:
    """Returns true for a trigger with a hook, and for one of which it is not known that it has none."""
    interpreted = trigger.interpreted
    if interpreted is not None:
        return interpreted.trigger == "webhook"
    known = trigger.known
    return known is None or known.hook_parameter is not None or known.kind in ("trigger", "trigger-instant")


@rule("interval-too-short", "error", repair="the least interval")
def check_schedule(document: LintDocument) -> Iterator[Issue]:
    """The scheduling has an interval below the plan's least one."""
    interval = document.scheduling.get("interval")
    least = max(MIN_INTERVAL, document.options.least_minutes * 60)
    if isinstance(interval, (int, float)) and not isinstance(interval, bool) and interval < least:
        repaired = int(least) if float(least).is_integer() else least
        yield Issue(
            message=f"The interval is {interval:g} seconds; the plan allows {least:g} or more.",
            path=("scheduling", "interval"),
            suggestion=f"Set it to {least:g}.",
            patch=() if document.options.scheduling else (replace(("scheduling", "interval"), repaired),),
            scheduling_patch=(replace(("interval",), repaired),) if document.options.scheduling else (),
        )


@rule("scenario-loop", "warning")
def check_calls(document: LintDocument) -> Iterator[Issue]:
    """The scenario calls itself, directly or by way of others, which can go on until the limit of nested calls."""
    own = document.options.scenario_id
    if own is None:
        return
    for module in document.modules:
        called = find_called_scenario(module.node)
        if called is not None and _reaches(called, own, document.options.called_blueprints):
            how = "itself" if called == own else f"scenario {called}, which calls this one again"
            yield Issue(message=f"{module.subject} calls {how}.", path=module.path, module_id=module.id)


def _reaches(start: int, target: int, blueprints: Mapping[int, Mapping[str, Json]]) -> bool:
    pending, seen = [start], set[int]()
    while pending:
        id = pending.pop()
        if id == target:
            return True
        if id in seen:
            continue
        seen.add(id)
        nodes = iter_modules(as_mapping(blueprints.get(id)).get("flow"))
        pending.extend(called for node in nodes if (called := find_called_scenario(node)) is not None)
    return False


@rule("http-without-handler", "info")
def check_http_modules(document: LintDocument) -> Iterator[Issue]:
    """HTTP requests have no error handler, so a service that is down ends the run with an error.

    Of a scenario that stores incomplete executions nothing is lost then. Other requests have one finding together.
    """
    settings = as_mapping(as_mapping(document.blueprint.get("metadata")).get("scenario"))
    modules = [
        module
        for module in document.modules
        if module.app == "http"
        and not module.is_in_handler
        and not as_array(module.handler)
        and not document.is_ignored("http-without-handler", module.id)
    ]
    if not modules or settings.get("dlq") is True:
        return
    first, *others = modules
    also = f", nor have the {len(others)} other HTTP modules" if len(others) > 1 else ""
    if len(others) == 1:
        also = f", nor has module {others[0].id}"
    yield Issue(
        message=f"{first.subject} has no error handler{also}: a failed request ends the run.",
        path=first.path,
        module_id=first.id,
    )
