from __future__ import annotations

from helpers.api import ApiClient, assert_status


def test_apps_modules_and_fields_are_listed(api: ApiClient) -> None:
    apps = {app["name"]: app for app in assert_status(api.control("GET", "/modules"))["apps"]}
    assert apps["slack"]["label"] == "Slack"
    assert apps["slack"]["modules"] > 10
    app = assert_status(api.control("GET", "/modules/stripe"))["app"]
    assert app["completeVersions"] == [1]
    assert {
        "name": "stripe:ListCharges",
        "kind": "search",
        "versions": [1],
        "support": "simulated",
        "trust": "name",
    } in app["modules"]
    module = assert_status(api.control("GET", "/modules/slack/CreateMessage"))["module"]
    assert module["versions"] == [3, 4]
    newest = module["details"][-1]
    assert newest["connection"] == {"parameter": "__IMTCONN__", "types": ["slack2", "slack3"]}
    assert {
        "name": "channelType",
        "type": "select",
        "required": "always",
        "choices": ["im", "mpim", "private", "public"],
    } in newest["mapper"]


def test_unknown_names_are_404_with_a_suggestion(api: ApiClient) -> None:
    unknown_app = assert_status(api.control("GET", "/modules/gmail"), 404)
    assert unknown_app["detail"] == "No app 'gmail' is known. Did you mean google-email?"
    unknown_module = assert_status(api.control("GET", "/modules/slack/SendMessage"), 404)
    assert (
        unknown_module["detail"]
        == "No module 'slack:SendMessage' is known. Did you mean slack:CreateMessage?"
    )
