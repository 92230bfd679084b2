"""Secrets that are recognized by value, as properties."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from make_emulator.redaction.masking import LOG_REDACTOR, TRACE_REDACTOR, OutputRedactor
from make_emulator.redaction.rules import MASK
from make_emulator.redaction.secret_values import NO_SECRETS, SecretValues

KEYS = ["0d9b6b1e-2f1a-4f57-9d2e-111111111111", "a1" * 16]

#: Secrets of all kinds of characters, none of which a mask contains.
secrets = st.sampled_from(KEYS) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="*"), min_size=6, max_size=40
)
#: Names of members that are no secrets.
names = st.sampled_from(
    ["name", "max_tokens", "pageToken", "total_tokens", "token_type", "text", "url", "items"]
)
values = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(max_size=20)
    | st.uuids(version=4).map(str)
)
documents = st.recursive(
    values,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


def texts_of(value: Any) -> Iterator[str]:
    """Every text of JSON, names of members included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name
            yield from texts_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_of(item)
    else:
        yield str(value)


def places_of(secret: str) -> dict[str, Any]:
    """A document that has a secret at every place."""
    return {
        "plain": secret,
        "within": f"the {secret}, in a text",
        "glued": f"x{secret}y",
        secret: 1,
        "list": [[secret]],
        "json": orjson.dumps({"deep": [secret], "n": 1}).decode(),
        "json in json": orjson.dumps({"deep": orjson.dumps({"x": secret}).decode()}).decode(),
        "cut json": '{"a": "b", "text": ' + orjson.dumps(secret).decode() + ", ",
        "url": f"https://example.com/{quote(secret, safe='')}/x?q={quote(secret)}",
        "form": f"a=b&text={quote_plus(secret)}",
    }


@pytest.mark.parametrize("redactor", [LOG_REDACTOR, TRACE_REDACTOR])
@given(secret=secrets, document=documents)
@example(secret='a"b\\c\n', document={})
@example(secret="ä b+c/d%e", document={})
def test_a_secret_is_nowhere_in_the_output(redactor: OutputRedactor, secret: str, document: Any) -> None:
    known = redactor.with_secrets(SecretValues([secret]))
    shown = known.mask({"user": document, **places_of(secret)})
    assert not [text for text in texts_of(shown) if secret in text]
    assert secret not in known.mask_text(f"see {secret}.")
    assert secret not in known.mask_url(f"https://example.com/{secret}?q={quote_plus(secret)}")
    assert not [text for text in texts_of(known.mask_query(f"q={quote_plus(secret)}")) if secret in text]
    for body in (orjson.dumps(places_of(secret)), f"a=b&text={quote_plus(secret)}".encode(), secret.encode()):
        assert not [text for text in texts_of(known.mask_body(body, cut=False)) if secret in text]


@given(secret=secrets, cut=st.integers(6, 40))
def test_a_cut_body_shows_no_secret_nor_the_start_of_one(secret: str, cut: int) -> None:
    known = LOG_REDACTOR.with_secrets(SecretValues([secret]))
    shown = known.mask_body(f"text {secret[:cut]}".encode(), cut=True)
    assert shown.removeprefix("(the first ").partition(") ")[2] in ("text ", f"text {MASK}") or (
        secret[:6] not in shown
    )


@given(document=documents, secret=secrets)
def test_a_trace_shows_test_data_whole(document: Any, secret: str) -> None:
    known = TRACE_REDACTOR.with_secrets(SecretValues([secret, *KEYS]))
    if not any(secret in text for text in texts_of(document)):
        assert known.mask(document) == document


@given(document=documents)
def test_a_log_shows_counts_pages_and_ids_too(document: Any) -> None:
    shown = LOG_REDACTOR.mask(
        {"usage": {"max_tokens": 5, "total_tokens": 7}, "nextPageToken": "abc", "id": KEYS[0]}
    )
    assert shown == {"usage": {"max_tokens": 5, "total_tokens": 7}, "nextPageToken": "abc", "id": KEYS[0]}
    assert LOG_REDACTOR.mask(LOG_REDACTOR.mask(document)) == LOG_REDACTOR.mask(document)


def test_numbers_are_secrets_too() -> None:
    known = TRACE_REDACTOR.with_secrets(SecretValues(["12345678"]))
    assert known.mask({"pin": 12345678, "n": 1234567, "flag": True}) == {
        "pin": MASK,
        "n": 1234567,
        "flag": True,
    }


def test_a_short_text_is_a_secret_only_where_it_is_a_password_and_the_whole_text() -> None:
    known = SecretValues(["eu"], ["abcd", "x"])
    assert [known.mask(text) for text in ("abcd", "abcde", "eu", "x")] == [MASK, "abcde", "eu", "x"]


def test_a_secret_that_contains_another_one_is_masked_as_a_whole() -> None:
    assert SecretValues(["secret", "secret-of-mine"]).mask("the secret-of-mine") == f"the {MASK}"
    assert (SecretValues(["secret"]) | SecretValues(["secret-of-mine"])).mask("secret-of-mine") == MASK


def test_only_the_secrets_of_a_value_are_searched_for_in_its_texts() -> None:
    known = SecretValues(["hunter2", *KEYS], ["abcd"])
    assert known.occurring_in({"a": ["hunter1", KEYS[0][:-1], "bc"]}) is NO_SECRETS
    assert known.occurring_in([f"9{KEYS[1]}"]).mask(f"{KEYS[1]} {KEYS[0]}") == f"{MASK} {KEYS[0]}"


def test_a_key_in_a_longer_run_of_its_characters_is_found() -> None:
    known = SecretValues(KEYS)
    assert known.mask(f"prefix-{KEYS[0]}-{KEYS[1]}ff") == f"prefix-{MASK}-{MASK}ff"


@pytest.mark.parametrize("depth", [300, 900, 1023])
def test_a_value_that_is_nested_too_deeply_shows_nothing(depth: int) -> None:
    body = b'{"a":' * depth + b'"hunter2"' + b"}" * depth
    known = LOG_REDACTOR.with_secrets(SecretValues(["hunter2"]))
    assert "hunter2" not in repr(known.mask_body(body, cut=False))
    assert "hunter2" not in repr(known.mask({"text": body.decode()}))
