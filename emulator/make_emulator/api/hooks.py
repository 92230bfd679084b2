"""Hooks, their queues and their logs. Source: API documentation, "Hooks"; recorded exchanges."""

from __future__ import annotations

from ..http.endpoint import ApiCall, ConfirmableQuery, EndpointGroup
from ..http.envelope import Envelope, bare, many, one, value
from ..json_types import Json
from ..schemas.hooks import (
    HookCreate,
    HookCreateQuery,
    HookListItem,
    HookLogListItem,
    HookLogOut,
    HookLogsQuery,
    HookOut,
    HookPing,
    HookRename,
    HooksQuery,
    IncomingListItem,
    IncomingOut,
    IncomingsSelection,
    TriggerOut,
)
from ..world import hook_queues, hooks
from ..world.exceptions import NotFoundError
from ..world.models import Hook, HookLog, Incoming, Scenario, Team
from ..world.tables import Selection
from .ordering import by_id, by_name, make_paging

group = EndpointGroup("hooks")

_SUCCESS: dict[str, Json] = {"success": True}


@group.get(
    "/hooks",
    scopes=["hooks:read"],
    permission="hooks get",
    query=HooksQuery,
    response=many("hooks", HookListItem),
    lists="id",
    paging=make_paging("id", {"id": by_id, "name": by_name}, limit=50),
    core=28,
)
def list_hooks(call: ApiCall, team: Team, view_for_scenario: Scenario | None = None) -> Selection[Hook]:
    """List the hooks of a team."""
    world, rows = call.world, call.world.hooks.where(team=team.id)
    if (type_name := call.query.get("type_name")) is not None:
        rows = rows.filter(lambda row: row.type_name == type_name)
    if view_for_scenario is not None:
        own = view_for_scenario.id
        return rows.filter(lambda row: (user := hooks.scenario_of(world, row)) is None or user.id == own)
    if (assigned := call.query.get("assigned")) is not None:
        rows = rows.filter(lambda row: (hooks.scenario_of(world, row) is not None) is assigned)
    return rows


@group.post(
    "/hooks",
    scopes=["hooks:write"],
    permission="hook add",
    query=HookCreateQuery,
    body=HookCreate,
    response=one("hook", HookOut),
    core=29,
)
def create_hook(call: ApiCall, team: Team) -> Hook:
    """Create a hook; the fields of its type are at the top level of the body."""
    return hooks.create_hook(
        call.world,
        team,
        name=call.body["name"],
        type_name=call.body["type_name"],
        data=call.body["own"],
        use_defaults=call.query.get("use_defaults") == "requiredOnly",
    )


@group.get(
    "/hooks/{hookId}",
    scopes=["hooks:read"],
    permission="hooks get",
    response=one("hook", HookOut),
    core=30,
)
def get_hook(call: ApiCall, hook: Hook) -> Hook:
    """Get a hook."""
    return hook


@group.patch(
    "/hooks/{hookId}",
    scopes=["hooks:write"],
    permission="hook edit",
    body=HookRename,
    response=one("hook", HookOut),
    core=31,
)
def rename_hook(call: ApiCall, hook: Hook) -> Hook:
    """Rename a hook."""
    return hooks.rename_hook(call.world, hook, call.body["name"])


@group.delete(
    "/hooks/{hookId}",
    scopes=["hooks:write"],
    permission="hook delete",
    query=ConfirmableQuery,
    response=value("hook"),
    core=32,
)
def delete_hook(call: ApiCall, hook: Hook) -> int:
    """Delete a hook; needs confirmation when a scenario uses it, which then loses its trigger."""
    return hooks.delete_hook(call.world, hook, confirmed=call.confirmed)


@group.get(
    "/hooks/{hookId}/ping",
    scopes=["hooks:read"],
    permission="hooks get",
    response=bare(HookPing),
    core=33,
)
def ping_hook(call: ApiCall, hook: Hook) -> Hook:
    """Get the address and the state of a hook."""
    return hook


@group.post(
    "/hooks/{hookId}/enable",
    scopes=["hooks:write"],
    permission="hook edit",
    response=Envelope(),
    core=34,
)
def enable_hook(call: ApiCall, hook: Hook) -> dict[str, Json]:
    """Enable a hook."""
    hooks.enable(call.world, hook)
    return _SUCCESS


@group.post(
    "/hooks/{hookId}/disable",
    scopes=["hooks:write"],
    permission="hook edit",
    response=Envelope(),
    core=35,
)
def disable_hook(call: ApiCall, hook: Hook) -> dict[str, Json]:
    """Disable a hook."""
    hooks.disable(call.world, hook)
    return _SUCCESS


@group.post(
    "/hooks/{hookId}/set-data",
    scopes=["hooks:write"],
    permission="hook edit",
    raw_body=True,
    response=value("changed"),
)
def set_hook_data(call: ApiCall, hook: Hook) -> bool:
    """Change the data of a hook; the response says if anything changed."""
    return hooks.set_data(call.world, hook, call.body)


@group.post(
    "/hooks/{hookId}/learn-start",
    scopes=["hooks:write"],
    permission="hook edit",
    response=Envelope(),
)
def start_learning(call: ApiCall, hook: Hook) -> dict[str, Json]:
    """Start learning the data structure from the next delivery."""
    hooks.set_learning(call.world, hook, True)
    return _SUCCESS


@group.post(
    "/hooks/{hookId}/learn-stop",
    scopes=["hooks:write"],
    permission="hook edit",
    response=Envelope(),
)
def stop_learning(call: ApiCall, hook: Hook) -> dict[str, Json]:
    """Stop learning the data structure."""
    hooks.set_learning(call.world, hook, False)
    return _SUCCESS


@group.get(
    "/hooks/{hookId}/incomings",
    scopes=["hooks:read"],
    permission="hooks get",
    response=many("incomings", IncomingListItem),
    paging=make_paging("created", {"created": hook_queues.oldest_first}),
)
def list_incomings(call: ApiCall, hook: Hook) -> Selection[Incoming]:
    """List the queue of a hook, oldest first."""
    return call.world.incomings.where(hook=hook.id)


@group.get(
    "/hooks/{hookId}/incomings/stats",
    scopes=["hooks:read"],
    permission="hooks get",
    response=value("incomingStat"),
)
def get_incomings_stats(call: ApiCall, hook: Hook) -> dict[str, Json]:
    """Get the size and the limit of the queue of a hook."""
    return {
        "queue": len(call.world.incomings.where(hook=hook.id)),
        "limit": hooks.queue_limit(call.world, hook),
        "enabled": hook.enabled,
    }


@group.get(
    "/hooks/{hookId}/incomings/{incomingId}",
    scopes=["hooks:read"],
    permission="hooks get",
    response=one("incoming", IncomingOut),
)
def get_incoming(call: ApiCall, hook: Hook, incoming_id: str) -> Incoming:
    """Get one item of a hook's queue, with its data."""
    return hook_queues.find_incoming(call.world, hook, incoming_id)


@group.delete(
    "/hooks/{hookId}/incomings",
    scopes=["hooks:write"],
    permission="hook edit",
    query=ConfirmableQuery,
    body=IncomingsSelection,
    response=value("incomings"),
)
def delete_incomings(call: ApiCall, hook: Hook) -> list[str]:
    """Delete items of a hook's queue; deleting all needs confirmation."""
    return hook_queues.delete_incomings(
        call.world,
        hook,
        call.body.get("ids"),
        excluded=call.body.get("except_ids", ()),
        confirmed=call.confirmed,
    )


@group.get(
    "/hooks/{hookId}/logs",
    scopes=["hooks:read"],
    permission="hooks get",
    query=HookLogsQuery,
    response=many("hookLogs", HookLogListItem),
    paging=make_paging("loggedAt", {"loggedAt": hook_queues.by_time}, limit=25, descending=True),
)
def list_hook_logs(call: ApiCall, hook: Hook) -> Selection[HookLog]:
    """List the deliveries to a hook within the retention period of the plan, newest first."""
    since, until = call.query.get("from_", 0), call.query.get("to")
    rows = hook_queues.logs(call.world, hook).filter(lambda row: row.logged_at >= since)
    return rows if until is None else rows.filter(lambda row: row.logged_at <= until)


@group.get(
    "/hooks/{hookId}/logs/{logId}",
    scopes=["hooks:read"],
    permission="hooks get",
    response=one("hookLog", HookLogOut),
)
def get_hook_log(call: ApiCall, hook: Hook, log_id: str) -> HookLog:
    """Get one delivery to a hook, with its request and its response."""
    return hook_queues.find_log(call.world, hook, log_id)


@group.get(
    "/scenarios/{scenarioId}/triggers",
    scopes=["scenarios:read"],
    permission="scenarios get",
    response=bare(TriggerOut),
)
def get_trigger(call: ApiCall, scenario: Scenario) -> Hook:
    """Get the hook that triggers a scenario."""
    hook = call.world.hooks.get(scenario.hook_id) if scenario.hook_id is not None else None
    if hook is None:
        raise NotFoundError("trigger of scenario", scenario.id)
    return hook
