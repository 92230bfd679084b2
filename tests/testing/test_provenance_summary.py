from __future__ import annotations

import pytest

from make_emulator import MakeEmulator

pytestmark = pytest.mark.usefixtures("few_plugins")

TESTS = """
    def test_teams(make_client, make_world):
        assert make_client.get("/teams/1").status_code == 200
        make_world.reset()
        assert make_client.get("/teams/99").status_code == 404
"""
INTERCEPTED = """
    import requests
    from make_emulator import mock_make

    def test_teams():
        with mock_make() as world:
            requests.get("https://eu1.make.com/api/v2/teams/99", headers=world.headers)
"""


@pytest.mark.parametrize("tests", [TESTS, INTERCEPTED])
def test_the_end_of_a_run_names_the_evidence(pytester: pytest.Pytester, tests: str) -> None:
    pytester.makepyfile(tests)
    result = pytester.runpytest("-p", "no:xdist")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "*fidelity to Make*",
            "This suite rests on * observed, * documented, * assumed behaviours of Make.",
            "Assumed: *visibility.body*",
        ]
    )
    result.stdout.fnmatch_lines(["Check them on your zone: make-emulator contract --only *"])


def test_weak_evidence_can_fail_the_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    result = pytester.runpytest("-p", "no:xdist", "--make-fidelity=documented")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        ["Failed: weaker evidence than --make-fidelity=documented: *visibility.body*"]
    )
    assert pytester.runpytest("-p", "no:xdist", "--make-fidelity=assumed").ret == pytest.ExitCode.OK


def test_workers_of_xdist_are_added_up(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    with MakeEmulator() as sidecar:
        result = pytester.runpytest(
            "-n", "2", f"--make-emulator-url={sidecar.url}", "--make-fidelity=documented"
        )
    result.stdout.fnmatch_lines(["This suite rests on *"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_nothing_is_shown_without_an_emulator_or_if_switched_off(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_nothing(): pass")
    pytester.runpytest("-p", "no:xdist").stdout.no_fnmatch_line("*fidelity to Make*")
    pytester.makepyfile(TESTS)
    pytester.runpytest("-p", "no:xdist", "--no-make-provenance").stdout.no_fnmatch_line("*fidelity to Make*")
