"""Settings of organizations and teams, paths that are closed, and lists of names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from make_emulator.contract.client import ContractClient
from make_emulator.contract.target import Target

from .resources import FreshResources


def settings_path(target: Target, name: str) -> str:
    return f"/organizations/{target.organization_id}/{name}"


@pytest.mark.fidelity("billing.subscription")
def test_the_subscription_has_the_product_of_the_plan(api: ContractClient, target: Target) -> None:
    product = api.get(settings_path(target, "subscription")).fits()["product"]
    organization = api.get(f"/organizations/{target.organization_id}").fits()["organization"]
    assert product["name"] == organization["productName"]
    assert {"nextBill", "price", "coupon"} <= product.keys()


@pytest.mark.fidelity("billing.empty")
def test_nothing_is_billed(api: ContractClient, target: Target) -> None:
    assert api.get(settings_path(target, "payments")).fits()["payments"] == []
    methods = api.get(settings_path(target, "subscription/payment-methods")).fits()
    assert methods["paymentMethods"] == []


@pytest.mark.fidelity("billing.types")
def test_payments_are_made_by_card_or_bank_account(api: ContractClient, target: Target) -> None:
    rows = api.get(settings_path(target, "subscription/payment-method-types")).fits()["paymentMethodTypes"]
    assert {row["value"] for row in rows} == {"card", "us_bank_account"}


@pytest.mark.fidelity("feature-controls.list", "feature-controls.scope")
def test_feature_controls_are_listed_and_selected(api: ContractClient, target: Target) -> None:
    path = settings_path(target, "feature-controls")
    rows = api.get(path).fits()["featureControls"]
    ids = [row["id"] for row in rows]
    assert ids == sorted(ids, reverse=True)
    assert all({"label", "description", "warning_message", "tags", "enabled"} <= row.keys() for row in rows)
    if rows:
        found = api.get(path, featureControlName=rows[0]["name"]).fits()["featureControls"]
        assert found == rows[:1]
    token = target.token_without(["organizations:read"])
    if token is not None:
        api.call("GET", path, token=token).refused(403, "SC403")


@pytest.mark.fidelity("organizations.apps")
def test_an_organization_has_no_custom_apps(api: ContractClient, target: Target) -> None:
    assert api.get(settings_path(target, "apps")).fits()["installedApps"] == []


@pytest.mark.fidelity("organizations.team-permission")
def test_a_permission_in_any_team_is_asked_for(api: ContractClient, target: Target) -> None:
    path = settings_path(target, "check-team-permission")
    assert True in api.get(path, teamPermission="team view").ok().values()
    api.get(path, teamPermission="contract").refused(400, "SC400")


@pytest.mark.fidelity("teams.llm-configuration")
def test_a_team_has_language_models_for_two_purposes(api: ContractClient, target: Target) -> None:
    answer = api.get(f"/teams/{target.team_id}/llm-configuration").ok()
    for purpose in ("aiMapping", "aiToolkit"):
        names = {f"{purpose}{end}" for end in ("AccountId", "ModelName", "BuiltinTier", "BuiltinTierInfo")}
        assert names <= answer.keys()


@pytest.mark.fidelity("teams.llm-configuration", "teams.llm-account")
def test_the_language_model_of_a_team_is_changed(api: ContractClient, make: FreshResources) -> None:
    path = f"/teams/{make.team()}/llm-configuration"
    api.patch(path, {}).refused(400)
    api.patch(path, {"aiMappingAccountId": 2**31 - 1}).refused(400)
    assert api.patch(path, {"aiMappingBuiltinTier": "large"}).ok()["aiMappingBuiltinTier"] == "large"


@pytest.mark.fidelity("private-spaces.team")
def test_private_spaces_are_no_ordinary_teams(api: ContractClient, target: Target) -> None:
    answer = api.get("/private-spaces", organizationId=target.organization_id)
    if answer.status == 403:
        pytest.skip("the plan does not include private spaces")
    spaces = {row["id"] for row in answer.fits()["privateSpaces"]}
    teams = api.get("/teams", organizationId=target.organization_id).fits()["teams"]
    assert spaces & {row["id"] for row in teams} == set()


@pytest.mark.fidelity("routes.staff")
def test_the_paths_of_the_staff_are_closed(api: ContractClient) -> None:
    answer = api.get("/admin/contract").refused(403, "IM121")
    assert answer["message"] == "VPN access only"


@pytest.mark.fidelity("routes.audit-logs")
def test_audit_logs_are_paid_for(api: ContractClient, target: Target) -> None:
    api.get(f"/audit-logs/organization/{target.organization_id}").refused(402, "SC402")


@pytest.mark.fidelity("auth.malformed-token")
def test_a_token_of_another_form_is_an_unknown_one(api: ContractClient, target: Target) -> None:
    unknown = api.call("GET", "/users/me", token="00000000-0000-4000-8000-000000000000").refused(401, "SC401")
    malformed = api.call("GET", "/users/me", headers={"Authorization": f"Basic {target.token}"})
    assert malformed.refused(401, "SC401") == unknown


@pytest.mark.fidelity("routes.literal-segment")
def test_a_word_of_another_route_is_no_id(api: ContractClient) -> None:
    api.get("/scenarios/validate-blueprint").refused(404)


@pytest.mark.fidelity("enums.countries")
def test_countries_have_their_codes(api: ContractClient) -> None:
    rows = api.get("/enums/countries").fits()["countries"]
    assert [(row["id"], row["code"], row["code2"]) for row in rows[:3]] == [
        (4, "AFG", "af"),
        (5, "ALA", "ax"),
        (6, "ALB", "al"),
    ]
    assert len({row["id"] for row in rows}) == len(rows)
    zones = {row["code"]: row["id"] for row in api.get("/enums/timezones").fits()["timezones"]}
    assert zones["Europe/Prague"] == 113


@pytest.mark.fidelity("enums.regions", "enums.zones")
def test_regions_and_zones_have_ids(api: ContractClient) -> None:
    regions = api.get("/enums/imt-regions").fits()["imtRegions"]
    assert [(row["id"], row["name"]) for row in regions] == [(1, "EU"), (2, "US")]
    zones = api.get("/enums/imt-zones").fits()["imtZones"]
    assert [(row["id"], row["domain"]) for row in zones] == [
        (1, "eu1.make.com"),
        (2, "eu2.make.com"),
        (3, "us1.make.com"),
        (4, "us2.make.com"),
    ]


@pytest.mark.fidelity("enums.scopes")
def test_the_scopes_of_the_token_are_among_all_scopes(api: ContractClient) -> None:
    listed = json.dumps(api.get("/enums/user-api-token-scopes").ok())
    assert all(f'"{scope}"' in listed for scope in api.scopes)


@pytest.mark.fidelity(
    "organizations.update",
    "organizations.delete-answer",
    "organizations.delete-unconfirmed",
)
def test_an_organization_is_renamed_and_deleted(api: ContractClient, make: FreshResources) -> None:
    id = make.organization()
    before = api.get(f"/organizations/{id}").fits()["organization"]
    name = make.name("organization")
    changed = api.patch(f"/organizations/{id}", {"name": name}).ok()["organization"]
    assert (changed["name"], changed["timezoneId"]) == (name, before["timezoneId"])
    [team] = api.get("/teams", organizationId=id).fits()["teams"]
    make.live_scenario(teamId=make.team(id))
    api.delete(f"/organizations/{id}").refused(406, "IM004")
    assert api.delete(f"/organizations/{id}", confirmed="true").ok() == {"organization": id}
    api.get(f"/organizations/{id}").refused(404)
    api.get(f"/teams/{team['id']}").refused(404)


@pytest.mark.fidelity("teams.rename", "teams.delete")
def test_a_team_is_renamed_and_deleted_with_confirmation(api: ContractClient, make: FreshResources) -> None:
    id, name = make.team(), make.name("team")
    body: dict[str, Any] = {"name": name, "operationsLimit": 100, "scenarioDrafts": True}
    assert api.patch(f"/teams/{id}", body).ok()["team"]["name"] == name
    columns = {"cols[]": "operationsLimit"}
    assert api.call("GET", f"/teams/{id}", query=columns).ok()["team"] == {"operationsLimit": 100}
    api.delete(f"/teams/{id}").refused(406, "IM004")
    assert api.delete(f"/teams/{id}", confirmed="true").ok() == {"team": id}
    api.get(f"/teams/{id}").refused(404)


@pytest.mark.fidelity("organizations.on-prem-agent", "organizations.reset", "description.organization-fields")
def test_the_licence_and_the_resets_of_an_organization(api: ContractClient, target: Target) -> None:
    row = api.get(f"/organizations/{target.organization_id}").fits()["organization"]
    if row["productName"] == "Enterprise":
        assert list(row["license"])[-1] == "onPremAgent"
    assert "deleted" not in row
    assert "scenarios" not in row
    last, following = row["lastReset"], row["nextReset"]
    assert last[8:] == following[8:] or last[8:10] > "28"
    listed = next(
        each
        for each in api.get("/organizations").fits()["organizations"]
        if each["id"] == target.organization_id
    )
    assert not {"lastReset", "nextReset", "activeScenarios", "featureControls"} & listed.keys()
