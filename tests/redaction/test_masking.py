"""Redaction of output that is shown, and the rules that it shares with the redaction of blueprints."""

from __future__ import annotations

import pytest

from helpers.api import ADMIN_TOKEN
from make_emulator.json_types import Json, as_mapping
from make_emulator.redaction.blueprints import Masker
from make_emulator.redaction.masking import MASK, mask, mask_all, mask_body, mask_text


def test_masking_goes_by_name_and_by_form() -> None:
    assert mask(
        {"a": [{"clientSecret": "x", "note": f"Token {ADMIN_TOKEN}", "token": None, "isSet": True}]}
    ) == {"a": [{"clientSecret": "********", "note": "********", "token": None, "isSet": True}]}
    assert mask_text("Authorization: Bearer abc.def-ghi") == "Authorization: ********"
    address = "GET https://example.com/?page=2&api_key=abc&q=x#token=1"
    assert mask_text(address) == "GET https://example.com/?page=2&api_key=********&q=x#token=1"


@pytest.mark.parametrize(
    ("shown", "secret"),
    [
        ({"client_secret": {"v": "s3cret"}, "credentials": {"deep": ["s3cret"]}}, "s3cret"),
        ({"x-api-key": "s3cret", "access-key": "s3cret", "access_key": "s3cret", "pwd": "s3cret"}, "s3cret"),
        ({"headers": [{"name": "authorization", "value": "s3cret"}]}, "s3cret"),
        ({"note": "Basic czNjcmV0"}, "czNjcmV0"),
        ({"url": "http://127.0.0.1:4747/hook/" + "a1" * 16, "udid": "a1" * 16}, "a1a1"),
        ({"address": "a1" * 16 + "@hook.eu1.make.com"}, "a1a1"),
        ({"url": "https://hook.us2.make.com/" + "a1" * 16}, "a1a1"),
        ({"note": "the key sk-abcdefghijklmnopqrstuvwx"}, "abcdefghijkl"),
        ({"address": "https://ann:s3cret@example.com/x"}, "s3cret"),
    ],
)
def test_secrets_are_masked_wherever_they_stand(shown: dict[str, Json], secret: str) -> None:
    assert secret not in str(mask(shown))


def test_names_that_only_look_like_secrets_are_shown() -> None:
    plain: Json = {"authorId": 1, "authorName": "Ada", "authUsed": "token", "scopes": ["a"], "key": "order-1"}
    assert mask(plain) == plain


@pytest.mark.parametrize(
    "key",
    [
        "sk-abcdefghijklmnopqrstuvwx",
        "xoxb-1234567890-abcdefghij",
        "ghp_abcdefghijklmnopqrst",
        "AKIAABCDEFGHIJKLMNOP",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc",
        "https://hook.us1.make.com/abcdefghijklmnopqrstuvwxyz123456",
        "https://ann:secret@example.com/x",
        "-----BEGIN PRIVATE KEY-----abc-----END PRIVATE KEY-----",
    ],
)
def test_both_redactions_recognize_the_same_forms(key: str) -> None:
    document, _ = Masker().mask("", {"note": f"see {key} there"})
    assert mask({"note": f"see {key} there"}) == document
    assert MASK in str(as_mapping(document)["note"])


def test_output_masks_in_doubt_and_a_blueprint_keeps_what_it_needs() -> None:
    value: Json = {"password": "{{1.password}}", "id": "11111111-1111-4111-8111-111111111111", "token": 7}
    assert mask(value) == {"password": MASK, "id": MASK, "token": MASK}
    assert Masker().mask("", value) == (value, [])


def test_a_truncated_body_shows_no_part_of_a_secret() -> None:
    shown = mask_body(b'{"name": "Ann", "password": "hunter2", "token": "abcdefgh', cut=True)
    assert isinstance(shown, str)
    assert shown.startswith('(the first 57 bytes) {"name": "Ann", "password": ')
    assert "hunter2" not in shown
    assert "abcdefgh" not in shown


def test_names_stay_where_every_value_is_masked() -> None:
    assert mask_all({"a": [1, True, None], "b": {"c": "x"}}) == {"a": [MASK, MASK, None], "b": {"c": MASK}}
