"""Whom a run talks to: a fresh emulator or a real zone. Tests ask a target what can be done with it, never what it is."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

import requests

from ..app import create_app
from ..client.control import ControlClient, ControlError, LocalTransport, WorldClient
from ..server.wsgi import Server
from ..world.enums import SCOPES
from .settings import Settings

#: How long a target may take to answer, in seconds: a responsive run may take 40.
TIMEOUT = 60

#: Kind of thing -> the list in which a stranger finds one of its own, and where the rows stand.
_FOREIGN_LISTS = {
    "team": ("/teams?organizationId={organization}", "teams"),
    "scenario": ("/scenarios?teamId={team}", "scenarios"),
    "dataStore": ("/data-stores?teamId={team}", "dataStores"),
    "hook": ("/hooks?teamId={team}", "hooks"),
    "connection": ("/connections?teamId={team}", "connections"),
    "template": ("/templates?teamId={team}", "templates"),
}


class TargetError(Exception):
    """There is nobody to run against; the message says why."""


class Target:
    """A real zone of Make, or whatever answers at a base URL."""

    def __init__(self, settings: Settings) -> None:
        assert settings.base_url is not None
        assert settings.token is not None
        assert settings.team_id is not None
        assert settings.organization_id is not None
        self.name = settings.zone
        self.base_url = settings.base_url.rstrip("/")
        self.token = settings.token
        self.team_id = settings.team_id
        self.organization_id = settings.organization_id
        #: Whether the organization's calls of a minute may be used up.
        self.can_exhaust_rate_limit = settings.rate_limit
        #: Ids by kind that exist, belong to somebody else, and are nobody's loss.
        self.foreign_ids: Mapping[str, int] = {}
        self.session = requests.Session()
        self._weak_token = settings.weak_token
        self._weak_scopes: frozenset[str] | None = None

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)

    def now(self) -> float:
        """A time in seconds that goes on with `sleep`."""
        return time.monotonic()

    def token_without(self, scopes: Collection[str]) -> str | None:
        """A token that lacks at least one of the scopes; ``None`` if there is none at hand."""
        if self._weak_token is None:
            return None
        if self._weak_scopes is None:
            granted = _json_path(
                _get(self, "/users/me/current-authorization", self._weak_token), "authorization", "scope"
            )
            self._weak_scopes = frozenset(granted) if isinstance(granted, list) else frozenset(SCOPES)
        return None if set(scopes) <= self._weak_scopes else self._weak_token

    def close(self) -> None:
        """Let go of it."""
        self.session.close()


class EmulatorTarget(Target):
    """A world of its own on an emulator that is started for the run."""

    def __init__(self, settings: Settings) -> None:
        app = create_app()
        self._server = Server(app, port=0)
        self._server.start()
        try:
            self._create_world(settings, ControlClient(LocalTransport(app, self._server.url)))
        except BaseException:
            # A server that is left running would keep the process from ending.
            self._server.stop()
            raise

    def _create_world(self, settings: Settings, control: ControlClient) -> None:
        world = control.create_world()
        Target.__init__(
            self,
            Settings(
                base_url=world["baseUrl"],
                token=world["token"],
                team_id=world["teamId"],
                organization_id=world["organizationId"],
            ),
        )
        self._world = control.world(world["name"])
        self.name = settings.zone
        self.can_exhaust_rate_limit = True
        # Not through a proxy: the emulator is on this machine.
        self.session.trust_env = False
        self._clock_offset = 0.0
        self._weak: dict[frozenset[str], str] = {}
        self.foreign_ids = _find_foreign_ids(self.session, self.base_url, self._world)

    def sleep(self, seconds: float) -> None:
        self._clock_offset += seconds
        self._world.advance_clock(seconds)

    def now(self) -> float:
        return time.monotonic() + self._clock_offset

    def token_without(self, scopes: Collection[str]) -> str | None:
        lacking = frozenset(scopes)
        if lacking not in self._weak:
            self._weak[lacking] = self._world.create_token(
                [scope for scope in SCOPES if scope not in lacking]
            )
        return self._weak[lacking]

    def close(self) -> None:
        super().close()
        self._server.stop()


def _find_foreign_ids(session: requests.Session, base_url: str, world: WorldClient) -> dict[str, int]:
    """What the world's second user has, and the first one cannot see."""
    headers = {"Authorization": f"Token {world.create_token(list(SCOPES), user_id=2)}"}

    def first(path: str, key: str) -> int | None:
        answer = session.get(f"{base_url}{path}", headers=headers, timeout=TIMEOUT).json()
        return answer[key][0]["id"] if answer[key] else None

    organization = first("/organizations", "organizations")
    team = first(f"/teams?organizationId={organization}", "teams")
    found = {"organization": organization, "team": team}
    for kind, (path, key) in _FOREIGN_LISTS.items():
        found[kind] = first(path.format(organization=organization, team=team), key)
    return {kind: id for kind, id in found.items() if id is not None}


def open_target(settings: Settings) -> Target:
    """The target of a run."""
    return EmulatorTarget(settings) if settings.base_url is None else Target(settings)


# --- what is known before the first test ---------------------------------------------------------


def probe_target(target: Target) -> tuple[frozenset[str], dict[str, Any]]:
    """The scopes of the token and the licence of the organization (empty if the token may not read it).

    Raises:
        TargetError: if nobody answers, the token is refused, or it sees no such team or organization.
    """
    # The licence first: it tells how fast everything after it may be asked.
    answer = _get(target, f"/organizations/{target.organization_id}")
    if answer.status_code == 401:
        raise TargetError(f"{target.base_url} refuses the token (401)")
    if answer.status_code == 404:
        raise TargetError(f"the token sees no organization {target.organization_id} at {target.base_url}")
    team = _get(target, f"/teams/{target.team_id}")
    if team.status_code == 404:
        raise TargetError(f"the token sees no team {target.team_id} at {target.base_url}")
    if _json_path(team, "team", "organizationId") not in (None, target.organization_id):
        raise TargetError(f"team {target.team_id} does not belong to organization {target.organization_id}")
    license = _json_path(answer, "organization", "license")
    granted = _json_path(_get(target, "/users/me/current-authorization"), "authorization", "scope")
    scopes = frozenset(granted) if isinstance(granted, list) else frozenset(SCOPES)
    return scopes, license if isinstance(license, dict) else {}


def is_emulator(target: Target) -> bool:
    """Whether an emulator answers at the target's address, which proves nothing about Make."""
    return ControlClient(_SessionTransport(target)).is_healthy()


class _SessionTransport:
    """Transport of the control client over the session of a target: with its proxies and certificates."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        url = self._target.base_url.removesuffix("/api/v2") + path
        try:
            response = self._target.session.request(method, url, data=body, headers=headers, timeout=TIMEOUT)
        except requests.RequestException as error:
            raise ControlError(str(error)) from None
        return response.status_code, response.content


def _get(target: Target, path: str, token: str | None = None) -> requests.Response:
    headers = {"Authorization": f"Token {token or target.token}"}
    try:
        return target.session.get(target.base_url + path, headers=headers, timeout=TIMEOUT)
    except requests.RequestException as error:
        reason = getattr(error.args[0] if error.args else None, "reason", None) or error
        raise TargetError(f"nobody answers at {target.base_url}: {reason}") from None


def _json_path(answer: requests.Response, *keys: str) -> Any:
    try:
        value = answer.json()
    except ValueError:
        return None
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
