"""Settings of a world: their declarations, and what they accept."""

from __future__ import annotations

import pytest

from make_emulator.world import settings
from make_emulator.world.settings import API_ACCESS, INACTIVE_HOOKS, SETTINGS, InvalidSettingError
from make_emulator.world.world import World


def test_a_world_has_the_default_of_every_setting(empty_world: World) -> None:
    values = settings.values_of(empty_world)
    assert values == {name: setting.default for name, setting in SETTINGS.items()}
    assert list(values) == sorted(values)


def test_a_changed_setting_leaves_the_others(empty_world: World) -> None:
    settings.apply(empty_world, {"apiAccess": False})
    assert API_ACCESS.of(empty_world) is False
    assert INACTIVE_HOOKS.of(empty_world) == "queue"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"apiAcces": False}, "did you mean 'apiAccess'?"),
        ({"apiAccess": "false"}, "The setting 'apiAccess' must be one of: true, false."),
        ({"apiAccess": 0}, "The setting 'apiAccess' must be one of: true, false."),
        ({"inactiveHooks": "drop"}, "The setting 'inactiveHooks' must be one of: queue, reject."),
        ({"inactiveHooks": None}, "The setting 'inactiveHooks' must be one of: queue, reject."),
    ],
)
def test_a_wrong_setting_says_what_there_is_and_changes_nothing(
    empty_world: World, values: dict[str, object], text: str
) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        settings.apply(empty_world, {"runInactive": True, **values})  # type: ignore[dict-item]
    assert text in str(caught.value)
    assert dict(empty_world.settings) == {}


def test_settings_have_names_in_python() -> None:
    assert settings.from_python({"api_access": False, "inactive_hooks": "reject"}) == {
        "apiAccess": False,
        "inactiveHooks": "reject",
    }
    with pytest.raises(TypeError, match="did you mean 'api_access'"):
        settings.from_python({"apiaccess": False})


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
def test_every_setting_is_documented_and_accepts_its_default(setting: settings.Setting) -> None:
    assert setting.accepts(setting.default)
    assert setting.about.endswith(".")
    assert bool(setting.choices) == isinstance(setting.default, str)
