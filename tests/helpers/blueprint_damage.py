"""Damage of blueprints: one slip of each kind that people and agents make, at a place that a seed decides."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

JsonObject = dict[str, Any]
Damage = Callable[[JsonObject, random.Random], bool]

DAMAGES: dict[str, Damage] = {}
"""Kinds of damage: each changes a module in place, and returns false if it has no place for it."""


def damage_blueprint(blueprint: JsonObject, kind: str, seed: object) -> JsonObject | None:
    """Returns a copy of a blueprint with one slip; ``None`` if it has no place for one of the kind."""
    copy: JsonObject = json.loads(json.dumps(blueprint))
    source = random.Random(f"{kind} {seed}")
    modules = list(iter_modules(copy["flow"]))
    source.shuffle(modules)
    for module in modules:
        if DAMAGES[kind](module, source) and copy != blueprint:
            return copy
    return None


def iter_modules(flow: list[JsonObject]) -> Iterator[JsonObject]:
    for node in flow:
        if node["module"] == "placeholder:Placeholder":
            continue
        yield node
        for key in ("routes", "branches", "tools"):
            for arm in node.get(key) or []:
                yield from iter_modules(arm.get("flow") or [])
        yield from iter_modules(node.get("onerror") or [])


def misspell(word: str, source: random.Random) -> str:
    """Returns a word with a character that is missing, doubled, or swapped with the next one."""
    if len(word) < 3:
        return word * 2
    place = source.randrange(1, len(word) - 1)
    slip = source.choice(("missing", "doubled", "swapped"))
    if slip == "missing":
        return word[:place] + word[place + 1 :]
    if slip == "doubled" or word[place] == word[place + 1]:
        return word[:place] + word[place] + word[place:]
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _declare(kind: str) -> Callable[[Damage], Damage]:
    def declare(damage: Damage) -> Damage:
        DAMAGES[kind] = damage
        return damage

    return declare


@_declare("missing version")
def _drop_version(module: JsonObject, source: random.Random) -> bool:
    return module.pop("version", None) is not None


@_declare("version 0")
def _zero_version(module: JsonObject, source: random.Random) -> bool:
    module["version"] = 0
    return True


@_declare("module")
def _misspell_module(module: JsonObject, source: random.Random) -> bool:
    app, _, name = module["module"].partition(":")
    module["module"] = f"{app}:{misspell(name, source)}"
    return True


@_declare("app")
def _misspell_app(module: JsonObject, source: random.Random) -> bool:
    app, _, name = module["module"].partition(":")
    if len(app) < 4:
        return False
    module["module"] = f"{misspell(app, source)}:{name}"
    return True


@_declare("field")
def _misspell_field(module: JsonObject, source: random.Random) -> bool:
    names = [name for name in module.get("mapper") or {} if len(name) > 3]
    if not names:
        return False
    old = source.choice(names)
    new = misspell(old, source)
    module["mapper"] = {new if name == old else name: value for name, value in module["mapper"].items()}
    return True


@_declare("function")
def _misspell_function(module: JsonObject, source: random.Random) -> bool:
    def change(text: str) -> str:
        return re.sub(r"\b([a-zA-Z]{4,})\(", lambda match: f"{misspell(match[1], source)}(", text, count=1)

    return _change_text(module, change)


@_declare("output field")
def _misspell_output(module: JsonObject, source: random.Random) -> bool:
    def change(text: str) -> str:
        return re.sub(
            r"(?<=\{\{)([0-9]+)\.([a-zA-Z]{4,})",
            lambda match: f"{match[1]}.{misspell(match[2], source)}",
            text,
            count=1,
        )

    return _change_text(module, change)


@_declare("reference")
def _break_reference(module: JsonObject, source: random.Random) -> bool:
    return _change_text(module, lambda text: re.sub(r"(?<=\{\{)[0-9]+\.", "99.", text, count=1))


@_declare("commas")
def _use_commas(module: JsonObject, source: random.Random) -> bool:
    return _change_text(module, lambda text: re.sub(r"(\([^()'\"]*)\s*; ", r"\1, ", text, count=1))


@_declare("bracket")
def _drop_bracket(module: JsonObject, source: random.Random) -> bool:
    return _change_text(module, lambda text: text.replace(")}}", "}}", 1))


@_declare("operator")
def _misspell_operator(module: JsonObject, source: random.Random) -> bool:
    groups = (module.get("filter") or {}).get("conditions") or []
    conditions = [condition for group in groups for condition in group if condition.get("o")]
    if not conditions:
        return False
    condition = source.choice(conditions)
    condition["o"] = misspell(condition["o"], source)
    return True


@_declare("source of an aggregator")
def _drop_feeder(module: JsonObject, source: random.Random) -> bool:
    return (module.get("parameters") or {}).pop("feeder", None) is not None


@_declare("id")
def _drop_id(module: JsonObject, source: random.Random) -> bool:
    return module.pop("id", None) is not None


@_declare("repeated id")
def _repeat_id(module: JsonObject, source: random.Random) -> bool:
    if module.get("id") in (None, 1):
        return False
    module["id"] = 1
    return True


def _change_text(module: JsonObject, change: Callable[[str], str]) -> bool:
    """Changes the first text with an expression that it can."""
    pending: list[Any] = [module.get("mapper")]
    while pending:
        container = pending.pop(0)
        items = (
            list(container.items())
            if isinstance(container, dict)
            else list(enumerate(container))
            if isinstance(container, list)
            else []
        )
        for key, value in items:
            if isinstance(value, str) and "{{" in value:
                container[key] = change(value)
                if container[key] != value:
                    return True
            pending.append(value)
    return False
