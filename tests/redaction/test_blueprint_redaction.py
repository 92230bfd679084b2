"""Redaction of the blueprints of a zone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.importer import PullHarness
from make_emulator import MakeEmulator
from make_emulator.importer import Masker, render_yaml
from make_emulator.redaction.blueprints import find_secrets

MASK = "********"


def masked(value: Any) -> Any:
    return Masker().mask("", value)[0]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"password": "hunter2"}, {"password": MASK}),
        ({"authPass": "hunter2", "authUser": "ann"}, {"authPass": MASK, "authUser": "ann"}),
        ({"api_key": ["one", {"deep": "two"}]}, {"api_key": [MASK, {"deep": MASK}]}),
        (
            {"headers": [{"name": "Authorization", "value": "Bearer abcdefgh"}]},
            {"headers": [{"name": "Authorization", "value": MASK}]},
        ),
        (
            {"headers": [{"name": "x-api-key", "value": "k"}, {"name": "Accept", "value": "text/plain"}]},
            {"headers": [{"name": "x-api-key", "value": MASK}, {"name": "Accept", "value": "text/plain"}]},
        ),
        (
            {
                "variables": [
                    {"name": "STRIPE_KEY", "value": "abc"},
                    {"name": "API_URL", "value": "https://x.test"},
                ]
            },
            {
                "variables": [
                    {"name": "STRIPE_KEY", "value": MASK},
                    {"name": "API_URL", "value": "https://x.test"},
                ]
            },
        ),
        ({"qs": [{"name": "key", "value": "abc"}]}, {"qs": [{"name": "key", "value": MASK}]}),
        ({"spec": [{"name": "token", "default": "abc"}]}, {"spec": [{"name": "token", "default": MASK}]}),
        ("https://ann:secret@example.com/x", f"https://{MASK}@example.com/x"),
        ("https://x.test/?a=1&api_key=abc&b=2", f"https://x.test/?a=1&api_key={MASK}&b=2"),
        ("https://x.test/?key=abc#top", f"https://x.test/?key={MASK}#top"),
        ("grant_type=password&client_secret=s3", f"grant_type=password&client_secret={MASK}"),
        ('{"apiKey": "abc", "n": 1}', '{"apiKey":"********","n":1}'),
        ('{"apiKey": "abc", "n": {{1.n}}}', '{"apiKey": "********", "n": {{1.n}}}'),
        ("curl -H 'Authorization: Bearer abcdefgh12345'", f"curl -H 'Authorization: Bearer {MASK}'"),
        ("key sk-abcdefghijklmnopqrstuvwx end", f"key {MASK} end"),
        ("xoxb-1234567890-abcdefghij", MASK),
        (
            "https://hooks.slack.com/services/T00000000/B00000000/abcdefgh",
            f"https://hooks.slack.com/services/{MASK}",
        ),
        ("https://hook.us1.make.com/abcdefghijklmnopqrstuvwxyz123456", f"https://hook.us1.make.com/{MASK}"),
        ("abcdefghijklmnopqrstuvwxyz123456@hook.eu1.make.com", f"{MASK}@hook.eu1.make.com"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc", MASK),
    ],
)
def test_a_secret_is_masked(value: Any, expected: Any) -> None:
    assert masked(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"max_tokens": 2048, "maxOutputTokens": "2048"},
        {"password": "{{1.password}}", "authorization": "Bearer {{connection.token}}"},
        {"password": None, "secret": True, "token": 7, "token_expires_at": "2026-01-01T00:00:00Z"},
        {"password": "", "tokenType": "bearer", "nextPageToken": "abc"},
        {"headers": [{"name": "Content-Type", "value": "application/json"}]},
        {"key": "order-1001", "data": {"sku": "A-1"}},
        {"name": "token", "type": "text", "label": "Token", "required": True},
        "https://example.com/orders?page=2&sort=name",
        "https://x.test/?token={{3.token}}&a=b",
        "https://{{1.user}}:{{1.pass}}@example.com",
        "0d9b6b1e-2f1a-4f57-9d2e-111111111111",
        "a = b; c & d",
        {"password": MASK},
    ],
)
def test_what_is_no_secret_is_left_alone(value: Any) -> None:
    assert Masker().mask("", value) == (value, [])


def test_the_places_of_masked_values_are_reported() -> None:
    value = {
        "flow": [{"mapper": {"headers": [{"name": "A"}, {"name": "Authorization", "value": "Basic abc"}]}}]
    }
    _, found = Masker().mask("scenario 1", value)
    assert [tuple(each) for each in found] == [("scenario 1", "flow[0].mapper.headers[1].value")]


def test_ones_own_token_is_masked_wherever_it_stands() -> None:
    token = "0d9b6b1e-2f1a-4f57-9d2e-111111111111"
    assert Masker(token).mask("", {"note": f"mine is {token}."})[0] == {"note": f"mine is {MASK}."}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_masking_twice_is_masking_once(value: Any) -> None:
    once = masked(value)
    assert Masker().mask("", once) == (once, [])


def test_the_credentials_of_a_world_are_nowhere_in_what_is_pulled(make_emulator: MakeEmulator) -> None:
    secrets = [
        "hunter2-connection",
        "sk-abcdefghijklmnopqrstuvwx",
        "Bearer-of-bad-news",
        "correct-horse-battery",
        "s3cr3t-in-the-query",
    ]
    headers = [
        {"name": "Authorization", "value": secrets[2]},
        {"name": "X-Note", "value": f"use {secrets[1]}"},
    ]
    blueprint = {
        "name": "Call out",
        "metadata": {},
        "flow": [
            {
                "id": 1,
                "module": "http:ActionSendData",
                "version": 3,
                "parameters": {},
                "mapper": {
                    "url": f"https://ann:{secrets[3]}@api.example/?token={secrets[4]}",
                    "headers": headers,
                },
            }
        ],
    }
    seed = {
        "organizations": [
            {
                "name": "O",
                "teams": [{"name": "T", "scenarios": [{"blueprint": blueprint}], "hooks": [{"name": "H"}]}],
            }
        ]
    }
    world = make_emulator.create_world(seed=seed)
    made = make_emulator.control.api(
        "POST",
        "/keys",
        world.token,
        {
            "name": "Basic",
            "teamId": world.team_id,
            "typeName": "basicauth",
            "parameters": {"authUser": "ann", "authPass": secrets[0]},
        },
    )["key"]
    hook = make_emulator.control.api("GET", "/hooks/1", world.token)["hook"]
    pulled = PullHarness(world).pull(executions=1)
    text = render_yaml(pulled.document)
    for secret in [*secrets, world.token, hook["udid"]]:
        assert secret not in text
    assert f"id: {made['id']}, name: Basic, type: basicauth" in text
    assert {step for step, _ in pulled.masked} == {"scenario 1"}
    assert len(pulled.masked) == 3


@pytest.mark.parametrize(
    "value",
    [
        "Bearer YOUR_API_KEY",
        "Bearer <api key>",
        "Bearer MY_groq_key",
        "Bearer sk-xxxxxxxxxxxxxxxxxxxx",
        "YOUR API KEY HERE",
        "???",
        "{{connection.apiKey}}",
        "Bearer {{1.token}}",
        "0x1f9840a85d5aF5bf1D1762F925BDADdC4201F984",
        "So11111111111111111111111111111111111111112",
    ],
)
def test_what_stands_for_a_secret_is_none_for_lint(value: str) -> None:
    headers = {"headers": [{"name": "Authorization", "value": value}, {"name": "X-Api-Key", "value": value}]}
    assert find_secrets(headers, "mapper") == []


@pytest.mark.parametrize(
    "value",
    [
        "Bearer sk-live-0123456789abcdef",
        "Bearer gsk_8fK2mQ7xKeyPq4Zt9",
        "Basic dXNlcjpodW50ZXIy",
        "xKeyBd9mYq",
        "hunter2hunter2",
        "correcthorse",
    ],
)
def test_a_secret_is_found_at_its_path(value: str) -> None:
    headers = {"headers": [{"name": "Accept", "value": "*/*"}, {"name": "X-Api-Key", "value": value}]}
    assert find_secrets(headers, "mapper") == ["mapper.headers[1].value"]


@pytest.mark.parametrize(
    ("text", "is_secret"),
    [
        ("https://hook.eu1.make.com/1cn5utw1vm9lxkcu8tmp454far2y1gco?id=1", False),
        ("https://discord.com/api/webhooks/1234567890/PleaseReplaceWithYourWEBHOOK", False),
        ("https://discord.com/api/webhooks/1234567890/Zq3vB8kTn2YxW7pLs9Df4Rg6", True),
        ("https://api.example.com/v1?api_key=YOUR_KEY&q=1", False),
        ("https://api.example.com/v1?api_key=8fK2mQ7xPq4Zt9&q=1", True),
        ('{"password": "YOUR_PASSWORD", "user": "ada"}', False),
        ('{"password": "tr0ub4dor", "user": "ada"}', True),
        ('{"password": "tr0ub4dor", "user": {{1.user}}}', True),
    ],
)
def test_secrets_within_texts_are_found(text: str, is_secret: bool) -> None:
    assert find_secrets({"url": text}, "mapper") == (["mapper.url"] if is_secret else [])
