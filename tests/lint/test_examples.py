"""Each rule of lint by an example that it finds, and by the closest one that is right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from helpers.lint import (
    JsonObject,
    blueprint,
    filtered,
    http,
    if_else,
    module,
    router,
    set_variable,
    slack,
    trigger,
)
from make_emulator.lint import RULES, Finding, LintOptions, lint
from make_emulator.mend import mend

RESOURCES: Mapping[str, Mapping[int, str]] = {
    "connection": {7: "slack3", 8: "google"},
    "dataStore": {3: ""},
    "dataStructure": {4: ""},
    "hook": {1: "gateway-webhook"},
    "key": {},
}


@dataclass(frozen=True, kw_only=True)
class Example:
    """A blueprint that has a mistake, and the closest one without it."""

    rule: str
    wrong: JsonObject
    right: JsonObject
    path: str
    says: str
    suggests: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    right_options: Mapping[str, Any] | None = None


def variable(value: Any, *before: JsonObject, hook: JsonObject | None = None) -> JsonObject:
    """A webhook, and a variable with a value as the last module."""
    return blueprint(hook or trigger(), *before, set_variable(9, value))


def described_hook(*fields: tuple[str, str]) -> JsonObject:
    return trigger(metadata={"interface": [{"name": name, "type": type} for name, type in fields]})


def equals(a: Any, b: Any, operator: str = "text:equal") -> JsonObject:
    return {"a": a, "o": operator, "b": b}


def iterator(id: int, array: Any) -> JsonObject:
    return module(id, "builtin:BasicFeeder", mapper={"array": array})


def aggregator(id: int, feeder: Any = None, name: str = "builtin:BasicAggregator") -> JsonObject:
    return module(id, name, parameters={} if feeder is None else {"feeder": feeder})


def merge(id: int, filters: list[Any], mappings: list[Any] | None = None) -> JsonObject:
    outputs = [] if mappings is None else [{"name": "total", "mappings": mappings}]
    return module(id, "builtin:BasicMerge", filters=filters, outputs=outputs)


def respond(id: int) -> JsonObject:
    return module(id, "gateway:WebhookRespond", mapper={"status": "200", "body": "ok", "headers": []})


def call(id: int, scenario: int) -> JsonObject:
    parameters = {"scenario": f"SCN_{scenario}", "shouldWaitForExecutionEnd": True}
    return module(id, "scenario-service:CallSubscenario", version=2, parameters=parameters)


def with_connection(type: str) -> JsonObject:
    restored = {"__IMTCONN__": {"label": "Mine", "data": {"connection": type}}}
    return slack(2, metadata={"restore": {"parameters": restored}})


def get_record(store: Any) -> JsonObject:
    return module(
        2, "datastore:GetRecord", parameters=store, mapper={"key": "{{1.id}}", "returnWrapped": True}
    )


EXAMPLES = [
    # --- structure -------------------------------------------------------------------------------
    Example(
        rule="invalid-structure",
        wrong={"name": "x", "flow": [trigger()]},
        right={"name": "x", "flow": [trigger()], "metadata": {}},
        path="",
        says="The blueprint should have required property 'metadata'.",
    ),
    Example(
        rule="invalid-structure",
        wrong={**blueprint(trigger()), "scheduling": {"type": "immediately"}},
        right=blueprint(trigger()),
        path="scheduling",
        says="A blueprint has no property 'scheduling' at its top",
        suggests="stands beside it",
    ),
    Example(
        rule="invalid-structure",
        wrong=blueprint(trigger(), module(2, "builtin:BasicRouter", routes=[{"flow": [], "filter": {}}])),
        right=blueprint(trigger(), router(2, [filtered(3, [equals("{{1.a}}", "1")])])),
        path="flow[1]",
        says="A route of module 2 has no property 'filter'",
    ),
    Example(
        rule="invalid-structure",
        wrong=variable("x", module(2, "json:CreateJSON", mapper='{"a": 1}')),
        right=variable("x", module(2, "json:CreateJSON", mapper={"a": 1})),
        path="flow[1]",
        says="'mapper' of module 2 is not an object.",
    ),
    Example(
        rule="invalid-structure",
        wrong=blueprint(trigger(), set_variable(2, "x", filter={"conditions": [equals("{{1.a}}", "1")]})),
        right=blueprint(trigger(), filtered(2, [equals("{{1.a}}", "1")])),
        path="flow[1]",
        says="The conditions of module 2 are not arrays of arrays.",
    ),
    Example(
        rule="invalid-structure",
        wrong=blueprint(trigger(), router(2, [set_variable(3, "x")]), set_variable(4, "y")),
        right=blueprint(trigger(), router(2, [set_variable(3, "x"), set_variable(4, "y")])),
        path="flow[2]",
        says="Module 2 has routes, so no module can follow it.",
    ),
    Example(
        rule="invalid-structure",
        wrong=blueprint(trigger(), set_variable(2, "x", onerror={"flow": [module(3, "builtin:Ignore")]})),
        right=blueprint(trigger(), set_variable(2, "x", onerror=[module(3, "builtin:Ignore")])),
        path="flow[1].onerror",
        says="A flow is not an array.",
    ),
    Example(
        rule="invalid-structure",
        wrong=blueprint(trigger(), if_else(2), merge(3, [None])),
        right=blueprint(trigger(), if_else(2), merge(3, [None, None])),
        path="flow[2]",
        says="Module 3 needs a filter or null for each branch that merges.",
    ),
    Example(
        rule="invalid-structure",
        wrong=blueprint(trigger(), if_else(2), merge(3, [None, None], ["{{52.v}}"])),
        right=blueprint(trigger(), if_else(2), merge(3, [None, None], ["{{52.v}}", "none"])),
        path="flow[2]",
        says="Output 'total' of module 3 needs a mapping for each branch that merges.",
    ),
    Example(
        rule="invalid-structure",
        wrong=blueprint(trigger(), if_else(2), set_variable(3, "x")),
        right=blueprint(trigger(), if_else(2), merge(3, [None, None])),
        path="flow[2]",
        says="Module 2 has branches, so only a merge can follow it.",
    ),
    Example(
        rule="invalid-module-id",
        wrong=blueprint(trigger(), set_variable("2", "x")),  # type: ignore[arg-type]
        right=blueprint(trigger(), set_variable(2, "x")),
        path="flow[1]",
        says="has the id '2'",
        suggests="Give it the id 2.",
    ),
    Example(
        rule="duplicate-module-id",
        wrong=blueprint(trigger(), router(2, [set_variable(3, "x")], [set_variable(3, "y")])),
        right=blueprint(trigger(), router(2, [set_variable(3, "x")], [set_variable(4, "y")])),
        path="flow[1].routes[1].flow[0].id",
        says="The id 3 of util:SetVariable2 is used by util:SetVariable2 already.",
    ),
    Example(
        rule="empty-scenario",
        wrong=blueprint(),
        right=blueprint(trigger()),
        path="flow",
        says="The scenario has no module",
    ),
    # --- apps, modules, versions -------------------------------------------------------------------
    Example(
        rule="no-such-module",
        wrong=variable("x", module(2, "myapp:doIt")),
        right=variable("x", module(2, "app#mine-a1b2c3:doIt")),
        path="flow[1].module",
        says="Make has no app 'myapp'.",
    ),
    Example(
        rule="no-such-module",
        wrong=variable("x", module(2, "builtin:Sleep")),
        right=variable("x", module(2, "util:FunctionSleep", mapper={"duration": 5})),
        path="flow[1].module",
        says="The app 'builtin' has no module 'builtin:Sleep'.",
        suggests="util:FunctionSleep",
    ),
    Example(
        rule="no-such-module",
        wrong=variable("x", http(2, version=1)),
        right=variable("x", http(2)),
        path="flow[1].module",
        says="'http:MakeRequest' exists in version 4, not in version 1.",
    ),
    Example(
        rule="unknown-module",
        wrong=blueprint(trigger(), module(2, "slack:SendMessage", version=4)),
        right=blueprint(trigger(), slack(2)),
        path="flow[1].module",
        says="No module 'slack:SendMessage' is known.",
        suggests="slack:CreateMessage",
    ),
    Example(
        rule="unknown-version",
        wrong=blueprint(trigger(), slack(2, version=1)),
        right=blueprint(trigger(), slack(2, version=4)),
        path="flow[1].version",
        says="known in version 3, 4, not in version 1",
        suggests="Use version 4.",
    ),
    Example(
        rule="outdated-version",
        wrong=blueprint(trigger(), slack(2, version=3)),
        right=blueprint(trigger(), slack(2, version=4)),
        path="flow[1].version",
        says="slack:CreateMessage has a version 4, this is version 3.",
    ),
    # --- connections and other resources -------------------------------------------------------------
    Example(
        rule="missing-connection",
        wrong=blueprint(trigger(), slack(2, connection=None)),
        right=blueprint(trigger(), slack(2, connection=7)),
        path="flow[1].parameters",
        says="needs a connection of type slack2 or slack3 in parameters.__IMTCONN__.",
    ),
    Example(
        rule="missing-connection",
        wrong=blueprint(trigger(), get_record({})),
        right=blueprint(trigger(), get_record({"datastore": 3})),
        path="flow[1].parameters",
        says="Module 2 (datastore:GetRecord) needs a data store in parameters.datastore.",
    ),
    Example(
        rule="invalid-reference",
        wrong=blueprint(trigger(), slack(2, connection="YOUR_SLACK_CONNECTION")),
        right=blueprint(trigger(), slack(2, connection="7")),
        path="flow[1].parameters.__IMTCONN__",
        says="'YOUR_SLACK_CONNECTION' of module 2 (slack:CreateMessage) is not the id of a connection",
    ),
    Example(
        rule="invalid-reference",
        wrong=blueprint(trigger(), slack(2, connection="{{1.connection}}")),
        right=blueprint(trigger(), slack(2, connection="{{var.input.mySlack}}")),
        path="flow[1].parameters.__IMTCONN__",
        says="'{{1.connection}}' of module 2",
        suggests="only an input of the scenario",
    ),
    Example(
        rule="wrong-connection-type",
        wrong=blueprint(trigger(), with_connection("google")),
        right=blueprint(trigger(), with_connection("slack2")),
        path="flow[1].parameters.__IMTCONN__",
        says="takes a connection of type slack2 or slack3, not of type google.",
    ),
    Example(
        rule="wrong-connection-type",
        wrong=blueprint(trigger(), slack(2, connection=8)),
        right=blueprint(trigger(), slack(2, connection=7)),
        path="flow[1].parameters.__IMTCONN__",
        says="not of type google.",
        options={"resources": RESOURCES},
    ),
    Example(
        rule="unknown-resource",
        wrong=blueprint(trigger(), get_record({"datastore": 99})),
        right=blueprint(trigger(), get_record({"datastore": 3})),
        path="flow[1].parameters.datastore",
        says="The team has no data store 99, which module 2 (datastore:GetRecord) uses.",
        suggests="It has 3.",
        options={"resources": RESOURCES},
    ),
    Example(
        rule="unknown-resource",
        wrong=variable("x", module(2, "json:ParseJSON", parameters={"type": 5}, mapper={"json": "{{1.a}}"})),
        right=variable("x", module(2, "json:ParseJSON", parameters={"type": 4}, mapper={"json": "{{1.a}}"})),
        path="flow[1].parameters.type",
        says="The team has no data structure 5",
        options={"resources": RESOURCES},
    ),
    # --- fields ----------------------------------------------------------------------------------
    Example(
        rule="missing-field",
        wrong=variable("x", http(2, mapper={"url": ""})),
        right=variable("x", http(2)),
        path="flow[1].mapper",
        says="The required field 'url' of module 2 (http:MakeRequest) has no value.",
    ),
    Example(
        rule="unknown-field",
        wrong=variable("x", http(2, mapper={"headres": []})),
        right=variable("x", http(2, mapper={"headers": []})),
        path="flow[1].mapper.headres",
        says="Module 2 (http:MakeRequest) has no field 'headres'.",
        suggests="Did you mean 'headers'?",
    ),
    Example(
        rule="unknown-field",
        wrong=variable("x", http(2, mapper={"body": "{}"})),
        right=variable("x", http(2, mapper={"jsonStringBodyContent": "{}"})),
        path="flow[1].mapper.body",
        says="Module 2 (http:MakeRequest) has no field 'body'.",
        suggests="'jsonStringBodyContent'",
    ),
    Example(
        rule="invalid-value",
        wrong=variable("x", http(2, mapper={"headers": {"Accept": "text/plain"}})),
        right=variable("x", http(2, mapper={"headers": [{"name": "Accept", "value": "text/plain"}]})),
        path="flow[1].mapper.headers",
        says="The value of 'headers' of module 2 (http:MakeRequest) is an object, not an array.",
    ),
    Example(
        rule="invalid-value",
        wrong=variable("x", http(2, mapper={"headers": [{"key": "Accept", "value": "text/plain"}]})),
        right=variable("x", http(2, mapper={"headers": [{"name": "Accept", "value": "text/plain"}]})),
        path="flow[1].mapper.headers[0]",
        says="has an item without 'name', but 'key'.",
    ),
    Example(
        rule="invalid-value",
        wrong=variable("x", http(2, mapper={"method": "fetch"})),
        right=variable("x", http(2, mapper={"method": "{{1.method}}"})),
        path="flow[1].mapper.method",
        says="is 'fetch', but it is one of",
    ),
    Example(
        rule="invalid-value",
        wrong=variable("x", module(2, "util:FunctionSleep", mapper={"duration": "5 seconds"})),
        right=variable("x", module(2, "util:FunctionSleep", mapper={"duration": "5"})),
        path="flow[1].mapper.duration",
        says="is '5 seconds', not a whole number from 0 on.",
    ),
    # --- expressions -----------------------------------------------------------------------------
    Example(
        rule="invalid-expression",
        wrong=variable("{{replace(1.a, 'x', 'y')}}"),
        right=variable("{{replace(1.a; 'x'; 'y')}}"),
        path="flow[1].mapper.value",
        says="{{replace(1.a, 'x', 'y')}}: Invalid expression",
        suggests="semicolons",
    ),
    Example(
        rule="invalid-expression",
        wrong=variable("{{upper(1.a}}"),
        right=variable("{{upper(1.a)}}"),
        path="flow[1].mapper.value",
        says="{{upper(1.a}}",
        suggests="A ')' is missing.",
    ),
    Example(
        rule="invalid-expression",
        wrong=variable("{{1.name.toUpperCase()}}"),
        right=variable("{{upper(1.name)}}"),
        path="flow[1].mapper.value",
        says="{{1.name.toUpperCase()}}",
        suggests="Make has no methods",
    ),
    Example(
        rule="invalid-expression",
        wrong=variable('{{if(1.a = 1; \\"yes\\"; \\"no\\")}}'),
        right=variable('{{if(1.a = 1; "yes"; "no")}}'),
        path="flow[1].mapper.value",
        says="Invalid expression",
        suggests="no backslash",
    ),
    Example(
        rule="invalid-expression",
        wrong=variable("{{1.$1}}"),
        right=variable("{{1.`$1`}}"),
        path="flow[1].mapper.value",
        says="{{1.$1}}",
        suggests="backticks",
    ),
    Example(
        rule="unclosed-expression",
        wrong=variable("Dear {{1.name}, hello"),
        right=variable("Dear {{1.name}}, hello"),
        path="flow[1].mapper.value",
        says="'{{1.name}, hello' is not closed by '}}'",
    ),
    Example(
        rule="unknown-function",
        wrong=variable("{{uper(1.a)}}"),
        right=variable("{{upper(1.a)}}"),
        path="flow[1].mapper.value",
        says="Make has no function 'uper'",
        suggests="Did you mean 'upper'?",
    ),
    Example(
        rule="unknown-function",
        wrong=variable("{{concat(1.a; 1.b)}}"),
        right=variable("{{1.a}}{{1.b}}"),
        path="flow[1].mapper.value",
        says="Make has no function 'concat'",
        suggests="one after the other",
    ),
    Example(
        rule="unknown-function",
        wrong=variable("{{vatOf(1.a)}}"),
        right=variable("{{vatOf(1.a)}}"),
        path="flow[1].mapper.value",
        says="unless it is a custom function of the team",
        right_options={"functions": frozenset({"vatOf"})},
    ),
    Example(
        rule="wrong-argument-count",
        wrong=variable("{{first(replace(1.a; 'x'))}}"),
        right=variable("{{first(replace(1.a; 'x'; 'y'))}}"),
        path="flow[1].mapper.value",
        says="'replace' takes 3 arguments, not 2.",
    ),
    Example(
        rule="unknown-reference",
        wrong=blueprint(trigger(), set_variable(2, "{{3.v}}"), set_variable(3, "x")),
        right=blueprint(trigger(), set_variable(3, "x"), set_variable(2, "{{3.v}}")),
        path="flow[1].mapper.value",
        says="Module 3 is not before module 2, so it has no output yet.",
    ),
    Example(
        rule="unknown-reference",
        wrong=blueprint(trigger(), router(2, [set_variable(3, "x")], [set_variable(4, "{{3.v}}")])),
        right=blueprint(trigger(), router(2, [set_variable(3, "x"), set_variable(4, "{{3.v}}")])),
        path="flow[1].routes[1].flow[0].mapper.value",
        says="Module 3 is not before module 4",
    ),
    Example(
        rule="unknown-reference",
        wrong=variable("{{first(7.rows).name}}"),
        right=variable("{{first(1.rows).name}}"),
        path="flow[1].mapper.value",
        says="There is no module 7; the modules before this one: 1.",
    ),
    Example(
        rule="unknown-output-field",
        wrong=variable("{{1.nmae}}", hook=described_hook(("name", "text"))),
        right=variable("{{1.name}}", hook=described_hook(("name", "text"))),
        path="flow[1].mapper.value",
        says="Module 1 (gateway:CustomWebHook) has no output 'nmae'",
        suggests="Did you mean 'name'?",
    ),
    Example(
        rule="unknown-output-field",
        wrong=variable("{{2.body.id}}", http(2)),
        right=variable("{{2.data.id}}", http(2)),
        path="flow[2].mapper.value",
        says="Module 2 (http:MakeRequest) has no output 'body'",
        suggests="It has 'data', 'headers', 'statusCode'.",
    ),
    Example(
        rule="unknown-output-field",
        wrong=blueprint(trigger(), router(2, [set_variable(3, "{{2.name}}")])),
        right=blueprint(trigger(), router(2, [set_variable(3, "{{1.name}}")])),
        path="flow[1].routes[0].flow[0].mapper.value",
        says="Module 2 (builtin:BasicRouter) outputs nothing, so {{2.name}} is empty.",
    ),
    Example(
        rule="text-as-date",
        wrong=variable("{{round((now - 1.due) / 86400000)}}", hook=described_hook(("due", "text"))),
        right=variable("{{round((now - 1.due) / 86400000)}}", hook=described_hook(("due", "date"))),
        path="flow[1].mapper.value",
        says="1.due is declared as a text, so nothing can be subtracted from it, nor it from a date.",
        suggests="Write parseDate(1.due; …) with its format.",
    ),
    Example(
        rule="unknown-variable",
        wrong=variable("Dear {{name}}"),
        right=variable("Dear {{1.name}}"),
        path="flow[1].mapper.value",
        says="'name' is no variable of Make",
        suggests="{{1.name}}",
    ),
    Example(
        rule="unknown-variable",
        wrong=variable("{{env.API_URL}}"),
        right=variable("{{var.team.API_URL}}"),
        path="flow[1].mapper.value",
        says="'env' is no variable of Make",
    ),
    Example(
        rule="unquoted-name",
        wrong=variable("{{1.First Name}}"),
        right=variable("{{1.`First Name`}}"),
        path="flow[1].mapper.value",
        says="A name with blanks needs backticks",
        suggests="1.`First Name`",
    ),
    Example(
        rule="zero-index",
        wrong=variable("{{1.items[0].name}}"),
        right=variable("{{1.items[1].name}}"),
        path="flow[1].mapper.value",
        says="arrays start at 1",
    ),
    # --- filters ---------------------------------------------------------------------------------
    Example(
        rule="unknown-operator",
        wrong=blueprint(trigger(), filtered(2, [equals("{{1.a}}", "1", "string:equals")])),
        right=blueprint(trigger(), filtered(2, [equals("{{1.a}}", "1")])),
        path="flow[1].filter.conditions[0][0].o",
        says="Make has no operator 'string:equals'",
        suggests="Did you mean 'text:equal'?",
    ),
    Example(
        rule="never-true",
        wrong=blueprint(trigger(), filtered(2, [equals("1.status", "paid")])),
        right=blueprint(trigger(), filtered(2, [equals("{{1.status}}", "paid")])),
        path="flow[1].filter.conditions",
        says="The conditions never hold: '1.status' text:equal 'paid' is false.",
    ),
    Example(
        rule="never-true",
        wrong=blueprint(trigger(), filtered(2, [equals("{{1.s}}", "a"), equals("{{1.s}}", "b")])),
        right=blueprint(trigger(), filtered(2, [equals("{{1.s}}", "a")], [equals("{{1.s}}", "b")])),
        path="flow[1].filter.conditions",
        says="{{1.s}} cannot equal both 'a' and 'b'",
    ),
    # --- flow ------------------------------------------------------------------------------------
    Example(
        rule="aggregator-without-source",
        wrong=blueprint(trigger(), iterator(2, "{{1.rows}}"), aggregator(3)),
        right=blueprint(trigger(), iterator(2, "{{1.rows}}"), aggregator(3, 2)),
        path="flow[2].parameters",
        says="Module 3 (builtin:BasicAggregator) has no source module in parameters.feeder.",
    ),
    Example(
        rule="aggregator-without-source",
        wrong=blueprint(trigger(), aggregator(2, 3, "util:TextAggregator"), iterator(3, "{{1.rows}}")),
        right=blueprint(trigger(), iterator(3, "{{1.rows}}"), aggregator(2, 3, "util:TextAggregator")),
        path="flow[1].parameters",
        says="The source module 3 of module 2 (util:TextAggregator) is not before it.",
    ),
    Example(
        rule="iterator-without-array",
        wrong=blueprint(trigger(), iterator(2, "a, b, c")),
        right=blueprint(trigger(), iterator(2, ["a", "b", "c"])),
        path="flow[1].mapper.array",
        says="is given 'a, b, c', not an array",
    ),
    Example(
        rule="iterator-without-array",
        wrong=blueprint(described_hook(("email", "text")), iterator(2, "{{1.email}}")),
        right=blueprint(described_hook(("emails", "array")), iterator(2, "{{1.emails}}")),
        path="flow[1].mapper.array",
        says="is given {{1.email}}, which is no array but a text",
    ),
    Example(
        rule="router-without-routes",
        wrong=blueprint(trigger(), module(2, "builtin:BasicRouter")),
        right=blueprint(trigger(), router(2, [set_variable(3, "x")])),
        path="flow[1]",
        says="Module 2 (builtin:BasicRouter) has no routes",
    ),
    Example(
        rule="unknown-field",
        wrong=blueprint(
            trigger(), module(2, "builtin:BasicRouter", mapper={"routes": []}, routes=[{"flow": []}])
        ),
        right=blueprint(trigger(), module(2, "builtin:BasicRouter", mapper=None, routes=[{"flow": []}])),
        path="flow[1].mapper.routes",
        says="Module 2 (builtin:BasicRouter) has no field 'routes'.",
        suggests="stands beside the parameters and the mapper",
    ),
    Example(
        rule="unreachable-route",
        wrong=blueprint(
            trigger(), router(2, [set_variable(3, "x")], [set_variable(4, "y")], parameters={"else": 1})
        ),
        right=blueprint(
            trigger(),
            router(
                2, [filtered(3, [equals("{{1.a}}", "1")])], [set_variable(4, "y")], parameters={"else": 1}
            ),
        ),
        path="flow[1].routes[1]",
        says="The fallback route of module 2 (builtin:BasicRouter) never runs",
    ),
    Example(
        rule="misplaced-directive",
        wrong=blueprint(trigger(), module(2, "builtin:Break")),
        right=blueprint(trigger(), set_variable(2, "x", onerror=[module(3, "builtin:Break")])),
        path="flow[1]",
        says="works in an error handler (onerror) only",
    ),
    Example(
        rule="http-without-handler",
        wrong=blueprint(trigger(), http(2, onerror=[])),
        right=blueprint(trigger(), http(2)),
        path="flow[1]",
        says="Module 2 (http:MakeRequest) has no error handler: a failed request ends the run.",
    ),
    Example(
        rule="scenario-loop",
        wrong=blueprint(trigger(), call(2, 6)),
        right=blueprint(trigger(), call(2, 7)),
        path="flow[1]",
        says="calls scenario 6, which calls this one again",
        options={
            "scenario_id": 5,
            "called_blueprints": {6: blueprint(trigger(), call(2, 5)), 7: blueprint(trigger(), call(2, 8))},
        },
    ),
    # --- schedule and responses --------------------------------------------------------------------
    Example(
        rule="interval-too-short",
        wrong=blueprint(http(1)),
        right=blueprint(http(1)),
        path="scheduling.interval",
        says="The interval is 300 seconds; the plan allows 900 or more.",
        suggests="Set it to 900.",
        options={"scheduling": {"type": "indefinitely", "interval": 300}, "least_minutes": 15},
        right_options={"scheduling": {"type": "indefinitely", "interval": 900}, "least_minutes": 15},
    ),
    Example(
        rule="invalid-scheduling",
        wrong=blueprint(http(1)),
        right=blueprint(http(1)),
        path="scheduling",
        says="there are: immediately, indefinitely, once, daily",
        options={"scheduling": {"type": "hourly"}},
        right_options={"scheduling": {"type": "daily", "time": "08:00"}},
    ),
    Example(
        rule="invalid-scheduling",
        wrong=blueprint(http(1)),
        right=blueprint(trigger()),
        path="scheduling",
        says="Only a scenario with an instant trigger can run immediately; this one starts with http:MakeRequest.",
        options={"scheduling": {"type": "immediately"}},
    ),
    Example(
        rule="response-without-webhook",
        wrong=blueprint(module(1, "gateway:CustomMailHook", parameters={"hook": 1}), respond(2)),
        right=blueprint(trigger(), respond(2)),
        path="flow[1]",
        says="responds to a webhook, but the scenario starts with gateway:CustomMailHook.",
    ),
    Example(
        rule="late-response",
        wrong=blueprint(trigger(), respond(2)),
        right=blueprint(trigger(), respond(2)),
        path="flow[1]",
        says="responds too late",
        suggests="immediately",
        options={"scheduling": {"type": "indefinitely", "interval": 900}},
        right_options={"scheduling": {"type": "immediately"}},
    ),
    Example(
        rule="outputs-without-response",
        wrong=blueprint(trigger(), module(2, "scenario-service:ReturnData", version=2)),
        right=blueprint(trigger(), respond(3), module(2, "scenario-service:ReturnData", version=2)),
        path="flow[1]",
        says='The caller of the webhook gets "200 Accepted", not these outputs.',
        suggests="gateway:WebhookRespond",
    ),
    # --- secrets, notes --------------------------------------------------------------------------
    Example(
        rule="secret-in-blueprint",
        wrong=variable("x", http(2, mapper={"headers": [{"name": "X-Api-Key", "value": "8fK2mQ7xPq4Zt9"}]})),
        right=variable(
            "x", http(2, mapper={"headers": [{"name": "X-Api-Key", "value": "{{var.team.key}}"}]})
        ),
        path="flow[1].mapper.headers[0].value",
        says="mapper.headers[0].value of module 2 (http:MakeRequest) holds a secret.",
    ),
    Example(
        rule="unknown-rule",
        wrong=blueprint(trigger(), notes=[{"moduleIds": [1], "content": "lint: ignore unkown-field"}]),
        right=blueprint(
            trigger(), notes=[{"moduleIds": [1], "content": "lint: ignore unknown-field, as agreed"}]
        ),
        path="flow[0]",
        says="A note on module 1 (gateway:CustomWebHook) switches off 'unkown-field', which is no rule.",
        suggests="Did you mean 'unknown-field'?",
    ),
]


def run(document: JsonObject, options: Mapping[str, Any]) -> list[Finding]:
    return lint(document, options=LintOptions(**options))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.rule}: {example.says[:50]}")
def test_a_mistake_is_found_at_its_place_with_a_suggestion(example: Example) -> None:
    findings = [finding for finding in run(example.wrong, example.options) if finding.rule == example.rule]
    assert len(findings) == 1, findings
    document = findings[0].to_json()
    assert document["path"] == example.path
    assert example.says in findings[0].message
    assert example.suggests in findings[0].suggestion


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.rule}: {example.says[:50]}")
def test_the_closest_right_blueprint_has_no_findings(example: Example) -> None:
    options = example.options if example.right_options is None else example.right_options
    assert [(finding.rule, finding.message) for finding in run(example.right, options)] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.rule}: {example.says[:50]}")
def test_a_repair_that_is_offered_helps(example: Example) -> None:
    options = LintOptions(**example.options)
    result = mend(example.wrong, options=options, now="2026-03-02T09:00:00Z")
    repaired = LintOptions(**{**example.options, "scheduling": result.scheduling})
    before, after = (
        [finding.rule for finding in lint(blueprint, options=facts) if finding.severity != "info"]
        for blueprint, facts in ((example.wrong, options), (result.blueprint, repaired))
    )
    assert len(after) <= len(before)
    assert not result.after.is_worse_than(result.before)
    for repair in result.repairs:
        assert RULES[repair.finding.rule].repair


def test_most_mistakes_with_a_usual_repair_are_repaired() -> None:
    usual = [example for example in EXAMPLES if RULES[example.rule].repair]
    mended = [
        example
        for example in usual
        if any(
            repair.finding.rule == example.rule
            for repair in mend(example.wrong, options=LintOptions(**example.options)).repairs
        )
    ]
    assert len(mended) > 0.5 * len(usual)


def test_every_rule_has_an_example() -> None:
    assert {example.rule for example in EXAMPLES} == set(RULES)
