"""Test files of scenarios, beside a blueprint with a router, a data store, an HTTP request and an error handler."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

from helpers.blueprints import exported_module, write_blueprint
from make_emulator.scenario_tests.documents import InvalidTestFileError, TestFile, read_test_file
from make_emulator.scenario_tests.results import TestResult, check_test


def named(id: int, name: str, label: str, mapper: Any = None, **rest: Any) -> dict[str, Any]:
    """A module that has a name in the designer."""
    return exported_module(
        id, name, mapper, **{"metadata": {"designer": {"x": 0, "y": 0, "name": label}}, **rest}
    )


def condition(a: str, operator: str, b: str = "") -> list[list[dict[str, str]]]:
    return [[{"a": a, "o": operator, "b": b}]]


#: A webhook whose large orders are announced, and whose other orders are stored; a customer without an address is looked up first.
ORDERS: list[dict[str, Any]] = [
    named(1, "gateway:CustomWebHook", "Order", parameters={"hook": 70}),
    named(
        2,
        "http:ActionSendData",
        "Customer",
        {
            "url": "https://crm.example.com/customers/{{1.customer}}",
            "method": "get",
            "parseResponse": True,
            "serializeUrl": False,
            "shareCookies": False,
            "rejectUnauthorized": True,
            "followRedirect": True,
            "useQuerystring": False,
            "gzip": True,
            "useMtls": False,
            "followAllRedirects": False,
            "headers": [],
            "qs": [{"name": "full", "value": "1"}],
            "bodyType": "",
            "timeout": "",
        },
        version=3,
        parameters={"handleErrors": True},
        onerror=[named(9, "builtin:Ignore", "Without a customer")],
    ),
    {
        **exported_module(3, "builtin:BasicRouter"),
        "mapper": None,
        "routes": [
            {
                "flow": [
                    named(
                        4,
                        "slack:CreateMessage",
                        "Tell sales",
                        {"channel": "C1", "text": "{{1.id}}: {{1.total}}"},
                        version=4,
                        parameters={"__IMTCONN__": 40},
                        filter={
                            "name": "Large",
                            "conditions": condition("{{1.total}}", "number:greater", "100"),
                        },
                    )
                ]
            },
            {
                "flow": [
                    named(
                        5,
                        "datastore:AddRecord",
                        "Keep",
                        {"key": "{{1.id}}", "data": {"total": "{{1.total}}"}, "overwrite": False},
                        parameters={"datastore": 50},
                        filter={
                            "name": "Small",
                            "conditions": condition("{{1.total}}", "number:lessorequal", "100"),
                        },
                    ),
                    named(
                        6,
                        "gateway:WebhookRespond",
                        "Respond",
                        {"status": "201", "body": '{"id": {{1.id}}}', "headers": []},
                    ),
                ]
            },
        ],
    },
]


def write_test_file(folder: Path, text: str, *flow: Any, name: str = "orders", **blueprint: Any) -> Path:
    """A test file beside its blueprint, by default that of `ORDERS`."""
    write_blueprint(folder / f"{name}.json", *(flow or ORDERS), **blueprint)
    path = folder / f"{name}.test.yaml"
    path.write_text(dedent(text), "utf-8")
    return path


def read(folder: Path, text: str, *flow: Any, **blueprint: Any) -> TestFile:
    return read_test_file(write_test_file(folder, text, *flow, **blueprint))


def results_of(folder: Path, text: str, *flow: Any, **blueprint: Any) -> list[TestResult]:
    return [check_test(test) for test in read(folder, text, *flow, **blueprint).tests]


def mistakes_in(folder: Path, text: str, *flow: Any, **blueprint: Any) -> list[tuple[int | None, str]]:
    """The mistakes in a test file, each with its line."""
    try:
        read(folder, text, *flow, **blueprint)
    except InvalidTestFileError as error:
        return [(issue.line, issue.text) for issue in error.issues]
    return []


def failures_of(result: TestResult) -> list[tuple[int | None, str]]:
    """The expectations that a test did not find met, each with its line."""
    return [(result.test.line_of(*failure.path), failure.text) for failure in result.failures]
