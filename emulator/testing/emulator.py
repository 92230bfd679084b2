"""`MakeEmulator`: a running emulator for tests and scripts, in this process or elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..app import DEFAULT_WORLD, create_app
from ..seeds.reading import read
from ..server import Server
from .control import Control, HttpTransport, LocalTransport
from .world import World


class MakeEmulator:
    """A server on a free port. Use it as a context manager.

    Its ``base_url``, ``token``, ``team_id`` and ``organization_id`` are those of the default world.

    Args:
        seed: the name of a seed, the path of a seed file, or the seed itself.
        world_seed: the number from which ids and made-up data follow.
        rate_limit: whether the default world counts requests a minute.
        port: the port to listen at; 0 picks a free one.
    """

    def __init__(
        self, *, seed: Any = "default", world_seed: int = 0, rate_limit: bool = True, port: int = 0
    ) -> None:
        self.app = create_app(seed=seed, world_seed=world_seed, rate_limit=rate_limit)
        self._server: Server | None = Server(self.app, port=port)
        self._control: Control | None = None
        self._url = ""

    @classmethod
    def attach(cls, url: str, *, control_key: str | None = None) -> MakeEmulator:
        """An emulator that runs elsewhere, such as a sidecar in CI; stopping leaves it running."""
        emulator = cls.__new__(cls)
        emulator._server = None
        emulator._url = url.rstrip("/")
        emulator._control = Control(HttpTransport(emulator._url, control_key))
        return emulator

    def start(self) -> MakeEmulator:
        """Start to serve."""
        if self._server is not None and self._control is None:
            self._server.start()
            self._url = self._server.url
            self._control = Control(LocalTransport(self.app, self._url))
        return self

    def stop(self) -> None:
        """Stop serving; returns within a second."""
        if self._server is not None and self._control is not None:
            self._server.stop()
            self._control = None

    def __enter__(self) -> MakeEmulator:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    @property
    def control(self) -> Control:
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
                ``.yaml``, ``.yml`` or ``.json``, or a `pathlib.Path`), which is read here, not by the server.
        """
        if isinstance(seed, Path) or (isinstance(seed, str) and seed.endswith((".yaml", ".yml", ".json"))):
            seed = read(Path(seed).read_text(encoding="utf-8"), str(seed)).data
        wishes = {"name": name, "seed": seed, "plan": plan, "zone": zone, "now": now, "rateLimit": rate_limit}
        body = {field: wish for field, wish in wishes.items() if wish is not None}
        return World(self.control, self.control.call("POST", "worlds", body=body)["world"])

    @property
    def base_url(self) -> str:
        return self.world.base_url

    @property
    def token(self) -> str:
        return self.world.token

    @property
    def team_id(self) -> int:
        return self.world.team_id

    @property
    def organization_id(self) -> int:
        return self.world.organization_id
