"""Hooks of the schemas: those that marshmallow finds, found faster."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

from marshmallow import post_load, pre_load, validates_schema
from marshmallow.schema import SchemaMeta

from make_emulator import schemas
from make_emulator.schemas.base import BodySchema, MakeSchema


def subclasses(cls: Any) -> Iterator[SchemaMeta]:
    for each in cls.__subclasses__():
        yield each
        yield from subclasses(each)


def test_every_schema_has_the_hooks_that_marshmallow_finds() -> None:
    for module in pkgutil.iter_modules(schemas.__path__, f"{schemas.__name__}."):
        importlib.import_module(module.name)
    found = list(subclasses(MakeSchema))
    assert len(found) > 100
    for schema in found:
        assert schema.resolve_hooks() == SchemaMeta.resolve_hooks(schema), schema
    assert any(schema.resolve_hooks() for schema in found)


def test_hooks_are_inherited_combined_and_overridden() -> None:
    class Base(BodySchema):
        @pre_load
        def first(self, data: Any, **_: Any) -> Any:
            return data

        @post_load
        @validates_schema
        def second(self, data: Any, **_: Any) -> Any:
            return data

    class Other(BodySchema):
        @pre_load(pass_collection=True)
        def another(self, data: Any, **_: Any) -> Any:
            return data

    class Derived(Other, Base):
        def first(self, data: Any, **_: Any) -> Any:
            return data

    for schema in (Base, Other, Derived):
        assert schema.resolve_hooks() == SchemaMeta.resolve_hooks(schema)
    assert set(Derived.resolve_hooks()) == set(Base.resolve_hooks())
    assert [name for name, _, _ in Derived.resolve_hooks()["pre_load"]] == ["another"]
