"""Checkpoints: named states of a world in memory, the changes since one, and their undoing, of all or of a single one.

Rows never change, so a checkpoint holds references; tables without a change between two checkpoints share them.
"""

from __future__ import annotations

import hashlib
import weakref
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import field, fields, replace
from itertools import chain
from typing import Any

import orjson

from ..json_types import Json
from ..lazy_dataclasses import dataclass
from ..redaction.masking import OutputRedactor, mask_all
from ..redaction.secret_values import SecretValues
from . import blueprint_refs, data_stores, snapshot, state_copies
from .models import BlueprintVersion, Hook, Scenario
from .schema import TABLES, TableSpec, collect_secrets
from .world import World

#: The most checkpoints of a world; a further one takes the place of the oldest.
MAX_CHECKPOINTS = 50

#: Dicts of a world whose entries are changes of their own -> their kind.
_DICT_KINDS = {"settings": "setting", "scripts": "moduleScript"}

#: Fields that follow from other rows, by table.
_DERIVED_FIELDS: Mapping[str, frozenset[str]] = {"data_stores": frozenset(["records", "size"])}

_Rows = Mapping[Any, Any]


class UndoError(Exception):
    """Change that cannot be undone; the text says why, and nothing was changed."""


class UnknownChangeError(Exception):
    """Change that does not exist, or cannot be undone by itself."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """State of a world at a moment."""

    name: str
    #: The moment by the world's clock, in milliseconds.
    at: int
    #: Table or dict -> key -> row or entry.
    parts: Mapping[str, _Rows]
    scalars: Mapping[str, Any]
    #: The state of the generators of ids.
    ids: Mapping[str, Any]
    #: The world, and the revisions of its tables; after a reset or a restore it is another.
    world: weakref.ref[World] = field(repr=False)
    revisions: Mapping[str, int] = field(repr=False)

    def is_unchanged(self, world: World, table: str) -> bool:
        """Returns true if a table of a world has had no change since."""
        return self.world() is world and self.revisions[table] == world.table(table).revision


class Checkpoints:
    """Checkpoints of one world, the oldest first; the caller holds the lock of the world."""

    def __init__(self) -> None:
        self._by_name: dict[str, Checkpoint] = {}

    def __len__(self) -> int:
        return len(self._by_name)

    def __iter__(self) -> Iterator[Checkpoint]:
        return iter(list(self._by_name.values()))

    def get(self, name: str) -> Checkpoint | None:
        return self._by_name.get(name)

    def create(self, world: World, name: str) -> Checkpoint:
        """Create a checkpoint of the present state.

        Raises:
            ValueError: if there is one of that name.
        """
        if name in self._by_name:
            raise ValueError(f"there is a checkpoint named '{name}' already")
        latest = next(reversed(self._by_name.values()), None)
        checkpoint = self._by_name[name] = _take(world, name, latest)
        while len(self._by_name) > MAX_CHECKPOINTS:
            del self._by_name[next(iter(self._by_name))]
        return checkpoint

    def clear(self) -> None:
        """Forget every checkpoint."""
        self._by_name.clear()


def _take(world: World, name: str, latest: Checkpoint | None) -> Checkpoint:
    parts: dict[str, _Rows] = {}
    for table in TABLES:
        shared = latest is not None and latest.is_unchanged(world, table)
        parts[table] = (
            latest.parts[table] if latest is not None and shared else dict(world.table(table).items())
        )
    parts |= state_copies.copy_dicts(world)
    return Checkpoint(
        name=name,
        at=world.now(),
        parts=parts,
        scalars={scalar: getattr(world, scalar) for scalar in snapshot.SCALARS},
        ids=world.ids.state(),
        world=weakref.ref(world),
        revisions={table: world.table(table).revision for table in TABLES},
    )


# --- changes -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RowChange:
    """Row or entry that differs between a checkpoint and the present; ``None`` stands for none."""

    part: str
    key: Any
    kind: str
    #: The key as JSON; a digest of one that is a secret.
    id: Json
    before: Any
    after: Any

    @property
    def change(self) -> str:
        """``created``, ``changed`` or ``deleted``."""
        if self.before is None:
            return "created"
        return "deleted" if self.after is None else "changed"


def changes(world: World, checkpoint: Checkpoint) -> list[RowChange]:
    """Returns the changes since a checkpoint, without those of history, in the order of the tables."""
    found = [
        change
        for table, spec in TABLES.items()
        if not spec.is_history
        for change in _changes_of_table(world, checkpoint, table)
    ]
    for part, kind in _DICT_KINDS.items():
        pairs = _differences(checkpoint.parts[part], getattr(world, part))
        found += [RowChange(part, key, kind, key, before, after) for key, before, after in pairs]
    return found


def count_history(world: World, checkpoint: Checkpoint) -> dict[str, dict[str, int]]:
    """Returns kind of history, such as ``execution`` -> change -> the number of such rows."""
    counts: dict[str, Counter[str]] = {}
    for table, spec in TABLES.items():
        if spec.is_history:
            for change in _changes_of_table(world, checkpoint, table):
                counts.setdefault(change.kind, Counter())[change.change] += 1
    return {kind: dict(numbers) for kind, numbers in counts.items()}


def _changes_of_table(world: World, checkpoint: Checkpoint, name: str) -> Iterator[RowChange]:
    if checkpoint.is_unchanged(world, name):
        return
    spec, derived = TABLES[name], _DERIVED_FIELDS.get(name)
    for key, before, after in _differences(checkpoint.parts[name], dict(world.table(name).items())):
        row = before if after is None else after
        if derived and before is not None and after is not None:
            same = {each: getattr(after, each) for each in derived}
            if replace(before, **same) == after:
                continue
        yield RowChange(name, key, spec.kind_of(row), _public_id(spec, key, row), before, after)


def _differences(before: _Rows, after: _Rows) -> Iterator[tuple[Any, Any, Any]]:
    for key, old in before.items():
        new = after.get(key)
        if new is not old and new != old:
            yield key, old, new
    for key, new in after.items():
        if key not in before:
            yield key, None, new


def _public_id(spec: TableSpec, key: Any, row: Any) -> Json:
    """Returns a key as JSON; in place of a secret one its digest, which is as good for telling rows apart."""
    if isinstance(key, str):
        is_secret = spec.key in spec.secret_fields or (
            spec.secret_texts is not None and any(each.text == key for each in spec.secret_texts(row))
        )
        return hashlib.sha256(key.encode()).hexdigest()[:16] if is_secret else key
    return list(key) if isinstance(key, tuple) else key


# --- views ---------------------------------------------------------------------------------------


class ChangeView:
    """View of changes as JSON, with secrets masked.

    Args:
        redactor: the redactor of the world.
    """

    def __init__(
        self, world: World, checkpoint: Checkpoint, redactor: Callable[[SecretValues], OutputRedactor]
    ) -> None:
        self._blueprints = {"before": checkpoint.parts["blueprints"], "after": dict(world.blueprints.items())}
        # Those of rows that were deleted since are secrets still.
        self._redactor = redactor(collect_secrets({name: checkpoint.parts[name].values() for name in TABLES}))

    def summarize(self, change: RowChange) -> dict[str, Json]:
        """Returns kind, id and change, and the name of a row that has one."""
        row = change.before if change.after is None else change.after
        name = getattr(row, "name", None)
        view: dict[str, Json] = {"kind": change.kind, "id": change.id, "change": change.change}
        if isinstance(name, str):
            view["name"] = name
        return {key: value if key == "change" else self._redactor.mask(value) for key, value in view.items()}

    def describe(self, change: RowChange) -> dict[str, Json]:
        """Returns the summary with the row before and after; of one that was changed, only what differs."""
        before, after = self._fields(change, "before"), self._fields(change, "after")
        if before is not None and after is not None:
            before, after = _differing(before, after)
        view = self.summarize(change)
        for side, values in (("before", before), ("after", after)):
            if values is not None:
                view[side] = self._mask(change.part, values)
        return view

    def _fields(self, change: RowChange, side: str) -> dict[str, Any] | None:
        row = getattr(change, side)
        if row is None:
            return None
        if change.part == "settings":
            return {"value": row}
        values: dict[str, Any] = orjson.loads(
            snapshot.dumps({each.name: getattr(row, each.name) for each in fields(row)})
        )
        for name in _DERIVED_FIELDS.get(change.part, ()) if change.change == "changed" else ():
            del values[name]
        if isinstance(row, Scenario):
            version = self._blueprints[side].get((row.id, row.blueprint_version))
            if version is not None:
                values["blueprint"] = orjson.loads(snapshot.dumps(version.blueprint))
        return values

    def _mask(self, part: str, values: Mapping[str, Any]) -> dict[str, Json]:
        sensitive = TABLES[part].sensitive_fields if part in TABLES else ()
        shown = {name: mask_all(value) if name in sensitive else value for name, value in values.items()}
        masked = self._redactor.mask(shown)
        return {_camel_case(name): value for name, value in masked.items()}


def _differing(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the members of two objects that differ, likewise those within them."""
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for name in {**before, **after}:
        if name not in before:
            new[name] = after[name]
        elif name not in after:
            old[name] = before[name]
        elif before[name] != after[name]:
            old[name], new[name] = before[name], after[name]
            if isinstance(old[name], dict) and isinstance(new[name], dict):
                old[name], new[name] = _differing(old[name], new[name])
    return old, new


def _camel_case(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


# --- undo ----------------------------------------------------------------------------------------


def restore(world: World, checkpoint: Checkpoint) -> World:
    """Returns a world in the state of a checkpoint, with the clock of the present one, whose place it can take."""
    restored = World(world.name, seed=checkpoint.scalars["seed"])
    restored.clock = world.clock
    for name, value in checkpoint.scalars.items():
        setattr(restored, name, value)
    state_copies.load(restored, checkpoint.parts, checkpoint.ids)
    return restored


class Undo:
    """Undoing of one change: what is put and removed, checked before anything is.

    A deleted row returns with the rows that were deleted with it; a created one goes with the rows that it owns. A scenario
    returns with its blueprints.

    Raises:
        UnknownChangeError: if there is no such change since the checkpoint.
        UndoError: if another row is in the way.
    """

    def __init__(self, world: World, checkpoint: Checkpoint, kind: str, id: Json) -> None:
        self._world = world
        self._checkpoint = checkpoint
        found = [each for each in changes(world, checkpoint) if each.kind == kind and each.id == id]
        if not found:
            raise UnknownChangeError(f"no {kind} {_text(id)} was changed since the checkpoint")
        [self.change] = found
        self._puts: dict[str, dict[Any, Any]] = {}
        self._removed: dict[str, dict[Any, Any]] = {}
        if self.change.part in TABLES:
            self._plan()
            self._check()

    def lookup_keys(self) -> list[str]:
        """Returns the keys of the rows to put by which a server finds the world."""
        return [
            key
            for name, rows in self._puts.items()
            if (lookup := TABLES[name].lookup_key)
            for row in rows.values()
            if (key := getattr(row, lookup)) is not None
        ]

    def apply(self) -> None:
        """Undo the change; the caller holds the lock of the world since the creation of this object."""
        world, change = self._world, self.change
        if change.part not in TABLES:
            entries = getattr(world, change.part)
            if change.before is None:
                entries.discard(change.key)
            else:
                entries[change.key] = change.before
            return
        for name in reversed(TABLES):
            for key in self._removed.get(name, ()):
                if key in world.table(name):
                    world.table(name).remove(key)
        for name in TABLES:
            for row in self._puts.get(name, {}).values():
                world.table(name).put(row)
        for key, count in self._checkpoint.parts["increments"].items():
            if key[0] in self._puts.get("scenarios", {}) and change.after is None:
                world.increments[key] = count
        for scenario in self._removed.get("scenarios", ()):
            for key in [key for key in world.increments if key[0] == scenario]:
                del world.increments[key]
        data_stores.count_records(world)

    def _plan(self) -> None:
        change = self.change
        if change.before is None:
            self._remove(change.part, change.key)
            return
        self._put(change.part, change.key, change.before, with_owned=change.after is None)
        if change.part == "scenarios" and change.after is not None:
            versions = self._checkpoint.parts["blueprints"]
            for row in self._world.blueprints.where(scenario=change.key):
                if (row.scenario_id, row.version) not in versions:
                    self._remove("blueprints", (row.scenario_id, row.version))
            for key, row in versions.items():
                if key[0] == change.key and self._world.blueprints.get(key) != row:
                    self._puts.setdefault("blueprints", {})[key] = row

    def _put(self, name: str, key: Any, row: Any, *, with_owned: bool) -> None:
        self._puts.setdefault(name, {})[key] = row
        if not with_owned:
            return
        for owned, index in _owned_by(name):
            # The deletion of a scenario has returned what instant retries held to the queue of its hook.
            if owned == "reruns":
                continue
            table = self._world.table(owned)
            for each_key, each in self._checkpoint.parts[owned].items():
                if each_key not in table and table.index_value(index, each) == key:
                    self._put(owned, each_key, each, with_owned=True)

    def _remove(self, name: str, key: Any) -> None:
        self._removed.setdefault(name, {})[key] = self._world.table(name)[key]
        for owned, index in _owned_by(name):
            table, key_of = self._world.table(owned), TABLES[owned].key_of
            for row in table.where(**{index: key}):
                self._remove(owned, key_of(row))

    def _check(self) -> None:
        change = f"{self.change.kind} {_text(self.change.id)}"
        for name, rows in self._puts.items():
            spec, table = TABLES[name], self._world.table(name)
            for key, row in rows.items():
                for target, value in _targets(self._world, name, row):
                    if value in self._checkpoint.parts[target] and not self._will_exist(target, value):
                        raise UndoError(
                            f"{change} cannot be undone: {_label(spec, key, row)} refers to"
                            f" {_kind(target)} {_text(value)}, which does not exist"
                        )
                for index in spec.unique:
                    value = table.index_value(index, row)
                    for other in table.where(**{index: value}) if value is not None else ():
                        if (other_key := spec.key_of(other)) != key and not self._is_removed(name, other_key):
                            raise UndoError(
                                f"{change} cannot be undone: {_label(spec, other_key, other)} has its {index} now"
                            )
        for name, spec in TABLES.items():
            targets = {*spec.references.values(), *spec.links.values()}
            if name != "hooks" and not targets & self._removed.keys():
                continue
            for key, row in self._world.table(name).items():
                if self._is_removed(name, key) or key in self._puts.get(name, ()):
                    continue
                for target, value in _targets(self._world, name, row):
                    if self._is_removed(target, value):
                        raise UndoError(
                            f"{change} cannot be undone: {_label(spec, key, row)} refers to"
                            f" {_kind(target)} {_text(value)}"
                        )
        self._check_blueprints(change)
        if len(self._removed.get("tokens", ())) == len(self._world.tokens):
            raise UndoError(f"{change} cannot be undone: it is the last token of the world")

    def _check_blueprints(self, change: str) -> None:
        """Check the ids in the blueprints of scenarios: of those that return, and of those that stay."""
        versions = self._checkpoint.parts["blueprints"]
        for scenario in self._puts.get("scenarios", {}).values():
            for table, id in _used(versions.get((scenario.id, scenario.blueprint_version))):
                if id in self._checkpoint.parts[table] and not self._will_exist(table, id):
                    raise UndoError(
                        f"{change} cannot be undone: scenario {scenario.id} uses {_kind(table)} {id}, which does not exist"
                    )
        if not self._removed.keys() & _USED_TABLES.keys():
            return
        for scenario in self._world.scenarios:
            if self._is_removed("scenarios", scenario.id) or scenario.id in self._puts.get("scenarios", ()):
                continue
            version = self._world.blueprints.get((scenario.id, scenario.blueprint_version))
            for table, id in _used(version):
                if self._is_removed(table, id):
                    raise UndoError(
                        f"{change} cannot be undone: scenario {scenario.id} uses {_kind(table)} {id}"
                    )

    def _is_removed(self, name: str, key: Any) -> bool:
        return key in self._removed.get(name, ())

    def _will_exist(self, name: str, key: Any) -> bool:
        if key in self._puts.get(name, ()):
            return True
        return key in self._world.table(name) and not self._is_removed(name, key)


#: Tables of what modules of a blueprint use -> the kind of the resource.
_USED_TABLES = {
    name: spec.resource for name, spec in TABLES.items() if spec.resource in blueprint_refs.REFERENCE_FIELDS
}


def _used(version: BlueprintVersion | None) -> Iterator[tuple[str, int]]:
    """Yields the tables and ids of the resources that the modules of a blueprint use."""
    if version is not None:
        for table, kind in _USED_TABLES.items():
            for id in blueprint_refs.find_references(version.blueprint, kind):
                yield table, id


def _owned_by(name: str) -> list[tuple[str, str]]:
    """Returns the tables that a table owns, each with the index that holds the keys of the owners."""
    return [(owned, spec.owners[name]) for owned, spec in TABLES.items() if name in spec.owners]


def _targets(world: World, name: str, row: Any) -> Iterator[tuple[str, Hashable]]:
    """Yields the tables and keys of the rows that a row names or is owned by."""
    spec, table = TABLES[name], world.table(name)
    for each, target in chain(spec.references.items(), spec.links.items()):
        value = getattr(row, each)
        if value is not None:
            yield target, value
    for owner, index in spec.owners.items():
        value = table.index_value(index, row)
        if value is not None:
            yield owner, value
    if isinstance(row, Hook):
        connection = row.data.get(blueprint_refs.REFERENCE_FIELDS["connection"][0])
        if isinstance(connection, int):
            yield "connections", connection


def _kind(table: str) -> str:
    spec = TABLES[table]
    return spec.kind_of_class(spec.rows[0])


def _label(spec: TableSpec, key: Any, row: Any) -> str:
    return f"{spec.kind_of(row)} {_text(_public_id(spec, key, row))}"


def _text(id: Any) -> str:
    return "/".join(map(str, id)) if isinstance(id, (list, tuple)) else str(id)
