"""`MakeEmulator`: a running emulator for tests and scripts, in this process or elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ..app import DEFAULT_WORLD, create_app
from ..client.control import ControlClient, HttpTransport, LocalTransport
from ..seeds.yaml_reader import parse_text
from ..server.tls import EphemeralCA
from ..server.wsgi import Server
from . import coverage
from .decorators import decorate
from .world import World

_Target = TypeVar("_Target", bound=Callable[..., Any])


class MakeEmulator:
    """A server on a free port. Use it as a context manager, as a decorator, or call `start` and `stop`.

    A decorated function gets an emulator of its own for each call, in its parameter ``make`` if it has one; of a
    decorated class each method whose name starts with ``test`` does.

    Its ``base_url``, ``token``, ``team_id`` and ``organization_id`` are those of the default world.

    Args:
        seed: the name of a seed, the path of a seed file, or the seed itself.
        world_seed: the number from which ids and made-up data follow.
        rate_limit: whether the default world counts requests a minute.
        port: the port to listen at; 0 picks a free one.
        tls: whether to serve HTTPS, with a throwaway certificate; ``ca_file`` tells clients whom to trust.
        allow_network: whether HTTP modules of scenarios really call what no rule answers for.
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
    ) -> None:
        self._create_copy = partial(
            MakeEmulator,
            seed=seed,
            world_seed=world_seed,
            rate_limit=rate_limit,
            port=port,
            tls=tls,
            allow_network=allow_network,
        )
        self.app = create_app(
            seed=seed, world_seed=world_seed, rate_limit=rate_limit, allow_network=allow_network
        )
        self._certificate = EphemeralCA() if tls else None
        self._server: Server | None = Server(
            self.app, port=port, tls=self._certificate.context if self._certificate else None
        )
        #: The file with the authority that vouches for the server, while it serves HTTPS.
        self.ca_file: Path | None = None
        self._control: ControlClient | None = None
        self._url = ""
        self._created_worlds: list[str] = []

    @classmethod
    def attach(cls, url: str, *, control_key: str | None = None) -> MakeEmulator:
        """An emulator that runs elsewhere, such as a sidecar in CI; stopping leaves it running."""
        emulator = cls.__new__(cls)
        emulator._server = None
        emulator._certificate = None
        emulator.ca_file = None
        emulator._created_worlds = []
        emulator._url = url.rstrip("/")
        emulator._control = ControlClient(HttpTransport(emulator._url, control_key))
        return emulator

    def start(self) -> MakeEmulator:
        """Start to serve."""
        if self._server is not None and self._control is None:
            self._server.start()
            if self._certificate is not None:
                self.ca_file = self._certificate.write()
            self._url = self._server.url
            self._control = ControlClient(LocalTransport(self.app, self._url))
        return self

    def stop(self) -> None:
        """Stop serving; returns within a second."""
        if self._control is not None:
            coverage.collect(self._control, *self._own_worlds())
            self._created_worlds.clear()
        if self._server is not None and self._control is not None:
            self._server.stop()
            self._control = None
            if self._certificate is not None:
                self._certificate.remove()
                self.ca_file = None

    def _own_worlds(self) -> list[str]:
        """The worlds that are this emulator's own: of a server elsewhere, those that were made through it."""
        if self._server is None or not coverage.is_collecting():
            return self._created_worlds
        return [world["name"] for world in self.control.call("GET", "worlds")["worlds"]]

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
        """The control API of the server.

        Raises:
            RuntimeError: if the emulator is not running.
        """
        if self._control is None:
            raise RuntimeError("the emulator is not running: use it in a with block, or call start()")
        return self._control

    @property
    def url(self) -> str:
        """Where the server listens, without ``/api/v2``."""
        return self._url

    @property
    def world(self) -> World:
        """The default world."""
        return self.get_world(DEFAULT_WORLD)

    def get_world(self, name: str) -> World:
        """The world of that name."""
        return World(self.control, self.control.call("GET", "worlds", name)["world"])

    def create_world(
        self,
        name: str | None = None,
        *,
        seed: Any = None,
        plan: str | None = None,
        zone: str | None = None,
        now: str | None = None,
        rate_limit: bool = True,
    ) -> World:
        """Make an isolated world on this server, with tokens of its own.

        Args:
            seed: the name of a seed that comes along, the seed itself, or the path of a file (one ending in
                ``.yaml``, ``.yml`` or ``.json``, or a `pathlib.SeedPath`), which is read here, not by the server.
        """
        if isinstance(seed, Path) or (isinstance(seed, str) and seed.endswith((".yaml", ".yml", ".json"))):
            seed = parse_text(Path(seed).read_text(encoding="utf-8"), str(seed)).data
        wishes = {"name": name, "seed": seed, "plan": plan, "zone": zone, "now": now, "rateLimit": rate_limit}
        body = {field: wish for field, wish in wishes.items() if wish is not None}
        world = World(self.control, self.control.call("POST", "worlds", body=body)["world"])
        if self._server is None:
            self._created_worlds.append(world.name)
        return world

    @property
    def base_url(self) -> str:
        """The address of the API, e.g. ``http://127.0.0.1:4747/api/v2``."""
        return self.world.base_url

    @property
    def token(self) -> str:
        """The first token of the default world."""
        return self.world.token

    @property
    def team_id(self) -> int:
        """The first team of the default world."""
        return self.world.team_id

    @property
    def organization_id(self) -> int:
        """The organization of that team."""
        return self.world.organization_id
