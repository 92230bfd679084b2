"""Prepares fixtures that every start reads, as JSON that needs neither YAML nor validation: ``python -m tools.prepare_fixtures``.

Each file of ``fixtures/prepared`` has the digest of its sources, and is not used when one of them has changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import yaml

from make_emulator.resources import digest, fixture_path
from make_emulator.seeds.loader import PREPARED_SEED
from make_emulator.seeds.validation import validate
from make_emulator.seeds.yaml_reader import parse_text

#: The fixtures that the building of a world reads.
FIXTURES = ("connection-types", "hook-types", "key-types", "public-templates")

#: The modules that determine the rows of a validated seed.
SEED_MODULES = ("seeds/fields.py", "seeds/schema.py", "seeds/seed.py", "seeds/validation.py")

ROWS = ("settings", "users", "tokens", "oauth_clients", "agents", "modules", "organizations")


def prepare() -> Iterator[tuple[str, bytes]]:
    """Yields the name and the content of each file of ``fixtures/prepared``."""
    for name in FIXTURES:
        content = yaml.safe_load(fixture_path(f"{name}.yaml").read_text("utf-8"))
        yield f"{name}.json", _render([f"fixtures/{name}.yaml"], content)
    path = fixture_path("worlds", f"{PREPARED_SEED}.yaml")
    seed = validate(parse_text(path.read_text("utf-8"), str(path)), path.parent)
    blueprints = [file.relative_to(fixture_path()).as_posix() for file in seed.file_stamps]
    sources = [f"fixtures/worlds/{PREPARED_SEED}.yaml", *(f"fixtures/{name}" for name in blueprints)]
    rows = {name: _mark_types(getattr(seed, name)) for name in ROWS}
    content = {"blueprints": blueprints, "rows": rows}
    yield f"{PREPARED_SEED}-seed.json", _render([*sources, *SEED_MODULES], content)


def _mark_types(value: Any) -> Any:
    """Returns a value of a seed in JSON, from which `loader.restore_types` restores it."""
    if isinstance(value, dict):
        return {key: _mark_types(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mark_types(item) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [_mark_types(item) for item in value]}
    return {"$set": sorted(value)} if isinstance(value, frozenset) else value


def _render(sources: Sequence[str], content: Any) -> bytes:
    document = {"sources": sources, "digest": digest(sources), "content": content}
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


def main() -> None:
    """Writes the files."""
    fixture_path("prepared").mkdir(exist_ok=True)
    for name, content in prepare():
        fixture_path("prepared", name).write_bytes(content)


if __name__ == "__main__":
    main()
