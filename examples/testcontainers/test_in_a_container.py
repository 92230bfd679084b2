# test_in_a_container.py
import pytest
from make_emulator_container import MakeEmulatorContainer


@pytest.fixture(scope="session")
def make_emulator():
    """Replaces the fixture of the plugin: make_world, make_client … use the container."""
    with MakeEmulatorContainer() as container:
        yield container.emulator()


def test_a_run_greets(make_world):
    assert make_world.run(1, {"name": "Zoe"})["outputs"] == {"greeting": "Hello, Zoe!"}
    make_world.requests.assert_called("POST", "/scenarios/*/run", times=1)
