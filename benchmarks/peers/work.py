"""The work that every peer is given: a scenario to get, to list, to change and to create, and the bodies of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson

from make_emulator.app import API_PREFIX, create_app

from ..large_world import ADMIN_TOKEN, HEADERS, linear_blueprint
from ..load import COUNTER, Exchange

#: Rows of the list.
LIST_SIZE = 10

#: The names that a change and a new scenario give; each is the only one of its name.
RENAMED, CREATED = (f"{word} {COUNTER.decode()}" for word in ("Renamed", "Created"))


class Operation(Enum):
    """A kind of request; the values are its names in reports."""

    GET = "GET one"
    LIST = f"list of {LIST_SIZE}"
    UPDATE = "update"
    CREATE = "create"


#: The requests of a peer.
Work = dict[Operation, Exchange]

#: An organization with a team of ten scenarios.
SEED: dict[str, Any] = {
    "users": [{"id": 1, "name": "Ada Maker", "email": "ada@example.com"}],
    "tokens": [{"label": "admin", "user": 1, "scopes": "all", "token": ADMIN_TOKEN}],
    "organizations": [
        {
            "id": 1,
            "name": "Example Organization",
            "owner": 1,
            "teams": [
                {
                    "id": 1,
                    "name": "Example Team",
                    "scenarios": [
                        {
                            "id": number,
                            "name": f"Scenario {number:02}",
                            "blueprint": "greeting",
                            "scheduling": {"type": "on-demand"},
                        }
                        for number in range(1, LIST_SIZE + 1)
                    ],
                }
            ],
        }
    ],
}

ONE_PATH = f"{API_PREFIX}/scenarios/1"
LIST_PATH = f"{API_PREFIX}/scenarios?teamId=1&pg[limit]={LIST_SIZE}"
CREATE_PATH = f"{API_PREFIX}/scenarios"


def creation_body() -> bytes:
    """The body of a request of Make's API that creates a scenario."""
    blueprint = orjson.dumps({**linear_blueprint(2), "name": CREATED}).decode()
    return orjson.dumps({"teamId": 1, "blueprint": blueprint, "scheduling": '{"type":"on-demand"}'})


@dataclass(frozen=True, slots=True)
class Bodies:
    """The bodies of the emulator's own responses, for peers that return what they are given.

    Args:
        one: a scenario, in its envelope.
        many: the list, in its envelope.
        created: a new scenario in its envelope, named `CREATED`.
    """

    one: dict[str, Any]
    many: dict[str, Any]
    created: dict[str, Any]

    @classmethod
    def read(cls) -> Bodies:
        client = create_app(seed=SEED, rate_limit=False).test_client()
        one, many = (orjson.loads(client.get(path, headers=HEADERS).data) for path in (ONE_PATH, LIST_PATH))
        created = client.post(
            CREATE_PATH, data=creation_body(), headers=HEADERS, content_type="application/json"
        )
        bodies = cls(one, many, orjson.loads(created.data))
        assert len(bodies.many["scenarios"]) == LIST_SIZE
        assert bodies.created["scenario"]["name"] == CREATED
        return bodies

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The scenarios of the list, without an envelope."""
        return list(self.many["scenarios"])

    @property
    def size(self) -> int:
        """Length of the response to `Operation.GET`."""
        return len(orjson.dumps(self.one))
