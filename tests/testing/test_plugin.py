from __future__ import annotations

import pytest

import helpers.inner_runs  # noqa: F401
from helpers.api import ADMIN_TOKEN
from make_emulator import MakeEmulator


def test_every_test_gets_a_world_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_one_deletes(make_client):
            assert make_client.delete("/scenarios/1").json() == {"scenario": 1}

        def test_another_does_not_notice(make_client, make_world):
            assert make_client.get("scenarios/1").status_code == 200
            make_world.requests.assert_called("GET", "/scenarios/1", times=1)
        """
    )
    pytester.runpytest("-W", "error").assert_outcomes(passed=2)


def test_the_marker_says_what_the_world_is_made_from(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.make_world(plan="core", zone="us1", scopes=["organizations:read"], now="2026-01-01T00:00:00Z")
        def test_marked(make_client, make_world):
            organization = make_client.get("/organizations/1").json()["organization"]
            assert (organization["productName"], organization["zone"]) == ("Core", "us1.make.com")
            assert make_client.get("/scenarios/1").status_code == 403
            assert make_world.clock.now.startswith("2026-01-01T00:00")
        """
    )
    pytester.runpytest("-W", "error", "--strict-markers").assert_outcomes(passed=1)


def test_calls_to_make_reach_a_world_of_the_test_in_its_process(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest, requests
        from make_emulator.testing import NetworkBlocked

        def test_plain(make_mock):
            url = "https://eu1.make.com/api/v2/scenarios/1"
            assert requests.delete(url, headers=make_mock.headers).json() == {"scenario": 1}
            make_mock.requests.assert_called("DELETE", "/scenarios/1", times=1)

        @pytest.mark.make_world(plan="core", zone="us1", scopes=["teams:read"], api_access=False, block_others=True)
        def test_marked(make_mock, make_world):
            assert (make_mock.plan, make_mock.base_url) == ("core", "https://us1.make.com/api/v2")
            response = requests.get(f"{make_mock.base_url}/teams/1", headers=make_mock.headers)
            assert response.json()["detail"] == "Forbidden to use token authorization for this organization."
            with pytest.raises(NetworkBlocked):
                requests.get("https://www.example.com")
            # The marker is that of both fixtures.
            assert (make_world.plan, make_world.zone) == ("core", "us1.make.com")
            assert len(make_world.requests) == 0

        def test_fails(make_mock):
            requests.get("https://eu1.make.com/api/v2/scenarios/99", headers=make_mock.headers)
            assert False
        """
    )
    result = pytester.runpytest("-W", "error", "--strict-markers")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        ["*requests to the Make world*", "*: GET /scenarios/99 -> 404: Scenario '99' not found"]
    )


def test_settings_of_all_tests_apply_to_interception_too(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nmake_settings =\n    apiAccess=false\n")
    pytester.makepyfile(
        """
        import requests

        def test_it(make_mock):
            response = requests.get("https://eu1.make.com/api/v2/teams/1", headers=make_mock.headers)
            assert response.status_code == 403
        """
    )
    pytester.runpytest("-W", "error").assert_outcomes(passed=1)


def test_the_environment_is_set_for_the_code_under_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import os

        def test_environment(make_env):
            assert os.environ["MAKE_API_KEY"] == make_env.token
            assert os.environ["MAKE_BASE_URL"] == "http://" + os.environ["MAKE_ZONE"] + "/api/v2"
            assert (os.environ["MAKE_TEAM"], os.environ["MAKE_ORGANIZATION"]) == ("1", "1")
        """
    )
    pytester.runpytest("-W", "error").assert_outcomes(passed=1)


def test_a_failed_test_shows_the_requests_of_its_world(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_fails(make_client):
            make_client.get("/scenarios/99")
            assert False
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*requests to the Make world*", "*: GET /scenarios/99 -> 404: Scenario '99' not found"]
    )


def test_a_call_of_the_emulator_that_failed_is_shown_at_the_line_of_the_test(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        def test_fails(make_world):
            make_world.faults.add(path="/users/me", action="resett")
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            '>       make_world.faults.add(path="/users/me", action="resett")',
            "E       *ControlError: * answered 400: Parameter 'action' must be one of: *",
        ]
    )
    result.stdout.no_fnmatch_line("*control.py*")


def test_a_world_that_cannot_be_created_is_one_line_and_no_traceback(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.make_world(sed={})
        def test_it(make_world): ...
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["make_world: POST /_emulator/worlds answered 400: Unknown parameter 'sed'; did you mean 'seed'?"]
    )
    result.stdout.no_fnmatch_line("*plugin.py*")


def test_a_failed_test_shows_the_decisions_on_agents(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import requests

        def test_fails(make_world):
            ops = make_world.agents.create("ops", {"scenarios": "read"})
            requests.delete(make_world.base_url + "/scenarios/1", headers=ops.headers)
            assert False
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*requests to the Make world*",
            "* ops tried to delete scenario 1 *: refused, it has scenarios: read",
        ]
    )


def test_a_sidecar_is_used_when_one_is_named(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_over_there(make_client, make_emulator):
            assert make_client.get("/teams/1").status_code == 200
            print("URL", make_emulator.url)
        """
    )
    with MakeEmulator() as sidecar:
        result = pytester.runpytest("-s", "-W", "error", f"--make-emulator-url={sidecar.url}")
        result.assert_outcomes(passed=1)
        result.stdout.fnmatch_lines([f"*URL {sidecar.url}*"])
        assert [world["name"] for world in sidecar.control.call("GET", "worlds")["worlds"]] == ["default"]
        assert sidecar.token == ADMIN_TOKEN


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:9", "no emulator answers at http://127.0.0.1:9: Connection refused"),
        ("sidecar", "'sidecar' is not the URL of an emulator, such as http://127.0.0.1:4747"),
    ],
)
def test_a_sidecar_that_is_not_there_is_one_line_and_no_traceback(
    pytester: pytest.Pytester, url: str, reason: str
) -> None:
    pytester.makepyfile("def test_it(make_client): ...")
    result = pytester.runpytest(f"--make-emulator-url={url}")
    result.assert_outcomes(errors=1)
    assert f"make_emulator: {reason}" in result.outlines
    result.stdout.no_fnmatch_line("*control.py*")


def test_a_failed_assertion_shows_the_line_of_the_test_and_none_of_ours(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        def test_requests(make_world):
            make_world.requests.assert_called("GET", "/teams")
        def test_http(make_world):
            make_world.http.assert_sent("GET", "https://a.example/*")
        def test_outbox(make_world):
            make_world.outbox.assert_sent("ann@example.com")
    """)
    result = pytester.runpytest()
    result.assert_outcomes(failed=3)
    result.stdout.no_fnmatch_line("*raise AssertionError*")


def test_fixtures_can_be_overridden(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest

        @pytest.fixture
        def make_world(make_emulator):
            return make_emulator.create_world(name="overridden")
        """
    )
    pytester.makepyfile(
        """
        def test_overridden(make_client, make_world):
            assert make_world.name == "overridden"
            assert make_client.get("/teams/1").status_code == 200
        """
    )
    pytester.runpytest("-W", "error").assert_outcomes(passed=1)


PARALLEL = """
    import pytest

    def record(number):
        return {"key": "k", "data": {"sku": "s", "quantity": number}}

    @pytest.mark.parametrize("number", range(12))
    def test_alone(make_client, make_world, number):
        assert make_client.delete("/scenarios/1").json() == {"scenario": 1}
        assert make_client.post("/data-stores/1/data", json=record(number)).status_code == 200
        make_world.clock.advance(days=number)
        make_world.requests.assert_called("POST", "/data-stores/1/data", json=record(number), times=1)
        assert len(make_world.requests) == 2
"""


@pytest.mark.usefixtures("few_plugins")
def test_workers_of_xdist_do_not_disturb_each_other(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PARALLEL)
    pytester.runpytest_subprocess("-n", "2", "-W", "error").assert_outcomes(passed=12)


@pytest.mark.usefixtures("few_plugins")
def test_four_workers_of_xdist_share_a_sidecar_without_disturbing_each_other(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(PARALLEL)
    with MakeEmulator() as sidecar:
        result = pytester.runpytest_subprocess("-n", "4", "-W", "error", f"--make-emulator-url={sidecar.url}")
        result.assert_outcomes(passed=12)
        assert [world["name"] for world in sidecar.control.call("GET", "worlds")["worlds"]] == ["default"]
        assert len(sidecar.world.requests) == 0


def test_the_emulator_can_be_overridden(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest
        from make_emulator import MakeEmulator

        @pytest.fixture(scope="session")
        def make_emulator():
            with MakeEmulator(seed="agency") as emulator:
                yield emulator
        """
    )
    pytester.makepyfile(
        """
        def test_agency(make_emulator, make_client):
            assert len(make_emulator.get_world("default").access_report()) > 3
            assert make_client.get("/teams/1").status_code == 200
        """
    )
    pytester.runpytest("-W", "error").assert_outcomes(passed=1)


def test_a_test_may_delete_its_world(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_deletes(make_world):
            make_world.delete()

        def test_deletes_and_fails(make_client, make_world):
            make_client.get("/scenarios/99")
            make_world.delete()
            assert False
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*: GET /scenarios/99 -> 404: Scenario '99' not found"])


def test_a_run_without_the_fixtures_does_not_load_the_emulator(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_nothing_is_loaded():
            assert "make_emulator.app" not in sys.modules
            assert "flask" not in sys.modules
        """
    )
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=1)
