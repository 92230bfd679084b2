"""Agents of a world, from tests: their grants, and assertions on what they did and on what was refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal

from ..client.control import ControlError, WorldClient, drop_none
from ..client.responses import RequestRow
from ..json_types import Json, JsonObject
from ..plain_text import pluralize
from ..policies.decision import is_allowed
from ..policies.grants import parse_grants
from ..policies.resources import parse_access
from ..world.models import Agent

#: How many requests a failed assertion shows.
_MAX_REQUESTS_SHOWN = 8

_DENIED = "refused: policy"


class WorldAgent:
    """Agent of a world: its token, its grants, and its requests."""

    def __init__(self, client: WorldClient, description: JsonObject) -> None:
        self._client = client
        self.name: str = description["name"]
        #: Its token; ``None`` for an agent with an OAuth client alone.
        self.token: str | None = description["token"]
        self.oauth_client: str | None = description["oauthClient"]
        #: ``check`` if the modules of the runs that it starts need its grants too, else ``trust``.
        self.runs: str = description["runs"]

    @property
    def headers(self) -> dict[str, str]:
        """Authorization header with the agent's token.

        Raises:
            ValueError: if it has an OAuth client alone.
        """
        if self.token is None:
            raise ValueError(f"the agent {self.name} has no token, but an OAuth client")
        return {"Authorization": f"Token {self.token}"}

    @property
    def allow(self) -> JsonObject:
        """The grants of the agent."""
        allow: JsonObject = self._client.call("GET", "agents", self.name)["agent"]["allow"]
        return allow

    def grant(self, allow: Mapping[str, Json]) -> None:
        """Replaces the grants of the agent."""
        self._client.call("PUT", "agents", self.name, body={"allow": dict(allow)})

    def requests(self) -> list[RequestRow]:
        """Returns the requests of the agent that the log has, oldest first, with the accesses that each needed."""
        query = {"agent": self.name}
        rows: list[RequestRow] = self._client.call("GET", "requests", query=query)["requests"]
        return rows

    def assert_only_used(self, allow: Mapping[str, Json]) -> None:
        """Asserts that these grants suffice for all that the agent did; requests that its policy refused do not count.

        Args:
            allow: grants as in a seed, e.g. ``{"scenarios": "read", "scenarios/1": ["read", "run"]}``.

        Raises:
            AssertionError: with the requests that need more.
            ValueError: if the grants are not valid.
        """
        __tracebackhide__ = True
        agent = Agent(name=self.name, grants=parse_grants(dict(allow)), created=0)
        excess = []
        for row in self.requests():
            more = [text for text in row["accesses"] if not is_allowed(agent, parse_access(text))]
            if more and row["decision"] != _DENIED:
                excess.append(f"  {', '.join(more)}: {row['statement']}")
        if excess:
            raise AssertionError(
                f"expected the agent {self.name} to use what these grants allow only, but"
                f" {pluralize(len(excess), 'request')} needed more:\n"
                + "\n".join(excess[:_MAX_REQUESTS_SHOWN])
            )

    def assert_denied(self, access: str = "*", *, times: int | None = None) -> None:
        """Asserts that the policy refused a request of the agent, or a module of a run that it started, or exactly so many requests.

        Args:
            access: the missing grant, e.g. ``scenarios/1: run``, or a glob such as ``scenarios/*: run``.

        Raises:
            AssertionError: with the requests of the agent.
        """
        __tracebackhide__ = True
        rows = self.requests()
        count = sum(any(fnmatchcase(text, access) for text in _denied(row)) for row in rows)
        if count == times or (times is None and count):
            return
        expected = "at least once" if times is None else pluralize(times, "time")
        sentences = "".join(f"\n  {row['statement']}" for row in rows[-_MAX_REQUESTS_SHOWN:])
        raise AssertionError(
            f"expected that {access!r} is denied to the agent {self.name} {expected}, but it was {pluralize(count, 'time')};"
            + (f" its requests:{sentences}" if sentences else " it made no request that got as far")
        )

    def __repr__(self) -> str:
        return f"<WorldAgent {self.name!r}>"


def _denied(row: RequestRow) -> list[str]:
    """Returns the accesses that a policy refused to a request, and to the modules of its run."""
    missing: list[str] = row["missing"] if row["decision"] == _DENIED else []
    return [*missing, *row["deniedInRun"]]


class WorldAgents(Mapping[str, WorldAgent]):
    """Agents of a world by name."""

    def __init__(self, client: WorldClient) -> None:
        self._client = client

    def create(
        self,
        name: str,
        allow: Mapping[str, Json],
        *,
        token: str | None = None,
        oauth_client: str | None = None,
        user_id: int | None = None,
        runs: Literal["check", "trust"] | None = None,
    ) -> WorldAgent:
        """Creates an agent, or replaces the grants of the one of that name.

        Args:
            token: the text, or the label, of a token of the world; by default a new agent gets one of its own.
            oauth_client: the id, or the name, of an OAuth client of the world.
            user_id: the user of a new token; by default, the first one.
            runs: ``check`` if the modules of the runs that it starts need its grants too; by default ``trust``.

        Raises:
            ControlError: if the grants are invalid, or there is no such token, client or user.
        """
        body: dict[str, Any] = drop_none(token=token, oauthClient=oauth_client, userId=user_id, runs=runs)
        response = self._client.call("PUT", "agents", name, body={"allow": dict(allow), **body})
        return WorldAgent(self._client, response["agent"])

    def __getitem__(self, name: str) -> WorldAgent:
        try:
            return WorldAgent(self._client, self._client.call("GET", "agents", name)["agent"])
        except ControlError as error:
            if error.status == 404:
                raise KeyError(name) from None
            raise

    def __iter__(self) -> Iterator[str]:
        return (row["name"] for row in self._client.call("GET", "agents")["agents"])

    def __len__(self) -> int:
        return len(self._client.call("GET", "agents")["agents"])
