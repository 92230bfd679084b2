"""Small blueprints for tests of lint."""

from __future__ import annotations

from typing import Any

from make_emulator.lint import Finding, LintOptions, lint

JsonObject = dict[str, Any]


def blueprint(*flow: Any, **metadata: Any) -> JsonObject:
    return {"name": "A scenario", "flow": list(flow), "metadata": {"version": 1, **metadata}}


def module(id: int, name: str, *, version: int = 1, **parts: Any) -> JsonObject:
    return {"id": id, "module": name, "version": version, "mapper": {}, **parts}


def trigger(id: int = 1, **parts: Any) -> JsonObject:
    return module(id, "gateway:CustomWebHook", **{"parameters": {"hook": 1}, **parts})


def set_variable(id: int, value: Any, **parts: Any) -> JsonObject:
    return module(
        id, "util:SetVariable2", mapper={"name": "v", "scope": "roundtrip", "value": value}, **parts
    )


def slack(id: int, *, version: int = 4, connection: Any = 7, **parts: Any) -> JsonObject:
    parameters = {} if connection is None else {"__IMTCONN__": connection}
    mapper = {"channelWType": "manualy", "channelType": "public", "channel": "C1", "text": "hello"}
    return module(
        id, "slack:CreateMessage", **{"version": version, "parameters": parameters, "mapper": mapper, **parts}
    )


def http(id: int, *, mapper: JsonObject | None = None, **parts: Any) -> JsonObject:
    """A request of HTTP 4 with an error handler."""
    fields = {
        "url": "https://api.example.com/orders",
        "method": "get",
        "parseResponse": True,
        "stopOnHttpError": True,
        "allowRedirects": True,
        "shareCookies": False,
        "requestCompressedContent": True,
    }
    handler = [module(id + 100, "builtin:Ignore")]
    return module(
        id,
        "http:MakeRequest",
        **{"version": 4, "mapper": {**fields, **(mapper or {})}, "onerror": handler, **parts},
    )


def router(id: int, *routes: list[JsonObject], **parts: Any) -> JsonObject:
    return module(id, "builtin:BasicRouter", **{"routes": [{"flow": flow} for flow in routes], **parts})


def if_else(id: int, *, merge: bool = True) -> JsonObject:
    conditions = [[{"a": "{{1.a}}", "o": "exist"}]]
    branches = [
        {"type": "condition", "merge": merge, "conditions": conditions, "flow": [set_variable(id + 50, "x")]},
        {"type": "else", "merge": merge, "flow": []},
    ]
    return module(id, "builtin:BasicIfElse", branches=branches)


def filtered(id: int, *groups: list[JsonObject]) -> JsonObject:
    return set_variable(id, "x", filter={"name": "", "conditions": list(groups)})


def find(document: JsonObject, rule: str, **options: Any) -> list[Finding]:
    return [finding for finding in lint(document, options=LintOptions(**options)) if finding.rule == rule]


def find_one(document: JsonObject, rule: str, **options: Any) -> Finding:
    findings = find(document, rule, **options)
    assert len(findings) == 1, findings
    return findings[0]
