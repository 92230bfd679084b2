"""requests, urllib3 and `external_services.client` behave inside `mock_make` as they do over a network."""

from __future__ import annotations

import datetime
import http.client
import io
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from helpers.echo_site import SITE, echo_site
from make_emulator import World, mock_make


@pytest.fixture
def world() -> Iterator[World]:
    with mock_make() as world:
        yield world


@pytest.fixture
def echo() -> Iterator[None]:
    with echo_site():
        yield


# --- requests ------------------------------------------------------------------------------------


def test_answers_have_all_that_answers_have(world: World) -> None:
    response = requests.get(f"{world.base_url}/teams/99", headers=world.headers, timeout=5)
    assert (response.status_code, response.reason, response.url) == (
        404,
        "NOT FOUND",
        f"{world.base_url}/teams/99",
    )
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert (response.encoding, response.ok, response.is_redirect) == ("utf-8", False, False)
    assert response.elapsed > datetime.timedelta(0)
    assert response.raw.version == 11
    with pytest.raises(requests.HTTPError, match="404 Client Error"):
        response.raise_for_status()


def test_a_session_that_was_made_before_is_caught_and_goes_on_after() -> None:
    with requests.Session() as session:
        with mock_make(block_others=True) as world:
            session.headers.update(world.headers)
            for _ in range(3):
                assert session.get(f"{world.base_url}/teams/1", timeout=5).status_code == 200
        with pytest.raises(requests.ConnectionError):
            session.get("https://127.0.0.1:9/", timeout=5)


def test_parameters_headers_and_json_arrive_as_they_were_given(echo: None) -> None:
    sent = requests.post(
        f"{SITE}/echo",
        params={"cols[]": ["id", "näme"], "empty": ""},
        headers={"X-Own": "grüße".encode("latin-1")},
        json={"a": "ü"},
        timeout=5,
    ).json()
    assert sent["url"] == f"{SITE}/echo?cols[]=id&cols[]=näme&empty="
    assert sent["headers"]["x-own"] == "grüße"
    assert sent["headers"]["content-length"] == "15"
    assert sent["headers"]["host"] == "eu1.make.com"
    assert sent["headers"]["accept-encoding"].startswith("gzip")
    assert json.loads(sent["body"]) == {"a": "ü"}


@pytest.mark.parametrize(
    ("body", "length"),
    [(b"abc", "3"), ("abc", "3"), (io.BytesIO(b"abc"), "3"), (iter([b"a", b"bc"]), None), (None, "0")],
    ids=["bytes", "text", "file", "generator", "nothing"],
)
def test_bodies_of_every_kind_arrive(echo: None, body: Any, length: str | None) -> None:
    sent = requests.post(f"{SITE}/echo", data=body, timeout=5).json()
    assert sent["body"] == ("" if body is None else "abc")
    assert sent["headers"].get("content-length") == length
    assert sent["headers"].get("transfer-encoding") == ("chunked" if length is None else None)


def test_files_arrive_as_a_form(echo: None) -> None:
    sent = requests.post(f"{SITE}/echo", files={"report": ("r.txt", io.BytesIO(b"hello"))}, timeout=5).json()
    assert sent["files"] == {"report": "hello"}


def test_redirects_are_followed_with_a_history(echo: None) -> None:
    response = requests.get(f"{SITE}/there", timeout=5)
    assert response.json()["url"] == f"{SITE}/echo?arrived=1"
    assert [step.status_code for step in response.history] == [302]
    assert (
        requests.get(f"{SITE}/there", allow_redirects=False, timeout=5).headers["Location"]
        == "/echo?arrived=1"
    )


def test_cookies_are_kept_and_sent_again(echo: None) -> None:
    with requests.Session() as session:
        assert session.get(f"{SITE}/echo", timeout=5).cookies.get_dict() == {"first": "1", "second": "2"}
        assert session.get(f"{SITE}/echo", timeout=5).json()["headers"]["cookie"] == "second=2; first=1"


def test_answers_can_be_streamed(echo: None) -> None:
    with requests.get(f"{SITE}/lines", stream=True, timeout=5) as response:
        assert list(response.iter_lines(chunk_size=4)) == [b"line 0", b"line 1", b"line 2"]
    with requests.get(f"{SITE}/lines", stream=True, timeout=5) as response:
        assert response.raw.read(6) == b"line 0"
        assert response.raw.read() == b"\nline 1\nline 2\n"


def test_a_head_request_has_headers_and_no_body(echo: None) -> None:
    response = requests.head(f"{SITE}/echo", timeout=5)
    assert response.content == b""
    assert int(response.headers["Content-Length"]) > 0


def test_hooks_of_a_session_see_the_answer(world: World) -> None:
    seen: list[int] = []
    with requests.Session() as session:
        session.hooks["response"].append(lambda response, **_: seen.append(response.status_code))
        session.get(f"{world.base_url}/teams/1", headers=world.headers, timeout=5)
    assert seen == [200]


def test_retries_of_urllib3_are_the_real_ones(world: World) -> None:
    world.faults.add(path="/teams/1", status=503, times=2)
    with requests.Session() as session:
        session.mount("https://", HTTPAdapter(max_retries=Retry(total=3, status_forcelist=[503])))
        assert session.get(f"{world.base_url}/teams/1", headers=world.headers, timeout=5).status_code == 200
    world.requests.assert_called("GET", "/teams/1", times=3)


def test_encoded_slashes_in_a_path_survive(world: World) -> None:
    url = f"{world.base_url}/data-stores/1/data/a%2Fb"
    made = requests.put(url, json={"sku": "A-1", "quantity": 1}, headers=world.headers, timeout=5)
    assert made.json()["key"] == "a/b"


# --- faults --------------------------------------------------------------------------------------


def test_a_reset_is_a_connection_error(world: World) -> None:
    world.faults.add(path="/teams/1", action="reset")
    with pytest.raises(requests.ConnectionError, match="Connection aborted"):
        requests.get(f"{world.base_url}/teams/1", headers=world.headers, timeout=5)


def test_an_answer_that_never_comes_is_a_read_timeout_at_once(world: World) -> None:
    world.faults.add(path="/teams/1", action="timeout")
    with pytest.raises(requests.ReadTimeout, match=r"Read timed out\. \(read timeout=30\)"):
        requests.get(f"{world.base_url}/teams/1", headers=world.headers, timeout=30)


def test_an_answer_that_comes_too_late_is_a_read_timeout(world: World) -> None:
    world.faults.add(path="/teams/1", delay_ms=20)
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{world.base_url}/teams/1", headers=world.headers, timeout=(5, 0.001))
    assert requests.get(f"{world.base_url}/teams/1", headers=world.headers, timeout=5).status_code == 200


def test_an_answer_that_is_cut_short_breaks_as_over_a_network(world: World) -> None:
    world.faults.add(path="/teams/1", action="truncate")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{world.base_url}/teams/1", headers=world.headers, timeout=5)


# --- urllib3 and http.client ---------------------------------------------------------------------


def test_pools_of_urllib3_are_caught(world: World) -> None:
    for pool in (urllib3.PoolManager(), urllib3.HTTPSConnectionPool("eu1.make.com")):
        url = (
            "/api/v2/teams/1"
            if isinstance(pool, urllib3.HTTPSConnectionPool)
            else f"{world.base_url}/teams/1"
        )
        response = pool.request("GET", url, headers=world.headers, timeout=urllib3.Timeout(total=5))
        assert response.json()["team"]["id"] == 1
        assert response.headers["authtype"] == "token"
        unread = pool.request("GET", url, headers=world.headers, preload_content=False)
        assert json.load(unread)["team"]["id"] == 1
        unread.release_conn()


def test_urllib_is_caught(world: World) -> None:
    requested = urllib.request.Request(f"{world.base_url}/teams/1", headers=world.headers)
    with urllib.request.urlopen(requested, timeout=5) as response:
        assert (response.status, json.load(response)["team"]["id"]) == (200, 1)
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        urllib.request.urlopen(f"{world.base_url}/teams/1", timeout=5)
    assert json.load(refused.value)["code"] == "IM015"
    refused.value.close()


def test_connections_of_http_client_are_caught_and_kept(echo: None) -> None:
    connection = http.client.HTTPSConnection("eu1.make.com", timeout=5)
    for body, length in ((b"abc", "3"), (iter([b"a", b"bc"]), None)):
        connection.request("POST", "/echo?x=1", body=body, encode_chunked=True)
        sent = json.load(connection.getresponse())
        assert (sent["url"], sent["body"]) == (f"{SITE}/echo?x=1", "abc")
        assert sent["headers"].get("content-length") == length
    connection.close()
