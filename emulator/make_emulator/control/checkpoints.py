"""Checkpoints of a world in the control API: the changes since one, and their undoing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Blueprint, Response

from ..http.errors import ConflictError, ResourceNotFoundError, ServiceUnavailableError
from ..http.responses import json_response
from ..json_types import Json
from ..redaction.masking import TRACE_REDACTOR
from ..registry import WorldHandle, WorldRegistry
from ..world import checkpoints
from ..world.checkpoints import ChangeView, Checkpoint, Undo, UndoError, UnknownChangeError
from ..world.clock import format_iso
from ..world.world import World
from .params import bad_request, parse_body
from .snapshots import RUN_TIMEOUT
from .worlds import find_world

MAX_NAME_LENGTH = 100


def add_routes(blueprint: Blueprint, registry: WorldRegistry) -> None:
    """Add the routes to the control API."""

    @blueprint.get("/worlds/<name>/checkpoints")
    def list_checkpoints(name: str) -> Response:
        """Checkpoints of a world, the oldest first."""
        handle = find_world(registry, name)
        with handle.locked():
            return json_response({"checkpoints": [describe(each) for each in handle.checkpoints]})

    @blueprint.post("/worlds/<name>/checkpoints")
    def create_checkpoint(name: str) -> Response:
        """Creates a checkpoint of the present state, `{"name"}`; of more than 50 the oldest is forgotten."""
        handle = find_world(registry, name)
        label = parse_body({"name": (str,)}).get("name", "")
        if label in ("", ".", "..") or "/" in label or len(label) > MAX_NAME_LENGTH:
            raise bad_request(
                f"Parameter 'name' must be a text of up to {MAX_NAME_LENGTH} characters without a slash."
            )
        with _settled(handle, for_change=False) as world:
            try:
                checkpoint = handle.checkpoints.create(world, label)
            except ValueError as error:
                raise bad_request(f"The checkpoint cannot be created: {error}.") from None
        return json_response({"checkpoint": describe(checkpoint)}, 201)

    @blueprint.get("/worlds/<name>/checkpoints/<checkpoint>/changes")
    def list_changes(name: str, checkpoint: str) -> Response:
        """The changes since a checkpoint: what was created, changed and deleted, with secrets masked; executions and logs are counted."""
        return json_response(changes_since(find_world(registry, name), checkpoint))

    @blueprint.post("/worlds/<name>/checkpoints/<checkpoint>/undo")
    def undo(name: str, checkpoint: str) -> Response:
        """Undoes all changes since a checkpoint but those of clock and request log, or one: `{"kind", "id"}` of the list of changes."""
        handle = find_world(registry, name)
        params = parse_body({"kind": (str,), "id": (int, str, list)})
        if len(params) == 1:
            raise bad_request("Parameters 'kind' and 'id' belong together.")
        with _settled(handle, for_change=True) as world:
            found = find_checkpoint(handle, checkpoint)
            view = _view(handle, world, found)
            if params:
                undone = [_undo_one(registry, handle, found, params["kind"], params["id"])]
            else:
                undone = checkpoints.changes(world, found)
                try:
                    registry.replace(handle, checkpoints.restore(world, found))
                except ValueError as error:
                    raise ConflictError(f"The changes cannot be undone: {error}.") from None
            return json_response({"undone": [view.summarize(each) for each in undone]})


def changes_since(handle: WorldHandle, name: str) -> dict[str, Json]:
    """Returns a checkpoint and the changes since, as the control API and the page show them.

    Raises:
        ResourceNotFoundError: if there is no such checkpoint.
    """
    with handle.locked() as world:
        checkpoint = find_checkpoint(handle, name)
        view = _view(handle, world, checkpoint)
        return {
            "checkpoint": describe(checkpoint),
            "changes": [view.describe(each) for each in checkpoints.changes(world, checkpoint)],
            "counts": {**checkpoints.count_history(world, checkpoint)},
        }


def find_checkpoint(handle: WorldHandle, name: str) -> Checkpoint:
    """Returns the checkpoint of that name.

    Raises:
        ResourceNotFoundError: if there is none.
    """
    checkpoint = handle.checkpoints.get(name)
    if checkpoint is None:
        raise ResourceNotFoundError(f"There is no checkpoint named '{name}' in that world.")
    return checkpoint


def describe(checkpoint: Checkpoint) -> dict[str, Json]:
    """Returns a checkpoint as JSON."""
    return {"name": checkpoint.name, "at": format_iso(checkpoint.at)}


@contextmanager
def _settled(handle: WorldHandle, *, for_change: bool) -> Iterator[World]:
    """The world, locked, with no run in progress."""
    with handle.locked(for_change=for_change) as world:
        if not world.wait_for_runs(RUN_TIMEOUT) or world is not handle.world:
            raise ServiceUnavailableError(
                "A scenario is running; a checkpoint would hold half of its changes."
            )
        yield world


def _view(handle: WorldHandle, world: World, checkpoint: Checkpoint) -> ChangeView:
    secrets = handle.secret_values()
    return ChangeView(world, checkpoint, lambda earlier: TRACE_REDACTOR.with_secrets(secrets | earlier))


def _undo_one(
    registry: WorldRegistry, handle: WorldHandle, checkpoint: Checkpoint, kind: str, id: Json
) -> checkpoints.RowChange:
    try:
        undo = Undo(handle.world, checkpoint, kind, id)
        registry.reserve_lookup_keys(handle, undo.lookup_keys())
    except UnknownChangeError as error:
        raise ResourceNotFoundError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
    except (UndoError, ValueError) as error:
        raise ConflictError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
    undo.apply()
    return undo.change
