"""The authorization server over TLS, under the names of Make that clients resolve to this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import urllib3

from helpers.oauth import CALLBACK, CLIENT_ID, CLIENT_SECRET, query_of
from make_emulator import MakeEmulator


@pytest.fixture(scope="module")
def make() -> Iterator[MakeEmulator]:
    with MakeEmulator(tls=True) as make:
        yield make


def call(make: MakeEmulator, host: str, method: str, path: str, **options: Any) -> urllib3.BaseHTTPResponse:
    """The response of the server under a name that a resolver would lead to it, its certificate checked."""
    port = urlsplit(make.url).port
    headers = {"Host": f"{host}:{port}", **options.pop("headers", {})}
    with urllib3.HTTPSConnectionPool(
        "127.0.0.1", port, server_hostname=host, assert_hostname=host, ca_certs=str(make.ca_file)
    ) as pool:
        return pool.request(method, path, headers=headers, timeout=60, redirect=False, **options)


def test_an_app_logs_in_under_the_names_of_make(make: MakeEmulator) -> None:
    port = urlsplit(make.url).port
    document = call(make, "www.make.com", "GET", "/.well-known/openid-configuration").json()
    assert document["issuer"] == f"https://www.make.com:{port}"
    resource = call(make, "mcp.make.com", "GET", "/.well-known/oauth-protected-resource").json()
    assert resource == {
        "resource": f"https://mcp.make.com:{port}/",
        "authorization_servers": [f"https://www.make.com:{port}/mcp"],
    }

    query = urlencode({"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "response_type": "code"})
    page = call(make, "www.make.com", "GET", f"/oauth/v2/authorize?{query}")
    assert page.status == 200
    redirect = make.world.oauth.approve(f"{document['authorization_endpoint']}?{query}")
    form = urlencode(
        {
            "grant_type": "authorization_code",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "code": query_of(redirect)["code"],
        }
    )
    tokens = call(
        make,
        "www.make.com",
        "POST",
        "/oauth/v2/token",
        body=form,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    ).json()
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert call(make, "eu1.make.com", "GET", "/api/v2/teams/1", headers=headers).status == 200
    assert call(make, "us1.make.com", "GET", "/api/v2/teams/1", headers=headers).status == 401


def test_the_form_of_the_page_works_under_its_own_name(make: MakeEmulator) -> None:
    query = urlencode(
        {"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "response_type": "code", "state": "page"}
    )
    html = call(make, "www.make.com", "GET", f"/oauth/v2/authorize?{query}").data.decode()
    ticket = html.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = urlencode({"csrf_token": ticket, "decision": "approve", "choice": "1:1:default"})
    origin = f"https://www.make.com:{urlsplit(make.url).port}"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
    response = call(make, "www.make.com", "POST", "/oauth/v2/authorize", body=form, headers=headers)
    assert response.status == 302
    assert query_of(response.headers["Location"])["state"] == "page"
