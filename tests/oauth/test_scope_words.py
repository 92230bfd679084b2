from __future__ import annotations

import pytest

from make_emulator.oauth.scopes import CLIENT_SCOPES, describe_scopes, split_scopes


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ()),
        ("a b", ("a", "b")),
        ("a,b", ("a", "b")),
        (" a, b ,\tc ", ("a", "b", "c")),
        ("b a b", ("b", "a")),
        (",", ()),
    ],
)
def test_scopes_are_separated_by_spaces_or_commas(text: str, words: tuple[str, ...]) -> None:
    assert split_scopes(text) == words


def test_scopes_are_described_in_words() -> None:
    assert describe_scopes(["openid", "scenarios:run", "scenarios:read", "scenarios:write", "dlqs:read"]) == [
        ("Know who you are", ("openid",)),
        ("Run your scenarios", ("scenarios:run",)),
        ("View incomplete executions", ("dlqs:read",)),
        ("View and modify your scenarios", ("scenarios:read", "scenarios:write")),
    ]


def test_every_scope_is_in_one_sentence() -> None:
    sentences = describe_scopes(CLIENT_SCOPES)
    assert sorted(scope for _, scopes in sentences for scope in scopes) == sorted(CLIENT_SCOPES)
    assert len({sentence for sentence, _ in sentences}) == len(sentences)
