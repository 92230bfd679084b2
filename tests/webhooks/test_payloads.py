"""Payloads: the bundle that a webhook makes of a request."""

from __future__ import annotations

import io
from typing import Any

import pytest

from helpers.api import json_of
from helpers.webhooks import WebhookHarness

# --- what a request becomes ----------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_any_method_delivers(paused_gateway: WebhookHarness, method: str) -> None:
    assert paused_gateway.received(method=method, query="?a=1&b=two+words") == {"a": "1", "b": "two words"}


def test_query_and_body_become_one_bundle_and_the_query_wins(paused_gateway: WebhookHarness) -> None:
    assert paused_gateway.received(query="?a=query", json={"a": "body", "b": [1, {"c": None}]}) == {
        "a": "query",
        "b": [1, {"c": None}],
    }


def test_a_form_becomes_fields_and_a_name_that_comes_twice_an_array(paused_gateway: WebhookHarness) -> None:
    assert paused_gateway.received(
        data="box=a&box=b&who=%C5%BD", content_type="application/x-www-form-urlencoded"
    ) == {
        "box": ["a", "b"],
        "who": "Ž",
    }


def test_files_of_a_multipart_form_become_collections(paused_gateway: WebhookHarness) -> None:
    form = {"title": "Scan", "file": (io.BytesIO(b"\x00\x01"), "scan.bin", "application/pdf")}
    assert paused_gateway.received(data=form, content_type="multipart/form-data") == {
        "title": "Scan",
        "file": {"name": "scan.bin", "mime": "application/pdf", "data": "AAE="},
    }


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "image/png", ""])
def test_other_content_becomes_one_value(paused_gateway: WebhookHarness, content_type: str) -> None:
    assert paused_gateway.received(data="probe=m3", content_type=content_type) == {"value": "probe=m3"}


def test_json_pass_through_gives_the_raw_text(paused_gateway: WebhookHarness) -> None:
    paused_gateway.set(stringify=True)
    raw = '{ "a" : 1 }'
    assert paused_gateway.received(data=raw, content_type="application/json", query="?q=1") == {
        "value": raw,
        "q": "1",
    }


def test_json_that_is_no_object_becomes_bundles(paused_gateway: WebhookHarness) -> None:
    assert paused_gateway.received(json=[{"a": 1}, 2]) == [{"a": 1}, {"value": 2}]
    assert paused_gateway.received(json="text") == {"value": "text"}
    paused_gateway.api.post(f"/scenarios/{paused_gateway.scenario}/start")
    paused_gateway.api.get("/users/me")
    assert paused_gateway.bundles() == [[{"a": 1}, {"value": 2}], [{"value": "text"}]]


def test_headers_and_method_come_along_when_they_are_requested(paused_gateway: WebhookHarness) -> None:
    paused_gateway.set(headers=True, method=True)
    received = paused_gateway.received(json={"a": 1}, headers={"X-Shop": "Ž".encode().decode("latin-1")})
    assert list(received) == ["a", "__IMTHEADERS__", "__IMTMETHOD__"]
    assert received["__IMTMETHOD__"] == "POST"
    headers = {row["name"]: row["value"] for row in received["__IMTHEADERS__"]}
    assert headers["content-type"] == "application/json"
    [row] = json_of(paused_gateway.api.get(f"/hooks/{paused_gateway.hook}/incomings"))["incomings"]
    assert headers["x-request-id"] == row["id"]


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b'{"a":NaN}', b'"\\ud800"', b"[" * 500 + b"]" * 500, b"[" * 100_000]
)
def test_json_that_is_none_is_400(paused_gateway: WebhookHarness, body: bytes) -> None:
    assert paused_gateway.send(data=body, content_type="application/json").status_code == 400
    assert paused_gateway.waiting() == []


def test_hostile_requests_never_break_the_gateway(paused_gateway: WebhookHarness) -> None:
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
        assert paused_gateway.send(**options).status_code < 500
    assert paused_gateway.api.get(f"/hooks/{paused_gateway.hook}/logs").status_code == 200
    assert paused_gateway.api.control("GET", "/worlds/default/requests").status_code == 200


def test_data_that_do_not_fit_the_data_structure_are_400(paused_gateway: WebhookHarness) -> None:
    paused_gateway.set(udt=1)
    response = paused_gateway.send(json={"sku": "A-1", "quantity": "many"})
    assert (response.status_code, response.get_data()) == (400, b"Invalid number in parameter 'quantity'.")
    assert paused_gateway.received(json={"sku": "A-1", "quantity": 2}) == {"sku": "A-1", "quantity": 2}


def test_a_list_of_addresses_keeps_others_out(paused_gateway: WebhookHarness) -> None:
    paused_gateway.set(ip="10.0.0.0/8, 127.0.0.1")
    assert paused_gateway.send(json={}).status_code == 200
    assert paused_gateway.send(json={}, environ_base={"REMOTE_ADDR": "192.168.0.1"}).status_code == 403
    assert paused_gateway.send(json={}, environ_base={"REMOTE_ADDR": "10.1.2.3"}).status_code == 200
