"""Archives of any content: a replay ends with a report or with one clear error, whatever is in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from make_emulator.replay.archive import ArchiveError, parse_archive
from make_emulator.replay.replay import replay_archive

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
PATHS = st.sampled_from(
    [
        "/api/v2/scenarios/1",
        "/api/v2/scenarios/99999999999999999999",
        "/api/v2/hooks?teamId=1&teamId=2",
        "/api/v2/data-stores/1/data/a%2Fb",
        "/api/v2/%zz/%00",
        "/api/v2/users/me/../me",
        "/api/v2//teams",
        "/hook/x",
        "/mcp/u/********-1/stateless",
        "/mcp",
    ]
) | st.text(alphabet=st.characters(codec="utf-8", exclude_characters="#"), max_size=30).map(
    lambda text: f"/api/v2/{text}"
)
HEADERS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(
                ["Authorization", "Content-Type", "Cookie", "X-RateLimit-Limit", ":path", ""]
            )
            | st.text(max_size=8),
            "value": st.text(max_size=30),
        }
    ),
    max_size=3,
)
BODIES = JSON.map(json.dumps) | st.text(max_size=30)
ENTRIES = st.builds(
    lambda method, path, headers, body, status, answer, answer_headers: {
        "startedDateTime": "2026-03-02T12:00:00Z",
        "request": {
            "method": method,
            "url": f"https://eu1.make.com{path}",
            "headers": headers,
            "postData": {"mimeType": "application/json", "text": body},
        },
        "response": {
            "status": status,
            "headers": answer_headers,
            "content": {"mimeType": "application/json", "text": answer},
        },
    },
    st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE", "OPTIONS", "PURGE", "", "G T"]),
    PATHS,
    HEADERS,
    BODIES,
    st.sampled_from([200, 201, 204, 304, 400, 401, 403, 404, 429, 500, 0, -1, 99999]),
    BODIES,
    HEADERS,
)


def archive(*entries: Any) -> Any:
    return {"log": {"entries": list(entries)}}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ENTRIES, min_size=1, max_size=3))
def test_any_archive_ends_with_a_report(entries: list[Any]) -> None:
    report = replay_archive(parse_archive(archive(*entries)), "x.har")
    for render in (report.render_text, report.render_json, report.render_html, report.render_junit):
        assert render()
    again = parse_archive(json.loads(json.dumps(report.archive.document)))
    assert [each.credentials for each in again.exchanges] == [
        result.exchange.credentials for result in report.results
    ]


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_any_json_is_an_archive_or_one_error(document: Any) -> None:
    for each in (document, {"log": document}, archive(document), archive({"request": document})):
        with pytest.raises(ArchiveError) as raised:
            parse_archive(each)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("depth", [150, 250, 400, 900])
def test_a_body_that_is_nested_deeply_is_no_json(depth: int) -> None:
    deep = "[" * depth + "]" * depth
    entry = {
        "startedDateTime": "2026-03-02T12:00:00Z",
        "request": {
            "method": "POST",
            "url": "https://eu1.make.com/api/v2/scenarios",
            "headers": [],
            "postData": {
                "text": json.dumps({"blueprint": deep, "x": json.loads(deep)}) if depth < 900 else deep
            },
        },
        "response": {"status": 200, "headers": [], "content": {"text": deep, "mimeType": "application/json"}},
    }
    report = replay_archive(parse_archive(archive(entry)), "x.har")
    [result] = report.compared
    assert result.differences


def test_an_archive_that_is_nested_deeply_is_an_error() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    entry = {
        "startedDateTime": "2026-03-02T12:00:00Z",
        "request": {"method": "GET", "url": "https://eu1.make.com/api/v2/users/me", "_custom": deep},
        "response": {"status": 200},
    }
    with pytest.raises(ArchiveError, match="nested more deeply than an HTTP archive"):
        parse_archive(archive(entry))
