"""`Client`: the `requests.Session` of the fixture ``make_client``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from .world import World


class Client(requests.Session):
    """Session whose relative paths go to a world's API, with its token; proxies of the environment are not used."""

    def __init__(self, world: World) -> None:
        super().__init__()
        #: The world that it calls.
        self.world = world
        self.headers.update(world.headers)
        self.trust_env = False

    def __repr__(self) -> str:
        return f"<Client of {self.world!r}>"

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Sends a request; a path is one below ``/api/v2``, with or without a slash at its beginning."""
        text = url.decode() if isinstance(url, bytes) else url
        if "://" not in text:
            text = f"{self.world.base_url}/{text.lstrip('/')}"
        return super().request(method, text, *args, **kwargs)
