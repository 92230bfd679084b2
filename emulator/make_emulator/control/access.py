"""Access control of everything under ``/_emulator``.

It serves loopback only, unless the server has a control key; then the header ``X-Emulator-Key`` must carry it. A key that
the server generated opens it to other machines, and loopback still needs none. Pages of another origin, also of another port of this machine, are rejected unless their origin is allowed: a browser sends their
requests with the rights of its machine.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Request, Response, request

from ..http.content_coding import is_encoded
from ..http.errors import ForbiddenError, UnsupportedMediaTypeError
from ..http.host_names import host_name, is_loopback_address, is_loopback_name
from ..world.zones import is_make_host

#: Probes that are open to all, without a key.
OPEN_PATHS = frozenset(["/_emulator/health", "/_emulator/ready"])

_SAFE_METHODS = frozenset(["GET", "HEAD", "OPTIONS"])

#: Values of ``Sec-Fetch-Site`` of a page of the same origin, and of a person who typed the address.
_OWN_SITES = frozenset(["", "same-origin", "none"])

_FOREIGN_PAGE = "The control API serves no page of another origin, unless --allowed-origin names it."


class AccessControl:
    """Rules of access to the control API and to the pages.

    Args:
        key: the control key; without one only loopback is served.
        serves_loopback: true to serve loopback without the key, too.
        allowed_origins: origins whose pages may call the control API, such as ``http://localhost:5173``.

    Raises:
        ValueError: if the key is empty, or one is not an origin.
    """

    def __init__(
        self, key: str | None = None, allowed_origins: Iterable[str] = (), *, serves_loopback: bool = False
    ) -> None:
        if key == "":
            raise ValueError("the control key is empty: leave it out, or choose one")
        self._key = key
        self._serves_loopback = key is None or serves_loopback
        self._allowed_origins = frozenset(map(_parse_origin, allowed_origins))

    def check(self) -> None:
        """Raises ForbiddenError unless the request may use the control API; the probes are open to all.

        A request that changes something must have a JSON body or none, else UnsupportedMediaTypeError is raised.
        """
        if request.path in OPEN_PATHS:
            return
        self.check_page()
        if self._is_preflight():
            # A preflight carries no key, and its response shows nothing.
            return
        self._check_caller()
        if request.method not in _SAFE_METHODS:
            _check_media_type()

    def add_headers(self, response: Response) -> Response:
        """Adds the headers that keep a response out of caches and its type as it is, and CORS for allowed origins."""
        add_json_headers(response)
        origin = request.headers.get("Origin", "")
        if origin.lower() in self._allowed_origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, PATCH, DELETE"
            response.headers["Access-Control-Allow-Headers"] = "Content-Type, X-Emulator-Key"
            response.headers.add("Vary", "Origin")
        return response

    def check_page(self) -> None:
        """Raises ForbiddenError if the browser says that the page of another origin sends the request."""
        origin = request.headers.get("Origin")
        if origin is not None and origin.lower() in self._allowed_origins:
            return
        if origin is not None and not _is_own_origin(origin):
            raise ForbiddenError(_FOREIGN_PAGE)
        is_change = request.method not in _SAFE_METHODS
        if is_change and request.headers.get("Sec-Fetch-Site", "") not in _OWN_SITES:
            raise ForbiddenError(_FOREIGN_PAGE)

    def is_local_caller(self) -> bool:
        """Returns true if this request needs no key: it comes from this machine, to a name of it or a host of Make.

        Only Make can let its hosts point elsewhere.
        """
        return (
            self._serves_loopback
            and _is_loopback_caller()
            and (_is_local_host(request.host) or is_make_host(request.host))
        )

    def is_key(self, text: str) -> bool:
        """Returns true for the control key, if there is one."""
        return self._key is not None and hmac.compare_digest(
            text.encode(errors="replace"), self._key.encode()
        )

    def lacks_key(self) -> bool:
        """Returns true if this request would be served with the control key in its header, which it does not have."""
        is_served = self._serves_loopback and _is_loopback_caller() and _is_local_host(request.host)
        return self._key is not None and not is_served and "X-Emulator-Key" not in request.headers

    def _check_caller(self) -> None:
        if self.is_key(request.headers.get("X-Emulator-Key", "")):
            return
        if not self._serves_loopback:
            raise ForbiddenError("The control API needs its key in the header X-Emulator-Key.")
        if not _is_loopback_caller():
            if self._key is not None:
                raise ForbiddenError(
                    "The control API needs the key that the server printed at its start, in the header X-Emulator-Key."
                )
            raise ForbiddenError("The control API serves loopback only, unless the server has a control key.")
        if not _is_local_host(request.host):
            # Perhaps a page of the web, under a name that its owner made point here.
            raise ForbiddenError("The control API serves no other host, unless the server has a control key.")

    def _is_preflight(self) -> bool:
        return request.method == "OPTIONS" and request.headers.get("Origin", "").lower() in (
            self._allowed_origins
        )


def add_json_headers(response: Response) -> Response:
    """Adds the headers of the emulator's own responses: they are stored in no cache, and their type is not guessed."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _check_media_type() -> None:
    """Raises UnsupportedMediaTypeError for a body that is not JSON: a page can send others without a preflight."""
    this: Request = request._get_current_object()  # type: ignore[attr-defined]
    has_body = bool(this.content_length) or "HTTP_TRANSFER_ENCODING" in this.environ
    if has_body and (this.mimetype != "application/json" or is_encoded(this)):
        raise UnsupportedMediaTypeError("The body must be JSON, with content type application/json.")


def _is_loopback_caller() -> bool:
    """Returns true for a request from this machine; in-process calls have no address."""
    return not request.remote_addr or is_loopback_address(request.remote_addr)


def _is_local_host(host: str) -> bool:
    name = host_name(host)
    return is_loopback_name(name) or is_loopback_address(name)


def _is_own_origin(origin: str) -> bool:
    """Returns true for an origin with the host and port of this request; a proxy may have another scheme."""
    try:
        netloc = urlsplit(origin).netloc.lower()
    except ValueError:
        return False
    return bool(netloc) and netloc == request.host.lower()


def _parse_origin(text: str) -> str:
    """Returns an origin in lower case.

    Raises:
        ValueError: if it is none.
    """
    origin = text.strip().lower().rstrip("/")
    parts = urlsplit(origin)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or origin != f"{parts.scheme}://{parts.netloc}"
    ):
        raise ValueError(f"{text!r} is not an origin, such as http://localhost:5173")
    return origin
