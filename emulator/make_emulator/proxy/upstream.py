"""HTTP client of the zone behind the proxy: passes requests and responses unchanged, and streams as they come.

No redirects, no retries, no cookies, no credentials of this machine: nothing is sent but the request of the client. The proxies and
certificates of the environment count, as for other clients.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from ..error_reasons import connection_error_reason
from ..lazy_dataclasses import dataclass
from ..world.zones import zone_of_host

#: Seconds to connect, and between two pieces of a response: a run may take 40, a stream sends something every 15 seconds or so.
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 300.0

#: The most connections that are kept open.
_POOL_SIZE = 32
_PIECE_SIZE = 65_536


class UpstreamError(Exception):
    """Zone that cannot be reached, or whose response breaks off; the message is one line without secrets."""


@dataclass(frozen=True, slots=True)
class UpstreamResponse:
    """Response of the zone, whose body is read piece by piece, as it was encoded."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    _response: requests.Response

    @property
    def status_line(self) -> str:
        """Status and reason, as WSGI has them."""
        return f"{self.status} {self.reason or 'Unknown'}"

    def header(self, name: str) -> str:
        """Returns a header; an empty text if there is none."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    def pieces(self) -> Iterator[bytes]:
        """Yields the body as it arrives.

        Raises:
            UpstreamError: if it breaks off.
        """
        raw: Any = self._response.raw
        try:
            while piece := raw.read1(_PIECE_SIZE, decode_content=False):
                yield piece
        except (HTTPError, OSError) as error:
            raise UpstreamError(f"the response broke off: {connection_error_reason(error)}") from None
        finally:
            self.close()

    def close(self) -> None:
        """Closes the response; one that was not read whole closes its connection."""
        self._response.close()


class Upstream:
    """Client of a zone.

    Args:
        origin: scheme and host, e.g. ``https://eu1.make.com``.
        ca: file with the certificate authority to trust, besides the system's way.
    """

    def __init__(self, origin: str, ca: Path | None = None) -> None:
        self.origin = origin
        self._hook_origin = hook_origin(origin)
        self._session = requests.Session()
        self._session.headers.clear()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        # Else the entry of a .netrc would take the place of the client's token.
        self._session.auth = _keep_credentials
        if ca is not None:
            self._session.verify = str(ca)
        adapter = HTTPAdapter(pool_connections=4, pool_maxsize=_POOL_SIZE, max_retries=0)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def url(self, target: str) -> str:
        """Returns the URL of a target: webhooks of a zone of Make have a host of their own."""
        if self._hook_origin != self.origin and target.startswith("/hook/"):
            return self._hook_origin + target.removeprefix("/hook")
        return self.origin + target

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> UpstreamResponse:
        """Sends a request; returns its response as soon as its head is there.

        Raises:
            UpstreamError: if there is none.
        """
        request = requests.Request(method, self.url(target), headers=dict(headers), data=body or None)
        prepared = self._session.prepare_request(request)
        # As the client sent it: the library would normalize it.
        prepared.url = self.url(target)
        settings: Any = self._session.merge_environment_settings(prepared.url, {}, True, None, None)
        if self._session.verify is not True:
            settings["verify"] = self._session.verify
        try:
            response = self._session.send(
                prepared, allow_redirects=False, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT), **settings
            )
        except requests.RequestException as error:
            host = urlsplit(prepared.url).hostname
            raise UpstreamError(f"{host} cannot be reached: {connection_error_reason(error)}") from None
        return UpstreamResponse(
            response.status_code, response.reason or "", list(response.raw.headers.items()), response
        )

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()


def hook_origin(origin: str) -> str:
    """Returns the origin of the webhooks of a zone; that of another server is its own."""
    parts = urlsplit(origin)
    zone = zone_of_host(parts.netloc)
    return f"{parts.scheme}://hook.{zone}" if zone is not None else origin


def _keep_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
