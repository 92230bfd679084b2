"""Targets of a run: a fresh emulator or a real zone. Tests use a target's capabilities, never its type."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests

from ..app import create_app
from ..client.control import ControlClient, ControlError, LocalTransport, Transport, WorldClient
from ..error_reasons import connection_error_reason
from ..json_types import Json
from ..server.wsgi import Server
from ..world.enums import SCOPES
from ..world.zones import is_make_host
from .settings import Settings

#: Time-out of a call in seconds; a responsive run may take 40.
TIMEOUT = 60

#: Kind -> the route that lists resources of another user, and the key of the list.
_FOREIGN_LISTS = {
    "team": ("/teams?organizationId={organization}", "teams"),
    "scenario": ("/scenarios?teamId={team}", "scenarios"),
    "dataStore": ("/data-stores?teamId={team}", "dataStores"),
    "hook": ("/hooks?teamId={team}", "hooks"),
    "connection": ("/connections?teamId={team}", "connections"),
    "template": ("/templates?teamId={team}", "templates"),
}


class TargetError(Exception):
    """Unusable target; the message gives the reason."""


class Target:
    """API at a base URL: a real zone of Make, or an emulator."""

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
        #: True if the organization's calls of a minute may be used up.
        self.can_exhaust_rate_limit = settings.rate_limit
        #: Ids by kind of existing resources of another user in a throw-away world.
        self.foreign_ids: Mapping[str, int] = {}
        self.session = requests.Session()
        self._weak_token = settings.weak_token
        self._weak_scopes: frozenset[str] | None = None

    def sleep(self, seconds: float) -> None:
        """Waits for some seconds of the target's time."""
        time.sleep(seconds)

    def now(self) -> float:
        """Returns a monotonic time in seconds that `sleep` advances."""
        return time.monotonic()

    def token_without(self, scopes: Collection[str]) -> str | None:
        """Returns a token that lacks at least one of the scopes, or ``None`` if there is none."""
        if self._weak_token is None:
            return None
        if self._weak_scopes is None:
            granted = _json_path(
                _get(self, "/users/me/current-authorization", self._weak_token), "authorization", "scope"
            )
            self._weak_scopes = frozenset(granted) if isinstance(granted, list) else frozenset(SCOPES)
        return None if set(scopes) <= self._weak_scopes else self._weak_token

    def get_public(self, host: str, path: str) -> requests.Response:
        """Gets a public document of Make without a token, and without following a redirect.

        Args:
            host: a host of Make, such as ``www.make.com``, in whose place another target answers itself.
        """
        origin = self.base_url.removesuffix("/api/v2")
        if is_make_host(urlsplit(origin).netloc):
            origin = f"https://{host}"
        return self.session.get(origin + path, timeout=TIMEOUT, allow_redirects=False)

    def close(self) -> None:
        """Closes the connections."""
        self.session.close()


class EmulatorTarget(Target):
    """New world on an emulator that is started for the run."""

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
        # Frozen but for a millisecond a call: the outcome of a run does not depend on how long it takes.
        self._world.set_clock(frozen=True)
        self.name = settings.zone
        self.can_exhaust_rate_limit = True
        # Not through a proxy: the emulator is on this machine.
        self.session.trust_env = False
        self._slept = 0.0
        self._weak: dict[frozenset[str], str] = {}
        self.foreign_ids = _find_foreign_ids(self.session, self.base_url, self._world)

    def sleep(self, seconds: float) -> None:
        self._slept += seconds
        self._world.advance_clock(seconds)

    def now(self) -> float:
        self.sleep(0.001)
        return self._slept

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
    """Returns ids by kind of resources of the world's second user, which the first one cannot see."""
    headers = {"Authorization": f"Token {world.create_token(list(SCOPES), user_id=2)}"}

    def first(path: str, key: str) -> int | None:
        response = session.get(f"{base_url}{path}", headers=headers, timeout=TIMEOUT).json()
        return response[key][0]["id"] if response[key] else None

    organization = first("/organizations", "organizations")
    team = first(f"/teams?organizationId={organization}", "teams")
    found = {"organization": organization, "team": team}
    for kind, (path, key) in _FOREIGN_LISTS.items():
        found[kind] = first(path.format(organization=organization, team=team), key)
    return {kind: id for kind, id in found.items() if id is not None}


def open_target(settings: Settings) -> Target:
    """Returns the target of a run."""
    return EmulatorTarget(settings) if settings.base_url is None else Target(settings)


# --- probe before the first test -----------------------------------------------------------------


def probe_target(target: Target) -> tuple[frozenset[str], dict[str, Json]]:
    """Returns the scopes of the token and the licence of the organization (empty if the token may not read it).

    Raises:
        TargetError: if there is no response, the token is invalid, or it sees no such team or organization.
    """
    # The licence first: it has the rate limit for all later calls.
    response = _get(target, f"/organizations/{target.organization_id}")
    if response.status_code == 401:
        raise TargetError(f"{target.base_url} rejects the token (401)")
    if response.status_code == 404:
        raise TargetError(f"the token sees no organization {target.organization_id} at {target.base_url}")
    team = _get(target, f"/teams/{target.team_id}")
    if team.status_code == 404:
        raise TargetError(f"the token sees no team {target.team_id} at {target.base_url}")
    if _json_path(team, "team", "organizationId") not in (None, target.organization_id):
        raise TargetError(f"team {target.team_id} does not belong to organization {target.organization_id}")
    license = _json_path(response, "organization", "license")
    granted = _json_path(_get(target, "/users/me/current-authorization"), "authorization", "scope")
    scopes = frozenset(granted) if isinstance(granted, list) else frozenset(SCOPES)
    return scopes, license if isinstance(license, dict) else {}


def is_emulator(target: Target) -> bool:
    """Returns whether the target is an emulator, which is no evidence of Make's behaviour."""
    return ControlClient(_SessionTransport(target)).is_healthy()


class _SessionTransport(Transport):
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
        raise TargetError(f"no response from {target.base_url}: {connection_error_reason(error)}") from None


def _json_path(response: requests.Response, *keys: str) -> Any:
    try:
        value = response.json()
    except ValueError:
        return None
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
