"""Scripted modules of one world, from tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..client.control import drop_none
from ..client.responses import DeclaredModule, ModuleScript
from ..module_catalogue import ModuleKind
from .rows import RemoteSequence

#: Output of a search that found nothing and continues.
NO_RESULTS: Mapping[str, Any] = {"__IMTLENGTH__": 0}


class WorldModules(RemoteSequence[ModuleScript]):
    """Scripts of modules: their outputs, errors and durations in every run of the world. Iterating shows them with ``hits``."""

    def script(
        self,
        module: str,
        *,
        output: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        error: str | Mapping[str, str] | None = None,
        no_results: bool = False,
        times: int | None = None,
        duration_ms: int | None = None,
    ) -> ModuleScript:
        """Scripts a module such as ``slack:CreateMessage``, in place of an earlier script of it; returns the script.

        Args:
            output: the bundle that it outputs, or a list of them.
            error: the error that it fails with: ``{"name": "RateLimitError", "message": …}``, or the name alone.
            no_results: a search that finds nothing and continues, with an empty bundle whose ``__IMTLENGTH__`` is 0;
                for one that ends the flow the ``output`` is an empty list.
            times: script only the next so many operations.
            duration_ms: how much longer each operation takes, in the world's time.

        Raises:
            ControlError: if the script is invalid.
        """
        if no_results and output is not None:
            raise TypeError("a script has an output or no results, not both")
        body = drop_none(
            output=NO_RESULTS if no_results else output,
            error={"name": error} if isinstance(error, str) else error,
            times=times,
            durationMs=duration_ms,
        )
        script: ModuleScript = self._client.call("PUT", "modules", module, body=body)["module"]
        return script

    def declare(
        self,
        module: str,
        *,
        versions: Sequence[int] = (),
        kind: ModuleKind = "action",
        connection_types: Sequence[str] | None = None,
        connection_parameter: str = "__IMTCONN__",
        parameters: Sequence[Mapping[str, Any]] = (),
        mapper: Sequence[Mapping[str, Any]] = (),
        output: Sequence[Mapping[str, Any]] = (),
    ) -> DeclaredModule:
        """Declares a module of an organization's own app, or another one that the catalogue does not know; returns the declaration.

        Args:
            versions: those that exist; none for any.
            kind: such as ``action``, ``search`` or ``trigger-instant``.
            connection_types: the types of connections that it needs one of; None if it needs no connection.
            connection_parameter: the parameter that holds the connection.
            parameters, mapper, output: its fields, ``{"name", "type", "required"?, "options"?, "spec"?}``; mock data have those
                of the output.

        Raises:
            ControlError: if the declaration is invalid.
        """
        connection = {"parameter": connection_parameter, "types": list(connection_types or ())}
        body = drop_none(
            versions=list(versions),
            kind=kind,
            connection=connection if connection_types is not None else None,
            parameters=list(parameters),
            mapper=list(mapper),
            output=list(output),
        )
        declared: DeclaredModule = self._client.call("PUT", "declared-modules", module, body=body)["module"]
        return declared

    def withdraw(self, module: str) -> None:
        """Withdraws the declaration of a module; scenarios that have it stay."""
        self._client.call("DELETE", "declared-modules", module)

    def declared(self) -> list[DeclaredModule]:
        """Returns the declared modules."""
        rows: list[DeclaredModule] = self._client.call("GET", "declared-modules")["modules"]
        return rows

    def clear(self, module: str | None = None) -> None:
        """Removes the script of a module, or all scripts."""
        self._client.call("DELETE", "modules", *([module] if module else []))

    def all(self) -> list[ModuleScript]:
        """Returns the scripts."""
        rows: list[ModuleScript] = self._client.call("GET", "modules")["modules"]
        return rows
