"""Request bodies that are compressed: gzip up to the limit of the API, nothing else."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from typing import Any

import orjson
import pytest
import requests
from werkzeug.test import TestResponse

from helpers.api import ADMIN_TOKEN, ApiClient, json_of
from helpers.webhooks import WebhookHarness
from make_emulator import MakeEmulator, mock_make
from make_emulator.http.content_coding import gunzip
from make_emulator.http.errors import BODY_LIMIT, BadRequestError
from make_emulator.webhooks import gateway as webhook_gateway

BODY = orjson.dumps({"key": "k", "data": {"sku": "A-1", "quantity": 1}})
RECORDS = "/data-stores/1/data"


def post(api: ApiClient, body: bytes, coding: str = "gzip", **options: Any) -> TestResponse:
    return api.post(
        RECORDS,
        data=body,
        content_type="application/json",
        headers={"Content-Encoding": coding},
        **options,
    )


def keys(api: ApiClient) -> set[str]:
    return {row["key"] for row in json_of(api.get(RECORDS))["records"]}


@pytest.mark.parametrize("coding", ["gzip", "GZIP", " x-gzip "])
def test_a_body_of_gzip_is_decoded(api: ApiClient, coding: str) -> None:
    assert json_of(post(api, gzip.compress(BODY), coding))["key"] == "k"


def test_identity_is_no_coding(api: ApiClient) -> None:
    assert json_of(post(api, BODY, "identity"))["key"] == "k"


def test_the_decoded_body_is_in_the_request_log(api: ApiClient) -> None:
    post(api, gzip.compress(BODY))
    [row] = json_of(api.control("GET", "/worlds/default/requests"))["requests"]
    assert row["requestBody"] == json.loads(BODY)


def test_a_body_of_gzip_in_chunks_is_decoded(api: ApiClient) -> None:
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    response = post(
        api,
        b"",
        input_stream=io.BytesIO(gzip.compress(BODY)),
        environ_overrides={**environ, "CONTENT_LENGTH": ""},
    )
    assert json_of(response)["key"] == "k"


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "compress", "gzip, gzip", "x"])
def test_another_coding_is_415(api: ApiClient, coding: str) -> None:
    before = keys(api)
    response = post(api, zlib.compress(BODY), coding)
    assert response.status_code == 415
    assert json_of(response) == {
        "detail": "The content coding of a body must be gzip, or none.",
        "message": "Unsupported Media Type",
        "code": "SC415",
    }
    assert keys(api) == before


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        gzip.compress(BODY)[:-1],
        gzip.compress(BODY)[:-8] + bytes(8),
        gzip.compress(BODY) + b"x",
        gzip.compress(BODY) * 2,
        b"\x1f\x8b",
        zlib.compress(BODY),
    ],
    ids=["plain", "cut off", "wrong checksum", "followed by other data", "two members", "a head", "zlib"],
)
def test_what_is_not_gzip_is_400(api: ApiClient, body: bytes) -> None:
    before = keys(api)
    response = post(api, body)
    assert response.status_code == 400
    assert json_of(response)["detail"] == "The body is not compressed with gzip."
    assert keys(api) == before


def test_a_body_that_is_too_large_once_decoded_is_refused(api: ApiClient) -> None:
    body = orjson.dumps({"key": "big", "data": {"sku": "x" * BODY_LIMIT, "quantity": 1}})
    assert len(gzip.compress(body)) < 10_000
    response = post(api, gzip.compress(body))
    assert (response.status_code, json_of(response)) == (400, {"detail": "request entity too large"})
    assert "big" not in keys(api)


def test_a_bomb_is_decompressed_to_the_limit_only(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    real = zlib.decompressobj

    class Decompressor:
        def __init__(self, window: int) -> None:
            self._real = real(window)

        def decompress(self, data: bytes, limit: int) -> bytes:
            decoded = self._real.decompress(data, limit)
            sizes.append(len(decoded))
            return decoded

    monkeypatch.setattr(zlib, "decompressobj", Decompressor)
    with pytest.raises(Exception, match="413"):
        gunzip(gzip.compress(bytes(50_000_000)), 1_000)
    assert sizes == [1_001]


def test_a_body_at_the_limit_is_taken() -> None:
    assert gunzip(gzip.compress(bytes(1_000)), 1_000) == bytes(1_000)
    with pytest.raises(BadRequestError):
        gunzip(b"", 1_000)


def test_interception_and_a_server_decode_alike() -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    with mock_make() as world, MakeEmulator() as make:
        for base_url in (world.base_url, make.base_url):
            response = requests.post(
                f"{base_url}{RECORDS}",
                data=gzip.compress(BODY),
                headers={"Authorization": f"Token {ADMIN_TOKEN}", **headers},
                timeout=60,
            )
            assert (response.status_code, response.json()["key"]) == (200, "k")


# --- webhooks ------------------------------------------------------------------------------------


def test_a_webhook_decodes_gzip(gateway: WebhookHarness) -> None:
    gateway.listen()
    headers = {"Content-Encoding": "gzip"}
    content = gzip.compress(b'{"sku": "A-1"}')
    assert gateway.send(data=content, content_type="application/json", headers=headers).status_code == 200
    form = b'--b\r\nContent-Disposition: form-data; name="sku"\r\n\r\nA-2\r\n--b--\r\n'
    kind = "multipart/form-data; boundary=b"
    assert gateway.send(data=gzip.compress(form), content_type=kind, headers=headers).status_code == 200
    kind = "application/x-www-form-urlencoded"
    assert gateway.send(data=gzip.compress(b"sku=A-3"), content_type=kind, headers=headers).status_code == 200
    assert gateway.bundles() == [[{"sku": "A-1"}], [{"sku": "A-2"}], [{"sku": "A-3"}]]


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        ("br", b"{}", 415),
        ("gzip", b"{}", 400),
        ("gzip", gzip.compress(bytes(webhook_gateway.BODY_LIMIT + 1)), 413),
    ],
)
def test_a_webhook_refuses_what_it_cannot_decode(
    gateway: WebhookHarness, coding: str, body: bytes, status: int
) -> None:
    gateway.listen()
    response = gateway.send(data=body, content_type="application/json", headers={"Content-Encoding": coding})
    assert response.status_code == status
    assert gateway.runs() == []
