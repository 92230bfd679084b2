"""What a webhook makes of a request."""

from __future__ import annotations

import io
from typing import Any

import pytest

from conftest import ApiClient
from helpers.webhooks import WebhookHarness, json_of

PAUSED = "There is no scenario listening for this webhook."


@pytest.fixture
def gateway(api: ApiClient) -> WebhookHarness:
    return WebhookHarness(api)


@pytest.fixture
def quiet(gateway: WebhookHarness) -> WebhookHarness:
    """A hook whose scenario is inactive: what comes stays in the queue."""
    gateway.listen(start=False)
    return gateway


# --- what a request becomes ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_any_method_delivers(quiet: WebhookHarness, method: str) -> None:
    assert quiet.received(method=method, query="?a=1&b=two+words") == {"a": "1", "b": "two words"}


def test_query_and_body_become_one_bundle_and_the_query_wins(quiet: WebhookHarness) -> None:
    assert quiet.received(query="?a=query", json={"a": "body", "b": [1, {"c": None}]}) == {
        "a": "query",
        "b": [1, {"c": None}],
    }


def test_a_form_becomes_fields_and_a_name_that_comes_twice_an_array(quiet: WebhookHarness) -> None:
    assert quiet.received(
        data="box=a&box=b&who=%C5%BD", content_type="application/x-www-form-urlencoded"
    ) == {
        "box": ["a", "b"],
        "who": "Ž",
    }


def test_files_of_a_multipart_form_become_collections(quiet: WebhookHarness) -> None:
    form = {"title": "Scan", "file": (io.BytesIO(b"\x00\x01"), "scan.bin", "application/pdf")}
    assert quiet.received(data=form, content_type="multipart/form-data") == {
        "title": "Scan",
        "file": {"name": "scan.bin", "mime": "application/pdf", "data": "AAE="},
    }


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "image/png", ""])
def test_other_content_becomes_one_value(quiet: WebhookHarness, content_type: str) -> None:
    assert quiet.received(data="probe=m3", content_type=content_type) == {"value": "probe=m3"}


def test_json_pass_through_gives_the_raw_text(quiet: WebhookHarness) -> None:
    quiet.set(stringify=True)
    raw = '{ "a" : 1 }'
    assert quiet.received(data=raw, content_type="application/json", query="?q=1") == {"value": raw, "q": "1"}


def test_json_that_is_no_object_becomes_bundles(quiet: WebhookHarness) -> None:
    assert quiet.received(json=[{"a": 1}, 2]) == [{"a": 1}, {"value": 2}]
    assert quiet.received(json="text") == {"value": "text"}
    quiet.api.post(f"/scenarios/{quiet.scenario}/start")
    quiet.api.get("/users/me")
    assert quiet.bundles() == [[{"a": 1}, {"value": 2}], [{"value": "text"}]]


def test_headers_and_method_come_along_when_they_are_asked_for(quiet: WebhookHarness) -> None:
    quiet.set(headers=True, method=True)
    received = quiet.received(json={"a": 1}, headers={"X-Shop": "Ž".encode().decode("latin-1")})
    assert list(received) == ["a", "__IMTHEADERS__", "__IMTMETHOD__"]
    assert received["__IMTMETHOD__"] == "POST"
    headers = {row["name"]: row["value"] for row in received["__IMTHEADERS__"]}
    assert headers["content-type"] == "application/json"
    [row] = json_of(quiet.api.get(f"/hooks/{quiet.hook}/incomings"))["incomings"]
    assert headers["x-request-id"] == row["id"]


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b'{"a":NaN}', b'"\\ud800"', b"[" * 500 + b"]" * 500, b"[" * 100_000]
)
def test_json_that_is_none_is_400(quiet: WebhookHarness, body: bytes) -> None:
    assert quiet.send(data=body, content_type="application/json").status_code == 400
    assert quiet.waiting() == []


def test_hostile_requests_never_break_the_door(quiet: WebhookHarness) -> None:
    requests: tuple[dict[str, Any], ...] = (
        {"data": b"--x\r\n", "content_type": "multipart/form-data; boundary=x"},
        {"data": b"x", "content_type": "multipart/form-data"},
        {"data": b"%ff=%00&=&&==", "content_type": "application/x-www-form-urlencoded"},
        {"data": b"\xff\xfe\x00", "content_type": "text/plain; charset=nonsense"},
        {"query": "?%ff=%ed%a0%80&&=", "json": {"": "\x00"}},
        {
            "data": "&".join(f"a{n}=1" for n in range(5000)),
            "content_type": "application/x-www-form-urlencoded",
        },
        {"json": {"__IMTHEADERS__": 1, "a" * 1000: {}}},
        {"json": []},
    )
    for options in requests:
        assert quiet.send(**options).status_code < 500
    assert quiet.api.get(f"/hooks/{quiet.hook}/logs").status_code == 200
    assert quiet.api.control("GET", "/worlds/default/requests").status_code == 200


def test_data_that_do_not_fit_the_data_structure_are_400(quiet: WebhookHarness) -> None:
    quiet.set(udt=1)
    answer = quiet.send(json={"sku": "A-1", "quantity": "many"})
    assert (answer.status_code, answer.get_data()) == (400, b"Invalid number in parameter 'quantity'.")
    assert quiet.received(json={"sku": "A-1", "quantity": 2}) == {"sku": "A-1", "quantity": 2}


def test_a_list_of_addresses_keeps_others_out(quiet: WebhookHarness) -> None:
    quiet.set(ip="10.0.0.0/8, 127.0.0.1")
    assert quiet.send(json={}).status_code == 200
    assert quiet.send(json={}, environ_base={"REMOTE_ADDR": "192.168.0.1"}).status_code == 403
    assert quiet.send(json={}, environ_base={"REMOTE_ADDR": "10.1.2.3"}).status_code == 200
