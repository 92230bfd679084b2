"""One emulated Make: its tables, its clock, its ids, its lock."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from operator import attrgetter
from typing import Any

from .clock import Clock
from .ids import IdGenerator
from .models import (
    BlueprintVersion,
    Connection,
    Consumption,
    CustomFunction,
    DataStore,
    DataStructure,
    Execution,
    Folder,
    FunctionChange,
    Hook,
    HookLog,
    HttpRule,
    Incoming,
    IncompleteExecution,
    InstantRetry,
    Mail,
    ModuleScript,
    Organization,
    OrganizationMember,
    PublicTemplate,
    Record,
    RetryAttempt,
    Scenario,
    ScenarioEvent,
    SentRequest,
    Team,
    TeamMember,
    Template,
    Token,
    User,
    Variable,
    VariableChange,
)
from .tables import Table
from .transport import Transport

_by_id = attrgetter("id")
_by_team = attrgetter("team_id")


def ignore_name(_name: str) -> None:
    """Tells nobody."""


class World:
    """The state of one isolated Make.

    Hold ``lock`` while reading or changing it. ``announce`` is told each name (token, hook udid) by which a
    server may find this world.
    """

    def __init__(self, name: str, *, seed: int = 0, now: int | str | None = None) -> None:
        self.name = name
        self.seed = seed
        self.lock = threading.RLock()
        self.clock = Clock(now)
        self.ids = IdGenerator(seed, salt=name)
        self.register_name: Callable[[str], None] = ignore_name
        #: Carries requests of scenarios to services outside; ``None`` where nothing is ever called.
        self.transport: Transport | None = None
        self.rate_limited = True
        #: Who called -> when the current rate window opened, and the calls counted in it.
        self.rate_windows: dict[tuple[str, int], tuple[int, int]] = {}

        #: Owner -> what it consumed since its counters were last reset; see `make_emulator.world.consumption`.
        self.tallies: dict[tuple[str, int], Consumption] = {}

        #: When the month of some organization is over, at the earliest; 0 for not looked up yet.
        self.counters_until = 0
        #: Organization id -> the apps that were used in it, so that their first use needs no confirmation.
        self.installed_apps: dict[int, set[str]] = {}

        #: Module -> what it is to answer; see `make_emulator.engine.runtime.module_scripts`.
        self.scripts: dict[str, ModuleScript] = {}

        #: Scenario id, module id -> how far an "Increment function" has counted that is never reset.
        self.increments: dict[tuple[int, int], int] = {}

        #: Scenario id -> its runs that still have their steps, oldest first.
        self.detailed: dict[int, deque[str]] = {}
        #: What was shown of rows, by the form in which it was; see `make_emulator.schemas.serialize`.
        self.serialization_cache: dict[object, dict[int, tuple[Any, ...]]] = {}

        self.organizations: Table[int, Organization] = Table("organization", _by_id)
        self.teams: Table[int, Team] = Table("team", _by_id, {"organization": attrgetter("organization_id")})
        self.users: Table[int, User] = Table("user", _by_id)
        self.organization_members: Table[tuple[int, int], OrganizationMember] = Table(
            "organization member",
            attrgetter("user_id", "organization_id"),
            {"organization": attrgetter("organization_id"), "user": attrgetter("user_id")},
        )
        self.team_members: Table[tuple[int, int], TeamMember] = Table(
            "team member",
            attrgetter("user_id", "team_id"),
            {"team": _by_team, "user": attrgetter("user_id")},
        )
        self.tokens: Table[str, Token] = Table("token", attrgetter("token"))
        self.folders: Table[int, Folder] = Table(
            "folder", _by_id, {"team": _by_team, "parent": attrgetter("parent_id")}
        )
        self.scenarios: Table[int, Scenario] = Table(
            "scenario",
            _by_id,
            {
                "team": _by_team,
                "organization": lambda row: self.teams[row.team_id].organization_id,
                "folder": attrgetter("folder_id"),
                "hook": attrgetter("hook_id"),
                "awaited": lambda row: row.next_exec is not None or None,
            },
        )
        self.blueprints: Table[tuple[int, int], BlueprintVersion] = Table(
            "blueprint", attrgetter("scenario_id", "version"), {"scenario": attrgetter("scenario_id")}
        )
        self.logs: Table[tuple[int, str], Execution | ScenarioEvent] = Table(
            "execution", attrgetter("scenario_id", "id"), {"scenario": attrgetter("scenario_id")}
        )
        self.incomplete_executions: Table[str, IncompleteExecution] = Table(
            "incomplete execution",
            _by_id,
            {
                "scenario": attrgetter("scenario_id"),
                "awaited": lambda row: row.next_retry is not None or None,
            },
        )
        #: The runs that tried an incomplete execution again.
        self.retries: Table[tuple[str, str], RetryAttempt] = Table(
            "retry",
            attrgetter("incomplete_id", "id"),
            {"incomplete": attrgetter("incomplete_id"), "scenario": attrgetter("execution.scenario_id")},
        )
        #: Runs that failed because a service turned them away, and are to be run once more.
        self.reruns: Table[str, InstantRetry] = Table(
            "rerun", _by_id, {"scenario": attrgetter("scenario_id")}
        )
        self.data_structures: Table[int, DataStructure] = Table("data structure", _by_id, {"team": _by_team})
        self.data_stores: Table[int, DataStore] = Table(
            "data store",
            _by_id,
            {
                "team": _by_team,
                "organization": lambda row: self.teams[row.team_id].organization_id,
                "structure": attrgetter("datastructure_id"),
            },
        )
        self.records: Table[tuple[int, str], Record] = Table(
            "record", attrgetter("data_store_id", "key"), {"store": attrgetter("data_store_id")}
        )
        self.connections: Table[int, Connection] = Table("connection", _by_id, {"team": _by_team})
        self.hooks: Table[int, Hook] = Table("hook", _by_id, {"team": _by_team, "udid": attrgetter("udid")})
        self.incomings: Table[tuple[int, str], Incoming] = Table(
            "incoming", attrgetter("hook_id", "id"), {"hook": attrgetter("hook_id")}
        )
        self.hook_logs: Table[tuple[int, str], HookLog] = Table(
            "hook log", attrgetter("hook_id", "id"), {"hook": attrgetter("hook_id")}
        )
        self.functions: Table[int, CustomFunction] = Table(
            "function", _by_id, {"team": _by_team, "name": attrgetter("team_id", "name")}
        )
        self.function_changes: Table[int, FunctionChange] = Table(
            "function change", _by_id, {"function": attrgetter("function_id")}
        )
        self.templates: Table[int, Template] = Table("template", _by_id, {"team": _by_team})
        self.public_templates: Table[int, PublicTemplate] = Table("public template", _by_id)
        #: Variables of organizations and teams, by ``(owner, owner_id, name)``; see `make_emulator.world.variables`.
        self.variables: Table[tuple[str, int, str], Variable] = Table(
            "variable",
            attrgetter("owner", "owner_id", "name"),
            {"owner": attrgetter("owner", "owner_id")},
        )
        self.variable_changes: Table[int, VariableChange] = Table(
            "variable change",
            _by_id,
            {"owner": attrgetter("owner", "owner_id"), "variable": attrgetter("owner", "owner_id", "name")},
        )
        #: What services outside answer, and what scenarios sent to them; see `make_emulator.world.external_services`.
        self.http_rules: Table[int, HttpRule] = Table("http rule", _by_id)
        self.http_requests: Table[int, SentRequest] = Table("http request", _by_id)
        self.outbox: Table[int, Mail] = Table("mail", _by_id)

    def now(self) -> int:
        return self.clock.now()

    def count_call(self, bucket: tuple[str, int], length: int) -> tuple[int, int]:
        """Count a call of this moment in a fixed window of ``length`` milliseconds, opened by its first call.

        Returns:
            When the window opened, and the calls counted in it, this one included.
        """
        now = self.now()
        opened, calls = self.rate_windows.get(bucket, (now, 0))
        if not opened <= now < opened + length:
            opened, calls = now, 0
        self.rate_windows[bucket] = (opened, calls + 1)
        return opened, calls + 1

    def __repr__(self) -> str:
        return f"<World {self.name!r}>"
