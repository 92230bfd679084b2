"""Scripted modules of one world, from tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..client.control import drop_none
from ..json_types import JsonObject
from .rows import RemoteSequence


class WorldModules(RemoteSequence):
    """Scripts of modules: their outputs, errors and durations in every run of the world. Iterating shows them with ``hits``."""

    def script(
        self,
        module: str,
        *,
        output: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        error: str | Mapping[str, str] | None = None,
        times: int | None = None,
        duration_ms: int | None = None,
    ) -> JsonObject:
        """Scripts a module such as ``slack:CreateMessage``, in place of an earlier script of it; returns the script.

        Args:
            output: the bundle that it outputs, or a list of them.
            error: the error that it fails with: ``{"name": "RateLimitError", "message": …}``, or the name alone.
            times: script only the next so many operations.
            duration_ms: how much longer each operation takes, in the world's time.

        Raises:
            ControlError: if the script is invalid.
        """
        body = drop_none(
            output=output,
            error={"name": error} if isinstance(error, str) else error,
            times=times,
            durationMs=duration_ms,
        )
        script: JsonObject = self._client.call("PUT", "modules", module, body=body)["module"]
        return script

    def clear(self, module: str | None = None) -> None:
        """Removes the script of a module, or all scripts."""
        self._client.call("DELETE", "modules", *([module] if module else []))

    def all(self) -> list[JsonObject]:
        """Returns the scripts."""
        rows: list[JsonObject] = self._client.call("GET", "modules")["modules"]
        return rows
