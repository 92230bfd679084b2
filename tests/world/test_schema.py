"""The declared list of tables: everything that is known of a table follows from its declaration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import orjson
import pytest

from helpers.api import ApiClient
from make_emulator.http import endpoint
from make_emulator.redaction.rules import MASK
from make_emulator.world import organizations, snapshot
from make_emulator.world.exceptions import NotFoundError
from make_emulator.world.schema import (
    TABLES,
    Tables,
    TableSpec,
    path_parameter_kinds,
    table,
    text_id_parameters,
)
from make_emulator.world.snapshot_reader import InvalidSnapshotError
from make_emulator.world.tables import Table
from make_emulator.world.visibility import Visibility
from make_emulator.world.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    id: int
    team_id: int
    title: str
    secret: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    id: str
    book_id: int


class Library(Tables):
    """Two tables that a later release might have: all that their declaration takes."""

    books: Table[int, Book] = table(
        Book,
        indexes={"team": "team_id"},
        owners={"teams": "team"},
        references={"team_id": "teams"},
        resource="book",
        is_optional=True,
        sensitive_fields=("secret",),
    )
    chapters: Table[tuple[int, str], Chapter] = table(
        Chapter,
        key=("book_id", "id"),
        indexes={"book": "book_id"},
        owners={"books": "book"},
        references={"book_id": "books"},
        resource="chapter",
        has_text_id=True,
        is_optional=True,
    )


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A world with two teams, a book in each, and chapters in the books."""
    for name in ("books", "chapters"):
        monkeypatch.setitem(TABLES, name, vars(Library)[name])
    world = World("library")
    user = organizations.create_user(world, name="Ann", email="ann@example.com")
    organizations.create_token(world, user, ["teams:read"], label="key")
    organization, _ = organizations.create_organization(
        world, user, name="Readers", country_id=1, timezone_id=1
    )
    for number in (1, 2):
        team, _ = organizations.create_team(world, user, organization, name=f"Team {number}")
        world.table("books").put(Book(id=number, team_id=team.id, title="Dune", secret="spice"))
        for id in ("a", "b"):
            world.table("chapters").put(Chapter(id=id, book_id=number))
    return world


def document(world: World) -> dict[str, Any]:
    taken: dict[str, Any] = orjson.loads(snapshot.dumps(snapshot.take(world)))
    return taken


def test_a_declared_table_is_a_table_of_every_world(world: World) -> None:
    assert [book.id for book in world.table("books").where(team=2)] == [2]
    assert world.table("chapters")[1, "b"] == Chapter(id="b", book_id=1)


def test_a_declared_table_is_a_section_of_a_snapshot(world: World) -> None:
    taken = document(world)
    assert taken["rows"]["books"][0] == {"id": 1, "team_id": 1, "title": "Dune", "secret": "spice"}
    twin = snapshot.restore(taken, "twin")
    assert list(twin.table("books")) == list(world.table("books"))
    assert list(twin.table("chapters").where(book=2)) == list(world.table("chapters").where(book=2))


def test_a_snapshot_of_an_earlier_release_lacks_the_section(world: World) -> None:
    taken = document(world)
    del taken["rows"]["books"], taken["rows"]["chapters"]
    assert len(snapshot.restore(taken, "twin").table("books")) == 0


def test_a_restore_checks_the_declared_references(world: World) -> None:
    taken = document(world)
    taken["rows"]["chapters"][0]["book_id"] = 9
    with pytest.raises(InvalidSnapshotError, match="'chapters' refer to the book_id 9, which does not exist"):
        snapshot.restore(taken, "twin")


def test_redaction_masks_the_declared_fields(world: World) -> None:
    shown = next(iter(snapshot.redact(snapshot.take(world))["rows"]["books"]))
    assert shown == {"id": 1, "team_id": 1, "title": "Dune", "secret": MASK}


def test_a_declared_resource_is_found_by_those_who_see_its_team(world: World) -> None:
    assert Visibility(world, world.users[1]).find("book", 2).title == "Dune"
    stranger = organizations.create_user(world, name="Bob", email="bob@example.com")
    for user, id in ((stranger, 2), (world.users[1], 9)):
        with pytest.raises(NotFoundError, match=f"book '{id}' not found"):
            Visibility(world, user).find("book", id)


def test_a_declared_resource_is_a_path_parameter(world: World) -> None:
    assert {**path_parameter_kinds(), "privateSpaceId": "team"} == {
        **endpoint.PATH_PARAMETER_KINDS,
        "bookId": "book",
        "chapterId": "chapter",
    }
    assert text_id_parameters() == {*endpoint.TEXT_ID_PARAMETERS, "chapterId"}


def test_rows_go_with_the_row_that_owns_them(world: World) -> None:
    organizations.delete_team(world, world.teams[1], confirmed=True)
    assert [book.id for book in world.table("books")] == [2]
    assert [(chapter.book_id, chapter.id) for chapter in world.table("chapters")] == [(2, "a"), (2, "b")]
    organizations.delete_organization(world, world.organizations[1], confirmed=True)
    assert len(world.table("books")) == len(world.table("chapters")) == 0


# --- the declarations themselves -------------------------------------------------------------------


def each_row_class() -> Iterator[tuple[str, TableSpec, type]]:
    yield from ((name, spec, row) for name, spec in TABLES.items() for row in spec.rows)


def test_declarations_name_fields_tables_and_indexes_that_exist() -> None:
    for name, spec, row in each_row_class():
        known = {field.name for field in fields(row)}
        assert {*spec.references, *spec.sensitive_fields, *spec.secret_fields} <= known, name
        assert {*spec.references.values(), *spec.owners} <= TABLES.keys(), name
        assert set(spec.owners.values()) <= spec.indexes.keys(), name


def test_a_table_comes_after_those_that_it_refers_to() -> None:
    order = list(TABLES)
    for name, spec in TABLES.items():
        assert all(order.index(target) < order.index(name) for target in spec.references.values()), name


def test_deleting_an_organization_leaves_nothing_of_it(api: ApiClient) -> None:
    world = api.world
    kept = {name: len(world.table(name)) for name in ("users", "tokens", "oauth_clients", "public_templates")}
    for organization in list(world.organizations):
        organizations.delete_organization(world, organization, confirmed=True)
    assert {name: len(world.table(name)) for name in TABLES if len(world.table(name))} == {
        name: count for name, count in kept.items() if count
    }
