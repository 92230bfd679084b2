"""Builder of the module catalogue, ``fixtures/modules.json``, from a file of gathered facts.

``python -m tools.build_module_catalogue FACTS.json`` writes the catalogue; ``--check`` compares only, and exits 1 if it differs. The facts
are names, versions and types of the modules of Make's apps, as exported blueprints, the vendor's samples and listings show them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from make_emulator.resources import fixture_path

#: Reasons by which a name is known not to exist, rather than merely never seen.
REFUTING_REASONS = frozenset({"no-such-app", "absent-from-list", "reported-missing"})
#: Keys of a field that the catalogue keeps, besides its nested fields.
_FIELD_KEYS = ("name", "type", "alsoTypes", "required", "enum", "multiple", "items", "dynamic")
#: Strength of the evidence -> trust in the fields and their requirements.
_TRUST = {
    "vendor": "full",
    "editor-export": "full",
    "listing": "name",
    "derived": "partial",
    "mention": "name",
}


def build_catalogue(facts: Mapping[str, Any]) -> str:
    """Returns the text of the catalogue: one app, module or name on each line, sorted."""
    apps = {
        name: _without_empty(
            {
                "label": app.get("name"),
                "versions": app.get("versions"),
                "complete": app.get("listComplete"),
                "connections": app.get("connections"),
            }
        )
        for name, app in facts["apps"].items()
    }
    modules = {
        name: {version: _build_module(module) for version, module in versions.items()}
        for name, versions in facts["modules"].items()
    }
    missing = {
        entry["name"]: _without_empty(
            {"reason": entry["why"], "likely": entry.get("likely"), "hint": entry.get("hint")}
        )
        for entry in facts["notReal"]
    }
    parts = {"apps": apps, "modules": modules, "aliases": facts["appAliases"], "invented": missing}
    return format_catalogue(parts)


def format_catalogue(sections: Mapping[str, Any]) -> str:
    """Returns the text of the catalogue from its sections; `make_emulator.module_catalogue` relies on the lines."""
    return "{\n" + ",\n".join(f'"{name}": {_format_lines(part)}' for name, part in sections.items()) + "\n}\n"


def _build_module(facts: Mapping[str, Any]) -> dict[str, Any]:
    connections = list(facts.get("connection", ()))
    types = {
        parameter: _union(*(each.get("types", ()) for each in connections if each["param"] == parameter))
        for parameter in dict.fromkeys(each["param"] for each in connections)
    }
    first = next(iter(types), None)
    # Which parameter a type was chosen in is not known.
    chosen = facts.get("connectionSeen", ()) if len(types) < 2 else ()
    hooks = list(facts.get("hook", ()))
    return _without_empty(
        {
            "kind": facts["kind"],
            "trust": _TRUST[facts["strength"]],
            "connection": first,
            "connectionTypes": _union(types.get(first, ()), chosen),
            "otherConnections": {name: list(types[name]) for name in types if name != first},
            "hook": hooks[0]["param"] if hooks else None,
            "hookTypes": _union([each["type"] for each in hooks if "type" in each]),
            "parameters": [_build_field(field) for field in facts.get("parameters", ())],
            "mapper": [_build_field(field) for field in facts.get("mapper", ())],
            "output": [_build_field(field) for field in facts.get("output", ())],
            "outputPaths": facts.get("outputRefs"),
            "dynamicMapper": facts.get("mapperDynamic"),
            "dynamicOutput": facts.get("outputDynamic"),
        }
    )


def _build_field(facts: Mapping[str, Any]) -> dict[str, Any]:
    field = {key: facts[key] for key in _FIELD_KEYS if key in facts}
    for key in ("spec", "nested"):
        nested = facts.get(key)
        if isinstance(nested, list):
            field[key] = [_build_field(each) for each in nested]
    return field


def _union(*lists: Iterable[str]) -> list[str]:
    return sorted({value for values in lists for value in values})


def _without_empty(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, [], {}, False)}


def _format_lines(part: Mapping[str, Any]) -> str:
    lines = (f"{json.dumps(name)}: {_format_value(value)}" for name, value in sorted(part.items()))
    return "{\n" + ",\n".join(lines) + "\n}"


def _format_value(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def main(arguments: Sequence[str]) -> None:
    """Writes the catalogue, or checks it."""
    paths = [argument for argument in arguments if argument != "--check"]
    if len(paths) != 1:
        sys.exit("usage: python -m tools.build_module_catalogue [--check] FACTS.json")
    text = build_catalogue(json.loads(Path(paths[0]).read_text("utf-8")))
    target = fixture_path("modules.json")
    if "--check" not in arguments:
        target.write_text(text, "utf-8")
    elif not target.is_file() or target.read_text("utf-8") != text:
        sys.exit("fixtures/modules.json differs from the facts")


if __name__ == "__main__":
    main(sys.argv[1:])
