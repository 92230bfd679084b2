from __future__ import annotations

import time
from typing import Any

import pytest

from helpers.api import OUTSIDER_TOKEN, READER_TOKEN, ApiClient
from make_emulator.http.faults import InjectedResetError, InjectedTimeoutError

FAULTS = "/worlds/default/faults"


def add(api: ApiClient, **body: Any) -> dict[str, Any]:
    response = api.control("POST", FAULTS, json=body)
    assert response.status_code == 201, response.json
    assert response.json is not None
    fault: dict[str, Any] = response.json["fault"]
    return fault


def statuses(api: ApiClient, path: str, count: int, **options: Any) -> list[int]:
    return [api.get(path, **options).status_code for _ in range(count)]


@pytest.mark.parametrize("path", ["/api/v2/teams/*", "api/v2/teams/1", "teams/1"])
def test_the_path_of_a_fault_may_be_the_whole_one(api: ApiClient, path: str) -> None:
    add(api, path=path, status=503, times=1)
    assert statuses(api, "/teams/1", 2) == [503, 200]


def test_a_fault_matches_as_often_as_requested_and_counts_it(api: ApiClient) -> None:
    add(api, path="/teams/*", status=503, times=2)
    assert statuses(api, "/teams/1", 4) == [503, 503, 200, 200]
    response = api.control("GET", FAULTS).json
    assert response == {
        "faults": [
            {
                "id": 1,
                "path": "/teams/*",
                "status": 503,
                "delayMs": 0,
                "times": 2,
                "probability": 1.0,
                "seed": 0,
                "hits": 2,
            }
        ]
    }


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (424, "SC424", "The request failed due to failure of a previous request."),
        (429, "SC429", "Requests limit for organization exceeded, please try again later."),
        (500, "SC500", "Internal Server Error"),
        (503, "SC503", "Service Unavailable"),
        (404, "SC404", "Not found"),
        (502, "SC502", "Bad Gateway"),
        (599, "SC599", "Error"),
    ],
)
def test_a_status_comes_with_the_body_that_make_gives_it(
    api: ApiClient, status: int, code: str, message: str
) -> None:
    add(api, status=status)
    response = api.get("/teams/1")
    assert (response.status_code, response.content_type) == (status, "application/json; charset=utf-8")
    assert response.json == {"detail": message, "message": message, "code": code}


@pytest.mark.parametrize(
    ("name", "status"), [("rate-limit", 429), ("unavailable", 503), ("failed-dependency", 424)]
)
def test_well_known_cases_have_names(api: ApiClient, name: str, status: int) -> None:
    add(api, name=name)
    assert api.get("/teams/1").status_code == status


def test_a_rate_limit_comes_with_the_headers_of_a_window_that_is_used_up(api: ApiClient) -> None:
    add(api, name="rate-limit")
    headers = api.get("/teams/1").headers
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("1000", "0")
    assert int(headers["X-RateLimit-Reset"]) == api.world.now() // 1000 + 60


def test_a_run_that_times_out_takes_forty_seconds_of_the_worlds_time(api: ApiClient) -> None:
    add(api, name="run-timeout", times=1)
    before = api.world.now()
    assert api.get("/scenarios/1").status_code == 200
    response = api.post("/scenarios/1/run", json={"data": {"name": "Zoe"}, "responsive": True})
    assert response.status_code == 424
    assert response.json is not None
    assert response.json["detail"] == "The scenario is still running."
    assert api.world.now() - before == 40_000


def test_a_fault_is_bound_to_method_path_and_token(api: ApiClient) -> None:
    add(api, method="post", status=500)
    add(api, path="teams/1/*", status=502)
    add(api, token="read-only", status=503)
    assert api.get("/teams/1").status_code == 200
    assert api.post("/teams", json={}).status_code == 500
    assert api.get("/teams/1/variables").status_code == 502
    assert api.get("/teams/1", token=READER_TOKEN).status_code == 503


def test_a_fault_by_token_masks_it_when_shown(api: ApiClient) -> None:
    assert add(api, token=READER_TOKEN, status=503)["token"] == "********"
    assert api.get("/teams/1", token=READER_TOKEN).status_code == 503
    assert api.get("/teams/1").status_code == 200


def test_faults_stay_in_their_world_and_only_the_default_one_matches_unknown_tokens(api: ApiClient) -> None:
    made = api.control("POST", "/worlds", json={"name": "other"}).json
    assert made is not None
    api.control("POST", "/worlds/other/faults", json={"status": 503})
    unknown_user = "99999999-9999-4999-8999-999999999999"
    assert api.get("/teams/1").status_code == 200
    assert api.get("/teams/1", token=unknown_user).status_code == 401
    assert api.get("/teams/1", token=made["world"]["token"]).status_code == 503
    add(api, status=502)
    assert api.get("/teams/1", token=unknown_user).status_code == 502
    assert api.get("/teams/1", token=None).status_code == 502
    assert api.get("/organizations", token=OUTSIDER_TOKEN).status_code == 502
    assert api.control("GET", "/health").status_code == 200


def test_the_first_fault_that_matches_is_injected(api: ApiClient) -> None:
    add(api, status=500, times=1)
    add(api, status=503)
    assert statuses(api, "/teams/1", 2) == [500, 503]


def test_chance_follows_from_the_seed(api: ApiClient) -> None:
    matched = []
    for seed in (1, 1, 2):
        api.control("DELETE", FAULTS)
        add(api, status=503, probability=0.5, seed=seed)
        matched.append(statuses(api, "/teams/1", 20))
    assert matched[0] == matched[1] != matched[2]
    assert {200, 503} == set(matched[0])


def test_the_request_log_shows_that_it_was_a_fault(api: ApiClient) -> None:
    add(api, name="unavailable", times=1)
    add(api, action="reset", times=1)
    add(api, action="truncate", times=1)
    add(api, delayMs=1, times=1)
    api.get("/teams/1")
    with pytest.raises(ConnectionResetError):
        api.get("/teams/1")
    api.get("/teams/1")
    api.get("/teams/1")
    entries = [entry.to_json() for entry in api.handle.request_log]
    assert [(entry["decision"], entry["status"], entry["code"]) for entry in entries] == [
        ("fault", 503, "SC503"),
        ("fault", 0, None),
        ("fault", 200, None),
        ("served", 200, None),
    ]
    who = "Ada Maker (token admin): GET /teams/1"
    assert [entry["sentence"] for entry in entries] == [
        f"{who} -> 503: fault 1 responded",
        f"{who} -> no response: fault 2 reset the connection",
        f"{who} in organization 1 -> 200: fault 3 truncated the response",
        f"{who} in organization 1 -> 200: fault 4 delayed it by 1 ms",
    ]


def test_a_matched_request_never_reaches_the_world_unless_only_its_response_is_truncated(
    api: ApiClient,
) -> None:
    add(api, status=503, times=1)
    add(api, action="timeout", times=1)
    add(api, action="truncate", times=1)
    assert api.delete("/scenarios/1").status_code == 503
    with pytest.raises(InjectedTimeoutError, match="fault 2 timed out"):
        api.delete("/scenarios/1")
    assert api.get("/scenarios/1", token=READER_TOKEN).status_code == 200  # cut, but read
    api.control("DELETE", FAULTS)
    add(api, action="truncate")
    response = api.delete("/scenarios/1")
    assert response.get_data() == b'{"scena'
    assert response.headers["Content-Length"] == str(len(b'{"scenario":1}'))
    api.control("DELETE", FAULTS)
    assert api.get("/scenarios/1").status_code == 404


def test_a_reset_is_an_exception_in_process(api: ApiClient) -> None:
    add(api, action="reset")
    with pytest.raises(InjectedResetError, match="fault 1 reset the connection"):
        api.get("/teams/1")


def test_a_delay_takes_real_time_and_holds_no_lock(api: ApiClient) -> None:
    add(api, delayMs=60, times=1)
    started = time.monotonic()
    assert api.get("/teams/1").status_code == 200
    assert time.monotonic() - started >= 0.05


def test_a_reset_of_the_world_takes_its_faults_away(api: ApiClient) -> None:
    add(api, status=503)
    api.control("POST", "/worlds/default/reset")
    assert api.get("/teams/1").status_code == 200
    assert api.control("GET", FAULTS).json == {"faults": []}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "A fault needs one of 'name', 'status', 'action', 'delayMs'."),
        ({"delayMs": 0}, "A fault needs one of 'name', 'status', 'action', 'delayMs'."),
        ({"status": 503, "action": "reset"}, "A fault has one of 'name', 'status', 'action'; not status and action."),
        ({"status": 200}, "Parameter 'status' must be from 400 to 599."),
        ({"status": "503"}, "Invalid value of parameter 'status'."),
        ({"status": True}, "Invalid value of parameter 'status'."),
        ({"action": "explode"}, "Parameter 'action' must be one of: reset, timeout, truncate."),
        ({"delayMs": 60_001}, "Parameter 'delayMs' must be from 0 to 60000."),
        ({"status": 503, "times": 0}, "Parameter 'times' must be at least 1."),
        ({"status": 503, "probability": 1.5}, "Parameter 'probability' must be from 0 to 1."),
        ({"name": "flood"}, "Parameter 'name' must be one of: rate-limit, unavailable, failed-dependency, run-timeout."),
        ({"colour": "red"}, "Unknown parameter 'colour'."),
        (["list"], "The body must be a JSON object."),
    ],
)  # fmt: skip
def test_a_fault_that_is_invalid_is_rejected(api: ApiClient, body: Any, reason: str) -> None:
    response = api.control("POST", FAULTS, json=body)
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["detail"] == reason
    assert len(api.handle.faults) == 0
