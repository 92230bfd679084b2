"""Every declared route is sent what it must refuse: no 5xx, Make's body, and nothing changed.

The cases follow from the declarations, so that a new route is attacked as soon as it has a valid request in the
table of `valid_requests`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from marshmallow import fields, validate
from werkzeug.test import TestResponse

from helpers.api import ADMIN_TOKEN, OUTSIDER_TOKEN
from helpers.populated_app import (
    BODY_TOO_LARGE,
    PopulatedApp,
    assert_error_response,
    fingerprint,
    suberrors_of,
)
from helpers.valid_requests import (
    ENDPOINTS,
    OTHER_ORGANIZATION_IDS,
    READ_ONLY_ROUTES,
    VALID_REQUESTS,
    request_path,
    route_of,
)
from make_emulator.app import BODY_LIMIT
from make_emulator.http.endpoint import PATH_PARAMETER_KINDS, TEXT_ID_PARAMETERS, Endpoint
from make_emulator.registry import WorldSpec
from make_emulator.schemas.base import MAX_ID, Bool, Int, ListField, OpenBodySchema, ResourceId
from make_emulator.schemas.data_structures import SpecField
from make_emulator.schemas.scenarios import JsonText
from make_emulator.world import oauth, organizations
from make_emulator.world.enums import SCOPES
from make_emulator.world.world import World

# A route that lacks a valid request fails one test, which names it.
every_route = pytest.mark.parametrize("name", [name for name in ENDPOINTS if name in VALID_REQUESTS])

every_route_with_a_token = pytest.mark.parametrize(
    "name",
    [name for name, endpoint in ENDPOINTS.items() if name in VALID_REQUESTS and not endpoint.is_public],
)

#: Paths that end in a word where those of other methods have an id.
BESIDE_IDS = (
    "/credential-requests/requests/v2",
    "/dlqs/retry",
    "/devices/request",
    "/functions/eval",
    "/notifications/mark-as-read",
    "/organizations/accept-invitation",
    "/organizations/{organizationId}/user-organization-roles/transfer",
)

DEEP = "[" * 500 + "]" * 500

#: Bad values of a field, as JSON text: a value as Python reads it (``None`` where JSON has none) is not enough.
JSON_TEXTS = (
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.5",
    "1.0",
    "-0.0",
    "1e3",
    "7777777",
    str(2**53),
    str(2**63),
    str(2**64),
    str(10**30),
    str(-(10**30)),
    '""',
    '" "',
    '"x"',
    '"1"',
    '"true"',
    '"\\u0000"',
    '"\\uffff\\n\\r"',
    '"{0} {x} %s"',
    json.dumps("x" * 10_000),
    json.dumps("{" * 10_000),
    json.dumps("[" * 101 + "]" * 101),
    "[]",
    "[null]",
    "[[]]",
    '["x",1,{}]',
    json.dumps([2**53]),
    json.dumps([{"name": "a", "type": "text"}] * 2),
    json.dumps([{"name": ["a"], "type": {"b": 1}}]),
    "{}",
    '{"":null}',
    '{"type":[],"name":{},"flow":0}',
    '{"1":{"2":[3]}}',
)

#: Texts that are no JSON at all, wherever they stand.
BROKEN_TEXTS = (
    "1e400",
    "NaN",
    "Infinity",
    '"\\ud800"',
    '"\\udfff\\ud800"',
    '"\\x"',
    "'x'",
    "01",
    "+1",
    ".5",
    "[1,]",
    "{1:2}",
    "undefined",
    "x",
    "",
    DEEP,
    "[" * 200_000,
    '{"a":' * 5_000 + "1" + "}" * 5_000,
)


@pytest.fixture(scope="module")
def shared() -> PopulatedApp:
    """One application for all tests of this file in a process; each gets its world as it was at first."""
    return PopulatedApp()


@pytest.fixture
def target(shared: PopulatedApp) -> PopulatedApp:
    shared.reset_if_changed()
    return shared


class Attack:
    """Sender of invalid variants of the valid request of one route, with checks of the responses."""

    def __init__(self, target: PopulatedApp, name: str) -> None:
        self.target = target
        self.endpoint: Endpoint = ENDPOINTS[name]
        self.valid = VALID_REQUESTS[name]
        self.path = request_path(self.endpoint)
        self.before = fingerprint(target.world)

    def send(self, *, path: str | None = None, query: Any = None, **options: Any) -> TestResponse:
        """Send the valid request with parts exchanged: ``data`` replaces the JSON of its body."""
        pairs = self.valid.query if query is None else query
        if self.valid.body is not None and "data" not in options:
            options["data"] = json.dumps(self.valid.body)
        options.setdefault("content_type", "application/json")
        return self.target.call(
            options.pop("method", self.endpoint.method),
            self.path if path is None else path,
            query_string=urlencode(pairs, doseq=True, quote_via=quote),
            **options,
        )

    def assert_unchanged(self) -> None:
        after = fingerprint(self.target.world)
        assert after == self.before

    def refused(self, *statuses: int, **changes: Any) -> dict[str, Any]:
        """Send it and check that it is refused with one of the statuses, and that nothing changed."""
        body = assert_error_response(self.send(**changes), set(statuses))
        self.assert_unchanged()
        return body

    def survived(self, **changes: Any) -> TestResponse:
        """Send what may be right or wrong: if it is refused, then in Make's shape, and nothing changed."""
        response = self.send(**changes)
        if response.status_code == self.endpoint.status:
            assert isinstance(response.json, dict)
            if fingerprint(self.target.world) != self.before:
                self.target.reset()
                self.path = request_path(self.endpoint)
                self.before = fingerprint(self.target.world)
        else:
            assert_error_response(response)
            if response.status_code != 424:  # A run that takes too long goes on.
                self.assert_unchanged()
        return response

    def body_with(self, key: str, text: str) -> str:
        """The JSON of the valid body in which one field has another value, given as JSON text."""
        others = {name: value for name, value in (self.valid.body or {}).items() if name != key}
        members = [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in others.items()]
        return "{" + ",".join([*members, f"{json.dumps(key)}:{text}"]) + "}"

    def body_fields(self) -> Iterator[tuple[str, fields.Field[Any]]]:
        for name, field in self.endpoint.body.load_fields.items() if self.endpoint.body else ():
            yield field.data_key or name, field

    def query_fields(self) -> Iterator[tuple[str, fields.Field[Any]]]:
        for name, field in self.endpoint.query.load_fields.items() if self.endpoint.query else ():
            yield field.data_key or name, field


@pytest.fixture
def attack(target: PopulatedApp, name: str) -> Attack:
    return Attack(target, name)


def may_be_right(field: fields.Field[Any], value: Any) -> bool:
    """True if a value has at least the right JSON type: then only its content can be wrong."""
    if value is None:
        return field.allow_none
    match field:
        case Int():
            # JSON has one kind of number: 1.0 is a whole one.
            if field.accepts_text and isinstance(value, str):
                return value.isascii() and value.isdigit() and int(value) <= MAX_ID
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            return is_number and 0 <= value <= MAX_ID and value == int(value)
        case Bool():
            return isinstance(value, bool)
        case ListField() | SpecField():
            return isinstance(value, list)
        case fields.Dict() | fields.Nested():
            return isinstance(value, dict)
        case fields.String() | JsonText():
            return isinstance(value, str)
    assert type(field) is fields.Raw, f"tell this test which values a {type(field).__name__} can take"
    return True


def takes_empty_text(field: fields.Field[Any]) -> bool:
    """True if a field declares that its text may be empty."""
    return any(isinstance(rule, validate.Length) and rule.min == 0 for rule in field.validators)


# --- the table -----------------------------------------------------------------------------------


def test_every_route_has_a_valid_request() -> None:
    assert set(VALID_REQUESTS) == set(ENDPOINTS), (
        "fixtures/request-examples.yaml has a request that succeeds for each route"
    )


@every_route
def test_the_valid_request_is_served(attack: Attack) -> None:
    response = attack.send()
    assert response.status_code == attack.endpoint.status, response.get_data(as_text=True)


@every_route
def test_reading_changes_nothing_and_writing_changes_something(attack: Attack) -> None:
    assert attack.send().status_code == attack.endpoint.status
    changed = fingerprint(attack.target.world) != attack.before
    assert changed is (attack.endpoint.method != "GET" and route_of(attack.endpoint) not in READ_ONLY_ROUTES)


# --- bodies --------------------------------------------------------------------------------------


@every_route
def test_fields_of_the_wrong_type_are_named_and_rejected(attack: Attack) -> None:
    for key, field in attack.body_fields():
        for text in JSON_TEXTS:
            sent = attack.body_with(key, text)
            if may_be_right(field, json.loads(text)):
                attack.survived(data=sent)
                continue
            body = attack.refused(400, data=sent)
            assert body["code"] == "SC400"
            assert any(f"'{key}" in fault for fault in suberrors_of(body)), (text, body)


@every_route
def test_fields_that_are_no_json_are_rejected(attack: Attack) -> None:
    for key, _ in attack.body_fields():
        for text in BROKEN_TEXTS:
            body = attack.refused(400, data=attack.body_with(key, text))
            assert (body["code"], body["suberrors"]) == ("SC400", [])
            assert len(body["detail"]) < 300


@every_route
def test_a_missing_required_field_is_named(attack: Attack) -> None:
    for key, field in attack.body_fields():
        if field.required:
            rest = {name: value for name, value in (attack.valid.body or {}).items() if name != key}
            body = attack.refused(400, data=json.dumps(rest))
            assert f"Missing value of required parameter '{key}'." in suberrors_of(body)


@every_route
def test_an_unknown_field_is_rejected(attack: Attack) -> None:
    if attack.endpoint.body is not None and not isinstance(attack.endpoint.body, OpenBodySchema):
        for key in ("unknown", "", "__proto__", "_schema", "{0}", "teamid", "x" * 10_000, "\x00"):
            body = attack.refused(400, data=attack.body_with(key, "1"))
            assert f"Unknown parameter '{key}'." in suberrors_of(body) or key == "_schema"


@every_route
def test_a_body_that_is_no_json_object_is_rejected(attack: Attack) -> None:
    if attack.endpoint.body is not None or attack.endpoint.raw_body:
        texts = ("[]", "[{}]", '"x"', "1", "null", "true", *(text for text in BROKEN_TEXTS if text))
        for text in texts:
            assert attack.refused(400, data=text)["code"] == "SC400"
        for octets in (b"\xff\xfe{}", b'{"name":"\xff"}', b"\xef\xbb\xbf{}", b"\x00", b"{}\x00", b"{}{}"):
            assert attack.refused(400, data=octets)["code"] == "SC400"


@every_route
def test_an_empty_body_lacks_what_is_required(attack: Attack) -> None:
    required = {key for key, field in attack.body_fields() if field.required}
    for octets in (b"", b" \n\t", b"{}"):
        if not required:
            attack.survived(data=octets)
            continue
        found = suberrors_of(attack.refused(400, data=octets))
        assert {f"Missing value of required parameter '{key}'." for key in required} <= set(found)


@every_route
def test_a_body_of_another_content_type_is_rejected(attack: Attack) -> None:
    if attack.valid.body is None:
        return
    form = urlencode({key: str(value) for key, value in attack.valid.body.items()})
    for data, content_type in (
        (form, "application/x-www-form-urlencoded"),
        (json.dumps(attack.valid.body), "text/plain"),
        (json.dumps(attack.valid.body), "multipart/form-data; boundary=x"),
        (json.dumps(attack.valid.body), ""),
        (json.dumps(attack.valid.body), "application/jsonx; charset=\u00ff"),
    ):
        body = attack.refused(400, data=data, content_type=content_type)
        assert body["code"] == "SC400"


@every_route
def test_a_body_of_five_megabytes_is_too_large(attack: Attack) -> None:
    for size in (5_000_000, BODY_LIMIT + 1):
        body = attack.refused(400, data=b'{"name":"' + b"x" * (size - 11) + b'"}')
        assert body == BODY_TOO_LARGE


@every_route
def test_nonsense_in_place_of_nested_values_never_breaks_a_route(attack: Attack) -> None:
    """Specifications and blueprints have a shape of their own, deeper than their field."""
    specs: list[Any] = [
        [{"name": "a", "type": "collection", "spec": nonsense}]
        for nonsense in ("abc", 1, {"type": ["x"]}, {"spec": "x"}, [{"x": 1}], [1], [{"name": "b"}])
    ]
    nodes: list[Any] = [
        None,
        {"id": True, "module": "x:y"},
        {"id": 2**70, "module": "util:SetVariable2"},
        {"id": 1, "module": ":" * 50_000 + "\n"},
        {"id": 1, "module": "util:SetVariable2", "version": "1"},
        {"id": 1, "module": "util:SetVariable2", "mapper": [], "parameters": 7, "metadata": "x"},
        {"id": 1, "module": "builtin:BasicRouter", "routes": [{"flow": [[]]}]},
        {"id": 1, "module": "builtin:BasicRouter", "routes": {"flow": 1}, "onerror": 3},
        {"id": 1, "module": "util:SetVariable2", "filter": {"conditions": [[{"a": [], "o": {}}]]}},
    ]
    blueprints: list[Any] = [{"name": "x", "flow": [node], "metadata": {"scenario": []}} for node in nodes]
    schedulings: list[Any] = [
        {"type": "weekly", "days": {"a": 1}, "time": 5},
        {"type": "once", "date": "9999-12-31T23:59:59-23:59"},
        {"type": "once", "date": "0001-01-01T00:00:00+23:59"},
        {"type": "yearly", "days": [31], "months": [2], "time": "23:59"},
        {"type": ["daily"], "interval": 10**30},
        {"type": "indefinitely", "interval": 1e300},
    ]
    for key, field in attack.body_fields():
        values: list[Any] = []
        if isinstance(field, SpecField):
            values = specs
        elif isinstance(field, fields.Nested):
            names = [inner.data_key or name for name, inner in field.schema.fields.items()]
            values = [{name: spec} for name in names for spec in [*specs, "x", 1, {}]]
        elif isinstance(field, JsonText):
            values = [json.dumps(value) for value in (schedulings if key == "scheduling" else blueprints)]
        for value in values:
            attack.survived(data=attack.body_with(key, json.dumps(value)))


# --- queries -------------------------------------------------------------------------------------

#: Values of a query parameter, and whether they say a whole number.
QUERY_TEXTS = (
    "",
    " ",
    "-1",
    "+1",
    " 1",
    "1.0",
    "1e3",
    "0x1",
    "1_000",
    "\u0661\u0662",
    "\uff11",
    "abc",
    "null",
    "[]",
    "{}",
    "TRUE",
    "yes",
    "%00",
    "\x00",
    "\ufffd",
    str(2**53),
    str(2**63),
    "9" * 400,
    "x" * 5_000,
)


@every_route
def test_bad_values_in_the_query_are_named_and_rejected(attack: Attack) -> None:
    for key, field in attack.query_fields():
        for text in QUERY_TEXTS:
            sent = f"{key}[]" if isinstance(field, ListField) else key
            query = [
                *((name, value) for name, value in attack.valid.query.items() if name != key),
                (sent, text),
            ]
            inner = field.inner if isinstance(field, ListField) else field
            if isinstance(inner, (Int, Bool)) or (text == "" and not takes_empty_text(inner)):
                body = attack.refused(400, query=query)
                assert any(f"'{key}" in fault for fault in suberrors_of(body)), (text, body)
            else:
                attack.survived(query=query)


@every_route
def test_a_parameter_given_twice_is_rejected(attack: Attack) -> None:
    given = {ResourceId: "1", Int: "1", Bool: "true"}
    for key, field in attack.query_fields():
        if not isinstance(field, ListField):
            value = given.get(type(field), "x")
            others = [(name, text) for name, text in attack.valid.query.items() if name != key]
            body = attack.refused(400, query=[*others, (key, value), (key, value)])
            assert f"Parameter '{key}' was given more than once." in suberrors_of(body)


@every_route
def test_a_missing_required_parameter_is_named(attack: Attack) -> None:
    for key, field in attack.query_fields():
        if field.required:
            rest = {name: value for name, value in attack.valid.query.items() if name != key}
            body = attack.refused(400, query=rest)
            assert f"Missing value of required parameter '{key}'." in suberrors_of(body)


@every_route
def test_bad_paging_is_rejected(attack: Attack) -> None:
    paging = attack.endpoint.paging
    if paging is None:
        return
    bad = {
        "pg[limit]": ["0", "10001", *QUERY_TEXTS],
        "pg[offset]": list(QUERY_TEXTS),
    }
    if paging.sort is not None:
        bad |= {
            # A list that is sorted by nothing calls that order by an empty name.
            "pg[sortBy]": [*({""} - set(paging.sort_keys)), "unknown", "ID", "id,name", "__class__"],
            "pg[sortDir]": ["", "up", "ASC", "1"],
        }
    for key, texts in bad.items():
        for text in texts:
            body = attack.refused(400, query=[*attack.valid.query.items(), (key, text)])
            assert any(f"'{key}'" in fault for fault in suberrors_of(body))
    for key, value in {"pg[limit]": "1", "pg[offset]": "0"}.items():
        query = [*attack.valid.query.items(), (key, value), (key, value)]
        assert f"Parameter '{key}' was given more than once." in suberrors_of(
            attack.refused(400, query=query)
        )


@every_route
def test_an_unknown_column_is_named_and_rejected(attack: Attack) -> None:
    if attack.endpoint.cols:
        for key in ("cols[]", "cols[0]", "cols[9999]"):
            for column in ("", "unknown", "ID", "__class__", "id,name", "x" * 1_000, "\x00"):
                query = [*attack.valid.query.items(), (key, "id"), (key, column)]
                assert f"Unknown column '{column}' in parameter 'cols'." in suberrors_of(
                    attack.refused(400, query=query)
                )


@every_route
def test_what_the_query_does_not_know_is_passed_over(attack: Attack) -> None:
    query = [
        *attack.valid.query.items(),
        ("unknown", "1"),
        ("pg[", "x"),
        ("cols[", "y"),
        ("", ""),
        ("a[b][c]", ""),
    ]
    assert attack.send(query=query).status_code == attack.endpoint.status


# --- paths and methods ---------------------------------------------------------------------------


@every_route
def test_a_path_id_that_is_no_number_is_rejected(attack: Attack) -> None:
    for parameter, kind in attack.endpoint.path_types:
        for text in (
            "0",
            "-1",
            "abc",
            "1.0",
            "1e0",
            "+1",
            "%201",
            "%00",
            "1%00",
            "%EF%BC%91",
            "%FF",
            "%0A1",
            str(2**70),
        ):
            path = request_path(attack.endpoint, **{parameter: text})
            if kind is not None and parameter not in TEXT_ID_PARAMETERS:
                body = attack.refused(400, path=path)
                if re.fullmatch("-?[0-9]+", text):
                    assert f"Invalid value of parameter '{parameter}'." in suberrors_of(body)
                else:
                    assert body["detail"] == "Invalid key, not parsable to integer"
            else:
                attack.survived(path=path)
        for text in ("", "%2F", "1%2F1", "..", "."):
            attack.survived(path=request_path(attack.endpoint, **{parameter: text}))


@every_route
def test_an_unknown_id_and_an_id_of_somebody_else_are_404_alike(attack: Attack) -> None:
    for parameter, kind in attack.endpoint.path_types:
        unknown, foreign = (
            (str(MAX_ID), str(OTHER_ORGANIZATION_IDS[kind])) if kind else ("unknown", "nothing")
        )
        if attack.endpoint.method == "PUT" and kind is None:
            continue  # PUT creates what is missing.
        reported = []
        if parameter == "templateUrl":  # A text without the form of a slug is no name of a template at all.
            unknown, foreign = "901-template", "902-template"
        for id in ("99999999", unknown, foreign):
            path = request_path(attack.endpoint, **{parameter: id})
            body = attack.refused(404, path=path)
            reported.append(body.get("detail", body["message"]).replace(id, "…"))
        assert len(set(reported)) == 1


@every_route
def test_ids_of_others_in_the_body_and_the_query_are_refused(attack: Attack) -> None:
    def status(field: ResourceId) -> int:
        return 403 if field.kind in ("team", "organization") else 404

    for key, field in attack.body_fields():
        inner = field.inner if isinstance(field, ListField) else field
        if isinstance(inner, ResourceId):
            for id in (99_999_999, MAX_ID, OTHER_ORGANIZATION_IDS[inner.kind]):
                value = [id] if isinstance(field, ListField) else id
                attack.refused(status(inner), data=attack.body_with(key, json.dumps(value)))
    for key, field in attack.query_fields():
        if isinstance(field, ResourceId):
            for id in (99_999_999, MAX_ID, OTHER_ORGANIZATION_IDS[field.kind]):
                attack.refused(status(field), query={**attack.valid.query, key: id})


def _parameter_pattern(parameter: re.Match[str]) -> str:
    """The pattern of what may stand in a path for a parameter."""
    is_number = PATH_PARAMETER_KINDS.get(parameter[1]) and parameter[1] not in TEXT_ID_PARAMETERS
    return r"\{\w+\}" if is_number else "[^/]+"


@every_route
def test_methods_that_are_not_declared_are_405_with_allow(attack: Attack) -> None:
    declared = {
        other.method
        for other in ENDPOINTS.values()
        # A word of a path may stand where another has an id that is a text.
        if re.fullmatch(re.sub(r"\{(\w+)\}", _parameter_pattern, other.path), attack.endpoint.path)
    }
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"):
        if method not in declared:
            response = attack.send(method=method)
            body = assert_error_response(response, {405})
            assert body["code"] == "SC405"
            assert response.headers["Allow"] == ", ".join(sorted(declared))
    attack.assert_unchanged()


@every_route
def test_paths_are_exact(attack: Attack) -> None:
    for path in (
        attack.path.upper(),
        attack.path.title(),
        attack.path + "/",
        attack.path + "//",
        "/" + attack.path,
        attack.path.replace("/", "//"),
        attack.path + "/unknown/nowhere/at/all",
    ):
        assert attack.refused(404, path=path)["code"] == "SC404"
    if not attack.endpoint.path.endswith("{key}"):  # A key may be any text.
        # Beside an id that may be any text, another id is made invalid.
        other_id = (405,) if attack.endpoint.path in BESIDE_IDS else ()
        for suffix in ("%20", "%00", ";x=1", ".json"):
            attack.refused(404, 400, *other_id, path=attack.path + suffix)


# --- tokens --------------------------------------------------------------------------------------


@every_route_with_a_token
def test_without_a_known_token_it_is_401(attack: Attack) -> None:
    wrong = (
        "Token",
        "Token ",
        f"Bearer {ADMIN_TOKEN}",
        f"token {ADMIN_TOKEN}",
        ADMIN_TOKEN,
        f"Basic {ADMIN_TOKEN}",
        f"Token {ADMIN_TOKEN}x",
        f"Token {ADMIN_TOKEN}, Token {ADMIN_TOKEN}",
        f"Token {ADMIN_TOKEN[:-1]}2",
        "Token 99999999-9999-4999-8999-999999999999",
        "Token \u00ff\u00fe",
        "Bearer " + "x" * 10_000,
    )
    assert attack.refused(401, token=None)["code"] == "IM015"
    for header in wrong:
        body = attack.refused(401, token=None, headers={"Authorization": header})
        assert body["code"] == "SC401"
        assert ADMIN_TOKEN not in json.dumps(body)


@every_route
def test_a_token_that_lacks_one_scope_is_403(attack: Attack) -> None:
    world = attack.target.world
    for scope in attack.endpoint.scopes:
        token = organizations.create_token(world, world.users[1], SCOPES - {scope}, label=f"without {scope}")
        attack.before = fingerprint(world)
        # Whatever else is wrong with the request, the scope is asked first.
        wrong_ids = {parameter: "0" for parameter, _ in attack.endpoint.path_types}
        path = request_path(attack.endpoint, **wrong_ids)
        corrupted: list[dict[str, Any]] = [{}, {"query": {}}, {"data": "{"}, {"path": path}]
        for changes in corrupted:
            body = attack.refused(403, token=token.token, **changes)
            assert body == {"detail": "Access denied.", "message": "Permission denied", "code": "SC403"}


@every_route
def test_the_token_of_another_organization_sees_nothing(attack: Attack) -> None:
    endpoint = attack.endpoint
    path = [kind for _, kind in endpoint.path_types if kind is not None]
    others = [kind for _, kind, _ in (*endpoint.query_refs, *endpoint.body_refs)]
    if not path and not others:
        return
    # What is looked up first decides.
    is_owner = not path and others[0] in ("team", "organization")
    body = attack.refused(403 if is_owner else 404, token=OUTSIDER_TOKEN)
    assert body["code"] == ("IM002" if is_owner else "SC404")


@every_route_with_a_token
def test_an_access_token_reaches_the_organization_of_its_grant_only(attack: Attack) -> None:
    world, endpoint = attack.target.world, attack.endpoint
    access_token = _grant_another_organization(world)
    attack.before = fingerprint(world)
    response = attack.send(token=None, headers={"Authorization": f"Bearer {access_token}"})
    kinds = [kind for _, kind in endpoint.path_types if kind is not None]
    others = [kind for _, kind, _ in (*endpoint.query_refs, *endpoint.body_refs)]
    # The user of the token is in view, whatever the organization.
    if {*kinds, *others} - {"user"} or endpoint.spans_organizations:
        assert_error_response(response, {403, 404})
    elif response.status_code == 200:
        assert list(_owners_in(response.json)) == []
    else:
        assert_error_response(response, {403, 404, 406})
    if attack.before != (after := fingerprint(world)):
        # It is the profile of the user, which is of no organization, or the user's API tokens.
        changed = {name for name in after if after[name] != attack.before[name]}
        assert changed <= {"users", "tokens", "notifications", "email_preferences"}, changed


def _grant_another_organization(world: World) -> str:
    """The text of an access token with every scope for a new organization, which the user of the valid requests owns."""
    user = world.users[1]
    organization, _ = organizations.create_organization(
        world, user, name="Granted", country_id=1, timezone_id=113
    )
    organizations.create_team(world, user, organization, name="Granted")
    client = oauth.create_client(world, name="App", redirect_uris=["https://app.example/"], scopes=SCOPES)
    grant = oauth.create_grant(world, client, user, organization, SCOPES)
    id = world.ids.uuid4()
    claims = base64.urlsafe_b64encode(json.dumps({"jti": id}).encode()).decode().rstrip("=")
    text = f"eyJhbGciOiJSUzI1NiJ9.{claims}.c2lnbmF0dXJl"
    oauth.add_token(world, grant, oauth.ACCESS, id=id, text=text, scopes=SCOPES, expires=None)
    return text


def _owners_in(value: Any) -> Iterator[tuple[str, int]]:
    """The teams and organizations of the default world that JSON names."""
    if isinstance(value, list):
        for item in value:
            yield from _owners_in(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name in ("teamId", "organizationId", "organization_id", "team_id") and item in (1, 2):
                yield name, item
            yield from _owners_in(item)


@every_route_with_a_token
def test_the_token_of_another_world_leaves_this_one_alone(attack: Attack) -> None:
    other = attack.target.registry.create(
        WorldSpec(name="other", now="2026-03-02T12:00:00Z", rate_limit=False)
    )
    try:
        seen = len(attack.target.handle.request_log)
        attack.send(token=other.main_token().token)
        attack.assert_unchanged()
        assert len(attack.target.handle.request_log) == seen
        assert len(other.request_log) == 1
    finally:
        attack.target.registry.delete(other)
    attack.refused(401, token=other.main_token().token)


# --- what no route declares ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/unknown",
        "/scenarios/1/unknown",
        "/%2e%2e/_emulator/worlds",
        "/\u00e9",
        "/%FF",
        "/" + "x" * 9_000,
    ],
)
def test_unknown_paths_are_404(target: PopulatedApp, path: str) -> None:
    before = fingerprint(target.world)
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        assert assert_error_response(target.call(method, path), {404})["code"] == "SC404"
    assert fingerprint(target.world) == before


@pytest.mark.parametrize(
    "host", ["", "evil.example", 'evil"><script>', "a b", "[::1", "x" * 5_000, "h:99999", "h:x"]
)
def test_no_host_header_breaks_the_emulator(target: PopulatedApp, host: str) -> None:
    body = json.dumps({"data": {"name": "Zoe"}})
    response = target.call(
        "POST", "/scenarios/1/run", headers={"Host": host}, data=body, content_type="application/json"
    )
    assert response.status_code in (200, 400, 421)
    assert "<script>" not in response.get_data(as_text=True)


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "99999999999999999999", " 2 ", ""])
def test_no_content_length_breaks_the_emulator(target: PopulatedApp, length: str) -> None:
    before = fingerprint(target.world)
    response = target.call(
        "POST",
        "/teams",
        data=b"{}",
        content_type="application/json",
        environ_overrides={"CONTENT_LENGTH": length},
    )
    assert_error_response(response, {400, 413})
    assert fingerprint(target.world) == before


def test_the_rejected_requests_are_in_the_request_log_on_one_line_each(target: PopulatedApp) -> None:
    target.reset()
    target.call("GET", "/unknown%0AForged line%0D%1B[31m")
    response = target.control("GET", "/worlds/default/requests")
    assert response.json is not None
    [entry] = response.json["requests"]
    assert entry["sentence"].isprintable()
