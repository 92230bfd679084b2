"""Validation: every parameter of every core route, one invalid at a time, by its declaration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from marshmallow import fields

from make_emulator.contract.client import ContractClient
from make_emulator.contract.declarations import core_endpoints
from make_emulator.http.endpoint import Endpoint
from make_emulator.schemas.base import BodySchema, Bool, Choice, Int, ListField, Object, OpenBodySchema

from .resources import Resources
from .valid_requests import valid_request

#: Parameters that are checked by what else is asked, or not at all.
_FREE = ("pg[last]",)


def spoiled(endpoint: Endpoint, place: str) -> Iterator[tuple[str, Any]]:
    """The name of each parameter with a value of a wrong type."""
    schema = endpoint.query if place == "query" else endpoint.body
    for name, field in schema.load_fields.items() if schema else ():
        key = field.data_key or name
        if key in _FREE:
            continue
        match field:
            case Int():
                yield key, "contract"
            case Bool():
                yield key, "perhaps"
            case Choice():
                yield key, "contract"
            case ListField(inner=Int()) if place == "query":
                yield f"{key}[]", "contract"
            case fields.String() | ListField() | Object() | fields.Nested() if place == "body":
                yield key, 1


def wrong(place: str) -> Iterator[Any]:
    for route, endpoint in core_endpoints().items():
        for name, value in spoiled(endpoint, place):
            marks = pytest.mark.covers(route, "validation")
            yield pytest.param(route, name, value, id=f"{route} {name}", marks=marks)


def missing() -> Iterator[Any]:
    for route, endpoint in core_endpoints().items():
        for place, schema in (("query", endpoint.query), ("body", endpoint.body)):
            for name, field in schema.load_fields.items() if schema else ():
                if field.required:
                    key, marks = field.data_key or name, pytest.mark.covers(route, "validation")
                    yield pytest.param(route, place, key, id=f"{route} {key}", marks=marks)


def numbers() -> Iterator[Any]:
    for route, endpoint in core_endpoints().items():
        for name in [name for name, kind in endpoint.path_types if kind][:1]:
            marks = pytest.mark.covers(route, "validation")
            yield pytest.param(route, name, id=f"{route} {name}", marks=marks)


@pytest.mark.fidelity("query.numbers", "routes.id-no-number")
@pytest.mark.parametrize("text", ["abc", "-1", "1.5"])
@pytest.mark.parametrize(("route", "name"), list(numbers()))
def test_an_id_in_a_path_is_a_number(
    route: str, name: str, text: str, api: ContractClient, shared: Resources
) -> None:
    answer = valid_request(route, shared).with_value("path", name, text).send(api)
    body = answer.refused(400, "SC400")
    if text == "-1":
        assert any(f"'{name}'" in fault for fault in answer.error_messages)
    else:
        assert body["detail"] == "Invalid key, not parsable to integer"


@pytest.mark.fidelity("errors.missing-parameter", "errors.sc400-validation")
@pytest.mark.parametrize(("route", "place", "name"), list(missing()))
def test_a_missing_parameter_is_named(
    route: str, place: str, name: str, api: ContractClient, shared: Resources
) -> None:
    answer = valid_request(route, shared).without(place, name).send(api)
    assert answer.refused(400, "SC400")["detail"] == "Validation failed for 1 parameter(s)."
    assert answer.error_messages == [f"Missing value of required parameter '{name}'."]


@pytest.mark.fidelity("errors.sc400-validation")
@pytest.mark.parametrize(("route", "name", "value"), list(wrong("query")))
def test_a_query_parameter_of_a_wrong_type_is_refused(
    route: str, name: str, value: Any, api: ContractClient, shared: Resources
) -> None:
    answer = valid_request(route, shared).with_value("query", name, value).send(api)
    answer.refused(400, "SC400")
    assert any(name.removesuffix("[]") in fault for fault in answer.error_messages)


@pytest.mark.fidelity("body.types")
@pytest.mark.parametrize(("route", "name", "value"), list(wrong("body")))
def test_a_property_of_a_wrong_type_is_refused(
    route: str, name: str, value: Any, api: ContractClient, shared: Resources
) -> None:
    valid = valid_request(route, shared)
    if value == 1 and name in ("name", "accountName"):
        # A number would be no name of this run, if a service took it. In a list the name is as wrong.
        value = [valid.body[name] if valid.body and name in valid.body else shared.name("wrong")]
    answer = valid.with_value("body", name, value).send(api)
    answer.refused(400, "SC400")
    assert any(f"'{name}" in fault for fault in answer.error_messages)


def strict_bodies() -> Iterator[Any]:
    for route, endpoint in core_endpoints().items():
        if isinstance(endpoint.body, BodySchema) and not isinstance(endpoint.body, OpenBodySchema):
            yield pytest.param(route, id=route, marks=pytest.mark.covers(route, "validation"))


@pytest.mark.fidelity("body.unknown")
@pytest.mark.parametrize("route", list(strict_bodies()))
def test_a_property_that_nobody_knows_is_refused(route: str, api: ContractClient, shared: Resources) -> None:
    answer = valid_request(route, shared).with_value("body", "contract", "nothing").send(api)
    answer.refused(400, "SC400")
    assert answer.error_messages == ["Unknown parameter 'contract'."]


def bodies() -> Iterator[Any]:
    for route, endpoint in core_endpoints().items():
        if endpoint.body is not None or endpoint.raw_body:
            yield pytest.param(route, id=route, marks=pytest.mark.covers(route, "validation"))


@pytest.mark.fidelity("body.malformed")
@pytest.mark.parametrize("data", [b'{"name": ', b"[1, 2]"], ids=["cut off", "an array"])
@pytest.mark.parametrize("route", list(bodies()))
def test_a_body_that_is_no_json_object_is_refused(
    route: str, data: bytes, api: ContractClient, shared: Resources
) -> None:
    valid_request(route, shared).send(api, body=None, data=data).refused(400, "SC400")


@pytest.mark.fidelity("body.content-type")
def test_a_body_says_that_it_is_json(api: ContractClient, shared: Resources) -> None:
    answer = valid_request("POST /hooks", shared).send(api, headers={"Content-Type": "text/plain"})
    answer.refused(400, "SC400")


@pytest.mark.fidelity("errors.all-faults-at-once")
def test_all_that_is_wrong_is_told_at_once(api: ContractClient, shared: Resources) -> None:
    valid = valid_request("POST /data-stores", shared)
    answer = valid.without("body", "maxSizeMB").without("body", "teamId").send(api)
    assert answer.refused(400, "SC400")["detail"] == "Validation failed for 2 parameter(s)."
    assert len(answer.error_messages) == 2


@pytest.mark.fidelity("query.repeated")
def test_a_query_parameter_is_given_once(api: ContractClient) -> None:
    team = api.target.team_id
    api.get("/hooks", teamId=[team, team]).refused(400, "SC400")
