"""App "HTTP": sent requests, output from responses, and errors."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.engine import EngineHarness, error_of, module
from helpers.http_modules import (
    URL,
    RecordingTransport,
    add_http_rule,
    header_of,
    http_v3_module,
    http_v4_module,
    sent_request,
    single_output,
)
from make_emulator.engine.apps import catalog
from make_emulator.engine.apps.http.exchange import MAX_REDIRECTS
from make_emulator.engine.apps.http.requests import build_url, encode_form, split_credentials
from make_emulator.engine.errors import BundleValidationError
from make_emulator.redaction.rules import MASK
from make_emulator.world import external_services, keys
from make_emulator.world.transport import HttpResponse, NoResponseError

# --- what is sent --------------------------------------------------------------------------------


def test_a_request_is_put_together_from_all_its_fields() -> None:
    harness = EngineHarness()
    run = harness.run(
        http_v3_module(
            method="post",
            url=f"{URL}?a=1",
            qs=[{"name": "from to", "value": "é&x"}, {"name": "empty"}],
            headers=[{"name": "X-Trace", "value": "{{1 + 1}}"}],
            bodyType="raw",
            contentType="application/json",
            data='{"city": "Oslo"}',
        )
    )
    request = sent_request(harness)
    assert request.method == "POST"
    assert request.url == f"{URL}?a=1&from%20to=%C3%A9%26x&empty="
    assert request.headers == (
        ("Content-Type", "application/json"),
        ("Accept-Encoding", "gzip, deflate"),
        ("X-Trace", "2"),
    )
    assert (request.body, request.size) == ('{"city": "Oslo"}', 16)
    assert (request.scenario_id, request.execution_id, request.module_id) == (run.scenario_id, run.id, 1)
    assert run.started < request.at <= run.ends


def test_parameters_of_one_name_are_numbered_unless_that_is_turned_off() -> None:
    tags = [{"name": "tag", "value": "a"}, {"name": "tag", "value": "b"}, {"name": "n", "value": 1}]
    numbered, plain = EngineHarness(), EngineHarness()
    numbered.run(http_v3_module(qs=tags))
    plain.run(http_v3_module(qs=tags, useQuerystring=True))
    assert sent_request(numbered).url == f"{URL}?tag%5B0%5D=a&tag%5B1%5D=b&n=1"
    assert sent_request(plain).url == f"{URL}?tag=a&tag=b&n=1"


def test_a_form_is_url_encoded() -> None:
    harness = EngineHarness()
    fields = [{"key": "name", "value": "Zoë A"}, {"key": "n", "value": "{{2 * 3}}"}]
    harness.run(
        http_v3_module(method="post", bodyType="x_www_form_urlencoded", formFields=fields, data="ignored")
    )
    assert sent_request(harness).body == "name=Zo%C3%AB%20A&n=6"
    assert header_of(sent_request(harness), "content-type") == "application/x-www-form-urlencoded"


def test_a_multipart_form_carries_texts_and_files() -> None:
    harness = EngineHarness()
    fields = [
        {"key": "note", "fieldType": "text", "value": "Hi"},
        {"key": "file", "fieldType": "file", "data": "a,b", "fileName": 'x"y.csv'},
    ]
    harness.run(http_v3_module(method="put", bodyType="multipart_form_data", formDataFields=fields))
    request = sent_request(harness)
    kind, _, boundary = (header_of(request, "content-type") or "").partition("; boundary=")
    assert kind == "multipart/form-data"
    assert request.body == (
        f'--{boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\nHi\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="x%22y.csv"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\na,b\r\n--{boundary}--\r\n"
    )


def test_a_mapped_header_goes_before_one_that_follows_from_another_field() -> None:
    harness = EngineHarness()
    own = [{"name": "content-type", "value": "a/b"}, {"name": "X", "value": 1}, {"name": "x", "value": 2}]
    harness.run(
        http_v3_module(
            method="post", bodyType="raw", contentType="text/plain", data="x", headers=own, gzip=False
        )
    )
    assert sent_request(harness).headers == (("content-type", "a/b"), ("x", "2"))


def test_version_four_has_bodies_of_four_kinds() -> None:
    for mapper, body, kind in (
        (
            {"contentType": "json", "inputMethod": "jsonString", "jsonStringBodyContent": '{"n": {{1 + 1}}}'},
            '{"n": 2}',
            "application/json",
        ),
        (
            {
                "contentType": "json",
                "inputMethod": "dataStructure",
                "dataStructureBodyContent": {"n": "{{2}}"},
            },
            '{"n":2}',
            "application/json",
        ),
        (
            {"contentType": "urlEncoded", "urlEncodedBodyContent": [{"name": "a", "value": "b c"}]},
            "a=b%20c",
            "application/x-www-form-urlencoded",
        ),
        (
            {"contentType": "custom", "contentTypeValue": "text/csv", "rawBodyContent": "a;b"},
            "a;b",
            "text/csv",
        ),
        ({}, None, None),
    ):
        harness = EngineHarness()
        single_output(harness.run(http_v4_module(method="post", **mapper)))
        assert (sent_request(harness).body, header_of(sent_request(harness), "content-type")) == (body, kind)
    harness = EngineHarness()
    part = {"name": "a", "value": "b", "multipartFieldType": "text"}
    harness.run(http_v4_module(method="post", contentType="multipart", multipartBodyContent=[part]))
    assert 'name="a"\r\n\r\nb\r\n' in str(sent_request(harness).body)
    harness = EngineHarness()
    harness.run(http_v4_module(queryParameters=[{"name": "a", "value": 1}, {"name": "a", "value": 2}]))
    assert sent_request(harness).url == f"{URL}?a=1&a=2"


def test_a_body_of_a_structure_is_written_as_json_whatever_is_in_it() -> None:
    harness = EngineHarness()
    structure: dict[str, Any] = {"a": ["é", 10**30, None, "\ud83d"]}
    harness.run(
        http_v4_module(
            method="put", contentType="json", inputMethod="dataStructure", dataStructureBodyContent=structure
        )
    )
    assert sent_request(harness).body == '{"a":["é",1' + 30 * "0" + ',null,"\ufffd"]}'


def test_a_body_that_is_not_json_once_it_is_mapped_is_rejected_in_makes_words() -> None:
    run = EngineHarness().run(
        http_v4_module(
            contentType="json", inputMethod="jsonString", jsonStringBodyContent='{"n": "{{"a\n"}}"}'
        )
    )
    assert error_of(run) == (
        "InvalidConfigurationError",
        "The provided JSON body content is not valid JSON.",
    )


# --- what is missing or does not fit -------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "parameters"),
    [
        (http_v3_module(url=""), 1),
        (http_v3_module(url="", method=""), 2),
        (http_v3_module(method="POST"), 1),  # the choices are written in small letters
        (http_v3_module(method="trace"), 1),
        (http_v3_module(url="api.example.com/items"), 1),
        (http_v3_module(url="ftp://example.com"), 1),
        (http_v3_module(url="https://example.com:port/"), 1),
        (http_v3_module(url="https://[::1/"), 1),
        (http_v3_module(gzip="", useMtls=""), 2),
        (http_v3_module(timeout=301), 1),
        (http_v3_module(timeout=0), 1),
        (http_v3_module(timeout="soon"), 1),
        (http_v3_module(bodyType="json"), 1),
        (http_v3_module(bodyType="raw", data={"a": 1}), 1),
        (http_v3_module(headers=[{"name": "", "value": "x"}]), 1),
        (http_v3_module(headers=[{"name": "a b", "value": "x"}]), 1),
        (http_v3_module(headers=["x"]), 1),
        (http_v3_module(qs=[{"value": "x"}]), 1),
        (http_v3_module(method="post", bodyType="raw", contentType="application/x-www-form-urlencoded"), 1),
        (http_v3_module(name="ActionSendDataAPIKeyAuth"), 1),
        (http_v3_module(name="ActionSendDataBasicAuth", parameters={"key": ""}), 1),
        (http_v3_module(name="ActionGetFile", url=""), 1),
        (http_v4_module(parameters={"authenticationType": "bearer"}), 1),
        (http_v4_module(parameters={"authenticationType": "apiKey"}), 1),
        (http_v4_module(stopOnHttpError=""), 1),
        (http_v4_module(contentType="xml"), 1),
        (http_v4_module(contentType="json", jsonStringBodyContent="{}"), 1),
    ],
)
def test_what_a_module_needs_and_does_not_get_is_a_validation_error(node: Any, parameters: int) -> None:
    harness = EngineHarness()
    text = f"Validation failed for {parameters} parameter(s)."
    assert error_of(harness.run(node)) == ("BundleValidationError", text)
    assert len(harness.world.http_requests) == 0


def test_a_header_that_would_begin_another_one_is_rejected() -> None:
    harness = EngineHarness()
    run = harness.run(http_v3_module(headers=[{"name": "X-A", "value": "{{newline}}X-B: 1"}]))
    assert error_of(run) == ("RuntimeError", 'Invalid character in header content ["X-A"]')
    assert len(harness.world.http_requests) == 0


def test_a_content_type_that_would_begin_another_header_is_rejected() -> None:
    harness = EngineHarness()
    custom: dict[str, Any] = {
        "contentType": "custom",
        "contentTypeValue": "a/b\r\nX-B: 1",
        "rawBodyContent": "x",
    }
    run = harness.run(http_v4_module(method="post", **custom))
    assert error_of(run) == ("RuntimeError", 'Invalid character in header content ["Content-Type"]')


def test_halves_of_characters_are_no_matter() -> None:
    half = "\ud83d"
    field = {"key": half, "fieldType": "file", "data": half, "fileName": half}
    harness = EngineHarness()
    harness.run(
        http_v3_module(1, method="post", bodyType="multipart_form_data", formDataFields=[field]),
        http_v3_module(2, method="post", bodyType="raw", data=half, qs=[{"name": half, "value": half}]),
    )
    assert len(harness.world.http_requests) == 2
    orjson.dumps([row.body for row in harness.world.http_requests])


@pytest.mark.parametrize(
    ("name", "version"), [("MakeARequest", 1), ("MakeRequest", 1), ("ActionSendData", 4)]
)
def test_modules_that_make_does_not_have_are_unknown(name: str, version: int) -> None:
    assert not catalog.has_module("http", name, version)


# --- what comes back -----------------------------------------------------------------------------


def test_an_answer_comes_out_as_it_does_in_version_three() -> None:
    harness = EngineHarness()
    add_http_rule(harness, status=201, body={"id": 7}, headers=(("X-Id", "7"), ("Set-Cookie", "a=1; path=/")))
    bundle = single_output(harness.run(http_v3_module()))
    assert list(bundle) == ["statusCode", "headers", "cookieHeaders", "data", "fileSize"]
    assert bundle == {
        "statusCode": 201,
        "headers": [
            {"name": "x-id", "value": "7"},
            {"name": "set-cookie", "value": "a=1; path=/"},
            {"name": "content-type", "value": "application/json"},
        ],
        "cookieHeaders": ["a=1; path=/"],
        "data": {"id": 7},
        "fileSize": 8,
    }


def test_an_answer_comes_out_as_it_does_in_version_four() -> None:
    harness = EngineHarness()
    add_http_rule(
        harness,
        body=[1, 2],
        headers=(("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Via", "x"), ("via", "y")),
    )
    assert single_output(harness.run(http_v4_module())) == {
        "data": [1, 2],
        "headers": {"set-cookie": ["a=1", "b=2"], "via": "x, y", "content-type": "application/json"},
        "statusCode": 200,
    }


def test_json_and_xml_are_parsed_and_only_on_request() -> None:
    def data(body: Any, kind: str | None = None, **mapper: Any) -> Any:
        harness = EngineHarness()
        add_http_rule(harness, body=body, headers=(("content-type", kind),) if kind else ())
        return single_output(harness.run(http_v3_module(**mapper)))["data"]

    assert data({"a": 1}, parseResponse=False) == '{"a":1}'
    assert data('{"a": 1}') == '{"a": 1}'
    assert data('{"a": 1}', "application/hal+json; charset=utf-8") == {"a": 1}
    assert data("", "application/json") is None
    parsed = {"a": {"_attributes": {"n": 1}, "b": ["x", "y"]}}
    for kind in ("application/xml", "text/xml; charset=utf-8"):
        assert data('<a n="1"><b>x</b><b>y</b></a>', kind) == parsed
        assert data("", kind) is None
    assert data("<a/>", "application/xml", parseResponse=False) == "<a/>"
    assert data("<a/>", "text/html") == "<a/>"
    assert data("abc", "image/png") == "YWJj"  # a buffer, which JSON shows in base64
    assert data("abc", "text/plain; charset=klingon") == "abc"
    for kind in ("JSON", "XML"):
        harness = EngineHarness()
        add_http_rule(harness, body="no", headers=(("content-type", f"application/{kind.lower()}"),))
        assert error_of(harness.run(http_v3_module())) == ("DataError", f"Source is not valid {kind}.")


def test_what_answers_to_head_has_no_body() -> None:
    harness = EngineHarness()
    add_http_rule(harness, body={"a": 1})
    bundle = single_output(harness.run(http_v3_module(method="head")))
    assert (bundle["data"], bundle["fileSize"], bundle["headers"][0]["name"]) == (None, 0, "content-type")


def test_a_file_has_a_name_and_a_size() -> None:
    for headers, name in (
        ((), "my report.pdf"),
        ((("Content-Disposition", 'attachment; filename="a b.pdf"'),), "a b.pdf"),
        ((("Content-Disposition", "attachment; filename*=UTF-8''Zo%C3%AB.pdf"),), "Zoë.pdf"),
        ((("Content-Disposition", "attachment; filename=../../etc/passwd"),), "passwd"),
    ):
        url = "https://example.com/files/my%20report.pdf?x=1"
        for node in (
            module(1, "http:ActionGetFile", {"url": url, "shareCookies": False}, version=3),
            module(
                1,
                "http:DownloadFile",
                {"url": url, "stopOnHttpError": True},
                version=4,
                parameters={"authenticationType": "noAuth"},
            ),
        ):
            harness = EngineHarness()
            add_http_rule(harness, body="abc", headers=(*headers, ("content-type", "application/pdf")))
            bundle = single_output(harness.run(node))
            assert (bundle["data"], bundle["fileName"], bundle["fileSize"]) == ("YWJj", name, 3)


@pytest.mark.parametrize(
    ("status", "name"),
    [(404, "RuntimeError"), (500, "RuntimeError"), (429, "RateLimitError"), (503, "ConnectionError")],
)
def test_states_are_errors_only_if_they_are_evaluated_as_such(status: int, name: str) -> None:
    harness = EngineHarness()
    add_http_rule(harness, status=status, body="Nothing here")
    assert single_output(harness.run(http_v3_module()))["statusCode"] == status
    assert single_output(harness.run(http_v4_module(stopOnHttpError=False)))["statusCode"] == status
    expected = (name, f"[{status}] Nothing here")
    assert error_of(harness.run(http_v3_module(parameters={"handleErrors": True}))) == expected
    assert error_of(harness.run(http_v4_module())) == expected


def test_an_error_without_a_body_shows_the_phrase_of_its_status() -> None:
    harness = EngineHarness()
    add_http_rule(harness, status=404)
    assert error_of(harness.run(http_v4_module())) == ("RuntimeError", "[404] Not Found")


def test_an_error_handler_takes_the_error_of_a_request() -> None:
    harness = EngineHarness()
    add_http_rule(harness, status=503)
    handler = module(2, "builtin:Resume", {"data": "{{1.error.type}}"})
    run = harness.run(
        http_v4_module() | {"onerror": [handler]},
        module(3, "util:ComposeTransformer", {"value": "{{1.data}}"}),
    )
    assert single_output(run, 3) == {"value": "ConnectionError"}


# --- who answers ---------------------------------------------------------------------------------


def test_the_first_rule_that_fits_answers_until_it_is_used_up() -> None:
    harness = EngineHarness()
    add_http_rule(harness, "https://other.example.com/*", body="other")
    add_http_rule(harness, URL, method="POST", body="post")
    add_http_rule(harness, "https://api.example.com/*", status=500, left=1)
    add_http_rule(harness, URL, body="then")
    run = harness.run(
        http_v3_module(1, qs=[{"name": "a", "value": 1}]), http_v3_module(2), http_v3_module(3, method="post")
    )
    assert [single_output(run, id)["statusCode"] for id in (1, 2, 3)] == [500, 200, 200]
    assert [single_output(run, id)["data"] for id in (2, 3)] == ["then", "post"]
    assert [(rule.hits, rule.left) for rule in harness.world.http_rules] == [
        (0, None),
        (1, None),
        (1, 0),
        (1, None),
    ]
    assert [row.rule_id for row in harness.world.http_requests] == [3, 4, 2]


def test_without_a_rule_the_answer_is_generated_and_says_so() -> None:
    harness = EngineHarness()
    bundle = single_output(harness.run(http_v3_module()))
    assert bundle["statusCode"] == 200
    assert bundle["data"] == {}
    assert {"name": "x-make-emulator", "value": "simulated"} in bundle["headers"]
    assert sent_request(harness).answered_by == "simulation"
    assert single_output(EngineHarness().run(http_v3_module(parseResponse=False)))["data"] == ""


def test_generated_data_are_what_later_modules_map() -> None:
    harness = EngineHarness()
    feeder = module(2, "builtin:BasicFeeder", {"array": "{{1.data.items}}"})
    later = module(3, "acme:use", {"x": "{{round(2.price)}} {{1.headers.`X-Pages`}}"})
    run = harness.run(http_v4_module(parseResponse=True), feeder, later)
    assert [set(item) for item in single_output(run)["data"]["items"]] == [{"price"}, {"price"}]
    assert single_output(run)["headers"]["x-pages"] != ""
    assert [step.module_id for step in run.steps] == [1, 2, 3, 3]


@pytest.mark.parametrize("parsed", [True, False])
def test_an_answer_that_is_parsed_later_is_a_text_of_json(parsed: bool) -> None:
    read = module(2, "json:ParseJSON", {"json": "{{1.data}}"})
    run = EngineHarness().run(
        http_v4_module(parseResponse=parsed), read, module(3, "acme:use", {"x": "{{2.id}}"})
    )
    assert run.error is None
    assert list(json.loads(single_output(run)["data"])) == ["id"]


def test_an_unparsed_response_has_generated_text_only() -> None:
    run = EngineHarness().run(
        http_v4_module(parseResponse=False), module(2, "acme:use", {"x": "{{1.data.id}}"})
    )
    assert isinstance(single_output(run)["data"], str)
    assert run.steps[1].input == {"x": None}


def test_the_key_of_basic_auth_is_named_as_exports_name_it() -> None:
    node = http_v3_module(name="ActionSendDataBasicAuth", parameters={"auth": 2287})
    assert error_of(EngineHarness().run(node))[0] == "BundleValidationError"


def test_generated_data_have_the_shape_of_the_interface() -> None:
    spec = [{"name": "email", "type": "email"}, {"name": "n", "type": "integer"}]
    interface = [
        {"name": "data", "type": "collection", "spec": spec},
        {"name": "statusCode", "type": "number"},
    ]
    data = single_output(EngineHarness().run(http_v4_module(metadata={"interface": interface})))["data"]
    assert list(data) == ["email", "n"]
    assert "@" in data["email"]
    assert isinstance(data["n"], int)
    assert (
        data == single_output(EngineHarness().run(http_v4_module(metadata={"interface": interface})))["data"]
    )


def test_an_answer_takes_its_time_and_too_long_a_one_is_a_timeout() -> None:
    harness = EngineHarness()
    add_http_rule(harness, delay=30_000, left=1)
    add_http_rule(harness, delay=40_000)
    assert 30_000 < harness.run(http_v3_module()).duration < 31_000
    late = harness.run(http_v3_module())
    assert error_of(late) == ("ModuleTimeoutError", "The operation timed out.")
    assert 40_000 < late.duration < 41_000
    assert 40_000 < harness.run(http_v3_module(timeout=41)).duration < 41_000
    assert [row.error for row in harness.world.http_requests] == [None, "ModuleTimeoutError", None]


def test_a_rule_may_be_that_there_is_no_answer() -> None:
    harness = EngineHarness()
    add_http_rule(harness, error="timeout", left=1)
    add_http_rule(harness, error="connection")
    assert error_of(harness.run(http_v3_module(timeout=5)))[0] == "ModuleTimeoutError"
    assert error_of(harness.run(http_v3_module())) == (
        "ConnectionError",
        "connect ECONNREFUSED api.example.com:443",
    )


def test_requests_count_as_traffic_and_take_the_time_of_other_services() -> None:
    harness = EngineHarness()
    add_http_rule(harness, body="x" * 1_000)
    run = harness.run(http_v3_module(method="post", bodyType="raw", data="y" * 500))
    assert (run.operations, run.transfer) == (1, 1_500)
    assert run.duration >= 60 + 60


def test_only_the_latest_requests_are_kept_and_only_a_part_of_a_long_body(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(external_services, "MAX_REQUESTS", 2)
    harness = EngineHarness()
    harness.run(*(http_v3_module(id, method="post", bodyType="raw", data="z" * 30_000) for id in (1, 2, 3)))
    assert [(row.id, row.module_id) for row in harness.world.http_requests] == [(2, 2), (3, 3)]
    assert [(len(row.body or ""), row.size) for row in harness.world.http_requests] == 2 * [(20_000, 30_000)]


# --- redirects and cookies -----------------------------------------------------------------------


def test_a_get_follows_redirects_and_others_do_if_they_are_set_to() -> None:
    harness = EngineHarness()
    add_http_rule(harness, URL, status=302, headers=(("Location", "/v2/items"),))
    add_http_rule(harness, "https://api.example.com/v2/items", body="there")
    assert single_output(harness.run(http_v3_module()))["data"] == "there"
    assert single_output(harness.run(http_v3_module(followRedirect=False)))["statusCode"] == 302
    post: dict[str, Any] = {"method": "post", "bodyType": "raw", "contentType": "text/plain", "data": "x"}
    assert single_output(harness.run(http_v3_module(**post)))["statusCode"] == 302
    assert single_output(harness.run(http_v3_module(**post, followAllRedirects=True)))["data"] == "there"
    *_, last = harness.world.http_requests
    assert (last.method, last.body, header_of(last, "content-type")) == ("GET", None, None)


def test_a_redirect_that_keeps_the_method_keeps_the_body() -> None:
    harness = EngineHarness()
    add_http_rule(harness, URL, status=307, headers=(("location", "https://api.example.com/b"),))
    harness.run(http_v3_module(method="post", bodyType="raw", data="x", followAllRedirects=True))
    *_, last = harness.world.http_requests
    assert (last.method, last.body) == ("POST", "x")


def test_another_host_gets_no_credentials() -> None:
    harness = EngineHarness()
    add_http_rule(harness, URL, status=302, headers=(("location", "https://evil.example.net/"),))
    headers = [{"name": "Authorization", "value": "Bearer s"}, {"name": "X", "value": "1"}]
    harness.run(http_v3_module(headers=headers))
    first, second = harness.world.http_requests
    assert (header_of(first, "authorization"), header_of(second, "authorization")) == ("Bearer s", None)
    assert header_of(second, "x") == "1"


def test_a_loop_of_redirects_ends() -> None:
    harness = EngineHarness()
    add_http_rule(harness, status=301, headers=(("location", URL),))
    assert error_of(harness.run(http_v3_module()))[1].startswith("Exceeded maxRedirects.")
    assert len(harness.world.http_requests) == MAX_REDIRECTS + 1


def test_a_redirect_to_nowhere_is_an_error() -> None:
    harness = EngineHarness()
    add_http_rule(harness, status=301, headers=(("location", "javascript:alert(1)"),))
    assert error_of(harness.run(http_v3_module()))[1].startswith("Invalid URI in the header 'location'")


def test_modules_share_cookies_if_they_are_set_to() -> None:
    harness = EngineHarness()
    add_http_rule(harness, headers=(("set-cookie", "sid=1; path=/"), ("set-cookie", "a=b")))
    harness.run(http_v3_module(1, shareCookies=True), http_v3_module(2), http_v3_module(3, shareCookies=True))
    assert [header_of(row, "cookie") for row in harness.world.http_requests] == [None, None, "sid=1; a=b"]
    harness.run(http_v3_module(1, shareCookies=True, url="https://other.example.com"))
    *_, last = harness.world.http_requests
    assert header_of(last, "cookie") is None


# --- credentials ---------------------------------------------------------------------------------


def add_key(harness: EngineHarness, type: str, **parameters: Any) -> int:
    return keys.create(harness.world, harness.team, name="Key", type_name=type, parameters=parameters).id


def test_credentials_leave_with_the_request_and_are_masked_everywhere_else() -> None:
    for type, data, node, name, value in (
        ("apikeyauth", {"key": "s3cret"}, "apiKey", "X-API-Key", "s3cret"),
        ("apikeyauth", {"key": "s3cret", "name": "X-Key"}, "apiKey", "X-Key", "s3cret"),
        (
            "basicauth",
            {"authUser": "u", "authPass": "s3cret"},
            "basicAuth",
            "Authorization",
            "Basic dTpzM2NyZXQ=",
        ),
    ):
        harness = EngineHarness()
        harness.world.transport = recorder = RecordingTransport()
        id = add_key(harness, type, **data)
        keychain = {"authenticationType": node, f"{node}Keychain": id}
        run = harness.run(http_v4_module(parameters=keychain))
        assert dict(recorder.requests[0].headers)[name] == value
        assert dict(sent_request(harness).headers)[name] == MASK
        shown = repr((run.steps, run.error, sent_request(harness), recorder.requests[0]))
        assert value not in shown


def test_a_key_may_stand_in_the_query_and_is_not_shown_there() -> None:
    harness = EngineHarness()
    harness.world.transport = recorder = RecordingTransport()
    id = add_key(harness, "apikeyauth", key="s3cret", name="api_key", placement="qs")
    harness.run(
        http_v3_module(
            name="ActionSendDataAPIKeyAuth", parameters={"auth": id}, qs=[{"name": "a", "value": 1}]
        )
    )
    assert recorder.requests[0].url == f"{URL}?a=1&api_key=s3cret"
    assert sent_request(harness).url == f"{URL}?a=1"


def test_a_key_that_the_emulator_does_not_know_is_masked_and_never_leaves() -> None:
    harness = EngineHarness()
    node = http_v3_module(name="ActionSendDataBasicAuth", parameters={"key": 2287})
    add_http_rule(harness, left=1)
    single_output(harness.run(node))
    assert header_of(sent_request(harness), "authorization") == MASK
    harness.world.transport = recorder = RecordingTransport()
    name, text = error_of(harness.run(node))
    assert name == "InvalidConfigurationError"
    assert "has no credentials for this module" in text
    assert recorder.requests == []


def test_a_key_of_another_type_is_an_error() -> None:
    harness = EngineHarness()
    id = add_key(harness, "basicauth", authUser="u", authPass="s3cret")
    run = harness.run(http_v3_module(name="ActionSendDataAPIKeyAuth", parameters={"auth": id}))
    text = f"Key '{id}' is of the type 'basicauth', not 'apikeyauth'."
    assert error_of(run) == ("InvalidConfigurationError", text)


def test_a_key_of_another_team_never_leaves() -> None:
    harness = EngineHarness()
    harness.world.transport = recorder = RecordingTransport()
    id = add_key(harness, "apikeyauth", key="s3cret")
    harness.world.keys.put(replace(harness.world.keys[id], team_id=harness.team.id + 1))
    run = harness.run(http_v3_module(name="ActionSendDataAPIKeyAuth", parameters={"auth": id}))
    assert error_of(run)[0] == "InvalidConfigurationError"
    assert recorder.requests == []


def test_a_key_without_a_password_sends_an_empty_one() -> None:
    harness = EngineHarness()
    harness.world.transport = recorder = RecordingTransport()
    id = add_key(harness, "basicauth", authUser="u")
    harness.run(http_v3_module(name="ActionSendDataBasicAuth", parameters={"key": str(id)}))
    assert dict(recorder.requests[0].headers)["Authorization"] == "Basic dTo="


def test_a_key_does_not_go_along_to_another_host() -> None:
    harness = EngineHarness()
    moved = HttpResponse(status=302, headers=(("location", "https://evil.example.net/"),))
    harness.world.transport = recorder = RecordingTransport(moved)
    id = add_key(harness, "apikeyauth", key="s3cret")
    harness.run(http_v3_module(name="ActionSendDataAPIKeyAuth", parameters={"auth": id}))
    assert [dict(request.headers).get("X-API-Key") for request in recorder.requests] == ["s3cret", None]


def test_a_user_and_a_password_become_basic_auth_wherever_they_stand() -> None:
    for node in (
        http_v3_module(authUser="u", authPass="p"),
        http_v3_module(url="https://u:p@api.example.com/items"),
    ):
        harness = EngineHarness()
        harness.run(node)
        assert (sent_request(harness).url, header_of(sent_request(harness), "authorization")) == (
            URL,
            "Basic dTpw",
        )


# --- the network ---------------------------------------------------------------------------------


def test_a_rule_goes_before_the_network_and_the_network_before_what_is_generated() -> None:
    harness = EngineHarness()
    harness.world.transport = recorder = RecordingTransport(
        HttpResponse(status=202, body=b"real", elapsed=1_500)
    )
    add_http_rule(harness, left=1)
    run = harness.run(http_v3_module(1), http_v3_module(2))
    assert [single_output(run, id)["statusCode"] for id in (1, 2)] == [200, 202]
    assert [row.answered_by for row in harness.world.http_requests] == ["rule", "network"]
    assert [request.timeout for request in recorder.requests] == [40_000]
    assert run.duration > 1_500


@pytest.mark.parametrize(
    ("cause", "name"),
    [
        ("timeout", "ModuleTimeoutError"),
        ("connection", "ConnectionError"),
        ("size", "MaxFileSizeExceededError"),
    ],
)
def test_what_goes_wrong_on_the_network_has_makes_names(cause: Any, name: str) -> None:
    harness = EngineHarness()
    harness.world.transport = RecordingTransport(NoResponseError(cause, "Why.", 700))
    run = harness.run(http_v3_module())
    assert error_of(run) == (name, "Why.")
    assert run.duration > 700
    assert (sent_request(harness).answered_by, sent_request(harness).error) == ("network", name)


def test_certificates_are_handed_on_and_those_of_clients_are_not_supported() -> None:
    harness = EngineHarness()
    harness.world.transport = recorder = RecordingTransport()
    harness.run(http_v3_module(ca="PEM", rejectUnauthorized=False))
    assert (recorder.requests[0].ca_certificate, recorder.requests[0].verify_tls) == ("PEM", False)
    assert "with a client certificate" in error_of(harness.run(http_v3_module(useMtls=True)))[1]


@pytest.mark.parametrize(("name", "what"), [("tlsType", "certificates"), ("proxyKeychain", "a proxy")])
def test_what_version_four_cannot_do_on_the_network_is_said(name: str, what: str) -> None:
    harness = EngineHarness()
    chosen = {"authenticationType": "noAuth", name: "mTls"}
    assert single_output(harness.run(http_v4_module(parameters=chosen)))["statusCode"] == 200
    harness.world.transport = recorder = RecordingTransport()
    text = f"Module 'http:MakeRequest, with {what}' (1) is not supported by the emulator."
    assert error_of(harness.run(http_v4_module(parameters=chosen))) == ("RuntimeError", text)
    assert recorder.requests == []


# --- addresses -----------------------------------------------------------------------------------


def test_addresses_are_written_in_ascii() -> None:
    assert build_url("https://example.com/a b?x=é#part", []) == "https://example.com/a%20b?x=%C3%A9"
    assert build_url("https://bücher.example/ü", []) == "https://xn--bcher-kva.example/%C3%BC"
    assert build_url("https://example.com/%20", []) == "https://example.com/%20"
    assert build_url("https://example.com/%20", [], serialize=True) == "https://example.com/%2520"
    assert build_url("https://example.com?", [("a", 1)]) == "https://example.com?a=1"
    assert split_credentials("https://example.com/@x") == ("https://example.com/@x", None)
    assert split_credentials("https://a%40b:c:d@example.com") == ("https://example.com", ("a@b", "c:d"))


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://api.example.com/", True),
        ("http://api.example.com/", False),
        ("HTTP://api.example.com/", False),
        ("http://93.184.216.34/", False),
        ("http://localhost:8080/", True),
        ("http://127.0.0.1:8080/", True),
        ("http://[::1]:8080/", True),
        ("http://10.0.0.7/", True),
        ("http://courier:8080/", True),
        ("http://host.docker.internal:8080/", True),
    ],
)
def test_version_four_allows_only_secure_connections_to_the_world_outside(url: str, *, allowed: bool) -> None:
    harness = EngineHarness()
    add_http_rule(harness)
    run = harness.run(http_v4_module(url=url))
    if allowed:
        assert single_output(run)["statusCode"] == 200
    else:
        expected = ("InvalidConfigurationError", "Only secure connections are allowed: https://")
        assert error_of(run) == expected
        assert len(harness.world.http_requests) == 0
    assert single_output(harness.run(http_v3_module(url=url)))["statusCode"] == 200


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_a_form_can_be_read_back(pairs: list[tuple[str, str]]) -> None:
    sound = [
        (name.encode("utf-8", "replace").decode(), value.encode("utf-8", "replace").decode())
        for name, value in pairs
    ]
    assert parse_qsl(encode_form(pairs), keep_blank_values=True) == sound


@given(st.text(), st.text(min_size=1))
def test_no_address_can_begin_another_line(path: str, name: str) -> None:
    try:
        url = build_url(f"https://example.com/{path}", [(name, path)])
    except BundleValidationError:
        return
    assert url.isascii()
    assert not set(url) & set(" \r\n\t")
