"""Fixed lists over the API."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from helpers.api import ApiClient, assert_ok, assert_refused
from make_emulator.world.enums import SCOPES, get_timezone, timezone_codes


def test_the_time_zones_have_the_ids_and_the_order_of_make(api: ApiClient) -> None:
    zones = assert_ok(api.get("/enums/timezones"))["timezones"]
    assert len(zones) == 338
    assert zones[0] == {
        "id": 226,
        "name": "(GMT-11:00) Pacific/Niue",
        "code": "Pacific/Niue",
        "offset": "-1100",
    }
    assert zones[-1]["code"] == "Pacific/Kiritimati"
    by_id = {zone["id"]: zone for zone in zones}
    assert sorted(by_id) == list(range(1, 339))
    assert (by_id[113]["code"], by_id[113]["offset"]) == ("Europe/Prague", "+0100")
    assert (by_id[301]["code"], by_id[301]["offset"]) == ("America/New_York", "-0500")
    assert by_id[333]["offset"] == "-0430"
    minutes = [int(zone["offset"][:3]) * 60 + int(zone["offset"][0] + zone["offset"][3:]) for zone in zones]
    assert minutes == sorted(minutes)


def test_every_time_zone_is_in_the_time_zone_database() -> None:
    assert {id: get_timezone(id).key for id in timezone_codes()} == timezone_codes()
    assert get_timezone(9999) == ZoneInfo("Etc/UTC")


def test_locales_have_the_ids_of_make(api: ApiClient) -> None:
    locales = assert_ok(api.get("/enums/locales"))["locales"]
    assert locales[0] == {"id": 1, "name": "Afrikaans", "code": "af", "angularCode": "af"}
    by_id = {row["id"]: row for row in locales}
    assert by_id[19] == {
        "id": 19,
        "name": "English (United States)",
        "code": "en-us",
        "angularCode": "en-US",
    }
    assert (by_id[121]["code"], by_id[121]["angularCode"]) == ("zh-cn", "zh-Hans")
    assert len(by_id) == len(locales)
    me = assert_ok(api.get("/users/me"))["authUser"]
    assert me["localeId"] in by_id


def test_languages_may_be_named_in_themselves(api: ApiClient) -> None:
    english = {row["code"]: row["name"] for row in assert_ok(api.get("/enums/languages"))["languages"]}
    assert (english["es"], len(english)) == ("Spanish; Castilian", 184)
    own = assert_ok(api.get("/enums/languages?localized=true"))["languages"]
    names = {row["code"]: row["name"] for row in own}
    assert names["de"] == "Deutsch"
    assert names.keys() < english.keys()
    assert_refused(api.get("/enums/languages?localized=yes"), 400, code="SC400")


def test_the_scopes_of_tokens_are_those_that_routes_require(api: ApiClient) -> None:
    rows = assert_ok(api.get("/enums/user-api-token-scopes"))["userApiTokenScopes"]
    assert [row["name"] for row in rows] == sorted(SCOPES)


@pytest.mark.parametrize(
    ("path", "key", "first", "count"),
    [
        ("module-types", "moduleTypes", {"id": 2, "name": "transformer"}, 12),
        ("variable-types", "variableTypes", {"id": 1, "name": "number", "teamOnly": False}, 4),
        ("imt-zones", "imtZones", {"id": 1, "domain": "eu1.make.com", "name": "EU1"}, 4),
        ("user-features", "userFeatures", {"title": "Local access", "name": "local_access"}, 7),
        (
            "organization-features",
            "organizationFeatures",
            {"title": "Local access", "name": "local_access"},
            3,
        ),
        (
            "apps-review-statuses",
            "reviewStatuses",
            {"value": 0, "label": "{{!apps.forms.review.status.requestAccepted}}"},
            6,
        ),
    ],
)
def test_lists_show_what_the_document_shows(
    api: ApiClient, path: str, key: str, first: dict[str, object], count: int
) -> None:
    body = assert_ok(api.get(f"/enums/{path}"))
    assert list(body) == [key]
    assert (body[key][0], len(body[key])) == (first, count)


def test_email_notifications_have_the_ids_of_make(api: ApiClient) -> None:
    rows = assert_ok(api.get("/enums/user-email-notifications?language=de"))["userEmailNotifications"]
    assert [(row["id"], row["translationKey"], row["name"]) for row in rows] == [
        (2, "warningInScenarioRun", "Warning in scenario run"),
        (1, "errorsInScenarioRun", "Errors in scenario run"),
        (6, "scenarioDeactivation", "Scenario deactivation"),
    ]


def test_language_models_and_their_tiers(api: ApiClient) -> None:
    tiers = assert_ok(api.get("/enums/llm-builtin-tiers"))["llmBuiltinTiers"]
    assert [(row["tierName"], row["centicreditsCoefficient"]) for row in tiers] == [
        ("small", 0.04),
        ("medium", 0.1),
        ("large", 0.25),
    ]
    models = assert_ok(api.get("/enums/llm-models"))["llmModels"]
    assert {row["modelName"] for row in tiers} <= {row["modelName"] for row in models}
    assert list(models[0]) == [
        *("modelName", "providerName", "modelDisplayName", "modelDisplayPriority", "providerDisplayName")
    ]


def test_a_token_needs_no_scope_for_a_fixed_list(api: ApiClient) -> None:
    token = api.token_with("teams:read")
    for path in ("locales", "languages", "imt-zones", "user-features", "llm-models"):
        assert api.get(f"/enums/{path}", token=token).status_code == 200
