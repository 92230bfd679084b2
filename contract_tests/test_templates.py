"""Templates of a team."""

from __future__ import annotations

import json
from typing import Any

import pytest

from make_emulator.contract.client import ContractClient

from .resources import ON_DEMAND, FreshResources, Resources
from .valid_requests import default_columns, valid_request


def listed(api: ContractClient, **query: Any) -> list[int]:
    query = {"teamId": api.target.team_id, "pg[limit]": 10_000, **query}
    return [row["id"] for row in api.call("GET", "/templates", query=query).fits()["templates"]]


@pytest.mark.covers("GET /templates", "success", "query teamId")
@pytest.mark.fidelity("templates.list", "templates.fields", "templates.default-columns")
def test_the_list_shows_the_templates_of_a_team(api: ContractClient, shared: Resources) -> None:
    id = shared.id("template")
    body = api.get("/templates", teamId=api.target.team_id).fits()
    assert (body["pg"]["sortBy"], body["pg"]["sortDir"], body["pg"]["limit"]) == ("id", "asc", 10)
    assert list(body["templates"][0]) == default_columns("GET /templates")
    assert {row["teamId"] for row in body["templates"]} == {api.target.team_id}
    assert id in listed(api)


@pytest.mark.covers("GET /templates", "query public", "query usedApps")
@pytest.mark.fidelity("templates.used-apps")
def test_the_list_can_be_narrowed_to_what_is_public_and_to_apps(
    api: ContractClient, make: FreshResources
) -> None:
    id = make.template()["id"]
    assert id in listed(api, public="false")
    assert id not in listed(api, public="true")
    assert id in listed(api, **{"usedApps[]": "scenario-service"})
    assert id not in listed(api, **{"usedApps[]": "contract-nothing"})


@pytest.mark.covers("GET /templates/{templateId}", "success")
def test_one_template_comes_as_in_the_list(api: ContractClient, shared: Resources) -> None:
    id = shared.id("template")
    template = api.get(f"/templates/{id}").fits()["template"]
    assert list(template) == default_columns("GET /templates/{templateId}")
    assert template["id"] == id


@pytest.mark.covers("GET /templates/{templateId}/blueprint", "success", "query forUse")
@pytest.mark.fidelity("templates.blueprint", "templates.for-use")
@pytest.mark.parametrize("query", [{}, {"forUse": "false"}], ids=str)
def test_the_blueprint_of_a_template_comes_flat(
    query: dict[str, str], api: ContractClient, make: FreshResources
) -> None:
    sent = make.template_body()
    id = api.post("/templates", sent).fits()["template"]["id"]
    body = api.call("GET", f"/templates/{id}/blueprint", query=query).fits()
    assert list(body) == ["blueprint", "controller", "scheduling", "language", "metadata"]
    assert body["blueprint"]["flow"] == json.loads(sent["blueprint"])["flow"]
    assert (body["scheduling"], body["language"]) == (ON_DEMAND, "en")


@pytest.mark.covers("GET /templates/{templateId}/blueprint", "query templatePublicId")
def test_a_version_that_was_never_published_is_404(api: ContractClient, shared: Resources) -> None:
    id = shared.id("template")
    api.get(f"/templates/{id}/blueprint", templatePublicId=987_654_321).refused(404)


@pytest.mark.covers("POST /templates", "success")
@pytest.mark.fidelity("templates.create", "templates.name")
def test_a_template_is_named_as_its_blueprint(api: ContractClient, make: FreshResources) -> None:
    sent = make.template_body()
    template = api.post("/templates", sent).fits()["template"]
    assert template["name"] == json.loads(sent["blueprint"])["name"]
    assert (template["teamId"], template["usedApps"]) == (api.target.team_id, ["scenario-service"])
    assert (template["public"], template["published"], template["approvedId"]) == (False, None, None)


@pytest.mark.covers("POST /templates", "plan")
@pytest.mark.fidelity("templates.plan")
def test_a_plan_without_templates_lets_none_be_made(
    api: ContractClient, make: FreshResources, license: dict[str, Any]
) -> None:
    answer = valid_request("POST /templates", make).send(api, in_plan=False)
    if license.get("creatingTemplates", True):
        assert answer.fits()["template"]["id"] > 0
    else:
        answer.refused(403, "SC403")
