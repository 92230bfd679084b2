"""Redaction of output that is shown, and the rules that it shares with the redaction of blueprints."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.api import ADMIN_TOKEN
from make_emulator.redaction.blueprints import Masker
from make_emulator.redaction.masking import LOG_REDACTOR, TRACE_REDACTOR, OutputRedactor, mask_all
from make_emulator.redaction.rules import MASK, is_secret_name, is_secret_parameter
from make_emulator.redaction.secret_values import SecretValues

mask, mask_text, mask_body = LOG_REDACTOR.mask, LOG_REDACTOR.mask_text, LOG_REDACTOR.mask_body


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
def test_secrets_are_masked_wherever_they_stand(shown: dict[str, Any], secret: str) -> None:
    assert secret not in str(mask(shown))


def test_names_that_only_look_like_secrets_are_shown() -> None:
    plain = {"authorId": 1, "authorName": "Ada", "authUsed": "token", "scopes": ["a"], "key": "order-1"}
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
    assert MASK in document["note"]


def test_output_masks_in_doubt_and_a_blueprint_keeps_what_it_needs() -> None:
    value = {"password": "{{1.password}}", "id": "11111111-1111-4111-8111-111111111111", "token": 7}
    assert mask(value) == {"password": MASK, "id": value["id"], "token": MASK}
    assert Masker().mask("", value) == (value, [])


def test_a_truncated_body_shows_no_part_of_a_secret() -> None:
    shown = mask_body(b'{"name": "Ann", "password": "hunter2", "token": "abcdefgh', cut=True)
    assert shown.startswith('(the first 57 bytes) {"name": "Ann", "password": ')
    assert "hunter2" not in shown
    assert "abcdefgh" not in shown


def test_names_stay_where_every_value_is_masked() -> None:
    assert mask_all({"a": [1, True, None], "b": {"c": "x"}}) == {"a": [MASK, MASK, None], "b": {"c": MASK}}


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "apiKey",
        "api_key",
        "apikey",
        "API-KEY",
        "APIkey",
        "authorization",
        "client_secret",
        "clientSecret",
        "accessToken",
        "X-Auth-Token",
        "TOKEN_PROD",
        "stripe_token_live",
        "Ocp-Apim-Subscription-Key",
        "X-Functions-Key",
        "Set-Cookie",
        "refreshToken",
        "password2",
        "passwordConfirmation",
        "dbpassword",
        "secret_access_key",
        "webhookSecret",
        "authTokens",
        "authorization_code",
        "http_auth",
        "udid",
    ],
)
def test_a_secret_is_known_by_the_words_of_its_name(name: str) -> None:
    assert is_secret_name(name, False)
    assert is_secret_parameter(name, False)


@pytest.mark.parametrize(
    "name",
    [
        "max_tokens",
        "total_tokens",
        "maxTokens",
        "pageToken",
        "nextPageToken",
        "next_page_token",
        "nextSyncToken",
        "continuationToken",
        "token_type",
        "tokenCount",
        "promptTokenCount",
        "tokens",
        "usage",
        "key",
        "id",
        "code",
        "secretary",
        "authorId",
        "bypass",
        "tokenizer",
        "cookieConsent",
        "token_expires_at",
        "secretName",
        "passwordHint",
        "authentication",
        "authorization_endpoint",
        "accessKeyId",
    ],
)
def test_a_name_that_counts_pages_or_describes_is_no_secret(name: str) -> None:
    assert not is_secret_name(name, False)
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ann:pw@example.com/x", f"https://{MASK}@example.com/x"),
        ("https://ann:p@w@example.com/x", f"https://{MASK}@example.com/x"),
        ("https://x.test/?sig=abc&n=1", f"https://x.test/?sig={MASK}&n=1"),
        ("https://x.test/a?n=1&key=abc&signature=abc", f"https://x.test/a?n=1&key={MASK}&signature={MASK}"),
        ("https://x.test/?client%5Fsecret=abc", f"https://x.test/?client%5Fsecret={MASK}"),
        ("https://eu1.make.com/mcp/u/abc-def/sse", f"https://eu1.make.com/mcp/u/{MASK}/sse"),
        ("https://eu1.make.com/mcp/api/v1/u/abc-def/sse", f"https://eu1.make.com/mcp/api/v1/u/{MASK}/sse"),
        ("https://mcp.make.com/u/abc-def/sse", f"https://mcp.make.com/u/{MASK}/sse"),
        ("/mcp/server/0d9b6b1e-2f1a-4f57/t/abc/sse", f"/mcp/server/0d9b6b1e-2f1a-4f57/t/{MASK}/sse"),
        ("https://hook.eu2.make.com/" + "a1" * 16, f"https://hook.eu2.make.com/{MASK}"),
        ("a=b&password=s3cret&c=d", f"a=b&password={MASK}&c=d"),
        ('{"password": "s3cret", "n": {{1.n}}}', f'{{"password": "{MASK}", "n": {{{{1.n}}}}}}'),
    ],
)
def test_secrets_in_addresses_and_forms_are_masked_in_logs_and_traces(text: str, shown: str) -> None:
    assert mask_text(text) == shown
    assert TRACE_REDACTOR.mask_text(text) == shown


@pytest.mark.parametrize(
    "shown",
    [
        {"max_tokens": 100, "usage": {"total_tokens": 12}, "pageToken": "abc", "token_type": "bearer"},
        {"id": "11111111-1111-4111-8111-111111111111", "note": "Bearer of bad news, token of appreciation"},
        {"url": "https://shop.example/?code=SUMMER20&pageToken=abc&sortKey=name"},
        {"url": "ssh://git@example.com/x", "text": "key=value", "signature": "Best regards, Ann"},
        {"fields": [{"name": "key", "value": "order-1"}], "sku": "pk_customer_identifier_1"},
    ],
)
def test_a_trace_shows_what_is_no_secret_beyond_doubt(shown: dict[str, Any]) -> None:
    assert TRACE_REDACTOR.mask(shown) == shown


def test_a_log_masks_in_doubt() -> None:
    assert mask({"url": "https://x.test/?code=abc", "signature": "abc", "note": "Bearer abc"}) == {
        "url": f"https://x.test/?code={MASK}",
        "signature": MASK,
        "note": MASK,
    }


@pytest.mark.parametrize("redactor", [LOG_REDACTOR, TRACE_REDACTOR])
def test_headers_and_parameters_are_judged_by_the_names_of_parameters(redactor: OutputRedactor) -> None:
    pairs = [{"name": "key", "value": "abc"}, {"name": "Accept", "value": "text/plain"}]
    shown = redactor.mask({"qs": pairs, "headers": {"sig": "abc", "Accept": "text/plain"}})
    assert shown["qs"] == [{"name": "key", "value": MASK}, pairs[1]]
    assert shown["headers"] == {"sig": MASK, "Accept": "text/plain"}


def test_fields_of_a_multipart_form_are_masked_by_their_names() -> None:
    field = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    form = field.format("password", "s3cret") + field.format("note", "plain") + "--x--\r\n"
    assert mask_text(form) == form.replace("s3cret", MASK)


def test_of_two_members_of_one_name_none_is_shown() -> None:
    text = '{"a": "hunter2", "a": 1}'
    assert "hunter2" not in LOG_REDACTOR.with_secrets(SecretValues(["hunter2"])).mask({"x": text})["x"]


@pytest.mark.parametrize("redactor", [LOG_REDACTOR, TRACE_REDACTOR])
def test_the_name_of_a_pair_is_shown_and_its_secret_masked(redactor: OutputRedactor) -> None:
    pairs = [
        {"key": "Content-Type", "value": "application/json"},
        {"key": "X-Api-Key", "value": "s3cr3t-value"},
    ]
    assert redactor.mask({"headers": pairs}) == {
        "headers": [pairs[0], {"key": "X-Api-Key", "value": MASK}],
    }
