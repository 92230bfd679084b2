from __future__ import annotations

import pytest
from werkzeug.datastructures import WWWAuthenticate

from make_emulator.http.bearer import authorization_origin, bearer_challenge


def test_a_challenge_names_the_metadata_of_the_resource() -> None:
    challenge = bearer_challenge("https://mcp.make.com")
    assert challenge == (
        'Bearer realm="OAuth", resource_metadata="https://mcp.make.com/.well-known/oauth-protected-resource"'
    )


def test_a_challenge_has_error_description_and_scope_if_there_are_any() -> None:
    challenge = bearer_challenge(
        "http://127.0.0.1:4747", error="insufficient_scope", description="It is not enough.", scope="mcp:use"
    )
    parsed = WWWAuthenticate.from_header(challenge)
    assert parsed is not None
    assert (parsed.type, parsed.get("error"), parsed.get("scope")) == (
        "bearer",
        "insufficient_scope",
        "mcp:use",
    )
    assert parsed.get("error_description") == "It is not enough."


@pytest.mark.parametrize("text", ['a "quoted" word', "back\\slash", "line\r\nX-Forged: 1", "Jörg\x00"])
def test_a_description_cannot_leave_its_quotes_or_its_line(text: str) -> None:
    challenge = bearer_challenge("http://localhost", error="invalid_token", description=text)
    assert challenge.isprintable()
    assert challenge.isascii()
    assert challenge.count('"') == 8
    assert "\\" not in challenge


@pytest.mark.parametrize(
    ("called", "expected"),
    [
        ("https://mcp.make.com", "https://www.make.com"),
        ("https://eu1.make.com", "https://www.make.com"),
        ("https://eu1.make.celonis.com:8443", "https://www.make.com:8443"),
        ("https://www.make.com:4747", "https://www.make.com:4747"),
        ("http://127.0.0.1:4747", "http://127.0.0.1:4747"),
        ("http://[::1]:4747", "http://[::1]:4747"),
        ("https://make.example.com", "https://make.example.com"),
    ],
)
def test_the_authorization_server_of_makes_hosts_is_www(called: str, expected: str) -> None:
    assert authorization_origin(called) == expected
