"""Pages that scenarios respond with: their scripts have no access to the emulator's origin."""

from __future__ import annotations

import pytest

from helpers.api import ApiClient
from helpers.webhooks import WebhookHarness, webhook_response_module


def directives(policy: str) -> list[str]:
    kind, *directives = policy.split()
    assert kind == "sandbox"
    return directives


def test_a_response_is_a_page_without_the_origin_of_the_emulator(gateway: WebhookHarness) -> None:
    html = {"key": "Content-Type", "value": "text/html"}
    gateway.listen(webhook_response_module("200", "<script></script>", html))
    response = gateway.send(json={})
    assert (response.mimetype, response.get_data()) == ("text/html", b"<script></script>")
    [policy] = response.headers.getlist("Content-Security-Policy")
    assert "allow-scripts" in directives(policy)
    assert not {"allow-same-origin", "allow-popups-to-escape-sandbox"} & set(directives(policy))
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_scenario_cannot_loosen_the_policy(gateway: WebhookHarness) -> None:
    gateway.listen(
        webhook_response_module(
            "200",
            "<script></script>",
            {"key": "content-security-policy", "value": "sandbox allow-scripts allow-same-origin"},
            {"key": "X-Content-Type-Options", "value": "none"},
        )
    )
    headers = gateway.send(json={}).headers
    own, added = headers.getlist("Content-Security-Policy")
    # Browsers apply all policies, so the strictest counts.
    assert "allow-same-origin" in directives(own)
    assert "allow-same-origin" not in directives(added)
    assert headers.getlist("X-Content-Type-Options") == ["nosniff"]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD"])
def test_other_responses_of_webhooks_have_the_policy_too(api: ApiClient, method: str) -> None:
    response = api.app.test_client().open("/hook/none", method=method)
    assert directives(response.headers["Content-Security-Policy"])
    assert response.headers["X-Content-Type-Options"] == "nosniff"
