"""Files of any content: `explain` explains them or rejects them in one line, never with a traceback."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import orjson
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from make_emulator.cli.main import main
from make_emulator.resources import fixture_path

BLUEPRINTS = [
    orjson.loads(fixture_path("blueprints", f"{name}.json").read_bytes())
    for name in (
        "lead-intake",
        "company-lookup-cache",
        "paginated-export",
        "subscription-cancel",
        "quote-builder",
    )
]

_SCALARS = (
    st.none() | st.booleans() | st.integers(-2, 2**60) | st.floats(allow_nan=False) | st.text(max_size=8)
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to everything in a value."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


@st.composite
def spoiled(draw: st.DrawFn) -> Any:
    """A blueprint in which a few values are exchanged for others."""
    blueprint = copy.deepcopy(draw(st.sampled_from(BLUEPRINTS)))
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(list(places(blueprint))))
        holder = blueprint
        for key in way:
            holder = holder[key]
        holder[last] = draw(_VALUES)
    return blueprint


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(held=spoiled() | _VALUES, form=st.sampled_from(["text", "json"]))
def test_whatever_a_file_holds_is_explained_or_rejected(held: Any, form: str) -> None:
    data = orjson.dumps(held)
    arguments = [
        "explain",
        "-",
        "--format",
        form,
        "--input",
        '{"email": "a@example.com", "domain": "x.example"}',
    ]
    result = CliRunner().invoke(main, arguments, input=data)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code in (0, 1)
    assert "The emulator failed" not in result.stdout
    if not result.stdout:
        assert result.stderr.startswith("make-emulator: the standard input ")
        assert result.stderr.count("\n") == 1
