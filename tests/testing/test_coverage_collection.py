from __future__ import annotations

import pytest

from make_emulator import MakeEmulator
from make_emulator import api as routes
from make_emulator.testing.coverage import CoverageCollector, render_table

TESTS = """
    import pytest

    @pytest.mark.parametrize("id", [1, 2, 99, 98])
    def test_scenarios(make_client, id):
        make_client.get(f"/scenarios/{id}")

    def test_teams(make_client, make_world):
        make_client.get("/teams/1")
        make_world.reset()
        make_client.get("/teams/1")
"""
LINES = [
    "*coverage of the Make API*",
    "called                         2xx    4xx",
    "GET /scenarios/{scenarioId}      2      2",
    "GET /teams/{teamId}              2",
    "not called",
    "*PATCH|DELETE /scenarios/{scenarioId},*",
    f"2 of 47 documented routes, 2 of {len(routes.endpoints())} declared ones",
]

pytestmark = pytest.mark.usefixtures("few_plugins")


def test_the_end_of_a_run_shows_which_endpoints_were_called(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    result = pytester.runpytest("--make-coverage", "-p", "no:xdist")
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(LINES)


def test_without_the_option_nothing_is_shown(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    pytester.runpytest().stdout.no_fnmatch_line("*coverage of the Make API*")


def test_workers_of_xdist_are_added_up(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    result = pytester.runpytest("--make-coverage", "-n", "2")
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(LINES)


def test_a_sidecar_reports_the_worlds_of_the_run_only(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    with MakeEmulator() as sidecar:
        sidecar.create_world("of others").access_report()
        result = pytester.runpytest("--make-coverage", "-n", "2", f"--make-emulator-url={sidecar.url}")
        result.assert_outcomes(passed=5)
        result.stdout.fnmatch_lines(LINES)
        assert len(sidecar.control.call("GET", "worlds")["worlds"]) == 2


def test_worlds_that_were_not_deleted_count_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import requests
        from make_emulator import MakeEmulator

        def test_plain():
            with MakeEmulator() as make:
                for world in (make.world, make.create_world()):
                    requests.get(world.base_url + "/teams/1", headers=world.headers, timeout=10)

        def test_overridden(make_emulator):
            world = make_emulator.create_world()
            requests.get(world.base_url + "/teams/1", headers=world.headers, timeout=10)
        """
    )
    with MakeEmulator() as sidecar:
        result = pytester.runpytest("--make-coverage", f"--make-emulator-url={sidecar.url}", "-p", "no:xdist")
    result.stdout.fnmatch_lines(["GET /teams/{teamId}      3"])


def test_a_run_without_requests_says_so(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_nothing(): pass")
    result = pytester.runpytest("--make-coverage")
    result.stdout.fnmatch_lines(["no world of Make was called"])


def test_a_report_of_reports_is_one_again() -> None:
    coverage = CoverageCollector()
    with MakeEmulator() as make:
        report = make.world.coverage()
    for _ in range(2):
        coverage.add(report)
    again = CoverageCollector()
    again.add(coverage.report())
    assert again.report() == coverage.report() == report
    assert next(render_table(report)) == "not called"


@pytest.mark.parametrize("width", [20, 80, 300])
def test_the_names_of_what_was_not_called_stay_whole(width: int) -> None:
    with MakeEmulator() as make:
        lines = list(render_table(make.world.coverage(), width))
    shown = " ".join(lines[1:-1])
    for path in {endpoint.path for endpoint in routes.endpoints()}:
        methods = "|".join(endpoint.method for endpoint in routes.endpoints() if endpoint.path == path)
        assert f"{methods} {path}" in shown
