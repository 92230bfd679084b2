from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from make_emulator.replay.archive import ArchiveError, parse_archive, read_archive

TOKEN = "5f2b1c3d-1111-4222-8333-abcdefabcdef"
UDID = "abcdefghijklmnopqrstuvwxyz123456"


def entry(url: str = "https://eu1.make.com/api/v2/teams", **changes: Any) -> dict[str, Any]:
    """An entry of an archive; ``request`` and ``response`` are merged, others replace what is there."""
    request = {"method": "GET", "url": url, "headers": [], **changes.pop("request", {})}
    response = {
        "status": 200,
        "headers": [],
        "content": {"size": 2, "mimeType": "application/json", "text": "{}"},
        **changes.pop("response", {}),
    }
    return {
        "startedDateTime": "2026-03-02T12:00:00.000Z",
        "request": request,
        "response": response,
        **changes,
    }


def archive(*entries: Any) -> Any:
    return {
        "log": {"version": "1.2", "creator": {"name": "Chrome", "version": "1"}, "entries": list(entries)}
    }


def header(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


# --- what is read --------------------------------------------------------------------------------


def test_only_requests_to_make_are_read() -> None:
    read = parse_archive(
        archive(
            entry("https://www.example.com/api/v2/teams"),
            entry("https://eu1.make.com/static/app.js"),
            entry("https://eu1.make.com/api/v2/teams?organizationId=1"),
            entry(f"https://hook.eu1.make.com/{UDID}", request={"method": "post"}),
            entry("https://us1.make.com/mcp/stateless", request={"method": "POST"}),
            entry("http://127.0.0.1:4747/api/v2/users/me"),
            entry("wss://eu1.make.com/api/v2/socket"),
        )
    )
    assert [exchange.number for exchange in read.exchanges] == [3, 4, 5, 6]
    assert [exchange.name for exchange in read.exchanges] == [
        "GET /teams",
        "POST hook.eu1.make.com/********-1",
        "POST /mcp/stateless",
        "GET /users/me",
    ]
    assert (read.others, read.zone) == (3, "eu1.make.com")


def test_exchanges_are_in_the_order_in_which_they_were_sent() -> None:
    later = entry(startedDateTime="2026-03-02T14:00:00+01:00")
    earlier = entry(startedDateTime="2026-03-02T12:30:00Z")
    assert [each.number for each in parse_archive(archive(later, earlier)).exchanges] == [2, 1]


def test_bodies_in_base64_and_forms_are_read() -> None:
    encoded = base64.b64encode(b'{"teams": []}').decode()
    posted = {
        "mimeType": "application/x-www-form-urlencoded",
        "params": [header("a", "1 2"), header("b", "ü")],
    }
    read = parse_archive(
        archive(
            entry(
                request={"method": "POST", "postData": posted},
                response={
                    "content": {
                        "mimeType": "application/json; charset=utf-8",
                        "text": encoded,
                        "encoding": "base64",
                    }
                },
            )
        )
    )
    [exchange] = read.exchanges
    assert exchange.response.json() == {"teams": []}
    assert exchange.response.media_type == "application/json"
    assert exchange.request.body == b"a=1+2&b=%C3%BC"


@pytest.mark.parametrize(
    "content",
    [
        {"mimeType": "application/json", "size": 20},
        {
            "mimeType": "image/png",
            "size": 3,
            "text": base64.b64encode(b"\xff\xfe\x00").decode(),
            "encoding": "base64",
        },
        {"mimeType": "text/plain", "size": -1, "text": "(the first 16384 bytes) {"},
    ],
)
def test_a_body_that_the_archive_lacks_is_unknown(content: dict[str, Any]) -> None:
    [exchange] = parse_archive(archive(entry(response={"content": content}))).exchanges
    assert exchange.response.body is None


def test_an_empty_body_is_known() -> None:
    [exchange] = parse_archive(
        archive(entry(response={"status": 204, "content": {"size": 0, "mimeType": ""}}))
    ).exchanges
    assert exchange.response.body == b""


# --- credentials ---------------------------------------------------------------------------------


def test_credentials_are_known_by_their_masks() -> None:
    read = parse_archive(
        archive(
            entry(request={"headers": [header("Authorization", f"Token {TOKEN}")]}),
            entry(request={"headers": [header("authorization", "Bearer eyJabc.def")]}),
            entry(request={"headers": [header("Authorization", f"Token {TOKEN}")]}),
            entry(request={"headers": [header("Cookie", "sid=1")]}),
            entry(),
        )
    )
    assert [exchange.credentials for exchange in read.exchanges] == [
        ("Token", "********-1"),
        ("Bearer", "********-2"),
        ("Token", "********-1"),
        ("Cookie", "cookie"),
        None,
    ]
    assert all(exchange.shows_credentials for exchange in read.exchanges)


def test_an_archive_without_any_credentials_does_not_show_them() -> None:
    assert [each.shows_credentials for each in parse_archive(archive(entry(), entry())).exchanges] == [
        False,
        False,
    ]


def test_a_request_log_names_the_token_by_its_label() -> None:
    document = archive(entry(_user="Ann", _tokenLabel="admin"), entry(_user=None, _tokenLabel=None))
    document["log"]["creator"]["name"] = "make-emulator"
    first, second = parse_archive(document).exchanges
    assert first.credentials == ("Token", "token admin")
    assert (second.credentials, second.shows_credentials) == (None, True)


# --- secrets -------------------------------------------------------------------------------------


def test_equal_secrets_have_equal_masks_wherever_they_stand() -> None:
    hook = {"hook": {"id": 3, "udid": UDID, "url": f"https://hook.eu1.make.com/{UDID}"}}
    created = {"apiToken": {"token": TOKEN, "label": "ci", "scope": ["teams:read"]}}
    document = archive(
        # Before the answer that shows that it is a secret.
        entry(f"https://eu1.make.com/api/v2/teams?note={TOKEN}"),
        entry(response={"content": {"mimeType": "application/json", "text": json.dumps(hook)}}),
        entry(response={"content": {"mimeType": "application/json", "text": json.dumps(created)}}),
        entry(f"https://hook.eu1.make.com/{UDID}?apikey=hunter2hunter2", request={"method": "POST"}),
        entry(
            request={"headers": [header("Authorization", f"Token {TOKEN}"), header("Cookie", "sid=hunter3")]}
        ),
    )
    read = parse_archive(document)
    text = json.dumps(read.document)
    for secret in (TOKEN, UDID, "hunter2", "hunter3"):
        assert secret not in text
    first, shown, made, delivered, last = read.exchanges
    assert last.credentials is not None
    token = last.credentials[1]
    assert first.query == f"note={token}"
    assert made.response.json() == {"apiToken": {"token": token, "label": "ci", "scope": ["teams:read"]}}
    body: Any = shown.response.json()
    assert delivered.path == f"/{body['hook']['udid']}"
    assert body["hook"]["url"] == f"https://hook.eu1.make.com/{body['hook']['udid']}"


def test_a_redacted_archive_is_read_as_the_original_is() -> None:
    document = archive(
        entry(request={"headers": [header("Authorization", f"Token {TOKEN}")]}),
        entry(f"https://hook.eu1.make.com/{UDID}", request={"method": "POST"}),
    )
    read = parse_archive(document)
    again = parse_archive(read.document)
    assert again.exchanges == read.exchanges


def test_references_to_secrets_stay_so_that_a_blueprint_still_runs() -> None:
    blueprint = json.dumps({"flow": [{"id": 1, "mapper": {"apiKey": "{{2.token}}", "password": "hunter2"}}]})
    posted = {"mimeType": "application/json", "text": json.dumps({"blueprint": blueprint, "pin_token": 1234})}
    [exchange] = parse_archive(archive(entry(request={"method": "POST", "postData": posted}))).exchanges
    body: Any = exchange.request.json()
    assert json.loads(body["blueprint"])["flow"][0]["mapper"] == {
        "apiKey": "{{2.token}}",
        "password": "********-1",
    }


@pytest.mark.parametrize(
    ("body", "masked"),
    [
        (
            {"authorization": {"authUsed": "token", "scope": ["teams:read"]}},
            {"authorization": {"authUsed": "token", "scope": ["teams:read"]}},
        ),
        ({"credential": {"id": "c1", "apiKey": "abc"}}, {"credential": {"id": "c1", "apiKey": "********-1"}}),
        ({"credentials": [{"appName": "http"}]}, {"credentials": [{"appName": "http"}]}),
        ({"authorization": ["abc"], "x": 1}, {"authorization": ["********-1"], "x": 1}),
        ({"credentials": "abc"}, {"credentials": "********-1"}),
        ({"data": {"credentials": {"value": "abc"}}}, {"data": {"credentials": {"value": "********-1"}}}),
        ({"apiTokens": [{"token": "12345678-****"}]}, {"apiTokens": [{"token": "12345678-****"}]}),
    ],
)
def test_rows_about_secrets_are_shown_but_for_the_secrets(body: Any, masked: Any) -> None:
    content = {"mimeType": "application/json", "text": json.dumps(body)}
    [exchange] = parse_archive(archive(entry(response={"content": content}))).exchanges
    assert exchange.response.json() == masked


def test_what_others_know_of_the_session_is_left_out() -> None:
    document = archive(
        entry(serverIPAddress="10.0.0.1", _initiator={"url": "https://intranet"}, pageref="page_1")
    )
    document["log"]["pages"] = [{"title": "Secret plans"}]
    text = json.dumps(parse_archive(document).document)
    assert not any(part in text for part in ("10.0.0.1", "intranet", "Secret plans"))


# --- mistakes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([], "not an HTTP archive (HAR): it has no log with entries"),
        ({"log": {"entries": {}}}, "not an HTTP archive (HAR): it has no log with entries"),
        (archive(), "none of its 0 requests is one to Make, such as to eu1.make.com"),
        (
            archive(entry("https://example.com/")),
            "none of its 1 requests is one to Make, such as to eu1.make.com",
        ),
        (archive("x"), "entry 1 has no request with a url"),
        (archive(entry("http://[::1/api/v2/")), "entry 1: 'http://[::1/api/v2/' is not a URL"),
        (archive(entry(), entry(request={"method": 5})), "entry 2 has no request with a method"),
        (archive(entry(response={"status": "200"})), "entry 1 has no response with a status"),
        (archive(entry(startedDateTime="yesterday")), "entry 1 has no startedDateTime in ISO 8601"),
        (archive(entry(startedDateTime=None)), "entry 1 has no startedDateTime in ISO 8601"),
    ],
)
def test_a_file_that_is_no_archive_has_one_clear_line(document: Any, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "x.har"
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(ArchiveError) as raised:
        read_archive(path)
    assert str(raised.value) == f"{path}: {problem}"


def test_a_file_that_cannot_be_read_has_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"cannot read .*absent\.har: No such file"):
        read_archive(tmp_path / "absent.har")
    (tmp_path / "x.har").write_bytes(b"\xff\xfe{")
    with pytest.raises(ArchiveError, match=r"x\.har is not an HTTP archive: "):
        read_archive(tmp_path / "x.har")


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "x.har"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(archive(entry())).encode())
    assert len(read_archive(path).exchanges) == 1


@pytest.mark.parametrize("broken", [{"headers": 5}, {"headers": [5, {"name": 1}]}, {"postData": []}])
def test_parts_of_a_wrong_type_are_left_out(broken: dict[str, Any]) -> None:
    [exchange] = parse_archive(archive(entry(request=broken))).exchanges
    assert exchange.request.headers == {}
    assert exchange.request.body == b""


# --- the archives of tools -----------------------------------------------------------------------

#: An entry as each tool writes it: the parts that differ between them.
TOOLS: dict[str, dict[str, Any]] = {
    "Chrome": {
        "_connectionId": "81",
        "_initiator": {"type": "script", "stack": {"callFrames": []}},
        "_priority": "High",
        "_resourceType": "fetch",
        "cache": {},
        "connection": "443",
        "pageref": "page_1",
        "request": {
            "method": "GET",
            "url": "https://eu1.make.com/api/v2/teams?organizationId=1",
            "httpVersion": "http/2.0",
            "headers": [
                header(":authority", "eu1.make.com"),
                header(":method", "GET"),
                header(":path", "/api/v2/teams?organizationId=1"),
                header("accept", "application/json"),
                header("cookie", "sid=secret"),
            ],
            "queryString": [header("organizationId", "1")],
            "cookies": [{"name": "sid", "value": "secret", "path": "/"}],
            "headersSize": -1,
            "bodySize": 0,
        },
        "response": {
            "status": 200,
            "statusText": "",
            "httpVersion": "http/2.0",
            "headers": [
                header("content-type", "application/json; charset=utf-8"),
                header("x-ratelimit-limit", "60"),
            ],
            "cookies": [],
            "content": {
                "size": 13,
                "mimeType": "application/json",
                "text": base64.b64encode(b'{"teams": []}').decode(),
                "encoding": "base64",
            },
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
            "_transferSize": 234,
            "_error": None,
        },
        "serverIPAddress": "1.2.3.4",
        "startedDateTime": "2026-03-02T11:00:00.123Z",
        "time": 91.2,
        "timings": {"blocked": 1.2, "dns": -1, "send": 0.1, "wait": 89, "receive": 0.9, "_queued": 1},
    },
    "Firefox": {
        "startedDateTime": "2026-03-02T12:00:00.123+01:00",
        "request": {
            "bodySize": 0,
            "method": "GET",
            "url": "https://eu1.make.com/api/v2/teams?organizationId=1",
            "httpVersion": "HTTP/2",
            "headers": [header("Accept", "application/json"), header("Cookie", "sid=secret")],
            "cookies": [header("sid", "secret")],
            "queryString": [header("organizationId", "1")],
            "headersSize": 500,
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "HTTP/2",
            "headers": [
                header("Content-Type", "application/json; charset=utf-8"),
                header("X-RateLimit-Limit", "60"),
            ],
            "cookies": [],
            "content": {"mimeType": "application/json; charset=utf-8", "size": 13, "text": '{"teams": []}'},
            "redirectURL": "",
            "headersSize": 300,
            "bodySize": 313,
        },
        "cache": {},
        "timings": {"blocked": 0, "dns": 0, "connect": 0, "ssl": 0, "send": 0, "wait": 90, "receive": 0},
        "time": 90,
        "_securityState": "secure",
        "serverIPAddress": "1.2.3.4",
        "connection": "443",
    },
    "mitmproxy": {
        "startedDateTime": "2026-03-02T11:00:00.123456+00:00",
        "time": 90.4,
        "request": {
            "method": "GET",
            "url": "https://eu1.make.com/api/v2/teams?organizationId=1",
            "httpVersion": "HTTP/2.0",
            "cookies": [],
            "headers": [header("authorization", f"Token {TOKEN}"), header("accept", "*/*")],
            "queryString": [header("organizationId", "1")],
            "headersSize": 300,
            "bodySize": 0,
        },
        "response": {
            "status": 200,
            "statusText": "",
            "httpVersion": "HTTP/2.0",
            "cookies": [],
            "headers": [
                header("content-type", "application/json; charset=utf-8"),
                header("x-ratelimit-limit", "60"),
            ],
            "content": {
                "size": 13,
                "compression": 0,
                "mimeType": "application/json; charset=utf-8",
                "text": '{"teams": []}',
            },
            "redirectURL": "",
            "headersSize": 200,
            "bodySize": 13,
        },
        "cache": {},
        "timings": {"connect": 10.0, "ssl": 20.0, "send": 1.0, "receive": 2.0, "wait": 50.0},
        "serverIPAddress": "1.2.3.4",
    },
}


@pytest.mark.parametrize("tool", TOOLS)
def test_the_archives_of_tools_are_read_alike(tool: str) -> None:
    read = parse_archive(archive(TOOLS[tool]))
    [exchange] = read.exchanges
    assert exchange.started == 1_772_449_200_123
    assert (exchange.method, exchange.path, exchange.query) == ("GET", "/api/v2/teams", "organizationId=1")
    assert exchange.response.json() == {"teams": []}
    assert exchange.response.headers["x-ratelimit-limit"] == "60"
    assert exchange.credentials is not None
    assert not any(name.startswith(":") for name in exchange.request.headers)
    text = json.dumps(read.document)
    assert not any(secret in text for secret in ("sid=secret", TOKEN, "1.2.3.4"))
