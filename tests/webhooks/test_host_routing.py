from __future__ import annotations

from typing import Any

from helpers.api import ApiClient
from make_emulator.webhooks.host_routing import delivery_url, is_hook_host


def test_a_hook_receives_under_its_own_host_and_logs_the_address_that_was_called(api: ApiClient) -> None:
    hook = next(hook for hook in api.world.hooks if hook.type == "web")
    sender = api.app.test_client()
    url = f"https://hook.eu1.make.com/{hook.udid}"
    assert sender.post(url, json={"a": 1}).text == "Accepted"
    assert sender.post("https://hook.eu1.make.com/unknown").status_code == 410
    [log] = api.world.hook_logs.where(hook=hook.id)
    request: Any = log.data["request"]
    assert request["url"] == url


def test_under_other_hosts_the_path_stays_as_it_is(api: ApiClient) -> None:
    hook = next(hook for hook in api.world.hooks if hook.type == "web")
    sender = api.app.test_client()
    assert sender.post(f"https://eu1.make.com/hook/{hook.udid}", json={}).text == "Accepted"
    assert sender.post(f"https://eu1.make.com/{hook.udid}", json={}).status_code == 404
    assert not is_hook_host("eu1.make.com")
    assert delivery_url("localhost", "http://localhost/hook/x") == "http://localhost/hook/x"
