"""httpx, sync and async, behaves inside `mock_make` as it does over a network."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest

from make_emulator import World, mock_make
from make_emulator.http.faults import FaultAction


@pytest.fixture
def world() -> Iterator[World]:
    with mock_make() as world:
        yield world


def with_client(world: World, use: Callable[[httpx.AsyncClient], Awaitable[Any]], **options: Any) -> Any:
    async def main() -> Any:
        async with httpx.AsyncClient(base_url=world.base_url, headers=world.headers, **options) as client:
            return await use(client)

    return asyncio.run(main())


def test_a_client_that_was_made_before_is_caught() -> None:
    with httpx.Client() as client, mock_make() as world:
        response = client.get(f"{world.base_url}/teams/1", headers=world.headers)
        assert response.json()["team"]["name"] == "Example Team"
        assert (response.http_version, response.reason_phrase) == ("HTTP/1.1", "OK")
        assert response.elapsed > datetime.timedelta(0)


def test_an_error_status_is_raised_on_demand(world: World) -> None:
    response = httpx.get(f"{world.base_url}/teams/99", headers=world.headers)
    with pytest.raises(httpx.HTTPStatusError, match="404 NOT FOUND"):
        response.raise_for_status()


def test_async_clients_are_caught(world: World) -> None:
    async def use(client: httpx.AsyncClient) -> list[httpx.Response]:
        return await asyncio.gather(*(client.get("/teams/1") for _ in range(5)))

    assert [response.status_code for response in with_client(world, use)] == [200] * 5
    world.requests.assert_called("GET", "/teams/1", times=5)


def test_bodies_of_every_kind_arrive(world: World) -> None:
    url = f"{world.base_url}/scenarios/1/run"
    text = b'{"data": {"name": "Zoe"}, "responsive": true}'
    headers = {**world.headers, "Content-Type": "application/json"}
    for content in (text, iter([text[:10], text[10:]])):
        response = httpx.post(url, content=content, headers=headers)
        assert response.json()["outputs"] == {"greeting": "Hello, Zoe!"}

    async def pieces() -> AsyncIterator[bytes]:
        yield text[:10]
        yield text[10:]

    async def use(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post("/scenarios/1/run", content=pieces(), headers=headers)

    assert with_client(world, use).json()["outputs"] == {"greeting": "Hello, Zoe!"}


def test_answers_can_be_streamed(world: World) -> None:
    with httpx.stream("GET", f"{world.base_url}/teams/1", headers=world.headers) as response:
        assert b"".join(response.iter_bytes(chunk_size=10)).startswith(b'{"team"')

    async def use(client: httpx.AsyncClient) -> bytes:
        async with client.stream("GET", "/teams/1") as response:
            return b"".join([piece async for piece in response.aiter_raw()])

    assert with_client(world, use).startswith(b'{"team"')


def test_event_hooks_see_request_and_answer(world: World) -> None:
    seen: list[str] = []
    hooks: dict[str, list[Callable[..., Any]]] = {
        "request": [lambda request: seen.append(request.method)],
        "response": [lambda response: seen.append(str(response.status_code))],
    }
    with httpx.Client(event_hooks=hooks) as client:
        client.get(f"{world.base_url}/teams/1", headers=world.headers)
    assert seen == ["GET", "200"]


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("reset", httpx.ReadError),
        ("timeout", httpx.ReadTimeout),
        ("truncate", httpx.RemoteProtocolError),
    ],
)
def test_faults_are_the_errors_that_a_network_gives(
    world: World, action: FaultAction, error: type[Exception]
) -> None:
    world.faults.add(path="/teams/1", action=action)
    with pytest.raises(error):
        httpx.get(f"{world.base_url}/teams/1", headers=world.headers)
    with pytest.raises(error):
        with_client(world, lambda client: client.get("/teams/1"))


def test_an_answer_that_comes_too_late_is_a_read_timeout(world: World) -> None:
    world.faults.add(path="/teams/1", delay_ms=20)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{world.base_url}/teams/1", headers=world.headers, timeout=httpx.Timeout(5, read=0.001))


def test_other_tasks_go_on_while_an_answer_is_held_up(world: World) -> None:
    world.faults.add(path="/teams/1", delay_ms=60_000, times=1)

    async def use(client: httpx.AsyncClient) -> tuple[int, int]:
        held = asyncio.ensure_future(client.get("/teams/1", timeout=None))
        while not world.faults[0]["hits"]:
            await asyncio.wait([held], timeout=0.005)
        other = await client.get("/organizations/1")
        while not held.done():
            world.faults.clear()
            await asyncio.wait([held], timeout=0.005)
        return other.status_code, (await held).status_code

    assert with_client(world, use) == (200, 200)


def test_the_application_can_still_be_given_a_transport_of_its_own(world: World) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(418))
    with httpx.Client(transport=transport) as client:
        assert client.get(f"{world.base_url}/teams/1").status_code == 418
