from __future__ import annotations

from typing import Any

from helpers.api import ADMIN_TOKEN, READER_TOKEN, ApiClient
from make_emulator.http.request_log import BODY_LIMIT, MAX_ENTRIES, TOTAL_LIMIT, LogEntry, RequestLog


def entries(api: ApiClient) -> list[dict[str, Any]]:
    response = api.control("GET", "/worlds/default/requests")
    assert response.json is not None
    rows: list[dict[str, Any]] = response.json["requests"]
    return rows


def test_an_entry_has_user_request_organization_and_decision(api: ApiClient) -> None:
    api.get("/data-stores?teamId=1&pg[limit]=2")
    [entry] = entries(api)
    assert (
        entry["sentence"]
        == "Ada Maker (token admin): GET /data-stores?teamId=1&pg[limit]=2 in organization 1 -> 200"
    )
    assert entry["at"] == "2026-03-02T12:00:00.000Z"
    assert entry["query"] == {"teamId": "1", "pg[limit]": "2"}
    assert (entry["method"], entry["path"], entry["status"], entry["code"]) == (
        "GET",
        "/data-stores",
        200,
        None,
    )
    assert (entry["user"], entry["tokenLabel"], entry["organizationId"]) == ("Ada Maker", "admin", 1)
    assert entry["decision"] == "served"
    assert entry["responseBody"]["dataStores"][0]["name"] == "Orders"


def test_a_rejection_names_its_stage_and_its_reason(api: ApiClient) -> None:
    api.delete("/scenarios/1", token=READER_TOKEN)
    api.get("/scenarios/5")
    api.get("/nowhere")
    api.get("/scenarios/1", token=None)
    sentences = [(row["decision"], row["sentence"]) for row in entries(api)]
    assert sentences == [
        (
            "refused: scope",
            "Ada Maker (token read-only): DELETE /scenarios/1 -> 403: the token lacks scenarios:write",
        ),
        (
            "refused: parameters or visibility",
            "Ada Maker (token admin): GET /scenarios/5 -> 404: Scenario '5' not found",
        ),
        (
            "refused: route",
            "Ada Maker (token admin): GET /nowhere -> 404: No route GET /api/v2/nowhere. "
            "The emulator has no such route",
        ),
        (
            "refused: authentication",
            "Unauthenticated caller: GET /scenarios/1 -> 401: User is not logged in. "
            "There is no token: send the header `Authorization: Token <uuid>`",
        ),
    ]


def test_secrets_do_not_get_into_the_request_log(api: ApiClient) -> None:
    api.post("/data-stores/1/data", json={"data": {"sku": ADMIN_TOKEN, "password": "hunter2", "apiKey": 42}})
    api.get(f"/scenarios/{READER_TOKEN}")
    text = api.control("GET", "/worlds/default/requests").get_data(as_text=True)
    assert ADMIN_TOKEN not in text
    assert READER_TOKEN not in text
    assert "hunter2" not in text


def test_the_request_log_can_be_cleared_and_is_cleared_by_a_reset(api: ApiClient) -> None:
    api.get("/users/me")
    assert api.control("DELETE", "/worlds/default/requests").status_code == 204
    assert entries(api) == []
    api.get("/users/me")
    api.control("POST", "/worlds/default/reset")
    assert entries(api) == []


def test_old_entries_are_evicted_for_new_ones() -> None:
    request_log = RequestLog()
    for number in range(MAX_ENTRIES + 3):
        request_log.finish(request_log.begin(LogEntry("GET", f"/{number}"), 0), 200, b"")
    assert len(request_log) == MAX_ENTRIES
    assert next(iter(request_log)).path == "/3"


def add_entry(request_log: RequestLog, number: int, body: bytes) -> None:
    entry = LogEntry("GET", f"/{number}", request_body=body[:BODY_LIMIT])
    request_log.finish(request_log.begin(entry, 0), 200, body)


def test_large_bodies_are_evicted_earlier() -> None:
    request_log = RequestLog()
    count = TOTAL_LIMIT // BODY_LIMIT + 5
    for number in range(count):
        add_entry(request_log, number, b"%d" % number * 2 * BODY_LIMIT)
    kept = [entry.path for entry in request_log]
    assert TOTAL_LIMIT // (BODY_LIMIT + 1_000) < len(kept) < TOTAL_LIMIT // BODY_LIMIT
    assert kept == [f"/{number}" for number in range(count - len(kept), count)]


def test_equal_bodies_are_kept_and_counted_once() -> None:
    request_log = RequestLog()
    for number in range(MAX_ENTRIES + 100):
        add_entry(request_log, number, bytes(BODY_LIMIT))
    assert len(request_log) == MAX_ENTRIES
    assert len({id(body) for entry in request_log for body in (entry.request_body, entry.response_body)}) == 1
    # Neither is forgotten too early, nor counted after its last entry.
    for number in range(MAX_ENTRIES):
        add_entry(request_log, number, b"another")
    assert {entry.response_body for entry in request_log} == {b"another"}
    assert set(request_log._shared) == {b"another"}
    request_log.clear()
    assert request_log._bytes == 0


def test_forms_are_read_before_they_are_masked(api: ApiClient) -> None:
    form = "password=s3cret&x-api-key=s3cret&note=plain&note=again"
    api.post("/data-stores/1/data?api-key=s3cret&cols[]=a&cols[]=b", data=form)
    [entry] = entries(api)
    assert "s3cret" not in str(entry)
    assert entry["query"] == {"api-key": "********", "cols[]": ["a", "b"]}
