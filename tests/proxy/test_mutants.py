"""A replay finds what is wrong: each mutant of the contract suite, recorded by the proxy over TLS, is found and named."""

from __future__ import annotations

import re

import pytest

from contract.mutants import MUTANTS, Mutant
from make_emulator.proxy.app import Pace
from make_emulator.replay.archive import read_archive
from make_emulator.replay.replay import replay_archive
from make_emulator.replay.report import ReplayReport
from make_emulator.world.enums import SCOPES
from replay.recording import Recorder
from replay.session import call_everything

from .conftest import FakeTimer, ProxiedZone

#: Mutant -> what a difference must say.
FOUND = {
    "a field is missing": r"GET /scenarios/\{scenarioId\} scenario.lastEdit additional",
    "a field has another type": r"GET /hooks hooks\[\].queueCount type",
    "an id is a text": r"GET /data-stores dataStores\[\].id type",
    "a field is new": r"GET /teams teams\[\].colour missing",
    "a field of the page has another type": r"GET /hooks pg.limit type",
    "the page is missing": r"GET /teams pg additional",
    "the offset is ignored": r"GET /hooks hooks\[\] missing",
    "the limit is ignored": r"GET /hooks hooks\[\] missing",
    "the order is ignored": r"GET /hooks hooks\[\] order",
    "the columns are ignored": r"GET /scenarios scenarios\[\]\.\w+ missing",
    "a filter is ignored": r"GET /scenarios scenarios\[\] missing",
    "403 instead of 404": r"GET /teams/\{teamId\} status status 403 404",
    "404 instead of 403": r"GET /users status status 404 403",
    "201 instead of 200": r"POST /hooks status status 201 200",
    "204 for a deletion": r"DELETE /hooks/\{hookId\} status status 204 200",
    "no confirmation is needed": r"DELETE /hooks/\{hookId\} status status 200 406",
    "a deletion keeps": r"GET /scenarios/\{scenarioId\} status status 200 404",
    "a wrong scope is accepted": r"GET /users status status 200 403",
    "no token is needed": r"GET /users/me status status 200 401",
    "a required parameter is not": r"GET /hooks status status 200 400",
    "the code of an error is another": r'GET /hooks code code "400" "SC400"',
    "an error has no message": r"GET /hooks message additional",
    "a record that is put is patched": r"PUT /data-stores/\{dataStoreId\}/data/\{key\} .*customer missing",
    "a record that is patched is put": r"PATCH /data-stores/\{dataStoreId\}/data/\{key\} status status 400 200",
    "paths are read in any case": r"GET /users/ME  route 200 404",
    "the logs come oldest first": r"GET /scenarios/\{scenarioId\}/logs scenarioLogs\[\] order",
    "a run forgets its outputs": r"POST /scenarios/\{scenarioId\}/run outputs additional",
    "the limits are not told": r"GET /hooks x-ratelimit-limit header",
    "a hook answers 202": r"POST /hook/\{udid\} status status 202 200",
    "a secret is shown": r"POST /connections connection.apiKey missing",
}


def replay_session(proxied: ProxiedZone, mutant: Mutant | None) -> ReplayReport:
    """Report of the session with an emulator that has a mutant, recorded by the proxy."""
    world = proxied.make.create_world(now="2026-03-02T12:00:00Z")
    weak_token = world.create_token([scope for scope in SCOPES if scope != "user:read"])
    proxied.mutated_app.admin, proxied.mutated_app.mutant = world.token, mutant
    try:
        with proxied.open(allow_writes=True, pace=Pace(FakeTimer())) as proxy:
            call_everything(Recorder(proxy.base_url, world.token, proxied=True), weak_token)
    finally:
        proxied.mutated_app.mutant = None
        world.delete()
    text = proxy.har.read_text("utf-8")
    assert world.token not in text
    assert weak_token not in text
    return replay_archive(read_archive(proxy.har), "session.har", seed="default")


def shown(report: ReplayReport) -> str:
    """Differences of a report, a line each."""
    return "\n".join(
        f"{each.route} {each.difference.path} {each.difference.kind} {each.difference.recorded} {each.difference.emulated}"
        for each in report.differences
    )


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_found_and_named(mutant: Mutant, proxied: ProxiedZone) -> None:
    report = replay_session(proxied, mutant)
    assert re.search(f"^{FOUND[mutant.name]}", shown(report), flags=re.MULTILINE), shown(report)
    assert all(each.links for each in report.differences), report.render_text()


def test_an_emulator_without_a_mutant_answers_as_recorded(proxied: ProxiedZone) -> None:
    report = replay_session(proxied, None)
    assert report.differences == [], report.render_text()
    assert report.skipped == []
    assert len(report.compared) == report.counts()["same"] > 30
