"""Pagination of "Make a request" of version 4, with pages from a rule."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.engine import EngineHarness, error_of, module, outputs_of
from helpers.http_modules import (
    URL,
    RecordingTransport,
    add_http_rule,
    http_v3_module,
    http_v4_module,
    sent_request,
    single_output,
)
from make_emulator.world.models import Execution

TYPES = ("offsetBased", "pageBased", "urlBased", "tokenBased")


def data(run: Execution) -> list[Any]:
    return [bundle["data"] for bundle in outputs_of(run, 1)]


@pytest.mark.parametrize("kind", TYPES)
def test_each_page_is_a_bundle_and_all_of_them_are_one_operation(kind: str) -> None:
    harness = EngineHarness()
    add_http_rule(harness, pages=(["a", "b"], ["c"]), headers=(("X-Total", "3"),), delay=1_000)
    feeder = module(2, "builtin:BasicFeeder", {"array": "{{1.data}}"})
    run = harness.run(http_v4_module(paginationType=kind), feeder)
    headers = {"x-total": "3", "content-type": "application/json"}
    assert outputs_of(run, 1) == [
        {"data": ["a", "b"], "headers": headers, "statusCode": 200},
        {"data": ["c"], "headers": headers, "statusCode": 200},
    ]
    assert [bundle["value"] for bundle in outputs_of(run, 2)] == ["a", "b", "c"]
    assert (run.operations, run.transfer) == (1 + 2, len('["a","b"]["c"]'))
    assert 1_000 <= run.duration < 2_000
    assert (sent_request(harness).url, sent_request(harness).status, sent_request(harness).pages) == (
        URL,
        200,
        2,
    )
    assert harness.world.http_rules[1].hits == 1


def test_whatever_else_an_export_says_of_its_pages_is_not_read() -> None:
    harness = EngineHarness()
    add_http_rule(harness, pages=("a", "b"))
    others: dict[str, Any] = {
        "nextPage": "{{1.data.next}}",
        "limit": -1,
        "page": {"start": "x"},
        "maxPages": ["{{unknown}}"],
    }
    assert data(harness.run(http_v4_module(paginationType="pageBased", **others))) == ["a", "b"]
    assert sent_request(harness).url == URL


def test_texts_and_json_may_take_turns() -> None:
    harness = EngineHarness()
    add_http_rule(harness, pages=("a", {"b": 1}, 2))
    run = harness.run(http_v4_module(paginationType="urlBased"))
    assert data(run) == ["a", {"b": 1}, 2]
    kinds = [bundle["headers"]["content-type"] for bundle in outputs_of(run, 1)]
    assert kinds == ["text/plain; charset=utf-8", "application/json", "application/json"]


@pytest.mark.parametrize("node", [http_v4_module(), http_v4_module(paginationType=""), http_v3_module()])
def test_a_module_that_does_not_page_gets_the_first_page(node: dict[str, Any]) -> None:
    harness = EngineHarness()
    add_http_rule(harness, pages=(["a"], ["b"]))
    assert single_output(harness.run(node))["data"] == ["a"]
    assert sent_request(harness).pages == 1


def test_a_body_is_one_page_and_so_is_an_unmatched_request() -> None:
    harness = EngineHarness()
    add_http_rule(harness, body=["a"], left=1)
    assert data(harness.run(http_v4_module(paginationType="urlBased"))) == [["a"]]
    assert single_output(harness.run(http_v4_module(paginationType="urlBased")))["statusCode"] == 200
    assert [(row.answered_by, row.pages) for row in harness.world.http_requests] == [
        ("rule", 1),
        ("simulation", 1),
    ]


def test_pages_are_found_where_a_redirect_leads() -> None:
    harness = EngineHarness()
    add_http_rule(harness, URL, status=302, headers=(("location", "/moved"),), pages=("here", "there"))
    add_http_rule(harness, "*/moved", pages=("a", "b"))
    assert data(harness.run(http_v4_module(paginationType="urlBased"))) == ["a", "b"]


def test_the_head_of_a_list_has_no_pages() -> None:
    harness = EngineHarness()
    add_http_rule(harness, pages=("a", "b"))
    assert single_output(harness.run(http_v4_module(paginationType="urlBased", method="head")))["data"] == ""
    assert sent_request(harness).pages == 1


def test_an_error_fails_the_module_or_is_what_every_page_says() -> None:
    harness = EngineHarness()
    add_http_rule(harness, status=429, pages=(["Slow down"], ["Slower"]))
    run = harness.run(http_v4_module(paginationType="urlBased"))
    assert error_of(run) == ("RateLimitError", '[429] ["Slow down"]')
    assert run.steps[0].output == ()
    run = harness.run(http_v4_module(paginationType="urlBased", stopOnHttpError=False))
    assert [bundle["statusCode"] for bundle in outputs_of(run, 1)] == [429, 429]


def test_pages_that_do_not_come_are_none() -> None:
    harness = EngineHarness()
    add_http_rule(harness, error="timeout")
    assert error_of(harness.run(http_v4_module(paginationType="urlBased")))[0] == "ModuleTimeoutError"
    assert sent_request(harness).pages == 0


def test_a_type_that_make_does_not_have_is_a_validation_error() -> None:
    run = EngineHarness().run(http_v4_module(paginationType="cursorBased"))
    assert error_of(run) == ("BundleValidationError", "Validation failed for 1 parameter(s).")


def test_no_request_is_sent_for_the_next_page_of_a_single_body() -> None:
    harness = EngineHarness()
    harness.world.transport = network = RecordingTransport()
    add_http_rule(harness, URL, status=302, headers=(("location", "/moved"),))
    for url in (URL, f"{URL}/2"):
        name, text = error_of(harness.run(http_v4_module(paginationType="tokenBased", url=url)))
        assert (name, text) == (
            "RuntimeError",
            "Module 'http:MakeRequest, with paginationType' (1) is not supported by the emulator."
            " A rule for its address that has 'pages' can answer it.",
        )
    assert network.requests == []
    assert [(row.url, row.answered_by) for row in harness.world.http_requests] == [(URL, "rule")]


@pytest.mark.parametrize(
    "large", [{"pages": 7 * ("x" * 4_000_000,)}, {"pages": 10 * ("",), "headers": (("x", "y" * 3_000_000),)}]
)
def test_pages_that_are_too_much_together_are_not_kept(large: dict[str, Any]) -> None:
    harness = EngineHarness()
    add_http_rule(harness, **large)
    run = harness.run(http_v4_module(paginationType="urlBased"))
    assert error_of(run)[0] == "DataSizeLimitExceededError"


_BODIES = st.lists(st.integers(0, 9), max_size=3) | st.text(st.characters(codec="utf-8"), max_size=5)


@given(st.lists(_BODIES, min_size=1, max_size=30))
def test_whatever_the_pages_they_come_in_their_order(pages: list[Any]) -> None:
    harness = EngineHarness()
    add_http_rule(harness, pages=tuple(pages))
    assert data(harness.run(http_v4_module(paginationType="offsetBased"))) == pages
