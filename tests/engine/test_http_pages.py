"""How "Make a request" of version 4 asks for page after page, and what makes it stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from http_lab import URL, Recorder, answer, header, only, request, sent
from hypothesis import given
from hypothesis import strategies as st
from lab import Lab, error_of, module, outputs_of

from emulator.engine.budget import WORK
from emulator.engine.modules.http_pages import FIELDS, PAGE
from emulator.world import connections
from emulator.world.models import Execution, Json
from emulator.world.transport import Answer, Outgoing

PAGES: dict[str, Any] = {"paginationType": "pageBased", "pageParameterName": "page"}
OFFSETS: dict[str, Any] = {
    "paginationType": "offsetBased", "offsetParameterName": "skip", "limitParameterName": "take", "limit": 2,
}  # fmt: skip
TOKENS: dict[str, Any] = {
    "paginationType": "tokenBased", "tokenParameterName": "after", "nextTokenPath": "data.paging.next",
}  # fmt: skip
URLS: dict[str, Any] = {"paginationType": "urlBased", "nextUrlPath": "data.next"}


def asked(lab: Lab) -> list[str]:
    """What stood behind the address of each request."""
    return [row.url.removeprefix(URL) for row in lab.world.http_requests]


def data(run: Execution) -> list[Json]:
    return [bundle["data"] for bundle in outputs_of(run, 1)]


# --- each type -----------------------------------------------------------------------------------


def test_pages_are_counted_until_one_is_empty() -> None:
    lab = Lab()
    answer(lab, f"{URL}?*page=1", body=["a", "b"])
    answer(lab, f"{URL}?*page=2", body=["c", "d"])
    answer(lab, body=[])
    run = lab.run(request(**PAGES, queryParameters=[{"name": "sort", "value": "a b"}]))
    assert data(run) == [["a", "b"], ["c", "d"], []]
    assert asked(lab) == [f"?sort=a%20b&page={number}" for number in (1, 2, 3)]
    assert [list(bundle) for bundle in outputs_of(run, 1)] == 3 * [["data", "headers", "statusCode"]]


def test_all_pages_are_one_operation_and_each_bundle_goes_on_by_itself() -> None:
    lab = Lab()
    for page in (["a", "b"], ["c"], []):
        answer(lab, body=page, left=1)
    run = lab.run(request(**PAGES), module(2, "builtin:BasicFeeder", {"array": "{{1.data}}"}))
    assert [bundle["value"] for bundle in outputs_of(run, 2)] == ["a", "b", "c"]
    assert run.operations == 1 + 3
    assert run.transfer == len('["a","b"]["c"][]')


def test_a_page_with_fewer_items_than_the_limit_is_the_last_one() -> None:
    lab = Lab()
    answer(lab, body={"rows": [1, 2]}, left=2)
    answer(lab, body={"rows": [5]})
    lab.run(request(**OFFSETS, offsetStart=10, itemsPath="data.rows"))
    assert asked(lab) == [f"?take=2&skip={offset}" for offset in (10, 12, 14)]


def test_a_limit_need_not_be_sent() -> None:
    lab = Lab()
    answer(lab, body=[1, 2, 3], left=1)
    answer(lab, body=[4])
    lab.run(request(**PAGES, pageStart=0, limit=3))
    assert asked(lab) == ["?page=0", "?page=1"]


def test_a_token_is_handed_back_until_there_is_none() -> None:
    lab = Lab()
    for token in ("x/1", 2, ""):
        answer(lab, body={"paging": {"next": token}}, left=1)
    run = lab.run(request(**TOKENS, url=f"{URL}?after=start&size=2"))
    assert asked(lab) == ["?after=start&size=2", "?size=2&after=x%2F1", "?size=2&after=2"]
    assert len(data(run)) == 3


@pytest.mark.parametrize("last", [{"next": None}, {"next": ""}, {"next": False}, {}, "no more"])
def test_an_address_is_followed_until_there_is_none(last: Json) -> None:
    lab = Lab()
    answer(lab, body={"next": "?page=2&q=%20"}, left=1)
    answer(lab, body={"next": f"{URL}/3"}, left=1)
    answer(lab, body=last)
    lab.run(request(**URLS, queryParameters=[{"name": "q", "value": "x"}]))
    assert asked(lab) == ["?q=x", "?page=2&q=%20", "/3"]


@pytest.mark.parametrize(
    ("link", "follows"),
    [
        (f'<{URL}?page=1>; rel="prev", <{URL}?page=3,4>; title="n"; rel="next"', True),
        (f"<{URL}?page=3,4>; rel=next", True),
        (f'<{URL}?page=3,4>; REL="last next"', True),
        (f'<{URL}?page=1>; rel="prev"', False),
        (f'<{URL}?page=9>; rel="next-archive"', False),
        ("<", False),
    ],
)
def test_the_next_address_may_stand_in_a_header(link: str, *, follows: bool) -> None:
    lab = Lab()
    answer(lab, body=[1], headers=(("Link", link),), left=1)
    answer(lab, body=[2])
    lab.run(request(paginationType="urlBased", nextUrlPath="headers.link"))
    assert asked(lab) == ["", "?page=3,4"][: 1 + follows]


def test_every_page_is_asked_for_in_the_same_way() -> None:
    lab = Lab()
    answer(lab, body=[1], headers=(("Set-Cookie", "sid=1"),), left=1)
    answer(lab, body=[])
    given: dict[str, Any] = {
        "contentType": "json",
        "inputMethod": "jsonString",
        "jsonStringBodyContent": '{"a": 1}',
    }
    lab.run(
        request(**PAGES, **given, method="post", shareCookies=True, headers=[{"name": "X", "value": "1"}])
    )
    first, second = lab.world.http_requests
    assert (first.method, first.body, header(first, "x")) == ("POST", '{"a": 1}', "1")
    assert (second.method, second.body, header(second, "x")) == ("POST", '{"a": 1}', "1")
    assert (header(first, "cookie"), header(second, "cookie")) == (None, "sid=1")


def test_a_page_that_moved_does_not_move_the_next_one_that_is_counted() -> None:
    lab = Lab()
    answer(lab, f"{URL}?page=1", status=302, headers=(("location", "https://cdn.example.net/1"),))
    answer(lab, "https://cdn.example.net/*", body=[1])
    answer(lab, body=[])
    run = lab.run(request(**PAGES))
    assert data(run) == [[1], []]
    assert [row.url for row in lab.world.http_requests] == [
        f"{URL}?page=1",
        "https://cdn.example.net/1",
        f"{URL}?page=2",
    ]


def test_a_relative_address_is_one_of_the_page_that_it_stands_on() -> None:
    lab = Lab()
    answer(lab, URL, status=302, headers=(("location", "https://cdn.example.net/v2/items"),))
    answer(lab, "https://cdn.example.net/v2/items", body={"next": "more"})
    lab.run(request(**URLS))
    assert [row.url for row in lab.world.http_requests][-1] == "https://cdn.example.net/v2/more"


# --- what ends it --------------------------------------------------------------------------------


def test_there_are_no_more_pages_than_are_wanted() -> None:
    lab = Lab()
    answer(lab, body={"next": URL, "paging": {"next": "a"}, "rows": [1, 2]})
    for fields in ({**PAGES, "itemsPath": "data.rows"}, {**OFFSETS, "itemsPath": "data.rows"}, TOKENS, URLS):
        assert len(data(lab.run(request(**fields, maxPages=3)))) == 3
    assert len(data(lab.run(request(**URLS, maxPages=1)))) == 1


def test_a_page_that_fails_fails_the_module_or_is_the_last_one() -> None:
    for stops in (True, False):
        lab = Lab()
        answer(lab, body=[1], left=1)
        answer(lab, status=429, body=["Slow down"], left=1)
        run = lab.run(request(**PAGES, stopOnHttpError=stops))
        if stops:
            assert error_of(run) == ("RateLimitError", '[429] ["Slow down"]')
            assert run.steps[0].output == ()
        else:
            assert [bundle["statusCode"] for bundle in outputs_of(run, 1)] == [200, 429]
        assert asked(lab) == ["?page=1", "?page=2"]


def test_a_page_that_does_not_come_fails_the_module() -> None:
    lab = Lab()
    answer(lab, body=[1], left=1)
    answer(lab, error="timeout")
    assert error_of(lab.run(request(**PAGES)))[0] == "ModuleTimeoutError"


def test_what_nobody_answers_is_one_page() -> None:
    for fields in (PAGES, OFFSETS, TOKENS, URLS):
        lab = Lab()
        assert only(lab.run(request(**fields)))["statusCode"] == 200
        assert sent(lab).answered_by == "simulation"


@pytest.mark.parametrize("fields", [PAGES, OFFSETS, TOKENS, URLS])
def test_pages_without_an_end_use_up_what_a_run_may_use(fields: dict[str, Json]) -> None:
    lab = Lab()
    paged = {**fields, "itemsPath": "data.rows"}
    answer(lab, body={"next": URL, "paging": {"next": "again"}, "rows": [1, 2]})
    assert error_of(lab.run(request(**paged))) == ("ScenarioTimeoutError", "The run takes too long.")
    assert lab.world.http_rules[1].hits <= WORK // PAGE


def test_pages_that_are_too_much_together_are_not_kept() -> None:
    lab = Lab()
    answer(lab, body="x" * 4_900_000, headers=(("link", f"<{URL}>; rel=next"),))
    run = lab.run(request(paginationType="urlBased", nextUrlPath="headers.link"))
    assert error_of(run)[0] == "DataSizeLimitExceededError"
    assert lab.world.http_rules[1].hits == 6


def test_pages_that_take_longer_than_a_run_may_take_interrupt_it() -> None:
    lab = Lab()
    answer(lab, body=[1], delay=39_000)
    run = lab.run(request(**PAGES))
    limit = lab.world.organizations[1].license.execution_time * 60_000
    assert (run.status, run.error) == (2, None)
    assert limit < run.duration < limit + 40_000


# --- what makes no sense -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"paginationType": "pageBased"}, "pageBased without pageParameterName"),
        ({**OFFSETS, "limit": ""}, "offsetBased without limit"),
        ({**TOKENS, "nextTokenPath": None}, "tokenBased without nextTokenPath"),
        ({**URLS, "nextPageUrl": "{{1.next}}"}, "urlBased with the field nextPageUrl"),
    ],
)
def test_fields_that_the_emulator_does_not_know_are_named(fields: dict[str, Json], why: str) -> None:
    lab = Lab()
    text = f"Module 'http:MakeRequest, {why}' (1) is not supported by the emulator."
    assert error_of(lab.run(request(**fields))) == ("RuntimeError", text)
    assert len(lab.world.http_requests) == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"paginationType": "cursorBased"},
        {**PAGES, "limit": 0},
        {**PAGES, "limitParameterName": "size"},
        {**PAGES, "maxPages": 0},
        {**PAGES, "pageStart": "first"},
        {**OFFSETS, "limit": -1},
    ],
)
def test_values_that_make_no_sense_are_a_validation_error(fields: dict[str, Json]) -> None:
    run = Lab().run(request(**fields))
    assert error_of(run) == ("BundleValidationError", "Validation failed for 1 parameter(s).")


def test_fields_of_pages_are_of_no_account_without_a_type() -> None:
    lab = Lab()
    answer(lab, body=[1])
    assert only(lab.run(request(pageParameterName="page", itemsPath="x", paginationType="")))["data"] == [1]
    assert asked(lab) == [""]


def test_what_is_no_list_of_items_is_an_error_and_what_is_not_there_is_the_end() -> None:
    lab = Lab()
    answer(lab, body={"rows": {"a": 1}})
    name, text = error_of(lab.run(request(**PAGES, itemsPath="data.rows")))
    assert (name, text) == (
        "InvalidConfigurationError",
        "The last page cannot be told: there is no array at 'data.rows' of the answer.",
    )
    assert error_of(lab.run(request(**PAGES)))[0] == "InvalidConfigurationError"
    assert len(data(lab.run(request(**PAGES, itemsPath="data.items")))) == 1


@pytest.mark.parametrize("fields", [URLS, {**TOKENS, "nextTokenPath": "data.next"}])
@pytest.mark.parametrize("next", [{"a": 1}, [URL]])
def test_what_is_no_text_leads_nowhere(fields: dict[str, Json], next: Json) -> None:
    lab = Lab()
    answer(lab, body={"next": next})
    text = "The next page cannot be told: there is no text at 'data.next' of the answer."
    assert error_of(lab.run(request(**fields))) == ("InvalidConfigurationError", text)


@pytest.mark.parametrize("next", ["javascript:alert(1)", "https://[::1", "ftp://example.com/"])
def test_what_is_no_address_is_not_followed(next: Json) -> None:
    lab = Lab()
    answer(lab, body={"next": next})
    assert error_of(lab.run(request(**URLS)))[0] == "BundleValidationError"
    assert asked(lab) == [""]


# --- who is told what ----------------------------------------------------------------------------


def test_the_next_address_is_told_who_is_calling_only_if_it_is_of_the_same_host() -> None:
    lab = Lab()
    elsewhere = "https://evil.example.net/"
    lab.world.transport = recorder = Recorder(
        Answer(status=200, headers=(("link", f"<{URL}?page=2>; rel=next"),)),
        Answer(status=200, headers=(("link", f"<{elsewhere}>; rel=next"),)),
        Answer(status=200, headers=(("link", f"<{URL}?page=4>; rel=next"),)),
        Answer(status=200),
    )
    key = connections.create(
        lab.world, lab.team, lab.user, name="Key", type="apikeyauth", data={"key": "s3cret"}
    ).id
    chosen = {"authenticationType": "apiKey", "apiKeyKeychain": key}
    lab.run(request(parameters=chosen, paginationType="urlBased", nextUrlPath="headers.link"))
    keys = [dict(request.headers).get("Authorization") for request in recorder.requests]
    assert keys == ["s3cret", "s3cret", None, None]
    assert recorder.requests[2].url == elsewhere


# --- whatever the pages --------------------------------------------------------------------------


class Service:
    """A list behind an API that pages in every way at once."""

    def __init__(self, items: Sequence[int], size: int) -> None:
        self.items, self.size = items, size
        self.requests = 0

    def __call__(self, request: Outgoing) -> Answer:
        self.requests += 1
        query = parse_qs(urlsplit(request.url).query)
        place = int(query.get("skip", query.get("after", ["0"]))[0])
        if "page" in query:
            place = (int(query["page"][0]) - 1) * self.size
        more = place + self.size < len(self.items)
        following = place + self.size
        body = {
            "rows": self.items[place : place + self.size],
            "paging": {"next": str(following) if more else None},
            "next": f"{URL}?skip={following}" if more else "",
        }
        link = ((("Link", f'<{URL}?skip={following}>; rel="next"'),)) if more else ()
        return Answer(
            status=200, headers=(("content-type", "application/json"), *link), body=orjson.dumps(body)
        )


@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 9))
def test_whatever_the_pages_every_item_comes_once(items: list[int], size: int) -> None:
    for fields in (
        {**PAGES, "itemsPath": "data.rows"},
        {**PAGES, "itemsPath": "data.rows", "limit": size},
        {**OFFSETS, "itemsPath": "data.rows", "limit": size},
        TOKENS,
        URLS,
        {**URLS, "nextUrlPath": "headers.link"},
    ):
        lab = Lab()
        lab.world.transport = service = Service(items, size)
        run = lab.run(request(**fields))
        assert run.error is None, run.error
        assert [item for page in data(run) for item in page["rows"]] == items
        assert service.requests <= len(items) // size + 2


@given(
    st.lists(st.sampled_from(["?a=1", "b", "", None, 7, ["x"], {}, "//[", "<y>; rel=next", URL]), min_size=1)
)
def test_whatever_the_next_addresses_paging_comes_to_an_end(addresses: list[Json]) -> None:
    lab = Lab()
    asked: list[str] = []

    def network(request: Outgoing) -> Answer:
        body = orjson.dumps({"next": addresses[len(asked) % len(addresses)]})
        asked.append(request.url)
        return Answer(status=200, headers=(("content-type", "application/json"),), body=body)

    lab.world.transport = network
    run = lab.run(request(**URLS))
    assert 1 <= len(asked) <= WORK // PAGE
    names = ("ScenarioTimeoutError", "InvalidConfigurationError", "BundleValidationError")
    assert run.error is None or run.error.name in names


_ODD = st.none() | st.booleans() | st.sampled_from(
    [0, -2, 2**60, 1.5, "", "data", "data.next", "headers.link", "..", "{{1/0}}", "1e400", "a b", "//[", "x" * 300, [], [1], {"a": 1}]
)  # fmt: skip


@given(
    st.sampled_from([PAGES, OFFSETS, TOKENS, URLS]),
    st.dictionaries(
        st.sampled_from([field.name for field in FIELDS[1:]]), _ODD | st.just("\ud83d"), max_size=4
    ),
    st.recursive(_ODD, lambda inner: st.dictionaries(st.sampled_from(["next", "rows", "paging"]), inner)),
)
def test_whatever_the_fields_and_the_answers_a_run_ends_in_makes_words(
    fields: dict[str, Json], odd: dict[str, Json], body: Json
) -> None:
    lab = Lab()
    answer(lab, body=body)
    run = lab.run(request(**{"maxPages": 5, **fields, **odd}))
    assert run.error is None or run.error.name != "UnknownError", run.error
