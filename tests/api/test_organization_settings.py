"""Billing, feature controls, two-factor authentication and language models over the API."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.api import (
    OUTSIDER_TOKEN,
    ApiClient,
    assert_ok,
    assert_refused,
    suberror_messages,
    token_of_role,
)
from make_emulator.world import oauth, organizations

CONTROLS = "/organizations/1/feature-controls"
MODELS = "/teams/1/llm-configuration"


# --- billing -------------------------------------------------------------------------------------


def test_the_subscription_is_the_plan_of_the_organization(api: ApiClient) -> None:
    product = assert_ok(api.get("/organizations/1/subscription"))["product"]
    organization = assert_ok(api.get("/organizations/1"))["organization"]
    assert product == {
        "id": 5,
        "name": "Enterprise",
        "nextBill": organization["nextReset"],
        "price": {"id": 5, "price": "0.00", "currencyCode": "USD", "period": "1 month"},
        "coupon": None,
    }
    organizations.change_plan(api.world, api.world.organizations[1], "free")
    assert assert_ok(api.get("/organizations/1/subscription"))["product"]["name"] == "Free"


def test_nothing_is_billed(api: ApiClient) -> None:
    assert assert_ok(api.get("/organizations/1/payments?pg[limit]=5"))["payments"] == []
    assert assert_ok(api.get("/organizations/1/subscription/payment-methods"))["paymentMethods"] == []
    assert assert_ok(api.get("/organizations/1/universal-discount")) == {"universalDiscount": None}
    kinds = assert_ok(api.get("/organizations/1/subscription/payment-method-types"))["paymentMethodTypes"]
    assert [(row["value"], row["canBeDefaultForExtras"]) for row in kinds] == [
        ("card", True),
        ("us_bank_account", False),
    ]


@pytest.mark.parametrize(
    ("role", "statuses"), [("Admin", (200, 200)), ("Accountant", (200, 403)), ("Member", (403, 403))]
)
def test_billing_is_shown_to_roles_that_include_it(
    api: ApiClient, role: str, statuses: tuple[int, int]
) -> None:
    token = token_of_role(api, role, team=False)
    for part in ("subscription", "payments", "subscription/payment-methods"):
        assert api.get(f"/organizations/1/{part}", token=token).status_code == statuses[0]
    assert api.get("/organizations/1/universal-discount", token=token).status_code == statuses[1]


# --- features ------------------------------------------------------------------------------------


def test_a_feature_is_switched_off_and_on(api: ApiClient) -> None:
    body = assert_ok(api.get(CONTROLS))
    assert body["enableAllControlFeatures"] is False
    rows = body["featureControls"]
    assert [(row["id"], row["name"], row["enabled"]) for row in rows] == [
        (2, "Advanced Security", True),
        (1, "Make AI Tools", True),
    ]
    assert list(rows[0]) == ["id", "name", "label", "description", "tags", "warning_message", "enabled"]
    assert set(rows[0]["label"]) == {"en"}
    changed = assert_ok(api.patch(CONTROLS, json={"id": 1, "enabled": False}))
    assert changed == {"featureControls": {"id": 1, "enabled": False}}
    for path in (CONTROLS, "/teams/1/feature-controls"):
        found = assert_ok(api.get(f"{path}?featureControlName=Make AI Tools&cols[]=id&cols[]=enabled"))
        assert found["featureControls"] == [{"id": 1, "enabled": False}]
    assert_ok(api.patch(CONTROLS, json={"id": 1, "enabled": True}))
    assert all(row["enabled"] for row in assert_ok(api.get(CONTROLS))["featureControls"])
    assert suberror_messages(api.patch(CONTROLS, json={"id": 9, "enabled": True})) == [
        "Invalid value of parameter 'id'."
    ]


def test_two_factors_are_enforced_where_the_plan_has_it(api: ApiClient) -> None:
    path = "/organizations/1/tfa-enforcement"
    assert assert_ok(api.patch(path, json={"enable": True})) == {"organization": {"tfaEnforced": True}}
    assert assert_ok(api.get("/organizations/1"))["organization"]["tfaEnforced"] is True
    member = token_of_role(api, "Member", team=False)
    assert_refused(api.patch(path, json={"enable": False}, token=member), 403, code="IM002")
    organizations.change_plan(api.world, api.world.organizations[1], "teams")
    assert_refused(api.patch(path, json={"enable": False}), 402, code="SC402")
    assert api.world.organizations[1].tfa_enforced


@pytest.mark.parametrize(
    ("role", "permission", "expected"),
    [
        ("Team Monitoring", "scenario view", True),
        ("Team Monitoring", "scenario add", False),
        ("Team Member", "scenario add", True),
    ],
)
def test_a_permission_in_any_team_is_found(
    api: ApiClient, role: str, permission: str, expected: bool
) -> None:
    path = f"/organizations/1/check-team-permission?teamPermission={permission}"
    assert assert_ok(api.get(path, token=token_of_role(api, role))) == {"hasPermission": expected}
    assert_refused(api.get("/organizations/1/check-team-permission?teamPermission=fly"), 400, code="SC400")
    assert api.get("/organizations/1/check-team-permission").status_code == 400


def test_an_organization_has_no_custom_apps(api: ApiClient) -> None:
    assert assert_ok(api.get("/organizations/1/apps")) == {"installedApps": []}


# --- language models -----------------------------------------------------------------------------


def test_a_team_chooses_its_language_models(api: ApiClient) -> None:
    before = assert_ok(api.get(MODELS))
    assert list(before) == [
        *("aiMappingAccountId", "aiMappingModelName", "aiMappingBuiltinTier", "aiMappingBuiltinTierInfo"),
        *("aiToolkitAccountId", "aiToolkitModelName", "aiToolkitBuiltinTier", "aiToolkitBuiltinTierInfo"),
    ]
    assert (before["aiMappingBuiltinTier"], before["aiToolkitBuiltinTier"]) == ("medium", "small")
    assert before["aiMappingBuiltinTierInfo"]["modelName"] == "gpt-4.1-mini"
    changes = {"aiMappingAccountId": 1, "aiMappingModelName": "gpt-5", "aiMappingBuiltinTier": None}
    after = assert_ok(api.patch(MODELS, json=changes))
    assert after == {**before, **changes, "aiMappingBuiltinTierInfo": None}
    assert assert_ok(api.get(MODELS)) == after


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        ({}, ["At least one parameter is needed."]),
        ({"aiMappingAccountId": 9999}, ["Invalid value of parameter 'aiMappingAccountId'."]),
        (
            {"aiToolkitBuiltinTier": "huge"},
            ["Parameter 'aiToolkitBuiltinTier' must be one of: small, medium, large."],
        ),
        ({"aiMappingBuiltinTierInfo": {}}, ["Unknown parameter 'aiMappingBuiltinTierInfo'."]),
    ],
)
def test_language_models_that_are_invalid_are_refused(
    api: ApiClient, body: dict[str, Any], messages: list[str]
) -> None:
    assert suberror_messages(api.patch(MODELS, json=body)) == messages


# --- OAuth clients -------------------------------------------------------------------------------


def test_the_oauth_clients_of_the_caller_can_be_withdrawn(api: ApiClient) -> None:
    world = api.world
    client = next(iter(world.oauth_clients))
    grant = oauth.create_grant(
        world, client, world.users[1], world.organizations[1], scopes=["teams:read"], resource=None
    )
    row = {
        "id": grant.id,
        "clientName": client.name,
        "lastUsedAt": "2026-03-02T12:00:00.000Z",
        "scopes": ["teams:read"],
    }
    assert assert_ok(api.get("/users/me/oauth-connections")) == {"connections": [row]}
    path = f"/users/me/oauth-connections/{grant.id}"
    assert_refused(api.delete(path, token=OUTSIDER_TOKEN), 404, code="SC404")
    assert assert_ok(api.delete(path)) == {"client": grant.id}
    assert assert_ok(api.get("/users/me/oauth-connections")) == {"connections": []}
    assert_refused(api.delete("/users/me/oauth-connections/x"), 404, code="SC404")
