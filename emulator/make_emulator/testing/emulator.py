"""`MakeEmulator`: a server for tests and scripts, in this process or elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, Unpack

from ..app import DEFAULT_WORLD, create_app, registry_of
from ..client.control import ControlClient, HttpTransport, LocalTransport, WorldClient
from ..server.tls import EphemeralCA
from ..server.wsgi import Server
from ..world.collector import collector_paused
from ..world.plans import Plan
from ..world.settings import WorldSettings
from ..world.zones import PrivateZone, Zone
from . import activity, collectors
from .decorators import decorate
from .world import World

_Target = TypeVar("_Target", bound=Callable[..., Any])


class MakeEmulator:
    """Server on a free port. Use it as a context manager, as a decorator, or call `start` and `stop`.

    A decorated function has an emulator of its own for each call, in its parameter ``make`` if it has one; in a
    decorated class each method whose name starts with ``test`` has.

    Its ``base_url``, ``token``, ``team_id`` and ``organization_id`` are those of the default world.

    Args:
        seed: the name of a seed, the path of a seed file, or the seed itself.
        world_seed: the number that determines ids and mock data.
        rate_limit: whether the default world counts requests a minute.
        port: the port to listen on; 0 picks a free one.
        tls: whether to serve HTTPS, with an ephemeral certificate; ``ca_file`` is the CA for clients to trust.
        allow_network: whether HTTP modules of scenarios call real services where no rule matches.
        allow_private_network: whether they call loopback, private and other addresses that are not public, too.
    """

    def __init__(
        self,
        *,
        seed: Any = "default",
        world_seed: int = 0,
        rate_limit: bool = True,
        port: int = 0,
        tls: bool = False,
        allow_network: bool = False,
        allow_private_network: bool = False,
    ) -> None:
        self._create_copy = partial(
            MakeEmulator,
            seed=seed,
            world_seed=world_seed,
            rate_limit=rate_limit,
            port=port,
            tls=tls,
            allow_network=allow_network,
            allow_private_network=allow_private_network,
        )
        with collector_paused():
            self.app = create_app(
                seed=seed,
                world_seed=world_seed,
                rate_limit=rate_limit,
                allow_network=allow_network,
                allow_private_network=allow_private_network,
            )
        self._certificate = EphemeralCA() if tls else None
        self._server: Server | None = Server(
            self.app, port=port, tls=self._certificate.context if self._certificate else None
        )
        #: The file with the CA of the server's certificate, while it serves HTTPS.
        self.ca_file: Path | None = None
        self._control: ControlClient | None = None
        self._url = ""
        self._created_worlds: list[WorldClient] = []

    @classmethod
    def attach(cls, url: str, *, control_key: str | None = None) -> MakeEmulator:
        """Returns an emulator that runs elsewhere, such as a sidecar in CI; stopping leaves it running."""
        emulator = cls.__new__(cls)
        emulator._server = None
        emulator._certificate = None
        emulator.ca_file = None
        emulator._created_worlds = []
        emulator._url = url.rstrip("/")
        emulator._control = ControlClient(HttpTransport(emulator._url, control_key))
        return emulator

    def start(self) -> MakeEmulator:
        """Starts to serve."""
        if self._server is not None and self._control is None:
            registry_of(self.app).resume_runs()
            self._server.start()
            if self._certificate is not None:
                self.ca_file = self._certificate.write()
            self._url = self._server.url
            self._control = ControlClient(LocalTransport(self.app, self._url))
            for handle in registry_of(self.app):
                activity.track_local(self._control, registry_of(self.app), handle.name)
        return self

    def stop(self) -> None:
        """Stops serving; returns within a second."""
        if self._control is not None:
            activity.end_server(self._control)
            collectors.collect(*self._own_worlds())
            self._created_worlds.clear()
        if self._server is not None and self._control is not None:
            registry_of(self.app).interrupt_runs()
            self._server.stop()
            self._control = None
            if self._certificate is not None:
                self._certificate.remove()
                self.ca_file = None

    def _own_worlds(self) -> list[WorldClient]:
        """Returns the worlds of this emulator: of a server elsewhere, only those created through it."""
        if self._server is None or not collectors.is_collecting():
            return self._created_worlds
        return [self.control.world(description["name"]) for description in self.control.worlds()]

    def __enter__(self) -> MakeEmulator:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def __call__(self, target: _Target) -> _Target:
        decorated: _Target = decorate(
            target, "make", lambda: self if self._server is None else self._create_copy()
        )
        return decorated

    @property
    def control(self) -> ControlClient:
        """Client of the server's control API.

        Raises:
            RuntimeError: if the emulator is not running.
        """
        if self._control is None:
            raise RuntimeError("the emulator is not running: use it in a with block, or call start()")
        return self._control

    @property
    def url(self) -> str:
        """URL of the server, without ``/api/v2``."""
        return self._url

    @property
    def world(self) -> World:
        """Default world."""
        return self.get_world(DEFAULT_WORLD)

    def get_world(self, name: str) -> World:
        """Returns the world of that name.

        Raises:
            ControlError: if there is none.
        """
        return World(self.control, self.control.world(name).describe())

    def create_world(
        self,
        name: str | None = None,
        *,
        seed: Any = None,
        plan: Plan | None = None,
        zone: Zone | PrivateZone | None = None,
        now: str | None = None,
        rate_limit: bool = True,
        **settings: Unpack[WorldSettings],
    ) -> World:
        """Creates an isolated world on this server, with tokens of its own.

        Args:
            settings: settings of the world, such as ``api_access=False``; see `make_emulator.world.settings`.
            seed: the name of a shipped seed, the seed itself, or the path of a file (one ending in ``.yaml``,
                ``.yml`` or ``.json``, or a `pathlib.Path`), which is read here, not by the server.

        Raises:
            ControlError: if the server rejects the world.
            SeedError: if the seed file is invalid.
        """
        description = self.control.create_world(
            name, seed=seed, plan=plan, zone=zone, now=now, rate_limit=rate_limit, **settings
        )
        if self._server is None:
            self._created_worlds.append(self.control.world(description["name"]))
            activity.track_remote(self._created_worlds[-1])
        else:
            activity.track_local(self.control, registry_of(self.app), description["name"])
        return World(self.control, description)

    def __repr__(self) -> str:
        return f"<MakeEmulator at {self._url}>" if self._control is not None else "<MakeEmulator, stopped>"

    @property
    def base_url(self) -> str:
        """Base URL of the API, e.g. ``http://127.0.0.1:4747/api/v2``."""
        return self.world.base_url

    @property
    def token(self) -> str:
        """First token of the default world."""
        return self.world.token

    @property
    def team_id(self) -> int:
        """First team of the default world."""
        return self.world.team_id

    @property
    def organization_id(self) -> int:
        """Organization of that team."""
        return self.world.organization_id
