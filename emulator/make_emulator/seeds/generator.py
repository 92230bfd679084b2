"""Generator of mock resources by the thousand for a team, deterministic by the seed of the world.

Rows are inserted into their tables without validation, because they are valid by construction.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..engine.scenarios import activation
from ..json_types import Json
from ..world import connections, data_stores, executions, folders, hooks, scenarios
from ..world.clock import DAY, MINUTE
from ..world.data_stores import MEGABYTE
from ..world.models import (
    DataStructure,
    ExecutionError,
    FieldSpecs,
    Folder,
    Record,
    Scenario,
    Team,
    User,
)
from ..world.world import World

_CUSTOMER_SPEC: FieldSpecs = (
    {"name": "name", "type": "text", "label": "Name", "required": True},
    {"name": "email", "type": "email", "label": "E-mail", "required": False},
    {"name": "company", "type": "text", "label": "Company", "required": False},
    {"name": "amount", "type": "number", "label": "Amount", "required": False},
)

_APPS = ("slack", "google", "airtable", "hubspotcrm", "notion")

#: The flow of every generated scenario.
_FLOW = [
    {
        "id": 1,
        "module": "util:SetVariables",
        "version": 1,
        "parameters": {},
        "mapper": {"variables": [{"name": "greeting", "value": "Hello"}], "scope": "roundtrip"},
        "metadata": {"designer": {"x": 0, "y": 0}},
    },
    {
        "id": 2,
        "module": "json:CreateJSON",
        "version": 1,
        "parameters": {"space": ""},
        "mapper": {"object": "{{1.greeting}}"},
        "metadata": {"designer": {"x": 300, "y": 0}},
    },
]
_METADATA = {"version": 1, "scenario": {"maxErrors": 3}, "designer": {"orphans": []}}

_FAILURE = ExecutionError(
    name="ConnectionError", message="The service did not answer.", module_name="CreateJSON", app_name="json"
)

#: The number of distinct words of a kind that Faker generates.
_POOL_SIZE = 200

#: Of 20 scenarios, the numbers of those that are active on demand, active daily, and invalid; the rest is inactive.
_ON_DEMAND, _DAILY, _INVALID = 9, 6, 1


def generate(world: World, team: Team, owner: User, counts: Mapping[str, int]) -> None:
    """Generates ``counts`` resources of each kind."""
    # Lazy: Faker is slow to import, and few worlds need it.
    from faker import Faker

    faker = Faker("en_US")
    faker.seed_instance(f"generate:{world.seed}:{team.id}")
    _Generator(world, team, owner, faker).generate_all(counts)


class _Generator:
    def __init__(self, world: World, team: Team, owner: User, faker: Any) -> None:
        self.world = world
        self.team = team
        self.owner = owner
        self.random = random.Random(f"generate:{world.seed}:{team.id}")
        self.names = self._pool(faker.name)
        self.companies = self._pool(faker.company)
        self.emails = self._pool(faker.safe_email)
        self.purposes = self._pool(faker.bs)

    @staticmethod
    def _pool(word: Callable[[], str]) -> list[str]:
        return [word() for _ in range(_POOL_SIZE)]

    def generate_all(self, counts: Mapping[str, int]) -> None:
        """Generates the resources in the order of their references."""
        for number in range(counts["connections"]):
            self._connection(_APPS[number % len(_APPS)])
        for _ in range(counts["hooks"]):
            self._hook()
        made_folders = [self._folder(number) for number in range(counts["folders"])]
        self._stores(counts["data_stores"], counts["records"])
        rows = [self._scenario(number, made_folders) for number in range(counts["scenarios"])]
        self._executions(rows, counts["executions"])

    def _connection(self, app: str) -> None:
        owner = self.random.choice(self.emails)
        connections.insert(
            self.world,
            self.team.id,
            name=f"{app.title()} of {owner}",
            type_name=app,
            account_label=app.title(),
            account_type=connections.OAUTH,
            theme=connections.DEFAULT_THEME,
            metadata={"type": "email", "value": owner},
            editable=True,
            author_id=self.owner.id,
        )

    def _hook(self) -> None:
        hooks.insert(
            self.world,
            self.team.id,
            name=f"Webhook of {self.random.choice(self.companies)}",
            type_name="gateway-webhook",
            data={"headers": False, "method": False, "stringify": False},
        )

    def _folder(self, number: int) -> Folder:
        return folders.create(
            self.world, self.team, name=f"{self.random.choice(self.companies)} {number + 1}"[:100]
        )

    # --- data stores -----------------------------------------------------------------------------

    def _stores(self, stores: int, records: int) -> None:
        if not stores:
            return
        structure = data_stores.create_structure(
            self.world, self.team, name="Customer", spec=list(_CUSTOMER_SPEC), strict=False
        )
        for number in range(stores):
            share = records // stores + (number < records % stores)
            self._store(number, share, structure)

    def _store(self, number: int, records: int, structure: DataStructure) -> None:
        id = self.world.ids.next("data store")
        rows = list(self._records(id, records))
        size = sum(record.size for record in rows)
        data_stores.insert_store(
            self.world,
            self.team.id,
            id=id,
            name=f"Customers {number + 1}",
            # Twice the size of the records.
            max_size=max(1, 2 * -(-size // MEGABYTE)) * MEGABYTE,
            structure_id=structure.id,
            records=rows,
        )

    def _records(self, store_id: int, count: int) -> Iterator[Record]:
        choose = self.random.choice
        for number in range(1, count + 1):
            key = f"customer-{number:06d}"
            data: dict[str, Json] = {
                "name": choose(self.names),
                "email": choose(self.emails),
                "company": choose(self.companies),
                "amount": self.random.randrange(1, 100_000),
            }
            size = data_stores.record_size(key, data)
            yield data_stores.create_record(self.world, store_id, key, data, size)

    # --- scenarios -------------------------------------------------------------------------------

    def _scenario(self, number: int, made_folders: list[Folder]) -> Scenario:
        world, kind = self.world, number % 20
        live, invalid = kind < _ON_DEMAND + _DAILY, kind >= 20 - _INVALID
        on_demand = kind < _ON_DEMAND
        time = f"{self.random.randrange(24):02d}:{self.random.randrange(60):02d}"
        blueprint = self._blueprint(f"{self.random.choice(self.purposes).capitalize()} {number + 1}")
        created = world.now() - self.random.randrange(30, 300) * DAY
        scenario = scenarios.insert(
            world,
            blueprint,
            team_id=self.team.id,
            author_id=self.owner.id,
            folder_id=self.random.choice(made_folders).id if made_folders and kind % 2 else None,
            is_active=live,
            is_invalid=invalid,
            scheduling={"type": "on-demand"} if on_demand else {"type": "daily", "time": time},
            created=created,
            last_edit=created + self.random.randrange(20 * DAY),
        )
        activation.reschedule(world, scenario)
        return scenario

    @staticmethod
    def _blueprint(name: str) -> Mapping[str, Any]:
        return {"name": name, "flow": _FLOW, "metadata": _METADATA}

    def _executions(self, rows: list[Scenario], count: int) -> None:
        """Past runs of the last four weeks, oldest first; one in 25 failed."""
        if not rows:
            return
        now = self.world.now()
        moments = sorted(self.random.randrange(now - 28 * DAY, now - MINUTE) for _ in range(count))
        for number, started in enumerate(moments):
            scenario = self.random.choice(rows)
            failed = number % 25 == 24
            executions.record_execution(
                self.world,
                executions.create(
                    scenario,
                    self.team.organization_id,
                    id=self.world.ids.hex(32),
                    type="auto",
                    author_id=None,
                    started=started,
                    duration=self.random.randrange(200, 9_000),
                    operations=1 if failed else 2,
                    centicredits=100 if failed else 200,
                    transfer=0 if failed else self.random.randrange(100, 4_000),
                    status=3 if failed else 1,
                    error=_FAILURE if failed else None,
                ),
            )
