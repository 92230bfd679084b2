"""Rules on the order of modules: aggregators, routes, error handlers, schedules, calls of other scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...engine.apps import catalog
from ...engine.apps.scenarios import CALLING_MODULES
from ...engine.blueprints.parser import ROUTER, fallback_route_index
from ...json_patch import replace
from ...json_types import Json, as_array, as_mapping, as_mappings, is_integer
from ...world.blueprint_refs import iter_modules
from ..document import LintDocument, LintModule
from ..finding import Issue, rule
from ..repairs.flow import move_into_handler, move_to_end, set_feeder

#: Directives that only an error handler can give.
_HANDLER_DIRECTIVES = frozenset({"builtin:Break", "builtin:Ignore", "builtin:Resume"})
_DIRECTIVES = _HANDLER_DIRECTIVES | {"builtin:Commit", "builtin:Rollback"}


@rule("aggregator-without-source", "error")
def check_aggregators(document: LintDocument) -> Iterator[Issue]:
    """An aggregator has no source module, or one that is not before it, so it cannot know which bundles to combine."""
    for module in document.modules:
        if not catalog.is_aggregator(module.name):
            continue
        feeder = module.parameters.get("feeder")
        if isinstance(feeder, str) and feeder.isascii() and feeder.isdigit():
            feeder = int(feeder)
        if not is_integer(feeder):
            message = f"{_name(module)} has no source module in parameters.feeder."
        elif feeder not in module.before:
            message = f"The source module {feeder} of {module.label} is not before it."
        else:
            continue
        yield Issue(
            message=message,
            path=(*module.path, "parameters"),
            module_id=module.id,
            patch=set_feeder(document, module),
        )


@rule("misplaced-directive", "error")
def check_directives(document: LintDocument) -> Iterator[Issue]:
    """A directive of error handling stands outside of an error handler, or is not the last module of one."""
    for module in document.modules:
        if module.name in _HANDLER_DIRECTIVES and not module.is_in_handler:
            yield Issue(
                message=f"{_name(module)} works in an error handler (onerror) only.",
                path=module.path,
                module_id=module.id,
                patch=move_into_handler(document, module),
            )
        elif module.name in _DIRECTIVES and not module.is_last:
            yield Issue(
                message=f"{_name(module)} ends its route, so the modules behind it never run.",
                path=module.path,
                module_id=module.id,
                patch=move_to_end(module) if module.is_in_handler else (),
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


@rule("interval-too-short", "error")
def check_schedule(document: LintDocument) -> Iterator[Issue]:
    """The scheduling has an interval below the plan's least one."""
    own = document.options.scheduling
    scheduling = own or as_mapping(document.blueprint.get("scheduling"))
    interval = scheduling.get("interval")
    least = document.options.least_minutes * 60
    if isinstance(interval, (int, float)) and not isinstance(interval, bool) and interval < least:
        repaired = int(least) if float(least).is_integer() else least
        yield Issue(
            message=f"The interval is {interval:g} seconds; the plan allows {least:g} or more.",
            path=("scheduling", "interval"),
            suggestion=f"Set it to {least:g}.",
            patch=() if own else (replace(("scheduling", "interval"), repaired),),
            scheduling_patch=(replace(("interval",), repaired),) if own else (),
        )


@rule("scenario-loop", "warning")
def check_calls(document: LintDocument) -> Iterator[Issue]:
    """The scenario calls itself, directly or by way of others, which can go on until the limit of nested calls."""
    own = document.options.scenario_id
    if own is None:
        return
    for module in document.modules:
        called = _called_scenario(module.node)
        if called is not None and _reaches(called, own, document.options.called_blueprints):
            how = "itself" if called == own else f"scenario {called}, which calls this one again"
            yield Issue(message=f"{_name(module)} calls {how}.", path=module.path, module_id=module.id)


def _called_scenario(node: Mapping[str, Json]) -> int | None:
    if node.get("module") not in CALLING_MODULES:
        return None
    for part in (node.get("mapper"), node.get("parameters")):
        id = as_mapping(part).get("scenarioId")
        if is_integer(id):
            return id
        if isinstance(id, str) and id.isascii() and id.isdigit() and len(id) < 12:
            return int(id)
    return None


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
        pending.extend(called for node in nodes if (called := _called_scenario(node)) is not None)
    return False


@rule("http-without-handler", "info")
def check_http_modules(document: LintDocument) -> Iterator[Issue]:
    """An HTTP request has no error handler, so a service that is down ends the run with an error."""
    for module in document.modules:
        if module.app == "http" and not as_array(module.handler) and not module.is_in_handler:
            yield Issue(
                message=f"{_name(module)} has no error handler: a failed request ends the run.",
                path=module.path,
                module_id=module.id,
            )


def _name(module: LintModule) -> str:
    return module.label[:1].upper() + module.label[1:]
