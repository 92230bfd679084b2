from __future__ import annotations

import pytest

from conftest import Api
from emulator.doors.hosts import is_hook_host, is_zone, url_under


@pytest.mark.parametrize(
    "host",
    [
        "eu1.make.com",
        "us2.make.com",
        "EU1.Make.com",
        "eu1.make.com.",
        "us1.make.celonis.com",
        "hook.eu2.make.com",
    ],
)
def test_the_zones_of_make_and_the_hosts_of_their_hooks_are_known(host: str) -> None:
    assert is_zone(host)


@pytest.mark.parametrize(
    "host",
    ["make.com", "www.make.com", "eu1.make.com.example.com", "xeu1.make.com", "127.0.0.1", "localhost", ""],
)
def test_other_hosts_are_none_of_them(host: str) -> None:
    assert not is_zone(host)


def test_a_hook_receives_under_its_own_host_and_logs_the_address_that_was_called(api: Api) -> None:
    hook = next(hook for hook in api.world.hooks if hook.type == "web")
    sender = api.app.test_client()
    url = f"https://hook.eu1.make.com/{hook.udid}"
    assert sender.post(url, json={"a": 1}).text == "Accepted"
    assert sender.post("https://hook.eu1.make.com/unknown").status_code == 410
    [log] = api.world.hook_logs.where(hook=hook.id)
    assert log.data["request"]["url"] == url


def test_under_other_hosts_the_path_stays_as_it_is(api: Api) -> None:
    hook = next(hook for hook in api.world.hooks if hook.type == "web")
    sender = api.app.test_client()
    assert sender.post(f"https://eu1.make.com/hook/{hook.udid}", json={}).text == "Accepted"
    assert sender.post(f"https://eu1.make.com/{hook.udid}", json={}).status_code == 404
    assert not is_hook_host("eu1.make.com")
    assert url_under("localhost", "http://localhost/hook/x") == "http://localhost/hook/x"
