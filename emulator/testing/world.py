"""One isolated Make, as a test sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from .control import Control


class WorldClock:
    """The clock of a world. Nothing in it waits for real time to pass."""

    def __init__(self, control: Control, world: str) -> None:
        self._control = control
        self._world = world

    @property
    def now(self) -> str:
        """The world's time, ISO 8601."""
        return str(self._get()["now"])

    @property
    def frozen(self) -> bool:
        return bool(self._get()["frozen"])

    def set(self, now: str) -> None:
        """Jump to a time, e.g. ``2026-01-01T00:00:00Z``."""
        self._patch({"now": now})

    def freeze(self, at: str | None = None) -> None:
        """Stop the clock, where it stands or at a time."""
        self._patch({"frozen": True} if at is None else {"now": at, "frozen": True})

    def unfreeze(self) -> None:
        self._patch({"frozen": False})

    def advance(self, seconds: float = 0, *, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Jump ahead; what fell due in between has happened by the next request."""
        total = seconds + 60 * (minutes + 60 * (hours + 24 * days))
        self._control.call("POST", "worlds", self._world, "clock", "advance", body={"seconds": total})

    def _get(self) -> Any:
        return self._control.call("GET", "worlds", self._world, "clock")

    def _patch(self, body: dict[str, Any]) -> None:
        self._control.call("PATCH", "worlds", self._world, "clock", body=body)


class WorldRequests(Sequence[dict[str, Any]]):
    """The requests that a world received, oldest first; secrets are masked."""

    def __init__(self, control: Control, world: str) -> None:
        self._control = control
        self._world = world

    def all(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._control.call("GET", "worlds", self._world, "requests")["requests"]
        return rows

    def matching(self, method: str, path: str) -> list[dict[str, Any]]:
        """The requests of a method whose path, without ``/api/v2``, fits a glob such as ``/scenarios/*/run``."""
        return [row for row in self.all() if row["method"] == method and fnmatchcase(row["path"], path)]

    def assert_called(self, method: str, path: str, *, times: int | None = None) -> None:
        """Assert that such a request came, or came exactly so many times.

        Raises:
            AssertionError: with the requests that did come.
        """
        count = len(self.matching(method, path))
        if count == times or (times is None and count):
            return
        wanted = "at least once" if times is None else f"{times} time(s)"
        came = "\n".join(f"  {row['sentence']}" for row in self.all()) or "  (nothing at all)"
        raise AssertionError(
            f"expected {method} {path} {wanted}, but it came {count} time(s); this came:\n{came}"
        )

    def clear(self) -> None:
        self._control.call("DELETE", "worlds", self._world, "requests")

    def __len__(self) -> int:
        return len(self.all())

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.all())

    def __getitem__(self, index: Any) -> Any:
        return self.all()[index]


class World:
    """An isolated Make on a running emulator: its address, its token, its clock, its journal."""

    def __init__(self, control: Control, description: dict[str, Any]) -> None:
        self._control = control
        self.name: str = description["name"]
        self.base_url: str = description["baseUrl"]
        self.token: str = description["token"]
        self.organization_id: int = description["organizationId"]
        self.team_id: int = description["teamId"]
        self.user_id: int = description["userId"]
        self.zone: str = description["zone"]
        self.plan: str = description["plan"]
        self.clock = WorldClock(control, self.name)
        self.requests = WorldRequests(control, self.name)

    @property
    def headers(self) -> dict[str, str]:
        """The ready Authorization header."""
        return {"Authorization": f"Token {self.token}"}

    def create_token(self, scopes: Sequence[str], *, user_id: int | None = None) -> str:
        """Make another token of this world."""
        body = {"scopes": list(scopes), "userId": user_id}
        return str(self._control.call("POST", "worlds", self.name, "tokens", body=body)["token"])

    def reset(self) -> None:
        """Take the world back to its seed."""
        self._control.call("POST", "worlds", self.name, "reset")

    def delete(self) -> None:
        """Delete the world; its tokens are unknown from then on."""
        self._control.call("DELETE", "worlds", self.name)

    def __repr__(self) -> str:
        return f"<World {self.name!r} at {self.base_url}>"
