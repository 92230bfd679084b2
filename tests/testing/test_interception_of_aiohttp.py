"""aiohttp behaves inside `mock_make` as it does over a network."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from helpers.api import ADMIN_TOKEN
from helpers.echo_site import SITE, echo_site
from make_emulator import World, mock_make
from make_emulator.http.faults import FaultAction
from make_emulator.server.wsgi import Server
from make_emulator.testing import NetworkBlocked

TEAM_NAME = "Example Team"


@pytest.fixture
def world() -> Iterator[World]:
    with mock_make() as world:
        yield world


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The URL of a server that has nothing to do with Make, and redirects ``/to-make`` there."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] == "/to-make":
            location = "https://eu1.make.com/api/v2/teams/1"
            start_response("307 Temporary Redirect", [("Location", location), ("Content-Length", "0")])
            return []
        start_response("200 OK", [("Content-Length", "9")])
        return [b"elsewhere"]

    with Server(app) as server:
        yield server.url


def with_session(world: World, use: Callable[[aiohttp.ClientSession], Awaitable[Any]], **options: Any) -> Any:
    async def main() -> Any:
        options.setdefault("headers", world.headers)
        async with aiohttp.ClientSession(base_url=f"{world.base_url}/", **options) as session:
            return await use(session)

    return asyncio.run(main())


async def get_json(session: aiohttp.ClientSession, url: str, **options: Any) -> Any:
    async with session.get(url, **options) as response:
        return await response.json()


async def get_text(session: aiohttp.ClientSession, url: str, **options: Any) -> str:
    async with session.get(url, **options) as response:
        return await response.text()


def test_a_session_with_a_base_url_is_caught(world: World) -> None:
    async def use(session: aiohttp.ClientSession) -> Any:
        async with session.get("teams/1", params={"cols[]": "name"}) as response:
            assert (response.status, response.reason, response.content_type) == (
                200,
                "OK",
                "application/json",
            )
            return await response.json()

    assert with_session(world, use) == {"team": {"name": TEAM_NAME}}
    world.requests.assert_called("GET", "/teams/1", status=200, times=1)


def test_a_single_request_without_a_session_is_caught(world: World) -> None:
    async def main() -> int:
        async with aiohttp.request("GET", f"{world.base_url}/teams/1", headers=world.headers) as response:
            return response.status

    assert asyncio.run(main()) == 200


def test_a_session_that_was_made_before_is_caught_and_released_afterwards(elsewhere: str) -> None:
    async def main() -> None:
        async with aiohttp.ClientSession() as session:
            assert await get_text(session, elsewhere) == "elsewhere"
            # The session keeps the connection to this host, which is now one of Make.
            with mock_make(
                seed={"organizations": [{"name": "Own", "zone": "127.0.0.1", "teams": [{"name": "Own"}]}]}
            ) as world:
                found = await get_json(session, f"{elsewhere}/api/v2/teams/1", headers=world.headers)
                assert found["team"]["name"] == "Own"
            assert await get_text(session, elsewhere) == "elsewhere"

    asyncio.run(main())


def test_many_requests_at_once_keep_to_the_limit_of_the_connector(world: World) -> None:
    async def main() -> list[Any]:
        connector = aiohttp.TCPConnector(limit=2, limit_per_host=1)
        async with aiohttp.ClientSession(connector=connector, headers=world.headers) as session:
            url = f"{world.base_url}/teams/1"
            return await asyncio.gather(*(get_json(session, url) for _ in range(8)))

    assert [row["team"]["name"] for row in asyncio.run(main())] == [TEAM_NAME] * 8
    world.requests.assert_called("GET", "/teams/1", times=8)


def test_bodies_of_every_kind_arrive(world: World) -> None:
    body = {"data": {"name": "Zoe"}, "responsive": True}
    text = json.dumps(body).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(text), 7):
            yield text[start : start + 7]

    async def use(session: aiohttp.ClientSession) -> list[Any]:
        results = []
        headers = {"Content-Type": "application/json"}
        for options in (
            {"json": body},
            {"data": text, "headers": headers},
            {"data": pieces(), "headers": headers},
            {"data": text, "headers": headers, "expect100": True},
            {"data": text, "headers": headers, "chunked": True},
        ):
            async with session.post("scenarios/1/run", **options) as response:
                results.append((await response.json())["outputs"])
        return results

    assert with_session(world, use) == [{"greeting": "Hello, Zoe!"}] * 5


def test_a_large_body_arrives_whole(world: World) -> None:
    record = {"key": "large", "data": {"sku": "x" * 300_000, "quantity": 1}}

    async def use(session: aiohttp.ClientSession) -> Any:
        async with session.post("data-stores/1/data", json=record) as response:
            assert response.status == 200, await response.text()
        return await get_json(session, "data-stores/1/data", params={"pg[limit]": 100})

    rows = with_session(world, use)["records"]
    [sku] = [row["data"]["sku"] for row in rows if row["key"] == "large"]
    assert sku == record["data"]["sku"]  # type: ignore[index]


def test_a_form_reaches_a_webhook_at_its_own_host(world: World) -> None:
    async def use(session: aiohttp.ClientSession) -> tuple[int, str]:
        hooks = (await get_json(session, "hooks", params={"teamId": world.team_id}))["hooks"]
        [url] = [hook["url"] for hook in hooks if hook["type"] == "web"]
        assert url.startswith("https://hook.eu1.make.com/")
        async with session.post(url, data={"email": "zoe@example.com"}) as response:
            return response.status, await response.text()

    assert with_session(world, use) == (200, "Accepted")


def test_responses_can_be_streamed(world: World) -> None:
    async def use(session: aiohttp.ClientSession) -> bytes:
        async with session.get("teams/1") as response:
            return b"".join([piece async for piece in response.content.iter_chunked(10)])

    assert json.loads(with_session(world, use))["team"]["name"] == TEAM_NAME


def test_events_arrive_while_the_stream_is_open(world: World) -> None:
    async def use(session: aiohttp.ClientSession) -> tuple[bytes, int]:
        headers = {"Accept": "text/event-stream", **world.mcp.headers}
        async with session.get(world.mcp.sse_url, headers=headers) as stream:
            event, data = await stream.content.readline(), await stream.content.readline()
            assert event.strip() == b"event: endpoint"
            # Other requests pass meanwhile.
            assert (await get_json(session, "teams/1"))["team"]["name"] == TEAM_NAME
            return data, stream.status

    data, status = with_session(world, use)
    assert status == 200
    assert data.startswith(b"data: /")


# --- responses that the API does not have ---------------------------------------------------------


@pytest.fixture
def echo() -> Iterator[None]:
    with echo_site():
        yield


def at_site(use: Callable[[aiohttp.ClientSession], Awaitable[Any]], **options: Any) -> Any:
    async def main() -> Any:
        async with aiohttp.ClientSession(SITE, **options) as session:
            return await use(session)

    return asyncio.run(main())


def test_parameters_headers_and_json_arrive_as_they_were_given(echo: None) -> None:
    async def use(session: aiohttp.ClientSession) -> Any:
        parameters = {"cols[]": "näme", "empty": ""}
        async with session.put("/echo", params=parameters, json={"a": "ü"}) as response:
            return await response.json()

    sent = at_site(use, headers={"X-Own": "grün"})
    assert sent["method"] == "PUT"
    assert sent["url"] == f"{SITE}/echo?cols[]=näme&empty="
    assert sent["headers"]["host"] == "eu1.make.com"
    assert sent["headers"]["content-type"] == "application/json"
    assert json.loads(sent["body"]) == {"a": "ü"}


def test_files_arrive_as_a_form(echo: None) -> None:
    async def use(session: aiohttp.ClientSession) -> Any:
        form = aiohttp.FormData()
        form.add_field("report", b"hello", filename="r.txt")
        async with session.post("/echo", data=form) as response:
            return await response.json()

    assert at_site(use)["files"] == {"report": "hello"}


def test_the_head_alone_is_returned_for_a_head(echo: None) -> None:
    async def use(session: aiohttp.ClientSession) -> tuple[int, bytes]:
        async with session.head("/echo") as response:
            return int(response.headers["Content-Length"]), await response.read()

    length, body = at_site(use)
    assert length > 0
    assert body == b""


def test_cookies_are_kept_and_sent_again(echo: None) -> None:
    async def use(session: aiohttp.ClientSession) -> tuple[list[str], str]:
        async with session.get("/echo") as response:
            received = sorted(response.cookies)
        return received, (await get_json(session, "/echo"))["headers"]["cookie"]

    received, sent = at_site(use)
    assert received == ["first", "second"]
    assert sorted(sent.split("; ")) == ["first=1", "second=2"]


def test_a_response_without_a_length_arrives_in_chunks(echo: None) -> None:
    async def use(session: aiohttp.ClientSession) -> tuple[str | None, list[bytes]]:
        async with session.get("/lines") as response:
            lines = [line async for line in response.content]
            return response.headers.get("Transfer-Encoding"), lines

    assert at_site(use) == ("chunked", [b"line 0\n", b"line 1\n", b"line 2\n"])


def test_a_compressed_response_is_decompressed(echo: None) -> None:
    assert at_site(lambda session: get_text(session, "/compressed")) == "text " * 1000


def test_redirects_are_followed_with_a_history(echo: None) -> None:
    async def use(session: aiohttp.ClientSession) -> tuple[list[int], Any]:
        async with session.get("/there") as response:
            return [each.status for each in response.history], await response.json()

    history, found = at_site(use)
    assert history == [302]
    assert found["url"] == f"{SITE}/echo?arrived=1"


# --- redirects from elsewhere, errors, other connectors -------------------------------------------


def test_a_redirect_to_make_is_followed(world: World, elsewhere: str) -> None:
    async def use(session: aiohttp.ClientSession) -> tuple[list[int], Any]:
        async with session.get(f"{elsewhere}/to-make", headers={"Authorization": "none"}) as response:
            return [each.status for each in response.history], response.status

    # Credentials do not follow a redirect to another host.
    assert with_session(world, use, headers={}) == ([307], 401)


def test_an_error_status_is_raised_on_demand(world: World) -> None:
    with pytest.raises(aiohttp.ClientResponseError, match="404") as caught:
        with_session(world, lambda session: get_json(session, "teams/99"), raise_for_status=True)
    assert caught.value.message == "NOT FOUND"


def test_traces_see_the_connection_and_the_request(world: World) -> None:
    seen: list[str] = []

    def note(name: str) -> Callable[..., Awaitable[None]]:
        async def hook(session: aiohttp.ClientSession, context: SimpleNamespace, params: Any) -> None:
            seen.append(name)

        return hook

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(note("connected"))
    trace.on_request_end.append(note("responded"))
    with_session(world, lambda session: get_json(session, "teams/1"), trace_configs=[trace])
    assert seen == ["connected", "responded"]


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("reset", aiohttp.ClientOSError),
        ("timeout", TimeoutError),
        ("truncate", aiohttp.ClientPayloadError),
    ],
)
def test_faults_are_the_errors_that_a_network_gives(
    world: World, action: FaultAction, error: type[Exception]
) -> None:
    world.faults.add(path="/teams/1", action=action)
    with pytest.raises(error):
        with_session(world, lambda session: get_json(session, "teams/1"))


def test_a_timeout_of_the_socket_is_the_one_of_the_client(world: World) -> None:
    world.faults.add(path="/teams/1", action="timeout")
    limits = aiohttp.ClientTimeout(sock_read=30)
    with pytest.raises(aiohttp.SocketTimeoutError, match="Timeout on reading data from socket"):
        with_session(world, lambda session: get_json(session, "teams/1"), timeout=limits)


def test_a_single_reset_is_retried_by_the_client_itself(world: World) -> None:
    world.faults.add(path="/teams/1", action="reset", times=1)
    found = with_session(world, lambda session: get_json(session, "teams/1"))
    assert found["team"]["name"] == TEAM_NAME
    world.requests.assert_called("GET", "/teams/1", times=2)


def test_a_response_that_comes_too_late_is_a_timeout_and_the_emulator_stops_waiting(world: World) -> None:
    world.faults.add(path="/teams/1", delay_ms=60_000)
    limits = aiohttp.ClientTimeout(total=0.01)
    with pytest.raises(TimeoutError):
        with_session(world, lambda session: get_json(session, "teams/1"), timeout=limits)


def test_other_tasks_go_on_while_a_response_is_held_up(world: World) -> None:
    world.faults.add(path="/teams/1", delay_ms=60_000, times=1)

    async def use(session: aiohttp.ClientSession) -> tuple[Any, Any]:
        held = asyncio.ensure_future(get_json(session, "teams/1"))
        while not world.faults[0]["hits"]:
            await asyncio.wait([held], timeout=0.005)
        other = await get_json(session, "organizations/1")
        while not held.done():
            world.faults.clear()
            await asyncio.wait([held], timeout=0.005)
        return other["organization"]["id"], (await held)["team"]["id"]

    assert with_session(world, use) == (1, 1)


def test_a_task_that_is_cancelled_leaves_nothing_behind(world: World) -> None:
    world.faults.add(path="/teams/1", delay_ms=60_000, times=1)

    async def use(session: aiohttp.ClientSession) -> str:
        held = asyncio.ensure_future(get_json(session, "teams/1"))
        while not world.faults[0]["hits"]:
            await asyncio.wait([held], timeout=0.005)
        held.cancel()
        with pytest.raises(asyncio.CancelledError):
            await held
        return str((await get_json(session, "teams/1"))["team"]["name"])

    assert with_session(world, use) == TEAM_NAME


def test_other_hosts_are_left_alone_or_rejected(elsewhere: str) -> None:
    async def main() -> str:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(NetworkBlocked, match=r"keeps this process from calling www\.example\.com"):
                await get_text(session, "https://www.example.com")
            return await get_text(session, elsewhere)

    with mock_make(block_others=True):
        assert asyncio.run(main()) == "elsewhere"


def test_no_proxy_is_used(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(session: aiohttp.ClientSession) -> list[str]:
        proxy = "http://192.0.2.1:3128"
        return [
            (await get_json(session, url, proxy=proxy))["team"]["name"]
            for url in (
                "https://eu1.make.com/api/v2/teams/1",
                "http://eu1.make.com/api/v2/teams/1?cols[]=name",
            )
        ]

    assert with_session(world, use) == [TEAM_NAME] * 2


def test_the_application_can_still_be_given_a_connector_of_its_own(world: World) -> None:
    class Refusing(aiohttp.BaseConnector):
        async def connect(self, *args: Any, **options: Any) -> Any:
            raise aiohttp.ClientConnectionError("refused")

    async def use(session: aiohttp.ClientSession) -> None:
        async with aiohttp.ClientSession(connector=Refusing()) as own:
            await get_json(own, f"{world.base_url}/teams/1")

    with pytest.raises(aiohttp.ClientConnectionError, match="refused"):
        with_session(world, use)


def test_a_session_on_uvloop_is_caught(world: World) -> None:
    uvloop = pytest.importorskip("uvloop")

    async def main() -> Any:
        async with aiohttp.ClientSession(headers=world.headers) as session:
            return await get_json(session, f"{world.base_url}/teams/1")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(main())["team"]["name"] == TEAM_NAME


# --- async with, and late imports ------------------------------------------------------------------


def test_interception_is_an_asynchronous_context_manager_too() -> None:
    real = aiohttp.TCPConnector._create_connection

    async def main() -> Any:
        async with (
            mock_make(plan="core", scopes=["teams:read"]) as world,
            aiohttp.ClientSession(headers=world.headers) as session,
        ):
            assert world.plan == "core"
            found = await get_json(session, f"{world.base_url}/teams/1")
            async with mock_make() as inner:
                await get_json(session, f"{world.base_url}/teams/1")
            assert (len(world.requests), len(inner.requests)) == (1, 1)
            return found

    assert asyncio.run(main())["team"]["name"] == TEAM_NAME
    assert aiohttp.TCPConnector._create_connection is real


def test_an_error_in_an_asynchronous_block_ends_the_interception() -> None:
    real = aiohttp.TCPConnector._create_connection

    async def main() -> None:
        async with mock_make():
            assert aiohttp.TCPConnector._create_connection is not real
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(main())
    assert aiohttp.TCPConnector._create_connection is real


LATE_IMPORT = f"""
    import asyncio, sys
    from make_emulator import mock_make

    async def fetch(aiohttp):
        async with aiohttp.ClientSession() as session:
            headers = {{"Authorization": "Token {ADMIN_TOKEN}"}}
            async with session.get("https://eu1.make.com/api/v2/teams/1", headers=headers) as response:
                return response.status

    def test_it_is_not_imported_for_those_who_do_not_use_it():
        finders = list(sys.meta_path)
        with mock_make():
            assert "aiohttp" not in sys.modules
            assert "httpx" not in sys.modules
        assert sys.meta_path == finders

    def test_it_is_patched_when_it_is_imported_and_restored():
        with mock_make():
            import aiohttp, httpx
            assert type(aiohttp.__loader__) is type(aiohttp.__spec__.loader)
            assert "Patching" not in repr(aiohttp.__loader__)
            patched = aiohttp.TCPConnector._create_connection
            assert asyncio.run(fetch(aiohttp)) == 200
            headers = {{"Authorization": "Token {ADMIN_TOKEN}"}}
            assert httpx.get("https://eu1.make.com/api/v2/teams/1", headers=headers).status_code == 200
        assert aiohttp.TCPConnector._create_connection is not patched
        with mock_make():
            assert asyncio.run(fetch(aiohttp)) == 200
"""


@pytest.mark.usefixtures("few_plugins")
def test_a_client_that_is_imported_later_is_caught(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(LATE_IMPORT)
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=2)


def test_it_works_where_aiohttp_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with mock_make() as world:
        assert world.requests.all() == []
