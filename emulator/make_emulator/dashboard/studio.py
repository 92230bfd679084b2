"""The studio: one page whose script shows scenarios, runs and requests, from the control API and the emulated API.

Page, script and style hold no data, so that a browser gets them without the control key; the calls of the script need it. The
script is built from ``studio/`` in the repository (`make studio`).
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, request

from ..http.errors import ResourceNotFoundError
from ..version import __version__

_HERE = Path(__file__).parent / "static"
_CONTENT_TYPES = {"studio.js": "text/javascript; charset=utf-8", "studio.css": "text/css; charset=utf-8"}

#: Names of the routes that serve no data.
PUBLIC_ENDPOINTS = frozenset({"dashboard.show_studio", "dashboard.get_static"})

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'none';"
    " base-uri 'none'; frame-ancestors 'none'"
)

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>make-emulator</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/_emulator/static/studio.css?{tag}">
<script type="module" src="/_emulator/static/studio.js?{tag}"></script>
</head>
<body><div id="studio"></div><noscript>The studio needs JavaScript; the <a href="/_emulator/">dashboard</a> does not.</noscript></body>
</html>
"""


def add_routes(blueprint: Blueprint) -> None:
    """Adds the page, its script and its style."""

    @blueprint.get("/studio")
    def show_studio() -> Response:
        """Studio: scenarios as graphs, their runs step by step, requests, data stores and controls of a world."""
        response = Response(
            _PAGE.replace("{tag}", _load_static()[1]), content_type="text/html; charset=utf-8"
        )
        response.headers["Cache-Control"] = "no-store"
        return _with_headers(response)

    @blueprint.get("/static/<name>")
    def get_static(name: str) -> Response:
        """Script and style of the studio."""
        texts, tag = _load_static()
        if name not in texts:
            raise ResourceNotFoundError(f"There is no file '{name}'.")
        response = Response(texts[name], content_type=_CONTENT_TYPES[name])
        # The address changes with the content.
        fresh = request.query_string.decode("ascii", "replace") == tag
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if fresh else "no-store"
        return _with_headers(response)


def _with_headers(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@cache
def _load_static() -> tuple[dict[str, bytes], str]:
    """Returns the files by name, and a tag that changes with them."""
    texts = {name: (_HERE / name).read_bytes() for name in _CONTENT_TYPES}
    digest = hashlib.sha256(__version__.encode())
    for text in texts.values():
        digest.update(text)
    return texts, digest.hexdigest()[:16]
