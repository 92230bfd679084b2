"""Makes up things by the thousand for a team: the same for the same seed of a world, and fast.

Rows are put straight into their tables; what the API would check holds by construction.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..engine.blueprints.parser import next_module_id
from ..engine.scenarios import activation
from ..world import blueprint_refs, consumption, data_stores, folders
from ..world.clock import DAY, MINUTE
from ..world.data_stores import MEGABYTE, RECORD_OVERHEAD, bson_size
from ..world.models import (
    BlueprintVersion,
    Connection,
    DataStore,
    DataStructure,
    Execution,
    ExecutionError,
    Folder,
    Hook,
    Record,
    Scenario,
    Team,
    User,
)
from ..world.world import World

_CUSTOMER_SPEC = (
    {"name": "name", "type": "text", "label": "Name", "required": True},
    {"name": "email", "type": "email", "label": "E-mail", "required": False},
    {"name": "company", "type": "text", "label": "Company", "required": False},
    {"name": "amount", "type": "number", "label": "Amount", "required": False},
)

_APPS = ("slack", "google", "airtable", "hubspotcrm", "notion")

#: What every made-up scenario does: the parts that do not differ are shared.
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

#: How many different words of a kind are asked of faker.
_POOL_SIZE = 200

#: Of 20 scenarios, this many are live on demand, live at a time of day, and with errors; the rest rests.
_ON_DEMAND, _DAILY, _INVALID = 9, 6, 1


def generate(world: World, team: Team, owner: User, counts: Mapping[str, int]) -> None:
    """Make up as many things of each kind as asked for."""
    # Faker takes a while to import, and few worlds need it.
    from faker import Faker

    made_up = Faker("en_US")
    made_up.seed_instance(f"generate:{world.seed}:{team.id}")
    _Generator(world, team, owner, made_up).generate_all(counts)


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
        for number in range(counts["connections"]):
            self._connection(_APPS[number % len(_APPS)])
        for _ in range(counts["hooks"]):
            self._hook()
        made_folders = [self._folder(number) for number in range(counts["folders"])]
        self._stores(counts["data_stores"], counts["records"])
        scenarios = [self._scenario(number, made_folders) for number in range(counts["scenarios"])]
        self._executions(scenarios, counts["executions"])

    def _connection(self, app: str) -> None:
        owner = self.random.choice(self.emails)
        self.world.connections.put(
            Connection(
                id=self.world.ids.next("connection"),
                name=f"{app.title()} of {owner}",
                team_id=self.team.id,
                account_name=app,
                account_label=app.title(),
                account_type="oauth",
                theme="#c73a63",
                metadata={"type": "email", "value": owner},
                author_id=self.owner.id,
            )
        )

    def _hook(self) -> None:
        self.world.hooks.put(
            Hook(
                id=self.world.ids.next("hook"),
                name=f"Webhook of {self.random.choice(self.companies)}",
                team_id=self.team.id,
                udid=self.world.ids.udid(),
                type="web",
                type_name="gateway-webhook",
                theme="#c73a63",
                data={"teamId": self.team.id, "headers": False, "method": False, "stringify": False},
                alone_since=self.world.now(),
            )
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
        world, id = self.world, self.world.ids.next("data store")
        size = 0
        for record in self._records(id, records):
            size += record.size
            world.records.put(record)
        world.data_stores.put(
            DataStore(
                id=id,
                name=f"Customers {number + 1}",
                team_id=self.team.id,
                datastructure_id=structure.id,
                # As much as there is, and as much again.
                max_size=max(1, 2 * -(-size // MEGABYTE)) * MEGABYTE,
                records=records,
                size=size,
            )
        )

    def _records(self, store_id: int, count: int) -> Iterator[Record]:
        choose, ids = self.random.choice, self.world.ids
        for number in range(1, count + 1):
            key = f"customer-{number:06d}"
            data = {
                "name": choose(self.names),
                "email": choose(self.emails),
                "company": choose(self.companies),
                "amount": self.random.randrange(1, 100_000),
            }
            size = RECORD_OVERHEAD + len(key) + bson_size(data)
            yield Record(data_store_id=store_id, key=key, data=data, size=size, sequence=ids.next("record"))

    # --- scenarios -------------------------------------------------------------------------------

    def _scenario(self, number: int, made_folders: list[Folder]) -> Scenario:
        world, kind = self.world, number % 20
        live, invalid = kind < _ON_DEMAND + _DAILY, kind >= 20 - _INVALID
        on_demand = kind < _ON_DEMAND
        time = f"{self.random.randrange(24):02d}:{self.random.randrange(60):02d}"
        blueprint = self._blueprint(f"{self.random.choice(self.purposes).capitalize()} {number + 1}")
        created = world.now() - self.random.randrange(30, 300) * DAY
        scenario = Scenario(
            id=world.ids.next("scenario"),
            name=blueprint["name"],
            team_id=self.team.id,
            folder_id=self.random.choice(made_folders).id if made_folders and kind % 2 else None,
            is_active=live,
            is_invalid=invalid,
            scheduling={"type": "on-demand"} if on_demand else {"type": "daily", "time": time},
            blueprint_version=1,
            used_packages=blueprint_refs.used_packages(blueprint),
            used_modules=blueprint_refs.used_modules(blueprint),
            created=created,
            last_edit=created + self.random.randrange(20 * DAY),
            created_by=self.owner.id,
            updated_by=self.owner.id,
        )
        world.blueprints.put(
            BlueprintVersion(
                scenario_id=scenario.id,
                version=1,
                created=created,
                blueprint=blueprint,
                id_sequence=next_module_id(blueprint),
            )
        )
        world.scenarios.put(scenario)
        activation.reschedule(world, scenario)
        return scenario

    @staticmethod
    def _blueprint(name: str) -> Mapping[str, Any]:
        return {"name": name, "flow": _FLOW, "metadata": _METADATA}

    def _executions(self, scenarios: list[Scenario], count: int) -> None:
        """Past runs of the last four weeks, oldest first; one in 25 failed."""
        if not scenarios:
            return
        now = self.world.now()
        moments = sorted(self.random.randrange(now - 28 * DAY, now - MINUTE) for _ in range(count))
        for number, started in enumerate(moments):
            scenario = self.random.choice(scenarios)
            failed = number % 25 == 24
            consumption.record_execution(
                self.world,
                Execution(
                    id=self.world.ids.hex(32),
                    scenario_id=scenario.id,
                    scenario_name=scenario.name,
                    team_id=self.team.id,
                    organization_id=self.team.organization_id,
                    type="auto",
                    author_id=None,
                    instant=False,
                    started=started,
                    duration=self.random.randrange(200, 9_000),
                    operations=1 if failed else 2,
                    centicredits=100 if failed else 200,
                    transfer=0 if failed else self.random.randrange(100, 4_000),
                    status=3 if failed else 1,
                    error=_FAILURE if failed else None,
                ),
            )
