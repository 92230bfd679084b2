"""A world under attack: one application, its default world with a still clock, and a fingerprint of all its state."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
from werkzeug.test import TestResponse

from make_emulator.app import API_PREFIX, DEFAULT_WORLD, create_app, registry_of
from make_emulator.registry import WorldHandle, WorldRegistry
from make_emulator.world import (
    connections,
    credential_requests,
    custom_properties,
    custom_roles,
    data_stores,
    devices,
    functions,
    hook_queues,
    hooks,
    keys,
    organizations,
    private_spaces,
    shared_scenarios,
    templates,
)
from make_emulator.world.models import (
    BuildVariable,
    ConnectionTestResult,
    CustomPropertyItem,
    Execution,
    Folder,
    IncompleteExecution,
    Invitation,
    Note,
    Notification,
    OAuthGrant,
    RetryAttempt,
)
from make_emulator.world.tables import Table
from make_emulator.world.world import World

from .api import ADMIN_TOKEN, NOON

JSON_CONTENT_TYPE = "application/json; charset=utf-8"

#: The hash of an invitation of the first user to an organization of another.
INVITATION = "0b9c6f52-7d1e-4a8b-9f3c-2e5d7a1b4c60"

#: The fields of a hook of type ``gateway-webhook``.
WEBHOOK_DATA = {"headers": False, "method": False, "stringify": False}

#: Request and response of a delivery, as the log of a hook keeps them.
DELIVERY: dict[str, Any] = {
    "request": {
        "timestamp": "2026-03-02T12:00:00.000Z",
        "url": "http://127.0.0.1:4747/hook/udid",
        "method": "POST",
        "headers": {},
        "query": {},
        "ip": "127.0.0.1",
        "parsed": None,
        "body": "{}",
    },
    "response": {"headers": [], "status": 200, "body": "Accepted"},
}

#: Statuses of a response besides 200.
ERROR_STATUSES = frozenset({400, 401, 403, 404, 405, 406, 409, 413, 422, 424, 429})


class PopulatedApp:
    """The default world with a few things more in each of its two organizations, so that no route lacks one."""

    def __init__(self) -> None:
        self.app = create_app(rate_limit=False, now=NOON)
        self._client = self.app.test_client()
        self._populate()
        self._initial_fingerprint = fingerprint(self.world)

    def reset(self) -> None:
        self.registry.reset(self.handle)
        self._populate()

    def reset_if_changed(self) -> None:
        """Reset it if anything changed: to look is quicker than to lay out a world."""
        if fingerprint(self.world) != self._initial_fingerprint:
            self.reset()

    def _populate(self) -> None:
        world = self.world
        world.clock.freeze(NOON)
        world.folders.put(Folder(id=1, name="Mine", team_id=1))
        world.folders.put(Folder(id=2, name="Not mine", team_id=2))
        world.ids.reserve("folder", 2)
        data_stores.create_structure(world, world.teams[2], name="Not mine", spec=[], strict=False, id=2)
        data_stores.create_structure(world, world.teams[1], name="Unused", spec=[], strict=False, id=3)
        hooks.create_hook(
            world, world.teams[2], name="Not mine", type_name="gateway-webhook", data={**WEBHOOK_DATA}
        )
        hooks.disable(world, world.hooks[2])
        hooks.set_learning(world, world.hooks[2], True)
        hook_queues.enqueue(world, world.hooks[1], {"sku": "A-1"}, id="waiting")
        hook_queues.write_log(
            world, world.hooks[1], id="delivery", status=1, size=9, data={**DELIVERY, "parsedItems": []}
        )

        key = {"url": "https://eu1.make.com", "apiKey": ADMIN_TOKEN}
        for id, team, name in ((901, 1, "Mine"), (902, 2, "Not mine")):
            user = world.users[team]
            connections.create(world, world.teams[team], user, name=name, type="make", data=key, id=id)
        keys.create(
            world,
            world.teams[2],
            name="Not mine",
            type_name="basicauth",
            parameters={"authUser": "otto", "authPass": "hidden-password"},
            id=902,
        )
        custom_roles.create(
            world, world.organizations[1], name="Viewer", category="team", permissions=["team view"], id=901
        )
        for id, team in ((901, 1), (902, 2)):
            device = devices.create(world, world.teams[team], name="Phone", id=id)
            for direction in (devices.INCOMING, devices.OUTGOING):
                message = devices.enqueue(world, device, direction, scope="call", data="Ring")
                world.device_messages.remove((id, direction, message.id))
                world.device_messages.put(replace(message, id="waiting"))
        client = next(iter(world.oauth_clients))
        world.oauth_grants.put(
            OAuthGrant(
                id=901,
                client_id=client.id,
                user_id=1,
                organization_id=1,
                scopes=frozenset(["teams:read"]),
                created=world.now(),
            )
        )
        private_spaces.create(world, world.organizations[1], world.users[1], id=901)
        private_spaces.create(world, world.organizations[2], world.users[2], id=902)
        for id, user_id in ((901, 1), (902, 2)):
            world.notifications.put(
                Notification(
                    id=id, user_id=user_id, type=1, subject="No.", body="<p>No.</p>", created=world.now()
                )
            )
        for id, team in ((901, 1), (902, 2)):
            template = templates.create(
                world,
                world.teams[team],
                language="en",
                blueprint={"name": "Template", "flow": [], "metadata": {}},
                scheduling={"type": "on-demand"},
                controller={"name": "Template", "modules": {}, "idSequence": 1},
                id=id,
            )
            templates.publish(world, template)
        code = "function hidden() { return 1; }"
        other = world.users[2], world.teams[2]
        functions.create(world, *other, name="hidden", description="", code=code, id=902)
        run = world.logs[1, self.finished_execution_id(1)]
        assert isinstance(run, Execution)
        for scenario_id, team_id in ((1, 1), (5, 2)):
            broken = IncompleteExecution(
                id=f"broken-{scenario_id}",
                scenario_id=scenario_id,
                team_id=team_id,
                execution_id=run.id,
                reason="No.",
                created=run.ends,
                index=world.ids.next("incomplete execution"),
                blueprint=world.blueprints[scenario_id, 1].blueprint,
                failer=1,
                bundles={},
                size=2,
            )
            world.incomplete_executions.put(broken)
        for team_id, connection_id in ((1, 903), (2, 904)):
            self._put_credential_request(team_id, connection_id)
        hidden = custom_properties.create_structure(world, world.organizations[2], id=902)
        world.custom_property_items.put(
            CustomPropertyItem(
                id=902,
                structure_id=hidden.id,
                organization_id=2,
                name="unit",
                label="Unit",
                type="shortText",
                required=False,
            )
        )
        owner = world.users[1]
        organizations.create_organization(
            world, owner, name="Without structure", country_id=1, timezone_id=1, zone="eu1.make.com"
        )
        for id, scenario_id, team_id in ((901, 1, 1), (902, 5, 2)):
            note = Note(
                id=id,
                scenario_id=scenario_id,
                team_id=team_id,
                module_ids=(1,),
                metadata={},
                content="<p>Mind this.</p>",
                is_filter_note=False,
                created=world.now(),
                created_by=team_id,
            )
            world.notes.put(note)
        for scenario_id in (1, 5):
            scenario = world.scenarios[scenario_id]
            shared = shared_scenarios.share(world, world.users[scenario.created_by], scenario, title="Shared")
            world.shared_scenarios.remove(shared.id)
            world.shared_scenarios.put(replace(shared, id=f"share-{scenario_id}"))
        world.build_variables.put(BuildVariable(scenario_id=4, name="sku", value="TAC_1", user_id=1))
        world.logs.put(replace(run, id="running", started=world.now(), sequence=world.ids.next("log")))
        world.logs.put(replace(run, id="replayable", sequence=world.ids.next("log")))
        world.retries.put(RetryAttempt(incomplete_id="broken-1", execution=replace(run, id="retried")))
        inviting, _ = organizations.create_organization(
            world, world.users[3], name="Inviting", country_id=1, timezone_id=113, id=901
        )
        world.invitations.put(
            Invitation(
                hash=INVITATION, user_id=1, organization_id=inviting.id, role_id=13, created=world.now()
            )
        )

    def _put_credential_request(self, team_id: int, connection_id: int) -> None:
        """A request with a pending credential, an authorized key, and a connection that does not work any more."""
        world = self.world
        user, team = world.users[team_id], world.teams[team_id]
        specs = [
            credential_requests.CredentialSpec(component="account", name="google"),
            credential_requests.CredentialSpec(component="keychain", name="basicauth"),
            credential_requests.CredentialSpec(component="account", name="google"),
        ]
        request = credential_requests.create(world, user, team.id, specs)
        rows = credential_requests.credentials_of(world, request)
        world.credential_requests.remove(request.id)
        world.credential_requests.put(replace(request, id=f"request-{team_id}"))
        broken = connections.insert(
            world,
            team.id,
            name="Broken",
            type_name="google",
            author_id=user.id,
            verdict=ConnectionTestResult("invalid"),
            id=connection_id,
        )
        key = keys.create(world, team, name="Made", type_name="basicauth", parameters=None)
        ids = (f"pending-{team_id}", f"authorized-{team_id}", f"broken-credential-{team_id}")
        for row, id, remote_id in zip(rows, ids, (None, key.id, broken.id), strict=True):
            state = "pending" if remote_id is None else "authorized"
            world.credentials.put(
                replace(row, id=id, request_id=f"request-{team_id}", remote_id=remote_id, state=state)
            )

    @property
    def registry(self) -> WorldRegistry:
        return registry_of(self.app)

    @property
    def handle(self) -> WorldHandle:
        handle = self.registry.get(DEFAULT_WORLD)
        assert handle is not None
        return handle

    @property
    def world(self) -> World:
        return self.handle.world

    def finished_execution_id(self, scenario_id: int) -> str:
        """The id of a finished run."""
        runs = self.world.logs.where(scenario=scenario_id)
        return next(entry.id for entry in runs if isinstance(entry, Execution))

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = ADMIN_TOKEN,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> TestResponse:
        """Call a path below ``/api/v2``."""
        sent = {"Authorization": f"Token {token}"} if token else {}
        return self._client.open(
            API_PREFIX + path, method=method, headers={**sent, **(headers or {})}, **options
        )

    def control(self, method: str, path: str, **options: Any) -> TestResponse:
        """Call a path below ``/_emulator``; a body is JSON unless the content type says otherwise."""
        if options.get("data") is not None:
            options.setdefault("content_type", "application/json")
        return self._client.open("/_emulator" + path, method=method, **options)


def tables_of(world: World) -> dict[str, Table[Any, Any]]:
    """Every table of a world, by the name of its attribute."""
    return {name: value for name, value in vars(world).items() if isinstance(value, Table)}


def fingerprint(world: World) -> dict[str, bytes]:
    """Digest of a world's whole state, down to the JSON in its rows, without rate windows and the next ids."""
    state = {
        name: orjson.dumps(list(table.all()), default=_to_json_type)
        for name, table in tables_of(world).items()
    }
    state["tallies"] = repr(sorted(world.tallies.items())).encode()
    state["clock"] = repr((world.clock.now(), world.clock.frozen)).encode()
    return state


def _to_json_type(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    raise TypeError(f"no form of {value!r}")


#: Codes of errors whose bodies have no detail, as sources show them.
CODES_WITHOUT_DETAIL = frozenset({"IM003", "IM004", "IM015", "IM405"})

#: The only body without a code.
BODY_TOO_LARGE = {"detail": "request entity too large"}


#: Messages of errors of other codes whose bodies have none.
MESSAGES_WITHOUT_DETAIL = frozenset({"Package not found."})

#: Status -> code and message that Make's usual body would have, for routes whose errors are one text.
_PLAIN_ERRORS = {
    400: ("SC400", "Bad Request"),
    401: ("SC401", "Access denied"),
    403: ("SC403", "Permission denied"),
    404: ("SC404", "Not found"),
    413: ("SC413", "Payload Too Large"),
}


def _expand_plain_error(status: int, text: str) -> dict[str, Any]:
    """The usual body of an error that has one text only, so that all routes are tested alike."""
    assert isinstance(text, str)
    assert text
    assert "Traceback" not in text
    if text == BODY_TOO_LARGE["detail"]:
        return BODY_TOO_LARGE
    if status == 401 and "logged in" in text:
        return {"message": text, "code": "IM015"}
    code, message = _PLAIN_ERRORS[status]
    if text.startswith("Insufficient rights"):
        code, message = "IM002", "Insufficient rights"
    body: dict[str, Any] = {"detail": text, "message": message, "code": code}
    if status == 400:
        sentences = re.split(r"(?<=\.) (?=[A-Z])", text)
        body["suberrors"] = [{"message": sentence, "name": "Error"} for sentence in sentences]
    return body


def assert_error_response(
    response: TestResponse, statuses: frozenset[int] | set[int] = ERROR_STATUSES
) -> dict[str, Any]:
    """Assert that a response is an error with one of the statuses and exactly Make's body; return the body."""
    text = response.get_data(as_text=True)
    assert response.status_code in statuses, (response.status_code, text[:500])
    assert response.headers["Content-Type"] == JSON_CONTENT_TYPE
    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["x-request-id"])
    body: dict[str, Any] = orjson.loads(text)
    if set(body) == {"error"}:
        return _expand_plain_error(response.status_code, body["error"])
    if body == BODY_TOO_LARGE:
        assert response.status_code == 400
        return body
    extra = {409: {"currentVersion", "lastEdit"}, 406: {"metadata"}}.get(response.status_code, set())
    has_detail = body["code"] not in CODES_WITHOUT_DETAIL and body["message"] not in MESSAGES_WITHOUT_DETAIL
    names = {"detail", "message", "code"} if has_detail else {"message", "code"}
    assert set(body) - {"suberrors"} - extra == names, text[:500]
    for name in names:
        assert isinstance(body[name], str)
        assert body[name]
    for suberror in body.get("suberrors", ()):
        assert set(suberror) == {"message", "name"}
        assert isinstance(suberror["message"], str)
        assert suberror["name"] == "Error"
        assert "{path}" not in suberror["message"]
    assert "Traceback" not in text
    return body


def suberrors_of(body: Mapping[str, Any]) -> list[str]:
    """Messages of the suberrors of an error, one for each parameter."""
    return [suberror["message"] for suberror in body.get("suberrors", ())]
