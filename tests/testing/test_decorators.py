"""`mock_make` as a decorator of whatever tests are written as."""

from __future__ import annotations

import asyncio
import socket
import unittest
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from helpers.api import ADMIN_TOKEN, team_name
from make_emulator import World, mock_make


def test_a_decorated_function_is_given_the_world() -> None:
    @mock_make(zone="us1")
    def ask(path: str, world: World) -> tuple[str, str]:
        return team_name(world), world.zone + path

    assert ask("/x") == ("Example Team", "us1.make.com/x")  # type: ignore[call-arg]
    assert ask.__name__ == "ask"


def test_a_decorator_needs_no_parentheses_and_no_parameter() -> None:
    @mock_make
    def ask() -> int:
        url = "https://eu1.make.com/api/v2/teams/1"
        return requests.get(url, headers={"Authorization": f"Token {ADMIN_TOKEN}"}, timeout=5).status_code

    assert ask() == 200


def test_coroutines_and_generators_are_decorated_for_as_long_as_they_run() -> None:
    @mock_make
    async def ask(world: World) -> str:
        await asyncio.sleep(0)
        return team_name(world)

    @mock_make
    def each(world: World) -> Iterator[str]:
        yield team_name(world)
        yield team_name(world)

    assert asyncio.run(ask()) == "Example Team"  # type: ignore[call-arg]
    assert list(each()) == ["Example Team", "Example Team"]  # type: ignore[call-arg]


def test_the_methods_of_a_decorated_test_case_are_each_given_a_world() -> None:
    real = socket.getaddrinfo

    @mock_make(plan="core")
    class Case(unittest.TestCase):
        def test_one(self, world: World) -> None:
            assert (team_name(world), world.plan) == ("Example Team", "core")

        def test_another(self) -> None:
            assert socket.getaddrinfo is not real

        def helper(self) -> None:
            raise AssertionError("helpers are left alone")

    result = unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(unittest.TestResult())
    assert result is not None
    assert (result.testsRun, result.failures, result.errors) == (2, [], [])


def test_pytest_is_not_shown_the_parameter(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest, requests
        from make_emulator import mock_make

        @pytest.fixture
        def one():
            return 1

        @pytest.mark.parametrize("two", [2])
        @mock_make(zone="us1")
        def test_decorated(world, one, two):
            assert (one, two, world.zone) == (1, 2, "us1.make.com")
        """
    )
    pytester.runpytest_inprocess("-W", "error").assert_outcomes(passed=1)


def test_what_cannot_be_decorated_is_rejected() -> None:
    async def generate() -> Any:
        yield 1

    with pytest.raises(TypeError, match="with block"):
        mock_make(generate)
