"""The report of a failed test: the requests and the runs, with their stories, of the worlds that it used."""

from __future__ import annotations

import pytest

import helpers.inner_runs  # noqa: F401
from make_emulator import MakeEmulator
from make_emulator.testing.activity import MAX_STORY_LINES, RunStory

#: A scenario that posts to Slack, and one that is due each hour.
CONFTEST = """
    import pytest

    def scenario(id, name, scheduling):
        flow = [{"id": 1, "module": "slack:CreateMessage", "version": 1, "mapper": {"text": "hi"}, "metadata": {}}]
        blueprint = {"name": name, "flow": flow, "metadata": {}}
        return {"id": id, "name": name, "active": True, "blueprint": blueprint, "scheduling": scheduling}

    SEED = {"organizations": [{"name": "Org", "teams": [{"name": "Team", "scenarios": [
        scenario(9, "Orders", {"type": "on-demand"}),
        scenario(10, "Hourly", {"type": "indefinitely", "interval": 3600}),
    ]}]}]}

    @pytest.fixture
    def seed():
        return SEED
"""


def sections(result: pytest.RunResult) -> dict[str, list[str]]:
    """The lines of each section of a single failed test, by title."""
    found: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for line in result.outlines:
        if line.startswith("---") and "Make world" in line:
            lines = found.setdefault(line.strip("- "), [])
        elif line.startswith(("===", "___", "---")):
            lines = None
        elif lines is not None:
            lines.append(line)
    return found


@pytest.fixture(autouse=True)
def conftest(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)


def test_the_story_and_the_error_of_each_run_are_shown(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_fails(make_emulator, seed):
            world = make_emulator.create_world(seed=seed)
            world.run(9)
            world.modules.script("slack:CreateMessage", error={"name": "RateLimitError", "message": "Slow down"})
            assert world.run(9)["status"] == 1
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    found = sections(result)
    assert list(found) == ["requests to the Make world", "runs in the Make world"]
    assert [line.partition("): ")[2] for line in found["requests to the Make world"]] == [
        "POST /scenarios/9/run in organization 1 -> 200"
    ] * 2
    first, story, second, error = found["runs in the Make world"]
    assert first.endswith("ended with SUCCESS")
    assert story == "    module 1 (slack:CreateMessage) ran and output 1 bundle"
    assert second.endswith("ended in module 1 (slack:CreateMessage) with RateLimitError: Slow down")
    assert error == "    module 1 (slack:CreateMessage) ran and failed: RateLimitError: Slow down"


def test_a_run_that_the_clock_started_is_shown_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import requests

        def test_fails(make_emulator, seed):
            world = make_emulator.create_world(seed=seed)
            world.advance(hours=1.5)
            requests.get(world.base_url + "/teams/1", headers=world.headers)
            world.requests.clear()
            assert False
        """
    )
    found = sections(pytester.runpytest())
    assert found["requests to the Make world"] == ["none"]
    assert "scenario 10 (Hourly): run" in found["runs in the Make world"][0]


def test_each_world_with_activity_is_shown_by_its_name(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import requests

        def test_fails(make_emulator, make_world):
            worlds = {name: make_emulator.create_world(name) for name in ("left", "idle", "right")}
            for name, path in (("left", "/teams/1"), ("right", "/teams/2")):
                requests.get(worlds[name].base_url + path, headers=worlds[name].headers)
            requests.get(make_emulator.base_url + "/teams/3", headers=make_emulator.world.headers)
            assert False
        """
    )
    found = sections(pytester.runpytest())
    assert {title: len(lines) for title, lines in found.items()} == {
        "requests to the Make world default": 1,
        "requests to the Make world left": 1,
        "requests to the Make world right": 1,
    }
    assert "GET /teams/1" in found["requests to the Make world left"][0]
    assert "GET /teams/2" in found["requests to the Make world right"][0]


def test_of_a_world_that_tests_share_only_what_happened_in_the_test_is_shown(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import pytest, requests

        @pytest.fixture(scope="module")
        def shared(make_emulator):
            return make_emulator.create_world("shared")

        def run(world, name):
            return world.run(1, {"name": name})

        def test_passes(shared):
            run(shared, "Zoe")
            assert requests.get(shared.base_url + "/teams/1", headers=shared.headers).status_code == 200

        def test_has_nothing_to_do_with_it():
            assert False

        def test_fails(shared):
            run(shared, "Max")
            assert requests.get(shared.base_url + "/teams/99", headers=shared.headers).status_code == 200
        """
    )
    result = pytester.runpytest("-k", "not nothing_to_do")
    result.assert_outcomes(passed=1, failed=1, deselected=1)
    found = sections(result)
    assert [line.partition("): ")[2].partition(" ->")[0] for line in found["requests to the Make world"]] == [
        "POST /scenarios/1/run in organization 1",
        "GET /teams/99",
    ]
    assert sum("run " in line and "ended" in line for line in found["runs in the Make world"]) == 1
    assert sections(pytester.runpytest("-k", "passes or nothing_to_do")) == {}


def test_runs_after_a_reset_are_those_of_the_test_though_their_ids_are_the_same(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import pytest

        IDS = []

        @pytest.fixture(scope="module")
        def shared(make_emulator):
            world = make_emulator.create_world()
            world.clock.freeze("2026-01-01T00:00:00Z")
            return world, world.snapshot()

        @pytest.mark.parametrize("number", [1, 2])
        def test_fails_at_last(shared, number):
            world, snapshot = shared
            world.restore(snapshot)
            IDS.append(world.run(1, {"name": "Zoe"})["executionId"])
            assert number == 1

        def test_the_same_ids():
            assert len(IDS) == 2
            assert len(set(IDS)) == 1
        """
    )
    result = pytester.runpytest()
    result.assert_outcomes(passed=2, failed=1)
    assert len(sections(result)["runs in the Make world"]) == 2


@pytest.mark.parametrize(
    "code",
    [
        """
        from make_emulator import mock_make
        import requests

        @mock_make
        def test_fails(world):
            assert requests.get(world.base_url + "/teams/99", headers=world.headers).status_code == 200
        """,
        """
        import asyncio, requests
        from make_emulator import mock_make

        def test_fails():
            async def main():
                async with mock_make() as world:
                    return requests.get(world.base_url + "/teams/99", headers=world.headers).status_code
            assert asyncio.run(main()) == 200
        """,
        """
        import requests

        def test_fails(make_mock):
            assert requests.get(make_mock.base_url + "/teams/99", headers=make_mock.headers).status_code == 200
        """,
        """
        import requests
        from make_emulator import MakeEmulator

        def test_fails():
            with MakeEmulator() as make:
                status = requests.get(make.base_url + "/teams/99", headers=make.world.headers).status_code
            assert status == 200
        """,
        """
        import requests, unittest
        from make_emulator import MakeEmulator

        class Case(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.make = MakeEmulator().start()
                cls.addClassCleanup(cls.make.stop)

            def setUp(self):
                self.world = self.make.create_world()
                self.addCleanup(self.world.delete)

            def test_fails(self):
                url = self.world.base_url + "/teams/99"
                self.assertEqual(requests.get(url, headers=self.world.headers).status_code, 200)
        """,
        """
        import pytest, requests

        @pytest.fixture
        def prepared(make_world):
            assert requests.get(make_world.base_url + "/teams/99", headers=make_world.headers).status_code == 200

        def test_fails(prepared):
            pass
        """,
    ],
    ids=["decorator", "async with", "make_mock", "own emulator", "unittest", "fixture"],
)
def test_worlds_of_every_kind_are_shown_though_they_have_ended(pytester: pytest.Pytester, code: str) -> None:
    pytester.makepyfile(code)
    [lines] = sections(pytester.runpytest("-W", "error")).values()
    assert [line.partition("): ")[2] for line in lines] == ["GET /teams/99 -> 404: Team '99' not found"]


REMOTE = """
    import pytest, requests

    @pytest.fixture(scope="module")
    def shared(make_emulator):
        return make_emulator.create_world()

    def test_passes(shared):
        assert shared.run(1, {"name": "Zoe"})["status"] == 1

    def test_fails(make_emulator, shared):
        requests.get(shared.base_url + "/teams/98", headers=shared.headers)
        world = make_emulator.create_world("brief")
        try:
            assert requests.get(world.base_url + "/teams/99", headers=world.headers).status_code == 200
        finally:
            world.run(1, {"name": "Max"})
            world.delete()
"""


@pytest.mark.usefixtures("few_plugins")
def test_worlds_of_a_sidecar_are_read_before_they_end_and_reported_by_workers_of_xdist(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(REMOTE)
    with MakeEmulator() as sidecar:
        result = pytester.runpytest_subprocess("-n", "1", f"--make-emulator-url={sidecar.url}")
    result.assert_outcomes(passed=1, failed=1)
    found = sections(result)
    [brief] = [lines for title, lines in found.items() if title == "requests to the Make world brief"]
    assert [line.partition("): ")[2].partition(" ->")[0] for line in brief] == [
        "GET /teams/99",
        "POST /scenarios/1/run in organization 1",
    ]
    [shared] = [
        lines
        for title, lines in found.items()
        if title.startswith("requests") and not title.endswith("brief")
    ]
    assert [line.partition("): ")[2] for line in shared] == ["GET /teams/98 -> 404: Team '98' not found"]
    [runs] = [lines for title, lines in found.items() if title.startswith("runs")]
    assert len(runs) == 2


def test_a_sidecar_that_is_gone_is_a_line_in_the_report(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_fails(make_emulator, make_world):
            make_world._client.control._transport._port = 9
            assert False
        """
    )
    with MakeEmulator() as sidecar:
        result = pytester.runpytest(f"--make-emulator-url={sidecar.url}")
    result.stdout.fnmatch_lines(["the request log could not be read: no emulator answers at *"])


def test_a_long_story_is_shown_with_its_beginning_and_its_end() -> None:
    events = [f"event {number}" for number in range(100)]
    first, *lines = RunStory("now", "It ran", events).lines()
    assert first == "now  It ran"
    assert len(lines) == MAX_STORY_LINES + 1
    assert lines[:6] == [*(f"    event {number}" for number in range(5)), "    … 80 more …"]
    assert lines[-1] == "    event 99"
    whole = list(RunStory("now", "It ran", events[:MAX_STORY_LINES]).lines())
    assert len(whole) == MAX_STORY_LINES + 1


def test_many_requests_and_runs_are_counted(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_fails(make_client, make_world):
            for number in range(60):
                make_client.get("/teams/1")
            for number in range(7):
                make_world.run(1, {"name": "Zoe"})
            assert False
        """
    )
    found = sections(pytester.runpytest())
    requests, runs = found["requests to the Make world"], found["runs in the Make world"]
    assert (requests[0], len(requests)) == ("… 17 earlier …", 51)
    assert (runs[0], len(runs)) == ("… 2 earlier …", 1 + 5 * 2)


def test_the_activity_of_a_world_can_be_had_without_pytest(make: MakeEmulator) -> None:
    world = make.create_world()
    assert "run" in world.describe_activity()
    world.run(1, {"name": "Zoe"})
    request, run, step = world.describe_activity().splitlines()
    assert request.endswith("Ada Maker (token admin): POST /scenarios/1/run in organization 1 -> 200")
    assert run.endswith("ended with SUCCESS")
    assert step == "    module 1 (scenario-service:ReturnData) ran"
    empty = make.create_world(seed="empty")
    assert empty.describe_activity() == "no requests and no runs"
