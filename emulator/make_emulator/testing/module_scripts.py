"""The scripted modules of a world, as a test asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .rows import RemoteSequence


class WorldModules(RemoteSequence):
    """What modules answer in a run, in every scenario of the world. Iterating shows the scripts with ``hits``."""

    def script(
        self,
        module: str,
        *,
        output: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        error: str | Mapping[str, str] | None = None,
        times: int | None = None,
        duration_ms: int | None = None,
    ) -> dict[str, Any]:
        """Script a module such as ``slack:CreateMessage``, in place of an earlier script of it; returns the script.

        Args:
            output: the bundle that it puts out, or a list of them.
            error: what it fails with: ``{"name": "RateLimitError", "message": …}``, or the name alone.
            times: script only the next so many operations.
            duration_ms: how much longer each operation takes, in the world's time.
        """
        wishes = {
            "output": output,
            "error": {"name": error} if isinstance(error, str) else error,
            "times": times,
            "durationMs": duration_ms,
        }
        body = {field: wish for field, wish in wishes.items() if wish is not None}
        script: dict[str, Any] = self._control.call(
            "PUT", "worlds", self._world, "modules", module, body=body
        )["module"]
        return script

    def clear(self, module: str | None = None) -> None:
        """Let a module, or all of them, do again what they do by themselves."""
        self._control.call("DELETE", "worlds", self._world, "modules", *([module] if module else []))

    def all(self) -> list[dict[str, Any]]:
        """The scripts."""
        rows: list[dict[str, Any]] = self._control.call("GET", "worlds", self._world, "modules")["modules"]
        return rows
