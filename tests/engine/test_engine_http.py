"""What the app "HTTP" sends, what it makes of an answer, and how it fails."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import orjson
import pytest
from http_lab import URL, Recorder, answer, header, legacy, only, request, sent
from hypothesis import given
from hypothesis import strategies as st
from lab import Lab, error_of, module

from emulator.engine import catalog
from emulator.engine.errors import BundleInvalid
from emulator.engine.modules.http_bodies import address, form, without_login
from emulator.engine.modules.http_exchange import MAX_REDIRECTS
from emulator.world import connections, outside
from emulator.world.models import Json
from emulator.world.snapshot import MASK
from emulator.world.transport import Answer, Unanswered

# --- what is sent --------------------------------------------------------------------------------


def test_a_request_is_put_together_from_all_its_fields() -> None:
    lab = Lab()
    run = lab.run(
        legacy(
            method="post",
            url=f"{URL}?a=1",
            qs=[{"name": "from to", "value": "é&x"}, {"name": "empty"}],
            headers=[{"name": "X-Trace", "value": "{{1 + 1}}"}],
            bodyType="raw",
            contentType="application/json",
            data='{"city": "Oslo"}',
        )
    )
    request = sent(lab)
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
    numbered, plain = Lab(), Lab()
    numbered.run(legacy(qs=tags))
    plain.run(legacy(qs=tags, useQuerystring=True))
    assert sent(numbered).url == f"{URL}?tag%5B0%5D=a&tag%5B1%5D=b&n=1"
    assert sent(plain).url == f"{URL}?tag=a&tag=b&n=1"


def test_a_form_is_url_encoded() -> None:
    lab = Lab()
    fields = [{"key": "name", "value": "Zoë A"}, {"key": "n", "value": "{{2 * 3}}"}]
    lab.run(legacy(method="post", bodyType="x_www_form_urlencoded", formFields=fields, data="ignored"))
    assert sent(lab).body == "name=Zo%C3%AB%20A&n=6"
    assert header(sent(lab), "content-type") == "application/x-www-form-urlencoded"


def test_a_multipart_form_carries_texts_and_files() -> None:
    lab = Lab()
    fields = [
        {"key": "note", "fieldType": "text", "value": "Hi"},
        {"key": "file", "fieldType": "file", "data": "a,b", "fileName": 'x"y.csv'},
    ]
    lab.run(legacy(method="put", bodyType="multipart_form_data", formDataFields=fields))
    request = sent(lab)
    kind, _, boundary = (header(request, "content-type") or "").partition("; boundary=")
    assert kind == "multipart/form-data"
    assert request.body == (
        f'--{boundary}\r\nContent-Disposition: form-data; name="note"\r\n\r\nHi\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="x%22y.csv"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\na,b\r\n--{boundary}--\r\n"
    )


def test_a_mapped_header_goes_before_one_that_follows_from_another_field() -> None:
    lab = Lab()
    own = [{"name": "content-type", "value": "a/b"}, {"name": "X", "value": 1}, {"name": "x", "value": 2}]
    lab.run(
        legacy(method="post", bodyType="raw", contentType="text/plain", data="x", headers=own, gzip=False)
    )
    assert sent(lab).headers == (("content-type", "a/b"), ("x", "2"))


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
        lab = Lab()
        only(lab.run(request(method="post", **mapper)))
        assert (sent(lab).body, header(sent(lab), "content-type")) == (body, kind)
    lab = Lab()
    part = {"name": "a", "value": "b", "multipartFieldType": "text"}
    lab.run(request(method="post", contentType="multipart", multipartBodyContent=[part]))
    assert 'name="a"\r\n\r\nb\r\n' in str(sent(lab).body)
    lab = Lab()
    lab.run(request(queryParameters=[{"name": "a", "value": 1}, {"name": "a", "value": 2}]))
    assert sent(lab).url == f"{URL}?a=1&a=2"


def test_a_body_of_a_structure_is_written_as_json_whatever_is_in_it() -> None:
    lab = Lab()
    structure: dict[str, Any] = {"a": ["é", 10**30, None, "\ud83d"]}
    lab.run(
        request(
            method="put", contentType="json", inputMethod="dataStructure", dataStructureBodyContent=structure
        )
    )
    assert sent(lab).body == '{"a":["é",1' + 30 * "0" + ',null,"\ufffd"]}'


def test_a_body_that_is_not_json_once_it_is_mapped_is_refused_in_makes_words() -> None:
    run = Lab().run(
        request(contentType="json", inputMethod="jsonString", jsonStringBodyContent='{"n": "{{"a\n"}}"}')
    )
    assert error_of(run) == (
        "InvalidConfigurationError",
        "The provided JSON body content is not valid JSON.",
    )


# --- what is missing or does not fit -------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "parameters"),
    [
        (legacy(url=""), 1),
        (legacy(url="", method=""), 2),
        (legacy(method="POST"), 1),  # the choices are written in small letters
        (legacy(method="trace"), 1),
        (legacy(url="api.example.com/items"), 1),
        (legacy(url="ftp://example.com"), 1),
        (legacy(url="https://example.com:port/"), 1),
        (legacy(url="https://[::1/"), 1),
        (legacy(gzip="", useMtls=""), 2),
        (legacy(timeout=301), 1),
        (legacy(timeout=0), 1),
        (legacy(timeout="soon"), 1),
        (legacy(bodyType="json"), 1),
        (legacy(bodyType="raw", data={"a": 1}), 1),
        (legacy(headers=[{"name": "", "value": "x"}]), 1),
        (legacy(headers=[{"name": "a b", "value": "x"}]), 1),
        (legacy(headers=["x"]), 1),
        (legacy(qs=[{"value": "x"}]), 1),
        (legacy(method="post", bodyType="raw", contentType="application/x-www-form-urlencoded"), 1),
        (legacy(name="ActionSendDataAPIKeyAuth"), 1),
        (legacy(name="ActionSendDataBasicAuth", parameters={"key": ""}), 1),
        (legacy(name="ActionGetFile", url=""), 1),
        (request(parameters={"authenticationType": "bearer"}), 1),
        (request(parameters={"authenticationType": "apiKey"}), 1),
        (request(stopOnHttpError=""), 1),
        (request(contentType="xml"), 1),
        (request(contentType="json", jsonStringBodyContent="{}"), 1),
    ],
)
def test_what_a_module_needs_and_does_not_get_is_a_validation_error(node: Json, parameters: int) -> None:
    lab = Lab()
    text = f"Validation failed for {parameters} parameter(s)."
    assert error_of(lab.run(node)) == ("BundleValidationError", text)
    assert len(lab.world.http_requests) == 0


def test_a_header_that_would_begin_another_one_is_refused() -> None:
    lab = Lab()
    run = lab.run(legacy(headers=[{"name": "X-A", "value": "{{newline}}X-B: 1"}]))
    assert error_of(run) == ("RuntimeError", 'Invalid character in header content ["X-A"]')
    assert len(lab.world.http_requests) == 0


def test_a_content_type_that_would_begin_another_header_is_refused() -> None:
    lab = Lab()
    custom: dict[str, Any] = {
        "contentType": "custom",
        "contentTypeValue": "a/b\r\nX-B: 1",
        "rawBodyContent": "x",
    }
    run = lab.run(request(method="post", **custom))
    assert error_of(run) == ("RuntimeError", 'Invalid character in header content ["Content-Type"]')


def test_halves_of_characters_are_no_matter() -> None:
    half = "\ud83d"
    field = {"key": half, "fieldType": "file", "data": half, "fileName": half}
    lab = Lab()
    lab.run(
        legacy(1, method="post", bodyType="multipart_form_data", formDataFields=[field]),
        legacy(2, method="post", bodyType="raw", data=half, qs=[{"name": half, "value": half}]),
    )
    assert len(lab.world.http_requests) == 2
    orjson.dumps([row.body for row in lab.world.http_requests])


@pytest.mark.parametrize(
    ("name", "version"), [("MakeARequest", 1), ("MakeRequest", 1), ("ActionSendData", 4)]
)
def test_modules_that_make_does_not_have_are_unknown(name: str, version: int) -> None:
    assert not catalog.exists("http", name, version)


# --- what comes back -----------------------------------------------------------------------------


def test_an_answer_comes_out_as_it_does_in_version_three() -> None:
    lab = Lab()
    answer(lab, status=201, body={"id": 7}, headers=(("X-Id", "7"), ("Set-Cookie", "a=1; path=/")))
    bundle = only(lab.run(legacy()))
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
    lab = Lab()
    answer(
        lab, body=[1, 2], headers=(("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Via", "x"), ("via", "y"))
    )
    assert only(lab.run(request())) == {
        "data": [1, 2],
        "headers": {"set-cookie": ["a=1", "b=2"], "via": "x, y", "content-type": "application/json"},
        "statusCode": 200,
    }


def test_json_and_xml_are_parsed_and_only_on_request() -> None:
    def data(body: Json, kind: str | None = None, **mapper: Json) -> Json:
        lab = Lab()
        answer(lab, body=body, headers=(("content-type", kind),) if kind else ())
        return only(lab.run(legacy(**mapper)))["data"]

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
        lab = Lab()
        answer(lab, body="no", headers=(("content-type", f"application/{kind.lower()}"),))
        assert error_of(lab.run(legacy())) == ("DataError", f"Source is not valid {kind}.")


def test_what_answers_to_head_has_no_body() -> None:
    lab = Lab()
    answer(lab, body={"a": 1})
    bundle = only(lab.run(legacy(method="head")))
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
            lab = Lab()
            answer(lab, body="abc", headers=(*headers, ("content-type", "application/pdf")))
            bundle = only(lab.run(node))
            assert (bundle["data"], bundle["fileName"], bundle["fileSize"]) == ("YWJj", name, 3)


@pytest.mark.parametrize(
    ("status", "name"),
    [(404, "RuntimeError"), (500, "RuntimeError"), (429, "RateLimitError"), (503, "ConnectionError")],
)
def test_states_are_errors_only_if_they_are_evaluated_as_such(status: int, name: str) -> None:
    lab = Lab()
    answer(lab, status=status, body="Nothing here")
    assert only(lab.run(legacy()))["statusCode"] == status
    assert only(lab.run(request(stopOnHttpError=False)))["statusCode"] == status
    expected = (name, f"[{status}] Nothing here")
    assert error_of(lab.run(legacy(parameters={"handleErrors": True}))) == expected
    assert error_of(lab.run(request())) == expected


def test_an_error_without_a_body_tells_the_phrase_of_its_status() -> None:
    lab = Lab()
    answer(lab, status=404)
    assert error_of(lab.run(request())) == ("RuntimeError", "[404] Not Found")


def test_an_error_handler_takes_the_error_of_a_request() -> None:
    lab = Lab()
    answer(lab, status=503)
    handler = module(2, "builtin:Resume", {"data": "{{1.error.type}}"})
    run = lab.run(
        request() | {"onerror": [handler]}, module(3, "util:ComposeTransformer", {"value": "{{1.data}}"})
    )
    assert only(run, 3) == {"value": "ConnectionError"}


# --- who answers ---------------------------------------------------------------------------------


def test_the_first_rule_that_fits_answers_until_it_is_used_up() -> None:
    lab = Lab()
    answer(lab, "https://other.example.com/*", body="other")
    answer(lab, URL, method="POST", body="post")
    answer(lab, "https://api.example.com/*", status=500, left=1)
    answer(lab, URL, body="then")
    run = lab.run(legacy(1, qs=[{"name": "a", "value": 1}]), legacy(2), legacy(3, method="post"))
    assert [only(run, id)["statusCode"] for id in (1, 2, 3)] == [500, 200, 200]
    assert [only(run, id)["data"] for id in (2, 3)] == ["then", "post"]
    assert [(rule.hits, rule.left) for rule in lab.world.http_rules] == [
        (0, None),
        (1, None),
        (1, 0),
        (1, None),
    ]
    assert [row.rule_id for row in lab.world.http_requests] == [3, 4, 2]


def test_without_a_rule_the_answer_is_made_up_and_says_so() -> None:
    lab = Lab()
    bundle = only(lab.run(legacy()))
    assert bundle["statusCode"] == 200
    assert bundle["data"] == {}
    assert {"name": "x-make-emulator", "value": "simulated"} in bundle["headers"]
    assert sent(lab).answered_by == "simulation"
    assert only(Lab().run(legacy(parseResponse=False)))["data"] == ""


def test_made_up_data_are_what_later_modules_map() -> None:
    lab = Lab()
    feeder = module(2, "builtin:BasicFeeder", {"array": "{{1.data.items}}"})
    later = module(3, "acme:use", {"x": "{{round(2.price)}} {{1.headers.`X-Pages`}}"})
    run = lab.run(request(parseResponse=True), feeder, later)
    assert [set(item) for item in only(run)["data"]["items"]] == [{"price"}, {"price"}]
    assert only(run)["headers"]["x-pages"] != ""
    assert [step.module_id for step in run.steps] == [1, 2, 3, 3]


@pytest.mark.parametrize("parsed", [True, False])
def test_an_answer_that_is_parsed_later_is_a_text_of_json(parsed: bool) -> None:
    read = module(2, "json:ParseJSON", {"json": "{{1.data}}"})
    run = Lab().run(request(parseResponse=parsed), read, module(3, "acme:use", {"x": "{{2.id}}"}))
    assert run.error is None
    assert list(json.loads(only(run)["data"])) == ["id"]


def test_of_an_answer_that_is_not_parsed_nothing_but_its_text_is_made_up() -> None:
    run = Lab().run(request(parseResponse=False), module(2, "acme:use", {"x": "{{1.data.id}}"}))
    assert isinstance(only(run)["data"], str)
    assert run.steps[1].input == {"x": None}


def test_the_key_of_basic_auth_is_named_as_exports_name_it() -> None:
    node = legacy(name="ActionSendDataBasicAuth", parameters={"auth": 2287})
    assert error_of(Lab().run(node))[0] == "BundleValidationError"


def test_made_up_data_have_the_shape_of_the_interface() -> None:
    spec = [{"name": "email", "type": "email"}, {"name": "n", "type": "integer"}]
    interface = [
        {"name": "data", "type": "collection", "spec": spec},
        {"name": "statusCode", "type": "number"},
    ]
    data = only(Lab().run(request(metadata={"interface": interface})))["data"]
    assert list(data) == ["email", "n"]
    assert "@" in data["email"]
    assert isinstance(data["n"], int)
    assert data == only(Lab().run(request(metadata={"interface": interface})))["data"]


def test_an_answer_takes_its_time_and_too_long_a_one_is_a_timeout() -> None:
    lab = Lab()
    answer(lab, delay=30_000, left=1)
    answer(lab, delay=40_000)
    assert 30_000 < lab.run(legacy()).duration < 31_000
    late = lab.run(legacy())
    assert error_of(late) == ("ModuleTimeoutError", "The operation timed out.")
    assert 40_000 < late.duration < 41_000
    assert 40_000 < lab.run(legacy(timeout=41)).duration < 41_000
    assert [row.error for row in lab.world.http_requests] == [None, "ModuleTimeoutError", None]


def test_a_rule_may_be_that_there_is_no_answer() -> None:
    lab = Lab()
    answer(lab, error="timeout", left=1)
    answer(lab, error="connection")
    assert error_of(lab.run(legacy(timeout=5)))[0] == "ModuleTimeoutError"
    assert error_of(lab.run(legacy())) == ("ConnectionError", "connect ECONNREFUSED api.example.com:443")


def test_requests_count_as_traffic_and_take_the_time_of_other_services() -> None:
    lab = Lab()
    answer(lab, body="x" * 1_000)
    run = lab.run(legacy(method="post", bodyType="raw", data="y" * 500))
    assert (run.operations, run.transfer) == (1, 1_500)
    assert run.duration >= 60 + 60


def test_only_the_latest_requests_are_kept_and_only_a_part_of_a_long_body(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outside, "REQUESTS", 2)
    lab = Lab()
    lab.run(*(legacy(id, method="post", bodyType="raw", data="z" * 30_000) for id in (1, 2, 3)))
    assert [(row.id, row.module_id) for row in lab.world.http_requests] == [(2, 2), (3, 3)]
    assert [(len(row.body or ""), row.size) for row in lab.world.http_requests] == 2 * [(20_000, 30_000)]


# --- redirects and cookies -----------------------------------------------------------------------


def test_a_get_follows_redirects_and_others_do_if_they_are_told_to() -> None:
    lab = Lab()
    answer(lab, URL, status=302, headers=(("Location", "/v2/items"),))
    answer(lab, "https://api.example.com/v2/items", body="there")
    assert only(lab.run(legacy()))["data"] == "there"
    assert only(lab.run(legacy(followRedirect=False)))["statusCode"] == 302
    post: dict[str, Any] = {"method": "post", "bodyType": "raw", "contentType": "text/plain", "data": "x"}
    assert only(lab.run(legacy(**post)))["statusCode"] == 302
    assert only(lab.run(legacy(**post, followAllRedirects=True)))["data"] == "there"
    *_, last = lab.world.http_requests
    assert (last.method, last.body, header(last, "content-type")) == ("GET", None, None)


def test_a_redirect_that_keeps_the_method_keeps_the_body() -> None:
    lab = Lab()
    answer(lab, URL, status=307, headers=(("location", "https://api.example.com/b"),))
    lab.run(legacy(method="post", bodyType="raw", data="x", followAllRedirects=True))
    *_, last = lab.world.http_requests
    assert (last.method, last.body) == ("POST", "x")


def test_another_host_is_not_told_who_is_calling() -> None:
    lab = Lab()
    answer(lab, URL, status=302, headers=(("location", "https://evil.example.net/"),))
    headers = [{"name": "Authorization", "value": "Bearer s"}, {"name": "X", "value": "1"}]
    lab.run(legacy(headers=headers))
    first, second = lab.world.http_requests
    assert (header(first, "authorization"), header(second, "authorization")) == ("Bearer s", None)
    assert header(second, "x") == "1"


def test_a_loop_of_redirects_ends() -> None:
    lab = Lab()
    answer(lab, status=301, headers=(("location", URL),))
    assert error_of(lab.run(legacy()))[1].startswith("Exceeded maxRedirects.")
    assert len(lab.world.http_requests) == MAX_REDIRECTS + 1


def test_a_redirect_to_nowhere_is_an_error() -> None:
    lab = Lab()
    answer(lab, status=301, headers=(("location", "javascript:alert(1)"),))
    assert error_of(lab.run(legacy()))[1].startswith("Invalid URI in the header 'location'")


def test_modules_share_cookies_if_they_are_told_to() -> None:
    lab = Lab()
    answer(lab, headers=(("set-cookie", "sid=1; path=/"), ("set-cookie", "a=b")))
    lab.run(legacy(1, shareCookies=True), legacy(2), legacy(3, shareCookies=True))
    assert [header(row, "cookie") for row in lab.world.http_requests] == [None, None, "sid=1; a=b"]
    lab.run(legacy(1, shareCookies=True, url="https://other.example.com"))
    *_, last = lab.world.http_requests
    assert header(last, "cookie") is None


# --- credentials ---------------------------------------------------------------------------------


def connect(lab: Lab, type: str, **data: Json) -> int:
    return connections.create(lab.world, lab.team, lab.user, name="Key", type=type, data=data).id


def test_credentials_leave_with_the_request_and_are_masked_everywhere_else() -> None:
    for type, data, node, name, value in (
        ("apikeyauth", {"key": "s3cret"}, "apiKey", "Authorization", "s3cret"),
        ("apikeyauth", {"key": "s3cret", "name": "X-Key"}, "apiKey", "X-Key", "s3cret"),
        (
            "basicauth",
            {"username": "u", "password": "s3cret"},
            "basicAuth",
            "Authorization",
            "Basic dTpzM2NyZXQ=",
        ),
    ):
        lab = Lab()
        lab.world.transport = recorder = Recorder()
        id = connect(lab, type, **data)
        keychain = {"authenticationType": node, f"{node}Keychain": id}
        run = lab.run(request(parameters=keychain))
        assert dict(recorder.requests[0].headers)[name] == value
        assert dict(sent(lab).headers)[name] == MASK
        shown = repr((run.steps, run.error, sent(lab), recorder.requests[0]))
        assert value not in shown


def test_a_key_may_stand_in_the_query_and_is_not_shown_there() -> None:
    lab = Lab()
    lab.world.transport = recorder = Recorder()
    id = connect(lab, "apikeyauth", key="s3cret", name="api_key", placement="query")
    lab.run(legacy(name="ActionSendDataAPIKeyAuth", parameters={"auth": id}, qs=[{"name": "a", "value": 1}]))
    assert recorder.requests[0].url == f"{URL}?a=1&api_key=s3cret"
    assert sent(lab).url == f"{URL}?a=1"


def test_a_key_that_the_emulator_does_not_know_is_masked_and_never_leaves() -> None:
    lab = Lab()
    node = legacy(name="ActionSendDataBasicAuth", parameters={"key": 2287})
    answer(lab, left=1)
    only(lab.run(node))
    assert header(sent(lab), "authorization") == MASK
    lab.world.transport = recorder = Recorder()
    name, text = error_of(lab.run(node))
    assert name == "InvalidConfigurationError"
    assert "was not told the credentials" in text
    assert recorder.requests == []


def test_a_key_does_not_go_along_to_another_host() -> None:
    lab = Lab()
    moved = Answer(status=302, headers=(("location", "https://evil.example.net/"),))
    lab.world.transport = recorder = Recorder(moved)
    id = connect(lab, "apikeyauth", key="s3cret")
    lab.run(legacy(name="ActionSendDataAPIKeyAuth", parameters={"auth": id}))
    assert [dict(request.headers).get("Authorization") for request in recorder.requests] == ["s3cret", None]


def test_a_user_and_a_password_become_basic_auth_wherever_they_stand() -> None:
    for node in (legacy(authUser="u", authPass="p"), legacy(url="https://u:p@api.example.com/items")):
        lab = Lab()
        lab.run(node)
        assert (sent(lab).url, header(sent(lab), "authorization")) == (URL, "Basic dTpw")


# --- the network ---------------------------------------------------------------------------------


def test_a_rule_goes_before_the_network_and_the_network_before_what_is_made_up() -> None:
    lab = Lab()
    lab.world.transport = recorder = Recorder(Answer(status=202, body=b"real", elapsed=1_500))
    answer(lab, left=1)
    run = lab.run(legacy(1), legacy(2))
    assert [only(run, id)["statusCode"] for id in (1, 2)] == [200, 202]
    assert [row.answered_by for row in lab.world.http_requests] == ["rule", "network"]
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
    lab = Lab()
    lab.world.transport = Recorder(Unanswered(cause, "Why.", 700))
    run = lab.run(legacy())
    assert error_of(run) == (name, "Why.")
    assert run.duration > 700
    assert (sent(lab).answered_by, sent(lab).error) == ("network", name)


def test_certificates_are_handed_on_and_those_of_clients_are_not_supported() -> None:
    lab = Lab()
    lab.world.transport = recorder = Recorder()
    lab.run(legacy(ca="PEM", rejectUnauthorized=False))
    assert (recorder.requests[0].authority, recorder.requests[0].verified) == ("PEM", False)
    assert "with a client certificate" in error_of(lab.run(legacy(useMtls=True)))[1]


@pytest.mark.parametrize(("name", "what"), [("tlsType", "certificates"), ("proxyKeychain", "a proxy")])
def test_what_version_four_cannot_do_on_the_network_is_said(name: str, what: str) -> None:
    lab = Lab()
    chosen = {"authenticationType": "noAuth", name: "mTls"}
    assert only(lab.run(request(parameters=chosen)))["statusCode"] == 200
    lab.world.transport = recorder = Recorder()
    text = f"Module 'http:MakeRequest, with {what}' (1) is not supported by the emulator."
    assert error_of(lab.run(request(parameters=chosen))) == ("RuntimeError", text)
    assert recorder.requests == []


# --- addresses -----------------------------------------------------------------------------------


def test_addresses_are_written_in_ascii() -> None:
    assert address("https://example.com/a b?x=é#part", []) == "https://example.com/a%20b?x=%C3%A9"
    assert address("https://bücher.example/ü", []) == "https://xn--bcher-kva.example/%C3%BC"
    assert address("https://example.com/%20", []) == "https://example.com/%20"
    assert address("https://example.com/%20", [], serialize=True) == "https://example.com/%2520"
    assert address("https://example.com?", [("a", 1)]) == "https://example.com?a=1"
    assert without_login("https://example.com/@x") == ("https://example.com/@x", None)
    assert without_login("https://a%40b:c:d@example.com") == ("https://example.com", ("a@b", "c:d"))


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
    lab = Lab()
    answer(lab)
    run = lab.run(request(url=url))
    if allowed:
        assert only(run)["statusCode"] == 200
    else:
        expected = ("InvalidConfigurationError", "Only secure connections are allowed: https://")
        assert error_of(run) == expected
        assert len(lab.world.http_requests) == 0
    assert only(lab.run(legacy(url=url)))["statusCode"] == 200


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_a_form_can_be_read_back(pairs: list[tuple[str, str]]) -> None:
    sound = [
        (name.encode("utf-8", "replace").decode(), value.encode("utf-8", "replace").decode())
        for name, value in pairs
    ]
    assert parse_qsl(form(pairs), keep_blank_values=True) == sound


@given(st.text(), st.text(min_size=1))
def test_no_address_can_begin_another_line(path: str, name: str) -> None:
    try:
        url = address(f"https://example.com/{path}", [(name, path)])
    except BundleInvalid:
        return
    assert url.isascii()
    assert not set(url) & set(" \r\n\t")
